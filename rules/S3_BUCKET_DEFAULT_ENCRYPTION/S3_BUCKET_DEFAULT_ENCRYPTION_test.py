"""Scenarios of S3_BUCKET_DEFAULT_ENCRYPTION; run by pytest and by unittest."""

import unittest

from S3_BUCKET_DEFAULT_ENCRYPTION import S3_BUCKET_DEFAULT_ENCRYPTION as RULE

from s3_guardrails.encryption.bucket import Bucket, DefaultEncryption
from s3_guardrails.encryption.fact import ABSENT, Unreadable
from s3_guardrails.policy.document import parse_policy

OWN = "arn:aws:kms:eu-west-1:111122223333:key/11111111-2222-3333-4444-555555555555"
OTHER = "arn:aws:kms:eu-west-1:444455556666:key/99999999-2222-3333-4444-555555555555"
DATA_KEY = "arn:aws:kms:eu-west-1:111122223333:key/77777777-2222-3333-4444-555555555555"


def bucket(data_class, algorithm, key=None, *, bucket_key=False, manager="CUSTOMER", **facts):
    """Return a bucket of a data class (None: without the tag) with a default encryption."""
    whole = {
        "name": "data",
        "account": "111122223333",
        "region": "eu-west-1",
        "tags": {} if data_class is None else {"data-class": data_class},
        "default_encryption": DefaultEncryption(algorithm, key, bucket_key),
        "default_key_manager": ABSENT if key is None else manager,
        "policy": ABSENT,
        "logs_from": frozenset(),
    }
    return Bucket(**{**whole, **facts})


ELB = "logdelivery.elasticloadbalancing.amazonaws.com"
OAI = "arn:aws:iam::cloudfront:user/CloudFront Origin Access Identity E2EXAMPLE"


def allow(principal, action):
    """Return a statement about the bucket's objects."""
    return {"Effect": "Allow", "Principal": principal, "Action": action, "Resource": "arn:aws:s3:::data/*"}


def policy(*statements):
    return parse_policy({"Version": "2012-10-17", "Statement": list(statements)})


RESOLVED = {"alias/data": frozenset({DATA_KEY}), "tag:use=data": frozenset({DATA_KEY})}

SCENARIOS = {
    "a restricted bucket with a key of its own account": (
        bucket("restricted", "aws:kms", OWN), None, "COMPLIANT", "DEFAULT_ACCEPTED"),
    "a restricted bucket with DSSE-KMS": (
        bucket("restricted", "aws:kms:dsse", OWN), None, "COMPLIANT", "DEFAULT_ACCEPTED"),
    "a log bucket with SSE-S3, the only mode its writers know": (
        bucket("log-delivery", "AES256"), None, "COMPLIANT", "DEFAULT_ACCEPTED"),
    "an internal bucket with the AWS managed key": (
        bucket("internal", "aws:kms"), None, "COMPLIANT", "DEFAULT_ACCEPTED"),
    "an internal bucket with the AWS managed key by its alias": (
        bucket("internal", "aws:kms", "arn:aws:kms:eu-west-1:111122223333:alias/aws/s3"), None,
        "COMPLIANT", "DEFAULT_ACCEPTED"),
    "restricted data, where load balancers write": (
        bucket("restricted", "AES256", policy=policy(allow({"Service": ELB}, "s3:PutObject"))), None,
        "COMPLIANT", "LOAD_BALANCER_LOGS"),
    "restricted data, where load balancers of an older Region write": (
        bucket("restricted", "AES256", policy=policy(allow({"AWS": "156460612806"}, "s3:PutObject"))), None,
        "COMPLIANT", "LOAD_BALANCER_LOGS"),
    "restricted data, read by an origin access identity": (
        bucket("restricted", "AES256", policy=policy(allow({"AWS": OAI}, "s3:GetObject"))), None,
        "COMPLIANT", "ORIGIN_ACCESS_IDENTITY"),
    "restricted data, where access logs of another bucket go": (
        bucket("restricted", "AES256", logs_from=frozenset({"orders"})), None, "COMPLIANT", "LOG_TARGET"),
    "a bucket that log delivery may write to and no bucket logs to": (
        bucket("restricted", "AES256", policy=policy(allow({"Service": "logging.s3.amazonaws.com"}, "s3:PutObject"))),
        None, "NON_COMPLIANT", "DEFAULT_NOT_ACCEPTED"),
    "a bucket that is named like a log target": (
        bucket("restricted", "AES256", name="elb-access-logs"), None, "NON_COMPLIANT", "DEFAULT_NOT_ACCEPTED"),
    "a log target with the AWS managed key, with which no log arrives": (
        bucket("restricted", "aws:kms", logs_from=frozenset({"orders"})), None,
        "NON_COMPLIANT", "DEFAULT_NOT_ACCEPTED"),
    "load balancers could write or not: the policy could not be read": (
        bucket("restricted", "AES256", policy=Unreadable("policy", "AccessDenied")), None,
        "NON_COMPLIANT", "DEFAULT_NOT_ACCEPTED"),
    "a bucket without a data class": (bucket(None, "AES256"), None, "COMPLIANT", "DEFAULT_ACCEPTED"),
    "a bucket whose tag has another name": (
        bucket(None, "AES256", tags={"classification": "restricted"}), {"DataClassTag": "classification"},
        "NON_COMPLIANT", "DEFAULT_NOT_ACCEPTED"),
    "a restricted bucket with SSE-S3": (
        bucket("restricted", "AES256"), None, "NON_COMPLIANT", "DEFAULT_NOT_ACCEPTED"),
    "a restricted bucket with the AWS managed key": (
        bucket("restricted", "aws:kms"), None, "NON_COMPLIANT", "DEFAULT_NOT_ACCEPTED"),
    "a restricted bucket with the AWS managed key by its ARN": (
        bucket("restricted", "aws:kms", OWN, manager="AWS"), None, "NON_COMPLIANT", "DEFAULT_NOT_ACCEPTED"),
    "a log bucket with SSE-KMS, which stops its writers": (
        bucket("log-delivery", "aws:kms", OWN), None, "NON_COMPLIANT", "DEFAULT_NOT_ACCEPTED"),
    "a key of another account": (
        bucket("restricted", "aws:kms", OTHER), None, "NON_COMPLIANT", "KEY_OF_ANOTHER_ACCOUNT"),
    "a key of another account whose keys are trusted": (
        bucket("restricted", "aws:kms", OTHER), {"ApprovedKeys": "444455556666"}, "COMPLIANT", "DEFAULT_ACCEPTED"),
    "a key of another account that is approved by its ARN": (
        bucket("restricted", "aws:kms", OTHER), {"ApprovedKeys": OTHER}, "COMPLIANT", "DEFAULT_ACCEPTED"),
    "a key of the own account that is not the approved one": (
        bucket("restricted", "aws:kms", OWN), {"ApprovedKeys": DATA_KEY}, "NON_COMPLIANT", "KEY_NOT_APPROVED"),
    "a key that is approved for another data class": (
        bucket("restricted", "aws:kms", OWN), {"ApprovedKeys": f"{OWN};restricted={DATA_KEY}"},
        "NON_COMPLIANT", "KEY_NOT_APPROVED"),
    "a key that is approved for this data class": (
        bucket("restricted", "aws:kms", OTHER), {"ApprovedKeys": f"restricted={OTHER}"},
        "COMPLIANT", "DEFAULT_ACCEPTED"),
    "an approved key by its alias": (
        bucket("restricted", "aws:kms", DATA_KEY, resolved_keys=RESOLVED), {"ApprovedKeys": "alias/data"},
        "COMPLIANT", "DEFAULT_ACCEPTED"),
    "an approved key by its tag": (
        bucket("restricted", "aws:kms", DATA_KEY, resolved_keys=RESOLVED), {"ApprovedKeys": "tag:use=data"},
        "COMPLIANT", "DEFAULT_ACCEPTED"),
    "an alias that could not be resolved": (
        bucket("restricted", "aws:kms", DATA_KEY), {"ApprovedKeys": "alias/data"},
        "UNDETERMINED", "RESOLVED_KEYS_UNREADABLE"),
    "the setting is an alias": (
        bucket("restricted", "aws:kms", "alias/data"), None, "NON_COMPLIANT", "KEY_IS_ALIAS"),
    "the setting is an alias ARN": (
        bucket("restricted", "aws:kms", "arn:aws:kms:eu-west-1:111122223333:alias/data"), None,
        "NON_COMPLIANT", "KEY_IS_ALIAS"),
    "the setting is a bare key id": (
        bucket("restricted", "aws:kms", "11111111-2222-3333-4444-555555555555"), None,
        "NON_COMPLIANT", "KEY_IS_BARE_ID"),
    "a Bucket Key is required and off": (
        bucket("restricted", "aws:kms", OWN), {"BucketKeyRequired": "restricted"}, "NON_COMPLIANT", "BUCKET_KEY_OFF"),
    "a Bucket Key is required and on": (
        bucket("restricted", "aws:kms", OWN, bucket_key=True), {"BucketKeyRequired": "restricted"},
        "COMPLIANT", "DEFAULT_ACCEPTED"),
    "a Bucket Key is required and DSSE-KMS has none": (
        bucket("restricted", "aws:kms:dsse", OWN), {"BucketKeyRequired": "restricted"},
        "COMPLIANT", "DEFAULT_ACCEPTED"),
    "the tag names a data class that nobody defined": (
        bucket("secret", "aws:kms", OWN), None, "UNDETERMINED", "DATA_CLASS_UNKNOWN"),
    "the tags could not be read": (
        bucket("restricted", "aws:kms", tags=Unreadable("tags", "AccessDenied")), None,
        "UNDETERMINED", "TAGS_UNREADABLE"),
    "the setting could not be read": (
        bucket("restricted", "AES256", default_encryption=Unreadable("default_encryption", "AccessDenied")), None,
        "UNDETERMINED", "DEFAULT_ENCRYPTION_UNREADABLE"),
    "an algorithm that this release does not know": (
        bucket("restricted", "aws:fsx"), None, "UNDETERMINED", "DEFAULT_ENCRYPTION_UNREADABLE"),
    "who manages the key could not be read": (
        bucket("restricted", "aws:kms", OWN, manager=Unreadable("default_key_manager", "AccessDenied")), None,
        "UNDETERMINED", "DEFAULT_KEY_MANAGER_UNREADABLE"),
}


class ScenariosTest(unittest.TestCase):
    def test_scenarios(self):
        for title, (facts, parameters, verdict, code) in SCENARIOS.items():
            with self.subTest(title):
                decision = RULE(RULE.Parameters.from_config(parameters or {})).judge(facts)
                self.assertEqual((decision.verdict, decision.codes[0]), (verdict, code))

    def test_an_unclassified_bucket_is_advised(self):
        self.assertEqual(RULE().judge(bucket(None, "AES256")).advisories[0].code, "UNCLASSIFIED")

    def test_an_unclassified_bucket_with_a_foreign_key_is_advised_of_that_too(self):
        codes = RULE().judge(bucket(None, "aws:kms", OTHER)).codes
        self.assertEqual(codes, ("DEFAULT_ACCEPTED", "UNCLASSIFIED", "KEY_OF_ANOTHER_ACCOUNT"))


if __name__ == "__main__":
    unittest.main()
