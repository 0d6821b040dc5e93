"""Turn the choices of the search into a concrete request."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from s3_guardrails.policy.demand import ACTION, CALLER, RESOURCE, Value
from s3_guardrails.policy.document import Policy
from s3_guardrails.policy.keys import written
from s3_guardrails.policy.request import Request
from s3_guardrails.policy.space import SESSION_KEYS, Alternative, keys_used
from s3_guardrails.policy.split import Chosen
from s3_guardrails.policy.tie import TIES, projected, tie
from s3_guardrails.policy.value import some

_TELLING: Final = frozenset(
    {
        "aws:principalarn",
        "aws:securetransport",
        "aws:principalisawsservice",
        "aws:sourceaccount",
        "aws:sourcearn",
        "s3:tlsversion",
        "s3:x-amz-server-side-encryption",
        "s3:x-amz-server-side-encryption-aws-kms-key-id",
        "s3:x-amz-server-side-encryption-customer-algorithm",
    }
)
"""Keys that are shown even where the policy does not look at them."""


_NEEDED: Final = frozenset({CALLER, ACTION, RESOURCE, "aws:principalservicename"})
"""Dimensions that a request is made of, besides its context."""


def request_of(policy: Policy, chosen: Sequence[Chosen], copy: int) -> Request:
    """Return the request; `chosen` has the caller first, `copy` tells which of several requests it is."""
    shown = _TELLING | keys_used(policy.statements) | _besides(chosen[0].alternative)
    needed = _NEEDED | {tie(each, chosen[0].alternative.caller.tied) for each in shown}
    values = {key: value for each in chosen for key, value in _values(each, copy, needed).items()}
    caller = values.get(CALLER)
    arn = caller if isinstance(caller, str) else None
    spelled = _spelling(policy)
    context = {
        written(key, spelled.get(key, key)): value
        for key, value in sorted(_projected(chosen[0], values, shown).items())
        if value is not None and key in shown and not key.startswith("@")
    }
    account = arn.split(":")[4] if arn else None
    principal = chosen[0].alternative.principal or arn or str(values.get("aws:principalservicename") or "")
    if chosen[0].alternative.kind == "anonymous":
        context = {key: value for key, value in context.items() if key != "aws:PrincipalArn"}
    return Request(principal, account, str(values[ACTION]), str(values[RESOURCE]), context)


def _besides(caller: Alternative) -> frozenset[str]:
    """The key that tells the provider of an identity in a session, where the policy names both."""
    return frozenset({"aws:federatedprovider"}) if len(caller.chain) > 1 else frozenset()


def _values(chosen: Chosen, copy: int, needed: frozenset[str]) -> dict[str, Value]:
    """Some dimensions of the alternative with their values: the constrained as found, the others as they may be."""
    found: dict[str, Value] = {}
    for dimension in needed & chosen.alternative.domains.keys():
        domain = chosen.alternative.domains[dimension]
        slot = (dimension, copy if dimension in SESSION_KEYS else -1)
        found[dimension] = chosen.values[slot] if slot in chosen.values else some(domain)
    return found


def _projected(caller: Chosen, values: dict[str, Value], shown: frozenset[str]) -> dict[str, Value]:
    """Add the keys that are parts of others."""
    tied = caller.alternative.caller.tied
    parts = {key: tie(key, tied) for key, whole in TIES.items() if key in shown and whole in tied and key not in tied}
    times = {"aws:epochtime": values["aws:currenttime"]} if "aws:currenttime" in values else {}
    return {**values, **times, **{key: projected(key, values[whole]) for key, whole in parts.items()}}


def _spelling(policy: Policy) -> dict[str, str]:
    return {each.name: each.key for statement in policy.statements for each in statement.conditions}
