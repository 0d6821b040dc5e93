"""Facts as plain data: ``{"value": …}``, ``{"absent": true}`` or ``{"unreadable": reason}``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from typing import Any, Final

from s3_guardrails.encryption.fact import ON_DEMAND, Absent, Unreadable
from s3_guardrails.policy.document import Policy
from s3_guardrails.scan import Resource

IDENTITY: Final = frozenset({"name", "key_id", "account", "region", "partition", "as_of"})
"""Fields that say which resource it is and when it was read; the others are facts."""


def fact_names(resource: Resource) -> list[str]:
    """Return the names of a resource's facts, but for what references stand for."""
    return [each.name for each in fields(resource) if each.name not in IDENTITY | {"resolved_keys"}]


def unread(resource: Resource) -> list[str]:
    """Return the names of the resource's own facts that were not obtained."""
    names = (name for name in fact_names(resource) if name not in ON_DEMAND)
    return [name for name in names if isinstance(getattr(resource, name), Unreadable)]


def facts_json(resource: Resource) -> dict[str, dict[str, Any]]:
    """Return every fact of a resource by name; what references stand for has the name ``resolved_keys:<reference>``."""
    facts = {name: getattr(resource, name) for name in fact_names(resource)}
    for reference, arns in getattr(resource, "resolved_keys", {}).items():
        facts[f"resolved_keys:{reference}"] = arns
    return {name: _plain(fact) for name, fact in facts.items()}


def _plain(fact: Any) -> dict[str, Any]:
    match fact:
        case Unreadable():
            return {"unreadable": fact.reason}
        case Absent():
            return {"absent": True}
    return {"value": _data(fact)}


def _data(value: Any) -> Any:
    match value:
        case Unreadable() | Absent():
            return _plain(value)
        case Policy():
            return value.source
        case frozenset():
            return sorted(value)
        case tuple():
            return [_data(each) for each in value]
        case Mapping():
            return dict(value)
    if is_dataclass(value):
        return {each.name: _data(getattr(value, each.name)) for each in fields(value)}
    return value
