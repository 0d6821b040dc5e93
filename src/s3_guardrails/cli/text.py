"""Puts text on the terminal: data on stdout, sentences on stderr, no control sequences from untrusted names."""

from __future__ import annotations

import json
from collections.abc import Sized
from typing import Any

import click

from s3_guardrails.escape import printable

__all__ = ["line_of_json", "number_of", "pretty_json", "printable", "say"]


def say(sentence: str) -> None:
    """Print one sentence for a person, on stderr."""
    click.echo(printable(sentence), err=True)


def number_of(things: Sized | int, name: str) -> str:
    """Return how many there are, in words.

    >>> number_of(1, "finding"), number_of([], "finding")
    ('1 finding', '0 findings')
    """
    count = things if isinstance(things, int) else len(things)
    return f"{count} {name}{'' if count == 1 else 's'}"


def line_of_json(data: Any) -> str:
    """Return one line of JSON in ASCII, which no terminal and no encoding can spoil."""
    return json.dumps(data, ensure_ascii=True)


def pretty_json(data: Any) -> str:
    """Return JSON for files and people, in ASCII."""
    return json.dumps(data, ensure_ascii=True, indent=2)
