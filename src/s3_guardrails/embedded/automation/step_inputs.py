"""What can be said of a step's inputs before it runs: operations exist, scripts compile, choices are choices."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from typing import Any, Final

import botocore.session
from botocore.exceptions import UnknownServiceError
from botocore.model import OperationModel

from s3_guardrails.embedded.automation.approval import MAX_APPROVERS, MAX_MESSAGE
from s3_guardrails.embedded.automation.choice import check_choice
from s3_guardrails.embedded.automation.fields import DocumentError, one_of, whole_reference

RUNTIMES: Final = frozenset({"python3.11"})
"""The runtime that AWS tells authors to use; scripts run here under this interpreter."""

DURATION: Final = re.compile(r"P(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)S)?)?")
NOT_PARAMETERS: Final = frozenset({"Service", "Api", "PropertySelector", "DesiredValues"})


def check_inputs(path: str, action: str, inputs: Mapping[str, Any]) -> None:
    """Raise DocumentError for inputs that can never work."""
    match action:
        case "aws:executeAwsApi" | "aws:assertAwsResourceProperty" | "aws:waitForAwsResourceProperty":
            _operation(path, inputs)
        case "aws:executeScript":
            _script(path, inputs)
        case "aws:invokeLambdaFunction":
            one_of(f"{path}.InvocationType", inputs.get("InvocationType", "RequestResponse"), _SYNCHRONOUS)
            one_of(f"{path}.LogType", inputs.get("LogType", "None"), frozenset({"None", "Tail"}))
        case "aws:branch":
            if not inputs["Choices"]:
                raise DocumentError(f"{path}.Choices", "expected one or more")
            for index, each in enumerate(inputs["Choices"]):
                check_choice(f"{path}.Choices[{index}]", each)
        case "aws:approve":
            _approval(path, inputs)
        case "aws:sleep" if not DURATION.fullmatch(inputs["Duration"]):
            raise DocumentError(f"{path}.Duration", "expected a duration such as PT10M")
        case "aws:updateVariable" if not inputs["Name"].startswith("variable:"):
            raise DocumentError(f"{path}.Name", "expected variable:name")


_SYNCHRONOUS: Final = frozenset({"RequestResponse"})


@cache
def operation_model(service: str, operation: str) -> OperationModel | None:
    """Return botocore's model of an operation, or None."""
    try:
        model = botocore.session.get_session().get_service_model(service)
    except UnknownServiceError:
        return None
    return model.operation_model(operation) if operation in model.operation_names else None


def _operation(path: str, inputs: Mapping[str, Any]) -> None:
    model = operation_model(inputs["Service"], inputs["Api"])
    if model is None:
        raise DocumentError(f"{path}.Api", f"botocore knows no {inputs['Service']}:{inputs['Api']}")
    if model.has_streaming_output:
        raise DocumentError(f"{path}.Api", "an operation with a streamed answer is not supported")
    members = model.input_shape.members if model.input_shape else {}
    for name in inputs.keys() - NOT_PARAMETERS:
        if name not in members:
            raise DocumentError(f"{path}.{name}", f"{inputs['Api']} has no such parameter")


def _script(path: str, inputs: Mapping[str, Any]) -> None:
    one_of(f"{path}.Runtime", inputs["Runtime"], RUNTIMES)
    try:
        compile(inputs["Script"], "Script", "exec")
    except SyntaxError as error:
        raise DocumentError(f"{path}.Script", f"does not compile: {error}") from None


def _approval(path: str, inputs: Mapping[str, Any]) -> None:
    approvers = inputs["Approvers"]
    if isinstance(approvers, list) and not 1 <= len(approvers) <= MAX_APPROVERS:
        raise DocumentError(f"{path}.Approvers", f"expected 1 to {MAX_APPROVERS}")
    if len(inputs.get("Message", "")) > MAX_MESSAGE:
        raise DocumentError(f"{path}.Message", f"expected at most {MAX_MESSAGE} characters")
    arn = inputs.get("NotificationArn", "")
    if arn and whole_reference(arn) is None and not arn.rpartition(":")[2].startswith("Automation"):
        raise DocumentError(f"{path}.NotificationArn", "expected a topic whose name begins with Automation")
