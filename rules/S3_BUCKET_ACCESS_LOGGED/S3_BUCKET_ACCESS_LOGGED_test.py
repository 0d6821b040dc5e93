"""Scenarios of S3_BUCKET_ACCESS_LOGGED; run by pytest and by unittest."""

import unittest

from S3_BUCKET_ACCESS_LOGGED import S3_BUCKET_ACCESS_LOGGED as RULE

from s3_guardrails.encryption.access_log import AccessLogging, LogTarget
from s3_guardrails.encryption.bucket import Bucket, DefaultEncryption
from s3_guardrails.encryption.fact import ABSENT, Unreadable
from s3_guardrails.policy.document import parse_policy

KEY = "arn:aws:kms:eu-west-1:111122223333:key/11111111-2222-3333-4444-555555555555"
SSE_S3, AWS_MANAGED, OWN = DefaultEncryption("AES256"), DefaultEncryption("aws:kms"), DefaultEncryption("aws:kms", KEY)


def bucket(to="logs", logs_from=(), **target):
    """Return a bucket that logs to another one (None: to none); keywords are facts of that one."""
    usual = {"region": "eu-west-1", "onward": (), "locked": False, "default_encryption": SSE_S3, "key_policy": ABSENT,
             "policy": ABSENT}
    return Bucket(
        name="data",
        account="111122223333",
        region="eu-west-1",
        access_logging=to if isinstance(to, Unreadable) else AccessLogging(to) if to else ABSENT,
        log_target=LogTarget(**{**usual, **target}),
        logs_from=logs_from if isinstance(logs_from, Unreadable) else frozenset(logs_from),
    )


def key_policy(service="logging.s3.amazonaws.com", account="111122223333", effect="Allow"):
    return parse_policy({"Version": "2012-10-17", "Statement": [{
        "Effect": effect, "Principal": {"Service": service}, "Action": "kms:GenerateDataKey*", "Resource": "*",
        "Condition": {"StringEquals": {"aws:SourceAccount": account}}}]})


def denying(condition, principal="*"):
    return parse_policy({"Version": "2012-10-17", "Statement": [{
        "Effect": "Deny", "Principal": principal, "Action": "s3:PutObject", "Resource": "arn:aws:s3:::logs/*",
        "Condition": condition}]})


HEADER = "s3:x-amz-server-side-encryption"
CLOSED = Unreadable("log_target", "AccessDenied")

SCENARIOS = {
    "the logs go to a bucket of the account and Region": (bucket(), None, "COMPLIANT", "LOGGED"),
    "the logs go to a bucket that logs to a third one": (bucket(onward=("archive",)), None, "COMPLIANT", "LOGGED"),
    "the target's own logs go round somewhere else": (
        bucket(onward=("archive", "logs")), None, "COMPLIANT", "LOGGED"),
    "the target encrypts with a key that log delivery may use": (
        bucket(default_encryption=OWN, key_policy=key_policy()), None, "COMPLIANT", "LOGGED"),
    "the target is one of those expected": (bucket(), {"LogTargets": "logs,archive"}, "COMPLIANT", "LOGGED"),
    "the bucket makes no logs": (bucket(None), None, "NON_COMPLIANT", "NOT_LOGGED"),
    "the bucket makes no logs and takes those of others": (
        bucket(None, ("orders", "invoices")), None, "NOT_APPLICABLE", "LOG_TARGET"),
    "the bucket takes logs of many and logs itself": (bucket(logs_from=("orders",)), None, "COMPLIANT", "LOGGED"),
    "the bucket logs to itself": (
        bucket("data", ("data",), onward=("data",)), None, "NON_COMPLIANT", "LOGS_TO_ITSELF"),
    "two buckets log to each other": (bucket(onward=("data",)), None, "NON_COMPLIANT", "LOG_LOOP"),
    "the logs go round over three buckets": (bucket(onward=("archive", "data")), None, "NON_COMPLIANT", "LOG_LOOP"),
    "the account has no bucket of the target's name": (bucket(region=None), None, "NON_COMPLIANT", "TARGET_NOT_OWNED"),
    "the target is in another Region": (
        bucket(region="eu-central-1"), None, "NON_COMPLIANT", "TARGET_IN_ANOTHER_REGION"),
    "the target locks every object for a time": (bucket(locked=True), None, "NON_COMPLIANT", "TARGET_LOCKED"),
    "the target encrypts with the AWS managed key": (
        bucket(default_encryption=AWS_MANAGED), None, "NON_COMPLIANT", "TARGET_KEY_CLOSED"),
    "the target encrypts with a key that is for another service": (
        bucket(default_encryption=OWN, key_policy=key_policy("delivery.logs.amazonaws.com")), None,
        "NON_COMPLIANT", "TARGET_KEY_CLOSED"),
    "the target's key is for the logs of another account": (
        bucket(default_encryption=OWN, key_policy=key_policy(account="444455556666")), None,
        "NON_COMPLIANT", "TARGET_KEY_CLOSED"),
    "the target's policy demands an encryption header, which log delivery does not send": (
        bucket(policy=denying({"StringNotEquals": {HEADER: "AES256"}})), None, "NON_COMPLIANT", "TARGET_DENIES_LOGS"),
    "the target's policy denies whoever is not of the account": (
        bucket(policy=denying({"StringNotEquals": {"aws:PrincipalAccount": "111122223333"}})), None,
        "NON_COMPLIANT", "TARGET_DENIES_LOGS"),
    "the target's policy denies wrong headers and lets none be": (
        bucket(policy=denying({"StringNotEquals": {HEADER: "AES256"}, "Null": {HEADER: "false"}})), None,
        "COMPLIANT", "LOGGED"),
    "the target's policy spares AWS services": (
        bucket(policy=denying({"StringNotEquals": {HEADER: "AES256"}, "BoolIfExists": {
            "aws:PrincipalIsAWSService": "false"}})), None, "COMPLIANT", "LOGGED"),
    "the target's policy could not be read": (bucket(policy=CLOSED), None, "UNDETERMINED", "LOG_TARGET_UNREADABLE"),
    "the target is not one of those expected": (
        bucket(), {"LogTargets": "archive"}, "NON_COMPLIANT", "TARGET_NOT_EXPECTED"),
    "the setting could not be read": (
        bucket(Unreadable("access_logging", "AccessDenied")), None, "UNDETERMINED", "ACCESS_LOGGING_UNREADABLE"),
    "no logs, and whether others log here could not be read": (
        bucket(None, Unreadable("logs_from", "AccessDenied")), None, "UNDETERMINED", "LOGS_FROM_UNREADABLE"),
    "the target's Object Lock could not be read": (
        bucket(locked=CLOSED), None, "UNDETERMINED", "LOG_TARGET_UNREADABLE"),
    "the policy of the target's key could not be read": (
        bucket(default_encryption=OWN, key_policy=CLOSED), None, "UNDETERMINED", "LOG_TARGET_UNREADABLE"),
}


class ScenariosTest(unittest.TestCase):
    def test_scenarios(self):
        for title, (facts, parameters, verdict, code) in SCENARIOS.items():
            with self.subTest(title):
                decision = RULE(RULE.Parameters.from_config(parameters or {})).judge(facts)
                self.assertEqual((decision.verdict, decision.codes[0]), (verdict, code))

    def test_several_flaws_of_a_target_are_told_together(self):
        codes = RULE().judge(bucket(onward=("data",), locked=True, default_encryption=AWS_MANAGED)).codes
        self.assertEqual(codes, ("LOG_LOOP", "TARGET_LOCKED", "TARGET_KEY_CLOSED"))


if __name__ == "__main__":
    unittest.main()
