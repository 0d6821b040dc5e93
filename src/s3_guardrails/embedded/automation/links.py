"""What a document refers to: steps that are jumped to, and names in ``{{ }}``, must all exist."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from s3_guardrails.embedded.automation.action import ACTIONS
from s3_guardrails.embedded.automation.fields import DocumentError, references

SYSTEM: Final = frozenset(
    {
        "global:ACCOUNT_ID",
        "global:AWS_PARTITION",
        "global:DATE",
        "global:DATE_TIME",
        "global:REGION",
        "automation:EXECUTION_ID",
    }
)
"""System variables (User Guide, "Automation system variables") that are played."""


def check_links(data: Mapping[str, Any], parameters: Mapping[str, Any], variables: Mapping[str, Any]) -> None:
    """Raise DocumentError for a jump or a reference that leads nowhere; the document's members are already checked."""
    steps = data["mainSteps"]
    names = {step["name"] for step in steps}
    for index, step in enumerate(steps):
        for place, target in jumps(step):
            if target not in names:
                raise DocumentError(f"mainSteps[{index}].{place}", f"no step is called `{target}`")
    outputs = {output for step in steps for output in outputs_of(step)}
    known = outputs | set(parameters) | {f"variable:{each}" for each in variables} | SYSTEM
    for index, step in enumerate(steps):
        _resolved(f"mainSteps[{index}].inputs", references(step.get("inputs", {})), known)
        _updated(f"mainSteps[{index}].inputs.Name", step, variables)
    _resolved("assumeRole", references(data.get("assumeRole", "")), set(parameters))
    for index, each in enumerate(data.get("outputs", [])):
        _resolved(f"outputs[{index}]", references(each) or [each], outputs)


def jumps(step: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Return place and target of every jump of a step."""
    if "nextStep" in step:
        yield "nextStep", step["nextStep"]
    for place in ("onFailure", "onCancel"):
        if step.get(place, "").startswith("step:"):
            yield place, step[place].removeprefix("step:")
    if step["action"] == "aws:branch":
        inputs = step["inputs"]
        for index, each in enumerate(inputs["Choices"]):
            yield f"inputs.Choices[{index}].NextStep", each["NextStep"]
        if "Default" in inputs:
            yield "inputs.Default", inputs["Default"]


def outputs_of(step: Mapping[str, Any]) -> list[str]:
    """Return the references to a step's outputs."""
    declared = [each["Name"] for each in step.get("outputs", [])]
    return [f"{step['name']}.{each}" for each in (*declared, *ACTIONS[step["action"]].outputs)]


def _resolved(path: str, names: list[str], known: set[str]) -> None:
    for name in names:
        if name not in known:
            raise DocumentError(path, f"`{name}` is no parameter, variable or output of a step")


def _updated(path: str, step: Mapping[str, Any], variables: Mapping[str, Any]) -> None:
    if step["action"] != "aws:updateVariable":
        return
    name = step["inputs"]["Name"].removeprefix("variable:")
    if name not in variables:
        raise DocumentError(path, f"`{name}` is no variable of the document")
