"""Settles the names that are made up at deployment: a stand-in where nothing can tell it apart, else unknown.

A made-up name differs from every name that is written down, so a stand-in answers for all of them, unless a pattern
in the policy could match some of them and not others.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from s3_guardrails.policy.pattern import matches
from s3_guardrails.template.text_bounds import as_list
from s3_guardrails.template.value import Generated, Node, Piece, Text, Unknown, joined, leaves, mapped, texts

_SAMPLES: Final = ("\x01", "\x01\x02\x01")
"""Names of which a pattern with other characters of its own matches both or neither."""


@dataclass(frozen=True, slots=True)
class Settled:
    """A document without made-up names, the bucket's name, and sentences about what stands for what."""

    document: Node
    bucket: str | None
    assumed: tuple[str, ...]


def settle(document: Node, bucket: Node, partition: str, given: str | None = None) -> Settled:
    """Settle a policy; `bucket` is the name of the bucket it is attached to (None for keys), known or not.

    `given`: the name that the user says the bucket has; a name that is known already stands.
    """
    names: dict[Piece, str] = {}
    name = None
    if bucket is not None:
        said = _given(bucket, given)
        document = mapped(document, lambda leaf: _replaced(leaf, said))
        bucket = _replaced(bucket, said)
        names = {each: _stand_in(each) for each in texts(bucket) if not isinstance(each, str)}
        name = _text(_replaced(bucket, names))
        document = _about(document, names, f"arn:{partition}:s3:::")
    made_up = dict.fromkeys(piece for leaf in leaves(document) for piece in texts(leaf) if isinstance(piece, Generated))
    others: dict[Piece, Piece] = {each: _settled(document, each) for each in made_up}
    assumed = [f"`{text}` stands for {_called(each)}" for each, text in names.items()]
    assumed += [f"`{each.text}` stands for {each.name}" for each in made_up if others[each] == each.text]
    found = mapped(document, lambda leaf: _replaced(leaf, others))
    return Settled(found, name, tuple(dict.fromkeys(assumed)))


def _given(bucket: Node, name: str | None) -> dict[Piece, str]:
    """Return what the one open piece of the bucket's name is, given the whole name."""
    pieces = tuple(texts(bucket))
    open_ = [index for index, each in enumerate(pieces) if not isinstance(each, str)]
    if name is None or len(open_) != 1:
        return {}
    before, after = ("".join(map(str, part)) for part in (pieces[: open_[0]], pieces[open_[0] + 1 :]))
    if len(name) < len(before) + len(after) or not (name.startswith(before) and name.endswith(after)):
        return {}
    return {pieces[open_[0]]: name[len(before) : len(name) - len(after)]}


def _called(piece: Piece) -> str:
    return piece.name if isinstance(piece, Generated | Unknown) else piece


def _stand_in(piece: Piece) -> str:
    if isinstance(piece, Generated):
        return piece.text
    letters = "".join(each if each.isascii() and each.isalnum() else " " for each in _called(piece).lower())
    return "-".join((*letters.split(), "stand-in"))


def _text(value: Node) -> str:
    return "".join(str(each) for each in texts(value))


def _replaced(value: Node, names: Mapping[Piece, Piece]) -> Node:
    if not isinstance(value, Text | Unknown):
        return value
    return joined(*(names.get(each, each) for each in texts(value)))


def _about(document: Node, names: Mapping[Piece, str], prefix: str) -> Node:
    """Name the bucket by its stand-in in the resources of every statement; open what could mean it by other words."""
    if not isinstance(document, Mapping) or not names:
        return document
    statements = [_with_resources(each, names, prefix) for each in as_list(document.get("Statement", []))]
    return {**document, "Statement": statements} if "Statement" in document else document


def _with_resources(statement: Node, names: Mapping[Piece, str], prefix: str) -> Node:
    if not isinstance(statement, Mapping):
        return statement

    def change(leaf: Node) -> Node:
        named = _replaced(leaf, names)
        if named != leaf or not isinstance(leaf, str) or _any_bucket(leaf, prefix):
            return named
        return Unknown(f"whether `{leaf}` means this bucket", leaf)

    changed = {name: mapped(statement[name], change) for name in ("Resource", "NotResource") if name in statement}
    return {**statement, **changed}


def _any_bucket(text: str, prefix: str) -> bool:
    """Does the text mean every bucket alike, or none?"""
    known = text.partition("*")[0].partition("?")[0]
    if not (known.startswith(prefix) or prefix.startswith(known)):
        return True
    bucket = text[len(prefix) :].partition("/")[0] if text.startswith(prefix) else text[len(known) :]
    return bool(bucket) and not bucket.strip("*")


def _settled(document: Node, name: Generated) -> Piece:
    """Return the stand-in, or Unknown where something in the policy can tell one such name from another."""
    heads = [_head(leaf, name) for leaf in leaves(document) if name in tuple(texts(leaf))]
    others = [each for leaf in leaves(document) for each in texts(leaf) if isinstance(each, str)]
    told = None in heads or any(name.text in each for each in others)
    return Unknown(name.name) if told or _told_apart(document, [each for each in heads if each]) else name.text


def _head(leaf: Node, name: Generated) -> str | None:
    """Return the known text in front of the name; None where that is open too, or there is none."""
    pieces = tuple(texts(leaf))
    head = "".join(str(each) for each in pieces[: pieces.index(name)] if isinstance(each, str))
    whole = all(isinstance(each, str) for each in pieces[: pieces.index(name)])
    return head if head and whole and not set("*?$") & set(head) else None


def _told_apart(document: Node, heads: Iterable[str]) -> bool:
    patterns = {each for leaf in leaves(document) if isinstance(each := leaf, str) and set("*?") & set(each)}
    return any(_tells(pattern, head) for head in heads for pattern in patterns)


def _tells(pattern: str, head: str) -> bool:
    """Can the pattern match the head with some name after it, and not with another?"""
    known = pattern.partition("*")[0].partition("?")[0]
    if not (head.startswith(known) or known.startswith(head)):
        return False
    return not all(matches(pattern, head + each, arn=arn) for each in _SAMPLES for arn in (True, False))
