"""Scenarios of S3_BUCKET_INVENTORY_CONFIGURED; run by pytest and by unittest."""

import unittest

from S3_BUCKET_INVENTORY_CONFIGURED import S3_BUCKET_INVENTORY_CONFIGURED as RULE

from s3_guardrails.encryption.bucket import Bucket
from s3_guardrails.encryption.fact import ABSENT, Unreadable
from s3_guardrails.encryption.inventory import FIELDS, Inventory


def bucket(*inventories):
    """Return a bucket with inventories, each given by how it differs from a good one."""
    usual = {"id": "all", "enabled": True, "destination": "lists", "region": "eu-west-1"}
    found = tuple(Inventory(**{**usual, **each}) for each in inventories)
    return Bucket(name="data", account="111122223333", region="eu-west-1", inventories=found)


GOOD = {}
CLOSED = Bucket(
    name="data", account="111122223333", region="eu-west-1", inventories=Unreadable("inventories", "AccessDenied"))

SCENARIOS = {
    "everything is listed every day": (bucket(GOOD), None, "COMPLIANT", "INVENTORIED"),
    "everything is listed every week": (bucket({"frequency": "Weekly"}), None, "COMPLIANT", "INVENTORIED"),
    "further fields are listed": (
        bucket({"fields": frozenset({*FIELDS, "ETag"})}), None, "COMPLIANT", "INVENTORIED"),
    "one of several is good": (
        bucket({"prefix": "tmp/"}, {"enabled": False}, GOOD), None, "COMPLIANT", "INVENTORIED"),
    "the lists are encrypted with KMS, as is asked": (
        bucket({"encryption": "SSE-KMS"}), {"ListsWithKms": "true"}, "COMPLIANT", "INVENTORIED"),
    "the destination is of another account": (
        bucket({"region": ABSENT, "account": "444455556666"}), None, "COMPLIANT", "INVENTORIED"),
    "there is no inventory": (bucket(), None, "NON_COMPLIANT", "NO_INVENTORY"),
    "the inventory is turned off": (bucket({"enabled": False}), None, "NON_COMPLIANT", "INVENTORY_OFF"),
    "a field is missing": (
        bucket({"fields": frozenset({*FIELDS} - {"BucketKeyStatus"})}), None, "NON_COMPLIANT", "FIELDS_MISSING"),
    "older versions are left out": (bucket({"versions": "Current"}), None, "NON_COMPLIANT", "CURRENT_VERSIONS_ONLY"),
    "it is made every week and asked for every day": (
        bucket({"frequency": "Weekly"}), {"InventoryFrequency": "Daily"}, "NON_COMPLIANT", "NOT_OFTEN_ENOUGH"),
    "only a prefix is listed": (bucket({"prefix": "orders/"}), None, "NON_COMPLIANT", "PREFIX_ONLY"),
    "the destination is in another Region": (
        bucket({"region": "eu-central-1"}), None, "NON_COMPLIANT", "DESTINATION_IN_ANOTHER_REGION"),
    "the lists take the destination's default and are to be encrypted with KMS": (
        bucket(GOOD), {"ListsWithKms": "true"}, "NON_COMPLIANT", "LISTS_NOT_ENCRYPTED_WITH_KMS"),
    "the inventories could not be read": (CLOSED, None, "UNDETERMINED", "INVENTORIES_UNREADABLE"),
    "the destination's Region could not be read": (
        bucket({"region": Unreadable("inventories", "AccessDenied")}), None, "UNDETERMINED", "INVENTORIES_UNREADABLE"),
}


class ScenariosTest(unittest.TestCase):
    def test_scenarios(self):
        for title, (facts, parameters, verdict, code) in SCENARIOS.items():
            with self.subTest(title):
                decision = RULE(RULE.Parameters.from_config(parameters or {})).judge(facts)
                self.assertEqual((decision.verdict, decision.codes[0]), (verdict, code))

    def test_a_destination_of_another_account_is_told(self):
        told = RULE().judge(bucket({"region": ABSENT, "account": "444455556666"})).advisories
        self.assertEqual([each.code for each in told], ["DESTINATION_NOT_CHECKED"])

    def test_the_inventory_with_the_fewest_flaws_is_told(self):
        codes = RULE().judge(bucket({"enabled": False, "prefix": "a/"}, {"versions": "Current"})).codes
        self.assertEqual(codes, ("CURRENT_VERSIONS_ONLY",))


if __name__ == "__main__":
    unittest.main()
