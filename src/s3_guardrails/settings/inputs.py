"""The guardrails file as inputs of template.yaml, the stack set's template and conformance-pack.yaml."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Final

from s3_guardrails.catalogue.pack import ALLOWED, input_name, pack_inputs
from s3_guardrails.discovery import Entry
from s3_guardrails.errors import InputError

MAX_VALUE: Final = 4096
"""Characters of a parameter's value that CloudFormation takes (CloudFormation User Guide, quotas)."""


def deployed_inputs(rendered: Mapping[str, Mapping[str, str]], entries: Iterable[Entry]) -> dict[str, str]:
    """Return input → value, empty ones too; raise InputError where rules that share an input are told otherwise."""
    entries = tuple(entries)
    inputs = pack_inputs(entries)
    found: dict[str, str] = {}
    by: dict[str, str] = {}
    for entry in entries:
        for each in entry.rule.Parameters.documented():
            name, value = input_name(entry, each, inputs), rendered[entry.name].get(each.name, each.default)
            if found.setdefault(name, value) != value:
                raise InputError(
                    f"rules: {by[name]} and {entry.name} share the input `{name}`: expected one value, found "
                    f"`{found[name]}` and `{value}`"
                )
            by.setdefault(name, entry.name)
    if long := next((name for name, value in found.items() if len(value) > MAX_VALUE), None):
        raise InputError(f"`{long}` has {len(found[long])} characters; expected at most {MAX_VALUE}")
    if odd := next((name for name, value in found.items() if not re.fullmatch(ALLOWED, value)), None):
        raise InputError(f"`{odd}`: expected printable ASCII without quotes and backslashes, found `{found[odd][:80]}`")
    return dict(sorted(found.items()))
