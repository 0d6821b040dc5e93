"""Bounds of texts that are known in parts: the pattern of everything that such a text can be."""

from __future__ import annotations

import re
from typing import Any, Final

from s3_guardrails.template.value import Node, Text, Unknown, scalar, texts

_VARIABLE: Final = re.compile(r"\$\{[^}]*\}")
_UNFINISHED: Final = re.compile(r"\$(\{[^}]*)?\Z")
ARN_COLONS: Final = 5


def known(value: Node) -> bool:
    """Is a leaf known throughout?"""
    return not isinstance(value, Text | Unknown)


def as_list(value: Node) -> list[Any]:
    """Return the values of an element: one may stand without a list."""
    return value if isinstance(value, list) else [value]


def colons(text: str) -> int:
    """Count the colons outside policy variables."""
    return _VARIABLE.sub("", text).count(":")


def loosened(value: Node, *, arn: bool = False) -> str:
    """Return a pattern that matches whatever the text can be; a text that is known is its own pattern.

    `arn`: the pattern is matched segment by segment, so what is open before the last segment leaves all that follows
    open. What is open may also begin or end a policy variable, which can become anything: so all between two open
    pieces is open, and so is a variable that is begun before the first or may end after the last.

    >>> loosened(Text(("arn:aws:s3:::", Unknown("x"), "/*")), arn=True)
    'arn:aws:s3:::*/*'
    >>> loosened(Text(("arn:", Unknown("x"), ":s3:::bucket")), arn=True)
    'arn:*'
    >>> loosened(Text((Unknown("x"), "/a/", Unknown("y"), "/${aws:username}/b")))
    '*/b'
    """
    pieces = list(texts(value))
    is_open = [index for index, each in enumerate(pieces) if not isinstance(each, str | int | float)]
    if not is_open:
        return "".join(map(scalar, pieces))
    head = "".join(map(scalar, pieces[: is_open[0]]))
    tail = "".join(map(scalar, pieces[is_open[-1] + 1 :]))
    if _UNFINISHED.search(head):
        return "*"
    if arn and colons(head) < ARN_COLONS:
        return f"{head}*"
    return f"{head}*{tail.partition('}')[2] if '}' in tail else tail}"
