"""What a step can come to. Not known is never shown: what could not be looked at is neither PASSED nor FAILED."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any

from s3_guardrails.errors import GuardrailError


class Outcome(StrEnum):
    """PASSED: it is as the step says. FAILED: it is otherwise. SKIPPED: not tried. STOPPED: tried, and not known."""

    FAILED = "FAILED"
    STOPPED = "STOPPED"
    SKIPPED = "SKIPPED"
    PASSED = "PASSED"


class Unlike(GuardrailError):
    """It is otherwise than the step says."""


class Stopped(GuardrailError):
    """It could not be found out."""


class Skipped(GuardrailError):
    """The account lacks what the step is about."""


ENDS = {Unlike: Outcome.FAILED, Stopped: Outcome.STOPPED, Skipped: Outcome.SKIPPED}


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What one step came to. `answer`: a sentence for docs/verified.md; `began`: ISO 8601."""

    id: str
    shows: str
    outcome: Outcome
    answer: str
    began: str
    seconds: int

    def as_json(self) -> dict[str, Any]:
        """Return plain data."""
        return asdict(self)
