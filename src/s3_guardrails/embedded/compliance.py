"""What AWS Config says in the end, per rule and resource, with what it cannot say counted apart."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from s3_guardrails.decision import Verdict
from s3_guardrails.embedded.exemption_life import Day
from s3_guardrails.embedded.player import Failure
from s3_guardrails.fleet.annotation import read_annotation

UNCLASSIFIED: Final = "UNCLASSIFIED"
COUNTED: Final = (*(each.value for each in Verdict), UNCLASSIFIED)
"""Verdicts add up to the resources; unclassified ones are among them and counted once more."""


@dataclass(frozen=True, slots=True)
class Row:
    """One evaluation as AWS Config returns it. `name` and `why` come from the demo's account, `id` is AWS's."""

    id: str
    type: str
    name: str
    why: str
    compliance: str
    annotation: str

    @property
    def verdict(self) -> Verdict:
        """The package's verdict: AWS Config keeps UNDETERMINED as NON_COMPLIANT with an annotation that says so."""
        return read_annotation(self.compliance, self.annotation).verdict

    @property
    def codes(self) -> tuple[str, ...]:
        """The codes of reasons and advisories, in the annotation's order."""
        return read_annotation(self.compliance, self.annotation).codes

    @property
    def unclassified(self) -> bool:
        """Was the bucket judged without a data class?"""
        return UNCLASSIFIED in self.codes

    def as_json(self) -> dict[str, Any]:
        """Return plain data; `compliance` is AWS Config's compliance type, `verdict` the package's."""
        return {
            "id": self.id,
            "type": self.type,
            "name": self.name,
            "compliance": self.compliance,
            "verdict": self.verdict.value,
            "codes": list(self.codes),
            "unclassified": self.unclassified,
            "annotation": self.annotation,
            "why": self.why,
        }


@dataclass(frozen=True, slots=True)
class Click:
    """What became of one click: `succeeded`, whether a person approved, the plan, or why it failed."""

    rule: str
    resource: str
    name: str
    succeeded: bool
    approved: bool
    plan: Mapping[str, Any] | None
    failure: str

    def as_json(self) -> dict[str, Any]:
        """Return plain data; `plan` has the state before and after, the calls and the diff."""
        return {
            "rule": self.rule,
            "resource": self.resource,
            "name": self.name,
            "succeeded": self.succeeded,
            "approved": self.approved,
            "plan": self.plan,
            "failure": self.failure,
        }


@dataclass(frozen=True, slots=True)
class Played:
    """What a play of AWS Config found, what became of each click, and what was found afterwards.

    `seconds` maps a stage to its duration; `mended` is empty where nobody clicked. `exemption`: the days on which
    one that was given later was judged, by a clock of its own.
    """

    account: str
    region: str
    rules: Mapping[str, list[Row]]
    invocations: int
    failures: list[Failure]
    seconds: Mapping[str, float]
    clicks: Sequence[Click] = ()
    mended: Mapping[str, list[Row]] = field(default_factory=dict)
    exemption: Sequence[Day] = ()

    def as_json(self) -> dict[str, Any]:
        """Return plain data; `rules` before and `mended` after the `remediations`."""
        return {
            "account": self.account,
            "region": self.region,
            "rules": _told(self.rules),
            "remediations": [each.as_json() for each in self.clicks],
            "mended": _told(self.mended),
            "exemption": [each.as_json() for each in self.exemption],
            "invocations": self.invocations,
            "failures": [{"rule": each.rule, "resource": each.resource, "error": each.error} for each in self.failures],
            "seconds": dict(self.seconds),
        }


def _told(rules: Mapping[str, list[Row]]) -> dict[str, Any]:
    return {
        name: {"counts": counts(found), "resources": [row.as_json() for row in found]} for name, found in rules.items()
    }


def rows(results: Sequence[Mapping[str, Any]], known: Mapping[str, tuple[str, str]]) -> list[Row]:
    """Read EvaluationResults; `known` gives a resource's name and the reason why it exists, by its id."""
    return sorted((_row(each, known) for each in results), key=lambda row: row.name)


def counts(found: Sequence[Row]) -> dict[str, int]:
    """Count verdicts, and unclassified resources once more."""
    counted = Counter(row.verdict.value for row in found)
    counted[UNCLASSIFIED] = sum(row.unclassified for row in found)
    return {name: counted[name] for name in COUNTED}


def _row(result: Mapping[str, Any], known: Mapping[str, tuple[str, str]]) -> Row:
    qualifier = result["EvaluationResultIdentifier"]["EvaluationResultQualifier"]
    name, why = known.get(qualifier["ResourceId"], (qualifier["ResourceId"], ""))
    return Row(
        qualifier["ResourceId"],
        qualifier["ResourceType"],
        name,
        why,
        result["ComplianceType"],
        result.get("Annotation", ""),
    )
