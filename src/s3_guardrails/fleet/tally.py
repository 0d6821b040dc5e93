"""Counts by account, OU, rule and data class; rows are counted as they come and not kept."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from s3_guardrails.decision import Verdict
from s3_guardrails.encryption.fact import Absent
from s3_guardrails.fleet.member import Member
from s3_guardrails.fleet.row import Row, label


class By(StrEnum):
    """What counts are grouped by."""

    ACCOUNT = "account"
    UNIT = "unit"
    RULE = "rule"
    DATA_CLASS = "data_class"


@dataclass(slots=True)
class Counts:
    """`verdicts`, `exempt` and `expired` count rows, `resources` and `unclassified` resources.

    `exempt`: rows with an exemption that holds, whatever their verdict; `expired`: with one that does not any more.

    `listed_inapplicable`: does the source tell NOT_APPLICABLE at all?
    """

    verdicts: Counter[Verdict] = field(default_factory=Counter)
    resources: int = 0
    unclassified: int = 0
    exempt: int = 0
    expired: int = 0
    listed_inapplicable: bool = True

    @property
    def compliant(self) -> int:
        """Rows that are known to be compliant."""
        return self.verdicts[Verdict.COMPLIANT]

    @property
    def asked(self) -> int:
        """Rows that a rule asks its question of: what is undetermined counts, what is not applicable does not."""
        return sum(self.verdicts[each] for each in Verdict if each is not Verdict.NOT_APPLICABLE)

    def add(self, other: Counts) -> None:
        """Add the counts of other resources."""
        self.verdicts.update(other.verdicts)
        self.resources += other.resources
        self.unclassified += other.unclassified
        self.exempt += other.exempt
        self.expired += other.expired

    def as_json(self) -> dict[str, Any]:
        """Return plain data; `compliance` is a fraction, `NOT_APPLICABLE` null where the source does not tell it."""
        verdicts: dict[str, int | None] = {each.value: self.verdicts[each] for each in Verdict}
        if not self.listed_inapplicable:
            verdicts[Verdict.NOT_APPLICABLE.value] = None
        return {
            "verdicts": verdicts,
            "compliance": {"compliant": self.compliant, "of": self.asked},
            "resources": self.resources,
            "unclassified": self.unclassified,
            "exempt": self.exempt,
            "exemptions_expired": self.expired,
        }


class Tally:
    """Counts of a fleet, account by account. Accounts without rows have counts of zero."""

    def __init__(self, *, listed_inapplicable: bool = True) -> None:
        """Start with nothing counted."""
        self._listed = listed_inapplicable
        self.total = self._counts()
        self.groups: dict[By, dict[str, Counts]] = {each: defaultdict(self._counts) for each in By}

    def add(self, member: Member, rows: Iterable[Row]) -> None:
        """Count all the rows of one account, once; a resource that has several counts once in each group."""
        seen: dict[tuple[By | None, str], _Seen] = defaultdict(_Seen)
        seen[By.ACCOUNT, member.id], seen[By.UNIT, member.unit] = _Seen(), _Seen()
        for row in rows:
            names = {By.RULE: row.rule, By.DATA_CLASS: label(row.data_class)}
            for group in ((None, ""), (By.ACCOUNT, member.id), (By.UNIT, member.unit), *names.items()):
                seen[group].add(row)
        for (by, name), found in seen.items():
            (self.total if by is None else self.groups[by][name]).add(found.counts())

    def as_json(self) -> dict[str, Any]:
        """Return plain data: `total`, and a list `by_…` of named counts for each group."""
        groups = {
            f"by_{by.value}": [{by.value: name, **counts.as_json()} for name, counts in sorted(found.items())]
            for by, found in self.groups.items()
        }
        return {"total": self.total.as_json(), **groups}

    def _counts(self) -> Counts:
        return Counts(listed_inapplicable=self._listed)


@dataclass(slots=True)
class _Seen:
    """What was seen of one account for one group."""

    verdicts: Counter[Verdict] = field(default_factory=Counter)
    resources: set[tuple[str, str, str]] = field(default_factory=set)
    unclassified: set[tuple[str, str, str]] = field(default_factory=set)
    exempt: int = 0
    expired: int = 0

    def add(self, row: Row) -> None:
        self.verdicts[row.verdict] += 1
        self.resources.add(row.resource)
        if isinstance(row.data_class, Absent):
            self.unclassified.add(row.resource)
        if row.exemption:
            self.exempt += row.exempt
            self.expired += not row.exempt

    def counts(self) -> Counts:
        return Counts(self.verdicts, len(self.resources), len(self.unclassified), self.exempt, self.expired)
