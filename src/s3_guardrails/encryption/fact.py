"""What is known of a resource: a value, *absent* (known not to exist), or *unreadable* with the reason.

A fact is never `None` and never a default: "could not read" and "is not there" lead to different verdicts.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, TypeVar

from s3_guardrails.errors import UnreadableFact, WantedFact

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Absent:
    """Known not to exist, such as the policy of a bucket that has none."""


ABSENT: Final = Absent()


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A fact that could not be obtained: its attribute name (`policy`) and the reason (`AccessDenied`)."""

    fact: str
    reason: str


ON_DEMAND: Final = frozenset(
    {
        "access_logging",
        "buckets",
        "default_key",
        "default_key_policy",
        "inventories",
        "log_target",
        "logs_from",
        "website",
    }
)
"""Facts that cost more than a read of the resource, or that one rule alone looks at: read where a rule asks."""


class Missing(Unreadable):
    """Not obtained because what it is about does not exist, as the service says."""

    __slots__ = ()


class GivenUp(Unreadable):
    """An unreadable fact that every reader has had its chance at."""

    __slots__ = ()


def wanted(fact: T | Unreadable) -> T | Unreadable:
    """Return the fact, readable or not, once every reader has had the chance to obtain it."""
    if isinstance(fact, Unreadable) and not isinstance(fact, GivenUp):
        raise WantedFact(fact.fact, fact.reason)
    return fact


def given_up(fact: T | Unreadable) -> T | Unreadable:
    """Return the fact as one that no reader will be asked for again."""
    return GivenUp(fact.fact, fact.reason) if isinstance(fact, Unreadable) else fact


def known(fact: T | Unreadable) -> T:
    """Return the fact, or raise UnreadableFact: the rule's verdict is then UNDETERMINED."""
    if isinstance(fact, Unreadable):
        raise UnreadableFact(fact.fact, fact.reason)
    return fact
