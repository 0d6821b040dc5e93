"""Scenarios of S3_BUCKET_CROSS_ACCOUNT_KEY; run by pytest and by unittest."""

import unittest

from S3_BUCKET_CROSS_ACCOUNT_KEY import S3_BUCKET_CROSS_ACCOUNT_KEY as RULE

from s3_guardrails.encryption.bucket import Bucket, DefaultEncryption
from s3_guardrails.encryption.fact import ABSENT, Unreadable
from s3_guardrails.encryption.key import KeyMetadata
from s3_guardrails.encryption.usable_key import DefaultKey
from s3_guardrails.policy.document import parse_policy

OWN, PARTNER, THIRD, ORGANIZATION = "111122223333", "444455556666", "777788889999", "o-a1b2c3d4e5"
KEY = f"arn:aws:kms:eu-west-1:{OWN}:key/11111111-2222-3333-4444-555555555555"
READER, WRITER = f"arn:aws:iam::{PARTNER}:role/reader", f"arn:aws:iam::{PARTNER}:role/writer"
VIA_S3 = {"StringEquals": {"kms:ViaService": "s3.eu-west-1.amazonaws.com"}}
NO_USE = {"Null": {"s3:x-amz-server-side-encryption-aws-kms-key-id": "true"}}


def statement(effect, principal, actions, resource, when=None):
    principal = principal if isinstance(principal, (dict, str)) else {"AWS": list(principal)}
    body = {"Effect": effect, "Principal": principal, "Action": actions, "Resource": resource}
    return {**body, "Condition": when} if when else body


def allow(*who, do="s3:GetObject", when=None):
    """A statement of the bucket's policy."""
    return statement("Allow", who if ":" in who[0] or who[0].isdigit() else who[0], do, "arn:aws:s3:::data/*", when)


def deny(*who, do="s3:*", when=None):
    return statement("Deny", who, do, ["arn:aws:s3:::data", "arn:aws:s3:::data/*"], when)


def key(*who, do="kms:Decrypt", when=None):
    """A statement of the key's policy."""
    return statement("Allow", who if ":" in who[0] or who[0].isdigit() else who[0], do, "*", when)


ROOT = key(OWN, do="kms:*")
WRITES = ["kms:GenerateDataKey", "kms:Decrypt"]


def bucket(bucket_policy, *key_policy, setting=KEY, algorithm="aws:kms", bucket_key=True, manager="CUSTOMER", **facts):
    """Return a bucket with a policy (its statements) and its default's key with one."""
    whole = {
        "name": "data",
        "account": OWN,
        "region": "eu-west-1",
        "policy": parse_policy({"Version": "2012-10-17", "Statement": bucket_policy}) if bucket_policy else ABSENT,
        "default_encryption": DefaultEncryption(algorithm, setting, bucket_key),
        "default_key": DefaultKey(KEY, KeyMetadata(manager=manager, state="Enabled")),
        "default_key_policy": parse_policy({"Version": "2012-10-17", "Statement": [ROOT, *key_policy]}),
    }
    return Bucket(**{**whole, **facts})


def context(value, operator="StringEquals"):
    return {operator: {"kms:EncryptionContext:aws:s3:arn": value}}


OBJECTS, BUCKET = context("arn:aws:s3:::data/*", "StringLike"), context("arn:aws:s3:::data")

SCENARIOS = {
    "a reader of another account that the key names": (
        bucket([allow(READER)], key(READER)), None, "COMPLIANT", "KEY_SHARED_TOO"),
    "the key is open to the reader's account": (
        bucket([allow(READER)], key(PARTNER)), None, "COMPLIANT", "KEY_SHARED_TOO"),
    "both are open to the account": (
        bucket([allow(PARTNER)], key(f"arn:aws:iam::{PARTNER}:root")), None, "COMPLIANT", "KEY_SHARED_TOO"),
    "the bucket is open to the account and the key to one role of it": (
        bucket([allow(PARTNER)], key(READER)), None, "COMPLIANT", "KEY_SHARED_TOO"),
    "the key may be used through S3 only": (
        bucket([allow(READER)], key(READER, when=VIA_S3)), None, "COMPLIANT", "KEY_SHARED_TOO"),
    "with a Bucket Key, the key asks for the bucket as context": (
        bucket([allow(READER)], key(READER, when=BUCKET)), None, "COMPLIANT", "KEY_SHARED_TOO"),
    "without a Bucket Key, the key asks for objects as context": (
        bucket([allow(READER)], key(READER, when=OBJECTS), bucket_key=False), None, "COMPLIANT", "KEY_SHARED_TOO"),
    "a writer with both permissions": (
        bucket([allow(WRITER, do="s3:PutObject")], key(WRITER, do=WRITES)), None, "COMPLIANT", "KEY_SHARED_TOO"),
    "a writer that cannot decrypt, as multipart uploads need": (
        bucket([allow(WRITER, do="s3:PutObject")], key(WRITER, do="kms:GenerateDataKey")), None,
        "COMPLIANT", "KEY_SHARED_TOO"),
    "both are open to an organization": (
        bucket(
            [allow("*", when={"StringEquals": {"aws:PrincipalOrgID": ORGANIZATION}})],
            key("*", when={"StringEquals": {"aws:PrincipalOrgID": ORGANIZATION}})),
        None, "COMPLIANT", "KEY_SHARED_TOO"),
    "the key is open to an account that the bucket is closed to": (
        bucket([allow(READER)], key(READER), key(THIRD)), None, "COMPLIANT", "KEY_SHARED_TOO"),
    "writers that must bring a key of their own never use the default's": (
        bucket([allow(WRITER, do="s3:PutObject"), deny(WRITER, when={"StringNotEquals": {
            "s3:x-amz-server-side-encryption-aws-kms-key-id": KEY.replace(OWN, PARTNER)}})]),
        None, "NOT_APPLICABLE", "NOT_SHARED"),
    "the default is SSE-S3": (
        bucket([allow(READER)], setting=None, algorithm="AES256"), None, "NOT_APPLICABLE", "NO_KMS_KEY"),
    "the bucket has no policy": (bucket(None), None, "NOT_APPLICABLE", "NOT_SHARED"),
    "the policy names callers of the own account only": (
        bucket([allow(f"arn:aws:iam::{OWN}:role/app")]), None, "NOT_APPLICABLE", "NOT_SHARED"),
    "the policy denies whom it allows": (
        bucket([allow(READER), deny(READER)]), None, "NOT_APPLICABLE", "NOT_SHARED"),
    "a statement lets in whomever a VPC endpoint lets through": (
        bucket([allow("*", when={"StringEquals": {"aws:SourceVpce": "vpce-1"}})]), None,
        "NOT_APPLICABLE", "NOT_SHARED"),
    "the key names nobody of the reader's account": (
        bucket([allow(READER)]), None, "NON_COMPLIANT", "READERS_CANNOT_DECRYPT"),
    "the key names another role of the account": (
        bucket([allow(READER)], key(WRITER)), None, "NON_COMPLIANT", "READERS_CANNOT_DECRYPT"),
    "the key lets the reader encrypt only": (
        bucket([allow(READER)], key(READER, do="kms:Encrypt")), None, "NON_COMPLIANT", "READERS_CANNOT_DECRYPT"),
    "the key may be used through another service only": (
        bucket([allow(READER)], key(READER, when={"StringEquals": {"kms:ViaService": "ec2.eu-west-1.amazonaws.com"}})),
        None, "NON_COMPLIANT", "READERS_CANNOT_DECRYPT"),
    "the key may be used through S3 of another Region only": (
        bucket([allow(READER)], key(READER, when={"StringEquals": {"kms:ViaService": "s3.us-east-1.amazonaws.com"}})),
        None, "NON_COMPLIANT", "READERS_CANNOT_DECRYPT"),
    "with a Bucket Key, the key asks for objects as context": (
        bucket([allow(READER)], key(READER, when=OBJECTS)), None, "NON_COMPLIANT", "READERS_CANNOT_DECRYPT"),
    "without a Bucket Key, the key asks for the bucket as context": (
        bucket([allow(READER)], key(READER, when=BUCKET), bucket_key=False), None,
        "NON_COMPLIANT", "READERS_CANNOT_DECRYPT"),
    "the key wants the caller to be of the own account": (
        bucket([allow(READER)], key("*", when={"StringEquals": {"kms:CallerAccount": OWN}})), None,
        "NON_COMPLIANT", "READERS_CANNOT_DECRYPT"),
    "a writer that may only decrypt": (
        bucket([allow(WRITER, do="s3:PutObject")], key(WRITER)), None, "NON_COMPLIANT", "WRITERS_CANNOT_ENCRYPT"),
    "the bucket is open to an organization and the key to nobody of it": (
        bucket([allow("*", when={"StringEquals": {"aws:PrincipalOrgID": ORGANIZATION}})]), None,
        "NON_COMPLIANT", "READERS_CANNOT_DECRYPT"),
    "everyone may read, and nobody decrypts without an account": (
        bucket([allow("*")], key("*")), None, "NON_COMPLIANT", "READERS_CANNOT_DECRYPT"),
    "the default is the AWS managed key": (
        bucket([allow(READER)], setting=None), None, "NON_COMPLIANT", "AWS_MANAGED_KEY_CLOSED"),
    "the default is the AWS managed key by its ARN": (
        bucket([allow(READER)], key(READER), manager="AWS"), None, "NON_COMPLIANT", "AWS_MANAGED_KEY_CLOSED"),
    "the default is an alias, which the other account resolves for itself": (
        bucket([allow(READER)], key(READER), setting="alias/data"), None, "NON_COMPLIANT", "KEY_IS_ALIAS"),
    "the default is a bare key id": (
        bucket([allow(READER)], key(READER), setting=KEY.rpartition("/")[2]), None, "NON_COMPLIANT", "KEY_IS_BARE_ID"),
    "there is no such key": (
        bucket([allow(READER)], default_key_policy=ABSENT), None, "NON_COMPLIANT", "KEY_MISSING"),
    "the bucket's policy could not be read": (
        bucket(None, policy=Unreadable("policy", "AccessDenied")), None, "UNDETERMINED", "POLICY_UNREADABLE"),
    "the key's policy could not be read": (
        bucket([allow(READER)], default_key_policy=Unreadable("default_key_policy", "AccessDenied")), None,
        "UNDETERMINED", "DEFAULT_KEY_POLICY_UNREADABLE"),
    "the key's policy has an operator that nobody knows": (
        bucket([allow(READER)], key(READER, when={"StringSounds": {"aws:PrincipalTag/team": "x"}})), None,
        "UNDETERMINED", "SHARING_UNDECIDED"),
}


class ScenariosTest(unittest.TestCase):
    def test_scenarios(self):
        for title, (facts, parameters, verdict, code) in SCENARIOS.items():
            with self.subTest(title):
                decision = RULE(RULE.Parameters.from_config(parameters or {})).judge(facts)
                self.assertEqual((decision.verdict, decision.codes[0]), (verdict, code))

    def advisories(self, title):
        return [each.code for each in RULE().judge(SCENARIOS[title][0]).advisories]

    def test_identity_policies_of_the_other_account_are_never_assumed(self):
        self.assertEqual(
            self.advisories("a reader of another account that the key names"), ["IDENTITY_POLICIES_NOT_CHECKED"])

    def test_what_a_large_upload_lacks_is_told(self):
        self.assertEqual(
            self.advisories("a writer that cannot decrypt, as multipart uploads need"),
            ["MULTIPART_NEEDS_DECRYPT", "IDENTITY_POLICIES_NOT_CHECKED"])

    def test_the_other_direction_is_told(self):
        self.assertIn(
            "KEY_WITHOUT_BUCKET", self.advisories("the key is open to an account that the bucket is closed to"))

    def test_callers_whom_a_statement_does_not_name_are_told(self):
        self.assertEqual(
            self.advisories("a statement lets in whomever a VPC endpoint lets through"), ["CALLERS_NOT_NAMED"])

    def test_the_request_that_gets_into_the_bucket_is_shown(self):
        [reason] = RULE().judge(bucket([allow(READER)])).reasons
        self.assertEqual(reason.evidence["counterexample"]["principal"], READER)
        self.assertEqual(reason.evidence["counterexample"]["action"], "s3:GetObject")


if __name__ == "__main__":
    unittest.main()
