"""Read AWS Config's results of one account of a fleet: rules, how they went, results, newest items, recorder."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from s3_guardrails.deploy import fleet_shape as shape
from s3_guardrails.deploy.fleet_cause import gap
from s3_guardrails.deploy.preflight import read_recorder, read_recorder_status
from s3_guardrails.deploy.preflight_call import tried
from s3_guardrails.encryption.fact import ABSENT, Absent, Unreadable
from s3_guardrails.errors import LiveReadFailed
from s3_guardrails.fleet.deployed import DeployedRule, Item, Resource, Results, RuleStatus
from s3_guardrails.fleet.freshness import Freshness
from s3_guardrails.fleet.member import Member
from s3_guardrails.fleet.notice import Kind, Notice
from s3_guardrails.fleet.report import Looked
from s3_guardrails.fleet.results import rows_of
from s3_guardrails.fleet.row import Row
from s3_guardrails.fleet.rule_name import rule_of
from s3_guardrails.live.call import gather, listing
from s3_guardrails.live.clients import Clients
from s3_guardrails.preflight.facts import RegionFacts
from s3_guardrails.preflight.finding import Outcome
from s3_guardrails.preflight.recorder import judge_recorder
from s3_guardrails.rule import Rule

KINDS: Final = {Outcome.BLOCKS: Kind.STALE, Outcome.UNREADABLE: Kind.UNKNOWN, Outcome.ADVISES: Kind.ADVISES}
TYPES: Final = ["COMPLIANT", "NON_COMPLIANT", "NOT_APPLICABLE"]
NAMES_PER_CALL: Final = 25
"""Rules that DescribeConfigRuleEvaluationStatus takes at a time (service model)."""

Known = Mapping[str, type[Rule[Any]]]
"""Our rules by name."""


@dataclass(frozen=True, slots=True)
class Status:
    """What is asked of every account; `now` is the time that ages are reckoned from."""

    rules: Known
    regions: tuple[str, ...]
    home: str
    now: datetime

    def look(self, member: Member, clients: Clients) -> Looked:
        """Read an account, several Regions at once."""
        found = gather(lambda region: self._in_region(member, clients, region), self.regions)
        rows = [row for of_region, _, _ in found for row in of_region]
        notices = [notice for _, of_region, _ in found for notice in of_region]
        return Looked(member, rows, notices, entered=any(answered for _, _, answered in found))

    def _in_region(self, member: Member, clients: Clients, region: str) -> tuple[list[Row], list[Notice], bool]:
        """Return rows, notices, and whether any rule of ours is there."""
        config = clients.client("config", region)
        try:
            described = listing(lambda: _rules(config))
        except LiveReadFailed as error:
            return [], [gap(member, clients, region, self.home, str(error))], False
        results = self._results(member, region, config, described)
        notices = [
            *(_unread(member, clients, region, self.home, rule) for rule in results.rules if _failed(rule)),
            *Freshness(results, self.now).notices(self.rules),
            *self._recorder(member, config, region),
        ]
        return rows_of(results, self.now.date()), notices, bool(results.rules)

    def _results(self, member: Member, region: str, config: Any, described: Sequence[Mapping[str, Any]]) -> Results:
        ours = {each["ConfigRuleName"]: each for each in described if rule_of(each["ConfigRuleName"], self.rules)}
        statuses = tried("status", lambda: _statuses(config, list(ours)))
        types = {rule.resource_type for rule in self.rules.values()}
        items = tried("items", lambda: _items(config, types))
        rules = tuple(self._rule(config, name, statuses) for name in ours)
        return Results(member.id, region, rules, items, shape.class_tag(ours.values()))

    def _rule(self, config: Any, name: str, statuses: Mapping[str, RuleStatus] | Unreadable) -> DeployedRule:
        rule = str(rule_of(name, self.rules))
        status: RuleStatus | Absent | Unreadable
        status = statuses if isinstance(statuses, Unreadable) else statuses.get(name, ABSENT)
        return DeployedRule(
            rule=rule,
            name=name,
            trigger=self.rules[rule].trigger,
            resource_type=self.rules[rule].resource_type,
            status=status,
            evaluations=tried("evaluations", lambda: tuple(map(shape.evaluation, _details(config, name)))),
        )

    def _recorder(self, member: Member, config: Any, region: str) -> Iterator[Notice]:
        """Say what of the recorder keeps results from being those of today."""
        recorder = tried("recorder", lambda: read_recorder(config))
        status = tried("recorder_status", lambda: read_recorder_status(config))
        not_asked = Unreadable("delivery_channel", "not asked")
        facts = RegionFacts(region, recorder, status, not_asked, not_asked)
        for each in judge_recorder(facts, sorted({rule.resource_type for rule in self.rules.values()})):
            if kind := KINDS.get(each.outcome):
                yield Notice(kind, each.code, member.id, region, each.sentence, each.next_step)


def _failed(rule: DeployedRule) -> bool:
    return isinstance(rule.evaluations, Unreadable)


def _unread(member: Member, clients: Clients, region: str, home: str, rule: DeployedRule) -> Notice:
    reason = rule.evaluations.reason if isinstance(rule.evaluations, Unreadable) else ""
    found = gap(member, clients, region, home, reason)
    return Notice(found.kind, found.code, member.id, region, f"results of {rule.name}: {reason}", found.next_step)


def _rules(config: Any) -> list[Mapping[str, Any]]:
    pages = config.get_paginator("describe_config_rules").paginate()
    return [each for page in pages for each in page["ConfigRules"]]


def _statuses(config: Any, names: Sequence[str]) -> dict[str, RuleStatus]:
    found = config.get_paginator("describe_config_rule_evaluation_status")
    parts = [names[start : start + NAMES_PER_CALL] for start in range(0, len(names), NAMES_PER_CALL)]
    return {
        each["ConfigRuleName"]: shape.rule_status(each)
        for part in parts
        for page in found.paginate(ConfigRuleNames=part)
        for each in page["ConfigRulesEvaluationStatus"]
    }


def _details(config: Any, name: str) -> Iterator[Mapping[str, Any]]:
    pages = config.get_paginator("get_compliance_details_by_config_rule")
    for page in pages.paginate(ConfigRuleName=name, ComplianceTypes=TYPES, PaginationConfig={"PageSize": 100}):
        yield from page["EvaluationResults"]


def _items(config: Any, types: set[str]) -> dict[Resource, Item]:
    pages = config.get_paginator("select_resource_config").paginate(
        Expression=shape.query(types), PaginationConfig={"PageSize": 100}
    )
    found = [shape.item(line) for page in pages for line in page["Results"]]
    return {resource: item for _, resource, item in found}
