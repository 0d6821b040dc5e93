"""A report about a fleet, account by account: counts, notices, and the rows that somebody has to look at."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, Final

from s3_guardrails.decision import Verdict
from s3_guardrails.fleet.freshness import iso
from s3_guardrails.fleet.member import ACTIVE, Member
from s3_guardrails.fleet.notice import Kind, Notice
from s3_guardrails.fleet.row import Row
from s3_guardrails.fleet.tally import By, Tally

KEPT: Final = frozenset({Verdict.NON_COMPLIANT, Verdict.UNDETERMINED})
"""Verdicts whose rows are kept, beside exempt ones; the others are only counted: memory grows with what is wrong."""


class Source(StrEnum):
    """Where rows come from."""

    LIVE = "live reads"
    CONFIG = "AWS Config, account by account"
    AGGREGATOR = "AWS Config aggregator"


class Extent(StrEnum):
    """How far an account was looked at."""

    WHOLLY = "wholly"
    PARTLY = "in part"
    NOT = "no"


@dataclass(frozen=True, slots=True)
class Looked:
    """What one account answered. `entered`: was anything of it looked at?"""

    member: Member
    rows: Sequence[Row] = ()
    notices: Sequence[Notice] = ()
    entered: bool = True


@dataclass(slots=True)
class Report:
    """Grows by `add`. `freshness`: empty where it is judged, else why it is not known."""

    source: Source
    as_of: datetime
    regions: tuple[str, ...]
    freshness: str = ""
    tally: Tally = field(init=False)
    members: list[tuple[Member, Extent]] = field(default_factory=list)
    notices: list[Notice] = field(default_factory=list)
    findings: list[Row] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Start with nothing counted."""
        self.tally = Tally(listed_inapplicable=self.source is not Source.AGGREGATOR)

    def add(self, looked: Looked) -> None:
        """Add an account."""
        gaps = any(each.kind is Kind.UNCOVERED for each in looked.notices)
        extent = Extent.NOT if not looked.entered else Extent.PARTLY if gaps else Extent.WHOLLY
        self.members.append((looked.member, extent))
        self.tally.add(looked.member, looked.rows)
        self.notices.extend(looked.notices)
        self.findings.extend(each for each in looked.rows if each.verdict in KEPT or each.exemption)

    def close(self) -> None:
        """Put what was added in an order that does not depend on who answered first."""
        order = list(Kind)
        self.members.sort(key=lambda each: (each[0].unit, each[0].id))
        self.notices.sort(key=lambda each: (order.index(each.kind), each.account, each.region, each.code))
        self.findings.sort(key=lambda each: (each.account, each.region, each.rule, each.resource_id))

    @property
    def active(self) -> int:
        """Accounts that can be entered at all."""
        return sum(member.state == ACTIVE for member, _ in self.members)

    @property
    def entered(self) -> int:
        """Accounts that were looked at, wholly or in part."""
        return sum(extent is not Extent.NOT for _, extent in self.members)

    def as_json(self) -> dict[str, Any]:
        """Return plain data: what was looked at, counts, notices, and the findings."""
        counts = self.tally.groups[By.ACCOUNT]
        summary = self.tally.as_json()
        del summary["by_account"]
        return {
            "source": self.source.value,
            "as_of": iso(self.as_of),
            "regions": list(self.regions),
            "freshness": self.freshness or "judged",
            "accounts": [
                {**member.as_json(), "looked_at": extent.value, **counts[member.id].as_json()}
                for member, extent in self.members
            ],
            **summary,
            "notices": [each.as_json() for each in self.notices],
            "findings": [each.as_json() for each in self.findings],
        }
