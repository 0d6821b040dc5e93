"""One answer about one place of a file, as the writers of reports take it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any


class Outcome(StrEnum):
    """What came out; UNJUDGED where there could be no answer, such as a malformed policy."""

    PROVED = "proved"
    REFUTED = "refuted"
    INCONCLUSIVE = "inconclusive"
    UNJUDGED = "unjudged"


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """`place` is a logical id or address (empty: the file), `line` from 1; `properties` is plain JSON for machines."""

    file: str
    place: str
    line: int | None
    rule: str
    outcome: Outcome
    message: str
    details: Sequence[str] = ()
    properties: Mapping[str, Any] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """What the row is about."""
        return self.place or self.file
