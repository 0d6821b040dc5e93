"""Read one fact of a bucket from S3 and KMS. Every S3 call names the account that must own the bucket."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final, TypeVar

from botocore.model import StructureShape

from s3_guardrails.encryption.bucket import Bucket, DefaultEncryption
from s3_guardrails.encryption.fact import ABSENT, Absent, Unreadable
from s3_guardrails.encryption.usable_key import DefaultKey
from s3_guardrails.errors import LiveReadFailed
from s3_guardrails.live import shape
from s3_guardrails.live.access_log import AccessLogs, KeyPolicy, ListBuckets
from s3_guardrails.live.call import answer
from s3_guardrails.live.clients import Clients
from s3_guardrails.live.default_key import Describe, read_default_key
from s3_guardrails.live.inventory import read_inventories
from s3_guardrails.live.resolve import Resolver
from s3_guardrails.policy.document import Policy, parse_policy

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

T = TypeVar("T")
SECTION: Final = "ServerSideEncryptionConfiguration"


class BucketReader:
    """Completes buckets of one account."""

    def __init__(
        self,
        clients: Clients,
        resolver: Resolver,
        describe: Describe,
        list_buckets: ListBuckets,
        policy_of: KeyPolicy,
    ) -> None:
        """Share the resolver, DescribeKey's answers and the listing with whoever reads the same account."""
        self._clients, self._resolver, self._describe = clients, resolver, describe
        self._list_buckets, self._policy_of = list_buckets, policy_of
        logs = AccessLogs(clients, list_buckets)
        self._facts: Mapping[str, Callable[[Bucket], Any]] = {
            "tags": self._tags,
            "policy": self._policy,
            "website": lambda bucket: read_website(clients, bucket),
            "access_logging": logs.logging,
            "logs_from": logs.logs_from,
            "log_target": lambda bucket: logs.target(bucket, self.complete, policy_of),
            "inventories": lambda bucket: read_inventories(clients, bucket, self._region_of),
        }

    def complete(self, bucket: Bucket, fact: str) -> Bucket:
        """Return the bucket with the named fact read; both facts of GetBucketEncryption are read in one call."""
        name, _, reference = fact.partition(":")
        if not bucket.region:
            return _still_placeless(bucket, name, reference)
        match name:
            case "default_encryption" | "blocked_encryption_types":
                return self._encryption(bucket)
            case "default_key_policy":
                return self._with_key_policy(bucket)
            case "default_key":
                bucket = self._with_default(bucket)
                return replace(
                    bucket, default_key=read_default_key(self._clients, self._resolver, self._describe, bucket)
                )
            case "default_key_manager":
                return self._with_key_manager(bucket)
            case "resolved_keys":
                arns = self._resolver.resolve(reference, bucket.region)
                return replace(bucket, resolved_keys={**bucket.resolved_keys, reference: arns})
        if name in self._facts:
            read: Any = {name: self._facts[name](bucket)}
            return replace(bucket, **read)
        raise LiveReadFailed(f"bucket fact `{fact}`: there is no live source for it")

    def _region_of(self, name: str) -> str | Absent | Unreadable:
        found = next((each for each in self._list_buckets() if each.name == name), None)
        if found is None:
            return ABSENT
        return found.region or Unreadable("inventories", f"the Region of bucket {name} is not known")

    def _tags(self, bucket: Bucket) -> Mapping[str, str] | Unreadable:
        def ask() -> Mapping[str, str]:
            client = self._clients.s3(bucket.region)
            found = client.get_bucket_tagging(Bucket=bucket.name, ExpectedBucketOwner=bucket.account)
            return shape.tags(found["TagSet"], "TagSet")

        return answer("tags", ask, {"NoSuchTagSet": {}})

    def _policy(self, bucket: Bucket) -> Policy | Absent | Unreadable:
        def ask() -> Policy | Absent:
            client = self._clients.s3(bucket.region)
            found = client.get_bucket_policy(Bucket=bucket.name, ExpectedBucketOwner=bucket.account)
            return parse_policy(found["Policy"])

        return answer("policy", ask, {"NoSuchBucketPolicy": ABSENT})

    def _encryption(self, bucket: Bucket) -> Bucket:
        """Fill what is unreadable of the two facts; what a configuration item said stays, it belongs to its moment."""
        default, blocked = self._read_encryption(bucket)
        return replace(
            bucket,
            default_encryption=_filled(bucket.default_encryption, default),
            blocked_encryption_types=_filled(bucket.blocked_encryption_types, blocked),
        )

    def _read_encryption(self, bucket: Bucket) -> tuple[DefaultEncryption | Unreadable, frozenset[str] | Unreadable]:
        client = self._clients.s3(bucket.region)

        def ask() -> Any:
            return client.get_bucket_encryption(Bucket=bucket.name, ExpectedBucketOwner=bucket.account).get(SECTION)

        found = answer("default_encryption", ask, _BEFORE_2023)
        if isinstance(found, Unreadable):
            return found, Unreadable("blocked_encryption_types", found.reason)
        default = shape.fact("default_encryption", lambda: shape.default_encryption(found, SECTION))
        if not _knows_blocked_types(client):
            return default, Unreadable("blocked_encryption_types", "this botocore drops BlockedEncryptionTypes")
        return default, shape.fact(
            "blocked_encryption_types", lambda: shape.blocked_encryption_types(found, SECTION) or frozenset()
        )

    def _with_default(self, bucket: Bucket) -> Bucket:
        return self._encryption(bucket) if isinstance(bucket.default_encryption, Unreadable) else bucket

    def _with_key_policy(self, bucket: Bucket) -> Bucket:
        if isinstance(bucket.default_key, Unreadable):
            bucket = self.complete(bucket, "default_key")
        key: Any = bucket.default_key
        if isinstance(key, DefaultKey):
            key = self._policy_of(key.arn)
        policy = Unreadable("default_key_policy", key.reason) if isinstance(key, Unreadable) else key
        return replace(bucket, default_key_policy=policy)

    def _with_key_manager(self, bucket: Bucket) -> Bucket:
        bucket = self._with_default(bucket)
        return replace(bucket, default_key_manager=self._key_manager(bucket))

    def _key_manager(self, bucket: Bucket) -> str | Absent | Unreadable:
        default = bucket.default_encryption
        if isinstance(default, Unreadable):
            return Unreadable("default_key_manager", default.reason)
        if default.key is None:
            return ABSENT
        region = default.key.split(":")[3] if default.key.count(":") >= 5 else bucket.region
        if region != bucket.region and not self._clients.knows(region, bucket.partition):
            return Unreadable("default_key_manager", "the setting's key ARN names a Region that is not known")
        found = self._describe(region, default.key)
        if isinstance(found, Unreadable):
            return Unreadable("default_key_manager", found.reason)
        manager = found.get("KeyManager")
        return manager if isinstance(manager, str) else Unreadable("default_key_manager", "KeyManager: found nothing")


def read_website(clients: Clients, bucket: Bucket) -> bool | Unreadable:
    """Has the bucket a website endpoint?"""

    def ask() -> bool:
        clients.s3(bucket.region).get_bucket_website(Bucket=bucket.name, ExpectedBucketOwner=bucket.account)
        return True

    return answer("website", ask, {"NoSuchWebsiteConfiguration": False})


def placeless(bucket: Bucket, reason: str) -> Bucket:
    """Return a bucket of unknown Region: every fact is Unreadable, as nobody knows where to ask."""

    def closed(name: str) -> Unreadable:
        return Unreadable(name, shape.first_line(f"the bucket's Region could not be read: {reason}"))

    return replace(
        bucket,
        region="",
        tags=closed("tags"),
        default_encryption=closed("default_encryption"),
        blocked_encryption_types=closed("blocked_encryption_types"),
        default_key_manager=closed("default_key_manager"),
        policy=closed("policy"),
        website=closed("website"),
        access_logging=closed("access_logging"),
        log_target=closed("log_target"),
        logs_from=closed("logs_from"),
        inventories=closed("inventories"),
        default_key=closed("default_key"),
        default_key_policy=closed("default_key_policy"),
    )


def _still_placeless(bucket: Bucket, name: str, reference: str) -> Bucket:
    if name != "resolved_keys":
        return bucket
    why = bucket.policy.reason if isinstance(bucket.policy, Unreadable) else "the bucket's Region is not known"
    closed = Unreadable(f"resolved_keys:{reference}", why)
    return replace(bucket, resolved_keys={**bucket.resolved_keys, reference: closed})


_BEFORE_2023: Final = {
    # S3 has answered AES256 for every bucket without a setting since January 2023 (S3 User Guide, "Setting default
    # server-side encryption behavior"), and stores objects so; only older emulations still give this error.
    "ServerSideEncryptionConfigurationNotFoundError": {
        "Rules": [{"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}]
    }
}


def _knows_blocked_types(client: S3Client) -> bool:
    """Does the SDK know the member? botocore before 1.41 drops it silently, as if no bucket blocked anything."""
    rule = client.meta.service_model.shape_for("ServerSideEncryptionRule")
    return isinstance(rule, StructureShape) and "BlockedEncryptionTypes" in rule.members


def _filled(before: T | Unreadable, read: T | Unreadable) -> T | Unreadable:
    return read if isinstance(before, Unreadable) else before
