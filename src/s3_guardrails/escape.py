"""Untrusted text, made fit to be shown: names, Sids and values come from whoever wrote the policy."""

from __future__ import annotations


def printable(text: str) -> str:
    r"""Escape every character that is not printable: control characters, line ends, direction marks, lone surrogates.

    >>> printable("a\nb\u202e")
    'a\\nb\\u202e'
    """
    return "".join(each if each.isprintable() else each.encode("unicode_escape").decode() for each in text)
