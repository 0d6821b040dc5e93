"""Read what surrounds a bucket, only what is asked for; each fact is a value, absent, or unreadable with the reason.

A bucket's logging target is in its own account and Region, so these buckets are asked. AWS Config's delivery channels
are those of the bucket's Region; trails are all that the Region shows, multi-Region and organization trails included.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any, Final, TypeVar

from s3_guardrails.encryption.bucket import Bucket
from s3_guardrails.encryption.fact import ABSENT, Absent, Unreadable
from s3_guardrails.encryption.surroundings import (
    DeliveryChannel,
    PublicAccessBlock,
    Replication,
    ReplicationRule,
    Surroundings,
    Trail,
)
from s3_guardrails.errors import LiveReadFailed
from s3_guardrails.live.access_log import AccessLogs, ListBuckets
from s3_guardrails.live.bucket import read_website
from s3_guardrails.live.call import Once, answer
from s3_guardrails.live.clients import Clients

D = TypeVar("D", DeliveryChannel, Trail)


class Deliveries:
    """What AWS Config and CloudTrail deliver, and where to: each Region is asked once, for all its buckets."""

    def __init__(self, clients: Clients) -> None:
        """Read nothing yet."""
        self._clients = clients
        self._channels: Once[str, Sequence[tuple[str, DeliveryChannel]] | Unreadable] = Once()
        self._trails: Once[str, Sequence[tuple[str, Trail]] | Unreadable] = Once()

    def channels(self, bucket: Bucket) -> tuple[DeliveryChannel, ...] | Unreadable:
        """Return the delivery channels of the bucket's Region that deliver to it."""
        return _to(bucket, self._channels.get(bucket.region, lambda: _channels(self._clients, bucket.region)))

    def trails(self, bucket: Bucket) -> tuple[Trail, ...] | Unreadable:
        """Return the trails seen from the bucket's Region that deliver to it."""
        return _to(bucket, self._trails.get(bucket.region, lambda: _trails(self._clients, bucket.region)))


def read_surroundings(
    clients: Clients,
    list_buckets: ListBuckets,
    bucket: Bucket,
    wanted: Collection[str],
    deliveries: Deliveries | None = None,
) -> Surroundings:
    """Return the surroundings with the named facts read; raise LiveReadFailed where a service did not answer.

    `deliveries`: shared by those who read many buckets.
    """
    read: dict[str, Any] = {name: _READERS[name](clients, bucket) for name in wanted if name in _READERS}
    deliveries = deliveries or Deliveries(clients)
    if "delivery_channels" in wanted:
        read["delivery_channels"] = deliveries.channels(bucket)
    if "trails" in wanted:
        read["trails"] = deliveries.trails(bucket)
    if "logs_from" in wanted:
        read["logs_from"] = AccessLogs(clients, list_buckets).logs_from(bucket)
    if "account_public_access_block" in wanted and _account_matters(read):
        read["account_public_access_block"] = _account_block(clients, bucket)
    unknown = set(wanted) - set(Surroundings.__dataclass_fields__)
    if unknown:
        raise LiveReadFailed(f"surroundings `{min(unknown)}`: there is no live source for it")
    return Surroundings(**read)


def _account_matters(read: Mapping[str, Any]) -> bool:
    """Does it depend on the account's block whether S3 takes a policy? Not where the bucket's own already says."""
    block = read.get("public_access_block")
    on = isinstance(block, PublicAccessBlock) and block.block_policy
    return not on and read.get("policy_is_public") not in (False, ABSENT)


def _owned(bucket: Bucket) -> dict[str, str]:
    return {"Bucket": bucket.name, "ExpectedBucketOwner": bucket.account}


def _replication(clients: Clients, bucket: Bucket) -> Replication | Absent | Unreadable:
    def ask() -> Replication | Absent:
        found: Any = clients.s3(bucket.region).get_bucket_replication(**_owned(bucket))["ReplicationConfiguration"]
        return Replication(found["Role"], tuple(_rule(each) for each in found["Rules"] if each["Status"] == "Enabled"))

    return answer("replication", ask, {"ReplicationConfigurationNotFoundError": ABSENT})


def _rule(rule: Mapping[str, Any]) -> ReplicationRule:
    destination = rule["Destination"]
    selected = rule.get("SourceSelectionCriteria", {}).get("SseKmsEncryptedObjects", {})
    return ReplicationRule(
        id=rule.get("ID", ""),
        destination=destination["Bucket"],
        kms_objects=selected.get("Status") == "Enabled",
        replica_key=destination.get("EncryptionConfiguration", {}).get("ReplicaKmsKeyID"),
    )


def _block(found: Mapping[str, Any]) -> PublicAccessBlock:
    settings = found["PublicAccessBlockConfiguration"]
    return PublicAccessBlock(
        block_acls=settings.get("BlockPublicAcls", False),
        ignore_acls=settings.get("IgnorePublicAcls", False),
        block_policy=settings.get("BlockPublicPolicy", False),
        restrict_buckets=settings.get("RestrictPublicBuckets", False),
    )


_NO_BLOCK: Final[Mapping[str, PublicAccessBlock | Absent]] = {"NoSuchPublicAccessBlockConfiguration": ABSENT}


def _public_access_block(clients: Clients, bucket: Bucket) -> PublicAccessBlock | Absent | Unreadable:
    def ask() -> PublicAccessBlock | Absent:
        return _block(clients.s3(bucket.region).get_public_access_block(**_owned(bucket)))

    return answer("public_access_block", ask, _NO_BLOCK)


def _account_block(clients: Clients, bucket: Bucket) -> PublicAccessBlock | Absent | Unreadable:
    def ask() -> PublicAccessBlock | Absent:
        return _block(clients.client("s3control", bucket.region).get_public_access_block(AccountId=bucket.account))

    return answer("account_public_access_block", ask, _NO_BLOCK)


def _policy_is_public(clients: Clients, bucket: Bucket) -> bool | Absent | Unreadable:
    def ask() -> bool | Absent:
        return clients.s3(bucket.region).get_bucket_policy_status(**_owned(bucket))["PolicyStatus"]["IsPublic"]

    return answer("policy_is_public", ask, {"NoSuchBucketPolicy": ABSENT})


def _to(bucket: Bucket, found: Sequence[tuple[str, D]] | Unreadable) -> tuple[D, ...] | Unreadable:
    return found if isinstance(found, Unreadable) else tuple(each for name, each in found if name == bucket.name)


def _channels(clients: Clients, region: str) -> Sequence[tuple[str, DeliveryChannel]] | Unreadable:
    def ask() -> Sequence[tuple[str, DeliveryChannel]]:
        found = clients.client("config", region).describe_delivery_channels()["DeliveryChannels"]
        return [(each.get("s3BucketName", ""), _channel(each)) for each in found]

    return answer("delivery_channels", ask)


def _channel(found: Mapping[str, Any]) -> DeliveryChannel:
    return DeliveryChannel(found["name"], found.get("s3KmsKeyArn"))


def _trails(clients: Clients, region: str) -> Sequence[tuple[str, Trail]] | Unreadable:
    def ask() -> Sequence[tuple[str, Trail]]:
        found = clients.client("cloudtrail", region).describe_trails(includeShadowTrails=True)["trailList"]
        return [(each.get("S3BucketName", ""), _trail(each)) for each in found]

    return answer("trails", ask)


def _trail(found: Mapping[str, Any]) -> Trail:
    return Trail(found["TrailARN"], found.get("KmsKeyId"), found.get("LogFileValidationEnabled", True))


_READERS: Final[Mapping[str, Callable[[Clients, Bucket], Any]]] = {
    "website": read_website,
    "replication": _replication,
    "public_access_block": _public_access_block,
    "policy_is_public": _policy_is_public,
}
