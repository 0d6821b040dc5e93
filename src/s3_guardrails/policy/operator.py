"""The condition operators of the policy language: one line each.

Source: IAM User Guide, "IAM JSON policy elements: Condition operators". Names are read without regard to case.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from ipaddress import ip_network
from typing import Final


class Comparison(StrEnum):
    """What a positive operator compares; a negated operator is the negation of one of these."""

    STRING = "equal strings"
    STRING_IGNORING_CASE = "equal strings, ignoring case"
    STRING_PATTERN = "string matches pattern"
    ARN_PATTERN = "ARN matches pattern, segment by segment"
    NUMBER_EQUAL = "equal numbers"
    NUMBER_LESS = "less than"
    NUMBER_AT_MOST = "less than or equal"
    NUMBER_GREATER = "greater than"
    NUMBER_AT_LEAST = "greater than or equal"
    DATE_EQUAL = "equal times"
    DATE_BEFORE = "before"
    DATE_AT_LATEST = "before or at"
    DATE_AFTER = "after"
    DATE_AT_EARLIEST = "after or at"
    BOOLEAN = "equal truth values"
    BINARY = "equal bytes"
    ADDRESS = "address in range"
    NULL = "key is absent"


class Quantifier(StrEnum):
    """How an operator treats a key with several values."""

    NONE = ""
    ALL = "ForAllValues"
    ANY = "ForAnyValue"


_OPERATORS: Final = {
    "stringequals": (Comparison.STRING, False),
    "stringnotequals": (Comparison.STRING, True),
    "stringequalsignorecase": (Comparison.STRING_IGNORING_CASE, False),
    "stringnotequalsignorecase": (Comparison.STRING_IGNORING_CASE, True),
    "stringlike": (Comparison.STRING_PATTERN, False),
    "stringnotlike": (Comparison.STRING_PATTERN, True),
    "arnequals": (Comparison.ARN_PATTERN, False),
    "arnlike": (Comparison.ARN_PATTERN, False),
    "arnnotequals": (Comparison.ARN_PATTERN, True),
    "arnnotlike": (Comparison.ARN_PATTERN, True),
    "numericequals": (Comparison.NUMBER_EQUAL, False),
    "numericnotequals": (Comparison.NUMBER_EQUAL, True),
    "numericlessthan": (Comparison.NUMBER_LESS, False),
    "numericlessthanequals": (Comparison.NUMBER_AT_MOST, False),
    "numericgreaterthan": (Comparison.NUMBER_GREATER, False),
    "numericgreaterthanequals": (Comparison.NUMBER_AT_LEAST, False),
    "dateequals": (Comparison.DATE_EQUAL, False),
    "datenotequals": (Comparison.DATE_EQUAL, True),
    "datelessthan": (Comparison.DATE_BEFORE, False),
    "datelessthanequals": (Comparison.DATE_AT_LATEST, False),
    "dategreaterthan": (Comparison.DATE_AFTER, False),
    "dategreaterthanequals": (Comparison.DATE_AT_EARLIEST, False),
    "bool": (Comparison.BOOLEAN, False),
    "binaryequals": (Comparison.BINARY, False),
    "ipaddress": (Comparison.ADDRESS, False),
    "notipaddress": (Comparison.ADDRESS, True),
    "null": (Comparison.NULL, False),
}

TEXT: Final = frozenset(
    {
        Comparison.STRING,
        Comparison.STRING_IGNORING_CASE,
        Comparison.STRING_PATTERN,
        Comparison.ARN_PATTERN,
        Comparison.BOOLEAN,
        Comparison.BINARY,
    }
)
"""Comparisons whose outcome depends on the characters of the value."""

NUMBERS: Final = frozenset(each for each in Comparison if each.name.startswith("NUMBER_"))
DATES: Final = frozenset(each for each in Comparison if each.name.startswith("DATE_"))

COLONS: Final = 5
"""Colons that an ARN has at least."""

WITH_VARIABLES: Final = TEXT - {Comparison.BOOLEAN, Comparison.BINARY}
"""Comparisons in whose values policy variables are replaced."""


@dataclass(frozen=True, slots=True)
class Operator:
    """A condition operator; `comparison` is None where the name is not one that this release knows."""

    name: str
    comparison: Comparison | None
    negated: bool = False
    quantifier: Quantifier = Quantifier.NONE
    if_exists: bool = False


def operator(name: str) -> Operator:
    """Read an operator's name: ``[ForAllValues:|ForAnyValue:]Operator[IfExists]``."""
    quantifier, base = Quantifier.NONE, name.lower()
    for each in (Quantifier.ALL, Quantifier.ANY):
        if base.startswith(f"{each.value.lower()}:"):
            quantifier, base = each, base.partition(":")[2]
    if_exists = base.endswith("ifexists")
    comparison, negated = _OPERATORS.get(base.removesuffix("ifexists"), (None, False))
    if comparison is Comparison.NULL and (if_exists or quantifier):
        comparison = None
    return Operator(name, comparison, negated, quantifier, if_exists)


def unreadable(read: Operator, values: tuple[str, ...]) -> Iterator[str]:
    """Yield what is wrong with the values of a condition: none at all, or not numbers, times or ranges of addresses."""
    if not values:
        yield "expected at least one value"
    readable: Callable[[str], object] | None = None
    if read.comparison in NUMBERS:
        readable = float
    elif read.comparison in DATES:
        readable = _time
    elif read.comparison is Comparison.ADDRESS:
        readable = _network
    elif read.comparison is Comparison.ARN_PATTERN:
        readable = _arn
    for value in values if readable else ():
        try:
            readable(value)  # type: ignore[misc]
        except ValueError:
            yield f"`{value[:40]}` cannot be read"


def _time(value: str) -> object:
    """Four digits could be a year or seconds since 1970."""
    if len(value) == len("2026") and value.isdigit():
        raise ValueError(value)
    try:
        return float(value)
    except ValueError:
        return datetime.fromisoformat(f"{value}-01" if len(value) == len("2026-11") else value)


def _arn(value: str) -> object:
    """What an ARN operator does with a pattern of fewer than six segments is not documented."""
    if value.count(":") < COLONS and "${" not in value:
        raise ValueError(value)
    return value


def _network(value: str) -> object:
    return ip_network(value, strict=False)
