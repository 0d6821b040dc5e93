"""Whether everybody reads the values of a condition the same way; a condition with others cannot be relied on.

Source: IAM User Guide, "Condition operators" and "Policy variables".
"""

from __future__ import annotations

import re
from base64 import b64decode
from collections.abc import Callable, Iterator
from datetime import datetime
from ipaddress import ip_network
from typing import Final

from s3_guardrails.policy.operator import COLONS, DATES, NUMBERS, WITH_VARIABLES, Comparison, Operator

_NUMBER: Final = r"[+-]?[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]{1,2})?"
_TIME: Final = (
    r"[0-9]{4}-[0-9]{2}|[0-9]{8}T[0-9]{6}Z"
    r"|[0-9]{4}-[0-9]{2}-[0-9]{2}(T[0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]{1,6})?)?(Z|[+-][0-9]{2}:[0-9]{2})?)?"
)
_RANGE: Final = r"[0-9a-fA-F.:]+(/[0-9]{1,3})?"


def unreadable(read: Operator, values: tuple[str, ...], *, variables: bool, allow: bool) -> Iterator[str]:
    """Yield what is wrong with the values of a condition.

    `variables`: the policy's version has policy variables. `allow`: in an Allow a text that is no truth value may grant
    something; in a Deny it is taken to stop nobody.
    """
    if not values:
        yield "expected at least one value"
    if read.comparison is None:
        return
    fixed = read.comparison not in WITH_VARIABLES
    readable = _reader(read.comparison, allow=allow)
    for value in values:
        if fixed and variables and "${" in value:
            yield f"`{value[:40]}`: policy variables are for String and ARN operators"
        elif readable is not None and not _read(readable, value):
            yield f"`{value[:40]}` cannot be read"


def _reader(comparison: Comparison, *, allow: bool) -> Callable[[str], object] | None:
    if comparison in NUMBERS:
        return _number
    if comparison in DATES:
        return _time
    found: dict[Comparison, Callable[[str], object]] = {
        Comparison.ADDRESS: _network,
        Comparison.ARN_PATTERN: _arn,
        Comparison.BINARY: _bytes,
    }
    truths = comparison in {Comparison.BOOLEAN, Comparison.NULL}
    return _truth if truths and allow else found.get(comparison)


def _read(readable: Callable[[str], object], value: str) -> bool:
    try:
        return readable(value) is not None
    except ValueError:
        return False


def _number(value: str) -> object:
    return re.fullmatch(_NUMBER, value)


def _time(value: str) -> object:
    """Four digits could be a year or seconds since 1970."""
    if re.fullmatch(_NUMBER, value):
        return None if len(value) == len("2026") and value.isdigit() else value
    if not re.fullmatch(_TIME, value):
        return None
    return datetime.fromisoformat(f"{value}-01" if len(value) == len("2026-11") else value)


def _arn(value: str) -> object:
    """What an ARN operator does with a pattern of fewer than six segments is not documented."""
    return value if value.count(":") >= COLONS or "${" in value else None


def _network(value: str) -> object:
    return ip_network(value, strict=False) if re.fullmatch(_RANGE, value) else None


def _truth(value: str) -> object:
    return value if value.lower() in {"true", "false"} else None


def _bytes(value: str) -> object:
    return b64decode(value, validate=True)
