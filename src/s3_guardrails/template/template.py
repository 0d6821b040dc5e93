"""A CloudFormation or SAM template, checked as far as reading needs it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from s3_guardrails.errors import InputError
from s3_guardrails.template.found import ACCOUNT, REGION, Assigned, Options, Other
from s3_guardrails.template.value import scalar

_NAMES: Final = ("BucketName", "RoleName", "UserName", "FunctionName", "Path", "BucketEncryption", "AliasName")
"""Properties of resources that say what others call them, or how a bucket encrypts."""
MAX_ALLOWED: Final = 16


@dataclass(frozen=True, slots=True)
class Template:
    """The sections of a template, each an object."""

    parameters: Mapping[str, Mapping[str, Any]]
    mappings: Mapping[str, Any]
    conditions: Mapping[str, Any]
    resources: Mapping[str, Any]
    options: Options

    def type_of(self, name: str) -> str:
        """Return a resource's type, empty where there is no such resource."""
        resource = self.resources.get(name)
        kind = resource.get("Type") if isinstance(resource, Mapping) else None
        return kind if isinstance(kind, str) else ""

    def properties(self, name: str) -> Mapping[str, Any]:
        """Return a resource's properties as written, empty where they are no object."""
        resource = self.resources.get(name)
        properties = resource.get("Properties") if isinstance(resource, Mapping) else None
        return properties if isinstance(properties, Mapping) else {}

    def given(self, name: str) -> str | None:
        """Return what the user says of a parameter or pseudo parameter."""
        said = {ACCOUNT: self.options.account, REGION: self.options.region, "AWS::Partition": self.options.partition}
        return self.options.parameters.get(name, said.get(name))

    def compared(self, name: str) -> tuple[str, ...]:
        """Return the texts that conditions compare a parameter with."""
        return tuple(dict.fromkeys(text for each, text in _comparisons(self.conditions) if each == name))

    def choices(self, node: Any) -> dict[str, tuple[Assigned, ...]]:
        """Return the parameters without a value that decide what a part of the template becomes, with their values."""
        found: dict[str, tuple[Assigned, ...]] = {}
        for name in self.mentioned(node):
            parameter = self.parameters.get(name)
            if parameter is None or "Default" in parameter or self.options.parameters.get(name) is not None:
                continue
            allowed = parameter.get("AllowedValues")
            if isinstance(allowed, list) and 0 < len(allowed) <= MAX_ALLOWED:
                found[name] = tuple(dict.fromkeys(map(scalar, allowed)))
            elif compared := self.compared(name):
                found[name] = (*compared, Other(compared))
        return found

    def maps(self, node: Any) -> list[Any]:
        """Return the mappings that a part of the template looks values up in, with their keys as values."""
        used = [self.mappings[name] for name in _looked_up(node) if name in self.mappings]
        return [*used, *(list(each) for each in used if isinstance(each, Mapping))]

    def defaults(self, node: Any) -> list[Any]:
        """Return the defaults of the parameters that a part of the template leads to."""
        return [self.parameters[name].get("Default") for name in self.mentioned(node) if name in self.parameters]

    def mentioned(self, node: Any) -> list[str]:
        """Return the names that a part of the template leads to: parameters, resources and conditions."""
        seen: dict[str, None] = {}
        pending = [node]
        while pending:
            for name in _mentions(pending.pop()):
                if name not in seen:
                    seen[name] = None
                    pending += self._behind(name)
        return list(seen)

    def _behind(self, name: str) -> Iterator[Any]:
        if name in self.conditions:
            yield self.conditions[name]
        properties = self.properties(name)
        yield from (properties[each] for each in _NAMES if each in properties)


def read_template(tree: Mapping[str, Any], options: Options) -> Template:
    """Check the sections; raise InputError that names the place."""
    parameters = _section(tree, "Parameters")
    for name, each in parameters.items():
        if not isinstance(each, Mapping):
            raise InputError(f"Parameters.{name}: expected an object")
    for name in options.parameters:
        if name not in parameters and not name.startswith("AWS::"):
            known = ", ".join(parameters) or "none"
            raise InputError(f"parameter `{name}`: the template has no such parameter, expected one of {known}")
    conditions = _section(tree, "Conditions")
    return Template(parameters, _section(tree, "Mappings"), conditions, _section(tree, "Resources"), options)


def _section(tree: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    section = tree.get(name, {})
    if not isinstance(section, Mapping):
        raise InputError(f"{name}: expected an object")
    return section


def _mentions(node: Any) -> Iterator[str]:
    """Yield the names in Ref, GetAtt, Sub, If and Condition, without following them."""
    pending = [node]
    while pending:
        each = pending.pop()
        if isinstance(each, list):
            pending += each
        if not isinstance(each, Mapping):
            continue
        pending += each.values()
        for name in ("Ref", "Condition"):
            if isinstance(each.get(name), str):
                yield each[name]
        attribute, branch, text = each.get("Fn::GetAtt"), each.get("Fn::If"), each.get("Fn::Sub")
        for listed in (attribute, branch):
            if isinstance(listed, list) and listed and isinstance(listed[0], str):
                yield listed[0]
        if isinstance(attribute, str):
            yield attribute.partition(".")[0]
        body = text[0] if isinstance(text, list) and text else text
        if isinstance(body, str):
            yield from (part.partition("}")[0].partition(".")[0] for part in body.split("${")[1:])


def _looked_up(node: Any) -> Iterator[str]:
    """Yield the names of the mappings in FindInMap."""
    pending = [node]
    while pending:
        each = pending.pop()
        pending += each if isinstance(each, list) else each.values() if isinstance(each, Mapping) else []
        found = each.get("Fn::FindInMap") if isinstance(each, Mapping) else None
        if isinstance(found, list) and found and isinstance(found[0], str):
            yield found[0]


def _comparisons(node: Any) -> Iterator[tuple[str, str]]:
    """Yield each parameter that conditions compare with a known text, and that text."""
    pending = [node]
    while pending:
        each = pending.pop()
        if isinstance(each, list):
            pending += each
        elif isinstance(each, Mapping):
            pending += each.values()
            sides = each.get("Fn::Equals")
            if isinstance(sides, list) and len(sides) == 2:
                for one, other in (sides, sides[::-1]):
                    if isinstance(one, Mapping) and isinstance(one.get("Ref"), str) and isinstance(other, str | int):
                        yield one["Ref"], scalar(other)
