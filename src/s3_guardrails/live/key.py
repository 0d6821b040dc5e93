"""Read one fact of a key from KMS; which buckets use it comes from S3 (`live.usage`)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any, Final

from s3_guardrails.encryption.fact import ABSENT, Absent, Unreadable
from s3_guardrails.encryption.key import Key, KeyMetadata, Rotation
from s3_guardrails.errors import LiveReadFailed, UnreadableFact
from s3_guardrails.live import shape
from s3_guardrails.live.call import answer, whole
from s3_guardrails.live.clients import Clients
from s3_guardrails.live.default_key import Describe
from s3_guardrails.live.resolve import read_tags
from s3_guardrails.policy.document import Policy, parse_policy

MAX_PERIOD: Final = 10_000
"""Days; far above what KMS takes (90 to 2,560), and below what would be no number of days."""

Clock = Callable[[], datetime]
"""Returns now, with its zone."""


class KeyReader:
    """Completes keys of one account."""

    def __init__(
        self, clients: Clients, describe: Describe, users: Callable[[Key], frozenset[str] | Unreadable], clock: Clock
    ) -> None:
        """`users` tells which buckets use a key."""
        self._clients, self._describe, self._users, self._clock = clients, describe, users, clock

    def complete(self, key: Key, fact: str) -> Key:
        """Return the key with the named fact read."""
        match fact:
            case "metadata":
                return replace(key, metadata=self._metadata(key))
            case "rotation":
                return replace(key, rotation=self._rotation(key))
            case "policy":
                return replace(key, policy=self._policy(key))
            case "tags":
                return replace(key, tags=read_tags(self._clients, key.region, key.arn))
            case "material_age_days":
                return replace(key, material_age_days=self._material_age(key))
            case "buckets":
                return replace(key, buckets=self._users(key))
        raise LiveReadFailed(f"key fact `{fact}`: there is no live source for it")

    def _metadata(self, key: Key) -> KeyMetadata | Unreadable:
        found = self._describe(key.region, key.arn)
        if isinstance(found, Unreadable):
            return found
        return shape.fact("metadata", lambda: shape.key_metadata(found, key.key_id, "KeyMetadata"))

    def _rotation(self, key: Key) -> Rotation | Unreadable:
        def ask() -> Rotation:
            return rotation(self._clients.kms(key.region).get_key_rotation_status(KeyId=key.arn))

        return answer("rotation", ask)

    def _policy(self, key: Key) -> Policy | Unreadable:
        def ask() -> Policy:
            found = self._clients.kms(key.region).get_key_policy(KeyId=key.arn, PolicyName="default")
            return parse_policy(found["Policy"])

        return answer("policy", ask)

    def _material_age(self, key: Key) -> int | Absent | Unreadable:
        """Days since the current key material came into use; ABSENT where no material is imported.

        KMS gives no date of import. The current material's RotationDate is when it replaced an earlier one; a key that
        never had another material answers with its CreationDate, so that a later import counts as older than it is.
        """
        name = "material_age_days"
        found = self._describe(key.region, key.arn)
        if isinstance(found, Unreadable):
            return Unreadable(name, found.reason)
        if found.get("Origin") != "EXTERNAL" or found.get("KeyState") == "PendingImport":
            return ABSENT if isinstance(found.get("Origin"), str) else Unreadable(name, "Origin: found nothing")
        since: Any = found.get("CreationDate")
        if found.get("KeySpec") == "SYMMETRIC_DEFAULT":  # only these can rotate to other material
            rotated = answer(name, lambda: self._last_rotation(key))
            if isinstance(rotated, Unreadable):
                return rotated
            since = rotated or since
        if not isinstance(since, datetime):
            return Unreadable(name, "CreationDate: found nothing")
        return max(0, (self._clock() - since).days)

    def _last_rotation(self, key: Key) -> datetime | None:
        pages = self._clients.kms(key.region).get_paginator("list_key_rotations").paginate(KeyId=key.arn)
        dates = [each["RotationDate"] for page in whole(pages) for each in page["Rotations"] if "RotationDate" in each]
        return max(dates, default=None)


def rotation(found: Mapping[str, Any]) -> Rotation:
    """Read GetKeyRotationStatus; raise UnreadableFact where the answer lacks the status."""
    enabled, period = found.get("KeyRotationEnabled"), found.get("RotationPeriodInDays")
    if not isinstance(enabled, bool):
        raise UnreadableFact("rotation", f"KeyRotationEnabled: expected true or false, found {shape.kind(enabled)}")
    if period is not None and not (type(period) is int and 1 <= period <= MAX_PERIOD):
        raise UnreadableFact("rotation", f"RotationPeriodInDays: expected 1 to {MAX_PERIOD}, found another value")
    return Rotation(enabled, period)
