"""What is to be said beside verdicts: what was not looked at, whose results are old, where that is not known."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any


class Kind(StrEnum):
    """How much a notice matters, worst first.

    `uncovered`: no verdicts are known there. `stale`: verdicts are not those of today. `unknown`: whether they are is
    not known.
    """

    UNCOVERED = "uncovered"
    STALE = "stale"
    UNKNOWN = "unknown"
    ADVISES = "advises"


@dataclass(frozen=True, slots=True)
class Notice:
    """A stable code, a sentence and the next step, and where they hold; an empty Region means the whole account."""

    kind: Kind
    code: str
    account: str
    region: str
    sentence: str
    next_step: str

    def as_json(self) -> dict[str, Any]:
        """Return plain data under the names of the fields."""
        return {
            "kind": self.kind.value,
            "code": self.code,
            "account": self.account,
            "region": self.region,
            "sentence": self.sentence,
            "next_step": self.next_step,
        }
