"""Stack sets as resources of a stack: made with their instances, and there when the operation has ended."""

from __future__ import annotations

import time
from typing import Any, Final

from s3_guardrails.embedded.stack.kind import HalfMade, Kind, Made, Properties, World, each_of, known

_SETTINGS: Final = "Description Capabilities TemplateURL TemplateBody AutoDeployment ManagedExecution Parameters CallAs"
POLL_SECONDS: Final = 0.05


def _make_stack_set(world: World, _logical: str, given: Properties) -> Made:
    client, made = world.client("cloudformation"), Made(given["StackSetName"])
    settings = dict(each_of(given, *_SETTINGS.split()))
    client.create_stack_set(StackSetName=made.id, PermissionModel=given["PermissionModel"], **settings)
    for group in given.get("StackInstancesGroup", []):
        answer = client.create_stack_instances(StackSetName=made.id, **group, **_preferences(given))
        _wait(client, made, answer["OperationId"])
    return made


def _change_stack_set(world: World, made: Made, before: Properties, after: Properties) -> Made:
    """A change of template, parameters or preferences is one operation over all instances."""
    if before["StackInstancesGroup"] != after["StackInstancesGroup"]:
        raise HalfMade(made, "a change of StackInstancesGroup is not played here")
    client = world.client("cloudformation")
    settings = dict(
        each_of(after, "Description", "Capabilities", "TemplateURL", "TemplateBody", "Parameters", "CallAs")
    )
    answer = client.update_stack_set(StackSetName=made.id, **settings, **_preferences(after))
    _wait(client, made, answer["OperationId"])
    return made


def _delete_stack_set(world: World, made: Made) -> None:
    client = world.client("cloudformation")
    found = client.list_stack_instances(StackSetName=made.id)["Summaries"]
    if found:
        units = sorted({each["OrganizationalUnitId"] for each in found})
        regions = sorted({each["Region"] for each in found})
        targets = {"OrganizationalUnitIds": units}
        answer = client.delete_stack_instances(
            StackSetName=made.id, DeploymentTargets=targets, Regions=regions, RetainStacks=False
        )
        _wait(client, made, answer["OperationId"])
    client.delete_stack_set(StackSetName=made.id)


def _preferences(given: Properties) -> dict[str, Any]:
    """Return the preferences of an operation; their numbers may come as text, as parameters do."""
    found = given.get("OperationPreferences")
    numbers = ("Percentage", "Count")
    plain = {name: int(value) if name.endswith(numbers) else value for name, value in (found or {}).items()}
    return {"OperationPreferences": plain} if found else {}


def _wait(client: Any, made: Made, operation: str) -> None:
    while True:
        asked = {"StackSetName": made.id, "OperationId": operation}
        status = client.describe_stack_set_operation(**asked)["StackSetOperation"]["Status"]
        if status == "SUCCEEDED":
            return
        if status == "FAILED":
            raise HalfMade(made, f"Operation {operation} of {made.id} has status FAILED")
        time.sleep(POLL_SECONDS)


KINDS: Final = {
    "AWS::CloudFormation::StackSet": Kind(
        known(f"StackSetName PermissionModel OperationPreferences StackInstancesGroup {_SETTINGS}"),
        _make_stack_set,
        _delete_stack_set,
        _change_stack_set,
        fixed=known("StackSetName PermissionModel"),
    )
}
