"""Whose a finding is, since when it is there, and when it should be mended.

First days are kept in a ledger, a JSON file: AWS Config tells when it evaluated last, and not since when something is
broken. A finding that is gone leaves the ledger; where it comes back, it is a new one.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any, Final

from s3_guardrails.decision import Severity
from s3_guardrails.encryption.fact import Unreadable
from s3_guardrails.errors import InputError, PolicySyntaxError
from s3_guardrails.policy.strict_json import strict_json
from s3_guardrails.settings.guardrails import Guardrails, Tenants

FORMAT: Final = 1
MAX_BYTES: Final = 256 << 20
"""A finding takes some hundred bytes; a million findings are half of it."""

_DAY: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


def finding_name(account: str, region: str, rule: str, resource_id: str) -> str:
    """Return the name of a finding in a ledger."""
    return f"{account}/{region}/{rule}/{resource_id}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Sighting:
    """One rule's answer about one resource: `broken` is None where it was not decided; `exempt`: and nobody minds."""

    account: str
    region: str
    rule: str
    severity: Severity
    resource_id: str
    broken: bool | None
    exempt: bool = False
    tags: Mapping[str, str] | Unreadable = Unreadable("tags", "not read")

    @property
    def name(self) -> str:
        """What tells the finding from all others."""
        return finding_name(self.account, self.region, self.rule, self.resource_id)


@dataclass(frozen=True, slots=True, kw_only=True)
class Tracked:
    """A finding's tenant and owner (None where nobody knows), its first day, and the last day to mend it."""

    tenant: str | None
    owner: str | None
    first_seen: date
    due: date
    overdue: bool

    @property
    def sentence(self) -> str:
        """The same in a few words."""
        late = ", overdue" if self.overdue else ""
        return f"owner {self.owner or 'not known'}; first seen {self.first_seen}; due {self.due}{late}"

    def as_json(self) -> dict[str, Any]:
        """Return plain data; days as YYYY-MM-DD."""
        return {
            "tenant": self.tenant,
            "owner": self.owner,
            "first_seen": self.first_seen.isoformat(),
            "due": self.due.isoformat(),
            "overdue": self.overdue,
        }


@dataclass(slots=True)
class Ledger:
    """Name of a finding → the UTC day on which it was first seen."""

    first_seen: dict[str, date] = field(default_factory=dict)

    @classmethod
    def loads(cls, text: str) -> Ledger:
        """Read a ledger; raise InputError."""
        try:
            whole = strict_json(text, MAX_BYTES)
        except PolicySyntaxError as error:
            raise InputError(f"not JSON: {error}") from None
        if not isinstance(whole, dict) or set(whole) != {"format", "first_seen"} or whole["format"] != FORMAT:
            raise InputError(f"expected a ledger of the format {FORMAT}")
        days = whole["first_seen"]
        if not isinstance(days, dict):
            raise InputError("first_seen: expected an object")
        return cls({name: _day(name, each) for name, each in days.items()})

    def dumps(self) -> str:
        """Return the text, in the order of the names."""
        days = {name: self.first_seen[name].isoformat() for name in sorted(self.first_seen)}
        return json.dumps({"format": FORMAT, "first_seen": days}, indent=1) + "\n"

    def observe(self, sightings: Iterable[Sighting], today: date) -> None:
        """Enter what is broken and not there yet; take out what holds. What was not looked at or decided stays.

        A first day that is yet to come, by a clock that was wrong, becomes today.
        """
        for each in sightings:
            if each.broken is False:
                self.first_seen.pop(each.name, None)
            elif each.broken or each.name in self.first_seen:
                self.first_seen[each.name] = min(self.first_seen.get(each.name, today), today)

    def tracked(self, each: Sighting, settings: Guardrails, today: date) -> Tracked | None:
        """Return what is known of a finding, None for what is none."""
        first = self.first_seen.get(each.name)
        if first is None:
            return None
        tenant, owner = whose(each.tags, each.account, settings.tenants)
        due = first + timedelta(settings.days_to_mend[each.severity])
        return Tracked(tenant=tenant, owner=owner, first_seen=first, due=due, overdue=today > due and not each.exempt)


def whose(tags: Mapping[str, str] | Unreadable, account: str, tenants: Tenants) -> tuple[str | None, str | None]:
    """Return tenant and owner: the tags decide, else the account; nobody where the tags could not be read.

    A tenant that the guardrails file does not know has no owner.
    """
    if isinstance(tags, Unreadable):
        return None, None
    tenant = tags.get(tenants.tag, "").strip() or tenants.accounts.get(account)
    owner = tags.get(tenants.owner_tag, "").strip() or tenants.owners.get(tenant or "")
    return tenant, owner


def _day(name: str, value: Any) -> date:
    try:
        if isinstance(value, str) and _DAY.fullmatch(value):
            return date.fromisoformat(value)
    except ValueError:
        pass
    raise InputError(f"first_seen.{name[:200]}: expected a day as YYYY-MM-DD")
