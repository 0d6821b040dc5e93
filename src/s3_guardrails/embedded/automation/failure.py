"""How the work of a step ends when it does not succeed."""

from __future__ import annotations

from s3_guardrails.errors import GuardrailError


class StepFailed(GuardrailError):
    """The step's work failed; the message is its failure message."""


class StepTimedOut(StepFailed):
    """The step's work did not end within its time."""
