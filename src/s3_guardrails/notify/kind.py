"""What people are told of: each kind with its section of docs/runbooks.md, what it is called, and why it matters."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Final, NamedTuple

KMS: Final = "kms.amazonaws.com"
S3: Final = "s3.amazonaws.com"


class Kind(StrEnum):
    """One section of docs/runbooks.md each; the value is its anchor."""

    KEY_DISABLED = "key-disabled"
    KEY_DELETION = "key-deletion-scheduled"
    KEY_MATERIAL = "key-material-deleted"
    KEY_POLICY = "key-policy-changed"
    KEY_ROTATION = "key-rotation-changed"
    GRANT = "grant-created"
    BUCKET_POLICY = "bucket-policy-changed"
    BUCKET_ENCRYPTION = "bucket-encryption-changed"
    DENIALS = "use-of-keys-denied"
    FUNCTION_FAILED = "function-failed"
    RULE_SILENT = "rule-silent"
    UNKNOWN = "unknown-event"


class About(NamedTuple):
    """Words of a message."""

    title: str
    why: str


ABOUT: Final[Mapping[Kind, About]] = {
    Kind.KEY_DISABLED: About(
        "KMS key disabled", "What the key encrypted can be neither read nor written until the key is enabled again."
    ),
    Kind.KEY_DELETION: About(
        "KMS key deletion scheduled",
        "When the waiting period is over, what the key encrypted is lost for good; until then the key is out of use.",
    ),
    Kind.KEY_MATERIAL: About(
        "KMS key material deleted", "What the key encrypted cannot be read until the same material is imported again."
    ),
    Kind.KEY_POLICY: About(
        "KMS key policy changed",
        "The policy decides who uses and who administers the key, and who can lock others out.",
    ),
    Kind.KEY_ROTATION: About(
        "KMS key rotation changed", "Without rotation, or with a long period, one key material protects ever more data."
    ),
    Kind.GRANT: About(
        "KMS grant created",
        "A grant lets its grantee use the key whatever the key policy says, and no rule of this project sees grants.",
    ),
    Kind.BUCKET_POLICY: About(
        "Bucket policy changed", "What the policy denied may be possible now: plain HTTP, or uploads in a wrong mode."
    ),
    Kind.BUCKET_ENCRYPTION: About(
        "Bucket default encryption changed",
        "Uploads that name no encryption are kept in another mode or with another key.",
    ),
    Kind.DENIALS: About(
        "Uses of KMS keys denied", "Somebody tries keys without permission, or an application has lost its permission."
    ),
    Kind.FUNCTION_FAILED: About(
        "Guardrail function failed",
        "A verdict, a remediation or a message is missing; what AWS Config shows may be old.",
    ),
    Kind.RULE_SILENT: About(
        "Guardrail rule silent", "The rule was not asked for more than a day; what AWS Config shows of it is old."
    ),
    Kind.UNKNOWN: About(
        "Event not understood", "The event has a form that is not expected here; it is told rather than dropped."
    ),
}

CALLS: Final[Mapping[tuple[str, str], Kind]] = {
    (KMS, "DisableKey"): Kind.KEY_DISABLED,
    (KMS, "ScheduleKeyDeletion"): Kind.KEY_DELETION,
    (KMS, "DeleteImportedKeyMaterial"): Kind.KEY_MATERIAL,
    (KMS, "PutKeyPolicy"): Kind.KEY_POLICY,
    (KMS, "DisableKeyRotation"): Kind.KEY_ROTATION,
    (KMS, "EnableKeyRotation"): Kind.KEY_ROTATION,
    (KMS, "CreateGrant"): Kind.GRANT,
    (S3, "PutBucketPolicy"): Kind.BUCKET_POLICY,
    (S3, "DeleteBucketPolicy"): Kind.BUCKET_POLICY,
    (S3, "PutBucketEncryption"): Kind.BUCKET_ENCRYPTION,
    (S3, "DeleteBucketEncryption"): Kind.BUCKET_ENCRYPTION,
}
"""Service and operation, as CloudTrail names them → kind."""

METRICS: Final[Mapping[tuple[str, str], Kind]] = {
    ("AWS/Events", "MatchedEvents"): Kind.DENIALS,
    ("AWS/Lambda", "Errors"): Kind.FUNCTION_FAILED,
    ("AWS/Lambda", "Invocations"): Kind.RULE_SILENT,
}
"""Namespace and name of the metric that an alarm of the stack watches → kind."""
