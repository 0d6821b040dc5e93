"""CloudFormation's API: stacks of an account, and service-managed stack sets of the organization.

Source: CloudFormation API Reference. Self-managed stack sets, change sets and drift are not played.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from threading import Thread
from typing import Any, Final

from moto.s3.models import s3_backends

from s3_guardrails.embedded.call import Answer, Call, Refused
from s3_guardrails.embedded.stack.kind import World
from s3_guardrails.embedded.stack.query import answered, nested
from s3_guardrails.embedded.stack.stack import Stack
from s3_guardrails.embedded.stack.template import Template, invalid

MAX_BODY: Final = 51_200
MAX_OBJECT: Final = 1_000_000
_URL: Final = re.compile(r"https://([a-z0-9.-]+)\.s3[.-]([a-z0-9-]+)\.amazonaws\.com/(.+)")

Connect = Callable[[str, str, str], Any]
"""Service, Region and access key → client."""


def template_of(given: Mapping[str, Any]) -> Template:
    """Return the template of a call: a body of at most 51,200 bytes, or an object of S3 of at most 1 MB."""
    if body := given.get("TemplateBody"):
        if len(body.encode()) > MAX_BODY:
            message = f"1 validation error detected: 'templateBody' must have length less than or equal to {MAX_BODY}"
            raise invalid(message)
        return Template.parse(body)
    found = _URL.fullmatch(given.get("TemplateURL", ""))
    _, owner = s3_backends.bucket_accounts.get(found[1], (None, None)) if found else (None, None)
    content = s3_backends[owner]["aws"].buckets[found[1]].keys.get(found[3]) if found and owner else None
    if content is None:
        raise invalid(f"S3 error: TemplateURL must reference a valid S3 object: {given.get('TemplateURL')}")
    if len(content.value) > MAX_OBJECT:
        raise invalid(f"Template may not exceed {MAX_OBJECT} bytes in size.")
    return Template.parse(content.value.decode())


def values_of(given: Mapping[str, Any], before: Mapping[str, str]) -> dict[str, str]:
    """Return parameters as name → value; UsePreviousValue takes the one from before."""
    return {
        each["ParameterKey"]: before[each["ParameterKey"]]
        if each.get("UsePreviousValue") == "true"
        else each["ParameterValue"]
        for each in given.get("Parameters") or []
        if each.get("UsePreviousValue") != "true" or each["ParameterKey"] in before
    }


def refuse_uncapable(template: Template, given: Mapping[str, Any]) -> None:
    """Refuse a template that makes roles unless the caller says so."""
    capabilities = set(given.get("Capabilities") or ())
    roles = [each for each in template.resources.values() if each["Type"] == "AWS::IAM::Role"]
    named = any("RoleName" in each.get("Properties", {}) for each in roles)
    wanted = {"CAPABILITY_NAMED_IAM"} if named else {"CAPABILITY_IAM", "CAPABILITY_NAMED_IAM"}
    if roles and not capabilities & wanted:
        raise Refused("InsufficientCapabilitiesException", f"Requires capabilities : [{min(wanted)}]")


def refuse_macros(template: Template) -> None:
    """Refuse what service-managed stack sets refuse, whatever the capabilities: macros and nested stacks."""
    nested_stacks = any(each["Type"] == "AWS::CloudFormation::Stack" for each in template.resources.values())
    if "Transform" in template.tree or "'Fn::Transform'" in str(template.tree):
        raise invalid("Transform is not supported in SERVICE_MANAGED permission model")
    if nested_stacks:
        raise invalid("Nested stacks are not supported in SERVICE_MANAGED permission model")


@dataclass(slots=True)
class StackService:
    """The stacks of one account and Region, without those of stack sets. Methods ``on_…`` answer operations."""

    connect: Connect
    stacks: dict[str, Stack] = field(default_factory=dict)
    threads: list[Thread] = field(default_factory=list)

    def on_create_stack(self, call: Call) -> Answer:
        """Begin to create a stack as the caller."""
        given = nested(call.parameters)
        name, template = given["StackName"], template_of(given)
        if name in self.stacks:
            raise Refused("AlreadyExistsException", f"Stack [{name}] already exists")
        self._admit(template, given)
        values = values_of(given, {})
        template.parameters(values)
        key = call.access_key
        tags = tuple(given.get("Tags") or ())
        world = World(call.account, call.region, name, lambda service: self.connect(service, call.region, key), tags)
        stack = self.stacks[name] = Stack(world)
        return self._begun(call, stack, lambda: stack.create(template, values))

    def on_update_stack(self, call: Call) -> Answer:
        """Begin to update a stack."""
        given = nested(call.parameters)
        stack = self._find(given["StackName"])
        assert stack.template is not None  # noqa: S101  # what is updated was created
        template = stack.template if given.get("UsePreviousTemplate") == "true" else template_of(given)
        self._admit(template, given)
        values = values_of(given, stack.given)
        template.parameters(values)
        if template == stack.template and values == dict(stack.given):
            raise invalid("No updates are to be performed.")
        return self._begun(call, stack, lambda: stack.update(template, values))

    def on_delete_stack(self, call: Call) -> Answer:
        """Begin to delete a stack; there need not be one."""
        stack = self.stacks.get(nested(call.parameters)["StackName"])

        def delete() -> None:
            if stack is not None and stack.delete():
                del self.stacks[stack.world.stack]

        self._begun(call, stack, delete)
        return answered(call.operation)

    def on_describe_stacks(self, call: Call) -> Answer:
        """Tell of the named stack, or of all."""
        name = nested(call.parameters).get("StackName")
        found = [self._find(name)] if name else list(self.stacks.values())
        return answered(call.operation, {"Stacks": [_described(each) for each in found]})

    def on_list_stack_resources(self, call: Call) -> Answer:
        """List the resources of a stack."""
        found = self._find(nested(call.parameters)["StackName"]).resources.values()
        return answered(
            call.operation,
            {
                "StackResourceSummaries": [
                    {"LogicalResourceId": each.logical, "PhysicalResourceId": each.made.id, "ResourceType": each.type}
                    for each in found
                ]
            },
        )

    def wait(self) -> None:
        """Wait until nothing changes any more."""
        for each in list(self.threads):
            each.join()

    def _admit(self, template: Template, given: Mapping[str, Any]) -> None:
        if "Transform" in template.tree:
            raise invalid("macros are not played here")
        refuse_uncapable(template, given)

    def _begun(self, call: Call, stack: Stack | None, work: Callable[[], Any]) -> Answer:
        if stack is not None:
            stack.status = f"{call.operation.removesuffix('Stack').upper()}_IN_PROGRESS"
        before = self.threads[-1] if self.threads else None

        def run() -> None:
            if before is not None:
                before.join()
            work()

        thread = Thread(target=run, daemon=True)
        self.threads.append(thread)
        thread.start()
        return answered(call.operation, {"StackId": stack.id if stack else secrets.token_hex(8)})

    def _find(self, name: str) -> Stack:
        found = [each for each in self.stacks.values() if name in {each.world.stack, each.id}]
        if not found:
            raise invalid(f"Stack with id {name} does not exist")
        return found[0]


def _described(stack: Stack) -> dict[str, Any]:
    return {
        "StackName": stack.world.stack,
        "StackId": stack.id,
        "StackStatus": stack.status,
        "StackStatusReason": stack.reason or None,
        "CreationTime": "2026-01-01T00:00:00Z",
        "Tags": list(stack.world.tags),
        "Outputs": [{"OutputKey": name, "OutputValue": value} for name, value in stack.outputs().items()],
    }
