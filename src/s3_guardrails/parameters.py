"""Rule parameters: one frozen dataclass per rule is the source of names, defaults, documentation and validation.

AWS Config hands parameters over as strings, at most 1,024 characters of JSON in all (service model, InputParameters).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import MISSING, Field, dataclass, field, fields
from typing import Any, Final, Self, TypeVar

from s3_guardrails.errors import ParameterError

T = TypeVar("T")

MAX_INPUT_PARAMETERS: Final = 1024
"""Characters of JSON that AWS Config accepts as InputParameters of one rule."""

FOREIGN: Final = frozenset({"ExecutionRoleName", "ExecutionRoleRegion", "AssumeRoleMode", "PackVersion"})
"""Parameters that rdklib reads for itself, and the release, with which every rule changes and is evaluated again."""


def text(value: str) -> str:
    """Keep a parameter as it is."""
    return value


def flag(value: str) -> bool:
    """Read `true` or `false`."""
    if value.lower() not in {"true", "false"}:
        raise ParameterError(f"expected `true` or `false`, found `{value}`")
    return value.lower() == "true"


def words(value: str) -> tuple[str, ...]:
    """Read a list separated by commas; empty entries are dropped."""
    return tuple(part.strip() for part in value.split(",") if part.strip())


def parameter(default: str, doc: str, read: Callable[[str], T]) -> T:
    """Declare a parameter: its default as text, one sentence of documentation, and how its text is read."""
    return field(default_factory=lambda: read(default), metadata={"default": default, "doc": doc, "read": read})


@dataclass(frozen=True, slots=True)
class Documented:
    """One parameter as AWS Config and the documentation know it."""

    name: str
    default: str
    doc: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameters:
    """Base of every rule's parameters. AWS Config's name of a field is its name in CamelCase."""

    @classmethod
    def from_config(cls, given: Mapping[str, Any]) -> Self:
        """Read AWS Config's mapping of names to strings; raise ParameterError naming the parameter."""
        by_name = {_camel(each.name): each for each in fields(cls)}
        unknown = sorted(set(given) - set(by_name) - FOREIGN)
        if unknown:
            expected = ", ".join(sorted(by_name)) or "none"
            raise ParameterError(f"unknown rule parameter `{unknown[0]}`: expected one of {expected}")
        values = {
            by_name[name].name: _read(name, by_name[name], value)
            for name, value in given.items()
            if name in by_name and value is not None and value != ""
        }
        parameters = cls(**values)
        parameters.check()
        return parameters

    def check(self) -> None:
        """Raise ParameterError where parameters contradict each other."""

    @classmethod
    def documented(cls) -> Iterator[Documented]:
        """Yield each parameter's name, default text and documentation."""
        for each in fields(cls):
            yield Documented(_camel(each.name), each.metadata["default"], each.metadata["doc"])


def input_parameters(values: Mapping[str, str]) -> str:
    """Render AWS Config's InputParameters; raise ParameterError over 1,024 characters, naming the longest."""
    rendered = json.dumps(values, separators=(",", ":"))
    if len(rendered) > MAX_INPUT_PARAMETERS:
        longest = max(values, key=lambda name: len(values[name]))
        raise ParameterError(
            f"InputParameters take {len(rendered)} characters of {MAX_INPUT_PARAMETERS}: shorten `{longest}`"
        )
    return rendered


def _camel(name: str) -> str:
    return "".join(part.capitalize() for part in name.split("_"))


def _read(name: str, declared: Field[Any], value: Any) -> Any:
    if isinstance(value, bool):
        value = str(value).lower()
    if isinstance(value, int | float):
        value = str(value)
    if not isinstance(value, str):
        raise ParameterError(f"rule parameter `{name}`: expected a string, found {type(value).__name__}")
    if declared.default_factory is MISSING:
        raise ParameterError(f"rule parameter `{name}` is not declared with parameter()")
    try:
        return declared.metadata["read"](value)
    except ParameterError as error:
        raise ParameterError(f"rule parameter `{name}`: {error}") from None
