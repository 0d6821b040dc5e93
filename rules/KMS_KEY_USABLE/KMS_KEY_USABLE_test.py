"""Scenarios of KMS_KEY_USABLE; run by pytest and by unittest."""

import unittest

from KMS_KEY_USABLE import KMS_KEY_USABLE as RULE

from s3_guardrails.encryption.bucket import Bucket, DefaultEncryption
from s3_guardrails.encryption.fact import ABSENT, Unreadable
from s3_guardrails.encryption.key import KeyMetadata
from s3_guardrails.encryption.usable_key import DefaultKey

OWN = "arn:aws:kms:eu-west-1:111122223333:key/11111111-2222-3333-4444-555555555555"
OTHER = OWN.replace("111122223333", "444455556666")
NOW = 1_795_000_000.0


def bucket(setting=OWN, key=None, algorithm="aws:kms", **metadata):
    """Return a bucket and the key that its default leads to; keywords are what KMS says of the key."""
    told = KeyMetadata(**{"manager": "CUSTOMER", "state": "Enabled", **metadata})
    return Bucket(
        name="data",
        account="111122223333",
        region="eu-west-1",
        as_of=NOW,
        default_encryption=setting if isinstance(setting, Unreadable) else DefaultEncryption(algorithm, setting),
        default_key=DefaultKey(OWN, told) if key is None else key,
    )


SCENARIOS = {
    "the key is enabled": (bucket(), None, "COMPLIANT", "KEY_USABLE"),
    "the key is enabled and named by an alias": (bucket("alias/data"), None, "COMPLIANT", "KEY_USABLE"),
    "the key is of another account and enabled": (bucket(OTHER), None, "COMPLIANT", "KEY_USABLE"),
    "DSSE-KMS with an enabled key": (bucket(algorithm="aws:kms:dsse"), None, "COMPLIANT", "KEY_USABLE"),
    "a multi-Region key while its primary Region changes": (
        bucket(state="Updating", multi_region="PRIMARY"), None, "COMPLIANT", "KEY_USABLE"),
    "imported material that expires": (
        bucket(origin="EXTERNAL", expires=NOW + 10 * 86_400), None, "COMPLIANT", "KEY_USABLE"),
    "the default is SSE-S3": (bucket(None, algorithm="AES256"), None, "NOT_APPLICABLE", "NO_KMS_KEY"),
    "the default is the AWS managed key": (bucket(None), None, "NOT_APPLICABLE", "AWS_MANAGED"),
    "the default is the AWS managed key by its ARN": (bucket(manager="AWS"), None, "NOT_APPLICABLE", "AWS_MANAGED"),
    "the key is in another Region": (
        bucket(OWN.replace("eu-west-1", "eu-central-1")), None, "NON_COMPLIANT", "KEY_IN_ANOTHER_REGION"),
    "there is no such key": (bucket(key=ABSENT), None, "NON_COMPLIANT", "KEY_MISSING"),
    "the alias stands for no key": (bucket("alias/gone", ABSENT), None, "NON_COMPLIANT", "KEY_MISSING"),
    "the key is disabled": (bucket(state="Disabled"), None, "NON_COMPLIANT", "KEY_DISABLED"),
    "the key is scheduled for deletion": (
        bucket(state="PendingDeletion"), None, "NON_COMPLIANT", "KEY_PENDING_DELETION"),
    "the primary waits for its replicas to be deleted": (
        bucket(state="PendingReplicaDeletion"), None, "NON_COMPLIANT", "KEY_PENDING_DELETION"),
    "the imported material has expired": (
        bucket(state="PendingImport", origin="EXTERNAL"), None, "NON_COMPLIANT", "KEY_WITHOUT_MATERIAL"),
    "the key store is not connected": (
        bucket(state="Unavailable", origin="AWS_CLOUDHSM"), None, "NON_COMPLIANT", "KEY_UNAVAILABLE"),
    "the replica is still being made": (
        bucket(state="Creating", multi_region="REPLICA"), None, "NON_COMPLIANT", "KEY_UNAVAILABLE"),
    "the key is for signing": (
        bucket(spec="RSA_2048", usage="SIGN_VERIFY"), None, "NON_COMPLIANT", "KEY_NOT_FOR_ENCRYPTION"),
    "the key could not be read": (
        bucket(key=Unreadable("default_key", "AccessDenied")), None, "UNDETERMINED", "DEFAULT_KEY_UNREADABLE"),
    "a state that this release does not know": (
        bucket(state="Resting"), None, "UNDETERMINED", "DEFAULT_KEY_UNREADABLE"),
    "the setting could not be read": (
        bucket(Unreadable("default_encryption", "AccessDenied")), None,
        "UNDETERMINED", "DEFAULT_ENCRYPTION_UNREADABLE"),
}


class ScenariosTest(unittest.TestCase):
    def test_scenarios(self):
        for title, (facts, parameters, verdict, code) in SCENARIOS.items():
            with self.subTest(title):
                decision = RULE(RULE.Parameters.from_config(parameters or {})).judge(facts)
                self.assertEqual((decision.verdict, decision.codes[0]), (verdict, code))

    def test_what_an_owner_should_know_of_a_working_key_is_told(self):
        told = RULE().judge(bucket(multi_region="REPLICA", origin="EXTERNAL", expires=NOW + 10 * 86_400)).advisories
        self.assertEqual([each.code for each in told], ["MULTI_REGION", "IMPORTED_MATERIAL", "MATERIAL_EXPIRES"])
        self.assertIn("in 10 days", told[2].sentence)


if __name__ == "__main__":
    unittest.main()
