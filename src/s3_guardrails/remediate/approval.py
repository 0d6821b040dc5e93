"""Who approved a plan: one of the declared approvers did, in the execution that asks, and not the one who started it.

Whoever starts an execution chooses its parameters, and may name any execution to the function: nothing that they say is
relied on. Source: Systems Manager API Reference, GetAutomationExecution; Automation actions reference, aws:approve.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from botocore.exceptions import BotoCoreError, ClientError

from s3_guardrails.errors import ChangeFailed, LiveReadFailed
from s3_guardrails.live.call import sentence
from s3_guardrails.live.clients import SessionClients

STEP: Final = "Approve"
ACTION: Final = "aws:approve"
APPROVED: Final = ("Approve", "Approved")
"""The signal, and the status that it leads to: the documentation does not say which of them a decision tells."""
_SESSION: Final = re.compile(r"arn:([^:]+):sts::([0-9]{12}):assumed-role/([^/]+)/.*")
_ROLE: Final = re.compile(r"arn:([^:]+):iam::([0-9]{12}):role/(?:.*/)?([^/]+)")
_IDENTITY_CENTER: Final = "AWSReservedSSO_"


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What an approval must be of: this document, calling this function, showing this headline of a plan.

    `approvers`: ARNs of who may approve; a role's stands for its sessions.
    """

    document: str
    function: str
    headline: str
    approvers: tuple[str, ...]


def check_approval(clients: SessionClients, region: str, execution: str, asked: Asked) -> frozenset[str]:
    """Return the approvers; raise ChangeFailed where nobody approved this plan, or only who started the execution."""
    try:
        found = clients.client("ssm", region).get_automation_execution(AutomationExecutionId=execution)
    except (ClientError, BotoCoreError) as error:
        raise LiveReadFailed(sentence(error)) from error
    return approved_by(found["AutomationExecution"], asked)


def approved_by(execution: Mapping[str, Any], asked: Asked) -> frozenset[str]:
    """Return who approved, as GetAutomationExecution tells; raise ChangeFailed."""
    for wrong in _wrong(execution, asked):
        raise ChangeFailed("NOT_APPROVED", f"the execution {execution.get('AutomationExecutionId')} {wrong}")
    initiator = execution["ExecutedBy"]
    approvers = frozenset(each for each in _approvers(execution, asked) if _may(each, asked.approvers))
    if not approvers:
        raise ChangeFailed("NOT_APPROVED", f"none of {', '.join(asked.approvers)} approved {asked.headline}")
    others = frozenset(each for each in approvers if not same_person(each, initiator))
    if not others:
        raise ChangeFailed("SELF_APPROVED", f"{initiator} started the execution and cannot approve it alone")
    return others


def same_person(one: str, other: str) -> bool:
    """Is the same person behind two ARNs? Whoever assumes a role names the session, so a role's sessions are one.

    IAM Identity Center names a session after its user, whatever the permission set.
    """
    names = _user(one), _user(other)
    if all(names):
        return names[0] == names[1]
    return (_role(one) or one.casefold()) == (_role(other) or other.casefold())


def _user(arn: str) -> str | None:
    session = _SESSION.fullmatch(arn)
    told = session and session[3].startswith(_IDENTITY_CENTER)
    return arn.rsplit("/", 1)[1].casefold() if told else None


def _wrong(execution: Mapping[str, Any], asked: Asked) -> Iterator[str]:
    if execution.get("DocumentName") != asked.document:
        yield f"is not one of the document {asked.document}"
    if execution.get("Parameters", {}).get("FunctionArn", [asked.function]) != [asked.function]:
        yield f"calls another function than {asked.function}"
    if execution.get("ExecutionEndTime"):
        yield "has ended"
    if not execution.get("ExecutedBy"):
        yield "does not say who started it"


def _approvers(execution: Mapping[str, Any], asked: Asked) -> Iterator[str]:
    """Yield who approved, as the approval step's outputs say; a comment is anybody's text and never looked at."""
    for step in execution.get("StepExecutions", ()):
        if (step.get("StepName"), step.get("Action"), step.get("StepStatus")) != (STEP, ACTION, "Success"):
            continue
        shown = step.get("Inputs", {}).get("Message", "").removeprefix('"')  # inputs are told as JSON
        if not shown.startswith(asked.headline):
            continue
        for told in step.get("Outputs", {}).get("ApproverDecisions", ()):
            yield from _approving(told)


def _may(who: str, approvers: tuple[str, ...]) -> bool:
    return who in approvers or _role(who) in {_role(each) for each in approvers if _ROLE.fullmatch(each)}


def _role(arn: str) -> str | None:
    """Return partition, account and name of a role or of a session's role, whose path no session tells."""
    found = _SESSION.fullmatch(arn) or _ROLE.fullmatch(arn)
    return f"{found[1]}:{found[2]}:{found[3]}" if found else None


def _approving(told: Any) -> Iterator[str]:
    """Yield who approves: `{"Approver": ARN, "Decision": "Approve", …}`, or a list; anything else counts for nobody."""
    try:
        found = json.loads(told) if isinstance(told, str) else told
    except ValueError:
        return
    for each in found if isinstance(found, list) else [found]:
        if isinstance(each, Mapping) and each.get("Decision") in APPROVED:
            yield str(each.get("Approver", ""))
