"""Compare two policies over all requests: what is newly denied, no longer denied, newly allowed, no longer allowed.

A request that a policy neither allows nor denies is left to identity policies; so "newly denied" counts requests that
the old policy let through in either way.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from s3_guardrails.policy.authorize import Outcome, authorize, denied
from s3_guardrails.policy.demand import Reading
from s3_guardrails.policy.document import Policy, Statement
from s3_guardrails.policy.prove import Answer, Inconclusive, Proved, Refuted, applied, decide, escaped, pins
from s3_guardrails.policy.request import Request
from s3_guardrails.policy.space import Space
from s3_guardrails.policy.split import Ask


class Change(StrEnum):
    """How the outcome of a request can differ."""

    NEWLY_DENIED = "newly denied"
    NO_LONGER_DENIED = "no longer denied"
    NEWLY_ALLOWED = "newly allowed"
    NO_LONGER_ALLOWED = "no longer allowed"


@dataclass(frozen=True, slots=True)
class Comparison:
    """For each kind of change: Proved (no request changes so), Refuted (here is one), or Inconclusive."""

    changes: Mapping[Change, Answer]

    @property
    def equal(self) -> bool:
        """Are the policies proved to answer every request alike?"""
        return all(isinstance(each, Proved) for each in self.changes.values())

    @property
    def decided(self) -> bool:
        """Is every kind of change decided?"""
        return not any(isinstance(each, Inconclusive) for each in self.changes.values())


def compare(old: Policy, new: Policy, space: Space) -> Comparison:
    """Compare two policies over the requests of a space."""
    return Comparison({each: changed(old, new, space, each) for each in Change})


def changed(old: Policy, new: Policy, space: Space, change: Change) -> Answer:
    """Say of one kind of change whether any request of a space changes so; `compare` asks of all four."""
    match change:
        case Change.NEWLY_DENIED:
            return _denied(old, new, space)
        case Change.NO_LONGER_DENIED:
            return _denied(new, old, space)
        case Change.NEWLY_ALLOWED:
            return _allowed(old, new, space)
        case Change.NO_LONGER_ALLOWED:
            return _allowed(new, old, space)


def _denied(before: Policy, after: Policy, space: Space) -> Answer:
    """Is there no request that `after` denies and `before` does not?"""
    added = _without(after.denies, before.denies)

    def ask(space: Space, reading: Reading) -> Ask:
        return Ask(space, escaped(before.denies, reading), (applied(added, reading),), pins(reading))

    def confirmed(request: Request) -> bool:
        return denied(before, request) is False and denied(after, request) is True

    return decide(_together(before, after), (space,), ask, confirmed)


def _allowed(before: Policy, after: Policy, space: Space) -> Answer:
    """Is there no request that `after` allows and `before` does not, be it denied or not spoken of?"""
    added = _without(after.allows, before.allows)
    removed = _without(before.denies, after.denies)

    def unspoken(space: Space, reading: Reading) -> Ask:
        out = (*after.denies, *before.denies, *before.allows)
        return Ask(space, escaped(out, reading), (applied(added, reading),), pins(reading))

    def forbidden(space: Space, reading: Reading) -> Ask:
        both = (applied(after.allows, reading), applied(removed, reading))
        return Ask(space, escaped(after.denies, reading), both, pins(reading))

    def confirmed(request: Request) -> bool:
        was, now = _outcome(before, request), _outcome(after, request)
        return now is Outcome.ALLOW and was in {Outcome.IMPLICIT_DENY, Outcome.EXPLICIT_DENY}

    together = _together(before, after)
    first = decide(together, (space,), unspoken, confirmed)
    if isinstance(first, Refuted):
        return first
    second = decide(together, (space,), forbidden, confirmed)
    return first if isinstance(second, Proved) else second


def _outcome(policy: Policy, request: Request) -> Outcome:
    return authorize(policy, request).outcome


def _without(statements: Sequence[Statement], others: Sequence[Statement]) -> tuple[Statement, ...]:
    """Leave out statements that the other policy has too, whatever their Sid and place."""
    known = {_meaning(each) for each in others}
    return tuple(each for each in statements if _meaning(each) not in known)


def _meaning(statement: Statement) -> object:
    return (
        statement.effect,
        (frozenset(statement.principals), statement.not_principal),
        (frozenset(each.lower() for each in statement.actions), statement.not_action),
        (frozenset(statement.resources), statement.not_resource),
        frozenset((each.operator, each.name, frozenset(each.values)) for each in statement.conditions),
        statement.variables,
        tuple(each.partition(".")[2] for each in statement.defects),
        str(statement.source) if statement.defects else "",
    )


def _together(before: Policy, after: Policy) -> Policy:
    """One policy with the statements of both, for the keys and values that either looks at."""
    return Policy(after.version, (*before.statements, *after.statements), {}, (*before.unknown, *after.unknown))
