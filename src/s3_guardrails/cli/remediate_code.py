"""What the owner's infrastructure as code must say after a change: the policy's statements, which of them are new."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from s3_guardrails.cli.text import printable
from s3_guardrails.encryption.bucket import Bucket
from s3_guardrails.remediate.change import Proposed
from s3_guardrails.remediate.plan import Plan
from s3_guardrails.remediate.state import Resource


@dataclass(frozen=True, slots=True)
class Marked:
    """One statement after the change; `mark` is `added`, `changed`, or empty where it was there already."""

    statement: Mapping[str, Any]
    mark: str


@dataclass(frozen=True, slots=True)
class Code:
    """A policy after a change: what it says beside its statements, these, and those that are gone."""

    head: Mapping[str, Any]
    statements: tuple[Marked, ...]
    gone: tuple[str, ...]


def policy_code(before: str | None, after: str) -> Code:
    """Compare two texts of a policy, statement by statement."""
    old, new = _statements(json.loads(before) if before else {}), _statements(data := json.loads(after))
    kept = {each.get("Sid") for each in new}
    left = [each for each in old if each not in new]
    changed = {each["Sid"] for each in left if "Sid" in each}
    marked = tuple(Marked(each, "" if each in old else _mark(each, changed)) for each in new)
    gone = tuple(_label(each) for each in left if "Sid" not in each or each["Sid"] not in kept)
    return Code({name: value for name, value in data.items() if name != "Statement"}, marked, gone)


def remarks(plan: Plan, whole: bool) -> Iterator[str]:
    """Yield sentences for the head of a snippet; they may hold text of others."""
    yield f"{plan.remediation} of {plan.resource.arn}, for the rule {plan.rule}."
    if whole:
        yield "This is the whole policy after the change; statements without a remark are there already."
    if isinstance(plan.proposal, Proposed):
        yield from (f"Look at this first: {each.code}: {each.sentence}." for each in plan.concerns)


def comment(sentence: str) -> str:
    """Return a line of comment in HCL and YAML alike; nothing of the sentence can end it."""
    return f"# {printable(sentence)}"


def name_of(resource: Resource) -> str:
    """Return a bucket's name, or for a key a name made of its id."""
    return resource.name if isinstance(resource, Bucket) else f"key-{resource.key_id[:13]}"


def texts(value: Any) -> Iterator[str]:
    """Yield every text in JSON data, keys included."""
    match value:
        case str():
            yield value
        case Mapping():
            for name, each in value.items():
                yield name
                yield from texts(each)
        case Sequence():
            for each in value:
                yield from texts(each)


def names(value: Any) -> Iterator[str]:
    """Yield the name of every member of every object in JSON data."""
    if isinstance(value, Mapping):
        yield from value
        value = list(value.values())
    if isinstance(value, list):
        for each in value:
            yield from names(each)


def words_of(name: str) -> list[str]:
    """Split a name into its runs of letters and digits."""
    return re.findall(r"[A-Za-z0-9]+", name)


def _statements(policy: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    found = policy.get("Statement", [])
    return [found] if isinstance(found, Mapping) else list(found)


def _mark(statement: Mapping[str, Any], changed: set[str]) -> str:
    return "changed" if statement.get("Sid") in changed else "added"


def _label(statement: Mapping[str, Any]) -> str:
    return str(statement.get("Sid") or json.dumps(statement))
