"""Which keys KMS rotates, and what it answers for the others.

Source: AWS KMS API Reference, EnableKeyRotation and GetKeyRotationStatus; the message about the origin is one that KMS
gave.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from s3_guardrails.embedded.call import Refused

DEFAULT_PERIOD: Final = 365
"""Days between rotations where none are set."""

SHORTEST, LONGEST = 90, 2560


def refuse_if_fixed(metadata: Mapping[str, Any]) -> None:
    """Refuse a key that cannot rotate: asymmetric, HMAC, imported material, custom key store."""
    for name, rotates in (("KeySpec", "SYMMETRIC_DEFAULT"), ("Origin", "AWS_KMS")):
        if metadata[name] != rotates:
            word = "origin" if name == "Origin" else "key spec"
            message = f"{metadata['Arn']} {word} is {metadata[name]} which is not valid for this operation."
            raise Refused("UnsupportedOperationException", message)


def refuse_unless_enabled(metadata: Mapping[str, Any]) -> None:
    """Refuse a change of rotation on a key that AWS manages or that is not enabled."""
    if metadata["KeyManager"] == "AWS":
        raise Refused("AccessDeniedException", f"{metadata['Arn']} is managed by AWS")
    state = metadata["KeyState"]
    if state == "Disabled":
        raise Refused("DisabledException", f"{metadata['Arn']} is disabled.")
    if state != "Enabled":
        raise Refused("KMSInvalidStateException", f"{metadata['Arn']} is {state}.")


def check_period(days: Any) -> int:
    """Return the period, or refuse one out of range."""
    if not isinstance(days, int) or not SHORTEST <= days <= LONGEST:
        raise Refused("ValidationException", f"RotationPeriodInDays: expected {SHORTEST} to {LONGEST}, found {days}")
    return days
