"""What AWS Config says of one account and Region: rules of ours, how they went, their results, recorded resources."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from s3_guardrails.encryption.fact import Absent, Unreadable
from s3_guardrails.rule import Trigger

Resource = tuple[str, str]
"""Resource type and id."""
Moment = datetime | Absent
"""A time with its zone, or that there is none."""


@dataclass(frozen=True, slots=True)
class RuleStatus:
    """DescribeConfigRuleEvaluationStatus of one rule: last successes, the last failure of either kind, its error."""

    invoked: Moment
    evaluated: Moment
    failed: Moment
    error: str = ""


@dataclass(frozen=True, slots=True)
class Evaluation:
    """One result. `about`: the ordering timestamp, for a change rule the time of the item that was judged."""

    resource: Resource
    compliance: str
    annotation: str
    recorded: Moment
    about: Moment


@dataclass(frozen=True, slots=True)
class DeployedRule:
    """A rule of ours as it is deployed. `name` is AWS Config's; `status` is ABSENT where it tells nothing of it."""

    rule: str
    name: str
    trigger: Trigger
    resource_type: str
    status: RuleStatus | Absent | Unreadable
    evaluations: tuple[Evaluation, ...] | Unreadable


@dataclass(frozen=True, slots=True)
class Item:
    """The newest configuration item of a resource: when it was captured, and its tags."""

    captured: Moment
    tags: Mapping[str, str] | Unreadable


@dataclass(frozen=True, slots=True)
class Results:
    """All of one account and Region. `items` are those of the resource types that rules are about.

    `class_tag`: key of the tag that names a bucket's data class.
    """

    account: str
    region: str
    rules: tuple[DeployedRule, ...]
    items: Mapping[Resource, Item] | Unreadable
    class_tag: str
