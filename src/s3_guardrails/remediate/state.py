"""Read what a remediation changes, exactly as AWS answers it, and say which calls put an earlier state back."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from enum import StrEnum
from typing import Any, Final

from botocore.exceptions import BotoCoreError, ClientError

from s3_guardrails.encryption.bucket import Bucket
from s3_guardrails.encryption.key import Key
from s3_guardrails.errors import ChangeFailed, LiveReadFailed
from s3_guardrails.live.call import sentence
from s3_guardrails.live.clients import SessionClients
from s3_guardrails.remediate.change import ApiCall, State

Resource = Bucket | Key


class Setting(StrEnum):
    """The one element of a state, and what it is of."""

    POLICY = "policy"
    ENCRYPTION = "encryption"
    ROTATION = "rotation"
    KEY_POLICY = "key_policy"

    @property
    def of_bucket(self) -> bool:
        """Is it a setting of a bucket, or else of a key?"""
        return self in {Setting.POLICY, Setting.ENCRYPTION}


def read_state(setting: Setting, clients: SessionClients, resource: Resource) -> State:
    """Read the setting as it is now; raise ChangeFailed where that is refused, LiveReadFailed where nobody answers."""
    try:
        return {setting.value: _READERS[setting](clients, resource)}
    except ClientError as error:
        if _code(error).startswith("AccessDenied"):
            what = f"{sentence(error)}. Next step: let the remediation's role read the {setting.value}"
            raise ChangeFailed("STATE_UNREADABLE", what) from error
        raise LiveReadFailed(sentence(error)) from error
    except BotoCoreError as error:
        raise LiveReadFailed(sentence(error)) from error


def same(setting: Setting, state: State, other: State) -> bool:
    """Do two states mean the same? AWS may answer a policy with other spaces, and with its lists in another order."""
    return bool(_meaning(setting, state) == _meaning(setting, other))


def restore(setting: Setting, resource: Resource, state: State, over: State) -> tuple[ApiCall, ...]:
    """Return the calls that put the setting back to an earlier state, "there was none" included.

    `over`: the state that is replaced. What a bucket blocks is said: left out, it may stay as it is.
    """
    earlier = state[setting.value]
    if setting is Setting.ENCRYPTION and earlier and _blocks(over[setting.value]) and not _blocks(earlier):
        earlier = {**earlier, "Rules": [{_BLOCKED: _NOTHING, **each} for each in earlier["Rules"]]}
    return (_RESTORERS[setting](resource, earlier),)


def _blocks(configuration: Mapping[str, Any] | None) -> bool:
    return any(each.get(_BLOCKED, _NOTHING) != _NOTHING for each in (configuration or {}).get("Rules", ()))


def put_policy(bucket: Resource, text: str) -> ApiCall:
    """Return the write of a bucket policy."""
    return ApiCall("s3", "PutBucketPolicy", {**_owned(bucket), "Policy": text})


def put_encryption(bucket: Resource, configuration: Mapping[str, Any]) -> ApiCall:
    """Return the write of a bucket's default encryption."""
    found = {**_owned(bucket), "ServerSideEncryptionConfiguration": configuration}
    return ApiCall("s3", "PutBucketEncryption", found)


def set_rotation(key: Resource, days: int | None) -> ApiCall:
    """Return the write that rotates a key every so many days, or with None stops its rotation."""
    if days is None:
        return ApiCall("kms", "DisableKeyRotation", {"KeyId": key.arn})
    return ApiCall("kms", "EnableKeyRotation", {"KeyId": key.arn, "RotationPeriodInDays": days})


def put_key_policy(key: Resource, text: str) -> ApiCall:
    """Return the write of a key policy; KMS's own check against a lock-out stays on."""
    return ApiCall("kms", "PutKeyPolicy", {"KeyId": key.arn, "PolicyName": "default", "Policy": text})


def _bucket_policy(clients: SessionClients, bucket: Resource) -> Any:
    return _unless(
        "NoSuchBucketPolicy", lambda: clients.s3(bucket.region).get_bucket_policy(**_owned(bucket))["Policy"]
    )


def _encryption(clients: SessionClients, bucket: Resource) -> Any:
    return _unless(
        "ServerSideEncryptionConfigurationNotFoundError",
        lambda: clients.s3(bucket.region).get_bucket_encryption(**_owned(bucket))["ServerSideEncryptionConfiguration"],
    )


def _rotation(clients: SessionClients, key: Resource) -> Any:
    """Return the rotation, None for a key that has none to read; the rule then says why."""

    def ask() -> Mapping[str, Any]:
        found = clients.kms(key.region).get_key_rotation_status(KeyId=key.arn)
        return {"enabled": found["KeyRotationEnabled"], "days": found.get("RotationPeriodInDays")}

    return _unless("UnsupportedOperationException", lambda: _unless("KMSInvalidStateException", ask))


def _key_policy(clients: SessionClients, key: Resource) -> str:
    return clients.kms(key.region).get_key_policy(KeyId=key.arn, PolicyName="default")["Policy"]


def _unless(code: str, ask: Callable[[], Any]) -> Any:
    try:
        return ask()
    except ClientError as error:
        if _code(error) == code:
            return None
        raise


def _code(error: ClientError) -> str:
    return str(error.response.get("Error", {}).get("Code"))


def _owned(bucket: Resource) -> dict[str, str]:
    assert isinstance(bucket, Bucket)  # noqa: S101  # settings of buckets are asked of buckets
    return {"Bucket": bucket.name, "ExpectedBucketOwner": bucket.account}


def _without_policy(bucket: Resource, text: str | None) -> ApiCall:
    return put_policy(bucket, text) if text is not None else ApiCall("s3", "DeleteBucketPolicy", _owned(bucket))


def _without_encryption(bucket: Resource, found: Mapping[str, Any] | None) -> ApiCall:
    return put_encryption(bucket, found) if found else ApiCall("s3", "DeleteBucketEncryption", _owned(bucket))


def _as_rotated(key: Resource, found: Mapping[str, Any]) -> ApiCall:
    return set_rotation(key, (found["days"] or _YEAR) if found["enabled"] else None)


def _meaning(setting: Setting, state: State) -> Any:
    found = state[setting.value]
    if setting is Setting.ROTATION and found and not found["enabled"]:
        return {"enabled": False}
    if setting is Setting.ENCRYPTION and found:
        rules = [{k: v for k, v in each.items() if (k, v) != (_BLOCKED, _NOTHING)} for each in found.get("Rules", ())]
        return {**found, "Rules": rules}
    return _settled(json.loads(found)) if isinstance(found, str) else found


def _settled(node: Any) -> Any:
    """Put lists of texts in order; statements stay in theirs."""
    match node:
        case dict():
            return {name: _settled(each) for name, each in node.items()}
        case list() if all(isinstance(each, str) for each in node):
            return sorted(node)
        case list():
            return [_settled(each) for each in node]
    return node


_YEAR: Final = 365
_BLOCKED: Final = "BlockedEncryptionTypes"
_NOTHING: Final = {"EncryptionType": ["NONE"]}
"""What says that nothing is blocked, as saying nothing does."""

_READERS: Final[Mapping[Setting, Callable[[SessionClients, Resource], Any]]] = {
    Setting.POLICY: _bucket_policy,
    Setting.ENCRYPTION: _encryption,
    Setting.ROTATION: _rotation,
    Setting.KEY_POLICY: _key_policy,
}
_RESTORERS: Final[Mapping[Setting, Callable[[Resource, Any], ApiCall]]] = {
    Setting.POLICY: _without_policy,
    Setting.ENCRYPTION: _without_encryption,
    Setting.ROTATION: _as_rotated,
    Setting.KEY_POLICY: put_key_policy,
}
