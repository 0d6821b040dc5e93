"""LiveReader: the buckets and keys of one account, with facts read from S3 and KMS when a rule touches them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final

from s3_guardrails.encryption.bucket import Bucket
from s3_guardrails.encryption.fact import Missing, Unreadable
from s3_guardrails.encryption.key import Key
from s3_guardrails.errors import InputError, LiveReadFailed, UnreadableFact
from s3_guardrails.live.bucket import BucketReader, placeless
from s3_guardrails.live.call import Once, answer, listing
from s3_guardrails.live.clients import Clients
from s3_guardrails.live.key import Clock, KeyReader
from s3_guardrails.live.resolve import Resolver
from s3_guardrails.live.shape import kind
from s3_guardrails.live.usage import KeyUsage
from s3_guardrails.policy.document import Policy

MAX_BUCKETS: Final = 10_000
"""Buckets per page, the most that ListBuckets gives. Naming it makes S3 answer with each bucket's Region."""

_ARN: Final = re.compile(r"arn:(?P<partition>[^:]+):kms:(?P<region>[^:]+):(?P<account>[0-9]{12}):key/(?P<id>[\w-]+)")


class LiveReader:
    """Reads one account. What it reads of aliases, tags and settings it keeps, so a reader lives as long as one run."""

    def __init__(
        self, clients: Clients, account: str, region: str, partition: str = "aws", clock: Clock | None = None
    ) -> None:
        """`region` is where keys are listed; buckets are read in their own. `clock` gives now (default: the system)."""
        self.account, self.region, self.partition = account, region, partition
        self._clients = clients
        self._clock = clock or (lambda: datetime.now(UTC))
        self._described: Once[tuple[str, str], Mapping[str, Any] | Unreadable] = Once()
        self._listed: Once[None, tuple[Bucket, ...]] = Once()
        self.resolver = Resolver(clients, account, partition)
        self._buckets = BucketReader(clients, self.resolver, self._describe, self.list_buckets, self._policy_of)
        usage = KeyUsage(self.list_buckets, self.complete_bucket, self.resolver)
        self._keys = KeyReader(clients, self._describe, usage.buckets_of, self._clock)

    def list_buckets(self) -> tuple[Bucket, ...]:
        """Return every general purpose bucket of the account, with nothing read; raise LiveReadFailed."""
        return self._listed.get(None, lambda: listing(self._list_buckets))

    def bucket(self, name: str, region: str) -> Bucket:
        """Return a bucket with nothing read."""
        return Bucket(name=name, account=self.account, region=region, partition=self.partition, as_of=self._now())

    def find_bucket(self, name: str) -> Bucket:
        """Return a bucket in its own Region with nothing read; where that is closed to us every fact says why."""
        return self._placed(name, self._location(name))

    def complete_bucket(self, bucket: Bucket, fact: str) -> Bucket:
        """Return the bucket with one fact read, or Unreadable with a better reason; may raise LiveReadFailed."""
        return self._buckets.complete(bucket, fact)

    def list_keys(self) -> tuple[Key, ...]:
        """Return every key of the account in the reader's Region, with nothing read; raise LiveReadFailed."""
        arns = self.resolver.keys(self.region)
        if isinstance(arns, Unreadable):
            raise LiveReadFailed(f"ListKeys: {arns.reason}")
        return tuple(self.key(arn) for arn in arns)

    def key(self, key_id_or_arn: str) -> Key:
        """Return a key with nothing read; raise InputError for an ARN that is not a key's."""
        found = _ARN.fullmatch(key_id_or_arn)
        if not (found or re.fullmatch(r"[\w-]+", key_id_or_arn)):
            raise InputError(f"key `{key_id_or_arn}`: expected a key id or a key ARN")
        return Key(
            key_id=found["id"] if found else key_id_or_arn,
            account=found["account"] if found else self.account,
            region=found["region"] if found else self.region,
            partition=found["partition"] if found else self.partition,
            as_of=self._now(),
        )

    def complete_key(self, key: Key, fact: str) -> Key:
        """Return the key with one fact read, or Unreadable with a better reason; may raise LiveReadFailed."""
        return self._keys.complete(key, fact)

    def _policy_of(self, key: str) -> Policy | Unreadable:
        return self.complete_key(self.key(key), "policy").policy

    def _now(self) -> float:
        return self._clock().timestamp()

    def _describe(self, region: str, key: str) -> Mapping[str, Any] | Unreadable:
        """Return DescribeKey's KeyMetadata, asked once per key: many buckets share one."""

        def ask() -> Mapping[str, Any]:
            found: Any = self._clients.kms(region).describe_key(KeyId=key)["KeyMetadata"]
            if not isinstance(found, Mapping):
                raise UnreadableFact("metadata", f"KeyMetadata: expected an object, found {kind(found)}")
            return found

        missing = {"NotFoundException": Missing("metadata", "NotFoundException: KMS knows no such key")}
        return self._described.get((region, key), lambda: answer("metadata", ask, missing))

    def _list_buckets(self) -> tuple[Bucket, ...]:
        pages = self._clients.s3(self.region).get_paginator("list_buckets")
        return tuple(
            self._placed(each["Name"], each.get("BucketRegion") or self._location(each["Name"]))
            for page in pages.paginate(PaginationConfig={"PageSize": MAX_BUCKETS})
            for each in page["Buckets"]
        )

    def _placed(self, name: str, region: str | Unreadable) -> Bucket:
        """Return a bucket with nothing read; one whose Region is closed to us has "" for it and no fact can be read."""
        if isinstance(region, str):
            return self.bucket(name, region)
        return placeless(self.bucket(name, ""), region.reason)

    def _location(self, name: str) -> str | Unreadable:
        """Ask for the Region of a bucket that the listing gave none for."""

        def ask() -> str:
            client = self._clients.s3(self.region)
            answered = client.get_bucket_location(Bucket=name, ExpectedBucketOwner=self.account)
            found: str | None = answered.get("LocationConstraint")
            return {None: "us-east-1", "": "us-east-1", "EU": "eu-west-1"}.get(found, found or "us-east-1")

        return answer("region", ask)
