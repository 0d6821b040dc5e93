"""Judge the key that a bucket's default encryption names."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Final

from s3_guardrails.decision import Reason
from s3_guardrails.encryption.approval import ApprovedKeys
from s3_guardrails.encryption.bucket import Bucket, DefaultEncryption
from s3_guardrails.encryption.fact import known
from s3_guardrails.encryption.mode import EncryptionMode

_KEY_ARN: Final = r"arn:[^:]+:kms:[^:]*:([0-9]{12}):key/.+"
_MANAGED: Final = {
    EncryptionMode.SSE_KMS_CMK: EncryptionMode.SSE_KMS_AWS,
    EncryptionMode.DSSE_KMS_CMK: EncryptionMode.DSSE_KMS_AWS,
}


def settled(bucket: Bucket, default: DefaultEncryption, approved: ApprovedKeys) -> DefaultEncryption:
    """Return the default as what it leads to: the AWS managed key, named by its ARN, is no customer managed key."""
    mode = true_mode(bucket, default, approved)
    return default if mode is default.mode else replace(default, key=None)


def manager_matters(default: DefaultEncryption, accepted: frozenset[EncryptionMode]) -> bool:
    """Does it depend on who manages the key whether the mode is accepted?"""
    pair = {default.mode, _MANAGED.get(default.mode, default.mode)}
    return len(pair) > 1 and len(pair & accepted) == 1


def form_flaw(default: DefaultEncryption) -> Reason | None:
    """Return what is wrong with the form in which the default names a key, None where nothing is."""
    setting = default.key or ""
    evidence = {"key": setting, "short": f"key {setting}"}
    if default.names_aws_managed_key or re.fullmatch(_KEY_ARN, setting):
        return None
    if "alias/" in setting:
        what = "the default names an alias, which every writer's own account resolves for itself"
        return Reason("KEY_IS_ALIAS", what, evidence)
    what = "the default names a bare key id, which every writer's own account resolves for itself"
    return Reason("KEY_IS_BARE_ID", what, evidence)


def true_mode(bucket: Bucket, default: DefaultEncryption, approved: ApprovedKeys) -> EncryptionMode:
    """Return the mode, asking who manages a key of the bucket's own account that is not approved by its ARN.

    The AWS managed key can be named by its ARN, which no reader of the setting can tell from a customer managed key's.
    """
    mode = default.mode
    if mode not in _MANAGED or default.key is None:
        return mode
    arn = re.fullmatch(_KEY_ARN, default.key)
    if arn and (arn[1] != bucket.account or approved.names(bucket, default.key)):
        return mode
    return _MANAGED[mode] if known(bucket.default_key_manager) == "AWS" else mode


def key_flaw(bucket: Bucket, default: DefaultEncryption, approved: ApprovedKeys) -> Reason | None:
    """Return what is wrong with the key of a customer managed default, None where nothing is."""
    setting = default.key or ""
    arn = re.fullmatch(_KEY_ARN, setting)
    evidence = {"key": setting, "short": f"key {setting}"}
    if not arn:
        return form_flaw(default)
    if approved.names(bucket, setting) or approved.trusts(bucket, arn[1]):
        return None
    if arn[1] != bucket.account:
        return Reason(
            "KEY_OF_ANOTHER_ACCOUNT", f"the default key is of account {arn[1]}, which is not trusted", evidence
        )
    return Reason("KEY_NOT_APPROVED", "the default key is not an approved one", evidence)
