"""Facts about one KMS key, as any reader delivers them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from s3_guardrails.encryption.fact import Absent, Unreadable
from s3_guardrails.policy.document import Policy


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyMetadata:
    """What DescribeKey says, in its own words.

    `manager`: `AWS` or `CUSTOMER`. `state`: `Enabled`, `Disabled`, `PendingDeletion`, `PendingReplicaDeletion`,
    `PendingImport`, `Creating`, `Updating`, `Unavailable`. `spec`: `SYMMETRIC_DEFAULT`, `RSA_2048`, `HMAC_256`, ….
    `origin`: `AWS_KMS`, `EXTERNAL`, `AWS_CLOUDHSM`, `EXTERNAL_KEY_STORE`. `multi_region`: `PRIMARY`, `REPLICA` or None.
    `expires`: epoch seconds at which imported material is deleted, None where it is not.
    """

    manager: str
    state: str
    spec: str = "SYMMETRIC_DEFAULT"
    usage: str = "ENCRYPT_DECRYPT"
    origin: str = "AWS_KMS"
    multi_region: str | None = None
    primary_arn: str | None = None
    expires: float | None = None


@dataclass(frozen=True, slots=True)
class Rotation:
    """What GetKeyRotationStatus says; `period_days` is None where the API gave none (90 to 2560)."""

    enabled: bool
    period_days: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Key:
    """One KMS key. Every fact that was not obtained is Unreadable; none is guessed.

    `as_of`: epoch seconds at which the facts were read; requests before that do not count.
    `material_age_days`: age of imported key material, Absent where none is imported.
    `buckets`: names of the account's buckets in the key's Region whose default encryption uses the key.
    """

    key_id: str
    account: str
    region: str
    partition: str = "aws"
    as_of: float = 0.0
    metadata: KeyMetadata | Unreadable = Unreadable("metadata", "not read")
    rotation: Rotation | Unreadable = Unreadable("rotation", "not read")
    policy: Policy | Unreadable = Unreadable("policy", "not read")
    tags: Mapping[str, str] | Unreadable = Unreadable("tags", "not read")
    material_age_days: int | Absent | Unreadable = Unreadable("material_age_days", "not read")
    buckets: frozenset[str] | Unreadable = Unreadable("buckets", "not read")

    @property
    def arn(self) -> str:
        """The ARN, in the key's partition."""
        return f"arn:{self.partition}:kms:{self.region}:{self.account}:key/{self.key_id}"
