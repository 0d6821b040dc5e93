"""Wildcard patterns as small automata, simulated bit-parallel: a set of patterns is one nondeterministic automaton.

A pattern is a tuple of tokens (character class, repeated?). Each token is one bit of an integer and each pattern has
one more bit for acceptance, so a step over one character is a handful of integer operations however many patterns
there are. Shares no code with `pattern`, its plain twin.
"""

from __future__ import annotations

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
_COLON: Final = Chars(frozenset(":"))
DIGIT: Final = Chars(frozenset("0123456789"))
MAX_REMEMBERED: Final = 1_000
"""Texts whose match an automaton remembers."""
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


class Pattern:
    """A pattern with identity: equal texts compiled the same way are one object."""

    __slots__ = ("_heads", "_instances", "only", "tokens")

    def __init__(self, tokens: Tokens) -> None:
        """Wrap tokens; use `pattern()` to share equal ones."""
        self.tokens = tokens
        single = all(len(chars.chars) == 1 and not chars.complement and not star for chars, star in tokens)
        self.only = "".join(next(iter(token.chars.chars)) for token in tokens) if single else None
        """The one text of the language, None where there are more."""
        self._heads: tuple[tuple[str, bool], ...] | None = None
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

    def filled(self, others: Iterable[Pattern]) -> str:
        """Return a text of the language whose free segments are as other patterns want them, where they say."""
        segments = self.instance("x", "").split(":")
        for other in others:
            for index, (mine, (text, whole)) in enumerate(zip(self.heads, other.heads, strict=False)):
                if whole and not mine[1]:
                    segments[index] = text
        return ":".join(segments)

    def swallows(self, other: Pattern) -> bool:
        """Does this match whatever the other does, since it is how the other begins and ends in `*`?"""
        begin = len(self.tokens) - 1
        return begin >= 0 and self.tokens[begin] == ANYTHING and other.tokens[:begin] == self.tokens[:begin]

    @property
    def heads(self) -> tuple[tuple[str, bool], ...]:
        """How each segment between colons begins, and whether that is all of it."""
        if self._heads is None:
            self._heads = tuple(_heads(self.tokens))
        return self._heads

    def apart(self, other: Pattern) -> bool:
        """Does the begin of a segment plainly tell that no text matches both?"""
        return not all(map(_meet, self.heads, other.heads))

    @property
    def head(self) -> int:
        """The number of tokens before the first repeated one."""
        return next((index for index, token in enumerate(self.tokens) if token.star), len(self.tokens))


def _heads(tokens: Tokens) -> Iterator[tuple[str, bool]]:
    """Yield the literal begin of each segment, as far as it is known which segment a token is in."""
    text, whole = "", True
    for chars, star in tokens:
        if chars == _COLON and not star:
            yield text, whole
            text, whole = "", True
        elif chars.holds(":"):
            yield text, False
            return
        elif whole and not star and not chars.complement and len(chars.chars) == 1:
            text += min(chars.chars)
        else:
            whole = False
    yield text, whole


def _meet(one: tuple[str, bool], other: tuple[str, bool]) -> bool:
    """Can a segment begin in both ways?"""
    (mine, whole), (theirs, other_whole) = one, other
    if whole and other_whole:
        return mine == theirs
    return (mine.startswith(theirs) and not other_whole) or (theirs.startswith(mine) and not whole)


@lru_cache(maxsize=20_000)
def pattern(tokens: Tokens) -> Pattern:
    """Return the one Pattern of these tokens."""
    return Pattern(tokens)


class Automaton:
    """Patterns laid out side by side.

    A state is the set of active token positions as an integer, 0 when nothing can match any more.
    """

    __slots__ = ("_by_char", "_forget", "_forgets", "_last", "_other", "_star", "accept", "start")

    def __init__(self, patterns: Iterable[Pattern]) -> None:
        """Give every token of every pattern its bit."""
        self._by_char: dict[str, int] = {}
        self._star = self._last = self.accept = self.start = self._forgets = 0
        self._forget: dict[int, int] = {}
        excluded: dict[str, int] = {}
        self._other = 0
        base = 1
        for each in patterns:
            base = self._lay(each.tokens, base, excluded)
        for char, mask in self._by_char.items():
            self._by_char[char] = mask | (self._other & ~excluded.pop(char, 0))
        for char, mask in excluded.items():
            self._by_char[char] = self._other & ~mask
        self.start = self._close(self.start, 0)

    def _lay(self, tokens: Tokens, base: int, excluded: dict[str, int]) -> int:
        self.start |= base
        bit = base
        for (characters, complement), star in tokens:
            if complement:
                self._other |= bit
            target = excluded if complement else self._by_char
            for char in characters:
                target[char] = target.get(char, 0) | bit
            if star:
                self._star |= bit
                if complement and not characters:
                    self._forget[bit] = ~(bit - base)
                    self._forgets |= bit
            bit <<= 1
        self.accept |= bit
        if tokens and tokens[-1] == ANYTHING:
            self._last |= bit >> 1
        return bit << 1

    def _close(self, state: int, before: int) -> int:
        """Skip repeated tokens; once a `*` is active, earlier positions of its pattern add nothing."""
        while (wider := state | ((state & self._star) << 1)) != state:
            state = wider
        fresh = state & self._forgets & ~before
        while fresh:
            bit = fresh & -fresh
            fresh ^= bit
            if state & bit:
                state &= self._forget[bit]
        return state

    def step(self, state: int, char: str) -> int:
        """Return the state after one more character."""
        moved = state & self._by_char.get(char, self._other)
        stays = moved & self._star
        following = ((moved ^ stays) << 1) | stays
        return self._close(following, state) if following & self._star else following

    def settled(self, state: int) -> bool:
        """Does every continuation match?"""
        return bool(state & self._last)

    def narrow(self, state: int) -> bool:
        """Does every continuation begin with a character that a pattern names?"""
        return not state & self._other

    def relevant(self, state: int) -> Iterator[str]:
        """Yield the characters that lead elsewhere than an unmentioned character does."""
        other = self._other
        return (char for char, mask in self._by_char.items() if (mask ^ other) & state)

    def mentions(self, char: str) -> bool:
        """Is the character named by any pattern?"""
        return char in self._by_char

    def matches(self, text: str) -> bool:
        """Does the whole text match?"""
        state = self.start
        for char in text:
            if state & self._last:
                return True
            state = self.step(state, char)
            if not state:
                return False
        return bool(state & self.accept)


class Union:
    """The texts that match any of some patterns: those that are a text each, and an automaton of the others."""

    __slots__ = ("_automaton", "_matched", "_others", "_texts", "patterns")

    def __init__(self, patterns: tuple[Pattern, ...]) -> None:
        """Take the patterns; automata are made when they are first needed."""
        self.patterns = patterns
        self._texts = frozenset(each.only for each in patterns)
        self._automaton: Automaton | None = None
        self._others: Automaton | None = None
        self._matched: dict[str, bool] = {}

    @property
    def automaton(self) -> Automaton:
        """The automaton of all of them."""
        if self._automaton is None:
            self._automaton = Automaton(self.patterns)
        return self._automaton

    def matches(self, text: str) -> bool:
        """Does the whole text match any of the patterns?"""
        if text in self._texts:
            return True
        if None not in self._texts:
            return False
        if text not in self._matched:
            if len(self._matched) > MAX_REMEMBERED:
                self._matched.clear()
            self._matched[text] = self._of_others(text)
        return self._matched[text]

    def _of_others(self, text: str) -> bool:
        if self._others is None:
            self._others = Automaton(each for each in self.patterns if each.only is None)
        return self._others.matches(text)


@lru_cache(maxsize=4096)
def union(patterns: tuple[Pattern, ...]) -> Union:
    """Return the union of these patterns, kept for the next question."""
    return Union(patterns)
