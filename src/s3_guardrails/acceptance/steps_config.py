"""Steps: what AWS Config records and tells. Each settles a question of docs/verified.md."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from functools import partial
from typing import Any, Final

from botocore.exceptions import ClientError

from s3_guardrails.acceptance.execution import deployed_rule
from s3_guardrails.acceptance.outcome import Stopped, Unlike
from s3_guardrails.acceptance.results import evaluations, resource_of
from s3_guardrails.acceptance.run import Run, code_of, differences
from s3_guardrails.acceptance.seed import BUCKETS, IDLE, LEDGER, MAIN, ROTATION, SPENT, TLS
from s3_guardrails.acceptance.sow import NOTHING_BLOCKED, SSE_C_BLOCKED, key_id
from s3_guardrails.acceptance.step import Step
from s3_guardrails.config.annotation import MAX_ANNOTATION
from s3_guardrails.config.item import BUCKET, KEY, read_item
from s3_guardrails.encryption.bucket import Bucket
from s3_guardrails.encryption.fact import Unreadable
from s3_guardrails.live.reader import LiveReader

Item = Mapping[str, Any]
_MINUTES: Final = 12


def newest(run: Run, kind: str, resource: str) -> Item:
    """Wait for an item of a resource; return the newest."""

    def ask() -> Item | None:
        try:
            return _latest(run, kind, resource)
        except ClientError as error:
            if code_of(error) != "ResourceNotDiscoveredException":
                raise
        return None

    return run.until(f"a configuration item of {resource}", ask, _MINUTES)


def _latest(run: Run, kind: str, resource: str) -> Item:
    asked = {"resourceType": kind, "resourceId": resource, "limit": 1}
    [item] = run.client("config").get_resource_config_history(**asked)["configurationItems"]
    return dict(item)


def bucket_item(run: Run) -> str:
    """Look whether the item of a bucket that blocks SSE-C says so."""
    item = newest(run, BUCKET, run.name(LEDGER))
    text = json.dumps(item.get("supplementaryConfiguration", {}))
    if "blockedencryptiontypes" in text.lower():
        raise Unlike("the item has the blocked encryption types")
    return "the item lacks the blocked encryption types: they are read live"


def key_item(run: Run) -> str:
    """Look whether the item of a key has the key's policy."""
    item = newest(run, KEY, key_id(run, IDLE))
    has = "policy" in json.dumps(item.get("supplementaryConfiguration", {})).lower()
    return "the item has the key's policy" if has else "the item lacks the key's policy: it is read live"


def item_shape(run: Run) -> str:
    """Read an item of the history as rules do, and compare it with the bucket itself."""
    name = run.name("sealed")
    read = read_item(newest(run, BUCKET, name), run.account, run.region)
    if not isinstance(read, Bucket):
        raise Unlike("the item is not read as a bucket")
    reader = LiveReader(run.clients, run.account, run.region, run.partition)
    rows = []
    for fact in ("tags", "default_encryption", "policy"):
        found = getattr(read, fact)
        if isinstance(found, Unreadable):
            raise Unlike(f"{fact} of the item is not understood: {found.reason}")
        live = getattr(reader.complete_bucket(reader.bucket(name, run.region), fact), fact)
        rows.append((fact, str(live), str(found)))
    if differ := differences(rows):
        raise Unlike(differ)
    return "tags, default encryption and policy of an item are read as the bucket has them"


def recorded_changes(run: Run) -> str:
    """Change the blocked types alone, and a key's rotation alone; an item of each has to follow."""
    bucket, key = run.name("archive"), key_id(run, MAIN)
    before = {each: newest(run, kind, each)["configurationItemCaptureTime"] for kind, each in _both(bucket, key)}
    rule = run.client("s3").get_bucket_encryption(Bucket=bucket)["ServerSideEncryptionConfiguration"]["Rules"][0]
    unblocked = {**rule, "BlockedEncryptionTypes": NOTHING_BLOCKED}
    _put_default(run, bucket, unblocked)
    kms = run.client("kms")
    kms.disable_key_rotation(KeyId=key)
    missing = []
    for kind, each in _both(bucket, key):
        try:
            run.until(f"an item of {each}", partial(_newer, run, (kind, each), before), _MINUTES)
        except Stopped:
            missing.append(kind)
    _put_default(run, bucket, {**rule, "BlockedEncryptionTypes": SSE_C_BLOCKED})
    kms.enable_key_rotation(KeyId=key)
    if missing:
        raise Unlike(f"no item within {_MINUTES} minutes of a change that {' and '.join(missing)} was given alone")
    return "both changes made AWS Config record an item"


def _both(bucket: str, key: str) -> tuple[tuple[str, str], ...]:
    return (BUCKET, bucket), (KEY, key)


def _newer(run: Run, at: tuple[str, str], before: Mapping[str, datetime]) -> bool:
    return bool(_latest(run, *at)["configurationItemCaptureTime"] > before[at[1]])


def _put_default(run: Run, bucket: str, rule: Mapping[str, Any]) -> None:
    run.client("s3").put_bucket_encryption(Bucket=bucket, ServerSideEncryptionConfiguration={"Rules": [rule]})


def evaluations_arrive(run: Run) -> str:
    """Look at length and times of the results of one rule."""
    found = list(evaluations(run, TLS))
    ours = [each for each in found if resource_of(each).startswith(run.prefix)]
    lengths = [len(each.get("Annotation", "")) for each in ours]
    late = [each for each in ours if each["ResultRecordedTime"] < _ordering(each)]
    if len(ours) < len(BUCKETS) or not all(1 <= each <= MAX_ANNOTATION for each in lengths) or late:
        raise Unlike(f"{len(ours)} results, annotations of {sorted(lengths)} characters, {len(late)} older than told")
    return f"{len(ours)} results of {TLS}, annotations of {min(lengths)} to {max(lengths)} characters"


def _ordering(evaluation: Mapping[str, Any]) -> datetime:
    found: datetime = evaluation["EvaluationResultIdentifier"]["OrderingTimestamp"]
    return found


def evaluation_status(run: Run) -> str:
    """Look whether AWS Config tells an evaluation status of rules with own functions."""
    names = [deployed_rule(run, TLS), deployed_rule(run, ROTATION)]
    told = run.client("config").describe_config_rule_evaluation_status(ConfigRuleNames=names)
    found = told["ConfigRulesEvaluationStatus"]
    if not found:
        return "AWS Config tells none"
    never = [each["ConfigRuleName"] for each in found if "LastSuccessfulEvaluationTime" not in each]
    if never:
        raise Unlike(f"a status is told, and not of the evaluations that were made: {', '.join(never)}")
    return "AWS Config tells one, with the time of the last evaluation"


def result_times(run: Run) -> str:
    """Compare the ordering timestamp of a result with the item's capture time, as a query tells it."""
    name = run.name(LEDGER)
    fields = "resourceId, configurationItemCaptureTime"
    told = {each["resourceId"]: each["configurationItemCaptureTime"] for each in _selected(run, fields, BUCKET)}
    [result] = [each for each in evaluations(run, TLS) if resource_of(each) == name]
    captured, ordered = datetime.fromisoformat(told[name]), _ordering(result)
    if abs(captured - ordered) >= timedelta(milliseconds=1):
        raise Unlike(f"the item is of {captured.isoformat()}, the result is about {ordered.isoformat()}")
    return f"both are {told[name]}"


def query_tags(run: Run) -> str:
    """Look how a query tells that a resource has no tags: the key that AWS manages for S3 has none."""
    untagged = run.client("kms").describe_key(KeyId="alias/aws/s3")["KeyMetadata"]["KeyId"]
    newest(run, KEY, untagged)
    found = {each["resourceId"]: each for each in _selected(run, "resourceId, tags", KEY)}
    if untagged not in found:
        raise Stopped(f"a query does not know the key {untagged}")
    if found[untagged].get("tags") != []:
        raise Unlike(f"tags of a key without one: {found[untagged].get('tags', 'left out')}")
    return "tags are an empty list where a resource has none"


def _selected(run: Run, fields: str, kind: str) -> list[Mapping[str, Any]]:
    expression = f"SELECT {fields} WHERE resourceType IN ('{kind}')"
    pages = run.client("config").get_paginator("select_resource_config").paginate(Expression=expression)
    return [json.loads(line) for page in pages for line in page["Results"]]


def not_applicable(run: Run) -> str:
    """Look for a result NOT_APPLICABLE: that of the disabled key."""
    asked = {"ConfigRuleName": deployed_rule(run, ROTATION), "ComplianceTypes": ["NOT_APPLICABLE"]}
    pages = run.client("config").get_paginator("get_compliance_details_by_config_rule").paginate(**asked)
    found = {resource_of(each) for page in pages for each in page["EvaluationResults"]}
    if key_id(run, SPENT) not in found:
        raise Unlike("NOT_APPLICABLE was sent, and is not returned")
    return "AWS Config keeps NOT_APPLICABLE, and returns it where it is asked for"


def _step(name: str, shows: str, run: Any, minutes: float, *needs: str, makes: str = "") -> Step:
    return Step(id=name, shows=shows, run=run, minutes=minutes, needs=needs or ("rules",), makes=makes, settles=True)


STEPS: Final = (
    _step("bucket-item", "Items of buckets lack the blocked encryption types.", bucket_item, 0.2, "seed"),
    _step("key-item", "Whether items of keys have the key policy.", key_item, 0.2, "seed"),
    _step("item-shape", "Items of the history are read as the resource is.", item_shape, 0.2, "seed"),
    _step("evaluations", "Evaluations arrive whole.", evaluations_arrive, 0.2),
    _step("evaluation-status", "AWS Config tells no untrue evaluation status.", evaluation_status, 0.2),
    _step("result-times", "A result is about the item that a query tells.", result_times, 0.2),
    _step("query-tags", "A query tells an empty list of tags.", query_tags, 0.2, "uploads-before"),
    _step("not-applicable", "NOT_APPLICABLE is kept.", not_applicable, 0.2),
)
LAST: Final = (
    _step(
        "recorded-changes",
        "Blocked encryption types alone, and rotation alone, make an item.",
        recorded_changes,
        6,
        "seed",
    ),
)
