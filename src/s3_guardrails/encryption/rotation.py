"""Which keys KMS can rotate on a schedule, and why it cannot rotate the others.

Source: KMS Developer Guide, "Rotate AWS KMS keys", and API reference, EnableKeyRotation and GetKeyRotationStatus.
"""

from __future__ import annotations

from typing import Final

from s3_guardrails.decision import Decision, Reason, not_applicable
from s3_guardrails.encryption.fact import Absent, Unreadable, known, wanted
from s3_guardrails.encryption.key import Key, KeyMetadata
from s3_guardrails.errors import ParameterError, UnreadableFact

LEAST_DAYS: Final = 90
MOST_DAYS: Final = 2560

_ASYMMETRIC: Final = ("RSA_", "ECC_", "SM2", "ML_DSA_", "ML_KEM_")
_STATES: Final = {
    "Disabled": ("KEY_DISABLED", "the key is disabled"),
    "PendingDeletion": ("PENDING_DELETION", "the key is scheduled for deletion"),
    "PendingReplicaDeletion": ("PENDING_DELETION", "the key is scheduled for deletion with its replicas"),
    "Creating": ("KEY_CREATING", "the key is being created"),
    "Updating": ("KEY_UPDATING", "the key is being updated"),
    "Unavailable": ("KEY_UNAVAILABLE", "the key's custom key store is not connected"),
}


def days(text: str) -> int:
    """Read a rotation period in days; raise ParameterError outside of what KMS accepts."""
    readable = len(text) <= len(str(MOST_DAYS)) and text.isascii() and text.isdigit()
    if not readable or not LEAST_DAYS <= int(text) <= MOST_DAYS:
        raise ParameterError(f"expected a number of days from {LEAST_DAYS} to {MOST_DAYS}, found `{text[:20]}`")
    return int(text)


def not_rotatable(key: Key) -> Decision | None:
    """Return why the key cannot rotate on a schedule, None where it can."""
    metadata = known(key.metadata)
    if metadata.origin == "EXTERNAL":
        return _imported(key)
    reason = _kind(metadata) or _STATES.get(metadata.state)
    return not_applicable(*reason) if reason else None


def _kind(metadata: KeyMetadata) -> tuple[str, str] | None:
    if metadata.spec.startswith("HMAC_"):
        return "HMAC", "HMAC keys cannot rotate"
    if metadata.spec.startswith(_ASYMMETRIC):
        return "ASYMMETRIC", "asymmetric keys cannot rotate"
    if metadata.spec != "SYMMETRIC_DEFAULT":
        raise UnreadableFact("metadata", f"the key spec `{metadata.spec}` is not one this release knows")
    if metadata.origin in {"AWS_CLOUDHSM", "EXTERNAL_KEY_STORE"}:
        return "CUSTOM_KEY_STORE", "keys of a custom key store cannot rotate"
    if metadata.origin != "AWS_KMS":
        raise UnreadableFact("metadata", f"the origin `{metadata.origin}` is not one this release knows")
    if metadata.multi_region == "REPLICA":
        primary = f" {metadata.primary_arn}" if metadata.primary_arn else ""
        return "REPLICA", f"a replica rotates with its primary key{primary}, where it is judged"
    return None


def _imported(key: Key) -> Decision:
    decision = not_applicable("IMPORTED_MATERIAL", "imported key material cannot rotate on a schedule")
    age: int | Absent | Unreadable = wanted(key.material_age_days)
    if isinstance(age, int):
        return decision.advised(Reason("MATERIAL_AGE", f"the imported key material is {age} days old"))
    why = "none is imported" if isinstance(age, Absent) else age.reason
    return decision.advised(Reason("MATERIAL_AGE", f"the age of the key material is not known: {why}"))
