"""What a type of resource is: how it is made, changed and deleted by calls of its service."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from s3_guardrails.embedded.call import Refused

Properties = Mapping[str, Any]
Connect = Callable[[str], Any]


@dataclass(frozen=True, slots=True)
class Made:
    """A resource that is there: what Ref returns, and its attributes."""

    id: str
    attributes: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class World:
    """Where a stack is: `client` signs as whoever deploys it. `tags`: the stack's, which its resources get too."""

    account: str
    region: str
    stack: str
    client: Connect
    tags: tuple[Mapping[str, str], ...] = ()

    def unique(self, logical: str, limit: int = 64) -> str:
        """Return a name as CloudFormation makes one up."""
        half = (limit - 15) // 2
        return f"{self.stack[:half]}-{logical[:half]}-{secrets.token_hex(6).upper()}"

    def arn(self, service: str, resource: str) -> str:
        """Return the ARN of a resource of this account and Region."""
        return f"arn:aws:{service}:{self.region}:{self.account}:{resource}"


Make = Callable[[World, str, Properties], Made]
Change = Callable[[World, Made, Properties, Properties], Made]
"""World, what is there, properties before and after → what is there then."""
Delete = Callable[[World, Made], None]


def replaced(_world: World, _made: Made, _before: Properties, _after: Properties) -> Made:
    """Stand for a type whose every change is a replacement."""
    raise NeedsReplacement


class NeedsReplacement(Exception):  # an outcome
    """The change cannot be made to the resource that is there."""


class HalfMade(Exception):  # an outcome
    """The resource is there and has failed; a roll-back deletes it."""

    def __init__(self, made: Made, reason: str) -> None:
        """Keep what there is."""
        super().__init__(reason)
        self.made = made


@dataclass(frozen=True, slots=True)
class Kind:
    """A type of resource. `known` are the properties that are played; `fixed` those whose change is a replacement."""

    known: frozenset[str]
    make: Make
    delete: Delete
    change: Change = replaced
    fixed: frozenset[str] = frozenset()

    def check(self, logical: str, properties: Properties) -> None:
        """Refuse a property that is not played: it would be left out silently."""
        if unknown := sorted(set(properties) - self.known):
            raise Refused("ValidationError", f"{logical}: encountered unsupported properties {unknown}")

    def tagged(self, properties: Properties, given: tuple[Mapping[str, str], ...]) -> Properties:
        """Add the stack's tags, where the type has tags."""
        if not given or "Tags" not in self.known:
            return properties
        return {**properties, "Tags": [*properties.get("Tags", []), *given]}


def known(text: str) -> frozenset[str]:
    """Return the words of a text."""
    return frozenset(text.split())


def changed(before: Properties, after: Properties) -> set[str]:
    """Return the names of properties that differ."""
    return {name for name in {*before, *after} if before.get(name) != after.get(name)}


def tags(properties: Properties) -> list[dict[str, str]]:
    """Return tags as most services take them."""
    return [{"Key": each["Key"], "Value": str(each["Value"])} for each in properties.get("Tags", [])]


def pairs(properties: Properties) -> dict[str, str]:
    """Return tags as a mapping."""
    return {each["Key"]: str(each["Value"]) for each in properties.get("Tags", [])}


def nothing(_world: World, _made: Made) -> None:
    """Delete nothing: what the resource set goes with another one."""


def each_of(properties: Properties, *names: str) -> Iterator[tuple[str, Any]]:
    """Yield the named properties that are given."""
    yield from ((name, properties[name]) for name in names if name in properties)
