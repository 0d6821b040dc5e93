"""Reading objects of a document strictly: every member known, every required one there, each of its kind."""

from __future__ import annotations

import re
from collections.abc import Mapping
from enum import StrEnum
from typing import Any, Final

from s3_guardrails.errors import GuardrailError

REFERENCE: Final = re.compile(r"\{\{\s*([^{}]*?)\s*\}\}")
"""``{{ name }}``; the group is the name without the spaces around it."""


class DocumentError(GuardrailError):
    """A document is not one that is played here. `path` is the place, such as ``mainSteps[1].inputs``."""

    def __init__(self, path: str, expected: str) -> None:
        """Keep the place and the expectation apart."""
        super().__init__(f"{path}: {expected}")
        self.path, self.expected = path, expected


class Kind(StrEnum):
    """What a member may hold; `OR_REFERENCE` kinds are also a whole ``{{ reference }}``."""

    TEXT = "a string"
    INTEGER = "an integer"
    BOOLEAN = "a boolean"
    LIST = "a list"
    OBJECT = "an object"
    ANY = "a value"
    INTEGER_OR_REFERENCE = "an integer or a reference"
    LIST_OR_REFERENCE = "a list or a reference"
    OBJECT_OR_REFERENCE = "an object or a reference"


_TYPES: Final[dict[Kind, type | tuple[type, ...]]] = {
    Kind.TEXT: str,
    Kind.INTEGER: int,
    Kind.BOOLEAN: bool,
    Kind.LIST: list,
    Kind.OBJECT: dict,
    Kind.ANY: object,
    Kind.INTEGER_OR_REFERENCE: int,
    Kind.LIST_OR_REFERENCE: list,
    Kind.OBJECT_OR_REFERENCE: dict,
}

Kinds = Mapping[str, Kind]


def checked(path: str, data: Any, required: Kinds, optional: Kinds, *, open_ended: bool = False) -> Mapping[str, Any]:
    """Return the object, or raise DocumentError; an `open_ended` one may have further members of any kind."""
    if not isinstance(data, Mapping):
        raise DocumentError(path, "expected an object")
    for name in required:
        if name not in data:
            raise DocumentError(path, f"expected a member `{name}`")
    for name, value in data.items():
        place = f"{path}.{name}" if path else str(name)
        kind = required.get(name) or optional.get(name)
        if kind is None and not open_ended:
            raise DocumentError(place, "not a member that is played here")
        if kind is not None and not _is(kind, value):
            raise DocumentError(place, f"expected {kind}")
    return data


def one_of(path: str, value: str, names: frozenset[str]) -> str:
    """Return the value if it is one of the names."""
    if value not in names:
        raise DocumentError(path, f"expected one of {', '.join(sorted(names))}, found `{value}`")
    return value


def whole_reference(value: Any) -> str | None:
    """Return the name where the value is one reference and nothing else."""
    found = REFERENCE.fullmatch(value.strip()) if isinstance(value, str) else None
    return found[1] if found else None


def references(value: Any) -> list[str]:
    """Return the names of all references inside a value."""
    if isinstance(value, str):
        return REFERENCE.findall(value)
    if isinstance(value, Mapping):
        return [name for each in (*value, *value.values()) for name in references(each)]
    return [name for each in value for name in references(each)] if isinstance(value, list) else []


def _is(kind: Kind, value: Any) -> bool:
    if kind.endswith("or a reference") and whole_reference(value) is not None:
        return True
    if kind in {Kind.INTEGER, Kind.INTEGER_OR_REFERENCE} and isinstance(value, bool):
        return False
    return isinstance(value, _TYPES[kind])
