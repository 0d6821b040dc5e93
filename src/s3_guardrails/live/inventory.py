"""Read a bucket's inventory configurations: all pages, as one that is left out may be the one that matters."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from s3_guardrails.encryption.bucket import Bucket
from s3_guardrails.encryption.fact import Absent, Unreadable
from s3_guardrails.encryption.inventory import Inventory
from s3_guardrails.live.call import answer
from s3_guardrails.live.clients import Clients

RegionOf = Callable[[str], str | Absent | Unreadable]
"""Name of a bucket → its Region, Absent where the account has no such bucket."""


def read_inventories(clients: Clients, bucket: Bucket, region_of: RegionOf) -> tuple[Inventory, ...] | Unreadable:
    """Return every inventory of the bucket, enabled or not."""
    name = "inventories"
    found = answer(name, lambda: tuple(_configurations(clients, bucket)))
    if isinstance(found, Unreadable):
        return found
    return answer(name, lambda: tuple(_inventory(each, region_of) for each in found))


def _configurations(clients: Clients, bucket: Bucket) -> Iterator[Mapping[str, Any]]:
    place: dict[str, Any] = {"Bucket": bucket.name, "ExpectedBucketOwner": bucket.account}
    while True:
        page = clients.s3(bucket.region).list_bucket_inventory_configurations(**place)
        yield from page.get("InventoryConfigurationList", ())
        if not page.get("IsTruncated"):
            return
        place["ContinuationToken"] = page["NextContinuationToken"]


def _inventory(found: Mapping[str, Any], region_of: RegionOf) -> Inventory:
    to = found["Destination"]["S3BucketDestination"]
    name = to["Bucket"].rpartition(":::")[2]
    encryption = to.get("Encryption", {})
    modes = (mode for member, mode in (("SSEKMS", "SSE-KMS"), ("SSES3", "SSE-S3")) if member in encryption)
    return Inventory(
        id=found["Id"],
        enabled=found["IsEnabled"],
        destination=name,
        region=region_of(name),
        account=to.get("AccountId"),
        encryption=next(modes, None),
        versions=found["IncludedObjectVersions"],
        frequency=found["Schedule"]["Frequency"],
        prefix=found.get("Filter", {}).get("Prefix") or None,
        fields=frozenset(found.get("OptionalFields", ())),
    )
