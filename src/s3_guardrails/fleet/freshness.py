"""Are results those of today? Decided on typed facts and a given time; what cannot be decided is said.

AWS Config answers a periodic rule every 24 hours. A change rule judges an item soon after it is captured; its result
carries the item's time as ordering timestamp. Sources: AWS Config API Reference, ConfigRuleEvaluationStatus (documented
as empty for custom Lambda rules, so results count as signs of life too) and EvaluationResult.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from s3_guardrails.decision import Verdict
from s3_guardrails.encryption.fact import Absent, Unreadable
from s3_guardrails.fleet.deployed import DeployedRule, Evaluation, Item, Moment, Results, RuleStatus
from s3_guardrails.fleet.notice import Kind, Notice

PERIOD: Final = timedelta(hours=26)
"""Longest silence of a periodic rule: its 24 hours and some room."""
GRACE: Final = timedelta(hours=1)
"""How long AWS Config may take from an item to the result about it."""
SKEW: Final = timedelta(minutes=5)
"""How far clocks may differ."""
_TOLD: Final = frozenset({Verdict.COMPLIANT.value, Verdict.NON_COMPLIANT.value})
_SHOWN: Final = 3


def iso(moment: datetime) -> str:
    """Return UTC as `2026-11-21T19:00:00Z`."""
    return moment.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


@dataclass(frozen=True, slots=True)
class Freshness:
    """Judges one account and Region at a time `now`, for the rules that should be there."""

    results: Results
    now: datetime

    def notices(self, wanted: Collection[str]) -> Iterator[Notice]:
        """Say what is missing, failing, silent, late, or not known."""
        deployed = [each.rule for each in self.results.rules]
        if missing := [each for each in wanted if each not in deployed]:
            yield self._missing(missing, len(wanted))
        for rule in self.results.rules:
            yield from self._failing(rule)
            yield from self._of(rule)
        for name in sorted({each for each in deployed if deployed.count(each) > 1}):
            sentence = f"{name} is deployed {deployed.count(name)} times; the worst verdict counts"
            yield self._notice(Kind.ADVISES, "RULE_REPEATED", sentence, "remove the packs or rules that are too many")

    def _missing(self, rules: list[str], wanted: int) -> Notice:
        sentence = f"{len(rules)} of {wanted} rules are not deployed: {', '.join(rules)}"
        if len(rules) == wanted:
            sentence = f"none of the {wanted} rules is deployed"
        kind = Kind.UNCOVERED
        return self._notice(kind, "RULES_MISSING", sentence, "deploy the pack there, or leave the Region out")

    def _failing(self, rule: DeployedRule) -> Iterator[Notice]:
        status = rule.status
        if not isinstance(status, RuleStatus) or isinstance(status.failed, Absent):
            return
        success = newest(status.evaluated, status.invoked)
        if isinstance(success, Absent) or status.failed > success:
            sentence = f"{rule.name} failed at {iso(status.failed)}: {status.error or 'no error is told'}"
            yield self._notice(Kind.STALE, "RULE_FAILING", sentence, "look at the function's log")

    def _of(self, rule: DeployedRule) -> Iterator[Notice]:
        if isinstance(rule.evaluations, Unreadable):
            return  # said where it was read: the Region is not covered
        if rule.trigger.scheduled:
            yield from self._periodic(rule, rule.evaluations)
        if rule.trigger.on_change:
            yield from self._change(rule, rule.evaluations)

    def _periodic(self, rule: DeployedRule, evaluations: tuple[Evaluation, ...]) -> Iterator[Notice]:
        success = last_success(rule.status, evaluations)
        if not isinstance(rule.status, RuleStatus) and self._nothing_to_judge(rule, evaluations):
            return
        if isinstance(success, Absent):
            if isinstance(rule.status, RuleStatus):
                sentence = f"{rule.name} was never evaluated"
                yield self._notice(Kind.STALE, "RULE_SILENT", sentence, "look at the function's log and permission")
            else:
                yield self._unknown(rule, "it has no results, and AWS Config tells nothing of its last run")
        elif success > self.now + SKEW:
            yield self._unknown(rule, f"its last success is in the future, {iso(success)}: the clocks differ")
        elif self.now - success > PERIOD:
            hours = int(PERIOD.total_seconds() // 3600)
            sentence = f"{rule.name} had no success since {iso(success)}, more than {hours} hours ago"
            yield self._notice(Kind.STALE, "RULE_SILENT", sentence, "look at the function's log and permission")

    def _nothing_to_judge(self, rule: DeployedRule, evaluations: tuple[Evaluation, ...]) -> bool:
        """Does the Region have no resource that the rule is about? Then it says nothing, however often it runs."""
        items = self.results.items
        recorded = isinstance(items, Unreadable) or any(kind == rule.resource_type for kind, _ in items)
        return not recorded and not any(each.compliance in _TOLD for each in evaluations)

    def _change(self, rule: DeployedRule, evaluations: tuple[Evaluation, ...]) -> Iterator[Notice]:
        items = self.results.items
        if isinstance(items, Unreadable):
            yield self._unknown(rule, f"recorded resources could not be read: {items.reason}")
            return
        judged = {each.resource: each.about for each in evaluations}
        about = {each: item for each, item in items.items() if each[0] == rule.resource_type}
        late = [each for each, item in about.items() if self._late(item, judged.get(each))]
        if late:
            shown = ", ".join(sorted(name for _, name in late)[:_SHOWN])
            more = f" and {len(late) - _SHOWN} more" if len(late) > _SHOWN else ""
            sentence = (
                f"{rule.name}: {len(late)} of {len(about)} recorded resources have no result about their newest item: "
            )
            step = "evaluate the rule again and look at the function's log"
            yield self._notice(Kind.STALE, "RESULTS_LATE", f"{sentence}{shown}{more}", step)
        timeless = sum(isinstance(item.captured, Absent) for item in about.values())
        timeless += sum(isinstance(judged.get(each), Absent) for each in about)
        if timeless:
            yield self._unknown(rule, f"{timeless} items or results tell no time")

    def _late(self, item: Item, about: Moment | None) -> bool:
        """Is the newest item old enough to have been judged, and was it not?"""
        if isinstance(item.captured, Absent) or isinstance(about, Absent):
            return False
        if self.now - item.captured <= GRACE:
            return False
        return about is None or about + timedelta(seconds=1) < item.captured

    def _unknown(self, rule: DeployedRule, reason: str) -> Notice:
        sentence = f"freshness of {rule.name} not known: {reason}"
        return self._notice(Kind.UNKNOWN, "FRESHNESS_UNKNOWN", sentence, "look at the rule in AWS Config's console")

    def _notice(self, kind: Kind, code: str, sentence: str, step: str) -> Notice:
        return Notice(kind, code, self.results.account, self.results.region, sentence, step)


def last_success(status: RuleStatus | Absent | Unreadable, evaluations: tuple[Evaluation, ...]) -> Moment:
    """Return when a rule last did its work: an evaluation counts, an invocation only where there was nothing to judge.

    A function that is invoked and fails leaves its old results standing.
    """
    told = status if isinstance(status, RuleStatus) else None
    moments = [each.recorded for each in evaluations]
    moments += [told.evaluated] if told else []
    if told and not any(each.compliance in _TOLD for each in evaluations):
        moments.append(told.invoked)
    return newest(*moments)


def newest(*moments: Moment) -> Moment:
    """Return the latest of some moments, ABSENT where there is none."""
    return max((each for each in moments if isinstance(each, datetime)), default=Absent())
