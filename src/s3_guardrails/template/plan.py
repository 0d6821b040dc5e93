"""Reads the resources of a Terraform plan or state, with what is not known of them.

Source: Terraform, "JSON output format": `resource_changes[].change.after` holds what is known of a resource after the
plan, `after_unknown` is true where a value is known only then; `configuration` says which arguments were written.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from s3_guardrails.errors import InputError
from s3_guardrails.policy.strict_json import shown
from s3_guardrails.template.value import Node, Unknown

_MAJORS: Final = ("0", "1")
INSTANCE: Final = re.compile(r'\[(?:[0-9]+|"(?:[^"\\]|\\.)*")\]')
"""The index of an instance in an address: ``[0]`` or ``["name"]``."""


@dataclass(frozen=True, slots=True)
class Resource:
    """One resource after the plan. `written`: argument → the references of its expression, None if that is not told."""

    address: str
    type: str
    after: Mapping[str, Any]
    unknown: Mapping[str, Any]
    written: Mapping[str, tuple[str, ...]] | None

    def value(self, name: str) -> Node:
        """Return an argument; Unknown where it is known only after the plan was carried out."""
        found = self.after.get(name)
        return Unknown(f"`{self.address}.{name}`") if found is None and self.unknown.get(name) is True else found

    def sets(self, name: str) -> bool:
        """Is the argument written, rather than left to the provider?"""
        if self.written is not None and name not in self.written:
            return False
        return self.value(name) not in (None, "", [])

    @property
    def module(self) -> str:
        """The address of the module instance, empty for the root module."""
        return self.address.rpartition(f"{self.type}.")[0]


def is_plan(tree: Mapping[str, Any]) -> bool:
    """Is this the JSON form of a plan or a state?"""
    return "format_version" in tree and bool({"planned_values", "resource_changes", "values"} & set(tree))


def resources(tree: Mapping[str, Any]) -> dict[str, Resource]:
    """Return the managed resources by address; raise InputError, also for a major version that is not known."""
    version = tree.get("format_version")
    if not (isinstance(version, str) and version.partition(".")[0] in _MAJORS):
        raise InputError(f"format_version: expected {' or '.join(_MAJORS)}, found {shown(version)}")
    try:
        return {each.address: each for each in _resources(tree)}
    except (AttributeError, TypeError, KeyError, ValueError):
        raise InputError("expected the output of `terraform show -json`: its resources cannot be read") from None


def _resources(tree: Mapping[str, Any]) -> Iterator[Resource]:
    """Yield every managed resource, with what a change says of it last."""
    written = dict(_written((tree.get("configuration") or {}).get("root_module") or {}, ""))
    told = written if "configuration" in tree else None
    for values in (tree.get("values"), tree.get("planned_values")):
        for each in _planned((values or {}).get("root_module") or {}):
            yield _resource(each, each.get("values"), {}, told)
    changes = [*(tree.get("resource_changes") or [])]
    changes += [each["resource_change"] for each in tree.get("deferred_changes") or []]
    for each in changes:
        change = each["change"]
        if each.get("mode", "managed") == "managed" and (change.get("after") or change.get("after_unknown")):
            yield _resource(each, change.get("after"), change.get("after_unknown"), told)


def _planned(module: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    yield from (each for each in module.get("resources") or [] if each.get("mode", "managed") == "managed")
    for child in module.get("child_modules") or []:
        yield from _planned(child)


def _written(module: Mapping[str, Any], prefix: str) -> Iterator[tuple[str, Mapping[str, tuple[str, ...]]]]:
    """Yield each resource's address, without instances, and its arguments with their references."""
    for each in module.get("resources") or []:
        expressions = each.get("expressions") or {}
        arguments = {name: tuple(_references(value)) for name, value in expressions.items()}
        yield prefix + each["address"], arguments
    for name, call in (module.get("module_calls") or {}).items():
        yield from _written(call.get("module") or {}, f"{prefix}module.{name}.")


def _references(expression: Any) -> Iterator[str]:
    found = expression.get("references") if isinstance(expression, Mapping) else None
    yield from (each for each in found or [] if isinstance(each, str))


def _resource(
    each: Mapping[str, Any], after: Any, unknown: Any, written: Mapping[str, Mapping[str, tuple[str, ...]]] | None
) -> Resource:
    address, kind = each["address"], each["type"]
    if not (isinstance(address, str) and isinstance(kind, str)):
        raise TypeError
    told = None if written is None else written.get(INSTANCE.sub("", address))
    return Resource(address, kind, dict(after or {}), dict(unknown or {}), told)
