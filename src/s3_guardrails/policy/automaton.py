"""Patterns as small automata, simulated bit-parallel: a set of patterns is one nondeterministic automaton.

Each token is one bit of an integer and each pattern has one more bit for acceptance, so a step over one character is a
handful of integer operations however many patterns there are. Shares no code with `pattern`, its plain twin.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import Final

from s3_guardrails.policy.tokens import ANYTHING, Pattern, Tokens

MAX_REMEMBERED: Final = 1_000
"""Texts whose match a union remembers."""


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
