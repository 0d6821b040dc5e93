"""Facts as plain data: ``{"value": …}``, ``{"absent": true}`` or ``{"unreadable": reason}``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, fields, is_dataclass
from typing import Any, Final

from s3_guardrails.encryption.fact import Absent, Unreadable
from s3_guardrails.policy.document import Policy
from s3_guardrails.scan import Resource

IDENTITY: Final = frozenset({"name", "key_id", "account", "region", "partition", "as_of"})
"""Fields that say which resource it is and when it was read; the others are facts."""


ABOUT_OTHERS: Final = frozenset({"buckets"})
"""Facts that take a read of every bucket of the account; only a rule that asks for them is worth that."""


def fact_names(resource: Resource) -> list[str]:
    """Return the names of a resource's facts, but for what references stand for."""
    return [each.name for each in fields(resource) if each.name not in IDENTITY | {"resolved_keys"}]


def unread(resource: Resource) -> list[str]:
    """Return the names of the resource's own facts that were not obtained."""
    names = (name for name in fact_names(resource) if name not in ABOUT_OTHERS)
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
        case Policy():
            return {"value": fact.source}
        case frozenset():
            return {"value": sorted(fact)}
        case Mapping():
            return {"value": dict(fact)}
    return {"value": asdict(fact) if is_dataclass(fact) and not isinstance(fact, type) else fact}
