"""Compile a policy's text into tokens for the automata: wildcards, policy variables, ARN segments.

Written apart from `pattern`, so that a counterexample is checked by code that shares nothing with the search.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Final

from s3_guardrails.policy.tokens import ANY, NOT_COLON, Token, Tokens, exactly

_PART: Final = re.compile(r"\$\{(?P<variable>[^}]*)\}|(?P<char>.)", re.DOTALL)
_SEGMENTS: Final = 5


def variables(text: str) -> tuple[str, ...]:
    """Return the keys, in lower case, of the policy variables in a text; escapes such as `${*}` are none."""
    if "${" not in text:
        return ()
    bodies = (found["variable"] for found in _PART.finditer(text) if found["variable"] is not None)
    return tuple(_split(body)[0] for body in bodies if body not in {"*", "?", "$"})


def without_default(text: str) -> frozenset[str]:
    """Return the keys of the policy variables in a text that name no default value."""
    if "${" not in text:
        return frozenset()
    bodies = {found["variable"] for found in _PART.finditer(text)} - {None, "*", "?", "$"}
    return frozenset(key for key, default in map(_split, bodies) if default is None)


def compiled(
    text: str,
    values: Mapping[str, str] | None,
    *,
    wildcards: bool = True,
    arn: bool = False,
    resource: bool = False,
    ignore_case: bool = False,
) -> Tokens | None:
    """Return the tokens, None where a variable has no value. `values` is None where variables are literal text.

    `arn`: wildcards stay within their segment; `resource`: except a `*` that ends one.
    """
    if values is None or "${" not in text:
        return _plain(text, wildcards, arn, resource, ignore_case)
    tokens: list[Token] = []
    limit = min(_SEGMENTS, re.sub(_VARIABLE, "", text).count(":"))
    colons = 0
    for found in _PART.finditer(text):
        body, char = found["variable"], found["char"]
        if body in {"*", "?", "$"}:
            tokens += exactly(body)
        elif body is not None:
            key, default = _split(body)
            value = values.get(key, default)
            if value is None:
                return None
            tokens += exactly(value, ignore_case=ignore_case)
        else:
            colons += char == ":"
            ends = resource and text[found.end() : found.end() + 1] == ":"
            tokens += _char(char, wildcards, arn and colons < limit and not (ends and char == "*"), ignore_case)
    return tuple(tokens)


_VARIABLE: Final = r"\$\{[^}]*\}"


@lru_cache(maxsize=20_000)
def _plain(text: str, wildcards: bool, arn: bool, resource: bool, ignore_case: bool) -> Tokens:
    limit = min(_SEGMENTS, text.count(":")) if arn else 0
    colons = 0
    tokens: list[Token] = []
    for index, char in enumerate(text):
        colons += char == ":"
        ends = resource and char == "*" and text[index + 1 : index + 2] == ":"
        token = _char(char, wildcards, colons < limit and not ends, ignore_case)
        if not (token[0].star and tokens and tokens[-1] == token[0]):
            tokens += token
    return tuple(tokens)


def _char(char: str, wildcards: bool, segment: bool, ignore_case: bool) -> Tokens:
    if wildcards and char in {"*", "?"}:
        return (Token(NOT_COLON if segment else ANY, char == "*"),)
    return exactly(char, ignore_case=ignore_case)


def _split(body: str) -> tuple[str, str | None]:
    key, comma, default = body.partition(",")
    default = default.strip()
    quoted = comma and len(default) > 1 and default[0] == default[-1] == "'"
    return key.strip().lower(), default[1:-1] if quoted else None
