"""The values that one dimension of a request can take: absent, constants, a language, numbers, times, addresses."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Final

from s3_guardrails.policy.keys import Type, condition_key
from s3_guardrails.policy.tokens import ANY, ANYTHING, DIGIT, NOT_COLON, NOT_SLASH, Pattern, Token, exactly, pattern


@dataclass(frozen=True, slots=True, eq=False)
class Domain:
    """Compared by identity; equal descriptions are one object.

    `values`: the constants, or None for a domain described by `type`. `within`, `avoid`: languages of a text;
    `must`: patterns of which one must match it besides.
    `least`: the smallest number or time (epoch seconds). `many`: the value is a list; `one`: of exactly one entry.
    """

    absent: bool = False
    values: tuple[str, ...] | None = None
    within: tuple[Pattern, ...] = ()
    avoid: tuple[Pattern, ...] = ()
    must: tuple[Pattern, ...] = ()
    type: Type = Type.TEXT
    least: float | None = None
    many: bool = False
    one: bool = False


@cache
def constants(*values: str, absent: bool = False) -> Domain:
    """One of these values, or absent where that is allowed too."""
    return Domain(absent=absent, values=values)


ABSENT: Final = constants(absent=True)


NAME: Final = "\x01"
"""In a language: the name of a role or user, which holds neither slash nor colon."""
SEGMENT: Final = "\x02"
"""In a language: one segment of an ARN, perhaps empty."""

PART: Final = "\x03"
"""In a language: characters other than a colon, at least one."""


@cache
def texts(
    *within: str, absent: bool = False, avoid: tuple[str | Pattern, ...] = (), many: bool = False, one: bool = False
) -> Domain:
    """Any text of these languages, written with `*`, `?`, `#` (one digit), NAME, SEGMENT and PART."""
    without = tuple(language(each) if isinstance(each, str) else each for each in avoid)
    return Domain(absent, None, tuple(map(language, within)), without, many=many, one=one)


@cache
def language(text: str) -> Pattern:
    """Return the pattern of a language written with `*`, `?`, `#`, NAME, SEGMENT and PART.

    >>> from s3_guardrails.policy.automaton import union
    >>> union((language("##-*"),)).matches("42-x")
    True
    """
    return pattern(tuple(token for char in text for token in _SYMBOLS.get(char) or exactly(char)))


_SYMBOLS: Final = {
    "*": (ANYTHING,),
    "?": (Token(ANY),),
    "#": (Token(DIGIT),),
    NAME: (Token(NOT_SLASH), Token(NOT_SLASH, star=True)),
    SEGMENT: (Token(NOT_COLON, star=True),),
    PART: (Token(NOT_COLON), Token(NOT_COLON, star=True)),
}


@cache
def numbers(least: float | None = None, *, absent: bool = False) -> Domain:
    """Any number, or any from `least` on."""
    return Domain(absent, type=Type.NUMBER, least=least)


@cache
def times(since: float) -> Domain:
    """Any time from `since` (epoch seconds) on."""
    return Domain(type=Type.DATE, least=since)


@cache
def addresses(*, absent: bool = False) -> Domain:
    """Any IPv4 or IPv6 address."""
    return Domain(absent, type=Type.ADDRESS)


@cache
def free(name: str, since: float = 0.0) -> Domain:
    """Whatever is known of a key in lower case and no more: optional unless every request carries it."""
    key = condition_key(name)
    if key is None:
        return texts("*", absent=True)
    absent = not key.always
    match key.type:
        case Type.BOOLEAN:
            return constants("true", "false", absent=absent)
        case Type.NUMBER:
            return numbers(0.0, absent=absent)
        case Type.DATE:
            return times(since) if key.always else Domain(absent, type=Type.DATE)
        case Type.ADDRESS:
            return addresses(absent=absent)
        case Type.TEXT:
            return texts("?*" if key.always and key.name != "aws:UserAgent" else "*", absent=absent, many=key.many)
