"""Fill an embedded AWS with the demo's account."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from typing import Any, Final

from s3_guardrails.embedded.item import Item, Recorder, deleted
from s3_guardrails.embedded.seed.bucket import BucketSeed, Recorded
from s3_guardrails.embedded.seed.data_bucket import DATA_BUCKETS
from s3_guardrails.embedded.seed.data_bucket import EVIDENCE as INVENTORIES
from s3_guardrails.embedded.seed.key import KEYS, KeySeed
from s3_guardrails.embedded.seed.log_bucket import LOG_BUCKETS
from s3_guardrails.embedded.seed.odd_bucket import ODD_BUCKETS
from s3_guardrails.embedded.seed.shared_bucket import SHARED_BUCKETS
from s3_guardrails.embedded.seed.who import ACCOUNT, REGION, key_arn, key_id
from s3_guardrails.embedded.server import EmbeddedAws
from s3_guardrails.encryption.inventory import FIELDS

BUCKETS: Final = (*LOG_BUCKETS, *DATA_BUCKETS, *SHARED_BUCKETS, *ODD_BUCKETS)
AWS_MANAGED_ALIAS: Final = "alias/aws/s3"

MAX_NOTIFICATIONS: Final = 100
"""Event notifications per bucket (S3 User Guide, "Amazon S3 Event Notifications")."""

_DAY: Final = 86_400


def fill(aws: EmbeddedAws) -> dict[str, str]:
    """Create keys, then buckets, then what our role may not read; return key ids and their names."""
    names = {_create_key(aws, seed): seed.name for seed in KEYS}
    managed = aws.client("kms").describe_key(KeyId=AWS_MANAGED_ALIAS)["KeyMetadata"]["KeyId"]
    for bucket in BUCKETS:
        _create_bucket(aws, bucket)
    for bucket in BUCKETS:  # which need each other
        _record(aws.client("s3"), bucket)
    for seed in (*KEYS, *BUCKETS):
        for operation in seed.refused:
            aws.faults.deny(operation, key_id(seed.name) if isinstance(seed, KeySeed) else seed.name)
    return {**names, managed: "aws/s3"}


def items(aws: EmbeddedAws, key_ids: list[str]) -> Iterator[Item]:
    """Yield the configuration items of every bucket and key, as AWS Config would come to tell of them."""
    recorder = Recorder(aws.client("s3"), aws.client("kms"), aws.account, aws.region)
    for bucket in BUCKETS:
        yield _item(aws, recorder, bucket)
    for each in key_ids:
        yield recorder.key(each)


def _item(aws: EmbeddedAws, recorder: Recorder, bucket: BucketSeed) -> Item:
    item = recorder.bucket(bucket.name)
    if bucket.recorded is Recorded.BEFORE_2023:
        del item["supplementaryConfiguration"]["ServerSideEncryptionConfiguration"]
    if bucket.recorded is Recorded.ANNOUNCED:
        item["supplementaryConfiguration"]["BucketNotificationConfiguration"] = {"configurations": _notifications()}
    if bucket.recorded is Recorded.DELETED:
        aws.client("s3").delete_bucket(Bucket=bucket.name)
        return deleted(item)
    return item


def _notifications() -> dict[str, Any]:
    """As many event notifications as a bucket may have, each with filters as long as object keys may be."""
    return {
        f"tenant-{number:03}": {
            "events": ["s3:ObjectCreated:*", "s3:ObjectRemoved:*", "s3:ObjectRestore:*"],
            "filter": {
                "s3KeyFilter": {
                    "filterRules": [
                        {"name": "prefix", "value": f"{number:03}/".ljust(1024, "x")},
                        {"name": "suffix", "value": ".json".rjust(1024, "x")},
                    ]
                }
            },
            "queueARN": f"arn:aws:sqs:{REGION}:{ACCOUNT}:tenant-{number:03}-object-events.fifo",
            "objectPrefixes": [],
            "type": "QueueConfiguration",
        }
        for number in range(MAX_NOTIFICATIONS)
    }


def _create_key(aws: EmbeddedAws, seed: KeySeed) -> str:
    """Create a key under its own id, with its alias, policy, rotation and state; return the id."""
    region = seed.replica_of or REGION
    kms = aws.client("kms", region)
    policy = json.dumps({"Version": "2012-10-17", "Statement": seed.statements})
    how: dict[str, Any] = {**seed.how, **({"MultiRegion": True} if seed.replica_of else {})}
    made = kms.create_key(Description=seed.why, Policy=policy, **how)["KeyMetadata"]["Arn"]
    arn = aws.kms.rename(made, key_id(seed.name))
    if seed.rotation:
        kms.enable_key_rotation(KeyId=arn, RotationPeriodInDays=seed.rotation)
    if seed.replica_of:
        kms.replicate_key(KeyId=arn, ReplicaRegion=REGION)
        kms = aws.client("kms")
    kms.create_alias(AliasName=f"alias/{seed.name}", TargetKeyId=key_id(seed.name))
    kms.tag_resource(KeyId=key_id(seed.name), Tags=[{"TagKey": "name", "TagValue": seed.name}])
    for operation in seed.after:
        getattr(kms, operation)(KeyId=key_id(seed.name))
    if seed.age_days:
        imported = time.time() - seed.age_days * _DAY
        aws.kms.overrides[key_arn(seed.name)] = {"CreationDate": imported, "KeyState": "Enabled", "Enabled": True}
    return key_id(seed.name)


def _record(s3: Any, seed: BucketSeed) -> None:
    """Turn access logs and the inventory on."""
    if seed.logs_to:
        logged = {"TargetBucket": seed.logs_to, "TargetPrefix": f"{seed.name}/"}
        s3.put_bucket_logging(Bucket=seed.name, BucketLoggingStatus={"LoggingEnabled": logged})
    if seed.inventory is not None:
        place = {"Bucket": f"arn:aws:s3:::{INVENTORIES.name}", "Format": "Parquet", "Prefix": "inventory"}
        configuration = {
            "Id": "all-objects",
            "IsEnabled": True,
            "Destination": {"S3BucketDestination": {**place, "Encryption": {"SSES3": {}}}},
            "IncludedObjectVersions": "All",
            "Schedule": {"Frequency": "Daily"},
            "OptionalFields": list(FIELDS),
            **seed.inventory,
        }
        s3.put_bucket_inventory_configuration(Bucket=seed.name, Id="all-objects", InventoryConfiguration=configuration)


_BLOCKED: Final = {"blocked": ["SSE-C"], "allowed": ["NONE"], "untouched": []}


def _create_bucket(aws: EmbeddedAws, seed: BucketSeed) -> None:
    s3 = aws.client("s3")
    s3.create_bucket(Bucket=seed.name)
    rule = seed.default.as_rule()
    if blocked := _BLOCKED[seed.sse_c]:
        rule["BlockedEncryptionTypes"] = {"EncryptionType": blocked}
    s3.put_bucket_encryption(Bucket=seed.name, ServerSideEncryptionConfiguration={"Rules": [rule]})
    if tags := seed.all_tags():
        s3.put_bucket_tagging(
            Bucket=seed.name, Tagging={"TagSet": [{"Key": key, "Value": value} for key, value in tags.items()]}
        )
    if seed.website:
        s3.put_bucket_website(Bucket=seed.name, WebsiteConfiguration={"IndexDocument": {"Suffix": "index.html"}})
    if seed.policy_text:
        aws.s3.policies[seed.name] = seed.policy_text
    elif text := seed.policy():
        s3.put_bucket_policy(Bucket=seed.name, Policy=text)
