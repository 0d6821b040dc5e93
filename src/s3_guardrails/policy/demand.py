"""What one part of a statement demands of one dimension of a request, and the two ways to read what is open.

A statement applies when all its literals hold; a Deny is escaped when one of them is false. A literal knows two things:
whether it *can be* true or false at a concrete value, and which texts make it so.

Two readings. Strict: a part that is not understood gives no way to escape and no permission, so what is refuted is
refuted under every meaning of that part. Lenient: it can be whatever the question needs, so what is proved is proved
under every meaning of it.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final, NamedTuple

from s3_guardrails.policy.automaton import union
from s3_guardrails.policy.document import Principal, Statement
from s3_guardrails.policy.glob import compiled, variables
from s3_guardrails.policy.tokens import ANYTHING, Pattern, pattern

Value = str | tuple[str, ...] | None
ACTION: Final = "@action"
RESOURCE: Final = "@resource"
CALLER: Final = "@caller"
PRINCIPAL: Final = "@principal"

EVERY_TEXT: Final = pattern((ANYTHING,))


class Reading(NamedTuple):
    """How to read what a policy leaves open: policy variables with their values or absent, and strict or lenient."""

    values: Mapping[str, str] = MappingProxyType({})
    absent: tuple[str, ...] = ()
    lenient: bool = False


class Match(NamedTuple):
    """The text must match one of the patterns."""

    patterns: tuple[Pattern, ...]


class Avoid(NamedTuple):
    """The text must match none of the patterns."""

    patterns: tuple[Pattern, ...]


Constraint = Match | Avoid | bool
"""A demand on a text; a truth value where the text does not matter."""


class Caller(NamedTuple):
    """What a literal may know of the alternative that it is asked about."""

    kind: str
    chain: frozenset[Principal]
    tied: frozenset[str]


class Literal:
    """One element of one statement. Compared by identity."""

    key: str

    def __init__(self, statement: Statement, reading: Reading) -> None:
        """Remember the statement and how open parts are read."""
        self.statement = statement
        self.reading = reading

    def dimension(self, caller: Caller) -> str:
        """Return the dimension that decides this literal."""
        del caller
        return self.key

    def can_be(self, wanted: bool, value: Value, caller: Caller) -> bool:
        """Can the literal have this truth at this value (None: the key is absent)?"""
        raise NotImplementedError

    def constraint(self, wanted: bool, caller: Caller) -> Constraint:
        """Return what a text must satisfy for the literal to have this truth."""
        raise NotImplementedError

    def open_base(self) -> tuple[object, bool] | None:
        """Return what an open literal compares and whether it negates it, None where nothing is open.

        Two open literals over the same comparison are not free of each other: one is true where its negation is false.
        """
        return None

    def patterns(
        self,
        texts: tuple[str, ...],
        match: bool,
        *,
        wildcards: bool = True,
        arn: bool = False,
        resource: bool = False,
        case: bool = True,
    ) -> tuple[Pattern, ...]:
        """Compile; an unresolved variable can match everything where a match is wanted, and nothing where not."""
        values = self.reading.values if self.statement.variables else None
        lenient = values is not None and self.reading.lenient
        settled = {*self.reading.values, *self.reading.absent}
        found = []
        for text in texts:
            if lenient and set(variables(text)) - settled:
                if match:
                    return (EVERY_TEXT,)
                continue
            tokens = compiled(text, values, wildcards=wildcards, arn=arn, resource=resource, ignore_case=not case)
            if tokens is not None:
                found.append(pattern(tokens))
        return tuple(found)


def satisfied(demand: Constraint, text: str) -> bool:
    """Does a text satisfy a demand?"""
    match demand:
        case bool():
            return demand
        case Match(patterns):
            return union(patterns).matches(text)
        case Avoid(patterns):
            return not union(patterns).matches(text)
