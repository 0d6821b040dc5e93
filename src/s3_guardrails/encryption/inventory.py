"""S3 Inventory: the lists from which the encryption of all objects can be told.

Source: S3 API Reference, InventoryConfiguration (botocore 1.44's service model); S3 User Guide, "Amazon S3 Inventory".
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from s3_guardrails.decision import Reason
from s3_guardrails.encryption.fact import Absent, Unreadable

FIELDS: Final = ("EncryptionStatus", "BucketKeyStatus", "Size", "LastModifiedDate", "StorageClass")
"""Optional fields without which coverage by bytes, age, class and key cannot be told."""

FREQUENCIES: Final = ("Daily", "Weekly")


@dataclass(frozen=True, slots=True, kw_only=True)
class Inventory:
    """One inventory configuration.

    `destination`: name of the bucket that takes the lists; `account`: its account, where the configuration names one;
    `region`: its Region, Absent where the bucket's account has no such bucket. `encryption`: `SSE-S3` or `SSE-KMS`,
    None where the destination's default encryption decides.
    """

    id: str
    enabled: bool
    destination: str
    region: str | Absent | Unreadable
    account: str | None = None
    encryption: str | None = None
    versions: str = "All"
    frequency: str = "Daily"
    prefix: str | None = None
    fields: frozenset[str] = frozenset(FIELDS)


def inventory_flaws(region: str, each: Inventory, frequencies: tuple[str, ...], *, kms: bool) -> Iterator[Reason]:
    """Yield what keeps an inventory of a bucket of that Region from telling how its objects are encrypted."""
    if not each.enabled:
        yield Reason("INVENTORY_OFF", f"the inventory {each.id} is turned off")
    if missing := [name for name in FIELDS if name not in each.fields]:
        yield Reason("FIELDS_MISSING", f"the inventory {each.id} lacks {', '.join(missing)}", {"missing": missing})
    if each.versions != "All":
        yield Reason("CURRENT_VERSIONS_ONLY", f"the inventory {each.id} lists current versions only")
    if each.frequency not in frequencies:
        what = f"the inventory {each.id} is made {each.frequency.lower()}, expected {' or '.join(frequencies).lower()}"
        yield Reason("NOT_OFTEN_ENOUGH", what)
    if each.prefix:
        yield Reason("PREFIX_ONLY", f"the inventory {each.id} lists the prefix `{each.prefix}` only")
    if isinstance(each.region, str) and each.region != region:
        what = f"the inventory {each.id} goes to {each.destination} in {each.region}, the bucket is in {region}"
        yield Reason("DESTINATION_IN_ANOTHER_REGION", what)
    if kms and each.encryption != "SSE-KMS":
        yield Reason("LISTS_NOT_ENCRYPTED_WITH_KMS", f"the lists of the inventory {each.id} are not encrypted with KMS")
