"""Evaluate one condition against the context of one request: a line for each comparison.

Source: IAM User Guide, "Condition operators" and "Multivalued context keys". A missing key fails a positive operator
and satisfies a negated one; IfExists satisfies both; several values are alternatives, and NOR under a negated operator.
"""

from __future__ import annotations

import operator as compare
import re
from collections.abc import Callable
from datetime import UTC, datetime
from ipaddress import ip_address, ip_network
from typing import Final

from s3_guardrails.policy.document import Condition
from s3_guardrails.policy.operator import DATES, NUMBERS, Comparison, Quantifier
from s3_guardrails.policy.pattern import ARN_COLONS, Context, matches, variables_in
from s3_guardrails.policy.truth import Truth

_MONTH: Final = r"[0-9]{4}-[0-9]{2}"
_ORDER: Final[dict[Comparison, Callable[[float, float], bool]]] = {
    Comparison.NUMBER_EQUAL: compare.eq,
    Comparison.NUMBER_LESS: compare.lt,
    Comparison.NUMBER_AT_MOST: compare.le,
    Comparison.NUMBER_GREATER: compare.gt,
    Comparison.NUMBER_AT_LEAST: compare.ge,
    Comparison.DATE_EQUAL: compare.eq,
    Comparison.DATE_BEFORE: compare.lt,
    Comparison.DATE_AT_LATEST: compare.le,
    Comparison.DATE_AFTER: compare.gt,
    Comparison.DATE_AT_EARLIEST: compare.ge,
}


def holds(condition: Condition, context: Context, variables: bool) -> Truth:
    """Is the condition true? None where the operator is unknown."""
    comparison, quantifier = condition.operator.comparison, condition.operator.quantifier
    value = context.get(condition.name)
    if comparison is None or condition.unclear:
        return None
    if comparison is Comparison.NULL:
        return any(each.lower() == ("true" if value is None else "false") for each in condition.values)
    several = (value,) if isinstance(value, str) else value or ()
    scope = context if variables else None
    if quantifier is Quantifier.ALL:
        return all(_matches(condition, comparison, each, scope) for each in several)
    if quantifier is Quantifier.ANY:
        return any(_matches(condition, comparison, each, scope) for each in several)
    if value is None:
        return condition.operator.if_exists or condition.operator.negated
    return isinstance(value, str) and _matches(condition, comparison, value, scope)


def _matches(condition: Condition, comparison: Comparison, value: str, context: Context | None) -> bool:
    found = any(_compare(comparison, wanted, value, context) for wanted in condition.values)
    return found != condition.operator.negated


def _compare(comparison: Comparison, wanted: str, value: str, context: Context | None) -> bool:
    if comparison in NUMBERS or comparison in DATES:
        read = _number if comparison in NUMBERS else _time
        left, right = read(value), read(wanted)
        return left is not None and right is not None and _ORDER[comparison](left, right)
    match comparison:
        case Comparison.STRING:
            return matches(wanted, value, context, wildcards=False)
        case Comparison.BINARY:
            return wanted == value
        case Comparison.STRING_IGNORING_CASE:
            return matches(wanted, value, context, wildcards=False, ignore_case=True)
        case Comparison.STRING_PATTERN:
            return matches(wanted, value, context)
        case Comparison.ARN_PATTERN:
            enough = wanted.count(":") >= ARN_COLONS or (context is not None and bool(variables_in(wanted)))
            return enough and matches(wanted, value, context, arn=True)
        case Comparison.BOOLEAN:
            return wanted.lower() in {"true", "false"} and wanted.lower() == value.lower()
        case Comparison.ADDRESS:
            return _in_range(value, wanted)
    return False


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None


def _time(text: str) -> float | None:
    """Seconds since 1970 of an ISO 8601 time or of epoch seconds (milliseconds where the number is that large)."""
    number = _number(text)
    if number is not None:
        return number / 1000 if number > 1e11 else number
    try:
        moment = datetime.fromisoformat(f"{text}-01" if re.fullmatch(_MONTH, text) else text)
    except ValueError:
        return None
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


def _in_range(address: str, network: str) -> bool:
    try:
        return ip_address(address) in ip_network(network, strict=False)
    except ValueError:
        return False
