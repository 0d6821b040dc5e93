"""The daily function that has AWS Config judge again where an exemption began, is about to end, ended or was changed.

Rules that listen to changes do not run by themselves on such a day. StartConfigRulesEvaluation hands them the last
recorded item, which is right here: nothing about the resource has changed. Scheduled rules run each day anyway.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any, Final

from botocore.exceptions import BotoCoreError, ClientError

from s3_guardrails.config.clients import clients_for
from s3_guardrails.config.handler import utc_today
from s3_guardrails.discovery import find_rules
from s3_guardrails.encryption.fact import Unreadable
from s3_guardrails.errors import EvaluationFailed
from s3_guardrails.exemption.record import WARNING_DAYS, Exemption
from s3_guardrails.exemption.register import Register
from s3_guardrails.fleet.rule_name import rule_of
from s3_guardrails.live.call import sentence
from s3_guardrails.live.clients import SessionClients
from s3_guardrails.live.evaluations import deployed_rules, start_evaluations
from s3_guardrails.live.exemptions import forget_register, own_register

DAYS: Final = 2
"""Days that one run looks back, so that a run which failed is made up for."""


def lambda_handler(event: Any, context: Any) -> dict[str, list[str]]:  # noqa: ARG001  # Lambda's form
    """Start what must be judged again and return the names; raise EvaluationFailed."""
    region = os.environ["AWS_REGION"]
    clients = clients_for(None, region)
    forget_register()
    register = own_register(clients, region)
    if isinstance(register, Unreadable):
        raise EvaluationFailed(f"the exemptions could not be read: {register.reason}")
    try:
        started = list(_deployed(clients, region, rules_to_judge(register, utc_today())))
        start_evaluations(clients, region, started)
    except (ClientError, BotoCoreError) as error:
        raise EvaluationFailed(f"not judged again: {sentence(error)}") from None
    return {"started": started}


def rules_to_judge(register: Register, today: date) -> frozenset[str]:
    """Return the rules whose verdicts may show an exemption otherwise than a day ago.

    A register that was put lately may lack one that was withdrawn, so it is about every rule.
    """
    every = frozenset(entry.name for entry in find_rules() if entry.rule.trigger.on_change)
    if register.published is not None and register.published > today - timedelta(DAYS):
        return every
    return every & {each.rule for each in register.exemptions if _turns(each, today)}


def _turns(each: Exemption, today: date) -> bool:
    """Was one of the last days the first of another state? It warns from the day on that leaves so many."""
    ended = (today - each.expires).days
    return any(0 <= ago < DAYS for ago in ((today - each.created).days, ended + WARNING_DAYS, ended))


def _deployed(clients: SessionClients, region: str, rules: frozenset[str]) -> Iterator[str]:
    """Yield the names that AWS Config has for the rules: those of a conformance pack have a suffix."""
    if not rules:
        return
    for each in deployed_rules(clients, region):
        if rule_of(each["ConfigRuleName"], rules):
            yield each["ConfigRuleName"]
