"""An aws:approve step that waits: who may decide, what they decided, and what that amounts to."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

from s3_guardrails.embedded.automation.failure import StepFailed
from s3_guardrails.errors import GuardrailError

MAX_MESSAGE: Final = 4096
MAX_APPROVERS: Final = 10
_SESSION: Final = re.compile(r"arn:([^:]+):sts::([0-9]{12}):assumed-role/([^/]+)/.+")


class NotAnApprover(GuardrailError):
    """The sender of a decision is none of the step's approvers, or has already decided."""


@dataclass(slots=True)
class Approval:
    """Decisions so far. Approvers are user names, and ARNs of users, roles and sessions of roles."""

    approvers: tuple[str, ...]
    required: int
    deadline: datetime
    decisions: list[dict[str, str]] = field(default_factory=list)

    @classmethod
    def asked(cls, inputs: Mapping[str, Any], now: datetime, timeout: int) -> Approval:
        """Begin to wait, `timeout` seconds at most; more approvals than approvers are never reached."""
        approvers, required = tuple(inputs["Approvers"]), inputs.get("MinRequiredApprovals", 1)
        length = len(inputs.get("Message", ""))
        if not 1 <= len(approvers) <= MAX_APPROVERS:
            raise StepFailed(f"Approvers: expected 1 to {MAX_APPROVERS}, found {len(approvers)}")
        if length > MAX_MESSAGE:
            raise StepFailed(f"Message: expected at most {MAX_MESSAGE} characters, found {length}")
        if not 1 <= required <= len(approvers):
            raise StepFailed(f"MinRequiredApprovals: expected 1 to {len(approvers)}, found {required}")
        return cls(approvers, required, now + timedelta(seconds=timeout))

    def decide(self, sender: str, decision: str, comment: str, now: datetime) -> None:
        """Record ``Approve`` or ``Reject`` by the ARN of its sender."""
        if not self._names(sender):
            raise NotAnApprover(f"{sender} is not an approver of this step")
        if any(each["Approver"] == sender for each in self.decisions):
            raise NotAnApprover(f"{sender} has already decided")
        made = {"Approver": sender, "Decision": decision, "ApprovalDecisionTime": now.isoformat(), "Comment": comment}
        self.decisions.append(made)

    @property
    def status(self) -> str:
        """``Approved`` after enough approvals, ``Rejected`` after one rejection, else ``Waiting``."""
        made = [each["Decision"] for each in self.decisions]
        if "Reject" in made:
            return "Rejected"
        return "Approved" if len(made) >= self.required else "Waiting"

    @property
    def outputs(self) -> dict[str, Any]:
        """The outputs of the step."""
        return {"ApprovalStatus": self.status, "ApproverDecisions": self.decisions}

    def _names(self, sender: str) -> bool:
        meant = {sender, sender.rpartition("/")[2]} if ":user/" in sender else {sender}
        if session := _SESSION.fullmatch(sender):
            meant.add(f"arn:{session[1]}:iam::{session[2]}:role/{session[3]}")
        return not meant.isdisjoint(self.approvers)
