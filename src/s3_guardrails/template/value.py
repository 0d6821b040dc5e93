"""What a template's values are once they are resolved: plain JSON, with marks where something is not known.

A *text* may be known in parts only: ``Text(("arn:aws:s3:::", Unknown("parameter `Name`"), "/*"))``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Final

from s3_guardrails.errors import InputError

Node = Any
"""Plain JSON in which a leaf may be a Text or an Unknown."""


@dataclass(frozen=True, slots=True)
class Unknown:
    """A value that is not known before deployment: anything at all. `name` says which value to a person.

    Two of them are the same value where both fields are the same; `of` tells expressions of one name apart.
    """

    name: str
    of: str = ""


@dataclass(frozen=True, slots=True)
class Generated:
    """A name that AWS makes up at deployment: not known, but nobody else's. `text` can stand for it."""

    name: str
    text: str


Piece = str | Unknown | Generated


@dataclass(frozen=True, slots=True)
class Text:
    """A text of which some pieces are not known; never a text that is known throughout."""

    pieces: tuple[Piece, ...]

    @property
    def head(self) -> str:
        """The known text before the first piece that is not."""
        return self.pieces[0] if isinstance(self.pieces[0], str) else ""


MAX_CHARACTERS: Final = 1 << 20
"""A longer text is refused: references that double one another have no end."""


def joined(*parts: Node) -> str | Text | Unknown:
    """Put texts one after the other; scalars become texts as CloudFormation makes them. Raise InputError."""
    pieces: list[Piece] = []
    for part in parts:
        for piece in part.pieces if isinstance(part, Text) else (part,):
            known = piece if isinstance(piece, Unknown | Generated) else scalar(piece)
            if isinstance(known, str) and pieces and isinstance(pieces[-1], str):
                pieces[-1] += known
            elif known != "":
                pieces.append(known)
    if not pieces:
        return ""
    if sum(len(each) for each in pieces if isinstance(each, str)) + len(pieces) > MAX_CHARACTERS:
        raise InputError(f"a text becomes longer than {MAX_CHARACTERS} characters")
    first = pieces[0]
    if len(pieces) == 1 and not isinstance(first, Generated):
        return first
    return Text(tuple(pieces))


def scalar(value: Node) -> str:
    """Return a scalar as CloudFormation puts it into a text."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


def texts(*pieces: Node) -> Iterator[Piece]:
    """Yield the pieces of a text, or the one that a value is."""
    for each in pieces:
        yield from each.pieces if isinstance(each, Text) else (each,)


def leaves(node: Node) -> Iterator[Node]:
    """Yield everything that is neither a list nor an object."""
    pending = [node]
    while pending:
        each = pending.pop()
        if isinstance(each, dict):
            pending += reversed(each.values())
        elif isinstance(each, list):
            pending += reversed(each)
        else:
            yield each


def unknowns(node: Node) -> tuple[Unknown, ...]:
    """Return what is not known in a value, each once."""
    return tuple(dict.fromkeys(piece for leaf in leaves(node) for piece in texts(leaf) if isinstance(piece, Unknown)))


def mapped(node: Node, change: Callable[[Node], Node]) -> Node:
    """Return the value with every leaf changed."""
    if isinstance(node, dict):
        return {name: mapped(each, change) for name, each in node.items()}
    if isinstance(node, list):
        return [mapped(each, change) for each in node]
    return change(node)


def display(node: Node) -> str:
    """Show a value to a person: what is not known by its name in ``${…}``."""
    return "".join(_piece(each) for each in texts(node))


def _piece(piece: Piece) -> str:
    match piece:
        case Unknown(name):
            return f"${{{name}}}"
        case Generated(text=text):
            return text
    return scalar(piece)
