"""Condition keys that are parts of one thing: the account in a caller's ARN, the organization in its path.

A tied key has no dimension of its own: patterns over it are *lifted* to patterns over the whole, and its value is
*projected* from the whole. So no counterexample has a caller whose account differs from its ARN.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Final

from s3_guardrails.policy.tokens import ANYTHING, NOT_COLON, NOT_SLASH, Pattern, Token, Tokens, exactly, pattern, within

Value = str | tuple[str, ...] | None

TIES: Final = {
    "aws:principalarn": "@caller",
    "aws:principalaccount": "@caller",
    "kms:calleraccount": "@caller",
    "aws:username": "@user",
    "aws:userid": "@id",
    "aws:principalorgid": "@org",
    "aws:principalorgpaths": "@org",
    "aws:sourceorgid": "@sourceorg",
    "aws:sourceorgpaths": "@sourceorg",
}
"""Key → the dimension it is a part of, where an alternative has that dimension.

`@user` and `@id` stand for the caller's ARN, for callers whose name or id is in it.
"""

_SEGMENT: Final = (Token(NOT_COLON, star=True), *exactly(":"))
_BEFORE_ACCOUNT: Final = (*exactly("arn:"), *_SEGMENT, *_SEGMENT, *_SEGMENT)
_AFTER_ACCOUNT: Final = (*exactly(":"), ANYTHING)
_USER: Final = (*_BEFORE_ACCOUNT, *_SEGMENT, *exactly("user/"))
IN_ARN: Final = {"user": "@user", "root": "@id", "federated": "@id"}
"""Kind of caller → what besides the account its ARN tells."""


def same_key(name: str) -> str:
    """Return the one name of a thing that has two: the time of a request."""
    return "aws:currenttime" if name == "aws:epochtime" else name


def tie(key: str, tied: frozenset[str]) -> str:
    """Return the dimension of a key, given the tied dimensions that the alternative has.

    A key that is in `tied` itself has a dimension of its own after all.
    """
    if key in tied:
        return key
    whole = TIES.get(key, key)
    if whole in {"@user", "@id"}:
        return "@caller" if whole in tied else key
    return whole if whole in tied else key


_NONE: Final = frozenset[str]()
_FOREIGN: Final = {
    "aws:principalaccount": frozenset(":"),
    "kms:calleraccount": frozenset(":"),
    "aws:username": frozenset(":/"),
    "aws:principalorgid": frozenset("/"),
    "aws:sourceorgid": frozenset("/"),
}
"""Characters that no value of a key holds: a pattern that asks for one matches nothing."""


@lru_cache(maxsize=20_000)
def lifted(key: str, part: Pattern) -> tuple[Pattern, ...]:
    """Return patterns over the whole that hold exactly where the pattern holds over the key."""
    tokens = part.tokens
    if any(not token.chars.complement and token.chars.chars <= _FOREIGN.get(key, _NONE) for token in tokens):
        return ()
    match key:
        case "aws:principalaccount" | "kms:calleraccount":
            return (pattern((*_BEFORE_ACCOUNT, *within(tokens, NOT_COLON), *_AFTER_ACCOUNT)),)
        case "aws:username":
            name = within(tokens, NOT_SLASH)
            return (pattern((*_USER, *name)), pattern((*_USER, ANYTHING, *exactly("/"), *name)))
        case "aws:userid":
            return _ids(tokens)
        case "aws:principalorgid" | "aws:sourceorgid":
            return (pattern((*within(tokens, NOT_SLASH), *exactly("/"), ANYTHING)),)
    return (part,)


def _ids(tokens: Tokens) -> tuple[Pattern, ...]:
    """The account of a root user; `account:name` of a federated user, the pattern cut where the colon can be."""
    found = [pattern((*_BEFORE_ACCOUNT, *within(tokens, NOT_COLON), *exactly(":root")))]
    for index, token in enumerate(tokens):
        if token.chars.holds(":"):
            both = (token,) if token.star else ()
            account, name = (*tokens[:index], *both), (*both, *tokens[index + 1 :])
            middle = exactly(":federated-user/")
            found.append(pattern((*_BEFORE_ACCOUNT, *within(account, NOT_COLON), *middle, *within(name, NOT_SLASH))))
    return tuple(found)


def projected(key: str, whole: Value) -> Value:
    """Return the key's value, given the value of the whole."""
    if not isinstance(whole, str):
        return whole
    match key:
        case "aws:principalaccount" | "kms:calleraccount":
            return whole.split(":")[4]
        case "aws:username":
            return whole.rpartition("/")[2]
        case "aws:userid":
            account, name = whole.split(":")[4], whole.rpartition("federated-user/")[2]
            return account if whole.endswith(":root") else f"{account}:{name}"
        case "aws:principalorgid" | "aws:sourceorgid":
            return whole.partition("/")[0]
        case "aws:principalorgpaths" | "aws:sourceorgpaths":
            return (whole,)
    return whole
