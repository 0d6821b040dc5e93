"""AWS Config's configuration items → facts, for the pushed shape and for the one of GetResourceConfigHistory.

The two differ: `ARN`, `awsAccountId` against `arn`, `accountId`; objects against JSON in strings, at times twice
encoded; policies as text or as objects. A part that is absent, null where a value belongs, or malformed becomes
Unreadable with its path, so that a live reader may fill it; only an item without identity raises. Unknown keys are
ignored: schemas grow. Sources: captured items; the published resource schema of AWS Config.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from s3_guardrails.config.section import Section, decoded
from s3_guardrails.encryption.bucket import Bucket
from s3_guardrails.encryption.fact import ABSENT, Absent, Unreadable
from s3_guardrails.encryption.key import Key, KeyMetadata
from s3_guardrails.errors import ConfigurationItemError, PolicySyntaxError, UnreadableFact
from s3_guardrails.live import shape
from s3_guardrails.policy.document import Policy, parse_policy

BUCKET: Final = "AWS::S3::Bucket"
KEY: Final = "AWS::KMS::Key"

_PARTITIONS: Final = (
    ("cn-", "aws-cn"),
    ("us-gov-", "aws-us-gov"),
    ("us-iso-", "aws-iso"),
    ("us-isob-", "aws-iso-b"),
    ("eu-isoe-", "aws-iso-e"),
    ("us-isof-", "aws-iso-f"),
    ("eusc-", "aws-eusc"),
)


def partition_of(region: str) -> str:
    """Return the partition of a Region, by the Region's prefix."""
    return next((partition for prefix, partition in _PARTITIONS if region.startswith(prefix)), "aws")


def read_item(item: Any, account: str = "", region: str = "") -> Bucket | Key:
    """Read a configuration item; raise ConfigurationItemError where it lacks identity or is of another type.

    `account` and `region` are those of the event, for an item that does not name its own.
    """
    if not isinstance(item, Mapping):
        raise ConfigurationItemError(f"configurationItem: expected an object, found {shape.kind(item)}")
    identity = _identity(item, account, region)
    match item.get("resourceType"):
        case "AWS::S3::Bucket":
            return _bucket(item, identity)
        case "AWS::KMS::Key":
            return _key(item, identity)
    raise ConfigurationItemError(f"configurationItem.resourceType: expected {BUCKET} or {KEY}")


def _bucket(item: Mapping[str, Any], identity: _Identity) -> Bucket:
    section = Section(item, "supplementaryConfiguration")
    encryption = "ServerSideEncryptionConfiguration"
    blocked = "blocked_encryption_types"
    return Bucket(
        name=identity.id,
        account=identity.account,
        region=identity.region,
        partition=identity.partition,
        as_of=identity.as_of,
        tags=shape.fact("tags", lambda: _bucket_tags(item, section)),
        default_encryption=shape.fact(
            "default_encryption",
            lambda: shape.default_encryption(section.read("default_encryption", encryption), section.path(encryption)),
        ),
        blocked_encryption_types=shape.fact(
            blocked, lambda: _blocked(section.read(blocked, encryption), section.path(encryption))
        ),
        policy=shape.fact("policy", lambda: _bucket_policy(section)),
    )


def _key(item: Mapping[str, Any], identity: _Identity) -> Key:
    key_id = identity.id.rpartition("/")[2]
    section = Section(item, "supplementaryConfiguration")
    metadata = shape.fact("metadata", lambda: _metadata(item, key_id))
    return Key(
        key_id=key_id,
        account=identity.account,
        region=identity.region,
        partition=identity.partition,
        as_of=identity.as_of,
        metadata=metadata,
        # KeyRotationStatus says nothing of the period, and enabling rotation need not make a new item
        rotation=Unreadable("rotation", "a configuration item does not tell the rotation period"),
        policy=shape.fact("policy", lambda: _key_policy(section)),
        tags=shape.fact("tags", lambda: _key_tags(item, section)),
        material_age_days=_material_age(metadata),
    )


@dataclass(frozen=True, slots=True)
class _Identity:
    id: str
    account: str
    region: str
    partition: str
    as_of: float


_ARN: Final = re.compile(r"arn:(?P<partition>aws[a-z-]*):(?:s3|kms):(?P<region>[^:]*):(?P<account>[0-9]*):.+")


def _identity(item: Mapping[str, Any], account: str, region: str) -> _Identity:
    """Read who the item is about; an ARN tells what the item's own elements leave out."""
    found = _ARN.fullmatch(_text(item, "ARN") or _text(item, "arn"))
    resource = _text(item, "resourceId") or _text(item, "resourceName")
    account = _text(item, "awsAccountId") or _text(item, "accountId") or (found and found["account"]) or account
    region = _text(item, "awsRegion") or (found and found["region"]) or region
    if not resource:
        raise ConfigurationItemError("configurationItem.resourceId: expected the name of a bucket or the id of a key")
    if not re.fullmatch(r"[0-9]{12}", account):
        raise ConfigurationItemError("configurationItem.awsAccountId: expected 12 digits")
    if not re.fullmatch(r"[a-z0-9-]+", region):
        raise ConfigurationItemError("configurationItem.awsRegion: expected the name of a Region")
    partition = found["partition"] if found else partition_of(region)
    return _Identity(resource, account, region, partition, _captured(item))


def _captured(item: Mapping[str, Any]) -> float:
    """Return the capture time in epoch seconds; 0 where it cannot be read, so that every moment counts."""
    try:
        moment = datetime.fromisoformat(_text(item, "configurationItemCaptureTime"))
    except ValueError:
        return 0.0
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


def _text(item: Mapping[str, Any], name: str) -> str:
    value = item.get(name)
    return value if isinstance(value, str) else ""


def _blocked(configuration: Any, path: str) -> frozenset[str]:
    types = shape.blocked_encryption_types(configuration, path)
    if types is None:
        raise UnreadableFact("blocked_encryption_types", f"{path}: the item says nothing of blocked encryption types")
    return types


def _bucket_policy(section: Section) -> Policy | Absent:
    """`{"policyText": null}` is a bucket without a policy; everything else that is not a policy is not known."""
    path = section.path("BucketPolicy")
    found = section.read("policy", "BucketPolicy")
    if not isinstance(found, Mapping):
        raise UnreadableFact("policy", f"{path}: expected an object, found {shape.kind(found)}")
    text = shape.element(found, "policyText")
    return ABSENT if text is None else _policy(text, f"{path}.policyText")


def _key_policy(section: Section) -> Policy:
    return _policy(section.read("policy", "Policy"), section.path("Policy"))


def _policy(value: Any, path: str) -> Policy:
    document = decoded("policy", path, value)
    if not isinstance(document, Mapping):
        raise UnreadableFact("policy", f"{path}: expected a policy, found {shape.kind(document)}")
    try:
        return parse_policy(document)
    except PolicySyntaxError as error:
        raise UnreadableFact("policy", f"{path}: {error}") from None


def _bucket_tags(item: Mapping[str, Any], section: Section) -> dict[str, str]:
    """Unite both places. An empty top-level map alone says nothing; the tagging section, once there, tells all."""
    found = [_top_level_tags(item) or None]
    tagging = section.read("tags", "BucketTaggingConfiguration") if section.exists else ABSENT
    if isinstance(tagging, Mapping):
        path = section.path("BucketTaggingConfiguration.tagSets")
        sets = shape.element(tagging, "tagSets")
        if not isinstance(sets, list | None | Absent):
            raise UnreadableFact("tags", f"{path}: expected a list, found {shape.kind(sets)}")
        found.append({})
        for index, each in enumerate(sets if isinstance(sets, list) else []):
            inner = shape.element(each, "tags") if isinstance(each, Mapping) else each
            found.append(shape.tags(inner, f"{path}[{index}].tags"))
    elif tagging not in (None, ABSENT):
        raise UnreadableFact("tags", f"{section.path('BucketTaggingConfiguration')}: expected an object")
    return _united(found)


def _key_tags(item: Mapping[str, Any], section: Section) -> dict[str, str]:
    """Unite both places. The captured items of untagged keys and those of tagged keys share an empty top-level map."""
    found = [_top_level_tags(item) or None]
    listed = section.read("tags", "Tags") if section.exists else ABSENT
    if listed not in (None, ABSENT):
        found.append(shape.tags(listed, section.path("Tags")))
    return _united(found)


def _top_level_tags(item: Mapping[str, Any]) -> dict[str, str] | None:
    value = decoded("tags", "tags", item.get("tags"))
    return None if value is None else shape.tags(value, "tags")


def _united(found: list[dict[str, str] | None]) -> dict[str, str]:
    read = [each for each in found if each is not None]
    if not read:
        raise UnreadableFact("tags", "the item does not tell whether there are tags")
    united: dict[str, str] = {}
    for each in read:
        for key, value in each.items():
            if united.setdefault(key, value) != value:
                raise UnreadableFact("tags", "the item's two places of tags contradict each other")
    return united


def _metadata(item: Mapping[str, Any], key_id: str) -> KeyMetadata:
    configuration = decoded("metadata", "configuration", item.get("configuration", ABSENT))
    return shape.key_metadata(configuration, key_id, "configuration")


def _material_age(metadata: KeyMetadata | Unreadable) -> Absent | Unreadable:
    if isinstance(metadata, KeyMetadata) and metadata.origin != "EXTERNAL":
        return ABSENT
    return Unreadable("material_age_days", "a configuration item does not tell the age of key material")
