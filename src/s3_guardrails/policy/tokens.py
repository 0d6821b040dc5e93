"""Wildcard patterns as tokens: a character of a class, or any number of them.

ARNs are told apart by their segments between colons, so most pairs of patterns are settled by these, before any search.
Shares no code with `pattern`, the plain twin.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import Final, NamedTuple


class Chars(NamedTuple):
    """A set of characters, or the complement of one."""

    chars: frozenset[str]
    complement: bool = False

    def holds(self, char: str) -> bool:
        """Is the character in the class?"""
        return (char in self.chars) != self.complement


class Token(NamedTuple):
    """One character of a class, or any number of them."""

    chars: Chars
    star: bool = False


Tokens = tuple[Token, ...]

ANY: Final = Chars(frozenset(), complement=True)
NOT_COLON: Final = Chars(frozenset(":"), complement=True)
NOT_SLASH: Final = Chars(frozenset(":/"), complement=True)
DIGIT: Final = Chars(frozenset("0123456789"))
ANYTHING: Final = Token(ANY, star=True)


def exactly(text: str, *, ignore_case: bool = False) -> Tokens:
    """Tokens that match this text alone."""
    if ignore_case:
        cases = (frozenset(each for each in (char, char.lower(), char.upper()) if len(each) == 1) for char in text)
        return tuple(Token(Chars(each)) for each in cases)
    return tuple(_literal(char) for char in text)


@lru_cache(maxsize=512)
def _literal(char: str) -> Token:
    return Token(Chars(frozenset(char)))


def within(tokens: Tokens, chars: Chars) -> Tokens:
    """The same pattern with its wildcards confined to a class, such as one segment of an ARN."""
    return tuple(Token(chars, token.star) if token.chars == ANY else token for token in tokens)


_COLON: Final = Token(Chars(frozenset(":")))


class Segment(NamedTuple):
    """How a segment begins, and whether that is all of it."""

    begin: str
    whole: bool

    def meets(self, other: Segment) -> bool:
        """Can one text begin in both ways?"""
        if self.whole and other.whole:
            return self.begin == other.begin
        longer = self.begin.startswith(other.begin) and not other.whole
        return longer or (other.begin.startswith(self.begin) and not self.whole)


def _is_letter(token: Token) -> bool:
    (chars, complement), star = token
    return not star and not complement and len(chars) == 1


def segments(tokens: Tokens) -> Iterator[Segment]:
    """Yield the segments between colons, as if no wildcard stood for a colon."""
    begin, whole = "", True
    for token in tokens:
        if token == _COLON:
            yield Segment(begin, whole)
            begin, whole = "", True
        elif whole and _is_letter(token):
            begin += min(token.chars.chars)
        else:
            whole = False
    yield Segment(begin, whole)


class Pattern:
    """A pattern with identity: equal texts compiled the same way are one object."""

    __slots__ = ("_end", "_instances", "_known", "_written", "only", "tokens")

    def __init__(self, tokens: Tokens) -> None:
        """Wrap tokens; use `pattern()` to share equal ones."""
        self.tokens = tokens
        self.only = "".join(min(token.chars.chars) for token in tokens) if all(map(_is_letter, tokens)) else None
        """The one text of the language, None where there are more."""
        self._known: tuple[Segment, ...] | None = None
        self._written: tuple[Segment, ...] | None = None
        self._end: str | None = None
        self._instances: dict[tuple[str, str, int], str] = {}

    def instance(self, fill: str, stars: str, until: int = -1) -> str:
        """Return one text of the language: `fill` for a free character, `stars` for a repeated one.

        `until`: leave out the tokens from there on; -1 takes them all.
        """
        key = (fill, stars, until)
        if key not in self._instances:
            tokens = self.tokens if until < 0 else self.tokens[:until]
            self._instances[key] = "".join(
                stars if star else fill if chars.complement else min(chars.chars) for chars, star in tokens
            )
        return self._instances[key]

    def swallows(self, other: Pattern) -> bool:
        """Does this match whatever the other does, since it is how the other begins and ends in `*`?"""
        begin = len(self.tokens) - 1
        return begin >= 0 and self.tokens[begin] == ANYTHING and other.tokens[:begin] == self.tokens[:begin]

    def apart(self, other: Pattern) -> bool:
        """Do the segments, or the ends, plainly tell that no text matches both?"""
        if not all(mine.meets(theirs) for mine, theirs in zip(self.known, other.known, strict=False)):
            return True
        return not (self.end.endswith(other.end) or other.end.endswith(self.end))

    def filled(self, others: Iterable[Pattern]) -> str:
        """Return a text with its free segments as others want them: perhaps one that matches all of them."""
        texts = self.instance("x", "").split(":")
        for other in others:
            for index, (mine, theirs) in enumerate(zip(self.known, other.written, strict=False)):
                if theirs.whole and not mine.whole:
                    texts[index] = theirs.begin
        return ":".join(texts)

    @property
    def known(self) -> tuple[Segment, ...]:
        """The segments as far as it is known where they end: a `*` may stand for several."""
        if self._known is None:
            crossing = (token != _COLON and token.chars.holds(":") for token in self.tokens)
            stop = next((index for index, crosses in enumerate(crossing) if crosses), None)
            *closed, last = segments(self.tokens[:stop])
            self._known = (*closed, last if stop is None else last._replace(whole=False))
        return self._known

    @property
    def written(self) -> tuple[Segment, ...]:
        """The segments as they are written, as if no wildcard stood for a colon."""
        if self._written is None:
            self._written = tuple(segments(self.tokens))
        return self._written

    @property
    def end(self) -> str:
        """The literal text that the pattern ends in."""
        if self._end is None:
            letters = itertools.takewhile(_is_letter, reversed(self.tokens))
            self._end = "".join(min(each.chars.chars) for each in letters)[::-1]
        return self._end

    @property
    def head(self) -> int:
        """The number of tokens before the first repeated one."""
        return next((index for index, token in enumerate(self.tokens) if token.star), len(self.tokens))


@lru_cache(maxsize=20_000)
def pattern(tokens: Tokens) -> Pattern:
    """Return the one Pattern of these tokens."""
    return Pattern(tokens)
