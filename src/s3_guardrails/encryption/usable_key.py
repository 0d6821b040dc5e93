"""Whether S3 can use the key that a bucket's default encryption leads to.

Sources: KMS Developer Guide, "Key states of AWS KMS keys" and "Importing key material"; S3 User Guide, "Using
server-side encryption with AWS KMS keys" (symmetric keys of the bucket's Region).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from s3_guardrails.decision import Reason
from s3_guardrails.encryption.default import DefaultEncryption
from s3_guardrails.encryption.key import KeyMetadata
from s3_guardrails.errors import UnreadableFact

WORKING: Final = frozenset({"Enabled", "Updating"})
"""States in which a key encrypts and decrypts; a multi-Region key is `Updating` while its primary Region changes."""

_FLAWS: Final = {
    "Disabled": ("KEY_DISABLED", "is disabled"),
    "PendingDeletion": ("KEY_PENDING_DELETION", "is scheduled for deletion, after which nothing under it can be read"),
    "PendingReplicaDeletion": ("KEY_PENDING_DELETION", "is scheduled for deletion, once its replicas are gone"),
    "PendingImport": ("KEY_WITHOUT_MATERIAL", "has no key material: it was never imported, was deleted or expired"),
    "Unavailable": ("KEY_UNAVAILABLE", "is unavailable: its key store is not connected"),
    "Creating": ("KEY_UNAVAILABLE", "is still being made"),
}
_DAY: Final = 86_400


@dataclass(frozen=True, slots=True)
class DefaultKey:
    """The key, by its ARN, and what DescribeKey says of it."""

    arn: str
    metadata: KeyMetadata


def region_flaw(region: str, default: DefaultEncryption) -> Reason | None:
    """Return what is wrong where the setting's ARN names another Region than the bucket's, which S3 does not check."""
    parts = (default.key or "").split(":")
    if len(parts) < 6 or parts[3] == region:
        return None
    what = f"the key is in {parts[3]} and the bucket in {region}: every write that takes the default fails"
    return Reason("KEY_IN_ANOTHER_REGION", what, {"key": default.key, "short": f"key {default.key}"})


def key_flaws(key: DefaultKey) -> Iterator[Reason]:
    """Yield why S3 cannot use the key; raise UnreadableFact for a state that this release does not know."""
    found, evidence = key.metadata, {"key": key.arn, "short": f"key {key.arn}"}
    if found.spec != "SYMMETRIC_DEFAULT" or found.usage != "ENCRYPT_DECRYPT":
        what = f"the key is {found.spec} for {found.usage}: S3 uses symmetric keys for encryption only"
        yield Reason("KEY_NOT_FOR_ENCRYPTION", what, evidence)
    if found.state in _FLAWS:
        code, what = _FLAWS[found.state]
        yield Reason(code, f"the key {what}: writes and reads fail", evidence)
    elif found.state not in WORKING:
        raise UnreadableFact("default_key", f"the key state `{found.state}` is not one this release knows")


def key_advisories(key: DefaultKey, now: float) -> Iterator[Reason]:
    """Yield what the owner of a working key should have thought of; `now` in epoch seconds."""
    found = key.metadata
    if found.multi_region:
        what = f"the key is a multi-Region {found.multi_region.lower()}"
        yield Reason("MULTI_REGION", f"{what}: whoever may use it in another Region can decrypt the same data there")
    if found.origin == "EXTERNAL":
        what = "AWS keeps no copy of imported key material: without one of your own, its loss is the data's loss"
        yield Reason("IMPORTED_MATERIAL", what)
    if found.expires is not None:
        day = datetime.fromtimestamp(found.expires, UTC).date().isoformat()
        left = max(0, int((found.expires - now) // _DAY))
        yield Reason("MATERIAL_EXPIRES", f"the key material expires on {day}, in {left} days: import it again before")
