"""Read the results of a fleet from a Config aggregator, with the caller's own permissions.

An aggregator has COMPLIANT and NON_COMPLIANT results only, lists no rule without results, and does not tell when a rule
ran last (AWS Config API Reference). What follows is said: what is not applicable and how old results are is not known.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from s3_guardrails.deploy import fleet_shape as shape
from s3_guardrails.deploy.fleet_cause import cause_of
from s3_guardrails.deploy.fleet_status import Known
from s3_guardrails.deploy.preflight_call import tried
from s3_guardrails.encryption.fact import ABSENT, Unreadable
from s3_guardrails.errors import UnreadableFact
from s3_guardrails.fleet.cause import Cause, uncovered
from s3_guardrails.fleet.deployed import DeployedRule, Evaluation, Item, Resource, Results
from s3_guardrails.fleet.member import Member
from s3_guardrails.fleet.notice import Kind, Notice
from s3_guardrails.fleet.report import Looked
from s3_guardrails.fleet.results import rows_of
from s3_guardrails.fleet.rule_name import rule_of
from s3_guardrails.live.call import gather, listing
from s3_guardrails.live.clients import Clients

FRESHNESS: Final = "an aggregator does not tell when rules ran last; leave --aggregator out to look account by account"
_PAGE: Final = {"PageSize": 100}
_TROUBLE: Final = ["FAILED", "OUTDATED"]

Named = Mapping[str, Sequence[str]]
"""Region → names of our rules as they are deployed there."""


@dataclass(frozen=True, slots=True)
class Aggregator:
    """An aggregator in the account and Region of `config`, a client.

    `class_tag`: key of the tag of data classes. `today` decides whether an exemption still holds.
    """

    config: Any
    name: str
    rules: Known
    regions: tuple[str, ...]
    class_tag: str
    today: date

    def sources(self, members: Iterable[Member]) -> list[Notice]:
        """Say which sources could not be collected from, as far as they are about the accounts and Regions asked for.

        Raise LiveReadFailed where there is no such aggregator.
        """
        accounts, regions = {"", *(each.id for each in members)}, {"", *self.regions}
        pages = self.config.get_paginator("describe_configuration_aggregator_sources_status")
        given = {"ConfigurationAggregatorName": self.name, "UpdateStatus": _TROUBLE}
        found = listing(
            lambda: [_source(each) for page in pages.paginate(**given) for each in page["AggregatedSourceStatusList"]]
        )
        return [each for each in found if each.account in accounts and each.region in regions]

    def look(self, member: Member, _: Clients) -> Looked:
        """Read what the aggregator has of an account."""
        named = tried("rules", lambda: self._named(member.id))
        if isinstance(named, Unreadable):
            gap = uncovered(member, "", cause_of(named.reason), f"rules: {named.reason}")
            return Looked(member, notices=(gap,), entered=False)
        items = tried("items", lambda: self._items(member.id))
        found = [self._results(member, region, names, items) for region, names in named.items()]
        notices = [notice for each in found for notice in self._notices(member, each)]
        absent = [self._not_aggregated(member, region) for region in self.regions if region not in named]
        rows = [row for each in found for row in rows_of(each, self.today)]
        return Looked(member, rows, [*notices, *absent], bool(named))

    def _named(self, account: str) -> Named:
        """Return the rules of ours that have results in an account."""
        pages = self.config.get_paginator("describe_aggregate_compliance_by_config_rules").paginate(
            ConfigurationAggregatorName=self.name, Filters={"AccountId": account}
        )
        named: defaultdict[str, list[str]] = defaultdict(list)
        for each in (each for page in pages for each in page["AggregateComplianceByConfigRules"]):
            _expect(account, each["AccountId"])
            if each["AwsRegion"] in self.regions and rule_of(each["ConfigRuleName"], self.rules):
                named[each["AwsRegion"]].append(each["ConfigRuleName"])
        return dict(named)

    def _items(self, account: str) -> dict[str, dict[Resource, Item]]:
        """Return the newest items of an account by Region."""
        types = {rule.resource_type for rule in self.rules.values()}
        pages = self.config.get_paginator("select_aggregate_resource_config").paginate(
            ConfigurationAggregatorName=self.name, Expression=shape.query(types, account), PaginationConfig=_PAGE
        )
        found: defaultdict[str, dict[Resource, Item]] = defaultdict(dict)
        for region, resource, item in (shape.item(line) for page in pages for line in page["Results"]):
            found[region][resource] = item
        return dict(found)

    def _results(
        self,
        member: Member,
        region: str,
        names: Sequence[str],
        items: Mapping[str, Mapping[Resource, Item]] | Unreadable,
    ) -> Results:
        def deployed(name: str) -> DeployedRule:
            rule = str(rule_of(name, self.rules))
            known = self.rules[rule]
            found = tried("evaluations", lambda: tuple(self._details(member.id, region, name)))
            return DeployedRule(rule, name, known.trigger, known.resource_type, ABSENT, found)

        of_region = items if isinstance(items, Unreadable) else items.get(region, {})
        return Results(member.id, region, tuple(gather(deployed, names)), of_region, self.class_tag)

    def _details(self, account: str, region: str, rule: str) -> Iterator[Evaluation]:
        pages = self.config.get_paginator("get_aggregate_compliance_details_by_config_rule").paginate(
            ConfigurationAggregatorName=self.name,
            ConfigRuleName=rule,
            AccountId=account,
            AwsRegion=region,
            PaginationConfig=_PAGE,
        )
        for each in (each for page in pages for each in page["AggregateEvaluationResults"]):
            _expect(f"{account} {region}", f"{each['AccountId']} {each['AwsRegion']}")
            yield shape.evaluation(each)

    def _notices(self, member: Member, results: Results) -> Iterator[Notice]:
        for rule in results.rules:
            if isinstance(rule.evaluations, Unreadable):
                reason = rule.evaluations.reason
                yield uncovered(member, results.region, cause_of(reason), f"results of {rule.name}: {reason}")
        if missing := sorted(set(self.rules) - {each.rule for each in results.rules}):
            sentence = f"no results of {', '.join(missing)}: not deployed there, or nothing that they are about"
            step = "leave --aggregator out to tell which"
            yield Notice(Kind.UNKNOWN, "RESULTS_MISSING", member.id, results.region, sentence, step)

    def _not_aggregated(self, member: Member, region: str) -> Notice:
        sentence = f"the aggregator `{self.name}` has no results of our rules from there"
        return uncovered(member, region, Cause.NOT_AGGREGATED, sentence)


def _source(found: Mapping[str, Any]) -> Notice:
    """Say what is wrong with a source; one that is a whole organization has no account."""
    source, status = str(found["SourceId"]), found["LastUpdateStatus"]
    kind, code = (Kind.UNCOVERED, "SOURCE_FAILED") if status == "FAILED" else (Kind.STALE, "SOURCE_OUTDATED")
    account = source if source.isdecimal() else ""
    sentence = f"the aggregator's source {source} is {status}: {shape.error_of(found) or 'no error is told'}"
    step = "mend the authorization of the source, or its recorder, as the error says"
    return Notice(kind, code, account, found.get("AwsRegion", ""), sentence, step)


def _expect(asked: str, answered: str) -> None:
    if asked != answered:
        raise UnreadableFact("results", f"asked for {asked}, answered for {answered}")
