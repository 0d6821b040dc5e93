"""AWS Config's rules as they are deployed, and having it evaluate some of them anew."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from s3_guardrails.live.clients import SessionClients

MOST: Final = 25
"""Rules that one call of StartConfigRulesEvaluation takes (AWS Config API Reference)."""


def deployed_rules(clients: SessionClients, region: str) -> Iterator[Mapping[str, Any]]:
    """Yield every rule of the account and Region; raise ClientError or BotoCoreError."""
    for page in clients.config(region).get_paginator("describe_config_rules").paginate():
        yield from page["ConfigRules"]


def start_evaluations(clients: SessionClients, region: str, names: Sequence[str]) -> None:
    """Have the rules of these names evaluate anew; raise ClientError or BotoCoreError."""
    for first in range(0, len(names), MOST):
        clients.config(region).start_config_rules_evaluation(ConfigRuleNames=list(names[first : first + MOST]))
