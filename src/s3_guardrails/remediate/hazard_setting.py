"""The default encryption before and after a change, and what of the difference others feel."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from s3_guardrails.encryption.bucket import Bucket, DefaultEncryption
from s3_guardrails.encryption.fact import Unreadable
from s3_guardrails.encryption.mode import SSE_S3_HEADER
from s3_guardrails.errors import UnreadableFact
from s3_guardrails.live import shape
from s3_guardrails.remediate.change import Refusal
from s3_guardrails.remediate.hazard_evidence import unreadable

KEY_ARN: Final = re.compile(r"arn:([^:]+):kms:([^:]+):([0-9]{12}):key/.+")
"""Partition, Region and account of a key, where a setting names it by its ARN."""


@dataclass(frozen=True, slots=True)
class NewDefault:
    """The default before and after, and whether SSE-C was blocked before and is after (None: not known)."""

    before: DefaultEncryption
    after: DefaultEncryption
    blocked_before: frozenset[str] | Unreadable
    blocked_after: frozenset[str] | None

    @property
    def uses_kms(self) -> bool:
        """Do writes without a header need a KMS key after the change?"""
        return self.after.algorithm != SSE_S3_HEADER

    @property
    def another_key(self) -> bool:
        """Do they need another key than before?"""
        before = (self.before.algorithm != SSE_S3_HEADER, self.before.key)
        return self.uses_kms and before != (True, self.after.key)

    @property
    def bucket_key_on(self) -> bool:
        """Does a Bucket Key make their encryption context the bucket's ARN instead of the object's?"""
        was = self.before.bucket_key and self.before.algorithm == "aws:kms" and not self.another_key
        return self.after.algorithm == "aws:kms" and self.after.bucket_key and not was

    @property
    def matters(self) -> bool:
        """Can anybody be cut off?"""
        return (
            self.another_key or self.bucket_key_on or (self.uses_kms and self.before.algorithm != self.after.algorithm)
        )

    @property
    def newly_blocks_sse_c(self) -> bool:
        """May uploads with SSE-C, replicas of such objects included, be refused that are not refused today?"""
        before = self.blocked_before
        return "SSE-C" in (self.blocked_after or ()) and (isinstance(before, Unreadable) or "SSE-C" not in before)


def new_default(bucket: Bucket, configuration: Mapping[str, Any] | None) -> NewDefault | Refusal:
    """Read the change to a ServerSideEncryptionConfiguration; None is the state that S3 resets to: SSE-S3."""
    if isinstance(bucket.default_encryption, Unreadable):
        return unreadable(bucket.default_encryption, "it says who depends on which key today")
    path = "ServerSideEncryptionConfiguration"
    if configuration is None:
        after, blocked = DefaultEncryption(SSE_S3_HEADER), None
    else:
        try:
            after = shape.default_encryption(configuration, path)
            blocked = shape.blocked_encryption_types(configuration, path)
        except UnreadableFact as error:
            return unreadable(Unreadable("default_encryption", error.reason), "it is what would be written")
    return NewDefault(bucket.default_encryption, after, bucket.blocked_encryption_types, blocked)
