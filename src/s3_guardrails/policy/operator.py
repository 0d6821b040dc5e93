"""The condition operators of the policy language: one line each.

Source: IAM User Guide, "IAM JSON policy elements: Condition operators". Names are read without regard to case.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Final, NamedTuple


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


class Operator(NamedTuple):
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
