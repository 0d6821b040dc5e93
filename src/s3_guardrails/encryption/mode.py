"""How S3 can store an object encrypted, and the header values that ask for it.

Source: S3 API reference, PutObject and PutBucketEncryption (`ServerSideEncryption`), service model of botocore 1.44.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Final


class EncryptionMode(StrEnum):
    """An encryption mode together with who manages the key."""

    SSE_S3 = "SSE-S3"
    SSE_KMS_AWS = "SSE-KMS-AWS"
    SSE_KMS_CMK = "SSE-KMS-CMK"
    DSSE_KMS_AWS = "DSSE-KMS-AWS"
    DSSE_KMS_CMK = "DSSE-KMS-CMK"
    SSE_C = "SSE-C"

    @property
    def header(self) -> str | None:
        """The value of `x-amz-server-side-encryption` that asks for this mode; SSE-C uses headers of its own."""
        return _HEADERS.get(self)

    @property
    def uses_kms(self) -> bool:
        """Is the object's data key wrapped by a KMS key?"""
        return self not in {EncryptionMode.SSE_S3, EncryptionMode.SSE_C}

    @property
    def meaning(self) -> str:
        """The name a person would use."""
        return _TITLES[self]


SSE_S3_HEADER: Final = "AES256"
SSE_KMS_HEADER: Final = "aws:kms"
DSSE_KMS_HEADER: Final = "aws:kms:dsse"

_HEADERS: Final = {
    EncryptionMode.SSE_S3: SSE_S3_HEADER,
    EncryptionMode.SSE_KMS_AWS: SSE_KMS_HEADER,
    EncryptionMode.SSE_KMS_CMK: SSE_KMS_HEADER,
    EncryptionMode.DSSE_KMS_AWS: DSSE_KMS_HEADER,
    EncryptionMode.DSSE_KMS_CMK: DSSE_KMS_HEADER,
}

_TITLES: Final = {
    EncryptionMode.SSE_S3: "SSE-S3",
    EncryptionMode.SSE_KMS_AWS: "SSE-KMS with the AWS managed key",
    EncryptionMode.SSE_KMS_CMK: "SSE-KMS with a customer managed key",
    EncryptionMode.DSSE_KMS_AWS: "DSSE-KMS with the AWS managed key",
    EncryptionMode.DSSE_KMS_CMK: "DSSE-KMS with a customer managed key",
    EncryptionMode.SSE_C: "SSE-C",
}

NAMES: Final = {
    "SSE-S3": frozenset({EncryptionMode.SSE_S3}),
    "SSE-KMS": frozenset({EncryptionMode.SSE_KMS_AWS, EncryptionMode.SSE_KMS_CMK}),
    "SSE-KMS-AWS": frozenset({EncryptionMode.SSE_KMS_AWS}),
    "SSE-KMS-CMK": frozenset({EncryptionMode.SSE_KMS_CMK}),
    "DSSE-KMS": frozenset({EncryptionMode.DSSE_KMS_AWS, EncryptionMode.DSSE_KMS_CMK}),
    "DSSE-KMS-AWS": frozenset({EncryptionMode.DSSE_KMS_AWS}),
    "DSSE-KMS-CMK": frozenset({EncryptionMode.DSSE_KMS_CMK}),
}
"""The words a parameter may use for modes; `SSE-KMS` accepts either key manager, `-CMK` only customer managed keys."""

ANY_BUT_SSE_C: Final = frozenset(EncryptionMode) - {EncryptionMode.SSE_C}
"""What an unclassified bucket accepts."""
