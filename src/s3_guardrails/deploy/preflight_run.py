"""A whole preflight: every Region of an account, and every account of an organization that can be entered."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Any, Final

from s3_guardrails.deploy.enter import enter
from s3_guardrails.deploy.preflight import read_account, read_opt_status, read_region
from s3_guardrails.deploy.preflight_organization import read_organization
from s3_guardrails.deploy.preflight_quota import read_additions, read_room
from s3_guardrails.deploy.preflight_trails import read_trails
from s3_guardrails.discovery import find_rules
from s3_guardrails.encryption.fact import Unreadable
from s3_guardrails.live.call import gather
from s3_guardrails.live.clients import Clients
from s3_guardrails.preflight.account import judge_account
from s3_guardrails.preflight.additions import Additions
from s3_guardrails.preflight.finding import Finding, Outcome, unreadable
from s3_guardrails.preflight.organization import judge_organization, not_looked_into, others
from s3_guardrails.preflight.quota import judge_room
from s3_guardrails.preflight.region import judge_opt_status, judge_region
from s3_guardrails.preflight.trail import judge_trails

ACCOUNTS_AT_ONCE: Final = 8
SESSION: Final = "s3-guardrails-preflight"


@dataclass(frozen=True, slots=True)
class Placed:
    """A finding and where it holds; an empty Region means the account as a whole."""

    account: str
    region: str
    finding: Finding

    def as_json(self) -> dict[str, Any]:
        """Return plain data: `account`, `region`, then the finding's fields."""
        return {"account": self.account, "region": self.region, **self.finding.as_json()}


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is to be deployed: what it adds, and the resource types that its rules are about."""

    adding: Additions
    types: tuple[str, ...]

    @classmethod
    def read(cls) -> Wanted:
        """Read template and rules, in one thread: importing rules is not for several."""
        return cls(read_additions(), tuple(sorted({entry.rule.resource_type for entry in find_rules()})))


@dataclass(frozen=True, slots=True)
class Place:
    """An account to look at, and its Regions; `home` is a Region that answers for what belongs to none."""

    account: str
    partition: str
    clients: Clients
    home: str
    regions: tuple[str, ...]
    endpoint_url: str | None = None


def check_account(place: Place, wanted: Wanted) -> list[Placed]:
    """Judge an account in all its Regions."""
    found = gather(lambda region: _in_region(place, region, wanted), place.regions)
    placed = [
        Placed(place.account, region, each)
        for region, (all_of, _) in zip(place.regions, found, strict=True)
        for each in all_of
    ]
    further = sum(new for _, new in found)
    of_account = judge_account(read_account(place.clients, place.home), wanted.adding, further)
    return [*placed, *(Placed(place.account, "", each) for each in of_account)]


def check_organization(place: Place, role: str | None) -> tuple[list[Placed], list[str]]:
    """Judge the organization of an account, and return which other accounts can be looked into with the role."""
    facts = read_organization(place.clients, place.home, place.account)
    placed = [Placed(account, "", finding) for account, finding in judge_organization(facts)]
    further = others(facts)
    if role is not None or not further:
        return placed, further
    return [*placed, Placed(place.account, "", not_looked_into(len(further)))], []


def check_members(place: Place, wanted: Wanted, accounts: Sequence[str], role: str) -> Iterator[list[Placed]]:
    """Yield the findings of each account, several at once, in order."""
    pool = ThreadPoolExecutor(ACCOUNTS_AT_ONCE, thread_name_prefix="preflight")
    try:
        yield from pool.map(lambda account: _member(place, wanted, account, role), accounts)
    finally:
        pool.shutdown(wait=False, cancel_futures=True)  # after Ctrl-C nobody waits for what is under way


def _member(place: Place, wanted: Wanted, account: str, role: str) -> list[Placed]:
    arn = f"arn:{place.partition}:iam::{account}:role/{role}"
    clients = enter(place.clients, arn, place.home, place.endpoint_url, SESSION)
    if isinstance(clients, Unreadable):
        return [Placed(account, "", unreadable(clients))]
    return check_account(replace(place, account=account, clients=clients), wanted)


def _in_region(place: Place, region: str, wanted: Wanted) -> tuple[tuple[Finding, ...], bool]:
    """Judge one Region, and tell whether a deployment to it would be its first.

    Of a Region that the account does not have, nothing else can be read.
    """
    clients = place.clients
    opted = judge_opt_status(read_opt_status(clients, region, place.home))
    if opted.outcome is Outcome.BLOCKS:
        return (opted,), False
    room = read_room(clients, region)
    found = (*judge_region(read_region(clients, region), wanted.types), *judge_room(room, wanted.adding))
    trails = judge_trails(read_trails(clients, region), region, place.partition)
    return (opted, *found, *trails), not room.deployed(wanted.adding)
