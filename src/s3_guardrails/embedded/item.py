"""Configuration items as AWS Config pushes them, made of what the account's APIs answer.

The shapes are those of captured items (version 1.3): strings inside strings, `policyText`, camelCase, tags as a map for
buckets and as a list for keys. What the recorder may not read is left out of the item, as AWS Config leaves it out.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any, Final

from botocore.exceptions import ClientError

BUCKET: Final = "AWS::S3::Bucket"
KEY: Final = "AWS::KMS::Key"

Item = dict[str, Any]


class Recorder:
    """Reads resources with the given clients and writes their items."""

    def __init__(self, s3: Any, kms: Any, account: str, region: str) -> None:
        """Take the clients of the recorder's own identity."""
        self._s3, self._kms, self._account, self._region = s3, kms, account, region

    def bucket(self, name: str) -> Item:
        """Return the item of a bucket. Blocked encryption types are in no published item, hence not in this one."""
        supplementary = {
            "AccessControlList": json.dumps({"grantSet": None, "grantList": [], "isRequesterCharged": False}),
            "BucketAccelerateConfiguration": {"status": None},
            "BucketLoggingConfiguration": {"destinationBucketName": None, "logFilePrefix": None},
            "BucketNotificationConfiguration": {"configurations": {}},
            "BucketVersioningConfiguration": {"status": "Off", "isMfaDeleteEnabled": None},
            "IsRequesterPaysEnabled": False,
        }
        tags = _read(lambda: _tags(self._s3.get_bucket_tagging(Bucket=name)["TagSet"]), {"NoSuchTagSet": {}})
        sections: dict[str, Any] = {
            "BucketPolicy": _read(lambda: self._policy(name), {"NoSuchBucketPolicy": {"policyText": None}}),
            "BucketTaggingConfiguration": {"tagSets": [{"tags": tags}]} if tags else None,
            "ServerSideEncryptionConfiguration": _read(lambda: self._encryption(name)),
        }
        supplementary |= {section: value for section, value in sections.items() if value is not None}
        owner = {"displayName": None, "id": self._account}
        return {
            **self._envelope(BUCKET, name, f"arn:aws:s3:::{name}", "Regional"),
            "configuration": {"name": name, "owner": owner, "creationDate": _iso(datetime.now(UTC))},
            "supplementaryConfiguration": supplementary,
            **({} if tags is None else {"tags": tags}),
        }

    def key(self, key_id: str) -> Item:
        """Return the item of a key; rotation periods are in no item."""
        metadata = self._kms.describe_key(KeyId=key_id)["KeyMetadata"]
        tags = _read(lambda: self._kms.list_resource_tags(KeyId=key_id)["Tags"])
        sections: dict[str, Any] = {
            "Policy": _read(lambda: self._kms.get_key_policy(KeyId=key_id, PolicyName="default")["Policy"]),
            "KeyRotationStatus": _read(lambda: self._kms.get_key_rotation_status(KeyId=key_id)["KeyRotationEnabled"]),
            "Tags": None if tags is None else [{"tagKey": e["TagKey"], "tagValue": e["TagValue"]} for e in tags],
        }
        return {
            **self._envelope(KEY, key_id, metadata["Arn"], "Not Applicable"),
            "configuration": _camel(metadata),
            "supplementaryConfiguration": {name: value for name, value in sections.items() if value is not None},
            **({} if tags is None else {"tags": {each["TagKey"]: each["TagValue"] for each in tags}}),
        }

    def _envelope(self, resource_type: str, resource_id: str, arn: str, zone: str) -> Item:
        now = datetime.now(UTC)
        return {
            "relatedEvents": [],
            "relationships": [],
            "configurationItemVersion": "1.3",
            "configurationItemCaptureTime": _iso(now),
            "configurationStateId": int(now.timestamp() * 1000),
            "awsAccountId": self._account,
            "configurationItemStatus": "OK",
            "resourceType": resource_type,
            "resourceId": resource_id,
            "resourceName": resource_id,
            "ARN": arn,
            "awsRegion": self._region,
            "availabilityZone": zone,
            "configurationStateMd5Hash": "",
            "resourceCreationTime": _iso(now),
        }

    def _policy(self, bucket: str) -> Item:
        return {"policyText": self._s3.get_bucket_policy(Bucket=bucket)["Policy"]}

    def _encryption(self, bucket: str) -> Item:
        answer = self._s3.get_bucket_encryption(Bucket=bucket)["ServerSideEncryptionConfiguration"]
        rules = []
        for rule in answer["Rules"]:
            default = rule.get("ApplyServerSideEncryptionByDefault", {})
            by_default = {"sseAlgorithm": default.get("SSEAlgorithm"), "kmsMasterKeyID": default.get("KMSMasterKeyID")}
            rules.append(
                {"applyServerSideEncryptionByDefault": by_default, "bucketKeyEnabled": rule.get("BucketKeyEnabled")}
            )
        return {"rules": rules}


def deleted(item: Item) -> Item:
    """Return the item that AWS Config writes when the resource is deleted."""
    gone = {"configurationItemStatus": "ResourceDeleted", "availabilityZone": None, "resourceCreationTime": None}
    return {**item, **gone, "configuration": None, "supplementaryConfiguration": {}, "tags": {}}


_RENAMED: Final = {
    "ARN": "arn",
    "awsAccountId": "accountId",
    "configurationItemVersion": "version",
    "configurationStateMd5Hash": "configurationItemMD5Hash",
}


def in_history(item: Item) -> Item:
    """Return the item in the shape of GetResourceConfigHistory: other names, and JSON strings for what was nested."""
    captured = datetime.fromisoformat(item["configurationItemCaptureTime"]).timestamp()
    sections = item["supplementaryConfiguration"]
    supplementary = {name: json.dumps(value) for name, value in sections.items()}
    return {
        **{_RENAMED.get(name, name): value for name, value in item.items()},
        "configuration": json.dumps(item["configuration"]),
        "supplementaryConfiguration": supplementary,
        "configurationItemCaptureTime": captured,
        "resourceCreationTime": captured,
        "configurationStateId": str(item["configurationStateId"]),
    }


def _read(ask: Callable[[], Any], otherwise: Mapping[str, Any] | None = None) -> Any:
    """Return what the recorder reads, the value for an error code, or None for what it may not or cannot read."""
    try:
        return ask()
    except ClientError as error:
        return (otherwise or {}).get(error.response["Error"]["Code"])


def _tags(tag_set: list[dict[str, str]]) -> dict[str, str]:
    return {each["Key"]: each["Value"] for each in tag_set}


def _camel(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {_lowered(name): _camel(each) for name, each in value.items()}
    if isinstance(value, list):
        return [_camel(each) for each in value]
    return _iso(value) if isinstance(value, datetime) else value


def _lowered(name: str) -> str:
    return "awsaccountId" if name == "AWSAccountId" else name[0].lower() + name[1:]


def _iso(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03d}Z"
