"""Find a text that matches some patterns and none of some others, or know that there is none.

Breadth first over the product of the automata, so a found text is a shortest one; before that a few likely texts are
tried, which saves the search on most policies.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from typing import Final, NamedTuple

from s3_guardrails.policy.automaton import Automaton, union
from s3_guardrails.policy.tokens import Pattern

FRESH: Final = "xqzkwvyjXQZ0123456789"
"""Characters to fill wildcards with, the most natural first."""

WORK: Final = 3_000_000
"""Steps of automata that one question may take; beyond them the answer is Exhausted, never a guess."""
SHARE: Final = 10
"""One search may take this part of the whole."""

_LARGE: Final = 8
_SATISFIED: Final = -1


class Exhausted(Exception):
    """The search met its bound: nothing is known."""


class Budget:
    """The work that is left for one question. Deterministic: it counts steps, not time."""

    def __init__(self, work: int = WORK) -> None:
        """Start with so many steps."""
        self.left = work

    def spend(self, steps: int) -> None:
        """Take steps; raise Exhausted when none are left."""
        self.left -= steps
        if self.left < 0:
            raise Exhausted("the work that one question may take")


class Wanted(NamedTuple):
    """What a text must be.

    `within`: languages of which one must hold it; `match`: groups, one pattern of each must match it; `avoid`:
    patterns that must not.
    """

    within: tuple[Pattern, ...]
    match: tuple[tuple[Pattern, ...], ...] = ()
    avoid: tuple[Pattern, ...] = ()


def find(wanted: Wanted, budget: Budget) -> str | None:
    """Return a text, or None when there is none; raise Exhausted when a bound was met."""
    avoid = frozenset(wanted.avoid)
    match = [tuple(each for each in group if each not in avoid) for group in wanted.match]
    within, *match = _meeting(_not_swallowed(wanted.within, wanted.avoid), *match)
    if not all((within, *match)):
        return None
    required = [union(within), *map(union, match)]
    refused = union(tuple(dict.fromkeys(wanted.avoid)))

    def good(text: str) -> bool:
        budget.spend(len(text) * (len(required) + 1) // 8)
        return all(each.matches(text) for each in required) and not refused.matches(text)

    listed = [only for group in (within, *match) if (only := _listed(group)) is not None]
    if listed:
        return next((each for each in min(listed, key=len) if good(each)), None)
    wanted = Wanted(within, tuple(match), wanted.avoid)
    for text in sorted(_likely(wanted), key=bool, reverse=True):
        if good(text):
            return text
    widest = max(match, key=len, default=())
    if len(widest) > _LARGE:
        return _one_by_one(wanted, widest, budget)
    return _product([each.automaton for each in required], refused.automaton, budget)


def _not_swallowed(within: tuple[Pattern, ...], avoid: tuple[Pattern, ...]) -> tuple[Pattern, ...]:
    """Leave out the patterns that one of a few others plainly swallows: no search is needed to see that."""
    few = avoid if len(avoid) <= _LARGE else ()
    return tuple(each for each in within if not any(other.swallows(each) for other in few))


def _meeting(*groups: tuple[Pattern, ...]) -> list[tuple[Pattern, ...]]:
    """Leave out the patterns that are plainly apart from all of a small group."""
    small = [group for group in groups if len(group) <= _LARGE][:_LARGE]
    return [
        tuple(each for each in group if not any(all(map(each.apart, other)) for other in small)) for group in groups
    ]


def _listed(group: tuple[Pattern, ...]) -> list[str] | None:
    """Return the texts of a group that has only so many."""
    texts = [each.only for each in group if each.only is not None]
    return texts if len(texts) == len(group) else None


def _one_by_one(wanted: Wanted, widest: tuple[Pattern, ...], budget: Budget) -> str | None:
    """Try the members of a large group on their own: exact, and each search is small."""
    others = tuple(group for group in wanted.match if group is not widest)
    exhausted = None
    for member in widest:
        try:
            text = find(Wanted(wanted.within, (*others, (member,)), wanted.avoid), budget)
        except Exhausted as error:
            exhausted = error
            continue
        if text is not None:
            return text
    if exhausted:
        raise exhausted
    return None


State = tuple[int, ...]


def _product(required: list[Automaton], refused: Automaton, budget: Budget) -> str | None:
    start = _state([each.start for each in required], refused.start, required, refused)
    if start is None:
        return None
    came: dict[State, tuple[State, str] | None] = {start: None}
    queue, share = deque([start]), Budget(min(budget.left, WORK // SHARE))
    filler = next(char for char in _fresh() if not any(each.mentions(char) for each in (*required, refused)))
    while queue:
        state = queue.popleft()
        if _accepts(state, required, refused):
            return _word(came, state)
        characters = _characters(state, required, refused, filler)
        for each in (budget, share):
            each.spend(len(characters) * len(state))
        for char in characters:
            following = _step(state, char, required, refused)
            if following is not None and following not in came:
                came[following] = (state, char)
                queue.append(following)
    return None


def _fresh() -> Iterator[str]:
    """Yield characters without end, the most natural first: no policy mentions them all."""
    yield from FRESH
    yield from map(chr, range(ord("!"), 0xD800))


def _state(live: list[int], dead: int, required: list[Automaton], refused: Automaton) -> State | None:
    """Return the joint state, None where no continuation can succeed."""
    if refused.settled(dead) or not all(live):
        return None
    settled = [
        _SATISFIED if state == _SATISFIED or each.settled(state) else state
        for state, each in zip(live, required, strict=True)
    ]
    return (*settled, dead)


def _step(state: State, char: str, required: list[Automaton], refused: Automaton) -> State | None:
    live = []
    for each, automaton in zip(state, required, strict=False):
        following = each if each == _SATISFIED else automaton.step(each, char)
        if not following:
            return None
        live.append(following)
    return _state(live, refused.step(state[-1], char) if state[-1] else 0, required, refused)


def _accepts(state: State, required: list[Automaton], refused: Automaton) -> bool:
    if state[-1] & refused.accept:
        return False
    pairs = zip(state, required, strict=False)
    return all(each == _SATISFIED or each & automaton.accept for each, automaton in pairs)


def _characters(state: State, required: list[Automaton], refused: Automaton, filler: str) -> list[str]:
    """Return a character for each way to go on; others lead where the filler leads, or nowhere."""
    live = [(automaton, each) for each, automaton in zip(state, required, strict=False) if each != _SATISFIED]
    for automaton, each in live:
        if automaton.narrow(each):
            return sorted(automaton.relevant(each))
    found = set(refused.relevant(state[-1]))
    for automaton, each in live:
        found.update(automaton.relevant(each))
    return [filler, *sorted(found)]


def _word(came: dict[State, tuple[State, str] | None], state: State) -> str:
    letters = []
    while (step := came[state]) is not None:
        state, char = step
        letters.append(char)
    return "".join(reversed(letters))


def _likely(wanted: Wanted) -> Iterator[str]:
    """Yield texts worth trying first: instances of the languages, of the patterns, and of both put together."""
    for each in wanted.within:
        yield from (each.instance("x", ""), each.instance("x", "x"), each.instance("0", ""))
    if not wanted.match:
        return
    for each in min(wanted.match, key=len)[:24]:
        for fill in ("x", "0"):
            yield each.instance(fill, "")
            yield each.instance(fill, "x")
    firsts = [group[0] for group in wanted.match]
    body = "".join(each.instance("x", "") for each in firsts if each.tokens and each.tokens[0].star)
    if body:
        for each in wanted.within:
            yield each.instance("x", "", len(each.tokens) - 1) + body
            yield each.instance("x", "") + body
    longest = max(firsts, key=lambda each: each.head)
    start = longest.instance("x", "", longest.head)
    tails = "".join(each.instance("x", "")[each.head :] for each in firsts)
    yield start + tails
    for each in wanted.within:
        yield each.filled(firsts)
    yield start + "x" + tails
