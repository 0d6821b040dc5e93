"""The types of parameters, variables and outputs, and the checks that their declarations ask for."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from s3_guardrails.embedded.automation.fields import DocumentError, Kind, checked, one_of
from s3_guardrails.errors import GuardrailError

MAX_CHARACTERS: Final = 512
"""Characters of one value that StartAutomationExecution takes."""


def _is_texts(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(each, str) for each in value)


TYPES: Final[dict[str, Callable[[Any], bool]]] = {
    "String": lambda value: isinstance(value, str),
    "StringList": _is_texts,
    "Integer": lambda value: isinstance(value, int) and not isinstance(value, bool),
    "Boolean": lambda value: isinstance(value, bool),
    "StringMap": lambda value: isinstance(value, dict),
    "MapList": lambda value: isinstance(value, list) and all(isinstance(each, dict) for each in value),
}
RESOURCES: Final = {
    "AWS::S3::Bucket::Name": r"[0-9a-z][a-z0-9\-\.]{3,63}",
    "AWS::IAM::Role::Arn": r"arn:(aws|aws-cn|aws-us-gov|aws-iso|aws-iso-b):iam::[0-9]{12}:role/.+",
}
"""Types that the console picks resources for: strings of this pattern, or empty."""

_ATTRIBUTES: Final = {
    "description": Kind.TEXT,
    "default": Kind.ANY,
    "allowedValues": Kind.LIST,
    "allowedPattern": Kind.TEXT,
    "displayType": Kind.TEXT,
    "minItems": Kind.INTEGER,
    "maxItems": Kind.INTEGER,
    "minChars": Kind.INTEGER,
    "maxChars": Kind.INTEGER,
}


class ValueRefused(GuardrailError):
    """A value is not one that its parameter takes."""


@dataclass(frozen=True, slots=True)
class Parameter:
    """A declared parameter or variable. `default` counts only where `optional`."""

    name: str
    type: str
    attributes: Mapping[str, Any]

    @property
    def optional(self) -> bool:
        """May a caller leave it out?"""
        return "default" in self.attributes

    @classmethod
    def read(cls, path: str, name: str, data: Any) -> Parameter:
        """Read a declaration; its default must be a value that it takes."""
        attributes = checked(path, data, {"type": Kind.TEXT}, _ATTRIBUTES)
        one_of(f"{path}.type", attributes["type"], frozenset(TYPES | RESOURCES))
        try:
            re.compile(attributes.get("allowedPattern", ""))
        except re.error as error:
            raise DocumentError(f"{path}.allowedPattern", f"not a regular expression: {error}") from None
        parameter = cls(name, attributes["type"], attributes)
        if parameter.optional:
            try:
                parameter.check(attributes["default"])
            except ValueRefused as refused:
                raise DocumentError(f"{path}.default", str(refused)) from None
        return parameter

    def parse(self, texts: list[str]) -> Any:
        """Return the value of what StartAutomationExecution carries: a list of strings."""
        if self.type == "StringList":
            return texts
        if len(texts) != 1:
            raise ValueRefused(f"{self.name}: expected one value, found {len(texts)}")
        if self.type == "String" or self.type in RESOURCES:
            return texts[0]
        try:
            return json.loads(texts[0])
        except ValueError:
            raise ValueRefused(f"{self.name}: `{texts[0]}` is not a {self.type}") from None

    def check(self, value: Any) -> Any:
        """Return the value, or raise ValueRefused.

        A pattern must match all of it: the guide leaves open whether part is enough, so patterns should be anchored.
        """
        if not self._is_typed(value):
            raise ValueRefused(f"{self.name}: `{value}` is not a {self.type}")
        allowed, pattern = self.attributes.get("allowedValues"), self.attributes.get("allowedPattern")
        for each in value if isinstance(value, list) else [value]:
            if allowed is not None and each not in allowed:
                raise ValueRefused(f"{self.name}: `{each}` is not one of {', '.join(map(str, allowed))}")
            if pattern is not None and not re.fullmatch(pattern, str(each)):
                raise ValueRefused(f"{self.name}: `{each}` does not match {pattern}")
            self._within("Chars", len(str(each)))
        if isinstance(value, list):
            self._within("Items", len(value))
        return value

    def _is_typed(self, value: Any) -> bool:
        if self.type in RESOURCES:
            return isinstance(value, str) and (value == "" or bool(re.fullmatch(RESOURCES[self.type], value)))
        return TYPES[self.type](value)

    def _within(self, what: str, count: int) -> None:
        least, most = self.attributes.get(f"min{what}", 0), self.attributes.get(f"max{what}", count)
        if not least <= count <= most:
            raise ValueRefused(f"{self.name}: expected {least} to {most} {what.lower()}, found {count}")


def given(parameters: Mapping[str, Parameter], texts: Mapping[str, list[str]]) -> dict[str, Any]:
    """Return the value of every parameter, or raise ValueRefused: unknown, missing, too long, of another type."""
    for name, values in texts.items():
        if name not in parameters:
            raise ValueRefused(f"{name}: the document has no such parameter")
        if any(len(each) > MAX_CHARACTERS for each in values):
            raise ValueRefused(f"{name}: expected at most {MAX_CHARACTERS} characters")
    found = {}
    for name, parameter in parameters.items():
        if name in texts:
            found[name] = parameter.check(parameter.parse(texts[name]))
        elif parameter.optional:
            found[name] = parameter.attributes["default"]
        else:
            raise ValueRefused(f"{name}: expected a value, the document has no default")
    return found
