"""Describe the key that a bucket's default encryption leads to."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from s3_guardrails.encryption.bucket import Bucket
from s3_guardrails.encryption.fact import ABSENT, Absent, Missing, Unreadable
from s3_guardrails.encryption.usable_key import DefaultKey
from s3_guardrails.live import shape
from s3_guardrails.live.clients import Clients
from s3_guardrails.live.resolve import Resolver

Describe = Callable[[str, str], Mapping[str, Any] | Unreadable]
"""Region and key (id, ARN, alias) → DescribeKey's KeyMetadata."""

NAME = "default_key"


def read_default_key(
    clients: Clients, resolver: Resolver, describe: Describe, bucket: Bucket
) -> DefaultKey | Absent | Unreadable:
    """Return the key, Absent where the account has none that the setting means.

    What KMS says of a key of another account that it does not show proves nothing.
    """
    arn = _arn(resolver, bucket)
    if not isinstance(arn, str):
        return arn
    region, account, key_id = arn.split(":")[3], arn.split(":")[4], arn.rpartition("/")[2]
    if not clients.knows(region, bucket.partition):
        return Unreadable(NAME, "the setting's key ARN names a Region that is not known")
    found = describe(region, arn)
    if isinstance(found, Missing) and account == bucket.account:
        return ABSENT
    if isinstance(found, Unreadable):
        return Unreadable(NAME, found.reason)
    return shape.fact(NAME, lambda: DefaultKey(arn, shape.key_metadata(found, key_id, "KeyMetadata")))


def _arn(resolver: Resolver, bucket: Bucket) -> str | Absent | Unreadable:
    default = bucket.default_encryption
    if isinstance(default, Unreadable):
        return Unreadable(NAME, default.reason)
    setting = default.key or ""
    if ":alias/" in setting and setting.split(":")[4] != bucket.account:
        return Unreadable(NAME, "an alias of another account stands for a key that only that account knows")
    arn = resolver.arn_of(default.key, bucket.region)
    return Unreadable(NAME, arn.reason) if isinstance(arn, Unreadable) else arn or ABSENT
