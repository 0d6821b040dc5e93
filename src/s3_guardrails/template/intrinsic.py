"""Resolves the intrinsic functions of a template, in one deployment; what cannot be resolved becomes Unknown.

Source: CloudFormation User Guide, "Intrinsic function reference", "Pseudo parameters", "Dynamic references".
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from enum import Enum
from typing import Any, Final

from s3_guardrails.policy.truth import Truth, all_of, any_of, opposite
from s3_guardrails.template.found import ACCOUNT, REGION, Assignment, Other
from s3_guardrails.template.functions import find_in_map, join, plain, select, split, textual
from s3_guardrails.template.marks import dynamic, unknown, whole
from s3_guardrails.template.reference import attribute, identity
from s3_guardrails.template.template import Template
from s3_guardrails.template.value import Node, Unknown, joined, scalar, texts


class _Gone(Enum):
    """The value of ``AWS::NoValue``: the entry that has it is left out."""

    NO_VALUE = "AWS::NoValue"


NO_VALUE: Final = _Gone.NO_VALUE
_SUFFIXES: Final = {"aws-cn": "amazonaws.com.cn"}
_PLACE: Final = re.compile(r"\$\{(!?)([^}]*)\}")


class Resolver:
    """Resolves parts of one template under one assignment of what is not known."""

    def __init__(self, template: Template, assignment: Assignment) -> None:
        """Start with nothing resolved."""
        self.template = template
        self.assignment = assignment
        self._open: set[str] = set()
        self._found: dict[str, Node] = {}
        self._truths: dict[str, Truth] = {}

    def resolve(self, node: Any) -> Node:
        """Return the value; entries that are AWS::NoValue are gone."""
        if isinstance(node, str):
            return dynamic(node)
        if isinstance(node, list):
            return [value for each in node if (value := self.resolve(each)) is not NO_VALUE]
        if not isinstance(node, Mapping):
            return node
        if len(node) == 1:
            ((name, argument),) = node.items()
            if name == "Ref" or (isinstance(name, str) and name.startswith("Fn::")):
                return self._call(name, argument)
        found = ((name, self.resolve(each)) for name, each in node.items())
        return {name: value for name, value in found if value is not NO_VALUE}

    def _call(self, name: str, argument: Any) -> Node:
        function = _FUNCTIONS.get(name)
        found = function(self, argument) if function else None
        return unknown(name, argument) if found is None else found

    def ref(self, name: Any) -> Node:
        """Return what ``Ref`` gives; None where the name means nothing."""
        if name == NO_VALUE.value:
            return NO_VALUE
        if not isinstance(name, str):
            return None
        if name in self.template.parameters:
            return self.parameter(name)
        if name.startswith("AWS::"):
            return self._pseudo(name)
        if name in self.template.resources:
            return self._once(f"Ref {name}", lambda: identity(self, name))
        return None

    def parameter(self, name: str) -> Node:
        """Return a parameter's value: as assigned, as the user says, its default, or Unknown."""
        declared = self.template.parameters[name]
        kind = str(declared.get("Type", "String"))
        value: Any = self.assignment.get(name)
        if value is None:
            value = self.template.given(name)
        if value is None and not kind.startswith("AWS::SSM::Parameter::Value"):
            value = declared.get("Default")
        if value is None or isinstance(value, Other | dict | list):
            return Unknown(f"parameter `{name}`")
        if kind == "CommaDelimitedList" or "List<" in kind:
            return [each.strip() for each in scalar(value).split(",")]
        return scalar(value)

    def _pseudo(self, name: str) -> Node:
        assigned = self.assignment.get(name, self.template.given(name))
        if isinstance(assigned, str):
            return assigned
        if name == "AWS::URLSuffix":
            return _SUFFIXES.get(self.template.options.partition, "amazonaws.com")
        names = {ACCOUNT: "the account", REGION: "the Region", "AWS::StackName": "the stack's name"}
        return Unknown(names.get(name, f"`{name}`"))

    def get_attribute(self, argument: Any) -> Node:
        """Return what ``Fn::GetAtt`` gives; None where it is not known."""
        parts = argument.split(".", 1) if isinstance(argument, str) else argument
        if not (isinstance(parts, list) and len(parts) == 2 and all(isinstance(each, str) for each in parts)):
            return None
        name, which = parts
        return self._once(f"{name}.{which}", lambda: attribute(self, name, which))

    def _once(self, key: str, found: Callable[[], Node]) -> Node:
        """Follow a reference once, and not while it is being followed already."""
        if key in self._open:
            return None
        if key not in self._found:
            self._open.add(key)
            self._found[key] = found()
            self._open.remove(key)
        return self._found[key]

    def condition(self, name: Any) -> Truth:
        """Is a condition of the template true? None where that is not known."""
        key = f"condition {name}"
        if not isinstance(name, str) or name not in self.template.conditions or key in self._open:
            return None
        if name not in self._truths:
            self._open.add(key)
            self._truths[name] = self.truth(self.template.conditions[name])
            self._open.remove(key)
        return self._truths[name]

    def truth(self, node: Any) -> Truth:
        """Evaluate a condition function."""
        if not (isinstance(node, Mapping) and len(node) == 1):
            return None
        ((name, argument),) = node.items()
        listed = argument if isinstance(argument, list) else []
        match name:
            case "Condition":
                return self.condition(argument)
            case "Fn::Not" if len(listed) == 1:
                return opposite(self.truth(listed[0]))
            case "Fn::And" if listed:
                return all_of([self.truth(each) for each in listed])
            case "Fn::Or" if listed:
                return any_of([self.truth(each) for each in listed])
            case "Fn::Equals" if len(listed) == 2:
                return self._equal(*listed)
        return None

    def _equal(self, one: Any, other: Any) -> Truth:
        left, right = self.resolve(one), self.resolve(other)
        if plain(left) and plain(right):
            return scalar(left) == scalar(right)
        for side, literal in ((one, right), (other, left)):
            name = side.get("Ref") if isinstance(side, Mapping) else None
            assigned = self.assignment.get(name) if isinstance(name, str) else None
            if isinstance(assigned, Other) and plain(literal) and scalar(literal) in assigned.than:
                return False
        return None


def _if(resolver: Resolver, argument: Any) -> Node:
    if not (isinstance(argument, list) and len(argument) == 3):
        return None
    truth = resolver.condition(argument[0])
    if truth is not None:
        return resolver.resolve(argument[1 if truth else 2])
    branches = [resolver.resolve(each) for each in argument[1:]]
    return branches[0] if branches[0] == branches[1] else None


def _sub(resolver: Resolver, argument: Any) -> Node:
    """``${Name}``, ``${Name.Attribute}``, and ``${!Literal}`` for the literal ``${Literal}``."""
    listed = argument if isinstance(argument, list) else [argument, {}]
    if not (len(listed) == 2 and isinstance(listed[0], str) and isinstance(listed[1], Mapping)):
        return None
    return whole("Fn::Sub", argument, joined(*_substituted(resolver, listed[0], listed[1])))


def _substituted(resolver: Resolver, text: str, own: Mapping[str, Any]) -> Iterator[Node]:
    position = 0
    for found in _PLACE.finditer(text):
        yield from texts(dynamic(text[position : found.start()]))
        position = found.end()
        name = found[2]
        if found[1]:
            yield f"${{{name}}}"
            continue
        value = resolver.resolve(own[name]) if name in own else _named(resolver, name)
        yield value if textual(value) else unknown("Fn::Sub", found[0])
    yield from texts(dynamic(text[position:]))


def _named(resolver: Resolver, name: str) -> Node:
    value = resolver.ref(name) if "." not in name else resolver.get_attribute(name)
    return unknown("Fn::GetAtt" if "." in name else "Ref", name) if value is None else value


_FUNCTIONS: Final[Mapping[str, Callable[[Resolver, Any], Node]]] = {
    "Ref": Resolver.ref,
    "Fn::GetAtt": Resolver.get_attribute,
    "Fn::If": _if,
    "Fn::Join": join,
    "Fn::Split": split,
    "Fn::Select": select,
    "Fn::FindInMap": find_in_map,
    "Fn::Sub": _sub,
}
