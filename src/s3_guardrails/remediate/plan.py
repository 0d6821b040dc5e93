"""A plan: what would be changed about one resource, from which state, what speaks against it or must be approved."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from difflib import unified_diff
from enum import StrEnum
from typing import Any, Final

from s3_guardrails.decision import Decision
from s3_guardrails.escape import printable
from s3_guardrails.remediate.change import Concern, NothingToDo, Proposal, Proposed, Refusal, Refused, State, digest
from s3_guardrails.remediate.state import Resource, Setting

MAX_MESSAGE: Final = 4_096
"""Characters of an approval message (Systems Manager User Guide, aws:approve)."""


class Status(StrEnum):
    """How a step ended; anything else is a failed step."""

    NOTHING_TO_DO = "NOTHING_TO_DO"
    PLANNED = "PLANNED"
    REFUSED = "REFUSED"
    APPLIED = "APPLIED"
    VERIFIED = "VERIFIED"


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """One remediation of one resource. `basis` is a digest of the options and of the rule's parameters."""

    remediation: str
    rule: str
    resource: Resource
    setting: Setting
    basis: str
    before: State
    decision: Decision | None
    proposal: Proposal

    @property
    def status(self) -> Status:
        """PLANNED, NOTHING_TO_DO or REFUSED."""
        match self.proposal:
            case NothingToDo():
                return Status.NOTHING_TO_DO
            case Refused():
                return Status.REFUSED
            case Proposed():
                return Status.PLANNED

    @property
    def id(self) -> str:
        """The same for the same change of the same state for the same reasons, and for nothing else."""
        about = self.remediation, self.rule, self.resource.arn, self.resource.account, self.resource.region
        after = self.proposal.after if isinstance(self.proposal, Proposed) else None
        return _id(*about, self.basis, self.before, after, [each.code for each in self.concerns])

    @property
    def concerns(self) -> tuple[Concern, ...]:
        """What a person must approve."""
        return self.proposal.concerns if isinstance(self.proposal, Proposed) else ()

    @property
    def refusals(self) -> tuple[Refusal, ...]:
        """Why nothing may be changed."""
        return self.proposal.refusals if isinstance(self.proposal, Refused) else ()

    @property
    def diff(self) -> tuple[str, ...]:
        """The change as lines of a unified diff, every character printable."""
        if not isinstance(self.proposal, Proposed):
            return ()
        before, after = (list(_lines(each[self.setting.value])) for each in (self.before, self.proposal.after))
        return tuple(unified_diff(before, after, "before", "after", lineterm=""))

    def as_json(self) -> dict[str, Any]:
        """Return plain data; `calls` are exactly those that Apply makes."""
        proposed = self.proposal if isinstance(self.proposal, Proposed) else None
        return {
            "plan_id": self.id,
            "status": self.status.value,
            "remediation": self.remediation,
            "rule": self.rule,
            "resource": self.resource.arn,
            "account": self.resource.account,
            "region": self.resource.region,
            "setting": self.setting.value,
            "basis_sha256": self.basis,
            "state_sha256": digest(self.before),
            "decision": self.decision.as_json() if self.decision else None,
            "because": self.proposal.because if isinstance(self.proposal, NothingToDo) else None,
            "refusals": [_told(each) | {"next_step": each.next_step} for each in self.refusals],
            "concerns": [_told(each) for each in self.concerns],
            "notes": list(proposed.notes) if proposed else [],
            "before": dict(self.before),
            "after": dict(proposed.after) if proposed else None,
            "calls": [each.as_json() for each in proposed.calls] if proposed else [],
            "diff": list(self.diff),
        }

    @property
    def headline(self) -> str:
        """The first line of what an approver reads; no other plan's begins so."""
        return f"{self.remediation} of {self.resource.arn}, plan {self.id}"

    @property
    def _concerns_at_a_glance(self) -> tuple[str, ...]:
        """Their sentences quote the resource, which may be long: no concern is ever cut off by another one."""
        codes = dict.fromkeys(each.code for each in self.concerns)
        return (f"Concerns: {', '.join(codes)}",) if codes else ()

    @property
    def message(self) -> str:
        """What an approver reads, at most 4,096 characters: every concern by its code, then in words, and the diff."""
        lines = [
            self.headline,
            *self._concerns_at_a_glance,
            *(f"{each.code}: {each.sentence}" for each in self.concerns),
            *((f"{each}") for each in (self.proposal.notes if isinstance(self.proposal, Proposed) else ())),
            *self.diff,
        ]
        text = re.sub(r"\{(?=\{)", "{ ", "\n".join(map(printable, lines)))  # never a variable of the document
        more = f"\n(cut; the whole plan is in the evidence bucket under remediation/{self.id}/plan.json)"
        return text if len(text) <= MAX_MESSAGE else text[: MAX_MESSAGE - len(more)] + more


def is_whole(kept: Mapping[str, Any], plan_id: str) -> bool:
    """Is this the data of the plan with that id, as `Plan.as_json` gave it, and unchanged?"""
    try:
        about = [kept[name] for name in ("remediation", "rule", "resource", "account", "region", "basis_sha256")]
        return _id(*about, kept["before"], kept["after"], [each["code"] for each in kept["concerns"]]) == plan_id
    except (KeyError, TypeError):
        return False


def _id(remediation: str, *about: Any) -> str:
    return f"{remediation}-{digest([remediation, *about])[:24]}"


def refused_sentence(refusals: tuple[Refusal, ...]) -> str:
    """Return every refusal with its next step in a line."""
    return " | ".join(printable(f"{each.code}: {each.sentence}. Next step: {each.next_step}") for each in refusals)


def _told(each: Refusal | Concern) -> dict[str, str]:
    return {"code": each.code, "sentence": each.sentence}


def _lines(value: Any) -> Iterator[str]:
    """Show a setting as indented JSON; the text of a policy as the JSON it is, or as it stands."""
    if value is None:
        return
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except ValueError:
            yield from map(printable, value.splitlines())
            return
    yield from map(printable, json.dumps(value, indent=2, ensure_ascii=False).splitlines())
