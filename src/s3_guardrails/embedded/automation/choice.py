"""The choices of aws:branch: one comparison each, or And, Or and Not of further ones."""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from typing import Any, Final

from s3_guardrails.embedded.automation.failure import StepFailed
from s3_guardrails.embedded.automation.fields import DocumentError

_TEXT: Final[dict[str, Callable[[str, str], bool]]] = {
    "StringEquals": operator.eq,
    "EqualsIgnoreCase": lambda value, wanted: value.lower() == wanted.lower(),
    "StartsWith": str.startswith,
    "EndsWith": str.endswith,
    "Contains": operator.contains,
}
_NUMBER: Final[dict[str, Callable[[float, float], bool]]] = {
    "NumericEquals": operator.eq,
    "NumericGreater": operator.gt,
    "NumericLesser": operator.lt,
    "NumericGreaterOrEquals": operator.ge,
    "NumericLesserOrEquals": operator.le,
}
_BOOLEAN: Final = {"BooleanEquals": operator.is_}
OPERATORS: Final = {**_TEXT, **_NUMBER, **_BOOLEAN}


def check_choice(path: str, choice: Any) -> None:
    """Raise DocumentError unless it is a condition with a NextStep."""
    if not isinstance(choice, Mapping) or not isinstance(choice.get("NextStep"), str):
        raise DocumentError(path, "expected an object with a NextStep")
    _check(path, {name: value for name, value in choice.items() if name != "NextStep"})


def holds(condition: Mapping[str, Any], resolve: Callable[[Any], Any]) -> bool:
    """Does the condition hold, with references resolved? Values of another type than the operator's fail the step."""
    if "And" in condition:
        return all(holds(each, resolve) for each in condition["And"])
    if "Or" in condition:
        return any(holds(each, resolve) for each in condition["Or"])
    if "Not" in condition:
        return not holds(condition["Not"], resolve)
    name = next(each for each in condition if each in OPERATORS)
    value, wanted = resolve(condition["Variable"]), resolve(condition[name])
    for each in (value, wanted):
        if not _fits(name, each):
            raise StepFailed(f"{name} cannot compare `{value}` with `{wanted}`")
    return bool(OPERATORS[name](value, wanted))  # type: ignore[operator]  # _fits has seen to the types


def _check(path: str, condition: Any) -> None:
    names = set(condition) - {"NextStep"} if isinstance(condition, Mapping) else set()
    match sorted(names):
        case ["And" | "Or" as name] if isinstance(condition[name], list) and condition[name]:
            for index, each in enumerate(condition[name]):
                _check(f"{path}.{name}[{index}]", each)
        case ["Not"]:
            _check(f"{path}.Not", condition["Not"])
        case [first, "Variable"] if first in OPERATORS:
            pass
        case _:
            raise DocumentError(path, "expected And, Or, Not, or a Variable and one operator")


def _fits(name: str, value: Any) -> bool:
    if name in _TEXT:
        return isinstance(value, str)
    if name in _BOOLEAN:
        return isinstance(value, bool)
    return isinstance(value, int | float) and not isinstance(value, bool)
