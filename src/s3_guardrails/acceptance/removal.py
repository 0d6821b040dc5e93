"""How each kind of resource is found, and deleted. What is found tells its tags; what is not there has none to tell."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from botocore.exceptions import ClientError

from s3_guardrails.acceptance.journal import Entry, Kind, Status
from s3_guardrails.acceptance.outcome import Stopped
from s3_guardrails.acceptance.run import TAG, Run, code_of

DAYS: Final = 7
"""How long a key waits for its deletion; KMS takes no less."""
NAME: Final = "Name"
"""Tag by which a key is found that was made, and whose id nobody noted."""
_GONE: Final = frozenset(
    {
        "404",
        "AWS.SimpleQueueService.NonExistentQueue",
        "NoSuchBucket",
        "NoSuchConfigurationAggregatorException",
        "NoSuchConformancePackException",
        "NoSuchEntity",
        "NotFoundException",
        "QueueDoesNotExist",
    }
)
_KEPT_BY_STACKS: Final = {"AWS::S3::Bucket": Kind.BUCKET, "AWS::KMS::Key": Kind.KEY}
"""Types that may outlive their stack."""

Tags = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Removal:
    """`tags` of what is there, None where nothing is; `delete` deletes it for good."""

    tags: Callable[[Run, Entry], Tags | None]
    delete: Callable[[Run, Entry], None]


def _found(ask: Callable[[], Tags]) -> Tags | None:
    try:
        return ask()
    except ClientError as error:
        if code_of(error) in _GONE or "does not exist" in str(error):
            return None
        raise


def _pairs(found: Any, key: str = "Key", value: str = "Value") -> Tags:
    return {each[key]: each[value] for each in found}


def _bucket_tags(run: Run, entry: Entry) -> Tags | None:
    s3 = run.client("s3")

    def ask() -> Tags:
        try:
            return _pairs(s3.get_bucket_tagging(Bucket=entry.name)["TagSet"])
        except ClientError as error:
            if code_of(error) != "NoSuchTagSet":
                raise
        return {}

    return _found(ask)


def _delete_bucket(run: Run, entry: Entry) -> None:
    s3, bucket = run.client("s3"), {"Bucket": entry.name}
    for each in s3.list_multipart_uploads(**bucket).get("Uploads", ()):
        s3.abort_multipart_upload(**bucket, Key=each["Key"], UploadId=each["UploadId"])
    for page in s3.get_paginator("list_object_versions").paginate(**bucket):
        listed = [*page.get("Versions", ()), *page.get("DeleteMarkers", ())]
        objects = [{"Key": each["Key"], "VersionId": each["VersionId"]} for each in listed]
        answer = s3.delete_objects(**bucket, Delete={"Objects": objects, "Quiet": True}) if objects else {}
        if answer.get("Errors"):
            raise Stopped(f"s3://{entry.name}: {answer['Errors'][0].get('Message')}")
    s3.delete_bucket(**bucket)


def _key_id(run: Run, entry: Entry) -> str | None:
    """Return the id that was noted, or else that of the key with the run's tag and this name."""
    if entry.id:
        return entry.id
    kms = run.client("kms")
    for page in kms.get_paginator("list_keys").paginate():
        for each in page["Keys"]:
            tags = _tags_of(kms, each["KeyId"])
            if tags.get(TAG) == run.prefix and tags.get(NAME) == entry.name:
                return str(each["KeyId"])
    return None


def _tags_of(kms: Any, key: str) -> Tags:
    try:
        return _pairs(kms.list_resource_tags(KeyId=key)["Tags"], "TagKey", "TagValue")
    except ClientError as error:
        if code_of(error) != "AccessDeniedException":
            raise
    return {}  # an AWS managed key, or one that is closed to us: not ours in any case


def _key_tags(run: Run, entry: Entry) -> Tags | None:
    kms, key = run.client("kms"), _key_id(run, entry)
    if key is None or kms.describe_key(KeyId=key)["KeyMetadata"]["KeyState"] == "PendingDeletion":
        return None
    return _tags_of(kms, key)


def _delete_key(run: Run, entry: Entry) -> None:
    run.client("kms").schedule_key_deletion(KeyId=_key_id(run, entry), PendingWindowInDays=DAYS)


def _stack_tags(run: Run, entry: Entry) -> Tags | None:
    def ask() -> Tags:
        [stack] = run.client("cloudformation").describe_stacks(StackName=entry.name)["Stacks"]
        return _pairs(stack.get("Tags", ()))

    return _found(ask)


def _delete_stack(run: Run, entry: Entry) -> None:
    """Note what outlives the stack, delete the stack, and wait until it is gone."""
    cloudformation, label = run.client("cloudformation"), entry.name.removeprefix(f"{run.prefix}-")
    run.until(f"the stack {entry.name} to come to rest", lambda: _status(run, entry.name) != "IN_PROGRESS", 20)
    for each in run.resources(label):
        kind, name = _KEPT_BY_STACKS.get(each["ResourceType"]), each.get("PhysicalResourceId", "")
        if kind and name:
            own = name if kind is Kind.KEY else ""
            run.journal.write(Entry(kind=kind, name=name, id=own, status=Status.MADE))
    cloudformation.delete_stack(StackName=entry.name)
    ended = run.until(f"the stack {entry.name} to go", lambda: _ended(run, entry.name), 20)
    if ended != "GONE":
        raise Stopped(f"the stack {entry.name} is {ended}: look at its events, then clean up again")


def _status(run: Run, name: str) -> str:
    """Return how far it is: IN_PROGRESS, or its status; GONE where there is none."""
    tags = _found(
        lambda: {"at": run.client("cloudformation").describe_stacks(StackName=name)["Stacks"][0]["StackStatus"]}
    )
    status = tags["at"] if tags else "GONE"
    return "IN_PROGRESS" if status.endswith("IN_PROGRESS") else status


def _ended(run: Run, name: str) -> str | None:
    status = _status(run, name)
    return None if status == "IN_PROGRESS" else "GONE" if status == "DELETE_COMPLETE" else status


def _role_tags(run: Run, entry: Entry) -> Tags | None:
    return _found(lambda: _pairs(run.client("iam").list_role_tags(RoleName=entry.name)["Tags"]))


def _delete_role(run: Run, entry: Entry) -> None:
    iam, role = run.client("iam"), {"RoleName": entry.name}
    for name in iam.list_role_policies(**role)["PolicyNames"]:
        iam.delete_role_policy(**role, PolicyName=name)
    iam.delete_role(**role)


def queue_url(run: Run, name: str) -> str:
    """Return the address of a queue."""
    return str(run.client("sqs").get_queue_url(QueueName=name)["QueueUrl"])


def _queue_tags(run: Run, entry: Entry) -> Tags | None:
    sqs = run.client("sqs")
    return _found(lambda: dict(sqs.list_queue_tags(QueueUrl=queue_url(run, entry.name)).get("Tags", {})))


def _delete_queue(run: Run, entry: Entry) -> None:
    run.client("sqs").delete_queue(QueueUrl=queue_url(run, entry.name))


def _arns(run: Run, entry: Entry) -> Iterator[str]:
    config = run.client("config")
    if entry.kind is Kind.PACK:
        named = config.describe_conformance_packs(ConformancePackNames=[entry.name])["ConformancePackDetails"]
        yield from (each["ConformancePackArn"] for each in named)
    else:
        asked = {"ConfigurationAggregatorNames": [entry.name]}
        found = config.describe_configuration_aggregators(**asked)["ConfigurationAggregators"]
        yield from (each["ConfigurationAggregatorArn"] for each in found)


def _config_tags(run: Run, entry: Entry) -> Tags | None:
    config = run.client("config")

    def ask() -> Tags:
        [arn] = _arns(run, entry)
        return _pairs(config.list_tags_for_resource(ResourceArn=arn)["Tags"])

    return _found(ask)


def _delete_pack(run: Run, entry: Entry) -> None:
    run.client("config").delete_conformance_pack(ConformancePackName=entry.name)
    run.until(f"the pack {entry.name} to go", lambda: _config_tags(run, entry) is None, 10)


def _delete_aggregator(run: Run, entry: Entry) -> None:
    run.client("config").delete_configuration_aggregator(ConfigurationAggregatorName=entry.name)


REMOVALS: Final[Mapping[Kind, Removal]] = {
    Kind.AGGREGATOR: Removal(_config_tags, _delete_aggregator),
    Kind.BUCKET: Removal(_bucket_tags, _delete_bucket),
    Kind.KEY: Removal(_key_tags, _delete_key),
    Kind.PACK: Removal(_config_tags, _delete_pack),
    Kind.QUEUE: Removal(_queue_tags, _delete_queue),
    Kind.ROLE: Removal(_role_tags, _delete_role),
    Kind.STACK: Removal(_stack_tags, _delete_stack),
}
