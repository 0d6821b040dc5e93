"""What the exit status of the command says, and which outcome wins when several hold."""

from __future__ import annotations

from collections.abc import Iterable
from enum import IntEnum
from typing import Final


class ExitCode(IntEnum):
    """The exit statuses. `prove`: proved, refuted, bad input, inconclusive."""

    COMPLIANT = 0
    FINDINGS = 1
    COULD_NOT_RUN = 2
    UNDETERMINED = 3


PRECEDENCE: Final = (ExitCode.COULD_NOT_RUN, ExitCode.FINDINGS, ExitCode.UNDETERMINED)


def worst(outcomes: Iterable[ExitCode]) -> ExitCode:
    """Return the outcome that wins: could not run, findings, undetermined, compliant."""
    seen = set(outcomes)
    return next((code for code in PRECEDENCE if code in seen), ExitCode.COMPLIANT)
