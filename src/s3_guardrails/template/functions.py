"""The functions of a template that take lists and mappings apart and put texts together."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from s3_guardrails.template.marks import whole
from s3_guardrails.template.reference import Resolving
from s3_guardrails.template.value import Node, Text, Unknown, joined, scalar


def plain(value: Node) -> bool:
    """Is the value a known text, number or truth value?"""
    return isinstance(value, str | int | float)


def textual(value: Node) -> bool:
    """Can the value be put into a text?"""
    return isinstance(value, str | int | float | Text | Unknown)


def join(resolver: Resolving, argument: Any) -> Node:
    """``[delimiter, [values]]``."""
    if not (isinstance(argument, list) and len(argument) == 2 and isinstance(argument[0], str)):
        return None
    parts = resolver.resolve(argument[1])
    if not isinstance(parts, list) or not all(map(textual, parts)):
        return None
    between = [piece for part in parts for piece in (argument[0], part)][1:]
    return whole("Fn::Join", argument, joined(*between))


def split(resolver: Resolving, argument: Any) -> Node:
    """``[delimiter, text]``."""
    if not (isinstance(argument, list) and len(argument) == 2 and isinstance(argument[0], str)):
        return None
    text = resolver.resolve(argument[1])
    return text.split(argument[0]) if isinstance(text, str) and argument[0] else None


def select(resolver: Resolving, argument: Any) -> Node:
    """``[index, values]``."""
    if not (isinstance(argument, list) and len(argument) == 2):
        return None
    index, values = resolver.resolve(argument[0]), resolver.resolve(argument[1])
    number = scalar(index) if plain(index) else ""
    if not (isinstance(values, list) and re.fullmatch("[0-9]{1,4}", number) and int(number) < len(values)):
        return None
    return values[int(number)]


def find_in_map(resolver: Resolving, argument: Any) -> Node:
    """``[mapping, key, key]``, and a default value as language extensions have it."""
    if not (isinstance(argument, list) and len(argument) in {3, 4}):
        return None
    found: Any = resolver.template.mappings
    for each in argument[:3]:
        key = resolver.resolve(each)
        if not plain(key):
            return None
        found = found.get(scalar(key)) if isinstance(found, Mapping) else None
    if found is None and len(argument) == 4 and isinstance(argument[3], Mapping):
        return resolver.resolve(argument[3].get("DefaultValue"))
    return found if isinstance(found, list) or plain(found) else None
