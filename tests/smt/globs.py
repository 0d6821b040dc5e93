"""Globs as tokens: single characters and wildcards, and how a known text or an unknown part takes some of them."""

from collections.abc import Iterator
from functools import lru_cache

STAR, ANY, SEGMENT, SEGMENT_CHAR = "STAR", "ANY", "SEGMENT", "SEGMENT_CHAR"
WILD = {STAR, ANY, SEGMENT, SEGMENT_CHAR}
STARS = {STAR, SEGMENT}
NO_COLON = {SEGMENT, SEGMENT_CHAR}
Tokens = tuple[str, ...]


def tokens_of(pattern: str, segments: int = 0, *, resource: bool = False) -> Tokens:
    """Read `*` and `?`; before the given number of colons they match no colon.

    `resource`: but a `*` that ends a segment does (IAM User Guide, "Resource").
    """
    tokens, colons = [], 0
    for index, char in enumerate(pattern):
        if char in "*?":
            runs_on = resource and char == "*" and pattern[index + 1 : index + 2] == ":"
            within = colons < segments and not runs_on
            tokens.append((SEGMENT if within else STAR) if char == "*" else SEGMENT_CHAR if within else ANY)
        else:
            tokens.append(char)
            colons += char == ":"
    return tuple(tokens)


@lru_cache(1 << 16)
def consumed(tokens: Tokens, text: str, *, fold: bool = False) -> frozenset[Tokens]:
    """Return what can be left of the tokens after matching the whole text with the first of them."""
    states = closed({tokens})
    for char in text:
        states = closed({left for state in states for left in _after(state, char, fold)})
    return frozenset(states)


def closed(states: set[Tokens]) -> set[Tokens]:
    """Add the states that are reached by letting stars match nothing."""
    found = set(states)
    for state in states:
        stars = next((index for index, each in enumerate(state) if each not in STARS), len(state))
        found.update(state[index + 1 :] for index in range(stars))
    return found


def _after(state: Tokens, char: str, fold: bool) -> Iterator[Tokens]:
    if not state:
        return
    token = state[0]
    if token in WILD:
        if token not in NO_COLON or char != ":":
            yield state if token in STARS else state[1:]
    elif token == char or (fold and token.lower() == char.lower()):
        yield state[1:]


def cuts(tokens: Tokens) -> Iterator[tuple[Tokens, Tokens]]:
    """Yield every way to give a first part of the tokens to one text and the rest to the next; stars can be shared."""
    for index in range(len(tokens) + 1):
        yield tokens[:index], tokens[index:]
        if index and tokens[index - 1] in STARS:
            yield tokens[:index], tokens[index - 1 :]


@lru_cache(1 << 16)
def of_account(tokens: Tokens) -> Tokens | None:
    """Simplify tokens that twelve digits are to match; None where they cannot."""
    plain = tuple({SEGMENT: STAR, SEGMENT_CHAR: ANY}.get(each, each) for each in tokens)
    fixed = tuple(each for each in plain if each != STAR)
    if not all(each in WILD or each.isdigit() for each in fixed) or len(fixed) > 12:
        return None
    if STAR not in plain:
        return plain if len(fixed) == 12 else None
    return fixed if len(fixed) == 12 else plain if set(fixed) else (STAR,)
