"""Facts about one general purpose bucket, as any reader delivers them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from s3_guardrails.encryption.fact import Absent, Unreadable
from s3_guardrails.encryption.mode import DSSE_KMS_HEADER, SSE_KMS_HEADER, SSE_S3_HEADER, EncryptionMode
from s3_guardrails.errors import UnreadableFact
from s3_guardrails.policy.document import Policy


@dataclass(frozen=True, slots=True)
class DefaultEncryption:
    """The bucket's setting for writes that name no mode.

    `algorithm` is the API's value (`AES256`, `aws:kms`, `aws:kms:dsse`); `key` is the setting's text (key ARN, key id,
    alias or alias ARN: S3 stores what it was given), None where the setting names none: SSE-S3, or the AWS managed key.
    """

    algorithm: str
    key: str | None = None
    bucket_key: bool = False

    @property
    def names_aws_managed_key(self) -> bool:
        """Does the setting lead to aws/s3, by naming no key or by its alias?"""
        return self.key is None or self.key.split(":")[-1] == "alias/aws/s3"

    @property
    def mode(self) -> EncryptionMode:
        """The mode, taking a key that is named other than by aws/s3's alias for a customer managed one."""
        match self.algorithm:
            case "AES256":
                return EncryptionMode.SSE_S3
            case "aws:kms":
                return EncryptionMode.SSE_KMS_AWS if self.names_aws_managed_key else EncryptionMode.SSE_KMS_CMK
            case "aws:kms:dsse":
                return EncryptionMode.DSSE_KMS_AWS if self.names_aws_managed_key else EncryptionMode.DSSE_KMS_CMK
        raise UnreadableFact("default_encryption", f"the algorithm `{self.algorithm}` is not one this release knows")


ALGORITHMS = (SSE_S3_HEADER, SSE_KMS_HEADER, DSSE_KMS_HEADER)


@dataclass(frozen=True, slots=True, kw_only=True)
class Bucket:
    """One bucket. Every fact that was not obtained is Unreadable; none is guessed.

    `as_of`: epoch seconds at which the facts were read; requests before that do not count.
    `tags`: no tags is an empty mapping. `blocked_encryption_types`: the API's values (`SSE-C`, `NONE`).
    `default_key_manager`: `AWS` or `CUSTOMER`, Absent where the setting names no key.
    `resolved_keys`: what an alias (`alias/x`) or a tag (`tag:Key=Value`) stands for in the bucket's own account and
    Region, as key ARNs.
    """

    name: str
    account: str
    region: str
    partition: str = "aws"
    as_of: float = 0.0
    tags: Mapping[str, str] | Unreadable = Unreadable("tags", "not read")
    default_encryption: DefaultEncryption | Unreadable = Unreadable("default_encryption", "not read")
    blocked_encryption_types: frozenset[str] | Unreadable = Unreadable("blocked_encryption_types", "not read")
    default_key_manager: str | Absent | Unreadable = Unreadable("default_key_manager", "not read")
    policy: Policy | Absent | Unreadable = Unreadable("policy", "not read")
    resolved_keys: Mapping[str, frozenset[str] | Unreadable] = field(default_factory=dict)

    @property
    def arn(self) -> str:
        """The ARN, in the bucket's partition."""
        return f"arn:{self.partition}:s3:::{self.name}"

    def keys_of(self, reference: str) -> frozenset[str]:
        """Return the ARNs that an alias or tag stands for; raise UnreadableFact (`resolved_keys:…`) if not resolved."""
        arns = self.resolved_keys.get(reference, Unreadable(f"resolved_keys:{reference}", "not resolved"))
        if isinstance(arns, Unreadable):
            raise UnreadableFact(f"resolved_keys:{reference}", arns.reason)
        return arns
