"""What AWS Config tells of results beyond one rule: how rules went, the newest items, and all of it in an aggregator.

Source: AWS Config API Reference; "Querying the current configuration state" for the language of queries, of which the
one form that this package asks is understood. Documented, and so here: rules of one's own have no evaluation status,
aggregators no NOT_APPLICABLE.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final

from moto.config.models import config_backends

from s3_guardrails.embedded.call import Answer, Call, Refused, json_answer
from s3_guardrails.embedded.place import Places

AGGREGATED: Final = frozenset({"COMPLIANT", "NON_COMPLIANT"})
_QUERY: Final = re.compile(
    r"SELECT (?P<fields>[\w, ]+) WHERE resourceType IN \((?P<types>['\w:, ]+)\)"
    r"( AND accountId = '(?P<account>\d{12})')?"
)
_GONE: Final = frozenset({"ResourceDeleted", "ResourceDeletedNotRecorded"})


@dataclass(slots=True)
class ResultsService:
    """Methods ``on_…`` answer operations. `statuses`: account, Region and rule → members of its evaluation status."""

    places: Places
    statuses: dict[tuple[str, str, str], Mapping[str, Any]] = field(default_factory=dict)
    sources: list[Mapping[str, Any]] = field(default_factory=list)
    """Members of AggregatedSourceStatus, of every aggregator."""
    page: int = 100
    """Entries of a page."""

    def on_describe_config_rule_evaluation_status(self, call: Call) -> Answer:
        """Tell how rules went that have a status."""
        names = call.parameters.get("ConfigRuleNames") or []
        found = [(name, self.statuses.get((call.account, call.region, name))) for name in names]
        told = [{"ConfigRuleName": name, **status} for name, status in found if status is not None]
        return self._page(call, "ConfigRulesEvaluationStatus", told)

    def on_select_resource_config(self, call: Call) -> Answer:
        """Return the newest items of resource types in this account and Region."""
        fields, types, _ = _parsed(call)
        found = [_selected(each, fields) for each in self._items(call.account, call.region, types)]
        return self._page(call, "Results", found)

    def on_select_aggregate_resource_config(self, call: Call) -> Answer:
        """Return the newest items of resource types in one account of the aggregator."""
        fields, types, account = _parsed(call)
        places = [(each, region) for each, region in self._collected(call) if account in {"", each}]
        found = [_selected(item, fields) for place in places for item in self._items(*place, types)]
        return self._page(call, "Results", found)

    def on_describe_configuration_aggregator_sources_status(self, call: Call) -> Answer:
        """Tell how collecting went."""
        self._collected(call)
        wanted = call.parameters.get("UpdateStatus") or ["FAILED", "SUCCEEDED", "OUTDATED"]
        found = [dict(each) for each in self.sources if each["LastUpdateStatus"] in wanted]
        return self._page(call, "AggregatedSourceStatusList", found)

    def on_describe_aggregate_compliance_by_config_rules(self, call: Call) -> Answer:
        """Return rules with results, of the account that is asked for."""
        wanted = (call.parameters.get("Filters") or {}).get("AccountId")
        found = [
            {"ConfigRuleName": rule, "AccountId": account, "AwsRegion": region, "Compliance": {"ComplianceType": worst}}
            for account, region in self._collected(call)
            if wanted in {None, account}
            for rule, worst in self._worst(account, region)
        ]
        return self._page(call, "AggregateComplianceByConfigRules", found)

    def on_get_aggregate_compliance_details_by_config_rule(self, call: Call) -> Answer:
        """Return the results of one rule in one account and Region."""
        place = call.parameters["AccountId"], call.parameters["AwsRegion"]
        known = self.places.at(*place).config.results if place in self._collected(call) else {}
        found = [
            {**each, "AccountId": place[0], "AwsRegion": place[1]}
            for each in known.get(call.parameters["ConfigRuleName"], {}).values()
            if each["ComplianceType"] in AGGREGATED
        ]
        return self._page(call, "AggregateEvaluationResults", found)

    def _worst(self, account: str, region: str) -> Iterator[tuple[str, str]]:
        for rule, results in self.places.at(account, region).config.results.items():
            types = {each["ComplianceType"] for each in results.values()} & AGGREGATED
            if types:
                yield rule, max(types)  # NON_COMPLIANT sorts last

    def _items(self, account: str, region: str, types: Sequence[str]) -> Iterator[Mapping[str, Any]]:
        for (kind, _), items in self.places.at(account, region).config.histories.items():
            if kind in types and items[0]["configurationItemStatus"] not in _GONE:
                yield {**items[0], "accountId": account, "awsRegion": region}

    def _collected(self, call: Call) -> list[tuple[str, str]]:
        """Return the places that the aggregator collects from; an organization's are all of them."""
        name = call.parameters["ConfigurationAggregatorName"]
        known = config_backends[call.account][call.region].config_aggregators
        if name not in known:
            raise Refused(
                "NoSuchConfigurationAggregatorException", f"The configuration aggregator {name} does not exist"
            )
        sources = known[name].account_aggregation_sources or []
        ids = {each for source in sources for each in source.account_ids}
        return [place for place in self.places.known() if not sources or place[0] in ids]

    def _page(self, call: Call, name: str, entries: Sequence[Any]) -> Answer:
        start = int(call.parameters.get("NextToken") or 0)
        end = start + self.page
        return json_answer({name: entries[start:end], **({"NextToken": str(end)} if end < len(entries) else {})})


def _parsed(call: Call) -> tuple[list[str], list[str], str]:
    """Return fields, resource types and account of a query."""
    found = _QUERY.fullmatch(call.parameters["Expression"])
    if found is None:
        raise Refused("InvalidExpressionException", "The syntax of the query is incorrect")
    types = re.findall(r"'([^']+)'", found["types"])
    return found["fields"].split(", "), types, found["account"] or ""


def _selected(item: Mapping[str, Any], fields: Sequence[str]) -> str:
    """Return a result of a query: a JSON object in a string."""
    captured = datetime.fromtimestamp(item["configurationItemCaptureTime"], UTC)
    tags = item.get("tags") or {}
    told = {
        **item,
        "configurationItemCaptureTime": captured.strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z",
        "tags": [{"tag": f"{key}={value}", "key": key, "value": value} for key, value in tags.items()],
    }
    return json.dumps({name: told[name] for name in fields})
