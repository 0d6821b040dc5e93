"""Match one concrete text against one pattern: `*`, `?` and policy variables.

The plain twin of the automata that decide questions about all texts; the two share no code. Source: IAM User Guide,
"Policy variables" and "ARN condition operators".
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Final, NamedTuple

Context = Mapping[str, str | tuple[str, ...]]
"""Context keys in lower case and their values; an absent key is not in it."""

_VARIABLE: Final = re.compile(r"\$\{([^}]*)\}")
_DEFAULT: Final = re.compile(r"(.*?), ?'(.*)'", re.DOTALL)
_SPECIAL: Final = frozenset("*?$")
ARN_COLONS: Final = 5
"""Colons that separate the segments of an ARN; what follows the last may hold colons of its own."""


class Variable(NamedTuple):
    """A policy variable `${key, 'default'}`; the key in lower case."""

    key: str
    default: str | None


def pieces(pattern: str, variables: bool) -> Iterator[str | Variable]:
    """Yield single characters, escaped ones (`${*}`) with a backslash before them, and variables.

    >>> list(pieces("a${aws:username}", True))
    ['a', Variable(key='aws:username', default=None)]
    """
    position = 0
    while position < len(pattern):
        found = _VARIABLE.match(pattern, position) if variables else None
        if found is None:
            yield pattern[position]
            position += 1
            continue
        position = found.end()
        body = found[1]
        if body in {"*", "?", "$"}:
            yield "\\" + body
        else:
            split = _DEFAULT.fullmatch(body)
            yield Variable((split[1] if split else body).strip().lower(), split[2] if split else None)


def variables_in(pattern: str) -> frozenset[str]:
    """Return the keys of the policy variables that a pattern uses."""
    return frozenset(piece.key for piece in pieces(pattern, True) if isinstance(piece, Variable))


def matches(  # noqa: PLR0913 - one switch per way to match
    pattern: str,
    text: str,
    context: Context | None = None,
    *,
    wildcards: bool = True,
    arn: bool = False,
    resource: bool = False,
    ignore_case: bool = False,
) -> bool:
    """Does `text` match? With a `context`, policy variables are replaced; one without a value matches nothing.

    `arn`: a wildcard stays within its colon-separated segment, except in the last; `resource`: and except a `*` that
    ends a segment, which "can expand to match beyond the colon boundaries" (IAM User Guide, Resource).
    """
    if not _SPECIAL & set(pattern):
        if not ignore_case:
            return pattern == text
        if pattern.isascii() and text.isascii():
            return pattern.lower() == text.lower()
    if "${" not in pattern:
        expression = _constant(pattern, wildcards, arn, resource, ignore_case)
    else:
        expression = _expression(pattern, context, wildcards, arn, resource, ignore_case)
    if expression is None:
        return False
    return re.fullmatch(expression, text, re.DOTALL) is not None


@lru_cache(1024)
def _constant(pattern: str, wildcards: bool, arn: bool, resource: bool, ignore_case: bool) -> str | None:
    """The same for every context."""
    return _expression(pattern, None, wildcards, arn, resource, ignore_case)


def _expression(
    pattern: str, context: Context | None, wildcards: bool, arn: bool, resource: bool, ignore_case: bool
) -> str | None:
    parts = list(pieces(pattern, context is not None))
    last = min(ARN_COLONS, parts.count(":"))
    colons, out = 0, []
    for part, after in zip(parts, [*parts[1:], None], strict=True):
        if isinstance(part, Variable):
            value = (context or {}).get(part.key, part.default)
            if not isinstance(value, str):
                return None
            out += [_letter(each, ignore_case) for each in value]
        elif wildcards and part in {"*", "?"}:
            crosses = resource and part == "*" and after == ":"
            one = "[^:]" if arn and colons < last and not crosses else "."
            out.append(one + ("*" if part == "*" else ""))
        else:
            colons += part == ":"
            out.append(_letter(part[-1], ignore_case))
    return "".join(out)


def _letter(char: str, ignore_case: bool) -> str:
    """One character; its other case counts where that is one character too."""
    if not ignore_case:
        return re.escape(char)
    cases = {each for each in (char, char.lower(), char.upper()) if len(each) == 1}
    return "[" + "".join(map(re.escape, sorted(cases))) + "]"
