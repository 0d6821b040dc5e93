"""An execution in the shapes of GetAutomationExecution and DescribeAutomationExecutions."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from threading import Lock
from typing import Any

from s3_guardrails.embedded.automation.execution import Execution, StepRun


@dataclass(frozen=True, slots=True)
class Started:
    """An execution, and how it came to be: document, the texts of its parameters, and the ARN of who started it."""

    execution: Execution
    document: str
    version: str
    parameters: Mapping[str, list[str]]
    executed_by: str
    lock: Lock


def summary(started: Started) -> dict[str, Any]:
    """Return what a listing shows of an execution."""
    execution = started.execution
    current = execution.steps[-1].step if execution.steps and execution.ended is None else None
    return _filled(
        AutomationExecutionId=execution.id,
        DocumentName=started.document,
        DocumentVersion=started.version,
        AutomationExecutionStatus=execution.status,
        ExecutionStartTime=execution.started.timestamp(),
        ExecutionEndTime=execution.ended and execution.ended.timestamp(),
        ExecutedBy=started.executed_by,
        Mode="Auto",
        Outputs=_texts(execution.outputs),
        FailureMessage=execution.failure,
        CurrentStepName=current and current.name,
        CurrentAction=current and current.action,
    )


def details(started: Started) -> dict[str, Any]:
    """Return all of an execution, its steps in the order in which they ran."""
    execution = started.execution
    steps = [_step(each) for each in list(execution.steps)]
    return {
        **summary(started),
        "Parameters": dict(started.parameters),
        "StepExecutions": steps,
        "StepExecutionsTruncated": False,
        **_filled(Variables=_texts(execution.variables)),
    }


def _step(run: StepRun) -> dict[str, Any]:
    step = run.step
    outputs = {**run.outputs, **(run.approval.outputs if run.approval else {})}
    return _filled(
        StepName=step.name,
        StepExecutionId=run.id,
        Action=step.action,
        StepStatus=run.status,
        ExecutionStartTime=run.started.timestamp(),
        ExecutionEndTime=run.ended and run.ended.timestamp(),
        Inputs={name: json.dumps(value) for name, value in run.inputs.items()},
        Outputs=_texts(outputs),
        FailureMessage=run.failure,
        TimeoutSeconds=step.timeout,
        MaxAttempts=step.max_attempts,
        OnFailure=step.on_failure,
        NextStep=step.next_step,
        IsEnd=step.is_end,
        IsCritical=step.is_critical,
    )


def _texts(values: Mapping[str, Any]) -> dict[str, list[str]]:
    """Outputs are lists of strings: a list one by one, anything but a string as JSON."""
    return {
        name: [_text(each) for each in (value if isinstance(value, list) else [value])]
        for name, value in values.items()
    }


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def _filled(**members: Any) -> dict[str, Any]:
    return {name: value for name, value in members.items() if value not in (None, "", {})}
