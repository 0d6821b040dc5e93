"""The literal of one line of a Condition block."""

from __future__ import annotations

from functools import cached_property
from typing import Final

from s3_guardrails.policy import quantity
from s3_guardrails.policy.demand import EVERY_TEXT, Avoid, Caller, Constraint, Literal, Match, Reading, Value, satisfied
from s3_guardrails.policy.document import Condition, Statement
from s3_guardrails.policy.glob import compiled, variables
from s3_guardrails.policy.keys import condition_key
from s3_guardrails.policy.operator import TEXT, WITH_VARIABLES, Comparison, Quantifier
from s3_guardrails.policy.tie import lifted, projected, same_key, tie
from s3_guardrails.policy.tokens import Pattern, pattern

_COLONS: Final = 5
"""Colons that an ARN pattern has at least."""


class ConditionLiteral(Literal):
    """One line of the Condition block."""

    def __init__(self, statement: Statement, reading: Reading, condition: Condition) -> None:
        """Remember the condition; its key is the dimension unless it is tied to another."""
        super().__init__(statement, reading)
        self.condition = condition
        self.key = same_key(condition.name)
        self.comparison = None if condition.unclear else condition.operator.comparison

    def open_base(self) -> tuple[object, bool] | None:
        """An operator and its negation over the same values."""
        operator = self.condition.operator
        if not self.reading.lenient or operator.quantifier or self.comparison is None:
            return None
        same = (self.key, self.comparison, frozenset(self.condition.values), self.statement.variables)
        return same, operator.negated

    @property
    def textual(self) -> bool:
        """Does the outcome depend on characters, so that automata decide it?"""
        return self.comparison in TEXT

    def dimension(self, caller: Caller) -> str:
        """Return the key, or the dimension that the key is a part of."""
        return tie(self.key, caller.tied)

    def can_be(self, wanted: bool, value: Value, caller: Caller) -> bool:
        """Evaluate at a value of the dimension."""
        if self.comparison is None:
            return self.reading.lenient
        if self.comparison is Comparison.NULL:
            return any(each.lower() == ("true" if value is None else "false") for each in self.values) == wanted
        value = projected(self.key, value) if self.dimension(caller) != self.key else value
        operator = self.condition.operator
        several = (value,) if isinstance(value, str) else value or ()
        match operator.quantifier:
            case Quantifier.ALL:
                parts = (self._one(wanted, each) for each in several)
                return all(parts) if wanted else any(parts)
            case Quantifier.ANY:
                parts = (self._one(wanted, each) for each in several)
                return any(parts) if wanted else all(parts)
        if value is None:
            return (operator.if_exists or operator.negated) == wanted
        return self._one(wanted, value) if isinstance(value, str) else not wanted

    @property
    def values(self) -> tuple[str, ...]:
        """The values of the condition."""
        return self.condition.values

    def _one(self, wanted: bool, value: str) -> bool:
        if self.textual:
            return satisfied(self.element(wanted), value)
        comparison = self.comparison
        found = comparison is not None and any(quantity.compare(comparison, value, each) for each in self.values)
        return (found != self.condition.operator.negated) == wanted

    def element(self, wanted: bool) -> Constraint:
        """Return what one text value must satisfy, before any tie to another dimension."""
        match = wanted != self.condition.operator.negated
        patterns = self._match if match else self._avoid
        return Match(patterns) if match else Avoid(patterns)

    def constraint(self, wanted: bool, caller: Caller) -> Constraint:
        """Return what a text of the dimension must satisfy."""
        demand = self.element(wanted)
        if self.dimension(caller) == self.key or isinstance(demand, bool):
            return demand
        patterns = tuple(found for each in demand.patterns for found in lifted(self.key, each))
        return Match(patterns) if isinstance(demand, Match) else Avoid(patterns)

    @cached_property
    def _match(self) -> tuple[Pattern, ...]:
        return self._compile(match=True)

    @cached_property
    def _avoid(self) -> tuple[Pattern, ...]:
        return self._compile(match=False)

    def _compile(self, *, match: bool) -> tuple[Pattern, ...]:
        if self.comparison in WITH_VARIABLES and self.statement.variables and self._names_itself():
            return (EVERY_TEXT,)
        match self.comparison:
            case Comparison.BOOLEAN:
                values = tuple(each.lower() for each in self.values if each.lower() in {"true", "false"})
                return tuple(pattern(compiled(each, None, ignore_case=True) or ()) for each in values)
            case Comparison.BINARY:
                return tuple(pattern(compiled(each, None, wildcards=False) or ()) for each in self.values)
            case Comparison.STRING_PATTERN:
                return self.patterns(self.values, match)
            case Comparison.ARN_PATTERN:
                whole = tuple(each for each in self.values if each.count(":") >= _COLONS or self._has_variables(each))
                return self.patterns(whole, match, arn=True)
        return self.patterns(
            self.values, match, wildcards=False, case=self.comparison is not Comparison.STRING_IGNORING_CASE
        )

    def _has_variables(self, text: str) -> bool:
        return self.statement.variables and bool(variables(text))

    def _names_itself(self) -> bool:
        """Is a value a variable over this very key, or over another name of the same thing?"""
        known = condition_key(self.key)
        if self.condition.operator.quantifier or known is None or known.many:
            return False
        names = {"kms:calleraccount": "aws:principalaccount"}
        own = names.get(self.key, self.key)
        return any(
            each.startswith("${")
            and each.endswith("}")
            and each.count("$") == 1
            and names.get(found := (variables(each) or ("",))[0], found) == own
            for each in self.values
        )
