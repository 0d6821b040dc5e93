"""AWS Config's answers about rules, results and items → facts; what is not understood raises, and is unreadable."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any, Final

from s3_guardrails.classified import ClassifiedParameters
from s3_guardrails.encryption.fact import ABSENT, Unreadable
from s3_guardrails.errors import UnreadableFact
from s3_guardrails.fleet.deployed import Evaluation, Item, Moment, Resource, RuleStatus
from s3_guardrails.live.shape import fact, first_line, tags

CLASS_TAG: Final = "DataClassTag"
"""The rule parameter that names the tag of data classes."""


def moment(found: Any) -> Moment:
    """Return a time that the SDK or a query gives; ABSENT where there is none. Raise ValueError for another text."""
    if isinstance(found, str):
        found = datetime.fromisoformat(found)
    if not isinstance(found, datetime):
        return ABSENT
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def rule_status(found: Mapping[str, Any]) -> RuleStatus:
    """Read an entry of DescribeConfigRuleEvaluationStatus."""
    failed = [moment(found.get(name)) for name in ("LastFailedInvocationTime", "LastFailedEvaluationTime")]
    told = [each for each in failed if isinstance(each, datetime)]
    return RuleStatus(
        invoked=moment(found.get("LastSuccessfulInvocationTime")),
        evaluated=moment(found.get("LastSuccessfulEvaluationTime")),
        failed=max(told, default=ABSENT),
        error=error_of(found),
    )


def error_of(found: Mapping[str, Any]) -> str:
    """Return the last error as code and the first line of its message; empty where none is told."""
    return first_line(": ".join(str(found[name]) for name in ("LastErrorCode", "LastErrorMessage") if found.get(name)))


def evaluation(found: Mapping[str, Any]) -> Evaluation:
    """Read an EvaluationResult or AggregateEvaluationResult; raise KeyError."""
    identifier = found["EvaluationResultIdentifier"]
    qualifier = identifier["EvaluationResultQualifier"]
    return Evaluation(
        resource=(qualifier["ResourceType"], qualifier["ResourceId"]),
        compliance=found["ComplianceType"],
        annotation=found.get("Annotation", ""),
        recorded=moment(found.get("ResultRecordedTime")),
        about=moment(identifier.get("OrderingTimestamp")),
    )


def query(types: Iterable[str], account: str = "") -> str:
    """Return the query for the newest items of resource types, in the language of AWS Config."""
    names = ", ".join(f"'{each}'" for each in sorted(types))
    of_account = f" AND accountId = '{account}'" if account else ""
    fields = "resourceId, resourceType, awsRegion, configurationItemCaptureTime, tags"
    return f"SELECT {fields} WHERE resourceType IN ({names}){of_account}"


def item(line: str) -> tuple[str, Resource, Item]:
    """Read a result of `query`: Region, resource, item; raise KeyError or ValueError.

    Tags that are left out are unreadable: nothing documents that a resource then has none.
    """
    found = json.loads(line)
    if not isinstance(found, Mapping):
        raise UnreadableFact("items", "expected a result of the query to be an object")
    told = found.get("tags")
    read = Unreadable("tags", "the item tells no tags") if told is None else fact("tags", lambda: tags(told, "tags"))
    captured = moment(found.get("configurationItemCaptureTime"))
    return found.get("awsRegion", ""), (found["resourceType"], found["resourceId"]), Item(captured, read)


def class_tag(rules: Iterable[Mapping[str, Any]]) -> str:
    """Return the key of the tag of data classes, as the first rule that has such a parameter names it."""
    for each in rules:
        try:
            given = json.loads(each.get("InputParameters") or "{}")
        except ValueError:
            continue
        if isinstance(given, Mapping) and isinstance(named := given.get(CLASS_TAG), str) and named:
            return named
    return ClassifiedParameters().data_class_tag
