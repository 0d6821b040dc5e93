"""Bounds of a condition block that is known in parts.

The *wide* bound holds whenever the block may hold; the *narrow* one only where it holds whatever the open values are.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from s3_guardrails.policy.operator import Comparison, Operator, Quantifier, operator
from s3_guardrails.template.text_bounds import ARN_COLONS, as_list, colons, known, loosened
from s3_guardrails.template.value import Node, Text, scalar, unknowns

_PARTS: Final = re.compile(r"(\$\{[^}]*\})")


class Never(Exception):
    """The narrow bound: nothing is certain to hold."""


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a condition block."""

    operator: str
    key: str
    values: Any


def bounded_conditions(block: Node, *, wide: bool, variables: bool) -> dict[str, Any]:
    """Return a bound of the block; raise Never. `variables`: the policy's version has policy variables."""
    lines = list(_lines(block, wide=wide))
    kept = [each for each in lines if not unknowns(each.values)]
    for each in lines:
        if unknowns(each.values):
            kept += _bound(each, kept, wide=wide, variables=variables)
    found: dict[str, Any] = {}
    for each in kept:
        found.setdefault(each.operator, {})[each.key] = each.values
    return found


def _lines(block: Node, *, wide: bool) -> Iterator[Line]:
    """Yield the lines; an open block or operator is left out of the wide bound."""
    blocks = block.items() if isinstance(block, Mapping) else [("", block)]
    for name, keys in blocks:
        if isinstance(keys, Mapping):
            yield from (Line(name, key, values) for key, values in keys.items())
        elif not wide:
            raise Never


def _bound(line: Line, others: list[Line], *, wide: bool, variables: bool) -> list[Line]:
    """Return the lines that bound a line with open values; raise Never."""
    read = operator(line.operator)
    if read.comparison in {None, Comparison.NULL}:
        return [] if wide else _never()
    bound = _broad(read, line, variables) if wide != read.negated else _certain(line)
    if bound is not None and not _taken(bound, others):
        return [bound]
    absent_holds = read.quantifier is not Quantifier.ANY and (
        read.if_exists or read.negated or read.quantifier is Quantifier.ALL
    )
    if wide == absent_holds:
        return [] if wide else _never()
    presence = Line("Null", line.key, "false" if wide else "true")
    if _taken(presence, others):
        return [] if wide else _never()
    return [presence]


def _never() -> list[Line]:
    raise Never


def _taken(line: Line, others: list[Line]) -> bool:
    """Is there a line of this operator and key? An object holds only one."""
    name = (line.operator.lower(), line.key.lower())
    return any((each.operator.lower(), each.key.lower()) == name for each in others)


def _certain(line: Line) -> Line | None:
    """Return the line with the known values alone, None where there are none."""
    values = [each for each in as_list(line.values) if known(each)]
    return Line(line.operator, line.key, values) if values else None


def _broad(read: Operator, line: Line, variables: bool) -> Line | None:
    """Return the line with a pattern for every open value; None where no pattern can say what it may be."""
    values = as_list(line.values)
    match read.comparison:
        case Comparison.STRING_PATTERN:
            return Line(line.operator, line.key, [each if known(each) else loosened(each) for each in values])
        case Comparison.ARN_PATTERN:
            return _broad_arns(line, values)
        case Comparison.STRING if variables or not any(map(_wild, values)):
            like = f"String{'Not' if read.negated else ''}Like{'IfExists' if read.if_exists else ''}"
            name = f"{read.quantifier.value}:{like}" if read.quantifier else like
            return Line(name, line.key, [loosened(_escaped(each)) for each in values])
    return None


def _broad_arns(line: Line, values: list[Any]) -> Line | None:
    """An ARN pattern needs all its segments."""
    patterns = [each if known(each) else loosened(each, arn=True) for each in values]
    whole = (known(each) or colons(found) >= ARN_COLONS for each, found in zip(values, patterns, strict=True))
    return Line(line.operator, line.key, patterns) if all(whole) else None


def _wild(value: Node) -> bool:
    return any(set("*?") & set(each) for each in _strings(value))


def _escaped(value: Node) -> Node:
    """Escape the wildcards of a text that StringEquals takes literally."""
    if isinstance(value, Text):
        return Text(tuple(_escape(each) if isinstance(each, str) else each for each in value.pieces))
    return _escape(scalar(value)) if known(value) else value


def _escape(text: str) -> str:
    parts = enumerate(_PARTS.split(text))
    return "".join(each if index % 2 else re.sub(r"[*?]", r"${\g<0>}", each) for index, each in parts)


def _strings(value: Node) -> Iterator[str]:
    pieces = value.pieces if isinstance(value, Text) else (value,)
    return (each for each in pieces if isinstance(each, str))
