"""An account of the fleet and its place in the organization."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from s3_guardrails.encryption.fact import Unreadable

ACTIVE: Final = "ACTIVE"
NOT_ASKED: Final = Unreadable("path", "the organization was not asked")


@dataclass(frozen=True, slots=True)
class Member:
    """One account. `state` as the Organizations API writes it; `path`: names of root and OUs, outermost first."""

    id: str
    name: str = ""
    state: str = ACTIVE
    path: tuple[str, ...] | Unreadable = NOT_ASKED
    management: bool = False

    @property
    def unit(self) -> str:
        """The OU as text: `Root/Workloads/Production`."""
        return "(not known)" if isinstance(self.path, Unreadable) else "/".join(self.path)

    def as_json(self) -> dict[str, Any]:
        """Return plain data; `unit` is null where it is not known."""
        known = not isinstance(self.path, Unreadable)
        return {
            "account": self.id,
            "name": self.name,
            "state": self.state,
            "unit": self.unit if known else None,
            "management": self.management,
        }
