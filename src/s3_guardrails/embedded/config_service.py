"""AWS Config where moto has none: rules of one's own, evaluations by result token, compliance, item history.

Source: AWS Config API Reference. Measured on moto 5.2.5: PutEvaluations works in test mode only, compliance cannot be
read, histories lack encryption and know no keys.
"""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from s3_guardrails.embedded.call import Answer, Call, Refused, json_answer

ACCEPTED: Final = frozenset({"COMPLIANT", "NON_COMPLIANT", "NOT_APPLICABLE"})
MAX_EVALUATIONS: Final = 100
MAX_ANNOTATION: Final = 256
MAX_STARTED: Final = 25
MAX_DESCRIBED: Final = 25

Resource = tuple[str, str]
"""Resource type and id."""


@dataclass(slots=True)
class ConfigService:
    """Rules, tokens, results and histories of one Region. Methods ``on_…`` answer operations."""

    rules: dict[str, dict[str, Any]] = field(default_factory=dict)
    tokens: dict[str, str] = field(default_factory=dict)
    results: dict[str, dict[Resource, dict[str, Any]]] = field(default_factory=dict)
    histories: dict[Resource, list[dict[str, Any]]] = field(default_factory=dict)
    started: list[str] = field(default_factory=list)

    def issue_token(self, rule: str) -> str:
        """Return a result token for one invocation of the rule."""
        token = uuid.uuid4().hex
        self.tokens[token] = rule
        return token

    def record(self, item: Mapping[str, Any]) -> None:
        """Add an item, in the shape of GetResourceConfigHistory, to its resource's history."""
        self.histories.setdefault((item["resourceType"], item["resourceId"]), []).insert(0, dict(item))

    def on_put_config_rule(self, call: Call) -> Answer:
        """Keep a rule; its InputParameters are a JSON object in a string of at most 1,024 characters."""
        rule = call.parameters["ConfigRule"]
        if "CreatedBy" in self.rules.get(rule["ConfigRuleName"], {}):
            raise Refused("ResourceInUseException", f"{rule['ConfigRuleName']} belongs to a conformance pack")
        self.keep(call, rule)
        return json_answer({})

    def keep(self, call: Call, rule: Mapping[str, Any], created_by: str = "") -> None:
        """Keep a rule, of a service where one made it; raise Refused."""
        given = rule.get("InputParameters", "{}")
        if len(given) > 1024 or not isinstance(json.loads(given), dict):
            raise Refused(
                "InvalidParameterValueException", "InputParameters: expected at most 1,024 characters of JSON"
            )
        name = rule["ConfigRuleName"]
        identifier = self.rules.get(name, {}).get("ConfigRuleId", f"config-rule-{uuid.uuid4().hex[:6]}")
        arn = f"arn:aws:config:{call.region}:{call.account}:config-rule/{identifier}"
        made = {"CreatedBy": created_by} if created_by else {}
        ids = {"ConfigRuleId": identifier, "ConfigRuleArn": arn, "ConfigRuleState": "ACTIVE"}
        self.rules[name] = {**rule, **ids, **made}

    def forget(self, name: str) -> None:
        """Forget a rule and what it found."""
        self.rules.pop(name, None)
        self.results.pop(name, None)
        self.tokens = {token: rule for token, rule in self.tokens.items() if rule != name}

    def on_describe_config_rules(self, call: Call) -> Answer:
        """Describe the named rules, or all; 25 in a page."""
        names = call.parameters.get("ConfigRuleNames") or list(self.rules)
        start = int(call.parameters.get("NextToken") or 0)
        end = start + MAX_DESCRIBED
        more = {"NextToken": str(end)} if end < len(names) else {}
        return json_answer({"ConfigRules": [self._rule(name) for name in names[start:end]], **more})

    def on_start_config_rules_evaluation(self, call: Call) -> Answer:
        """Note the rules to evaluate, 25 at most; a rule that is noted already is still being evaluated."""
        names = call.parameters.get("ConfigRuleNames") or []
        if not 1 <= len(names) <= MAX_STARTED:
            raise Refused("ValidationException", f"ConfigRuleNames: expected 1 to {MAX_STARTED}")
        for name in names:
            self._rule(name)
        if set(names) & set(self.started):
            raise Refused("LimitExceededException", "an evaluation of the rule is in progress")
        self.started.extend(names)
        return json_answer({})

    def on_put_evaluations(self, call: Call) -> Answer:
        """Store evaluations for the token's rule; an older ordering timestamp never replaces a newer one."""
        evaluations = call.parameters.get("Evaluations") or []
        rule = self.tokens.get(call.parameters["ResultToken"])
        if rule is None and not call.parameters.get("TestMode"):
            raise Refused("InvalidResultTokenException", "The specified ResultToken is not valid")
        if len(evaluations) > MAX_EVALUATIONS:
            raise Refused("ValidationException", f"Evaluations: expected at most {MAX_EVALUATIONS}")
        for evaluation in evaluations:
            _check(evaluation)
        if rule is not None and not call.parameters.get("TestMode"):
            for evaluation in evaluations:
                self._store(rule, evaluation)
        return json_answer({"FailedEvaluations": []})

    def on_get_compliance_details_by_config_rule(self, call: Call) -> Answer:
        """Return the results of one rule in pages of 10 by default, 100 at most."""
        self._rule(call.resource)
        wanted = set(call.parameters.get("ComplianceTypes") or ACCEPTED)
        stored = self.results.get(call.resource, {})
        found = [stored[key] for key in sorted(stored) if stored[key]["ComplianceType"] in wanted]
        return json_answer(_page(call, "EvaluationResults", "Limit", "NextToken", found))

    def on_get_resource_config_history(self, call: Call) -> Answer:
        """Return a resource's items, newest first."""
        items = self.histories.get((call.parameters["resourceType"], call.parameters["resourceId"]))
        if items is None:
            raise Refused("ResourceNotDiscoveredException", f"Resource {call.resource} is not discovered")
        return json_answer(_page(call, "configurationItems", "limit", "nextToken", items))

    def _rule(self, name: str) -> dict[str, Any]:
        if name not in self.rules:
            raise Refused("NoSuchConfigRuleException", f"The ConfigRule {name} provided in the request is invalid")
        return self.rules[name]

    def _store(self, rule: str, evaluation: Mapping[str, Any]) -> None:
        resource = (evaluation["ComplianceResourceType"], evaluation["ComplianceResourceId"])
        results = self.results.setdefault(rule, {})
        ordering = evaluation["OrderingTimestamp"]
        if resource in results and results[resource]["EvaluationResultIdentifier"]["OrderingTimestamp"] > ordering:
            return
        qualifier = {"ConfigRuleName": rule, "ResourceType": resource[0], "ResourceId": resource[1]}
        result = {
            "EvaluationResultIdentifier": {"EvaluationResultQualifier": qualifier, "OrderingTimestamp": ordering},
            "ComplianceType": evaluation["ComplianceType"],
            "ResultRecordedTime": time.time(),
            "ConfigRuleInvokedTime": time.time(),
        }
        if "Annotation" in evaluation:
            result["Annotation"] = evaluation["Annotation"]
        results[resource] = result


def _check(evaluation: Mapping[str, Any]) -> None:
    if evaluation.get("ComplianceType") not in ACCEPTED:
        raise Refused("ValidationException", f"ComplianceType: expected one of {', '.join(sorted(ACCEPTED))}")
    if not 1 <= len(evaluation.get("Annotation", "-")) <= MAX_ANNOTATION:
        raise Refused("ValidationException", f"Annotation: expected 1 to {MAX_ANNOTATION} characters")


def _page(call: Call, name: str, limit_name: str, token_name: str, entries: Sequence[Any]) -> dict[str, Any]:
    start = int(call.parameters.get(token_name) or 0)
    end = start + (call.parameters.get(limit_name) or 10)
    return {name: entries[start:end], **({token_name: str(end)} if end < len(entries) else {})}
