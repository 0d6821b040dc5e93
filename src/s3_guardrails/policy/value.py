"""Find a value of one dimension that meets several demands at once, exactly.

Constants are tried one by one; numbers, times and addresses at a point in every region that the conditions can tell
apart; texts by a search over the product of their automata.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import lru_cache
from typing import Final

from s3_guardrails.policy.automaton import union
from s3_guardrails.policy.condition_literal import ConditionLiteral
from s3_guardrails.policy.demand import Avoid, Caller, Literal, Match, Value
from s3_guardrails.policy.domain import Domain
from s3_guardrails.policy.keys import Type
from s3_guardrails.policy.operator import DATES, NUMBERS, Comparison, Quantifier
from s3_guardrails.policy.quantity import address_points, between, number_points, whole
from s3_guardrails.policy.search import Budget, Exhausted, Wanted, find
from s3_guardrails.policy.tokens import Pattern

Demand = tuple[Literal, bool]
"""A literal, and the truth that it must have."""


def value_in(domain: Domain, caller: Caller, demands: Iterable[Demand], budget: Budget) -> tuple[Value] | None:
    """Return a value of the domain that meets all demands (in a tuple, since it may be None), or None."""
    demands = list(demands)

    def meets(value: Value) -> bool:
        return all(literal.can_be(wanted, value, caller) for literal, wanted in demands)

    if domain.absent and meets(None):
        return (None,)
    if not _consistent(demands):
        return None
    if domain.values is not None:
        return next(((each,) for each in domain.values if meets(each)), None)
    conditions = [literal for literal, _ in demands if isinstance(literal, ConditionLiteral)]
    if domain.type is not Type.TEXT or any(each.comparison in _POINTED for each in conditions):
        return _pointed(domain, conditions, meets)
    return _textual(domain, caller, demands, budget)


def _consistent(demands: Iterable[Demand]) -> bool:
    """Can the open literals have these truths together, where the value is present?"""
    truths: dict[object, bool] = {}
    for literal, wanted in demands:
        base = literal.open_base()
        if base is not None and truths.setdefault(base[0], wanted != base[1]) != (wanted != base[1]):
            return False
    return True


_POINTED: Final = NUMBERS | DATES | {Comparison.ADDRESS}


def _pointed(domain: Domain, conditions: list[ConditionLiteral], meets: Callable[[Value], bool]) -> tuple[Value] | None:
    """Try a point in every region that the conditions can tell apart; exact unless text is compared as well."""
    numbers = [
        point
        for each in conditions
        if each.comparison in NUMBERS | DATES
        for point in number_points(each.comparison, each.values)
    ]
    wanted = [value for each in conditions if each.comparison is Comparison.ADDRESS for value in each.values]
    candidates: list[str] = []
    if domain.type is Type.ADDRESS or wanted:
        candidates += address_points(wanted)
    if domain.type in {Type.NUMBER, Type.DATE} or numbers:
        counted = domain.type is Type.NUMBER and domain.least is not None
        points = whole(numbers, domain.least or 0) if counted else between(numbers, domain.least)
        candidates += [repr(each).removesuffix(".0") for each in points]
    texts = [each for each in conditions if each.textual]
    candidates += [value.replace("*", "1").replace("?", "1") for each in texts for value in each.values]
    if domain.type is Type.TEXT:
        candidates.append("x")
    for candidate in candidates:
        value: Value = (candidate,) if domain.many else candidate
        if _within(domain, candidate) and meets(value):
            return (value,)
    if texts or domain.type is Type.TEXT or (domain.many and len(conditions) > 1):
        raise Exhausted("text and numbers are compared on one key")
    return None


def _within(domain: Domain, text: str) -> bool:
    if domain.type in {Type.NUMBER, Type.DATE}:
        try:
            return domain.least is None or float(text) >= domain.least
        except ValueError:
            return False
    if domain.type is Type.ADDRESS:
        return not any(char in text for char in "*?/ ")
    must = not domain.must or union(domain.must).matches(text)
    return must and union(domain.within).matches(text) and not union(domain.avoid).matches(text)


def _textual(domain: Domain, caller: Caller, demands: list[Demand], budget: Budget) -> tuple[Value] | None:
    """Find a text, or for a list one text per demand that a single entry can meet."""
    match: list[tuple[Pattern, ...]] = [domain.must] if domain.must else []
    avoid = list(domain.avoid)
    witnesses: list[Match | Avoid | None] = []
    for literal, wanted in demands:
        role = _role(literal, wanted, domain, caller)
        if role is False:
            return None
        if role is True:
            continue
        demand = literal.constraint(wanted, caller)
        if demand is False:
            return None
        if demand is True:
            continue
        if role == "witness":
            witnesses.append(demand)
        elif isinstance(demand, Match):
            match.append(demand.patterns)
        else:
            avoid += demand.patterns
    found = []
    for witness in witnesses or [None]:
        extra = (witness.patterns,) if isinstance(witness, Match) else ()
        less = witness.patterns if isinstance(witness, Avoid) else ()
        text = find(Wanted(domain.within, (*match, *extra), (*avoid, *less)), budget)
        if text is None:
            return None
        found.append(text)
    return (tuple(dict.fromkeys(found)),) if domain.many else (found[0],)


def _role(literal: Literal, wanted: bool, domain: Domain, caller: Caller) -> bool | str:
    """Tell how a literal constrains a present text: not at all (True), impossible (False), `each` or `witness`."""
    if not isinstance(literal, ConditionLiteral):
        return "each"
    if literal.comparison is None or literal.comparison is Comparison.NULL:
        return literal.can_be(wanted, ("",) if domain.many else "", caller)
    quantifier = literal.condition.operator.quantifier
    if domain.one and literal.key.endswith("orgpaths"):
        return "each" if quantifier else not wanted
    if not domain.many:
        return "each"
    if quantifier is Quantifier.NONE:
        return not wanted
    return "witness" if (quantifier is Quantifier.ANY) == wanted else "each"


@lru_cache(maxsize=4096)
def some(domain: Domain) -> Value:
    """Return any value of a domain, absent where that is possible."""
    if domain.absent:
        return None
    if domain.values is not None:
        return domain.values[0]
    match domain.type:
        case Type.ADDRESS:
            return "203.0.113.77"
        case Type.NUMBER:
            return "1"
        case Type.DATE:
            return repr((domain.least or 0) + 1).removesuffix(".0")
    text = find(Wanted(domain.within, (domain.must,) if domain.must else (), domain.avoid), Budget())
    return (text or "",) if domain.many else text
