"""A bucket's default encryption, as any reader delivers it."""

from __future__ import annotations

from dataclasses import dataclass

from s3_guardrails.encryption.mode import DSSE_KMS_HEADER, SSE_KMS_HEADER, SSE_S3_HEADER, EncryptionMode
from s3_guardrails.errors import UnreadableFact


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
