"""The literals of Principal, Action and Resource, and of a whole statement."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from functools import lru_cache

from s3_guardrails.policy.automaton import union
from s3_guardrails.policy.condition_literal import ConditionLiteral
from s3_guardrails.policy.demand import (
    ACTION,
    CALLER,
    PRINCIPAL,
    RESOURCE,
    Avoid,
    Caller,
    Constraint,
    Literal,
    Match,
    Reading,
    Value,
    satisfied,
)
from s3_guardrails.policy.document import Effect, Principal, PrincipalKind, Statement
from s3_guardrails.policy.domain import SEGMENT, language
from s3_guardrails.policy.glob import compiled
from s3_guardrails.policy.tie import lifted
from s3_guardrails.policy.tokens import Pattern, pattern


@lru_cache(maxsize=65_536)
def covers(written: tuple[str, ...], action: str) -> bool:
    """Does any of the patterns of an Action element mean the action?"""
    return bool(covered(written, (action.lower(),)))


def covered(written: tuple[str, ...], names: Collection[str]) -> frozenset[str]:
    """Return those of some actions, all in lower case, that the patterns of an Action element mean."""
    return frozenset(name for each in written for name in _meant(each.lower(), names))


def _meant(text: str, names: Collection[str]) -> Iterable[str]:
    if "*" not in text and "?" not in text:
        return (text,) if text in names else ()
    if "?" not in text and text.find("*") == len(text) - 1:
        start = text[:-1]
        return [name for name in names if name.startswith(start)]
    one = union((pattern(compiled(text, None) or ()),))
    return [name for name in names if one.matches(name)]


class ActionLiteral(Literal):
    """The Action or NotAction element."""

    key = ACTION

    def can_be(self, wanted: bool, value: Value, caller: Caller) -> bool:
        """Actions are compared without regard to case."""
        del caller
        found = isinstance(value, str) and covers(self.statement.actions, value)
        return (found != self.statement.not_action) == wanted

    def constraint(self, wanted: bool, caller: Caller) -> Constraint:
        """Actions are always constants; no text is ever searched for one."""
        raise AssertionError(wanted, caller)


class ResourceLiteral(Literal):
    """The Resource or NotResource element."""

    key = RESOURCE

    def open_base(self) -> tuple[object, bool] | None:
        """Resource and NotResource with the same patterns are each other's negation."""
        return (self.statement.resources, self.statement.not_resource) if self.reading.lenient else None

    def can_be(self, wanted: bool, value: Value, caller: Caller) -> bool:
        """The key's own ARN is meant by `*` in a key policy, as any resource is."""
        demand = self.constraint(wanted, caller)
        return isinstance(value, str) and satisfied(demand, value)

    def constraint(self, wanted: bool, caller: Caller) -> Constraint:
        """Match the patterns, or avoid them; an incomplete ARN matches where that is wanted, and never for sure."""
        del caller
        match, incomplete = wanted != self.statement.not_resource, self.statement.incomplete
        if incomplete and match == self.reading.lenient:
            return match
        whole = tuple(each for each in self.statement.resources if each not in incomplete)
        patterns = self.patterns(whole, match, arn=True, resource=True)
        return Match(patterns) if match else Avoid(patterns)


class PrincipalLiteral(Literal):
    """The Principal or NotPrincipal element."""

    key = PRINCIPAL

    def dimension(self, caller: Caller) -> str:
        """The caller's ARN where it is symbolic; elsewhere the caller's kind decides alone."""
        return CALLER if CALLER in caller.tied else PRINCIPAL

    def can_be(self, wanted: bool, value: Value, caller: Caller) -> bool:
        """Decide by the ARN, the account in it, and the identities the caller has besides."""
        return satisfied(self.constraint(wanted, caller), value if isinstance(value, str) else "")

    def constraint(self, wanted: bool, caller: Caller) -> Constraint:
        """Return a pattern per entry that names ARNs or accounts."""
        match = wanted != self.statement.not_principal
        entries = self.statement.principals
        if any(each.kind is PrincipalKind.EVERYONE or self._chained(each, caller) for each in entries):
            return match
        if CALLER not in caller.tied:
            return not match
        allow = self.statement.effect is Effect.ALLOW
        widely = allow != self.statement.not_principal
        spared = allow and self.statement.not_principal
        patterns = tuple(found for each in entries if (found := _named(each, widely, root_only=spared)) is not None)
        return Match(patterns) if match else Avoid(patterns)

    @staticmethod
    def _chained(entry: Principal, caller: Caller) -> bool:
        service = entry.kind is PrincipalKind.SERVICE and entry.value == "*" and caller.kind == "service"
        return service or entry in caller.chain


def _named(entry: Principal, widely: bool, *, root_only: bool) -> Pattern | None:
    """Return the pattern of the ARNs that an entry means.

    `root_only`: NotPrincipal with Allow, which AWS does not support, spares only what it lists, of an account the root.
    """
    match entry.kind:
        case PrincipalKind.ACCOUNT if root_only:
            return language(f"arn:{SEGMENT}:iam::{entry.value}:root")
        case PrincipalKind.ACCOUNT:
            return lifted("aws:principalaccount", pattern(compiled(entry.value, None) or ()))[0]
        case PrincipalKind.ARN:
            return pattern(compiled(entry.value, None, wildcards=False) or ())
        case PrincipalKind.ARN_PATTERN if widely:
            return pattern(compiled(entry.value, None, arn=True) or ())
    return None


def literals(statement: Statement, reading: Reading) -> tuple[Literal, ...]:
    """Return a statement's literals; an unclear element has none."""
    elements = {"Action": ActionLiteral, "Resource": ResourceLiteral, "Principal": PrincipalLiteral}
    found = (kind(statement, reading) for name, kind in elements.items() if name not in statement.unclear)
    return (*found, *(ConditionLiteral(statement, reading, each) for each in statement.conditions))
