"""Scenarios of S3_BUCKET_TLS_ONLY; run by pytest and by unittest."""

import unittest

from S3_BUCKET_TLS_ONLY import S3_BUCKET_TLS_ONLY as RULE

from s3_guardrails.encryption.bucket import Bucket
from s3_guardrails.encryption.fact import ABSENT, Unreadable
from s3_guardrails.policy.actions import actions
from s3_guardrails.policy.document import parse_policy

WITHOUT_TLS = {"Bool": {"aws:SecureTransport": "false"}}
EVERYTHING = ["arn:aws:s3:::data", "arn:aws:s3:::data/*"]


def deny(condition=None, **elements):
    """Return a Deny for everybody on the bucket and its objects; elements replace its own, None removes one."""
    whole = {"Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": EVERYTHING}
    whole |= {"Condition": WITHOUT_TLS if condition is None else condition} | elements
    return {name: value for name, value in whole.items() if value is not None}


def bucket(*statements, **facts):
    """Return a bucket with a policy of these statements."""
    policy = parse_policy({"Version": "2012-10-17", "Statement": list(statements)})
    whole = {"name": "data", "account": "111122223333", "region": "eu-west-1", "policy": policy, "website": False}
    return Bucket(**{**whole, **facts})


NO_LOWER_THAN_1_2 = deny({"NumericLessThanIfExists": {"s3:TlsVersion": "1.2"}})
NOT_FOR_SERVICES = {"Bool": {"aws:SecureTransport": "false"}, "BoolIfExists": {"aws:PrincipalIsAWSService": "false"}}
NOT_FORWARDED = {"Bool": {"aws:SecureTransport": "false", "aws:ViaAWSService": "false"}}
NOT_BREAK_GLASS = {**WITHOUT_TLS, "ArnNotLike": {"aws:PrincipalArn": "arn:aws:iam::111122223333:role/break-glass"}}
TODAY = [each.full_name for each in actions("s3")]

ALL_BUT_READS = deny(Action=None, NotAction="s3:GetObject")
READS_OF_CALLERS = deny({**WITHOUT_TLS, "StringNotEquals": {"aws:PrincipalType": "Anonymous"}}, Action="s3:GetObject")

SCENARIOS = {
    "a website: all but anonymous reads needs TLS": (
        bucket(ALL_BUT_READS, READS_OF_CALLERS, website=True), None, "COMPLIANT", "WEBSITE_READS_ONLY"),
    "a website: named callers may read without TLS": (
        bucket(ALL_BUT_READS, website=True), None, "NON_COMPLIANT", "TLS_NOT_REQUIRED"),
    "a website: everybody may list without TLS": (
        bucket(deny(Action=None, NotAction=["s3:GetObject", "s3:ListBucket"]), READS_OF_CALLERS, website=True), None,
        "NON_COMPLIANT", "TLS_NOT_REQUIRED"),
    "a website that nothing guards": (bucket(deny(Resource=EVERYTHING[0]), website=True), None,
        "NON_COMPLIANT", "TLS_NOT_REQUIRED"),
    "anonymous reads do not need TLS, and there is no website": (
        bucket(ALL_BUT_READS, READS_OF_CALLERS, website=False), None, "NON_COMPLIANT", "TLS_NOT_REQUIRED"),
    "every request without TLS is denied": (bucket(deny()), None, "COMPLIANT", "TLS_REQUIRED"),
    "two statements together deny the bucket and its objects": (
        bucket(deny(Resource=EVERYTHING[0]), deny(Resource=EVERYTHING[1])), None, "COMPLIANT", "TLS_REQUIRED"),
    "the operator, the value's form and the key's case differ from the usual": (
        bucket(deny({"StringNotEquals": {"AWS:securetransport": True}})), None, "COMPLIANT", "TLS_REQUIRED"),
    "the bucket has no policy": (bucket(policy=ABSENT), None, "NON_COMPLIANT", "NO_POLICY"),
    "only the objects are covered": (
        bucket(deny(Resource=EVERYTHING[1])), None, "NON_COMPLIANT", "TLS_NOT_REQUIRED"),
    "only reading and writing objects is covered": (
        bucket(deny(Action=["s3:GetObject", "s3:PutObject"])), None, "NON_COMPLIANT", "TLS_NOT_REQUIRED"),
    "one role is excepted by NotPrincipal": (
        bucket(deny(Principal=None, NotPrincipal={"AWS": "arn:aws:iam::111122223333:role/app"})), None,
        "NON_COMPLIANT", "TLS_NOT_REQUIRED"),
    "an Allow for TLS stops nobody whom identity policies allow": (
        bucket(deny({"Bool": {"aws:SecureTransport": "true"}}, Effect="Allow")), None,
        "NON_COMPLIANT", "TLS_NOT_REQUIRED"),
    "the Deny names another bucket": (
        bucket(deny(Resource=["arn:aws:s3:::other", "arn:aws:s3:::other/*"])), None,
        "NON_COMPLIANT", "TLS_NOT_REQUIRED"),
    "AWS services are excepted and nobody accepts that": (
        bucket(deny(NOT_FOR_SERVICES)), None, "NON_COMPLIANT", "TLS_NOT_REQUIRED"),
    "AWS services are excepted and accepted": (
        bucket(deny(NOT_FOR_SERVICES)), {"AcceptServices": "true"}, "COMPLIANT", "TLS_REQUIRED"),
    "TLS 1.2 is enough for most data classes, and not for this one": (
        bucket(deny(), NO_LOWER_THAN_1_2, tags={"data-class": "restricted"}),
        {"MinimumTlsVersion": "1.2;restricted=1.3"}, "NON_COMPLIANT", "TLS_VERSION_TOO_LOW"),
    "TLS 1.2 is enough for this data class, and not for another": (
        bucket(deny(), NO_LOWER_THAN_1_2, tags={}), {"MinimumTlsVersion": "1.2;restricted=1.3"},
        "COMPLIANT", "TLS_REQUIRED"),
    "data classes differ and the tags could not be read": (
        bucket(deny()), {"MinimumTlsVersion": "restricted=1.3"}, "UNDETERMINED", "TAGS_UNREADABLE"),
    "forwarded requests are excepted and accepted": (
        bucket(deny(NOT_FORWARDED)), {"AcceptViaServices": "true"}, "COMPLIANT", "TLS_REQUIRED"),
    "a break-glass role is excepted and accepted": (
        bucket(deny(NOT_BREAK_GLASS)), {"AcceptPrincipals": "arn:aws:iam::111122223333:role/break-glass"},
        "COMPLIANT", "TLS_REQUIRED"),
    "TLS 1.2 is required and old versions are denied": (
        bucket(NO_LOWER_THAN_1_2), {"MinimumTlsVersion": "1.2"}, "COMPLIANT", "TLS_REQUIRED"),
    "TLS 1.2 is required and the policy asks for any TLS": (
        bucket(deny()), {"MinimumTlsVersion": "1.2"}, "NON_COMPLIANT", "TLS_VERSION_TOO_LOW"),
    "every action of today is listed, and actions to come count": (
        bucket(deny(Action=TODAY)), {"FutureActions": "true"}, "NON_COMPLIANT", "TLS_NOT_REQUIRED"),
    "every action of today is listed": (bucket(deny(Action=TODAY)), None, "COMPLIANT", "TLS_REQUIRED"),
    "a bucket of another partition": (
        bucket(deny(Resource=["arn:aws-cn:s3:::data", "arn:aws-cn:s3:::data/*"]), partition="aws-cn"), None,
        "COMPLIANT", "TLS_REQUIRED"),
    "the Deny uses an operator that nobody knows": (
        bucket(deny({"Boool": {"aws:SecureTransport": "false"}})), None, "UNDETERMINED", "TLS_UNDECIDED"),
    "the policy could not be read": (
        bucket(policy=Unreadable("policy", "AccessDenied")), None, "UNDETERMINED", "POLICY_UNREADABLE"),
}


class ScenariosTest(unittest.TestCase):
    def test_scenarios(self):
        for title, (facts, parameters, verdict, code) in SCENARIOS.items():
            with self.subTest(title):
                decision = RULE(RULE.Parameters.from_config(parameters or {})).judge(facts)
                self.assertEqual((decision.verdict, decision.codes[0]), (verdict, code))


if __name__ == "__main__":
    unittest.main()
