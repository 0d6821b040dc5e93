"""Puts text on the terminal: data on stdout, sentences on stderr, no control sequences from untrusted names."""

from __future__ import annotations

import json
from typing import Any

import click

from s3_guardrails.escape import printable

__all__ = ["line_of_json", "pretty_json", "printable", "say"]


def say(sentence: str) -> None:
    """Print one sentence for a person, on stderr."""
    click.echo(printable(sentence), err=True)


def line_of_json(data: Any) -> str:
    """Return one line of JSON in ASCII, which no terminal and no encoding can spoil."""
    return json.dumps(data, ensure_ascii=True)


def pretty_json(data: Any) -> str:
    """Return JSON for files and people, in ASCII."""
    return json.dumps(data, ensure_ascii=True, indent=2)
