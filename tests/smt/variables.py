"""Policy variables: a text with them equals, begins or ends as the key's own text does, whatever that is.

IAM User Guide, "Policy variables": a variable without a value makes the text match nothing.
"""

import re

from cvc5 import Kind

from smt.terms import Formula, Term
from smt.world import Request

ARN_SEGMENTS = 5
"""Colons before an ARN's last part; up to there a wildcard stays between two of them."""

Piece = str | tuple[str, str | None]
"""Literal text, or a variable: its key and its default."""


class Unsupported(Exception):
    """The twin has no encoding for this; the policy is skipped and counted."""


def split(text: str) -> list[Piece]:
    """Split a text into literal texts and policy variables (key, default); `${*}` and the like are literal."""
    pieces: list[Piece] = []
    for literal, body in re.findall(r"((?:(?!\$\{[^}]*\}).)+)|\$\{([^}]*)\}", text, re.DOTALL):
        if literal:
            pieces.append(literal)
        elif body in {"*", "?", "$"}:
            pieces.append((body, None))
        else:
            key, comma, default = body.partition(",")
            pieces.append((key.strip().lower(), default.strip().strip("'") if comma else None))
    return pieces or [""]


def with_variables(kind: str, subject: Term, pieces: list[Piece], request: Request) -> Formula:
    """Match a text with policy variables: equality of strings, and prefixes, suffixes and infixes around one `*`."""
    terms, defined = request.world.terms, []
    parts: list[list[Term | str]] = [[]]
    for piece in pieces:
        if isinstance(piece, tuple):
            term, present = _resolved(piece, request)
            defined.append(present)
            parts[-1].append(term)
            continue
        wild = kind in {"like", "arn"}
        if wild and "?" in piece:
            raise Unsupported("`?` beside a policy variable")
        chunks = piece.split("*") if wild else [piece]
        for index, chunk in enumerate(chunks):
            if index:
                parts.append([])
            parts[-1].append(chunk)
    if kind == "fold":
        raise Unsupported("a policy variable, ignoring case")
    if kind == "arn" and len(parts) > 1 and _early_star(pieces):
        raise Unsupported("a wildcard in an early segment beside a policy variable")
    joined = [terms.joined(*each) for each in parts]
    return terms.both(*defined, _around(subject, joined, request))


def _early_star(pieces: list[Piece]) -> bool:
    before = "".join(each if isinstance(each, str) else "x" for each in pieces).partition("*")[0]
    return before.count(":") < ARN_SEGMENTS


def _around(subject: Term, parts: list[Term], request: Request) -> Formula:
    terms = request.world.terms
    if len(parts) == 1:
        return terms.same(subject, parts[0])
    if len(parts) > 2:
        raise Unsupported("two wildcards beside a policy variable")
    head, tail = parts
    room = terms.compare(Kind.GEQ, terms.length(subject), terms.length(terms.joined(head, tail)))
    return terms.both(terms.starts(subject, head), terms.ends(subject, tail), room)


def _resolved(variable: tuple[str, str | None], request: Request) -> tuple[Term, Formula]:
    """Return the variable's text, and whether it has one."""
    terms, (key, default) = request.world.terms, variable
    if key in {"*", "?", "$"}:
        return terms.string(key), True
    value = request.value(key)
    if value.present is False or value.many:
        return terms.string(default or ""), default is not None and not value.many
    if value.kind not in {"text", "boolean"}:
        raise Unsupported(f"a variable over a {value.kind}")
    if default is None or value.present is True:
        return value.entries[0], value.present
    return terms.tm.mkTerm(Kind.ITE, value.present, value.entries[0], terms.string(default)), True
