"""Where the statements of a policy stand in its text, and the text with some of them replaced."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Final

BLANKS: Final = " \t\n\r"
_BLANK: Final = re.compile(f"[{BLANKS}]*")
_DECODER: Final = json.JSONDecoder()
_INNER: Final = re.compile(r"\{(\r?\n[ \t]*)")
_OUTER: Final = re.compile(r"(\r?\n[ \t]*)\}$")


@dataclass(frozen=True, slots=True)
class Element:
    """One statement and where it stands in the text."""

    start: int
    end: int
    value: Mapping[str, Any]

    @property
    def sid(self) -> Any:
        """The Sid, None without one."""
        return self.value.get("Sid")


@dataclass(frozen=True, slots=True)
class Place:
    """Where the value of `Statement` begins, whether it is a list, and its statements."""

    start: int
    several: bool
    elements: tuple[Element, ...]


def find_statements(text: str) -> Place:
    """Find the statements in the text of a valid policy."""
    start = next(value for name, value in _members(text) if name == "Statement")
    several = text[start] == "["
    spans = _items(text, start) if several else iter([(start, _value(text, start)[1])])
    return Place(start, several, tuple(Element(first, last, _value(text, first)[0]) for first, last in spans))


def replaced(text: str, new: Mapping[int, Sequence[Mapping[str, Any]]]) -> str:
    """Return the policy with statements (none, one, several) in the place of those at these places of the list."""
    found = find_statements(text)
    elements = found.elements
    if not elements:
        return text
    between = [text[one.end : other.start] for one, other in pairwise(elements)]
    written = list[str]()
    for index, element in enumerate(elements):
        old = text[element.start : element.end]
        texts = [old] if index not in new else [_like(old, each) for each in new[index]]
        joint = between[index - 1] if index else between[0] if between else f",{_before(text, element)}"
        written += (part for each in texts for part in (joint, each))
    whole = "".join(written[1:])
    if not found.several and len(written) != 2:
        whole = f"[{whole}]"
    return text[: elements[0].start] + whole + text[elements[-1].end :]


def compact(value: Any) -> str:
    """Write JSON without blanks."""
    return json.dumps(value, separators=(",", ":"))


def _before(text: str, element: Element) -> str:
    """Return the blanks before a statement, where they are layout."""
    head = text[: element.start]
    return head[len(head.rstrip(BLANKS)) :] if head.rstrip(BLANKS).endswith("[") else " "


def _like(old: str, value: Mapping[str, Any]) -> str:
    """Write a statement in the layout of another."""
    inner, outer = _INNER.match(old), _OUTER.search(old)
    if not inner or not outer:
        return json.dumps(value) if '": ' in old else compact(value)
    step = inner[1].removeprefix(outer[1]) if inner[1].startswith(outer[1]) else "  "
    return json.dumps(value, indent=step).replace("\n", outer[1])


def _members(text: str) -> Iterator[tuple[str, int]]:
    """Yield the name of each top-level element and the place of its value."""
    at = _after_blank(text, _after_blank(text, 0) + 1)
    while text[at] != "}":
        name, end = _value(text, at)
        start = _after_blank(text, _after_blank(text, end) + 1)
        yield name, start
        at = _next(text, _value(text, start)[1])


def _items(text: str, start: int) -> Iterator[tuple[int, int]]:
    at = _after_blank(text, start + 1)
    while text[at] != "]":
        end = _value(text, at)[1]
        yield at, end
        at = _next(text, end)


def _next(text: str, end: int) -> int:
    """Return the place of the next member or item, or of the closing bracket."""
    at = _after_blank(text, end)
    return _after_blank(text, at + 1) if text[at] == "," else at


def _value(text: str, start: int) -> tuple[Any, int]:
    return _DECODER.raw_decode(text, start)


def _after_blank(text: str, start: int) -> int:
    found = _BLANK.match(text, start)
    return found.end() if found else start
