"""The one shape of answer: a verdict, the reasons for it, and advisories that do not change it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any


class Verdict(StrEnum):
    """What a rule says of a resource. AWS Config knows no UNDETERMINED: its writer reports it as NON_COMPLIANT."""

    COMPLIANT = "COMPLIANT"
    NON_COMPLIANT = "NON_COMPLIANT"
    NOT_APPLICABLE = "NOT_APPLICABLE"
    UNDETERMINED = "UNDETERMINED"


class Severity(StrEnum):
    """How bad a violation is, in the words of AWS Security Hub."""

    LOW = "LOW"
    MEDIUM = "MEDIUM"
    HIGH = "HIGH"
    CRITICAL = "CRITICAL"


@dataclass(frozen=True, slots=True)
class Reason:
    """Why: a stable code, a sentence for a person, and what it rests on.

    `evidence` is JSON data: the offending value, the statement, the counterexample request.
    """

    code: str
    sentence: str
    evidence: Mapping[str, Any] = field(default_factory=dict, compare=False)

    def as_json(self) -> dict[str, Any]:
        """Return plain data: `code`, `sentence`, `evidence`."""
        return {"code": self.code, "sentence": self.sentence, "evidence": dict(self.evidence)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Excuse:
    """The exemption that a finding is shown with: `state` is `open`, `ending` or `expired`; `until` is a UTC day.

    `register_sha256`: which register it was read from.
    """

    id: str
    owner: str
    until: str
    state: str
    days_left: int
    register_sha256: str

    @property
    def holds(self) -> bool:
        """Is the deviation permitted today?"""
        return self.state != "expired"

    @property
    def sentence(self) -> str:
        """The exemption in a few words."""
        if not self.holds:
            return f"{self.id} expired {self.until}, {self.owner}"
        return f"{self.id} {'ends' if self.state == 'ending' else 'until'} {self.until}, {self.owner}"

    def as_json(self) -> dict[str, Any]:
        """Return plain data: every field."""
        return {name: getattr(self, name) for name in self.__slots__}


@dataclass(frozen=True, slots=True)
class Decision:
    """A verdict with at least one reason. Advisories tell more without changing the verdict.

    `excuse`: the exemption of what is broken, in force or expired.
    """

    verdict: Verdict
    reasons: tuple[Reason, ...]
    advisories: tuple[Reason, ...] = ()
    excuse: Excuse | None = None

    @property
    def codes(self) -> tuple[str, ...]:
        """The codes of the reasons, then of the advisories."""
        return tuple(reason.code for reason in (*self.reasons, *self.advisories))

    def advised(self, *advisories: Reason) -> Decision:
        """Return the same decision with further advisories."""
        return replace(self, advisories=(*self.advisories, *advisories))

    def as_json(self) -> dict[str, Any]:
        """Return plain data: `verdict`, `reasons`, `advisories`, and `exemption` where there is one."""
        return {
            "verdict": self.verdict.value,
            "reasons": [reason.as_json() for reason in self.reasons],
            "advisories": [reason.as_json() for reason in self.advisories],
            **({"exemption": self.excuse.as_json()} if self.excuse else {}),
        }


def compliant(code: str, sentence: str, /, **evidence: Any) -> Decision:
    """The guardrail holds, and why."""
    return Decision(Verdict.COMPLIANT, (Reason(code, sentence, evidence),))


def non_compliant(code: str, sentence: str, /, **evidence: Any) -> Decision:
    """The guardrail is broken, and by what."""
    return Decision(Verdict.NON_COMPLIANT, (Reason(code, sentence, evidence),))


def not_applicable(code: str, sentence: str, /, **evidence: Any) -> Decision:
    """The rule does not ask its question of this resource, and why."""
    return Decision(Verdict.NOT_APPLICABLE, (Reason(code, sentence, evidence),))


def undetermined(code: str, sentence: str, /, **evidence: Any) -> Decision:
    """What the answer depends on could not be read or decided."""
    return Decision(Verdict.UNDETERMINED, (Reason(code, sentence, evidence),))


def decided(violations: Sequence[Reason], undecided: Sequence[Reason], holds: Reason) -> Decision:
    """Combine several questions: one violation decides, then one undecided question, else the guardrail holds."""
    if violations:
        return Decision(Verdict.NON_COMPLIANT, tuple(violations), tuple(undecided))
    if undecided:
        return Decision(Verdict.UNDETERMINED, tuple(undecided))
    return Decision(Verdict.COMPLIANT, (holds,))
