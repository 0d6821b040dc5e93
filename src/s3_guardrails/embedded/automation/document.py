"""Read an Automation document of schema version 0.3, or say where it is not one that is played here."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import yaml

from s3_guardrails.embedded.automation.action import ACTIONS, RESERVED, Action
from s3_guardrails.embedded.automation.fields import DocumentError, Kind, checked, one_of
from s3_guardrails.embedded.automation.links import check_links
from s3_guardrails.embedded.automation.selector import is_selector
from s3_guardrails.embedded.automation.step_inputs import check_inputs
from s3_guardrails.embedded.automation.values import TYPES, Parameter

MAX_BYTES: Final = 64 * 1024

_TOP: Final = {
    "description": Kind.TEXT,
    "assumeRole": Kind.TEXT,
    "parameters": Kind.OBJECT,
    "variables": Kind.OBJECT,
    "outputs": Kind.LIST,
}
_STEP: Final = {
    "description": Kind.TEXT,
    "inputs": Kind.OBJECT,
    "outputs": Kind.LIST,
    "maxAttempts": Kind.INTEGER,
    "timeoutSeconds": Kind.INTEGER,
    "onFailure": Kind.TEXT,
    "onCancel": Kind.TEXT,
    "isEnd": Kind.BOOLEAN,
    "nextStep": Kind.TEXT,
    "isCritical": Kind.BOOLEAN,
}
_OUTPUT: Final = {"Name": Kind.TEXT, "Selector": Kind.TEXT, "Type": Kind.TEXT}


@dataclass(frozen=True, slots=True)
class Output:
    """An output that a step declares: what to select from its response, and of which type it must be."""

    name: str
    selector: str
    type: str


@dataclass(frozen=True, slots=True)
class Step:
    """One step. `on_failure` and `on_cancel` are ``Abort``, ``Continue`` or ``step:name``; `timeout` is in seconds."""

    name: str
    action: str
    inputs: Mapping[str, Any]
    outputs: tuple[Output, ...]
    max_attempts: int
    timeout: int
    on_failure: str
    on_cancel: str
    is_end: bool
    next_step: str | None
    is_critical: bool


@dataclass(frozen=True, slots=True)
class Document:
    """A document; `outputs` are references to outputs of steps, `assume_role` is an ARN or a reference, or empty."""

    description: str
    assume_role: str
    parameters: Mapping[str, Parameter]
    variables: Mapping[str, Parameter]
    outputs: tuple[str, ...]
    steps: Mapping[str, Step]


def parse_document(text: str) -> Document:
    """Return the document of YAML (or JSON) text; raise DocumentError."""
    if len(text.encode()) > MAX_BYTES:
        raise DocumentError("document", f"expected at most {MAX_BYTES} bytes, found {len(text.encode())}")
    try:
        data = yaml.load(text, Loader=_Loader)  # noqa: S506  # a SafeLoader
    except yaml.YAMLError as error:
        raise DocumentError("document", f"not YAML: {' '.join(str(error).split())}") from None
    checked("", data, {"schemaVersion": Kind.TEXT, "mainSteps": Kind.LIST}, _TOP)
    one_of("schemaVersion", data["schemaVersion"], frozenset({"0.3"}))
    steps = [_step(f"mainSteps[{index}]", each) for index, each in enumerate(data["mainSteps"])]
    document = Document(
        description=data.get("description", ""),
        assume_role=data.get("assumeRole", ""),
        parameters=_declared("parameters", data),
        variables=_declared("variables", data),
        outputs=tuple(_text(f"outputs[{index}]", each) for index, each in enumerate(data.get("outputs", []))),
        steps={each.name: each for each in steps},
    )
    if not steps:
        raise DocumentError("mainSteps", "expected at least one step")
    if len(document.steps) < len(steps):
        raise DocumentError("mainSteps", "expected names that differ")
    check_links(data, document.parameters, document.variables)
    return document


def _declared(section: str, data: Mapping[str, Any]) -> dict[str, Parameter]:
    declared = {name: Parameter.read(f"{section}.{name}", name, each) for name, each in data.get(section, {}).items()}
    for name, each in declared.items():
        if section == "variables" and not each.optional:
            raise DocumentError(f"{section}.{name}", "expected a default")
    return declared


def _step(path: str, data: Any) -> Step:
    checked(path, data, {"name": Kind.TEXT, "action": Kind.TEXT}, _STEP)
    if not re.fullmatch(r"[a-zA-Z0-9_]{3,128}", data["name"]):
        raise DocumentError(f"{path}.name", "expected 3 to 128 letters, digits and underscores")
    action = ACTIONS[one_of(f"{path}.action", data["action"], frozenset(ACTIONS))]
    inputs = data.get("inputs", {})
    checked(f"{path}.inputs", inputs, action.required, action.optional, open_ended=action.open_ended)
    check_inputs(f"{path}.inputs", data["action"], inputs)
    on_failure = _handler(f"{path}.onFailure", data.get("onFailure", "Abort"), {"Abort", "Continue"})
    if "onCancel" in data and not action.may_be_cancelled:
        raise DocumentError(f"{path}.onCancel", f"not for {data['action']}")
    return Step(
        name=data["name"],
        action=data["action"],
        inputs=inputs,
        outputs=_outputs(path, data.get("outputs", []), action),
        max_attempts=_at_least_one(f"{path}.maxAttempts", data.get("maxAttempts", 1)),
        timeout=_timeout(path, data, action),
        on_failure=on_failure,
        on_cancel=_handler(f"{path}.onCancel", data.get("onCancel", "Abort"), {"Abort"}),
        is_end=data.get("isEnd", False),
        next_step=data.get("nextStep"),
        is_critical=data.get("isCritical", on_failure != "Continue"),
    )


def _outputs(path: str, data: list[Any], action: Action) -> tuple[Output, ...]:
    if data and not action.declares_outputs:
        raise DocumentError(f"{path}.outputs", "the action has no outputs to declare")
    found = []
    for index, each in enumerate(data):
        place = f"{path}.outputs[{index}]"
        checked(place, each, _OUTPUT, {})
        one_of(f"{place}.Type", each["Type"], frozenset(TYPES))
        if not is_selector(each["Selector"]):
            raise DocumentError(f"{place}.Selector", "not a selector that is played here")
        reserved = (*action.outputs, RESERVED)
        if each["Name"] in reserved:
            raise DocumentError(f"{place}.Name", f"reserved are {', '.join(reserved)}")
        found.append(Output(each["Name"], each["Selector"], each["Type"]))
    return tuple(found)


def _timeout(path: str, data: Mapping[str, Any], action: Action) -> int:
    timeout = _at_least_one(f"{path}.timeoutSeconds", data.get("timeoutSeconds", action.default_timeout))
    if action.longest and timeout > action.longest:
        raise DocumentError(f"{path}.timeoutSeconds", f"expected at most {action.longest}")
    return timeout


def _handler(path: str, value: str, words: set[str]) -> str:
    if value not in words and not value.startswith("step:"):
        raise DocumentError(path, f"expected {', '.join(sorted(words))} or step:name")
    return value


def _at_least_one(path: str, value: int) -> int:
    if value < 1:
        raise DocumentError(path, "expected a positive number")
    return value


def _text(path: str, value: Any) -> str:
    if not isinstance(value, str):
        raise DocumentError(path, "expected a string")
    return value


class _Loader(yaml.SafeLoader):
    """YAML without dates, and without two values under one name."""


def _mapping(loader: _Loader, node: yaml.MappingNode) -> dict[Any, Any]:
    names = [loader.construct_object(key) for key, _ in node.value]
    doubled = sorted({str(name) for name in names if names.count(name) > 1})
    if doubled:
        raise yaml.constructor.ConstructorError(None, None, f"two members `{doubled[0]}`", node.start_mark)
    loader.flatten_mapping(node)
    return loader.construct_mapping(node, deep=True)


_Loader.add_constructor("tag:yaml.org,2002:map", _mapping)
_Loader.add_constructor("tag:yaml.org,2002:timestamp", lambda _, node: str(node.value))
