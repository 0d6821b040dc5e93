"""Who approved an execution: somebody did, and not the one who started it.

Source: Systems Manager API Reference, GetAutomationExecution; Automation actions reference, aws:approve.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any, Final

from botocore.exceptions import BotoCoreError, ClientError

from s3_guardrails.errors import ChangeFailed, LiveReadFailed
from s3_guardrails.live.call import sentence
from s3_guardrails.live.clients import SessionClients

STEP: Final = "Approve"
_ARN: Final = re.compile(r"arn:[^:]+:(?:iam|sts)::[0-9]{12}:.+")
_SESSION: Final = re.compile(r"arn:([^:]+):sts::([0-9]{12}):assumed-role/([^/]+)/.*")


def check_approval(clients: SessionClients, region: str, execution: str) -> frozenset[str]:
    """Return the approvers; raise ChangeFailed where nobody approved, or only who started the execution."""
    try:
        found = clients.client("ssm", region).get_automation_execution(AutomationExecutionId=execution)
    except (ClientError, BotoCoreError) as error:
        raise LiveReadFailed(sentence(error)) from error
    execution_data = found["AutomationExecution"]
    initiator, approvers = execution_data.get("ExecutedBy", ""), _approvers(execution_data)
    if not approvers:
        raise ChangeFailed("NOT_APPROVED", f"the step {STEP} of {execution} was not approved by anybody")
    others = frozenset(each for each in approvers if person(each) != person(initiator))
    if not others:
        raise ChangeFailed("SELF_APPROVED", f"{initiator} started the execution and cannot approve it alone")
    return others


def person(arn: str) -> str:
    """Return who is behind an ARN: sessions of one role are told apart by their name."""
    session = _SESSION.fullmatch(arn)
    return f"{session[2]}:{session[3]}:{arn.rsplit('/', 1)[1]}" if session else arn


def _approvers(execution: Mapping[str, Any]) -> frozenset[str]:
    """Return who approved, as the approval step's outputs say; a comment is anybody's text and never looked at."""
    for step in execution.get("StepExecutions", ()):
        if step.get("StepName") == STEP and step.get("StepStatus") == "Success":
            decisions = map(_decision, step.get("Outputs", {}).get("ApproverDecisions", ()))
            return frozenset(who for who, approved in decisions if approved and _ARN.fullmatch(who))
    return frozenset()


def _decision(text: Any) -> tuple[str, bool]:
    """Read one decision, `{"Approver": ARN, "Decision": "Approve", …}`; what is not one counts for nobody."""
    try:
        found = json.loads(text) if isinstance(text, str) else text
    except ValueError:
        return "", False
    if not isinstance(found, Mapping):
        return "", False
    return str(found.get("Approver", "")), found.get("Decision") == "Approve"
