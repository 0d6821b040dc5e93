"""Scenarios of KMS_KEY_POLICY_LEAST_PRIVILEGE; run by pytest and by unittest."""

import unittest

from KMS_KEY_POLICY_LEAST_PRIVILEGE import KMS_KEY_POLICY_LEAST_PRIVILEGE as RULE

from s3_guardrails.encryption.fact import Unreadable
from s3_guardrails.encryption.key import Key, KeyMetadata
from s3_guardrails.policy.document import parse_policy

ACCOUNT = "arn:aws:iam::111122223333"
ROOT = {"Effect": "Allow", "Principal": {"AWS": f"{ACCOUNT}:root"}, "Action": "kms:*", "Resource": "*"}
USE = ["kms:Encrypt", "kms:Decrypt", "kms:ReEncrypt*", "kms:GenerateDataKey*", "kms:DescribeKey"]
ADMINISTER = ["kms:Create*", "kms:Enable*", "kms:Put*", "kms:Disable*", "kms:ScheduleKeyDeletion"]


def allow(principal, action, condition=None):
    """Return an Allow; a text principal is an AWS principal."""
    told = {"AWS": principal} if isinstance(principal, str | list) else principal
    whole = {"Effect": "Allow", "Principal": told, "Action": action, "Resource": "*"}
    return whole if condition is None else {**whole, "Condition": condition}


def key(*statements, manager="CUSTOMER", **facts):
    """Return a key whose policy has the account statement and these."""
    policy = parse_policy({"Version": "2012-10-17", "Statement": [ROOT, *statements]})
    metadata = KeyMetadata(manager=manager, state="Enabled")
    whole = {"key_id": "k-1", "account": "111122223333", "region": "eu-west-1", "metadata": metadata, "policy": policy}
    return Key(**{**whole, **facts})


APP, ADMIN, INGEST = (f"{ACCOUNT}:role/{name}" for name in ("app", "admin", "ingest"))
CLOUDTRAIL = {"Service": "cloudtrail.amazonaws.com"}
LOGS = {"Service": "logs.eu-west-1.amazonaws.com"}
OWN_LOGS = {"ArnLike": {"kms:EncryptionContext:aws:logs:arn": "arn:aws:logs:eu-west-1:111122223333:log-group:*"}}
THROUGH_S3 = {"StringEquals": {"kms:ViaService": "s3.eu-west-1.amazonaws.com"}}
FOR_RESOURCES = {"Bool": {"kms:GrantIsForAWSResource": "true"}}
GRANTS = ["kms:CreateGrant", "kms:ListGrants", "kms:RevokeGrant"]
MEMBERS = {"StringEquals": {"aws:PrincipalOrgID": "o-a1b2c3d4e5"}}
NOT_DECRYPT = {**allow(INGEST, ["kms:Decrypt", "kms:ReEncryptFrom"]), "Effect": "Deny"}
UNKNOWN = {"StringSame": {"aws:PrincipalArn": APP}}

SCENARIOS = {
    "the account statement alone": (key(), None, "COMPLIANT", "LEAST_PRIVILEGE"),
    "the console's policy: administrators, users, and grants for AWS resources": (
        key(allow(ADMIN, ADMINISTER), allow(APP, USE), allow(APP, GRANTS, FOR_RESOURCES)), None,
        "COMPLIANT", "LEAST_PRIVILEGE"),
    "everybody may use the key": (key(allow("*", USE)), None, "NON_COMPLIANT", "OUTSIDE_ACCESS"),
    "any account may use the key through S3": (
        key(allow("*", USE, THROUGH_S3)), None, "NON_COMPLIANT", "OUTSIDE_ACCESS"),
    "a role of another account": (
        key(allow("arn:aws:iam::444455556666:role/x", USE)), None, "NON_COMPLIANT", "OUTSIDE_ACCESS"),
    "a role of a trusted account": (
        key(allow("arn:aws:iam::444455556666:role/x", USE)), {"TrustedAccounts": "444455556666"},
        "COMPLIANT", "LEAST_PRIVILEGE"),
    "members of the trusted organization": (
        key(allow("*", USE, MEMBERS)), {"TrustedOrganizations": "o-a1b2c3d4e5"}, "COMPLIANT", "LEAST_PRIVILEGE"),
    "an outsider who may only make grants for AWS resources": (
        key(allow("arn:aws:iam::444455556666:root", GRANTS, FOR_RESOURCES)), None, "NON_COMPLIANT", "OUTSIDE_ACCESS"),
    "an AWS service without a source": (
        key(allow(CLOUDTRAIL, "kms:GenerateDataKey*")), None, "NON_COMPLIANT", "SERVICE_WITHOUT_SOURCE"),
    "an AWS service for this account": (
        key(allow(CLOUDTRAIL, "kms:GenerateDataKey*", {"StringEquals": {"aws:SourceAccount": "111122223333"}})), None,
        "COMPLIANT", "LEAST_PRIVILEGE"),
    "an AWS service whose encryption context names this account": (
        key(allow(LOGS, USE, OWN_LOGS)), None, "COMPLIANT", "LEAST_PRIVILEGE"),
    "an AWS service that is accepted without a source": (
        key(allow(CLOUDTRAIL, "kms:GenerateDataKey*")), {"AcceptedServices": "cloudtrail.amazonaws.com"},
        "COMPLIANT", "LEAST_PRIVILEGE"),
    "a role that holds every action": (
        key(allow(ADMIN, "kms:*")), None, "NON_COMPLIANT", "WILDCARD_ACTIONS"),
    "a role that both administers and uses": (
        key(allow(ADMIN, ADMINISTER), allow([ADMIN, APP], USE)), None, "NON_COMPLIANT", "ADMINISTERS_AND_USES"),
    "a role that administers, and uses through S3": (
        key(allow(ADMIN, ADMINISTER), allow(ADMIN, USE, THROUGH_S3)), None, "NON_COMPLIANT", "ADMINISTERS_AND_USES"),
    "a writer that cannot decrypt": (
        key(allow(INGEST, ["kms:GenerateDataKey*", "kms:Encrypt"])), {"WriteOnly": INGEST},
        "COMPLIANT", "LEAST_PRIVILEGE"),
    "a writer that can decrypt": (
        key(allow([APP, INGEST], USE)), {"WriteOnly": INGEST}, "NON_COMPLIANT", "WRITE_ONLY_DECRYPTS"),
    "a writer whose decryption is denied": (
        key(allow([APP, INGEST], USE), NOT_DECRYPT), {"WriteOnly": INGEST}, "COMPLIANT", "LEAST_PRIVILEGE"),
    "a writer of multipart uploads that decrypts through S3": (
        key(allow(INGEST, USE, THROUGH_S3)), {"WriteOnlyMultipart": INGEST}, "COMPLIANT", "LEAST_PRIVILEGE"),
    "a writer of multipart uploads that decrypts anywhere": (
        key(allow(INGEST, USE)), {"WriteOnlyMultipart": INGEST}, "NON_COMPLIANT", "WRITE_ONLY_DECRYPTS"),
    "a statement with an operator that nobody knows": (
        key(allow("*", USE, UNKNOWN)), None, "UNDETERMINED", "KEY_POLICY_UNDECIDED"),
    "a key that AWS manages": (key(allow("*", USE), manager="AWS"), None, "NOT_APPLICABLE", "AWS_MANAGED"),
    "a key that no bucket uses where only those count": (
        key(allow("*", USE), buckets=frozenset()), {"KeyScope": "bucket-keys"}, "NOT_APPLICABLE", "OUT_OF_SCOPE"),
    "the policy could not be read": (
        key(policy=Unreadable("policy", "AccessDeniedException")), None, "UNDETERMINED", "POLICY_UNREADABLE"),
}


class ScenariosTest(unittest.TestCase):
    def test_scenarios(self):
        for title, (facts, parameters, verdict, code) in SCENARIOS.items():
            with self.subTest(title):
                decision = RULE(RULE.Parameters.from_config(parameters or {})).judge(facts)
                self.assertEqual((decision.verdict, decision.codes[0]), (verdict, code))

    def test_each_finding_names_the_statement_and_shows_a_request(self):
        for reason in RULE().judge(key(allow("*", "kms:*"))).reasons:
            self.assertIn("Statement[1]", reason.evidence["statements"])
            self.assertIn("principal", reason.evidence["counterexample"])


if __name__ == "__main__":
    unittest.main()
