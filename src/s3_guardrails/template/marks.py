"""Marks for what cannot be resolved: expressions, and dynamic references in texts.

Source: CloudFormation User Guide, "Using dynamic references to specify template values".
"""

from __future__ import annotations

import json
import re
from typing import Any, Final

from s3_guardrails.template.value import Node, Text, Unknown, joined, texts

_DYNAMIC: Final = re.compile(r"\{\{resolve:[^}]*\}\}")


def unknown(name: str, argument: Any) -> Unknown:
    """Return the mark of an expression that cannot be resolved: its name for people, and the whole of it."""
    whole = json.dumps(argument, sort_keys=True, default=str)
    shown = argument if isinstance(argument, str) else whole
    return Unknown(f"{name.removeprefix('Fn::')} `{shown[:60]}{'…' if len(shown) > 60 else ''}`", whole)


def dynamic(text: str) -> Node:
    """Leave dynamic references, such as ``{{resolve:ssm:name}}``, open."""
    found = _DYNAMIC.findall(text)
    if not found:
        return text
    between = _DYNAMIC.split(text)
    marked = [part for pair in zip(between, (Unknown(f"`{each}`") for each in found), strict=False) for part in pair]
    return joined(*marked, between[-1])


def whole(name: str, argument: Any, value: str | Text | Unknown) -> Node:
    """Leave a dynamic reference open that was put together from parts."""
    if isinstance(value, str):
        return dynamic(value)
    if any(isinstance(each, str) and "{{resolve:" in each for each in texts(value)):
        return unknown(name, argument)
    return value
