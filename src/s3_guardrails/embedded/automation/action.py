"""What each action that is played takes, gives, and how long it may last.

Source: AWS Systems Manager User Guide, one page per action. A step may not declare an output that its action has, nor
OutputPayload: the service refuses it as "conflicting with one of the following reserved output names".
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from s3_guardrails.embedded.automation.fields import Kind, Kinds

RESERVED: Final = "OutputPayload"
WEEK: Final = 7 * 24 * 3600


@dataclass(frozen=True, slots=True)
class Action:
    """Inputs by name, outputs that every step of the action has, seconds by default and at most."""

    required: Kinds
    optional: Kinds = field(default_factory=dict)
    outputs: tuple[str, ...] = ()
    default_timeout: int = 3600
    longest: int | None = None
    open_ended: bool = False
    declares_outputs: bool = True
    may_be_cancelled: bool = True


_API: Final[Kinds] = {"Service": Kind.TEXT, "Api": Kind.TEXT}
_PROPERTY: Final[Kinds] = {**_API, "PropertySelector": Kind.TEXT, "DesiredValues": Kind.LIST}

ACTIONS: Final[dict[str, Action]] = {
    "aws:executeAwsApi": Action(_API, default_timeout=25, open_ended=True),
    "aws:assertAwsResourceProperty": Action(_PROPERTY, default_timeout=25, open_ended=True, declares_outputs=False),
    "aws:waitForAwsResourceProperty": Action(_PROPERTY, open_ended=True, declares_outputs=False),
    "aws:executeScript": Action(
        {"Runtime": Kind.TEXT, "Handler": Kind.TEXT, "Script": Kind.TEXT},
        {"InputPayload": Kind.OBJECT_OR_REFERENCE},
        ("Payload",),
        default_timeout=600,
        longest=600,
    ),
    "aws:invokeLambdaFunction": Action(
        {"FunctionName": Kind.TEXT},
        {
            "InputPayload": Kind.OBJECT_OR_REFERENCE,
            "Payload": Kind.TEXT,
            "InvocationType": Kind.TEXT,
            "LogType": Kind.TEXT,
        },
        ("StatusCode", "FunctionError", "LogResult", "Payload"),
        default_timeout=300,
        longest=300,
    ),
    "aws:branch": Action({"Choices": Kind.LIST}, {"Default": Kind.TEXT}, declares_outputs=False),
    "aws:approve": Action(
        {"Approvers": Kind.LIST_OR_REFERENCE},
        {"MinRequiredApprovals": Kind.INTEGER_OR_REFERENCE, "NotificationArn": Kind.TEXT, "Message": Kind.TEXT},
        ("ApprovalStatus", "ApproverDecisions"),
        default_timeout=WEEK,
        longest=30 * 24 * 3600,
        declares_outputs=False,
        may_be_cancelled=False,
    ),
    "aws:sleep": Action({"Duration": Kind.TEXT}, declares_outputs=False, may_be_cancelled=False),
    "aws:updateVariable": Action({"Name": Kind.TEXT, "Value": Kind.ANY}, declares_outputs=False),
}
