"""Topics, rules of EventBridge, alarms, documents and conformance packs, as CloudFormation makes them."""

from __future__ import annotations

import json
from typing import Any, Final

from s3_guardrails.embedded.call import Refused
from s3_guardrails.embedded.stack.kind import (
    HalfMade,
    Kind,
    Made,
    Properties,
    World,
    changed,
    each_of,
    known,
    nothing,
    tags,
)


def _make_topic(world: World, logical: str, given: Properties) -> Made:
    attributes = dict(each_of(given, "DisplayName", "KmsMasterKeyId"))
    name = given.get("TopicName") or world.unique(logical, 256)
    arn = world.client("sns").create_topic(Name=name, Attributes=attributes, Tags=tags(given))["TopicArn"]
    return Made(arn, {"TopicArn": arn, "TopicName": name})


def _change_topic(world: World, made: Made, _before: Properties, after: Properties) -> Made:
    for name, value in each_of(after, "DisplayName", "KmsMasterKeyId"):
        world.client("sns").set_topic_attributes(TopicArn=made.id, AttributeName=name, AttributeValue=value)
    return made


def _delete_topic(world: World, made: Made) -> None:
    world.client("sns").delete_topic(TopicArn=made.id)


def _make_topic_policy(world: World, logical: str, given: Properties) -> Made:
    policy = json.dumps(given["PolicyDocument"])
    for topic in given["Topics"]:
        world.client("sns").set_topic_attributes(TopicArn=topic, AttributeName="Policy", AttributeValue=policy)
    return Made(world.unique(logical))


def _change_topic_policy(world: World, made: Made, _before: Properties, after: Properties) -> Made:
    _make_topic_policy(world, "policy", after)
    return made


def _make_rule(world: World, logical: str, given: Properties) -> Made:
    name = given.get("Name") or world.unique(logical)
    made = Made(name, {"Arn": world.arn("events", f"rule/{name}")})
    return _change_rule(world, made, {}, given)


def _change_rule(world: World, made: Made, before: Properties, after: Properties) -> Made:
    events = world.client("events")
    pattern = json.dumps(after["EventPattern"])
    events.put_rule(Name=made.id, EventPattern=pattern, **dict(each_of(after, "Description", "State")))
    kept = [each["Id"] for each in after.get("Targets", [])]
    if gone := [each["Id"] for each in before.get("Targets", []) if each["Id"] not in kept]:
        events.remove_targets(Rule=made.id, Ids=gone)
    if kept:
        events.put_targets(Rule=made.id, Targets=after["Targets"])
    return made


def _delete_rule(world: World, made: Made) -> None:
    events = world.client("events")
    if targets := [each["Id"] for each in events.list_targets_by_rule(Rule=made.id)["Targets"]]:
        events.remove_targets(Rule=made.id, Ids=targets)
    events.delete_rule(Name=made.id)


_ALARM: Final = (
    "AlarmDescription ComparisonOperator Dimensions EvaluationPeriods MetricName Namespace Period Statistic Threshold "
    "TreatMissingData"
)


def _make_alarm(world: World, logical: str, given: Properties) -> Made:
    name = given.get("AlarmName") or world.unique(logical, 255)
    return _change_alarm(world, Made(name, {"Arn": world.arn("cloudwatch", f"alarm:{name}")}), {}, given)


def _change_alarm(world: World, made: Made, _before: Properties, after: Properties) -> Made:
    settings = {**dict(each_of(after, *_ALARM.split())), "Threshold": float(after["Threshold"])}
    world.client("cloudwatch").put_metric_alarm(AlarmName=made.id, **settings)
    return made


def _delete_alarm(world: World, made: Made) -> None:
    world.client("cloudwatch").delete_alarms(AlarmNames=[made.id])


def _content(given: Properties) -> str:
    return given["Content"] if isinstance(given["Content"], str) else json.dumps(given["Content"])


def _make_document(world: World, logical: str, given: Properties) -> Made:
    name = given.get("Name") or world.unique(logical)
    world.client("ssm").create_document(
        Name=name, Content=_content(given), DocumentType=given["DocumentType"], DocumentFormat=given["DocumentFormat"]
    )
    return Made(name)


def _change_document(world: World, made: Made, before: Properties, after: Properties) -> Made:
    """With UpdateMethod NewVersion a change is a version, which becomes the default."""
    if after.get("UpdateMethod") != "NewVersion":
        raise Refused("ValidationError", f"{made.id}: a change needs UpdateMethod NewVersion")
    if "Content" in changed(before, after):
        ssm = world.client("ssm")
        asked = {"Name": made.id, "Content": _content(after), "DocumentVersion": "$LATEST"}
        told = ssm.update_document(**asked, DocumentFormat=after["DocumentFormat"])["DocumentDescription"]
        ssm.update_document_default_version(Name=made.id, DocumentVersion=told["DocumentVersion"])
    return made


def _delete_document(world: World, made: Made) -> None:
    world.client("ssm").delete_document(Name=made.id)


def _make_pack(world: World, _logical: str, given: Properties) -> Made:
    """A pack is there when AWS Config says so; why it is not, is its status's reason."""
    config, name = world.client("config"), given["ConformancePackName"]
    config.put_conformance_pack(**given)
    asked: Any = config.describe_conformance_pack_status(ConformancePackNames=[name])
    [status] = asked["ConformancePackStatusDetails"]
    if status["ConformancePackState"] != "CREATE_COMPLETE":
        raise HalfMade(Made(name), status["ConformancePackStatusReason"])
    return Made(name)


def _change_pack(world: World, made: Made, _before: Properties, after: Properties) -> Made:
    return _make_pack(world, made.id, after)


def _delete_pack(world: World, made: Made) -> None:
    world.client("config").delete_conformance_pack(ConformancePackName=made.id)


KINDS: Final = {
    "AWS::SNS::Topic": Kind(
        known("TopicName DisplayName KmsMasterKeyId Tags"),
        _make_topic,
        _delete_topic,
        _change_topic,
        fixed=known("TopicName"),
    ),
    "AWS::SNS::TopicPolicy": Kind(known("Topics PolicyDocument"), _make_topic_policy, nothing, _change_topic_policy),
    "AWS::Events::Rule": Kind(
        known("Name Description EventPattern State Targets"),
        _make_rule,
        _delete_rule,
        _change_rule,
        fixed=known("Name"),
    ),
    "AWS::CloudWatch::Alarm": Kind(
        known(f"AlarmName {_ALARM}"), _make_alarm, _delete_alarm, _change_alarm, fixed=known("AlarmName")
    ),
    "AWS::SSM::Document": Kind(
        known("Name Content DocumentType DocumentFormat UpdateMethod"),
        _make_document,
        _delete_document,
        _change_document,
        fixed=known("Name DocumentType"),
    ),
    "AWS::Config::ConformancePack": Kind(
        known("ConformancePackName ConformancePackInputParameters TemplateBody"),
        _make_pack,
        _delete_pack,
        _change_pack,
        fixed=known("ConformancePackName"),
    ),
}
