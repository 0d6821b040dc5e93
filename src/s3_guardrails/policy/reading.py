"""The ways to read a policy's variables: every value where there are few, telling ones where there are many.

A variable with a few possible values is tried with each, which is exact. One with many is tried strictly with values
that tell clauses apart, and then the lenient reading decides whether any value at all could matter.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from typing import Final, NamedTuple

from s3_guardrails.policy.demand import Reading, Value
from s3_guardrails.policy.domain import Domain
from s3_guardrails.policy.glob import variables
from s3_guardrails.policy.space import SESSION_KEYS, Alternative, Space, variables_needed, variables_used
from s3_guardrails.policy.statement import Policy
from s3_guardrails.policy.tie import projected, tie
from s3_guardrails.policy.value import some

MAX_TRIALS: Final = 48
"""Combinations of values that are tried; beyond them the lenient reading decides."""

TYPICAL: Final = "someone"


class Readings(NamedTuple):
    """`strict`: readings to try one after the other; `open_parts`: what they do not exhaust, for the lenient ones."""

    strict: tuple[Reading, ...]
    lenient: tuple[Reading, ...]
    open_parts: tuple[str, ...]


def readings(policy: Policy, spaces: Sequence[Space]) -> Readings:
    """Return how to read a policy over spaces that cover it."""
    names = sorted(set().union(*(variables_used(each) for each in policy.statements)))
    possible = {name: _possible(spaces, name) for name in names}
    settled = {name: values[0] for name, values in possible.items() if values is not None and len(values) == 1}
    choices = [values if values is not None else _telling(policy, name, spaces) for name, values in possible.items()]
    trials = tuple(itertools.islice(itertools.product(*choices), MAX_TRIALS + 1))
    exact = len(trials) <= MAX_TRIALS and None not in possible.values()
    gone = _can_be_gone(policy, possible)
    left = sorted(gone) if exact else [name for name in names if name not in settled or name in gone]
    parts = (*(f"the policy variable ${{{name}}}" for name in left), *dict.fromkeys(policy.defects))
    tried = [dict(zip(names, values, strict=True)) for values in trials[:MAX_TRIALS]]
    lenient = [each for each in tried if any(each[name] is None for name in gone)] if exact else [settled]
    lenient = [settled] if policy.defects else lenient
    return Readings(tuple(map(_reading, tried)), tuple(_reading(each, lenient=True) for each in lenient), parts)


def _can_be_gone(policy: Policy, possible: Mapping[str, tuple[str | None, ...] | None]) -> frozenset[str]:
    """Return the variables that need a value and may have none: their statement is then open."""
    needed = frozenset[str]().union(*map(variables_needed, policy.statements))
    return frozenset(name for name in needed if None in (possible[name] or ()))


def _reading(values: dict[str, str | None], *, lenient: bool = False) -> Reading:
    present = {name: value for name, value in values.items() if value is not None}
    return Reading(present, tuple(name for name in values if name not in present), lenient)


def _possible(spaces: Sequence[Space], key: str) -> tuple[str | None, ...] | None:
    """Return every value that a key can have, None among them where it can be absent; None where there are many."""
    found: dict[str | None, None] = {}
    for domain, dimension in _domains(spaces, key):
        values = _finite(domain)
        if values is None:
            return None
        for value in values:
            part = projected(key, value) if dimension != key else value
            if isinstance(part, tuple):
                return None
            found[part] = None
    return tuple(found) if len(found) < 2 or len(spaces) == 1 or _of_caller(spaces[0], key) else None


def _of_caller(space: Space, key: str) -> bool:
    """Is the value the same in every request of one caller?"""
    names = {_dimension(each, key) for each in space.groups[0].alternatives}
    return None not in names and not names & SESSION_KEYS


def _finite(domain: Domain) -> tuple[str | None, ...] | None:
    absent = (None,) if domain.absent else ()
    if domain.values is not None:
        return (*domain.values, *absent)
    single = tuple(each.only for each in domain.within)
    return (*single, *absent) if single and None not in single else None


def _domains(spaces: Sequence[Space], key: str) -> Iterator[tuple[Domain, str]]:
    """Yield the domain that a key has in each alternative of its group, with the dimension that it is part of."""
    for space in spaces:
        for group in space.groups:
            dimensions = [(each, _dimension(each, key)) for each in group.alternatives]
            yield from ((each.domains[name], name) for each, name in dimensions if name is not None)


def _dimension(alternative: Alternative, key: str) -> str | None:
    name = tie(key, alternative.caller.tied)
    return name if name in alternative.domains else None


def _telling(policy: Policy, variable: str, spaces: Sequence[Space]) -> tuple[str | None, ...]:
    """Return values that tell clauses apart: absent, a typical one, and values of what it is compared with."""
    found: list[Value] = [None, *_samples(spaces, variable), TYPICAL]
    for statement in policy.statements:
        for condition in statement.conditions:
            if any(variable in variables(value) for value in condition.values):
                found += _samples(spaces, condition.name)
            if condition.name == variable:
                found += [value for value in condition.values if not set("*?$") & set(value)]
    return tuple(dict.fromkeys(value for value in found if not isinstance(value, tuple)))


def _samples(spaces: Sequence[Space], key: str) -> list[Value]:
    """Return constants of a key, and one value of each language it has."""
    found: list[Value] = []
    for domain, dimension in _domains(spaces, key):
        values: Sequence[Value] = domain.values if domain.values is not None else (_present(domain),)
        found += [projected(key, value) if dimension != key else value for value in values]
    return list(dict.fromkeys(value for value in found if value is not None and not isinstance(value, tuple)))


def _present(domain: Domain) -> Value:
    if domain.absent and not domain.within:
        return None
    value = some(domain) if not domain.absent else some(_without_absence(domain))
    return value[0] if isinstance(value, tuple) and value else value


def _without_absence(domain: Domain) -> Domain:
    return Domain(False, domain.values, domain.within, domain.avoid, domain.must, domain.type, domain.least)
