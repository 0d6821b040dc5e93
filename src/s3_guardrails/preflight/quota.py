"""Is there room for what a deployment adds: rules, packs, concurrent executions of functions, roles?

Quotas without a value from AWS are the documented ones: AWS Config Developer Guide, "Service Limits", which says of
both that they cannot be raised; Lambda Developer Guide, "Configuring reserved concurrency".
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from s3_guardrails.encryption.fact import Absent, Unreadable
from s3_guardrails.preflight.additions import Additions
from s3_guardrails.preflight.finding import Finding, advises, blocks, fine, unreadable

RULES_PER_REGION: Final = 1000
PACKS_PER_ACCOUNT: Final = 50
KEPT_UNRESERVED: Final = 100
"""Concurrent executions that Lambda lets nobody reserve."""
_OURS: Final = "-conformance-pack-"
"""AWS Config puts this and an id behind the name of a pack's rule."""


@dataclass(frozen=True, slots=True)
class Room:
    """What is used in one Region, and the quotas that AWS tells; ABSENT where Service Quotas keeps no value.

    `config_rules`: names. `unreserved_concurrency`: concurrent executions that functions share.
    """

    config_rules: tuple[str, ...] | Unreadable
    config_rules_quota: int | Absent | Unreadable
    conformance_packs: int | Unreadable
    unreserved_concurrency: int | Unreadable

    def deployed(self, adding: Additions) -> bool:
        """Are rules of this project there already? Then a deployment replaces them."""
        return not isinstance(self.config_rules, Unreadable) and bool(_ours(self.config_rules, adding))


@dataclass(frozen=True, slots=True)
class Roles:
    """How many roles the account has, and may have."""

    used: int
    quota: int


def judge_room(room: Room, adding: Additions) -> Iterator[Finding]:
    """Judge a Region's room."""
    yield from _rules(room, adding)
    yield _packs(room, adding)
    yield _concurrency(room.unreserved_concurrency, adding)


def judge_roles(roles: Roles | Unreadable, adding: Additions, regions: int) -> Finding:
    """Judge whether roles for so many Regions fit into the account; they belong to no Region."""
    if isinstance(roles, Unreadable):
        return unreadable(roles)
    return _fits("ROLES", "IAM roles", roles.used, adding.roles * regions, roles.quota)


def _rules(room: Room, adding: Additions) -> Iterator[Finding]:
    found, quota = room.config_rules, room.config_rules_quota
    yield from (unreadable(each) for each in (found, quota) if isinstance(each, Unreadable))
    if isinstance(found, Unreadable) or isinstance(quota, Unreadable):
        return
    used, documented = len(found) - len(_ours(found, adding)), isinstance(quota, Absent)
    value = RULES_PER_REGION if isinstance(quota, Absent) else quota
    yield _fits("CONFIG_RULES", "AWS Config rules", used, len(adding.rules), value, documented=documented)


def _ours(names: tuple[str, ...], adding: Additions) -> set[str]:
    return {each for each in names if each.partition(_OURS)[0] in adding.rules}


def _packs(room: Room, adding: Additions) -> Finding:
    used = room.conformance_packs
    if isinstance(used, Unreadable):
        return unreadable(used)
    others = used - adding.packs if room.deployed(adding) else used
    return _fits(
        "CONFORMANCE_PACKS", "conformance packs", max(others, 0), adding.packs, PACKS_PER_ACCOUNT, documented=True
    )


def _concurrency(unreserved: int | Unreadable, adding: Additions) -> Finding:
    if isinstance(unreserved, Unreadable):
        return unreadable(unreserved)
    left = unreserved - adding.reserved
    raise_it = "ask Lambda for more concurrent executions in this Region"
    if adding.reserved and left < KEPT_UNRESERVED:
        sentence = f"the functions reserve {adding.reserved} concurrent executions, and Lambda has {unreserved} to give"
        return blocks("CONCURRENCY_EXCEEDED", f"{sentence}, of which {KEPT_UNRESERVED} stay unreserved", raise_it)
    if left < adding.functions:
        sentence = (
            f"{adding.functions} functions share {left} concurrent executions with all others: they get throttled"
        )
        return advises("CONCURRENCY_LOW", sentence, raise_it)
    return fine("CONCURRENCY_SUFFICES", f"{adding.functions} functions share {left} concurrent executions")


def _fits(code: str, what: str, used: int, added: int, quota: int, *, documented: bool = False) -> Finding:
    source = ", the documented default" if documented else ""
    sentence = f"{used} {what} are there already, {added} come with the template; the quota is {quota}{source}"
    if used + added > quota:
        return blocks(f"{code}_EXCEEDED", sentence, f"delete what is not needed, or have the quota of {what} raised")
    return fine(f"{code}_FIT", sentence)
