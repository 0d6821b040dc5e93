"""One stack: resources made in the order of their dependencies, changed where they differ, taken back on failure.

Source: CloudFormation User Guide, "DeletionPolicy attribute": Retain keeps a resource also where its creation is
rolled back, RetainExceptOnCreate does not.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from botocore.exceptions import BotoCoreError, ClientError

from s3_guardrails.embedded.call import Refused
from s3_guardrails.embedded.stack.kind import (
    HalfMade,
    Kind,
    Made,
    NeedsReplacement,
    Properties,
    World,
    changed,
    replaced,
)
from s3_guardrails.embedded.stack.kind_data import KINDS as DATA
from s3_guardrails.embedded.stack.kind_function import KINDS as FUNCTION
from s3_guardrails.embedded.stack.kind_organization import KINDS as ORGANIZATION
from s3_guardrails.embedded.stack.kind_watch import KINDS as WATCH
from s3_guardrails.embedded.stack.template import Resolver, Template, invalid

KINDS: Final[Mapping[str, Kind]] = {**DATA, **FUNCTION, **ORGANIZATION, **WATCH}
FAILURES: Final = (ClientError, BotoCoreError, Refused)


class ResourceFailed(Exception):  # an outcome
    """A resource could not be made, changed or deleted; the message is CloudFormation's reason."""


@dataclass(frozen=True, slots=True)
class Resource:
    """A resource of a stack, as it was last made or changed."""

    logical: str
    type: str
    made: Made
    properties: Properties
    deletion: str

    def kept(self, *, rolled_back: bool = False) -> bool:
        """Does the resource outlive the stack?"""
        return self.deletion == "Retain" or (self.deletion == "RetainExceptOnCreate" and not rolled_back)


@dataclass(slots=True)
class Stack:
    """A stack of one account and Region. `resources`: logical id → resource, in the order in which they were made."""

    world: World
    template: Template | None = None
    given: Mapping[str, str] = field(default_factory=dict)
    status: str = "REVIEW_IN_PROGRESS"
    reason: str = ""
    resources: dict[str, Resource] = field(default_factory=dict)
    id: str = ""

    def __post_init__(self) -> None:
        """Make up an id."""
        self.id = self.id or self.world.arn("cloudformation", f"stack/{self.world.stack}/{uuid.uuid4()}")

    def create(self, template: Template, given: Mapping[str, str]) -> bool:
        """Make everything, or take back what was made; return whether the stack is there."""
        try:
            self._converge(template, given)
        except ResourceFailed as failed:
            self.reason = str(failed)
            self._take_back(list(self.resources), rolled_back=True)
            self.status = "ROLLBACK_COMPLETE"
            return False
        self.status = "CREATE_COMPLETE"
        return True

    def update(self, template: Template, given: Mapping[str, str]) -> bool:
        """Make what is new, change what differs, delete what is no longer there; on failure go back."""
        before = self.template, self.given
        try:
            self._converge(template, given)
        except ResourceFailed as failed:
            self.reason = str(failed)
            assert before[0] is not None  # noqa: S101  # only what was created is updated
            self._converge(before[0], before[1])
            self.status = "UPDATE_ROLLBACK_COMPLETE"
            return False
        self.status, self.reason = "UPDATE_COMPLETE", ""
        return True

    def delete(self, *, retain_all: bool = False) -> bool:
        """Delete what does not outlive the stack; return whether all of that is gone."""
        if retain_all:
            self.resources.clear()
        try:
            self._take_back(list(self.resources))
        except ResourceFailed as failed:
            self.status, self.reason = "DELETE_FAILED", str(failed)
            return False
        self.status = "DELETE_COMPLETE"
        return True

    def outputs(self) -> dict[str, str]:
        """Return the outputs' values; none of a stack that is being deleted."""
        if self.template is None or not self.resources or self.status.startswith("DELETE"):
            return {}
        resolve = self._resolver(self.template, self.given)
        declared = self.template.tree.get("Outputs") or {}
        wanted = (each for each in declared.items() if resolve.conditions.get(each[1].get("Condition", ""), True))
        return {name: str(resolve(each["Value"])) for name, each in wanted}

    def _resolver(self, template: Template, given: Mapping[str, str]) -> Resolver:
        values = template.parameters(given)
        return Resolver({**values, **self._pseudo()}, template.conditions({**values, **self._pseudo()}), self._look)

    def _pseudo(self) -> dict[str, str]:
        return {
            "AWS::AccountId": self.world.account,
            "AWS::Partition": "aws",
            "AWS::Region": self.world.region,
            "AWS::StackId": self.id,
            "AWS::StackName": self.world.stack,
            "AWS::URLSuffix": "amazonaws.com",
        }

    def _look(self, logical: str, attribute: str | None) -> str:
        if logical not in self.resources:
            raise invalid(f"Template format error: Unresolved resource dependencies [{logical}]")
        made = self.resources[logical].made
        if attribute is not None and attribute not in made.attributes:
            raise invalid(f"Template error: resource {logical} does not support attribute type {attribute}")
        return made.id if attribute is None else made.attributes[attribute]

    def _converge(self, template: Template, given: Mapping[str, str]) -> None:
        resolve = self._resolver(template, given)
        order, old = template.order(resolve.conditions), []
        for logical in order:
            declared = template.resources[logical]
            old += self._settle(logical, declared, resolve)
        self.template, self.given = template, dict(given)
        for each in old:
            self._delete(each)
        self._take_back([each for each in self.resources if each not in order])

    def _settle(self, logical: str, declared: Mapping[str, Any], resolve: Resolver) -> list[Resource]:
        """Make or change one resource; return what it replaces."""
        kind = KINDS.get(declared["Type"])
        try:
            if kind is None:
                raise invalid(f"Unrecognized resource types: [{declared['Type']}]")
            properties = resolve(declared.get("Properties", {}))
            kind.check(logical, properties)
            properties = kind.tagged(properties, self.world.tags)
            made, replaces = self._made(kind, logical, properties)
        except HalfMade as half:
            self._note(logical, declared, half.made, {})
            raise _failed(logical, declared["Type"], half) from None
        except FAILURES as error:
            raise _failed(logical, declared["Type"], error) from None
        self._note(logical, declared, made, properties)
        return replaces

    def _note(self, logical: str, declared: Mapping[str, Any], made: Made, properties: Properties) -> None:
        deletion = declared.get("DeletionPolicy", "Delete")
        self.resources[logical] = Resource(logical, declared["Type"], made, properties, deletion)

    def _made(self, kind: Kind, logical: str, properties: Properties) -> tuple[Made, list[Resource]]:
        known = self.resources.get(logical)
        if known is None:
            return kind.make(self.world, logical, properties), []
        differ = changed(known.properties, properties)
        if not differ:
            return known.made, []
        change = replaced if differ & kind.fixed else kind.change
        try:
            return change(self.world, known.made, known.properties, properties), []
        except NeedsReplacement:
            return kind.make(self.world, logical, properties), [known]

    def _take_back(self, logicals: list[str], *, rolled_back: bool = False) -> None:
        for logical in reversed(logicals):
            resource = self.resources.pop(logical)
            if not resource.kept(rolled_back=rolled_back):
                self._delete(resource)

    def _delete(self, resource: Resource) -> None:
        try:
            KINDS[resource.type].delete(self.world, resource.made)
        except FAILURES as error:
            raise _failed(resource.logical, resource.type, error) from None


def _failed(logical: str, kind: str, error: Exception) -> ResourceFailed:
    return ResourceFailed(f"ResourceLogicalId:{logical}, ResourceType:{kind}, ResourceStatusReason:{error}.")
