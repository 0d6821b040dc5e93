"""RestrictKeyPolicy as a table: the statements beside the account's own before and after, or why nothing is changed."""

import json
from typing import Any

import pytest

from s3_guardrails.discovery import find_rules
from s3_guardrails.encryption.key import Key, KeyMetadata
from s3_guardrails.remediate.change import NothingToDo, Proposed, Refused
from s3_guardrails.remediate.key_policy import plan
from s3_guardrails.remediate.key_policy_roles import DeclaredRoles

RULE = next(each.rule for each in find_rules() if each.name == "KMS_KEY_POLICY_LEAST_PRIVILEGE")
OWN, PARTNER, STRANGER = "111122223333", "222233334444", "999999999999"
ORG = "o-a1b2c3d4e5"
KEY = Key(key_id="k-1", account=OWN, region="eu-west-1", metadata=KeyMetadata(manager="CUSTOMER", state="Enabled"))
ACCOUNT = f"arn:aws:iam::{OWN}"
ROOT = {"Effect": "Allow", "Principal": {"AWS": f"{ACCOUNT}:root"}, "Action": "kms:*", "Resource": "*"}
ADMIN, APP, INGEST, OTHER = (f"{ACCOUNT}:role/{name}" for name in ("admin", "app", "ingest", "other"))
USE = ["kms:Encrypt", "kms:Decrypt", "kms:ReEncrypt*", "kms:GenerateDataKey*", "kms:DescribeKey"]
WRITE = ["kms:Encrypt", "kms:ReEncryptTo", "kms:GenerateDataKey*", "kms:DescribeKey"]
ADMINISTER = ["kms:Create*", "kms:Describe*", "kms:Put*", "kms:Enable*", "kms:Disable*", "kms:ScheduleKeyDeletion"]
CONSOLE = [
    "kms:Create*", "kms:Describe*", "kms:Enable*", "kms:List*", "kms:Put*", "kms:Update*", "kms:Revoke*",
    "kms:Disable*", "kms:Get*", "kms:Delete*", "kms:TagResource", "kms:UntagResource", "kms:ScheduleKeyDeletion",
    "kms:CancelKeyDeletion", "kms:RotateKeyOnDemand", "kms:ImportKeyMaterial", "kms:ReplicateKey", "kms:RetireGrant",
    "kms:SynchronizeMultiRegionKey",
]  # fmt: skip
ALL_BUT_ADMINISTRATION = [
    "kms:Describe*", "kms:List*", "kms:Get*", "kms:TagResource", "kms:UntagResource", "kms:Encrypt", "kms:Decrypt",
    "kms:ReEncrypt*", "kms:GenerateDataKey*", "kms:CreateGrant", "kms:DeriveSharedSecret", "kms:GenerateMac",
    "kms:RetireGrant", "kms:Sign", "kms:SynchronizeMultiRegionKey", "kms:Verify", "kms:VerifyMac",
]  # fmt: skip
GRANTS = ["kms:CreateGrant", "kms:ListGrants", "kms:RevokeGrant"]
FOR_RESOURCES = {"Bool": {"kms:GrantIsForAWSResource": "true"}}
THROUGH_S3 = {"StringEquals": {"kms:ViaService": "s3.eu-west-1.amazonaws.com"}}
INSIDE = {"StringEquals": {"kms:CallerAccount": OWN}}
MEMBERS = {"StringEquals": {"aws:PrincipalOrgID": ORG}}
OWN_SOURCE = {"StringEquals": {"aws:SourceAccount": OWN}}
ANY_TRAIL = {"ArnLike": {"aws:SourceArn": "arn:aws:cloudtrail:*:*:trail/*"}}
NAMED = {"ArnEquals": {"aws:PrincipalArn": [ADMIN, APP]}}
DECLARED = {"administrators": "admin", "users": "app"}


def allow(principal: Any, action: Any, condition: Any = None, **more: Any) -> dict[str, Any]:
    told = {"AWS": principal} if isinstance(principal, str | list) and principal != "*" else principal
    whole = {**more, "Effect": "Allow", "Principal": told, "Action": action, "Resource": "*"}
    return whole if condition is None else {**whole, "Condition": condition}


def service(name: str, action: Any = "kms:GenerateDataKey*", condition: Any = None) -> dict[str, Any]:
    return allow({"Service": name}, action, condition)


def proposal(*statements: Any, rule=None, roles=None, key=KEY, text=None, **more):
    text = text or json.dumps({"Version": "2012-10-17", "Statement": [ROOT, *statements]})
    judge = RULE(RULE.Parameters.from_config(rule or {}))
    return plan(judge, key, {"key_policy": text}, DeclaredRoles.from_text(**(roles or {})), **more)


def codes(found):
    assert isinstance(found, Refused), found
    return {each.code for each in found.refusals}


def after(found):
    assert isinstance(found, Proposed), found
    return json.loads(found.after["key_policy"])["Statement"]


def both(one: dict[str, Any], other: dict[str, Any]) -> dict[str, Any]:
    return {"StringEquals": {**one["StringEquals"], **other["StringEquals"]}}


# title: (statements, rule parameters, declared roles, statements after or codes of the refusal)
TABLE: dict[str, tuple[list[Any], dict[str, str], dict[str, str], Any]] = {
    "everybody: the account keeps what it had": (
        [allow("*", USE)], {}, {}, [allow("*", USE, INSIDE)]),
    "everybody in a list beside a role: the role's part stays": (
        [allow([OTHER, "*"], USE)], {}, {},
        [allow(OTHER, USE), allow({"AWS": "*"}, USE, INSIDE)]),
    "everybody through one service": (
        [allow({"AWS": "*"}, USE, THROUGH_S3)], {}, {}, [allow({"AWS": "*"}, USE, both(THROUGH_S3, INSIDE))]),
    "everybody with a trusted account": (
        [allow("*", USE)], {"TrustedAccounts": PARTNER}, {},
        [allow("*", USE, {"StringEquals": {"kms:CallerAccount": [OWN, PARTNER]}})]),
    "everybody with a trusted organization: its members, and the account": (
        [allow("*", USE, Sid="Share")], {"TrustedOrganizations": ORG}, {},
        [allow("*", USE, INSIDE, Sid="Share"), allow("*", USE, MEMBERS, Sid="SharePart2")]),
    "an account condition with a stranger in it loses the stranger": (
        [allow("*", USE, {"StringEquals": {"kms:CallerAccount": [STRANGER, OWN]}})], {}, {},
        [allow("*", USE, INSIDE)]),
    "an account condition that strangers alone meet": (
        [allow("*", USE, {"StringEquals": {"kms:callerAccount": STRANGER}})], {}, {}, []),
    "an account condition that is no text to compare": (
        [allow("*", USE, {"StringEquals": {"kms:CallerAccount": "${aws:PrincipalAccount}"}})], {}, {},
        [allow("*", USE, {"StringEquals": {"kms:CallerAccount": "${aws:PrincipalAccount}"},
                          "StringLike": {"kms:CallerAccount": OWN}})]),
    "a condition that an absent key passes": (
        [allow("*", USE, {"StringEqualsIfExists": {"kms:CallerAccount": OWN}})], {}, {},
        [allow("*", USE, {"StringEqualsIfExists": {"kms:CallerAccount": OWN}, **INSIDE})]),
    "a role of a stranger": (
        [allow(f"arn:aws:iam::{STRANGER}:role/x", USE)], {}, {}, []),
    "a role of a stranger among others": (
        [allow([APP, f"arn:aws:iam::{STRANGER}:role/x", OTHER], USE)], {}, {}, [allow([APP, OTHER], USE)]),
    "a stranger's account beside the account's root": (
        [allow([f"{ACCOUNT}:root", STRANGER], "kms:*")], {}, {}, [allow(f"{ACCOUNT}:root", "kms:*")]),
    "a stranger who may be of the trusted organization": (
        [allow([APP, STRANGER], USE)], {"TrustedOrganizations": ORG}, {},
        [allow(APP, USE), allow(STRANGER, USE, MEMBERS)]),
    "a stranger who makes grants for AWS resources": (
        [allow(STRANGER, GRANTS, FOR_RESOURCES)], {}, {}, []),
    "everybody but somebody": (
        [{"Effect": "Allow", "NotPrincipal": {"AWS": OTHER}, "Action": USE, "Resource": "*"}], {}, {},
        {"NOT_PRINCIPAL"}),
    "a service": (
        [service("cloudtrail.amazonaws.com")], {}, {},
        [service("cloudtrail.amazonaws.com", condition=OWN_SOURCE)]),
    "a service for trusted accounts and organizations": (
        [service("config.amazonaws.com")], {"TrustedAccounts": PARTNER, "TrustedOrganizations": ORG}, {},
        [service("config.amazonaws.com", condition={"StringEquals": {"aws:SourceAccount": [OWN, PARTNER]}}),
         service("config.amazonaws.com", condition={"StringEquals": {"aws:SourceOrgID": ORG}})]),
    "services that are bound in different ways, and a role": (
        [allow({"Service": ["cloudfront.amazonaws.com", "logs.eu-west-1.amazonaws.com", "guardduty.amazonaws.com"],
                "AWS": APP}, USE)], {}, {},
        [allow(APP, USE),
         service("cloudfront.amazonaws.com", USE,
                 {"ArnLike": {"aws:SourceArn": f"arn:aws:cloudfront::{OWN}:distribution/*"}}),
         service("logs.eu-west-1.amazonaws.com", USE,
                 {"ArnLike": {"kms:EncryptionContext:aws:logs:arn": f"arn:aws:logs:eu-west-1:{OWN}:*"}}),
         service("guardduty.amazonaws.com", USE, OWN_SOURCE)]),
    "a service bound to the source of any account": (
        [service("cloudtrail.amazonaws.com", condition=ANY_TRAIL)], {}, {},
        [service("cloudtrail.amazonaws.com", condition={**ANY_TRAIL, **OWN_SOURCE})]),
    "a service whose requests carry no source": (
        [service("events.amazonaws.com")], {}, {}, {"SERVICE_BINDING_UNKNOWN"}),
    "a service that is accepted, and one that is not": (
        [allow({"Service": ["events.amazonaws.com", "s3.amazonaws.com"]}, USE)],
        {"AcceptedServices": "events.amazonaws.com"}, {},
        [service("events.amazonaws.com", USE), service("s3.amazonaws.com", USE, OWN_SOURCE)]),
    "a role that holds every action, not declared": (
        [allow(ADMIN, "kms:*")], {}, {}, {"ROLE_UNDECLARED"}),
    "an administrator that holds every action": (
        [allow(ADMIN, "kms:*")], {}, DECLARED, [allow(ADMIN, CONSOLE)]),
    "a user that holds every action": (
        [allow(APP, "kms:*", Sid="App use")], {}, DECLARED,
        [allow(APP, ALL_BUT_ADMINISTRATION, Sid="App use"),
         allow(APP, "kms:RevokeGrant", FOR_RESOURCES, Sid="App use part 2")]),
    "a user that administers by everything but another service's actions": (
        [{"Effect": "Allow", "Principal": {"AWS": APP}, "NotAction": ["s3:*", "kms:RevokeGrant"], "Resource": "*"}], {},
        DECLARED,
        [{"Effect": "Allow", "Principal": {"AWS": APP}, "Resource": "*", "Action": [
            "kms:CreateGrant", "kms:Decrypt", "kms:DeriveSharedSecret", "kms:DescribeKey", "kms:Encrypt",
            "kms:GenerateDataKey", "kms:GenerateDataKeyPair", "kms:GenerateDataKeyPairWithoutPlaintext",
            "kms:GenerateDataKeyWithoutPlaintext", "kms:GenerateMac", "kms:GetKeyPolicy", "kms:GetKeyRotationStatus",
            "kms:GetParametersForImport", "kms:GetPublicKey", "kms:ListGrants", "kms:ListKeyPolicies",
            "kms:ListKeyRotations", "kms:ListResourceTags", "kms:ReEncryptFrom", "kms:ReEncryptTo", "kms:RetireGrant",
            "kms:Sign", "kms:SynchronizeMultiRegionKey", "kms:TagResource", "kms:UntagResource", "kms:Verify",
            "kms:VerifyMac"]}]),
    "an administrator among users": (
        [allow(ADMIN, ADMINISTER), allow([ADMIN, APP], USE)], {}, DECLARED,
        [allow(ADMIN, ADMINISTER), allow(APP, USE), allow(ADMIN, "kms:DescribeKey")]),
    "a user among administrators": (
        [allow([ADMIN, APP], ADMINISTER), allow(APP, USE)], {}, DECLARED,
        [allow(ADMIN, ADMINISTER), allow(APP, ["kms:CreateGrant", "kms:Describe*"]), allow(APP, USE)]),
    "a user that revokes grants that are not for AWS resources": (
        [allow(APP, USE), allow(APP, GRANTS)], {}, DECLARED,
        [allow(APP, USE), allow(APP, ["kms:CreateGrant", "kms:ListGrants"]),
         allow(APP, "kms:RevokeGrant", FOR_RESOURCES)]),
    "an administrator that uses through everybody's statement": (
        [allow(ADMIN, ADMINISTER), allow("*", USE, INSIDE)], {}, DECLARED,
        [allow(ADMIN, ADMINISTER),
         allow("*", USE, {**INSIDE, "ArnNotEquals": {"aws:PrincipalArn": ADMIN}}),
         allow(ADMIN, "kms:DescribeKey", INSIDE)]),
    "an administrator whom a condition names": (
        [allow(ADMIN, ADMINISTER), allow("*", "kms:Decrypt", {**NAMED, **INSIDE})], {}, DECLARED,
        [allow(ADMIN, ADMINISTER),
         allow("*", "kms:Decrypt", {**NAMED, **INSIDE, "ArnNotEquals": {"aws:PrincipalArn": ADMIN}})]),
    "roles that a pattern names": (
        [allow(f"{ACCOUNT}:root", "kms:*", {"ArnLike": {"aws:PrincipalArn": f"{ACCOUNT}:role/sso/*"}})], {}, DECLARED,
        {"ROLE_UNDECLARED"}),
    "a principal declared for both duties": (
        [allow(APP, "kms:*")], {}, {"administrators": "app", "users": APP}, {"ROLE_AMBIGUOUS"}),
    "a trusted account that holds every action": (
        [allow(PARTNER, "kms:*")], {"TrustedAccounts": PARTNER}, {"users": f"arn:aws:iam::{PARTNER}:root"},
        [allow(PARTNER, ALL_BUT_ADMINISTRATION), allow(PARTNER, "kms:RevokeGrant", FOR_RESOURCES)]),
    "a service that holds every action": (
        [service("s3.amazonaws.com", "kms:*")], {}, {"users": "s3.amazonaws.com"},
        [service("s3.amazonaws.com", ALL_BUT_ADMINISTRATION, OWN_SOURCE),
         service("s3.amazonaws.com", "kms:RevokeGrant", {**OWN_SOURCE, **FOR_RESOURCES})]),
    "a writer": (
        [allow([APP, INGEST], USE)], {"WriteOnly": INGEST}, {},
        [allow(APP, USE), allow(INGEST, WRITE)]),
    "a writer of multipart uploads": (
        [allow(INGEST, ["kms:GenerateDataKey", "kms:Decrypt"])], {"WriteOnlyMultipart": INGEST}, {},
        [allow(INGEST, "kms:GenerateDataKey"), allow(INGEST, "kms:Decrypt", THROUGH_S3)]),
    "a writer that decrypts through everybody's statement": (
        [allow("*", USE, INSIDE)], {"WriteOnly": INGEST}, {},
        [allow("*", USE, {**INSIDE, "ArnNotEquals": {"aws:PrincipalArn": INGEST}}),
         allow(INGEST, WRITE, INSIDE)]),
    "several findings in several statements": (
        [allow(ADMIN, "kms:*"), allow([APP, INGEST, STRANGER], USE), service("s3.amazonaws.com"), allow(OTHER, USE)],
        {"WriteOnly": INGEST}, DECLARED,
        [allow(ADMIN, CONSOLE), allow(APP, USE),
         allow(INGEST, WRITE),
         service("s3.amazonaws.com", condition=OWN_SOURCE), allow(OTHER, USE)]),
    "every reason is told, not the first alone": (
        [allow(ADMIN, "kms:*"), allow(OTHER, "kms:*"), service("events.amazonaws.com")], {}, {},
        {"ROLE_UNDECLARED", "SERVICE_BINDING_UNKNOWN"}),
    "a principal that is gone": (
        [allow(["AROAEXAMPLEEXAMPLE12", APP], USE), service("s3.amazonaws.com")], {}, {}, {"DELETED_PRINCIPAL"}),
    "a condition that nobody knows": (
        [allow("*", USE, {"StringSame": {"aws:PrincipalArn": APP}})], {}, {}, {"UNDETERMINED"}),
    "a finding beside a condition that nobody knows": (
        [allow(APP, "kms:*", {"StringSame": {"aws:PrincipalArn": APP}}), service("s3.amazonaws.com")], {}, {},
        {"POLICY_UNDECIDED"}),
}  # fmt: skip


@pytest.mark.parametrize("title", TABLE)
def test_what_becomes_of_a_policy(title):
    statements, rule, roles, expected = TABLE[title]
    found = proposal(*statements, rule=rule, roles=roles)
    if isinstance(expected, set):
        assert codes(found) == expected
    else:
        assert after(found) == [ROOT, *expected]


@pytest.mark.parametrize("title", [title for title, row in TABLE.items() if isinstance(row[3], list)])
def test_a_proposal_is_one_call_and_always_needs_approval(title):
    statements, rule, roles, _ = TABLE[title]
    found = proposal(*statements, rule=rule, roles=roles)
    assert [(each.service, each.operation) for each in found.calls] == [("kms", "PutKeyPolicy")]
    written = {"KeyId": KEY.arn, "PolicyName": "default", "Policy": found.after["key_policy"]}
    assert found.calls[0].parameters == written
    assert found.concerns[0].code == "KEY_POLICY_CHANGE"
    assert found.notes
    assert isinstance(proposal(rule=rule, roles=roles, text=found.after["key_policy"]), NothingToDo)
