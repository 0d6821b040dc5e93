"""Which statements carry a proof: a minimal set of Deny statements without any of which it would not hold."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from s3_guardrails.policy.document import Policy, Statement
from s3_guardrails.policy.prove import Answer, Proved


def carriers(policy: Policy, ask: Callable[[Policy], Answer]) -> tuple[Statement, ...]:
    """Return a minimal set of Deny statements that `ask` still proves with; later ones are dropped first.

    Allow statements stay: they can only break a proof. An empty set means that nothing needs to be denied.
    """
    kept = list(policy.denies)
    for each in reversed(policy.denies):
        fewer = [one for one in kept if one is not each]
        if isinstance(ask(_with(policy, fewer)), Proved):
            kept = fewer
    return tuple(kept)


def _with(policy: Policy, denies: list[Statement]) -> Policy:
    gone = {id(each) for each in policy.denies} - {id(each) for each in denies}
    return replace(policy, statements=tuple(each for each in policy.statements if id(each) not in gone))
