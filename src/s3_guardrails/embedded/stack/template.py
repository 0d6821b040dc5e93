"""A template as CloudFormation takes it: parameters checked, functions and conditions resolved, resources in order.

Source: CloudFormation User Guide, "Template reference". A function, a section or an attribute that is not played here
is refused.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter
from typing import Any, Final

from s3_guardrails.embedded.call import Refused
from s3_guardrails.errors import InputError
from s3_guardrails.template.loading import load

SECTIONS: Final = frozenset(
    {
        "AWSTemplateFormatVersion",
        "Description",
        "Metadata",
        "Parameters",
        "Rules",
        "Conditions",
        "Resources",
        "Outputs",
        "Transform",
    }
)
ATTRIBUTES: Final = frozenset(
    {"Type", "Properties", "DependsOn", "Condition", "DeletionPolicy", "UpdateReplacePolicy", "Metadata"}
)
ALWAYS: Final = {"Fn::Equals": ["", ""]}
NO_VALUE: Final = object()
"""What ``AWS::NoValue`` leaves out."""
_NAME: Final = re.compile(r"\$\{([^!}][^}]*)\}")

Look = Callable[[str, str | None], Any]
"""Logical id and attribute (None: what Ref returns) → value."""


def invalid(message: str) -> Refused:
    """Return CloudFormation's refusal of a template or of parameters."""
    return Refused("ValidationError", message)


@dataclass(frozen=True, slots=True)
class Template:
    """A template, parsed; `text` as it came."""

    text: str
    tree: Mapping[str, Any]

    @classmethod
    def parse(cls, text: str) -> Template:
        """Read JSON or YAML; raise Refused."""
        try:
            tree = load(text.encode()).tree
        except InputError as error:
            raise invalid(f"Template format error: {error}") from None
        if not isinstance(tree, Mapping) or not tree.get("Resources"):
            raise invalid("Template format error: At least one Resources member must be defined.")
        if unknown := sorted(set(tree) - SECTIONS):
            raise invalid(f"Invalid template property or properties {unknown}")
        for name, each in tree["Resources"].items():
            if unknown := sorted(set(each) - ATTRIBUTES):
                raise invalid(f"Invalid template resource property {unknown} of {name}")
        parsed = cls(text, tree)
        for name in tree["Resources"]:
            if lost := sorted({each for each in parsed._needs(name) if each not in tree["Resources"]}):
                raise invalid(f"Template format error: Unresolved resource dependencies {lost} in {name}")
        return parsed

    @property
    def resources(self) -> Mapping[str, Any]:
        """Logical id → resource."""
        return dict(self.tree["Resources"])

    def parameters(self, given: Mapping[str, str]) -> dict[str, Any]:
        """Return every parameter's value, of a list its values; raise Refused for what is missing or not allowed."""
        declared = self.tree.get("Parameters") or {}
        if unknown := sorted(set(given) - set(declared)):
            raise invalid(f"Parameters: {unknown} do not exist in the template")
        missing = sorted(name for name, each in declared.items() if "Default" not in each and name not in given)
        if missing:
            raise invalid(f"Parameters: {missing} must have values")
        texts = {name: str(given.get(name, each.get("Default"))) for name, each in declared.items()}
        lists = {name for name, each in declared.items() if each["Type"] == "CommaDelimitedList"}
        values = {name: text.split(",") if name in lists else text for name, text in texts.items()}
        for name, text in texts.items():
            for each in text.split(",") if name in lists else (text,):
                _check(name, each, declared[name])
        for name, rule in (self.tree.get("Rules") or {}).items():
            for each in rule["Assertions"] if self._holds(rule.get("RuleCondition", ALWAYS), values) else ():
                if not self._holds(each["Assert"], values):
                    raise invalid(f"Template error: rule {name} failed: {each.get('AssertDescription', '')}")
        return values

    def conditions(self, values: Mapping[str, Any]) -> dict[str, bool]:
        """Return whether each condition holds."""
        return {name: self._holds(node, values) for name, node in (self.tree.get("Conditions") or {}).items()}

    def _holds(self, node: Any, values: Mapping[str, Any]) -> bool:
        match node:
            case {"Condition": name}:
                return self._holds(self.tree["Conditions"][name], values)
            case {"Fn::Equals": [one, other]}:
                resolve = Resolver(values, {}, _no_resource)
                return bool(resolve(one) == resolve(other))
            case {"Fn::EachMemberIn": [some, several]}:
                resolve = Resolver(values, {}, _no_resource)
                return set(resolve(some)) <= set(resolve(several))
            case {"Fn::Not": [each]}:
                return not self._holds(each, values)
            case {"Fn::And": several}:
                return all(self._holds(each, values) for each in several)
            case {"Fn::Or": several}:
                return any(self._holds(each, values) for each in several)
        raise invalid(f"Template error: not a condition that is played here: {node}")

    def order(self, conditions: Mapping[str, bool]) -> list[str]:
        """Return the logical ids that the conditions leave, each after what it depends on."""
        wanted = {name for name, each in self.resources.items() if conditions.get(each.get("Condition", ""), True)}
        graph = {name: set(self._needs(name)) & wanted for name in self.resources if name in wanted}
        try:
            return list(TopologicalSorter(graph).static_order())
        except CycleError as error:
            raise invalid(f"Circular dependency between resources: {error.args[1]}") from None

    def _needs(self, name: str) -> Iterator[str]:
        resource = self.resources[name]
        after = resource.get("DependsOn", [])
        yield from [after] if isinstance(after, str) else after
        parameters = self.tree.get("Parameters") or {}
        yield from (
            each for each in _named(resource.get("Properties", {})) if each not in parameters and "::" not in each
        )


@dataclass(frozen=True, slots=True)
class Resolver:
    """Resolves functions: parameters and pseudo parameters, conditions, and resources that are there."""

    values: Mapping[str, Any]
    conditions: Mapping[str, bool]
    look: Look

    def __call__(self, node: Any) -> Any:
        """Return plain data; raise Refused."""
        match node:
            case {"Ref": name}:
                return self._name(name)
            case {"Fn::GetAtt": [name, attribute]}:
                return self.look(name, attribute)
            case {"Fn::Sub": [str(text), dict(own)]}:
                return self._sub(text, self(own))
            case {"Fn::Sub": str(text)}:
                return self._sub(text, {})
            case {"Fn::If": [condition, yes, no]}:
                return self(yes if self.conditions[condition] else no)
            case {"Fn::Join": [separator, parts]}:
                return separator.join(map(str, self(parts)))
            case dict():
                return self._mapping(node)
            case list():
                return [each for each in map(self, node) if each is not NO_VALUE]
        return node

    def _sub(self, text: str, own: Mapping[str, Any]) -> str:
        found = _NAME.sub(lambda found: str(own[found[1]] if found[1] in own else self._name(found[1])), text)
        return found.replace("${!", "${")

    def _mapping(self, node: Mapping[str, Any]) -> dict[str, Any]:
        if any(name.startswith("Fn::") for name in node):
            raise invalid(f"Template error: not played here: {sorted(node)}")
        found = {name: self(each) for name, each in node.items()}
        return {name: each for name, each in found.items() if each is not NO_VALUE}

    def _name(self, name: str) -> Any:
        if name == "AWS::NoValue":
            return NO_VALUE
        if name in self.values:
            return self.values[name]
        logical, dot, attribute = name.partition(".")
        return self.look(logical, attribute if dot else None)


def _no_resource(name: str, _: str | None) -> Any:
    raise invalid(f"Template error: no resource can be named here: {name}")


def _named(node: Any) -> Iterator[str]:
    """Yield the names that a node refers to."""
    match node:
        case {"Ref": str(name)} | {"Fn::GetAtt": [str(name), _]}:
            yield name
        case {"Fn::Sub": [str(text), dict(own)]}:
            yield from (each for each in _named({"Fn::Sub": text}) if each not in own)
            yield from _named(own)
        case {"Fn::Sub": str(text)}:
            yield from (found.partition(".")[0] for found in _NAME.findall(text))
        case dict():
            for each in node.values():
                yield from _named(each)
        case list():
            for each in node:
                yield from _named(each)


def _check(name: str, value: str, declared: Mapping[str, Any]) -> None:
    explained = declared.get("ConstraintDescription", "")
    allowed = declared.get("AllowedValues")
    if allowed is not None and value not in map(str, allowed):
        raise invalid(f"Parameter {name} failed to satisfy constraint: {explained or allowed}")
    if "AllowedPattern" in declared and not re.fullmatch(str(declared["AllowedPattern"]), value):
        raise invalid(f"Parameter {name} failed to satisfy constraint: {explained or declared['AllowedPattern']}")
    if declared["Type"] == "Number":
        low, high = (float(declared.get(each, edge)) for each, edge in (("MinValue", "-inf"), ("MaxValue", "inf")))
        if not re.fullmatch(r"-?\d+(\.\d+)?", value) or not low <= float(value) <= high:
            raise invalid(f"Parameter {name} must be a number between {low} and {high}")
