"""AWS Config's results of one account and Region → rows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date
from typing import Final

from s3_guardrails.classified import UNCLASSIFIED
from s3_guardrails.decision import Verdict
from s3_guardrails.encryption.fact import ABSENT, Unreadable
from s3_guardrails.fleet.annotation import read_annotation
from s3_guardrails.fleet.deployed import DeployedRule, Evaluation, Resource, Results
from s3_guardrails.fleet.row import DataClass, Row, class_of

_WORST_FIRST: Final = (Verdict.NON_COMPLIANT, Verdict.UNDETERMINED, Verdict.COMPLIANT, Verdict.NOT_APPLICABLE)


def rows_of(results: Results, today: date) -> list[Row]:
    """Return a row for each rule and resource; where a rule is deployed more than once the worst verdict counts.

    `today` decides whether an exemption still holds: the result may be older than its end.
    """
    worst: dict[tuple[str, Resource], Row] = {}
    for row in _rows(results, today):
        place = row.rule, (row.resource_type, row.resource_id)
        if place not in worst or _rank(row) < _rank(worst[place]):
            worst[place] = row
    return list(worst.values())


def _rank(row: Row) -> tuple[int, bool]:
    return _WORST_FIRST.index(row.verdict), row.exempt


def _rows(results: Results, today: date) -> Iterator[Row]:
    for rule in results.rules:
        if not isinstance(rule.evaluations, Unreadable):
            yield from (_row(results, rule, each, today) for each in rule.evaluations)


def _row(results: Results, rule: DeployedRule, evaluation: Evaluation, today: date) -> Row:
    told = read_annotation(evaluation.compliance, evaluation.annotation)
    exempt = told.exempt(today)
    return Row(
        account=results.account,
        region=results.region,
        rule=rule.rule,
        resource_type=evaluation.resource[0],
        resource_id=evaluation.resource[1],
        verdict=Verdict.NON_COMPLIANT if told.exemption and not exempt else told.verdict,
        codes=told.codes,
        data_class=_class(results, evaluation.resource, told.codes),
        reason=evaluation.annotation,
        exemption=told.exemption,
        exempt=exempt,
        tags=_tags(results, evaluation.resource),
    )


def _class(results: Results, resource: Resource, codes: tuple[str, ...]) -> DataClass:
    """Return the class that the newest item names; without an item the annotation may still say that there is none."""
    found = class_of(resource[0], _tags(results, resource), results.class_tag)
    return ABSENT if isinstance(found, Unreadable) and UNCLASSIFIED in codes else found


def _tags(results: Results, resource: Resource) -> Mapping[str, str] | Unreadable:
    if isinstance(results.items, Unreadable):
        return results.items
    item = results.items.get(resource)
    return item.tags if item else Unreadable("tags", "the resource has no configuration item")
