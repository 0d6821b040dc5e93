"""Let AWS Config evaluate a periodic rule anew, so that its compliance view follows a change within minutes.

Rules that listen to changes are left alone: AWS Config hands them the last recorded item, the one from before the
change, and evaluates them by itself when the new item is there (AWS Config API Reference, StartConfigRulesEvaluation).
"""

from __future__ import annotations

from collections.abc import Iterator

from botocore.exceptions import BotoCoreError, ClientError

from s3_guardrails.live.call import sentence
from s3_guardrails.live.clients import SessionClients
from s3_guardrails.live.evaluations import deployed_rules, start_evaluations


def evaluate_again(clients: SessionClients, region: str, function_arn: str) -> str:
    """Start the rules that call a function; return what came of it. What fails is told: the change itself holds."""
    try:
        names = list(_rules_of(clients, region, function_arn))
        start_evaluations(clients, region, names)
    except (ClientError, BotoCoreError) as error:
        return f"not evaluated again: {sentence(error)}"
    return f"evaluated again: {', '.join(names)}" if names else "no rule of AWS Config calls this rule's function"


def _rules_of(clients: SessionClients, region: str, function_arn: str) -> Iterator[str]:
    """In a conformance pack rules get a suffix to their names, so they are found by the function that they call."""
    for rule in deployed_rules(clients, region):
        if rule["Source"].get("SourceIdentifier") == function_arn:
            yield rule["ConfigRuleName"]
