"""Which buckets of an account use a key: those in the key's Region whose default encryption leads to it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from s3_guardrails.encryption.bucket import Bucket, DefaultEncryption
from s3_guardrails.encryption.fact import Unreadable
from s3_guardrails.encryption.key import Key
from s3_guardrails.encryption.mode import SSE_S3_HEADER
from s3_guardrails.live.call import Once, gather
from s3_guardrails.live.resolve import Resolver
from s3_guardrails.live.shape import first_line


@dataclass(frozen=True, slots=True)
class _Users:
    by_key: dict[str, set[str]] = field(default_factory=dict)
    closed: list[str] = field(default_factory=list)


class KeyUsage:
    """Reads the default encryption of each bucket once per Region, when the first key asks."""

    def __init__(
        self,
        list_buckets: Callable[[], Sequence[Bucket]],
        complete: Callable[[Bucket, str], Bucket],
        resolver: Resolver,
    ) -> None:
        """Take how to list buckets and how to complete one."""
        self._list_buckets, self._complete, self._resolver = list_buckets, complete, resolver
        self._users: Once[str, _Users] = Once()

    def buckets_of(self, key: Key) -> frozenset[str] | Unreadable:
        """Return the names of the buckets found to use the key.

        Where a bucket's setting is closed to us, the names found are at least those that use the key, and finding none
        is Unreadable: whether a key belongs to buckets at all is then never answered wrongly.
        """
        users = self._users.get(key.region, lambda: self._read(key.region))
        found = users.by_key.get(key.arn, set())
        if not found and users.closed:
            return Unreadable("buckets", users.closed[0])
        return frozenset(found)

    def _read(self, region: str) -> _Users:
        users = _Users()
        buckets = [each for each in self._list_buckets() if each.region in (region, "")]  # "": unknown
        for bucket in gather(lambda each: self._complete(each, "default_encryption"), buckets):
            default = bucket.default_encryption
            arn = default if isinstance(default, Unreadable) else self._arn_of(default, region)
            if isinstance(arn, Unreadable):
                users.closed.append(first_line(f"default encryption of bucket {bucket.name}: {arn.reason}"))
            elif arn is not None:
                users.by_key.setdefault(arn, set()).add(bucket.name)
        return users

    def _arn_of(self, default: DefaultEncryption, region: str) -> str | Unreadable | None:
        return None if default.algorithm == SSE_S3_HEADER else self._resolver.arn_of(default.key, region)
