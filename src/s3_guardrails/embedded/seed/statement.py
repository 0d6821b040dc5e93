"""The sentences that bucket and key policies are made of, as policies are written in the wild."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from s3_guardrails.embedded.seed.who import root

Statement = dict[str, Any]
Conditions = Mapping[str, Mapping[str, Any]]
Words = str | Sequence[str]

MODE: Final = "s3:x-amz-server-side-encryption"
KEY: Final = "s3:x-amz-server-side-encryption-aws-kms-key-id"
CUSTOMER_KEY: Final = "s3:x-amz-server-side-encryption-customer-algorithm"
PLAIN_HTTP: Final[Conditions] = {"Bool": {"aws:SecureTransport": "false"}}

KMS_MODES: Final = ("aws:kms", "aws:kms:dsse")

WRITES: Final = ("s3:PutObject", "s3:ReplicateObject", "s3:UpdateObjectEncryption")
"""The actions that can set an object's encryption."""

USE: Final = ("kms:Encrypt", "kms:Decrypt", "kms:ReEncrypt*", "kms:GenerateDataKey*", "kms:DescribeKey")
"""What the KMS console grants to key users."""

WRITE: Final = ("kms:Encrypt", "kms:GenerateDataKey*")
"""What it takes to write and not to read."""

ADMINISTER: Final = (
    *("kms:Create*", "kms:Describe*", "kms:Enable*", "kms:List*", "kms:Put*", "kms:Update*", "kms:Revoke*"),
    *("kms:Disable*", "kms:Get*", "kms:Delete*", "kms:TagResource", "kms:UntagResource", "kms:ScheduleKeyDeletion"),
    *("kms:CancelKeyDeletion", "kms:RotateKeyOnDemand"),
)
"""What the KMS console grants to key administrators."""


def bucket_arn(bucket: str) -> str:
    """Return the ARN of the bucket itself."""
    return f"arn:aws:s3:::{bucket}"


def objects(bucket: str) -> str:
    """Return the ARN pattern of the bucket's objects."""
    return f"arn:aws:s3:::{bucket}/*"


def deny(sid: str, action: Words, resource: Words, when: Conditions, who: Any = "*") -> Statement:
    """Deny an action to everyone, or to some."""
    return _statement(sid, "Deny", {"Principal": who}, action, resource, when)


def whole(bucket: str) -> list[str]:
    """Return the ARNs of a bucket and its objects."""
    return [bucket_arn(bucket), objects(bucket)]


def allow(sid: str, who: Any, action: Words, resource: Words = "*", when: Conditions | None = None) -> Statement:
    """Allow an action to some; a key policy's resource is `*`, the key itself."""
    return _statement(sid, "Allow", {"Principal": who}, action, resource, when)


def tls_only(bucket: str, sid: str = "DenyPlainHttp") -> Statement:
    """Deny everything on the bucket and its objects without TLS: the form that AWS documents."""
    return deny(sid, "s3:*", whole(bucket), PLAIN_HTTP)


def deny_uploads(bucket: str, sid: str, when: Conditions) -> Statement:
    """Deny uploads on a condition about their encryption; replication and UpdateObjectEncryption write, too."""
    return deny(sid, "s3:PutObject", objects(bucket), when)


def deny_writes(bucket: str, sid: str, when: Conditions) -> Statement:
    """Deny whatever can set an object's encryption, on a condition about it."""
    return deny(sid, list(WRITES), objects(bucket), when)


def other_modes(bucket: str, *modes: str) -> Statement:
    """Deny writes whose header names another mode; uploads without the header take the bucket's default."""
    return deny_writes(bucket, "DenyOtherModes", {"Null": {MODE: "false"}, "StringNotEquals": {MODE: list(modes)}})


def other_keys(bucket: str, key: str) -> Statement:
    """Deny writes that name another key; `aws:kms` without a key id, the AWS managed key, is let through."""
    return deny_writes(bucket, "DenyOtherKeys", {"Null": {KEY: "false"}, "StringNotEquals": {KEY: key}})


def any_header_but(bucket: str, key: str) -> Statement:
    """Deny writes that ask for any encryption but the named key; `aws:kms` alone would mean the AWS managed key."""
    return deny_writes(bucket, "DenyOtherKeys", {"Null": {MODE: "false"}, "StringNotEquals": {KEY: key}})


def no_customer_keys(bucket: str) -> Statement:
    """Deny SSE-C, where the bucket's own setting does not block it."""
    return deny_uploads(bucket, "DenyCustomerProvidedKeys", {"Null": {CUSTOMER_KEY: "false"}})


def guarded(bucket: str, key: str) -> tuple[Statement, ...]:
    """TLS, KMS modes only where a header is sent, and one key only where a key is named: the model policy."""
    return tls_only(bucket), other_modes(bucket, *KMS_MODES), other_keys(bucket, key)


def account_root() -> Statement:
    """Let the account's identity policies decide: without it nobody may ever mend the key."""
    return allow("EnableIamPolicies", {"AWS": root()}, "kms:*")


def administrators(*arns: str) -> Statement:
    """Grant administration, in the console's words."""
    return allow("AllowAdministration", {"AWS": list(arns)}, list(ADMINISTER))


def users(*arns: str) -> Statement:
    """Grant use, in the console's words."""
    return allow("AllowUse", {"AWS": list(arns)}, list(USE))


def service_use(service: str, when: Conditions | None = None) -> Statement:
    """Let an AWS service encrypt with the key."""
    return allow("AllowService", {"Service": service}, ["kms:GenerateDataKey*", "kms:Decrypt"], when=when)


def _statement(
    sid: str, effect: str, who: Mapping[str, Any], action: Words, resource: Words, when: Conditions | None
) -> Statement:
    statement = {"Sid": sid, "Effect": effect, **who, "Action": action, "Resource": resource}
    return {**statement, "Condition": when} if when else statement
