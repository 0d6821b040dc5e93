"""Scenarios of KMS_KEY_ROTATION; run by pytest and by unittest."""

import unittest

from KMS_KEY_ROTATION import KMS_KEY_ROTATION as RULE

from s3_guardrails.encryption.fact import Unreadable
from s3_guardrails.encryption.key import Key, KeyMetadata, Rotation


def key(rotation=Rotation(enabled=True, period_days=365), facts=None, **metadata):  # noqa: B008 - immutable
    """Return a customer managed symmetric key; keywords are its metadata."""
    told = KeyMetadata(**{"manager": "CUSTOMER", "state": "Enabled", **metadata})
    whole = {"key_id": "k-1", "account": "111122223333", "region": "eu-west-1", "metadata": told, "rotation": rotation}
    return Key(**{**whole, **(facts or {})})


OFF = Rotation(enabled=False)
SLOW = Rotation(enabled=True, period_days=730)

SCENARIOS = {
    "a key that rotates every year": (key(), None, "COMPLIANT", "ROTATES"),
    "a key whose rotation is off": (key(OFF), None, "NON_COMPLIANT", "ROTATION_OFF"),
    "a key that rotates every two years": (key(SLOW), None, "NON_COMPLIANT", "ROTATION_TOO_SLOW"),
    "a key that rotates every two years where that is accepted": (
        key(SLOW), {"MaximumDays": "730"}, "COMPLIANT", "ROTATES"),
    "a key of a data class that asks for more, rotating every year": (
        key(facts={"tags": {"data-class": "restricted"}}), {"MaximumDays": "365;restricted=180"},
        "NON_COMPLIANT", "ROTATION_TOO_SLOW"),
    "a key of another data class than the one that asks for more": (
        key(facts={"tags": {"data-class": "public"}}), {"MaximumDays": "365;restricted=180"}, "COMPLIANT", "ROTATES"),
    "the tags decide and could not be read": (
        key(), {"MaximumDays": "365;restricted=180"}, "UNDETERMINED", "TAGS_UNREADABLE"),
    "the primary of a multi-Region key": (key(multi_region="PRIMARY"), None, "COMPLIANT", "ROTATES"),
    "a key that AWS manages": (key(manager="AWS"), None, "NOT_APPLICABLE", "AWS_MANAGED"),
    "an asymmetric key": (key(OFF, spec="RSA_2048"), None, "NOT_APPLICABLE", "ASYMMETRIC"),
    "an HMAC key": (key(OFF, spec="HMAC_256"), None, "NOT_APPLICABLE", "HMAC"),
    "a key of a CloudHSM key store": (key(OFF, origin="AWS_CLOUDHSM"), None, "NOT_APPLICABLE", "CUSTOM_KEY_STORE"),
    "a key of an external key store": (
        key(OFF, origin="EXTERNAL_KEY_STORE"), None, "NOT_APPLICABLE", "CUSTOM_KEY_STORE"),
    "the replica of a multi-Region key": (key(OFF, multi_region="REPLICA"), None, "NOT_APPLICABLE", "REPLICA"),
    "a disabled key": (key(OFF, state="Disabled"), None, "NOT_APPLICABLE", "KEY_DISABLED"),
    "a key pending deletion": (key(OFF, state="PendingDeletion"), None, "NOT_APPLICABLE", "PENDING_DELETION"),
    "a key that is being created": (key(OFF, state="Creating"), None, "NOT_APPLICABLE", "KEY_CREATING"),
    "a key that is being updated": (key(OFF, state="Updating"), None, "NOT_APPLICABLE", "KEY_UPDATING"),
    "a key whose store is not connected": (key(OFF, state="Unavailable"), None, "NOT_APPLICABLE", "KEY_UNAVAILABLE"),
    "imported material": (
        key(OFF, {"material_age_days": 400}, origin="EXTERNAL"), None, "NOT_APPLICABLE", "IMPORTED_MATERIAL"),
    "only tagged keys are judged and this one has no such tag": (
        key(OFF, {"tags": {}}), {"KeyScope": "tagged", "KeyScopeTag": "data-key=yes"},
        "NOT_APPLICABLE", "OUT_OF_SCOPE"),
    "only tagged keys are judged and this one is": (
        key(OFF, {"tags": {"data-key": "yes"}}), {"KeyScope": "tagged", "KeyScopeTag": "data-key=yes"},
        "NON_COMPLIANT", "ROTATION_OFF"),
    "only keys of buckets are judged and no bucket uses this one": (
        key(OFF, {"buckets": frozenset()}), {"KeyScope": "bucket-keys"}, "NOT_APPLICABLE", "OUT_OF_SCOPE"),
    "the rotation status could not be read": (
        key(Unreadable("rotation", "AccessDeniedException")), None, "UNDETERMINED", "ROTATION_UNREADABLE"),
    "the answer has no rotation period": (
        key(Rotation(enabled=True)), None, "UNDETERMINED", "ROTATION_UNREADABLE"),
}


class ScenariosTest(unittest.TestCase):
    def test_scenarios(self):
        for title, (facts, parameters, verdict, code) in SCENARIOS.items():
            with self.subTest(title):
                decision = RULE(RULE.Parameters.from_config(parameters or {})).judge(facts)
                self.assertEqual((decision.verdict, decision.codes[0]), (verdict, code))

    def test_the_age_of_imported_material_is_an_advisory(self):
        facts = key(OFF, {"material_age_days": 400}, origin="EXTERNAL")
        self.assertIn("400 days", RULE().judge(facts).advisories[0].sentence)


if __name__ == "__main__":
    unittest.main()
