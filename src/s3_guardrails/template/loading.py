"""Reads a file as JSON or YAML, whatever it holds, within bounds; errors say where and what was expected."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from s3_guardrails.errors import InputError, PolicySyntaxError
from s3_guardrails.policy.strict_json import strict_json
from s3_guardrails.template.yaml_text import read_yaml

MAX_BYTES: Final = 64 << 20
"""A Terraform plan can be long; more than this is refused unread."""
MAX_VALUES: Final = 1_000_000
"""Values of a tree, aliases written out."""
MAX_LEVELS: Final = 150
"""Lists and objects in one another. Policies and modules need a dozen."""


@dataclass(frozen=True, slots=True)
class Loaded:
    """A tree, and the line on which a resource begins (None where it cannot be told)."""

    tree: Any
    line_of: Callable[[str], int | None]


def load(data: bytes) -> Loaded:
    """Read a file's bytes; raise InputError."""
    if len(data) > MAX_BYTES:
        raise InputError(f"expected at most {MAX_BYTES} bytes")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputError(f"not UTF-8 at byte {error.start + 1}") from None
    if not text.strip():
        raise InputError("expected a policy, a template or a plan, found nothing")
    loaded = _json(text) if text.lstrip()[0] in "{[" else _yaml(text)
    _bounded(loaded.tree)
    return loaded


def _json(text: str) -> Loaded:
    try:
        tree = strict_json(text, MAX_BYTES)
    except PolicySyntaxError as error:
        if text.lstrip()[0] != "{" or "nested" in str(error):
            raise InputError(str(error)) from None
        return _flow_yaml(text, error)

    def line_of(name: str) -> int | None:
        found = re.search(rf'"{re.escape(name)}"\s*:\s*\{{', text)
        return text.count("\n", 0, found.start()) + 1 if found else None

    return Loaded(tree, line_of)


def _flow_yaml(text: str, error: PolicySyntaxError) -> Loaded:
    """YAML may begin with a brace too, and then may have CloudFormation's short forms; else it is broken JSON."""
    try:
        if re.search(r"[:,\[]\s*![A-Z]", text):
            return _yaml(text)
    except InputError:
        pass
    raise InputError(str(error)) from None


def _yaml(text: str) -> Loaded:
    tree, lines = read_yaml(text)
    return Loaded(tree, lines.get)


def _bounded(tree: Any) -> None:
    """Refuse a tree that is too large once aliases are written out, or nested too deeply to be walked."""
    known: dict[int, tuple[int, int]] = {}

    def measured(node: Any) -> tuple[int, int]:
        """Return the number of values and of levels; a part that several aliases mean is measured once."""
        if not isinstance(node, dict | list):
            return 1, 0
        if id(node) not in known:
            parts = [measured(each) for each in (node.values() if isinstance(node, dict) else node)]
            values, levels = sum(each for each, _ in parts), max((each for _, each in parts), default=0)
            known[id(node)] = (min(values, MAX_VALUES) + 1, levels + 1)
        return known[id(node)]

    try:
        values, levels = measured(tree)
    except RecursionError:
        values, levels = 0, MAX_LEVELS + 1
    if levels > MAX_LEVELS:
        raise InputError(f"nested too deeply: expected at most {MAX_LEVELS} levels")
    if values > MAX_VALUES:
        raise InputError(f"expected at most {MAX_VALUES} values, aliases written out")
