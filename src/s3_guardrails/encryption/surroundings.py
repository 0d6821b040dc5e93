"""What surrounds a bucket: who and what else depends on how it is set up. A change is judged against these facts."""

from __future__ import annotations

from dataclasses import dataclass

from s3_guardrails.encryption.fact import Absent, Unreadable


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplicationRule:
    """One enabled rule by which S3 copies the bucket's new objects.

    `destination`: the bucket's ARN. `kms_objects`: SourceSelectionCriteria takes SSE-KMS objects along; without it S3
    leaves them out silently. `replica_key`: the key that encrypts the replicas of those (ReplicaKmsKeyID).
    """

    id: str
    destination: str
    kms_objects: bool = False
    replica_key: str | None = None


@dataclass(frozen=True, slots=True)
class Replication:
    """The role that S3 assumes to replicate, by ARN, and the rules that are enabled."""

    role: str
    rules: tuple[ReplicationRule, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class PublicAccessBlock:
    """The four settings of a public access block, of a bucket or of an account."""

    block_acls: bool = False
    ignore_acls: bool = False
    block_policy: bool = False
    restrict_buckets: bool = False


@dataclass(frozen=True, slots=True)
class DeliveryChannel:
    """An AWS Config delivery channel; with a `key` (ARN) its objects are written with it, whatever the default is."""

    name: str
    key: str | None = None


@dataclass(frozen=True, slots=True)
class Trail:
    """A CloudTrail trail; with a `key` (ARN) its log files are written with it.

    `digests`: log file validation is on. Digest files are stored with SSE-S3 even where the trail has a key (CloudTrail
    User Guide, "Encrypting CloudTrail log files with AWS KMS keys").
    """

    name: str
    key: str | None = None
    digests: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """The surroundings of one bucket. Every fact that was not obtained is Unreadable; none is guessed.

    `logs_from`: names of the account's buckets whose server access logs go to this bucket. `policy_is_public`: what S3
    itself says of the policy, Absent where there is none. `delivery_channels` and `trails`: those of the
    bucket's account, seen from its Region, that deliver to it.
    """

    website: bool | Unreadable = Unreadable("website", "not read")
    replication: Replication | Absent | Unreadable = Unreadable("replication", "not read")
    logs_from: frozenset[str] | Unreadable = Unreadable("logs_from", "not read")
    public_access_block: PublicAccessBlock | Absent | Unreadable = Unreadable("public_access_block", "not read")
    account_public_access_block: PublicAccessBlock | Absent | Unreadable = Unreadable(
        "account_public_access_block", "not read"
    )
    policy_is_public: bool | Absent | Unreadable = Unreadable("policy_is_public", "not read")
    delivery_channels: tuple[DeliveryChannel, ...] | Unreadable = Unreadable("delivery_channels", "not read")
    trails: tuple[Trail, ...] | Unreadable = Unreadable("trails", "not read")
