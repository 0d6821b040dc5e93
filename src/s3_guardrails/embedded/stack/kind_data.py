"""Keys, buckets and their policies, as CloudFormation makes them."""

from __future__ import annotations

import json
from typing import Any, Final

from s3_guardrails.embedded.stack.kind import Kind, Made, Properties, World, changed, known, tags


def _make_key(world: World, _logical: str, given: Properties) -> Made:
    kms = world.client("kms")
    made = kms.create_key(
        Description=given.get("Description", ""),
        Policy=json.dumps(given["KeyPolicy"]),
        Tags=[{"TagKey": each["Key"], "TagValue": each["Value"]} for each in tags(given)],
    )["KeyMetadata"]
    _rotate(kms, made["KeyId"], given)
    return Made(made["KeyId"], {"Arn": made["Arn"], "KeyId": made["KeyId"]})


def _change_key(world: World, made: Made, before: Properties, after: Properties) -> Made:
    kms, differ = world.client("kms"), changed(before, after)
    if "KeyPolicy" in differ:
        kms.put_key_policy(KeyId=made.id, PolicyName="default", Policy=json.dumps(after["KeyPolicy"]))
    if "Description" in differ:
        kms.update_key_description(KeyId=made.id, Description=after["Description"])
    if "Tags" in differ:
        kms.tag_resource(KeyId=made.id, Tags=[{"TagKey": e["Key"], "TagValue": e["Value"]} for e in tags(after)])
    _rotate(kms, made.id, after)
    return made


def _rotate(kms: Any, key: str, given: Properties) -> None:
    if str(given.get("EnableKeyRotation", False)).lower() == "true":
        kms.enable_key_rotation(KeyId=key, RotationPeriodInDays=int(given.get("RotationPeriodInDays", 365)))


def _delete_key(world: World, made: Made) -> None:
    world.client("kms").schedule_key_deletion(KeyId=made.id, PendingWindowInDays=30)


def _make_bucket(world: World, logical: str, given: Properties) -> Made:
    name = given.get("BucketName") or world.unique(logical, 63).lower()
    place = {"LocationConstraint": world.region}
    more = {} if world.region == "us-east-1" else {"CreateBucketConfiguration": place}
    world.client("s3").create_bucket(Bucket=name, **more)
    made = Made(name, {"Arn": f"arn:aws:s3:::{name}", "DomainName": f"{name}.s3.amazonaws.com"})
    _set_bucket(world, name, given)
    return made


def _change_bucket(world: World, made: Made, _before: Properties, after: Properties) -> Made:
    _set_bucket(world, made.id, after)
    return made


def _set_bucket(world: World, name: str, given: Properties) -> None:
    s3 = world.client("s3")
    for setting, value in given.items():
        match setting:
            case "PublicAccessBlockConfiguration":
                s3.put_public_access_block(Bucket=name, PublicAccessBlockConfiguration=value)
            case "OwnershipControls":
                s3.put_bucket_ownership_controls(Bucket=name, OwnershipControls=value)
            case "VersioningConfiguration":
                s3.put_bucket_versioning(Bucket=name, VersioningConfiguration=value)
            case "BucketEncryption":
                s3.put_bucket_encryption(Bucket=name, ServerSideEncryptionConfiguration=_encryption(value))
            case "LifecycleConfiguration":
                s3.put_bucket_lifecycle_configuration(Bucket=name, LifecycleConfiguration=_lifecycle(value))
            case "Tags":
                s3.put_bucket_tagging(Bucket=name, Tagging={"TagSet": tags(given)})


def _encryption(given: Properties) -> dict[str, Any]:
    """CloudFormation's name of the default is another one than S3's."""
    rules = []
    for rule in given["ServerSideEncryptionConfiguration"]:
        renamed = {"ApplyServerSideEncryptionByDefault": rule["ServerSideEncryptionByDefault"]}
        rules.append({name: each for name, each in rule.items() if name != "ServerSideEncryptionByDefault"} | renamed)
    return {"Rules": rules}


def _lifecycle(given: Properties) -> dict[str, Any]:
    """Numbers may come as text, as parameters do; a rule is for the whole bucket unless it says otherwise."""
    rules = []
    for rule in given["Rules"]:
        days = {
            name: {each: int(value) for each, value in rule[name].items()}
            for name in ("NoncurrentVersionExpiration", "AbortIncompleteMultipartUpload")
            if name in rule
        }
        rules.append({"ID": rule["Id"], "Status": rule["Status"], "Filter": {"Prefix": ""}, **days})
    return {"Rules": rules}


def _delete_bucket(world: World, made: Made) -> None:
    world.client("s3").delete_bucket(Bucket=made.id)


def _make_policy(world: World, _logical: str, given: Properties) -> Made:
    world.client("s3").put_bucket_policy(Bucket=given["Bucket"], Policy=json.dumps(given["PolicyDocument"]))
    return Made(given["Bucket"])


def _change_policy(world: World, made: Made, _before: Properties, after: Properties) -> Made:
    return _make_policy(world, made.id, after)


def _delete_policy(world: World, made: Made) -> None:
    world.client("s3").delete_bucket_policy(Bucket=made.id)


KINDS: Final = {
    "AWS::KMS::Key": Kind(
        known("Description EnableKeyRotation RotationPeriodInDays PendingWindowInDays KeyPolicy Tags"),
        _make_key,
        _delete_key,
        _change_key,
    ),
    "AWS::S3::Bucket": Kind(
        known(
            "BucketName BucketEncryption VersioningConfiguration OwnershipControls PublicAccessBlockConfiguration "
            "LifecycleConfiguration Tags"
        ),
        _make_bucket,
        _delete_bucket,
        _change_bucket,
        fixed=known("BucketName"),
    ),
    "AWS::S3::BucketPolicy": Kind(
        known("Bucket PolicyDocument"), _make_policy, _delete_policy, _change_policy, fixed=known("Bucket")
    ),
}
