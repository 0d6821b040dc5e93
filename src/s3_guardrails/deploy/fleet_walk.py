"""Look at many accounts at once; whatever becomes of one, the others go on, and it is named."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from typing import Final

from s3_guardrails.deploy.enter import enter as become
from s3_guardrails.deploy.fleet_cause import cause_of
from s3_guardrails.encryption.fact import Unreadable
from s3_guardrails.fleet.cause import Cause, not_active, uncovered
from s3_guardrails.fleet.member import ACTIVE, Member
from s3_guardrails.fleet.report import Looked
from s3_guardrails.live.clients import Clients
from s3_guardrails.live.shape import first_line

SESSION: Final = "s3-guardrails-fleet"


@dataclass(frozen=True, slots=True)
class Door:
    """How accounts are entered: the caller's own with its own credentials, all others with the role."""

    clients: Clients
    account: str
    partition: str
    home: str
    role: str
    external_id: str | None = None
    endpoint_url: str | None = None

    def enter(self, member: Member) -> Clients | Unreadable:
        """Return clients that work in the account, or why there are none."""
        if member.id == self.account:
            return self.clients
        role = f"arn:{self.partition}:iam::{member.id}:role/{self.role}"
        return become(self.clients, role, self.home, self.endpoint_url, SESSION, self.external_id)


Enter = Callable[[Member], Clients | Unreadable]
Look = Callable[[Member, Clients], Looked]


def walk(members: Sequence[Member], enter: Enter, look: Look, at_once: int) -> Iterator[Looked]:
    """Yield what each account answered, whoever is first; no more than `at_once` answers wait to be taken."""
    pool = ThreadPoolExecutor(at_once, thread_name_prefix="fleet")
    waiting = iter(members)
    running: set[Future[Looked]] = set()
    try:
        while True:
            while len(running) < at_once and (member := next(waiting, None)):
                running.add(pool.submit(_one, member, enter, look))
            if not running:
                return
            done, running = wait(running, return_when=FIRST_COMPLETED)
            yield from (each.result() for each in done)
    finally:
        pool.shutdown(wait=False, cancel_futures=True)  # after Ctrl-C nobody waits for what is under way


def _one(member: Member, enter: Enter, look: Look) -> Looked:
    if member.state != ACTIVE:
        return Looked(member, notices=(not_active(member),), entered=False)
    try:
        clients = enter(member)
        if not isinstance(clients, Unreadable):
            return look(member, clients)
        cause, reason = cause_of(clients.reason), clients.reason
    except Exception as error:  # noqa: BLE001  # a defect costs this account its answer, not the fleet
        cause, reason = Cause.NOT_UNDERSTOOD, first_line(f"{type(error).__name__}: {error}")
    return Looked(member, notices=(uncovered(member, "", cause, reason),), entered=False)
