"""One exemption: what it is about, whose it is, and from when to when it holds."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Final

from s3_guardrails.encryption.bucket import Bucket
from s3_guardrails.encryption.key import Key

WARNING_DAYS: Final = 30
"""Days before its end from which an exemption is told to be ending."""


class State(StrEnum):
    """Where in its life an exemption is, on one day."""

    PENDING = "pending"
    OPEN = "open"
    ENDING = "ending"
    EXPIRED = "expired"

    @property
    def holds(self) -> bool:
        """Does it excuse anything on that day?"""
        return self in {State.OPEN, State.ENDING}


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """One bucket (its name), one prefix of it, or one key (its id) of one account and Region; nothing wider."""

    account: str
    region: str
    bucket: str | None = None
    key: str | None = None
    prefix: str | None = None

    def is_about(self, resource: Bucket | Key) -> bool:
        """Is this the resource, or a part of it?"""
        name = resource.name if isinstance(resource, Bucket) else resource.key_id
        wanted = self.bucket if isinstance(resource, Bucket) else self.key
        return (self.account, self.region, wanted) == (resource.account, resource.region, name)

    def overlaps(self, other: Scope) -> bool:
        """Is there anything that both are about?"""
        mine, theirs = self.prefix or "", other.prefix or ""
        same = (self.account, self.region, self.bucket, self.key) == (
            other.account, other.region, other.bucket, other.key,
        )  # fmt: skip
        return same and (mine.startswith(theirs) or theirs.startswith(mine))

    def __str__(self) -> str:
        """Name the resource, its account and Region."""
        name = self.bucket if self.bucket is not None else self.key
        return f"{name}{f'/{self.prefix}' if self.prefix else ''} in {self.account} {self.region}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Exemption:
    """It holds from `created` up to, and not on, `expires`: UTC days."""

    id: str
    rule: str
    scope: Scope
    owner: str
    created: date
    expires: date

    def state(self, today: date) -> State:
        """Return where in its life it is."""
        if today < self.created:
            return State.PENDING
        if today >= self.expires:
            return State.EXPIRED
        return State.ENDING if self.days_left(today) <= WARNING_DAYS else State.OPEN

    def days_left(self, today: date) -> int:
        """Return the days until it no longer holds; none or fewer where it expired."""
        return (self.expires - today).days
