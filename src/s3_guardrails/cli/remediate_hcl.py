"""Writes HCL, Terraform's language: blocks, lists and texts that no value can break out of."""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from s3_guardrails.errors import InputError

_SHORT: Final = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t"}


class Expression(str):
    """HCL that stands as it is, such as a reference."""

    __slots__ = ()


def quoted(text: str) -> str:
    r"""Return a text as an HCL literal; raise InputError for one that Terraform cannot hold.

    >>> print(quoted('${aws:username} %{x} "q"'))
    "$${aws:username} %%{x} \"q\""
    """
    if any("\ud800" <= each <= "\udfff" for each in text) or unicodedata.normalize("NFC", text) != text:
        raise InputError(f"Terraform cannot hold the text `{text[:80]}`: it is not Unicode in normal form C")
    return '"' + "".join(_escaped(each, text[place + 1 : place + 2]) for place, each in enumerate(text)) + '"'


def literal(value: Any) -> str:
    """Return JSON data as one HCL expression."""
    match value:
        case Expression():
            return str(value)
        case str():
            return quoted(value)
        case Mapping():
            return "{ " + ", ".join(f"{quoted(name)} = {literal(each)}" for name, each in value.items()) + " }"
        case Sequence():
            return "[" + ", ".join(map(literal, value)) + "]"
        case _:
            return json.dumps(value)


def attributes(pairs: Mapping[str, Any]) -> Iterator[str]:
    """Yield an attribute per line, aligned as `terraform fmt` does."""
    width = max(map(len, pairs), default=0)
    for name, value in pairs.items():
        yield f"{name:{width}} = {literal(value)}"


def block(head: str, *parts: Iterator[str] | Sequence[str]) -> Iterator[str]:
    """Yield a block whose parts are set apart by an empty line."""
    yield f"{head} {{"
    for number, part in enumerate(filter(None, map(list, parts))):
        yield from [""] if number else []
        yield from indented(part)
    yield "}"


def indented(lines: Iterator[str] | Sequence[str]) -> Iterator[str]:
    """Yield lines two further in."""
    for each in lines:
        yield f"  {each}" if each else ""


def _escaped(character: str, following: str) -> str:
    if character in "$%" and following == "{":
        return character * 2
    if character in _SHORT:
        return _SHORT[character]
    if character.isprintable():
        return character
    return f"\\u{ord(character):04X}" if ord(character) < 0x10000 else f"\\U{ord(character):08X}"
