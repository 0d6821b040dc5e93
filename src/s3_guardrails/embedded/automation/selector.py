"""JSONPath as outputs use it: ``$``, ``.name``, ``['name']``, ``[2]``, ``[*]`` and ``..name``; nothing else."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Final

_PART: Final = re.compile(r"\.\.(?P<deep>[\w-]+)|(?:\.(?P<name>[\w-]+)|\['(?P<quoted>[^']+)'\])|\[(?P<at>\d+|\*)\]")


class NothingSelected(LookupError):
    """A selector finds nothing in a response."""


def is_selector(path: str) -> bool:
    """Is this a selector that `select` understands?"""
    return path.startswith("$") and _PART.sub("", path[1:]) == ""


def select(path: str, data: Any) -> Any:
    """Return what the path finds, as a list where it has ``[*]`` or ``..``; raise NothingSelected."""
    found, many = [data], False
    for part in _PART.finditer(path):
        many = many or part["at"] == "*" or part["deep"] is not None
        found = [each for value in found for each in _step(part, value)]
    if not found and not many:
        raise NothingSelected(path)
    return found if many else found[0]


def _step(part: re.Match[str], value: Any) -> Iterator[Any]:
    if part["deep"]:
        yield from _below(part["deep"], value)
    elif part["at"] == "*" and isinstance(value, list):
        yield from value
    elif part["at"] and part["at"] != "*" and isinstance(value, list):
        yield from value[int(part["at"]) :][:1]
    elif isinstance(value, dict) and (part["name"] or part["quoted"]) in value:
        yield value[part["name"] or part["quoted"]]


def _below(name: str, value: Any) -> Iterator[Any]:
    if isinstance(value, dict):
        if name in value:
            yield value[name]
        for each in value.values():
            yield from _below(name, each)
    if isinstance(value, list):
        for each in value:
            yield from _below(name, each)
