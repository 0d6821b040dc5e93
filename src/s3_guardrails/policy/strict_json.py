"""Read JSON without losing anything: a repeated key, NaN and nesting without end are errors."""

from __future__ import annotations

import json
import math
from collections import Counter
from typing import Any, Final

from s3_guardrails.errors import PolicySyntaxError

MAX_CHARACTERS: Final = 1 << 20
"""Longer texts are refused unread; S3 accepts 20 KB and KMS 32 KB."""


def strict_json(text: str, limit: int = MAX_CHARACTERS) -> Any:
    """Read JSON; a repeated key, a number without end and nesting without end are errors."""
    if len(text) > limit:
        raise PolicySyntaxError("", f"expected at most {limit} characters, found {len(text)}")
    try:
        return json.loads(text, object_pairs_hook=_unique, parse_constant=_no_constant, parse_float=_finite)
    except json.JSONDecodeError as error:
        raise PolicySyntaxError("", f"not JSON: {error.msg} at line {error.lineno} column {error.colno}") from None
    except RecursionError:
        raise PolicySyntaxError("", "nested too deeply") from None
    except ValueError as error:
        raise PolicySyntaxError("", f"not JSON: {error}") from None


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    result = dict(pairs)
    if len(result) != len(pairs):
        repeated = Counter(name for name, _ in pairs).most_common(1)[0][0]
        raise PolicySyntaxError("", f"the key {shown(repeated)} is repeated in one object")
    return result


def _finite(text: str) -> float:
    number = float(text)
    if math.isinf(number):
        raise PolicySyntaxError("", f"expected a number that fits, found {shown(text)}")
    return number


def _no_constant(name: str) -> Any:
    raise PolicySyntaxError("", f"not JSON: `{name}` is no JSON number")


def kind(value: Any) -> str:
    """Name a JSON value's kind for a person."""
    names = {dict: "an object", list: "a list", str: "a string", bool: "a truth value", type(None): "null"}
    return names.get(type(value), "a number")


def shown(value: Any) -> str:
    """Show a string in backticks, shortened; anything else by its kind."""
    return f"`{value[:40]}`" if isinstance(value, str) else kind(value)
