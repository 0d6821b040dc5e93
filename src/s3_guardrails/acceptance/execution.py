"""Remediations, started as people start them: a click in AWS Config, or an Automation of Systems Manager."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any, Final

from s3_guardrails.acceptance.outcome import Skipped, Stopped, Unlike
from s3_guardrails.acceptance.run import Run
from s3_guardrails.fleet.rule_name import rule_of
from s3_guardrails.preflight.region import WITHOUT_REMEDIATION

WAITING: Final = "Waiting"
SUCCESS: Final = "Success"
_RUNNING: Final = frozenset(
    {"Pending", "InProgress", "PendingApproval", "Scheduled", "RunbookInProgress", "Cancelling"}
)
MINUTES: Final = 8
APPROVER: Final = "approver"

Execution = Mapping[str, Any]


def deployed_rule(run: Run, rule: str) -> str:
    """Return the name under which AWS Config has a rule of the stack's pack."""
    pages = run.client("config").get_paginator("describe_config_rules").paginate()
    names = [each["ConfigRuleName"] for page in pages for each in page["ConfigRules"]]
    found = [each for each in names if rule_of(each, {rule})]
    if not found:
        raise Stopped(f"AWS Config has no rule {rule}")
    return str(found[0])


def click(run: Run, rule: str, document: str, kind: str, resource: str) -> str:
    """Start a rule's remediation in AWS Config; return the id of the execution that it made."""
    if run.region in WITHOUT_REMEDIATION:
        raise Skipped(f"AWS Config has no remediations in {run.region}")
    config, name = run.client("config"), document_name(run, document)
    before = _ids(run, name)
    asked = {"ConfigRuleName": deployed_rule(run, rule)}
    answer = config.start_remediation_execution(**asked, ResourceKeys=[{"resourceType": kind, "resourceId": resource}])
    if answer.get("FailedItems"):
        raise Stopped(f"{rule} of {resource}: {answer.get('FailureMessage')}")
    [found] = run.until(f"an execution of {name}", lambda: _ids(run, name) - before, 5)
    return str(found)


def document_name(run: Run, document: str) -> str:
    """Return the name of a document, as the stack made it."""
    logical = f"{document}Document"
    return next(each["PhysicalResourceId"] for each in run.resources() if each["LogicalResourceId"] == logical)


def start(run: Run, document: str, **given: str) -> str:
    """Start a document in Systems Manager; the template has filled in all else. Return the execution's id."""
    values = {name: [value] for name, value in given.items()}
    name = document_name(run, document)
    started = run.client("ssm").start_automation_execution(DocumentName=name, Parameters=values)
    return str(started["AutomationExecutionId"])


def ended(run: Run, execution_id: str) -> Execution:
    """Wait for an execution, approve it as the approver where it waits; return it with its steps."""
    found = at_rest(run, execution_id)
    if found["AutomationExecutionStatus"] != WAITING:
        return found
    signal = {"AutomationExecutionId": execution_id, "SignalType": "Approve"}
    run.as_role(APPROVER).client("ssm", run.region).send_automation_signal(**signal)
    return run.until(f"the execution {execution_id}", partial(_approved, run, execution_id), MINUTES)


def at_rest(run: Run, execution_id: str) -> Execution:
    """Wait until an execution ends or waits for people."""

    def ask() -> Execution | None:
        found = told(run, execution_id)
        return None if found["AutomationExecutionStatus"] in _RUNNING else found

    return run.until(f"the execution {execution_id}", ask, MINUTES)


def told(run: Run, execution_id: str) -> Execution:
    """Return an execution, as Systems Manager tells it."""
    found = run.client("ssm").get_automation_execution(AutomationExecutionId=execution_id)["AutomationExecution"]
    return dict(found)


def succeeded(execution: Execution) -> str:
    """Return the plan id of an execution that succeeded (empty where there was nothing to do); raise Unlike."""
    if execution["AutomationExecutionStatus"] != SUCCESS:
        raise Unlike(f"{execution['DocumentName']} is {execution['AutomationExecutionStatus']}: {failure(execution)}")
    return output(execution, "Plan.PlanId")


def output(execution: Execution, name: str) -> str:
    """Return an output of a step, `Step.Output`; empty where there is none."""
    if told_by_all := execution.get("Outputs", {}).get(name):
        return str(told_by_all[0])
    step, _, wanted = name.partition(".")
    for each in execution.get("StepExecutions", ()):
        if each.get("StepName") == step:
            return str((each.get("Outputs", {}).get(wanted) or [""])[0])
    return ""


def failure(execution: Execution) -> str:
    """Return what the failed step says."""
    steps = execution.get("StepExecutions", ())
    messages = [each["FailureMessage"] for each in steps if each.get("FailureMessage")]
    return str(messages[0] if messages else execution.get("FailureMessage", "no reason told"))


def _approved(run: Run, execution_id: str) -> Execution | None:
    found = told(run, execution_id)
    return None if found["AutomationExecutionStatus"] in _RUNNING | {WAITING} else found


def _ids(run: Run, document: str) -> set[str]:
    """Return the executions of a document."""
    pages = run.client("ssm").get_paginator("describe_automation_executions")
    found = pages.paginate(Filters=[{"Key": "DocumentNamePrefix", "Values": [document]}])
    return {each["AutomationExecutionId"] for page in found for each in page["AutomationExecutionMetadataList"]}
