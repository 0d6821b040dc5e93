"""One AWS Config event → evaluations. Whatever prevents a truthful answer fails the invocation.

A failed invocation is retried by Lambda, counts as an error and raises the alarm; a swallowed error leaves the last
verdict standing as if it were today's.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from functools import partial
from typing import Any, Final

from botocore.exceptions import BotoCoreError, ClientError
from botocore.parsers import ResponseParserError

from s3_guardrails.config.clients import clients_for
from s3_guardrails.config.event import CHANGE, OVERSIZED, SCHEDULED, Invocation, read_event, required
from s3_guardrails.config.history import newest_item
from s3_guardrails.config.item import partition_of, read_item
from s3_guardrails.config.rdk import Judged, report_change, report_periodic
from s3_guardrails.decision import Decision, Verdict, not_applicable
from s3_guardrails.encryption.bucket import Bucket
from s3_guardrails.encryption.fact import Unreadable
from s3_guardrails.encryption.key import Key
from s3_guardrails.errors import EvaluationFailed, GuardrailError
from s3_guardrails.exemption.excuse import excused
from s3_guardrails.exemption.register import Register
from s3_guardrails.live.call import Once, gather, sentence
from s3_guardrails.live.clients import SessionClients
from s3_guardrails.live.exemptions import own_register
from s3_guardrails.live.reader import LiveReader
from s3_guardrails.rule import BucketRule, Rule

MAX_RETURNED: Final = 1_000
"""Evaluations in the function's answer: AWS Config reads none of it, and Lambda refuses answers over 6 MB."""

Today = Callable[[], date]
Excuse = Callable[[Decision, Bucket | Key], Decision]

_GONE: Final = frozenset({"ResourceDeleted", "ResourceDeletedNotRecorded"})
_PRESENT: Final = frozenset({"OK", "ResourceDiscovered"})


def utc_today() -> date:
    """Return the day that decides about exemptions."""
    return datetime.now(UTC).date()


def evaluate(rule: type[Rule[Any]], event: Mapping[str, Any], today: Today = utc_today) -> list[dict[str, Any]]:
    """Judge what the event is about, send the evaluations and return them; raise EvaluationFailed.

    It has no cause: a service's whole message may quote the signed request, session token included, and a log would
    show the causes too.
    """
    try:
        return _evaluate(rule, read_event(event), today)[:MAX_RETURNED]
    except EvaluationFailed as error:
        raise EvaluationFailed(f"{rule.__name__}: {error}") from None
    except GuardrailError as error:
        raise EvaluationFailed(f"{rule.__name__}: {type(error).__name__}: {error}") from None
    except (ClientError, BotoCoreError, ResponseParserError) as error:
        raise EvaluationFailed(f"{rule.__name__}: {sentence(error)}") from None


def warm_up() -> None:
    """Make the client that every event needs, in the function's own Region and with its own credentials."""
    if region := os.environ.get("AWS_REGION"):
        clients_for(None, region).config(region)


def _evaluate(rule_class: type[Rule[Any]], invocation: Invocation, today: Today) -> list[dict[str, Any]]:
    rule = rule_class(rule_class.Parameters.from_config(invocation.parameters))
    clients = clients_for(invocation.role, invocation.region)
    once = Once[str, Register | Unreadable]()
    register = partial(once.get, invocation.region, partial(own_register, clients, invocation.region))
    excuse = partial(_excused, rule, register, today)
    match invocation.message_type:
        case "ConfigurationItemChangeNotification":
            item = invocation.item("configurationItem")
        case "OversizedConfigurationItemChangeNotification":
            item = _oversized(rule, invocation, clients)
        case "ScheduledNotification":
            return report_periodic(invocation, clients, _judge_all(rule, invocation, clients, excuse))
        case other:
            raise EvaluationFailed(
                f"invokingEvent.messageType: expected {CHANGE}, {OVERSIZED} or {SCHEDULED}, found `{other}`"
            )
    decision = _out_of_question(rule, invocation, item) or _judge(rule, invocation, clients, item, excuse)
    return report_change(invocation, clients, item, decision)


def _oversized(rule: Rule[Any], invocation: Invocation, clients: SessionClients) -> Mapping[str, Any]:
    """Return the newest item, or the summary where the history has none: its facts are then all read live."""
    summary = invocation.item("configurationItemSummary")
    if _out_of_question(rule, invocation, summary):
        return summary
    found = newest_item(clients.config(invocation.region), summary["resourceType"], summary["resourceId"])
    return {**summary, **found} if found else summary


def _out_of_question(rule: Rule[Any], invocation: Invocation, item: Mapping[str, Any]) -> Decision | None:
    """Return NOT_APPLICABLE for a resource that is gone or not the rule's."""
    status = item["configurationItemStatus"]
    if status in _GONE:
        return not_applicable("RESOURCE_DELETED", "the resource was deleted")
    if status == "ResourceNotRecorded":
        return not_applicable("RESOURCE_NOT_RECORDED", "AWS Config does not record the resource")
    if invocation.left_scope:
        return not_applicable("LEFT_SCOPE", "the resource left the scope of the rule")
    if item["resourceType"] != rule.resource_type:
        return not_applicable("OTHER_RESOURCE_TYPE", f"the rule is about {rule.resource_type}")
    if status not in _PRESENT:
        raise EvaluationFailed(f"configurationItemStatus: `{status}` is not one this release knows")
    return None


def _judge(
    rule: Rule[Any], invocation: Invocation, clients: SessionClients, item: Mapping[str, Any], excuse: Excuse
) -> Decision:
    facts = read_item(item, invocation.account, invocation.region)
    reader = LiveReader(clients, facts.account, facts.region, facts.partition)
    return excuse(_decide(rule, reader, facts), facts)


def _judge_all(rule: Rule[Any], invocation: Invocation, clients: SessionClients, excuse: Excuse) -> list[Judged]:
    """Judge every resource of the account and Region; a listing or an answer that fails ends the whole run."""
    required(invocation.message, "notificationCreationTime", "invokingEvent")
    required(invocation.event, "configRuleName", "event")
    account, region = invocation.account or required(invocation.event, "accountId", "event"), invocation.region
    reader = LiveReader(clients, account, region, partition_of(region))
    found: list[Bucket | Key] = (
        [each for each in reader.list_buckets() if each.region in (region, "")]  # "": unknown
        if isinstance(rule, BucketRule)
        else list(reader.list_keys())
    )
    decisions = gather(lambda facts: excuse(_decide(rule, reader, facts), facts), found)
    ids = [facts.name if isinstance(facts, Bucket) else facts.key_id for facts in found]
    return [Judged(rule.resource_type, each, decision) for each, decision in zip(ids, decisions, strict=True)]


def _decide(rule: Rule[Any], reader: LiveReader, facts: Bucket | Key) -> Decision:
    """Let the rule decide; what it touches and the item does not tell is read live."""
    return rule.judge(facts, reader.complete_bucket if isinstance(facts, Bucket) else reader.complete_key)


def _excused(
    rule: Rule[Any],
    register: Callable[[], Register | Unreadable],
    today: Today,
    decision: Decision,
    facts: Bucket | Key,
) -> Decision:
    """Show what is broken with its exemption; the register is asked for where anything is, once in an invocation."""
    if decision.verdict is not Verdict.NON_COMPLIANT:
        return decision
    return excused(decision, type(rule).__name__, facts, register(), today())
