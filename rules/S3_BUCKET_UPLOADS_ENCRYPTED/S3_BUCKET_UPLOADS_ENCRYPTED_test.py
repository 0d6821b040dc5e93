"""Scenarios of S3_BUCKET_UPLOADS_ENCRYPTED; run by pytest and by unittest."""

import unittest

from S3_BUCKET_UPLOADS_ENCRYPTED import S3_BUCKET_UPLOADS_ENCRYPTED as RULE

from s3_guardrails.encryption.bucket import Bucket, DefaultEncryption
from s3_guardrails.encryption.fact import ABSENT, Unreadable
from s3_guardrails.policy.document import parse_policy

KEY = "arn:aws:kms:eu-west-1:111122223333:key/11111111-2222-3333-4444-555555555555"
MODE = "s3:x-amz-server-side-encryption"
KEY_ID = "s3:x-amz-server-side-encryption-aws-kms-key-id"
CUSTOMER = "s3:x-amz-server-side-encryption-customer-algorithm"
SSE_KMS = DefaultEncryption("aws:kms", KEY)
BLOCKED = frozenset({"SSE-C"})


def deny(condition, **elements):
    """Return a Deny of uploads by everybody."""
    whole = {"Effect": "Deny", "Principal": "*", "Action": "s3:PutObject", "Resource": "arn:aws:s3:::data/*"}
    return {**whole, "Condition": condition, **elements}


def bucket(data_class, *statements, default=SSE_KMS, blocked=frozenset(), **facts):
    """Return a bucket of a data class with a policy of these statements (none: no policy)."""
    policy = parse_policy({"Version": "2012-10-17", "Statement": list(statements)}) if statements else ABSENT
    whole = {
        "name": "data",
        "account": "111122223333",
        "region": "eu-west-1",
        "tags": {} if data_class is None else {"data-class": data_class},
        "default_encryption": default,
        "blocked_encryption_types": blocked,
        "default_key_manager": "CUSTOMER",
        "policy": policy,
        "logs_from": frozenset(),
    }
    return Bucket(**{**whole, **facts})


WRONG_MODE = deny({"StringNotEquals": {MODE: "aws:kms"}, "Null": {MODE: "false"}})
WRONG_KEY = deny({"StringNotEquals": {KEY_ID: KEY}, "Null": {KEY_ID: "false"}})
NO_KEY = deny({"StringEquals": {MODE: "aws:kms"}, "Null": {KEY_ID: "true"}})
NO_SSE_C = deny({"Null": {CUSTOMER: "false"}})
HEADER = deny({"Null": {MODE: "true"}})
OUTCOME = (WRONG_MODE, WRONG_KEY, NO_KEY)
ONLY = {"ApprovedKeys": KEY}

SSE_S3 = DefaultEncryption("AES256")
ELB = "logdelivery.elasticloadbalancing.amazonaws.com"
OAI = "arn:aws:iam::cloudfront:user/CloudFront Origin Access Identity E2EXAMPLE"


ONLY_SSE_S3 = deny({"StringNotEquals": {MODE: "AES256"}, "Null": {MODE: "false"}})


def let_in(principal, action):
    """Return an Allow."""
    return {"Effect": "Allow", "Principal": principal, "Action": action, "Resource": "arn:aws:s3:::data/*"}


SCENARIOS = {
    "restricted data in a log target: SSE-S3 gets in, other keys do not": (
        bucket("restricted", ONLY_SSE_S3, default=SSE_S3, blocked=BLOCKED, logs_from=frozenset({"orders"})), ONLY,
        "COMPLIANT", "UPLOADS_ACCEPTED"),
    "restricted data where load balancers write: SSE-S3 gets in, other keys do not": (
        bucket("restricted", let_in({"Service": ELB}, "s3:PutObject"), ONLY_SSE_S3, default=SSE_S3, blocked=BLOCKED),
        ONLY, "COMPLIANT", "UPLOADS_ACCEPTED"),
    "restricted data behind an origin access identity: SSE-S3 gets in, other keys do not": (
        bucket("restricted", let_in({"AWS": OAI}, "s3:GetObject"), ONLY_SSE_S3, default=SSE_S3, blocked=BLOCKED),
        ONLY, "COMPLIANT", "UPLOADS_ACCEPTED"),
    "a log target that lets any key in": (
        bucket("restricted", default=SSE_S3, blocked=BLOCKED, logs_from=frozenset({"orders"})), ONLY,
        "NON_COMPLIANT", "KEY_NOT_DENIED"),
    "a log target that lets SSE-C in": (
        bucket("restricted", ONLY_SSE_S3, default=SSE_S3, logs_from=frozenset({"orders"})), ONLY,
        "NON_COMPLIANT", "SSE_C_NOT_BLOCKED"),
    "wrong modes and keys are denied and SSE-C is blocked on the bucket": (
        bucket("restricted", *OUTCOME, blocked=BLOCKED), ONLY, "COMPLIANT", "UPLOADS_ACCEPTED"),
    "wrong modes and keys are denied and so is SSE-C": (
        bucket("restricted", *OUTCOME, NO_SSE_C), ONLY, "COMPLIANT", "UPLOADS_ACCEPTED"),
    "one Deny of every other key, with or without header": (
        bucket("restricted", deny({"StringNotEquals": {KEY_ID: KEY}})), ONLY, "COMPLIANT", "UPLOADS_ACCEPTED"),
    "the bucket has no policy": (
        bucket("restricted", blocked=BLOCKED), ONLY, "NON_COMPLIANT", "MODE_NOT_DENIED"),
    "an unclassified bucket without a policy whose SSE-C is blocked": (
        bucket(None, blocked=BLOCKED), None, "COMPLIANT", "UPLOADS_ACCEPTED"),
    "an unclassified bucket without a policy": (bucket(None), None, "NON_COMPLIANT", "SSE_C_NOT_BLOCKED"),
    "the default is not accepted and uploads may rely on it": (
        bucket("restricted", *OUTCOME, default=DefaultEncryption("AES256"), blocked=BLOCKED), ONLY,
        "NON_COMPLIANT", "DEFAULT_NOT_ACCEPTED"),
    "the default is not accepted and the header is demanded": (
        bucket("restricted", *OUTCOME, HEADER, default=DefaultEncryption("AES256"), blocked=BLOCKED), ONLY,
        "COMPLIANT", "UPLOADS_ACCEPTED"),
    "the default is the AWS managed key by its ARN": (
        bucket("restricted", *OUTCOME, blocked=BLOCKED, default_key_manager="AWS"), None,
        "NON_COMPLIANT", "DEFAULT_NOT_ACCEPTED"),
    "who manages the default key could not be read": (
        bucket("restricted", *OUTCOME, default_key_manager=Unreadable("default_key_manager", "AccessDenied")), None,
        "UNDETERMINED", "DEFAULT_KEY_MANAGER_UNREADABLE"),
    "SSE-S3 can be asked for": (
        bucket("restricted", WRONG_KEY, NO_KEY, blocked=BLOCKED), ONLY, "NON_COMPLIANT", "MODE_NOT_DENIED"),
    "aws:kms without a key id means the AWS managed key": (
        bucket("restricted", WRONG_MODE, WRONG_KEY, blocked=BLOCKED), ONLY, "NON_COMPLIANT", "KEY_NOT_DENIED"),
    "any key of the account is approved and another account's is not denied": (
        bucket("restricted", WRONG_MODE, NO_KEY, blocked=BLOCKED), None, "NON_COMPLIANT", "KEY_NOT_DENIED"),
    "SSE-C is neither denied nor blocked": (
        bucket("restricted", *OUTCOME), ONLY, "NON_COMPLIANT", "SSE_C_NOT_BLOCKED"),
    "the Deny is for one account only": (
        bucket("restricted", *(each | {"Principal": {"AWS": "111122223333"}} for each in OUTCOME), blocked=BLOCKED),
        ONLY, "NON_COMPLIANT", "MODE_NOT_DENIED"),
    "an explicit Deny of SSE-C is asked for and the bucket only blocks it": (
        bucket("restricted", *OUTCOME, blocked=BLOCKED), {**ONLY, "UploadPolicy": "restricted=explicit-deny"},
        "NON_COMPLIANT", "NO_EXPLICIT_DENY"),
    "an explicit Deny of SSE-C is asked for and there": (
        bucket("restricted", *OUTCOME, NO_SSE_C), {**ONLY, "UploadPolicy": "restricted=explicit-deny"},
        "COMPLIANT", "UPLOADS_ACCEPTED"),
    "the header is asked for and not demanded": (
        bucket("restricted", *OUTCOME, NO_SSE_C), {**ONLY, "UploadPolicy": "restricted=header-required"},
        "NON_COMPLIANT", "HEADER_NOT_REQUIRED"),
    "the header is asked for and demanded": (
        bucket("restricted", *OUTCOME, NO_SSE_C, HEADER), {**ONLY, "UploadPolicy": "restricted=header-required"},
        "COMPLIANT", "UPLOADS_ACCEPTED"),
    "AWS services are excepted and accepted": (
        bucket(
            "log-delivery",
            deny({"StringNotEquals": {MODE: "AES256"}, "BoolIfExists": {"aws:PrincipalIsAWSService": "false"}}),
            default=DefaultEncryption("AES256"), blocked=BLOCKED),
        {"AcceptServices": "true"}, "COMPLIANT", "UPLOADS_ACCEPTED"),
    "a Deny uses an operator that nobody knows": (
        bucket("restricted", deny({"StringNotSame": {KEY_ID: KEY}}), blocked=BLOCKED), ONLY,
        "UNDETERMINED", "UPLOADS_UNDECIDED"),
    "the blocked encryption types could not be read and matter": (
        bucket("restricted", *OUTCOME, blocked=Unreadable("blocked_encryption_types", "AccessDenied")), ONLY,
        "UNDETERMINED", "BLOCKED_ENCRYPTION_TYPES_UNREADABLE"),
    "the blocked encryption types could not be read and do not matter": (
        bucket("restricted", *OUTCOME, NO_SSE_C, blocked=Unreadable("blocked_encryption_types", "AccessDenied")), ONLY,
        "COMPLIANT", "UPLOADS_ACCEPTED"),
    "the default could not be read": (
        bucket("restricted", *OUTCOME, default=Unreadable("default_encryption", "AccessDenied")), ONLY,
        "UNDETERMINED", "DEFAULT_ENCRYPTION_UNREADABLE"),
    "the policy could not be read": (
        bucket("restricted", policy=Unreadable("policy", "Statement: expected an object, found a string")), ONLY,
        "UNDETERMINED", "POLICY_UNREADABLE"),
    "the tags could not be read": (
        bucket("restricted", tags=Unreadable("tags", "AccessDenied")), ONLY, "UNDETERMINED", "TAGS_UNREADABLE"),
    "the tag names a data class that nobody defined": (
        bucket("secret"), ONLY, "UNDETERMINED", "DATA_CLASS_UNKNOWN"),
    "an alias that could not be resolved": (
        bucket("restricted"), {"ApprovedKeys": "alias/data"}, "UNDETERMINED", "RESOLVED_KEYS_UNREADABLE"),
}


def judged(facts, parameters):
    """Return the rule's decision."""
    return RULE(RULE.Parameters.from_config(parameters or {})).judge(facts)


class ScenariosTest(unittest.TestCase):
    def test_scenarios(self):
        for title, (facts, parameters, verdict, code) in SCENARIOS.items():
            with self.subTest(title):
                decision = judged(facts, parameters)
                self.assertEqual((decision.verdict, decision.codes[0]), (verdict, code))

    def test_a_demanded_header_is_advised_where_nobody_asks_for_it(self):
        facts = bucket("restricted", *OUTCOME, HEADER, blocked=BLOCKED)
        self.assertIn("HEADER_DEMANDED", judged(facts, ONLY).codes)
        self.assertNotIn("HEADER_DEMANDED", judged(bucket("restricted", *OUTCOME, blocked=BLOCKED), ONLY).codes)

    def test_writers_that_a_deny_of_uploads_does_not_reach_are_advised(self):
        uploads = bucket("restricted", *OUTCOME, blocked=BLOCKED)
        everything = bucket("restricted", *(each | {"Action": "s3:*"} for each in OUTCOME), blocked=BLOCKED)
        self.assertIn("OTHER_WRITERS", judged(uploads, ONLY).codes)
        self.assertNotIn("OTHER_WRITERS", judged(everything, ONLY).codes)

    def test_every_flaw_is_reported_with_a_request_that_shows_it(self):
        decision = judged(bucket("restricted", default=DefaultEncryption("AES256")), ONLY)
        codes = ("DEFAULT_NOT_ACCEPTED", "MODE_NOT_DENIED", "KEY_NOT_DENIED", "SSE_C_NOT_BLOCKED")
        self.assertEqual(decision.codes, codes)
        actions = {reason.evidence["counterexample"]["action"] for reason in decision.reasons}
        self.assertEqual(actions, {"s3:PutObject"})


if __name__ == "__main__":
    unittest.main()
