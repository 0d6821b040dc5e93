"""Evaluations go out through rdklib, the only place that knows it.

rdklib supplies the evaluations' form, their ordering timestamps, the slices of 100 and the test mode. Its Evaluator is
not used: it takes no client factory (a client per event), returns errors as a dictionary while the invocation counts
as a success, puts datetimes into its answer, crashes on deleted oversized items, and clears old results by resource id
alone. Only patching its module could repair that, while the functions below it are sound.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, Final

from rdklib import ComplianceType, ConfigRule, Evaluation
from rdklib.util.evaluations import process_event_evaluations_list, process_periodic_evaluations_list

from s3_guardrails.config.annotation import annotate
from s3_guardrails.config.event import Invocation
from s3_guardrails.decision import Decision
from s3_guardrails.errors import EvaluationFailed
from s3_guardrails.live.clients import SessionClients

if TYPE_CHECKING:
    from mypy_boto3_config import ConfigServiceClient

if find_spec("rdklib.util.internal"):
    # rdklib prefers this module, and the one in its source tree returns without sending anything
    raise EvaluationFailed("rdklib was installed from its source tree and would send no evaluation: install the wheel")


_NOT_LISTED: Final = "NOT_LISTED: the account no longer has this resource in this Region"


@dataclass(frozen=True, slots=True)
class Judged:
    """One resource and what a rule says of it."""

    resource_type: str
    resource_id: str
    decision: Decision


def report_change(
    invocation: Invocation, clients: SessionClients, item: Mapping[str, Any], decision: Decision
) -> list[dict[str, Any]]:
    """Send the evaluation of the item's resource, ordered by the item's capture time; return what was sent."""
    factory = _Factory(clients, invocation.region)
    judged = Judged(item["resourceType"], item["resourceId"], decision)
    sent: list[dict[str, Any]] = process_event_evaluations_list(
        dict(invocation.event), factory, [_evaluation(judged)], dict(item)
    )
    return sent


def report_periodic(invocation: Invocation, clients: SessionClients, judged: Iterable[Judged]) -> list[dict[str, Any]]:
    """Send a complete listing's evaluations, and NOT_APPLICABLE for what an earlier one had; return what was sent."""
    factory = _Factory(clients, invocation.region)
    judged = list(judged)
    current = {(each.resource_type, each.resource_id) for each in judged}
    stale = [
        Evaluation(ComplianceType.NOT_APPLICABLE, resource_id, resource_type, _NOT_LISTED)
        for resource_type, resource_id in _reported(clients.config(invocation.region), invocation)
        if (resource_type, resource_id) not in current
    ]
    rule = ConfigRule()
    rule.delete_old_evaluations_on_scheduled_notification = False  # done above, by type and id
    sent: list[dict[str, Any]] = process_periodic_evaluations_list(
        dict(invocation.event), factory, [*stale, *(_evaluation(each) for each in judged)], rule
    )
    return sent


def _evaluation(judged: Judged) -> Any:
    compliance, annotation = annotate(judged.decision)
    return Evaluation(compliance, judged.resource_id, judged.resource_type, annotation)


def _reported(client: ConfigServiceClient, invocation: Invocation) -> Iterable[tuple[str, str]]:
    """Yield type and id of every resource that the rule has a result for."""
    pages = client.get_paginator("get_compliance_details_by_config_rule").paginate(
        ConfigRuleName=invocation.event["configRuleName"], ComplianceTypes=["COMPLIANT", "NON_COMPLIANT"]
    )
    for page in pages:
        for each in page["EvaluationResults"]:
            found = each["EvaluationResultIdentifier"]["EvaluationResultQualifier"]
            yield found["ResourceType"], found["ResourceId"]


class _Factory:
    """What rdklib takes for its client factory: kept clients instead of new ones."""

    def __init__(self, clients: SessionClients, region: str) -> None:
        self._clients, self._region = clients, region

    def build_client(self, service: str, region: str | None = None) -> Any:
        client = self._clients.client(service, region or self._region)
        return _Checked(client) if service == "config" else client


class _Checked:
    """An AWS Config client that reads the answer of PutEvaluations, which rdklib does not."""

    def __init__(self, client: ConfigServiceClient) -> None:
        self._client = client

    def put_evaluations(self, **arguments: Any) -> Any:
        answer = self._client.put_evaluations(**arguments)
        if failed := answer.get("FailedEvaluations"):
            ids = ", ".join(each.get("ComplianceResourceId", "unknown") for each in failed[:5])
            raise EvaluationFailed(
                f"PutEvaluations refused {len(failed)} of {len(arguments['Evaluations'])} evaluations: {ids}"
            )
        return answer
