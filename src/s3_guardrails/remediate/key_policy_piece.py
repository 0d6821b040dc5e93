"""Statements in the making: the same statement for fewer callers, for less, or under one more condition."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Final

from s3_guardrails.policy.document import Effect, Policy, Principal, Statement, parse_policy

Block = Mapping[str, Any]
Line = tuple[str, str, tuple[str, ...]]
"""One line of a Condition block: operator, key, values."""

_INSTEAD: Final = {
    "StringEquals": "StringLike",
    "ArnLike": "ArnEquals",
    "ArnNotEquals": "ArnNotLike",
    "Bool": "StringEquals",
}
"""For each operator one that means the same for values without wildcards (ARN operators: for any)."""


@dataclass(frozen=True, slots=True)
class Piece:
    """A statement that came of the policy's `origin`th; `source` is its JSON, the original's object where unchanged."""

    origin: int
    source: Block
    changed: bool = False

    def entries(self) -> tuple[tuple[str, str], ...]:
        """Return the entries of Principal as they are written, `("AWS", "*")` for the bare star."""
        written = self.source["Principal"]
        if isinstance(written, str):
            return (("AWS", written),)
        return tuple((kind, value) for kind, values in written.items() for value in _listed(values))

    def named(self, entries: Sequence[tuple[str, str]]) -> Piece:
        """Return the statement for these principals alone."""
        if tuple(entries) == self.entries():
            return self
        by_kind: dict[str, list[str]] = {}
        for kind, value in entries:
            by_kind.setdefault(kind, []).append(value)
        return self._with(Principal={kind: _short(values) for kind, values in by_kind.items()})

    def doing(self, actions: Sequence[str]) -> Piece:
        """Return the statement for these actions."""
        written = {("Action" if name == "NotAction" else name): value for name, value in self.source.items()}
        return Piece(self.origin, {**written, "Action": _short(list(actions))}, changed=True)

    def under(self, line: Line) -> Piece | None:
        """Return the statement under one more condition, None where no request can meet it with those it has."""
        operator, key, values = line
        conditions = {name: dict(block) for name, block in self.source.get("Condition", {}).items()}
        negated = operator.startswith("ArnNot")
        for name in (operator, _INSTEAD[operator]):
            block = conditions.setdefault(name, {})
            known = next((each for each in block if each.lower() == key.lower()), None)
            if known is None:
                block[key] = _short(list(values))
                break
            joined = _joined(_listed(block[known]), values, negated)
            if joined is not None:
                block[known] = _short(joined)
                break
        else:
            return None
        conditions = {name: block for name, block in conditions.items() if block}
        impossible = any(value == [] for block in conditions.values() for value in block.values())
        return None if impossible else self._with(Condition=conditions)

    def _with(self, **elements: Any) -> Piece:
        return Piece(self.origin, {**self.source, **elements}, changed=True)


@dataclass(frozen=True, eq=False)
class Draft:
    """A policy in the making: the document it came from, and its pieces in order."""

    document: Block
    pieces: tuple[Piece, ...]

    @classmethod
    def of(cls, policy: Policy) -> Draft:
        """Begin with the policy as it is."""
        return cls(policy.source, tuple(Piece(each.index, each.source) for each in policy.statements))

    @cached_property
    def policy(self) -> Policy:
        """The policy as it stands."""
        return parse_policy({**self.document, "Statement": [dict(each.source) for each in self.pieces]})

    def allows(self) -> Iterator[tuple[Piece, Statement]]:
        """Yield the Allow statements."""
        parsed = self.policy.statements
        yield from (pair for pair in zip(self.pieces, parsed, strict=True) if pair[1].effect is Effect.ALLOW)

    def original(self, piece: Piece) -> Piece:
        """Return the statement that a piece came of."""
        return Piece(piece.origin, _listed(self.document["Statement"])[piece.origin])

    def alone(self, statement: Statement) -> Policy:
        """Return the policy with this statement as its only Allow."""
        return replace(self.policy, statements=(*self.policy.denies, statement))

    def rewritten(self, change: Callable[[Piece], Sequence[Piece]]) -> Draft:
        """Return the draft with each piece put through `change`."""
        return replace(self, pieces=tuple(each for piece in self.pieces for each in change(piece)))

    def replaced(self, old: Piece, new: Sequence[Piece]) -> Draft:
        """Return the draft with pieces in the place of one."""
        return self.rewritten(lambda piece: new if piece is old else (piece,))

    def changed(self) -> dict[int, tuple[Piece, ...]]:
        """Return what each changed statement of the original became; a piece split off has a Sid of its own."""
        taken = {each.source.get("Sid") for each in self.pieces}
        written = self.document["Statement"]
        found = {}
        for place in range(len(_listed(written))):
            pieces = _united([each for each in self.pieces if each.origin == place])
            if len(pieces) != 1 or pieces[0].changed:
                found[place] = (*pieces[:1], *(_renamed(each, taken) for each in pieces[1:]))
        return found


def one(statement: Statement, principal: Principal) -> Statement:
    """Return a statement for one of its principals."""
    return replace(statement, principals=(principal,))


def _united(pieces: Sequence[Piece]) -> tuple[Piece, ...]:
    """Write pieces that differ in their principals alone as one."""
    found: list[Piece] = []
    for piece in pieces:
        same = next((index for index, each in enumerate(found) if _besides(each) == _besides(piece)), None)
        if same is None:
            found.append(piece)
        else:
            found[same] = found[same].named(tuple(dict.fromkeys((*found[same].entries(), *piece.entries()))))
    return tuple(found)


def _besides(piece: Piece) -> Block:
    return {name: value for name, value in piece.source.items() if name != "Principal"}


def _renamed(piece: Piece, taken: set[Any]) -> Piece:
    sid = piece.source.get("Sid")
    if not sid:
        return piece
    number, joint = 2, " part " if " " in sid else "Part"
    while f"{sid}{joint}{number}" in taken:
        number += 1
    name = f"{sid}{joint}{number}"
    taken.add(name)
    return replace(piece, source={**piece.source, "Sid": name})


def _joined(known: list[Any], values: Sequence[str], negated: bool) -> list[Any] | None:
    """Return the values that mean both, None where the known ones cannot be compared as texts."""
    if negated:
        return list(dict.fromkeys((*known, *values)))
    if any(not isinstance(each, str) or set("*?$") & set(each) for each in (*known, *values)):
        return None
    return [each for each in known if each in values]


def _listed(values: Any) -> list[Any]:
    return list(values) if isinstance(values, list) else [values]


def _short(values: list[Any]) -> Any:
    return values[0] if len(values) == 1 else values
