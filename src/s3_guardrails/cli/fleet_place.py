"""Which accounts a fleet has and how they are entered: options, what they mean, and what is refused of them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Final, TypeVar

import click

from s3_guardrails.cli.account import Account, account_options
from s3_guardrails.cli.preflight_place import open_place
from s3_guardrails.cli.progress import tracked
from s3_guardrails.cli.text import say
from s3_guardrails.deploy.fleet_accounts import read_members
from s3_guardrails.deploy.fleet_walk import Door, Enter, Look, walk
from s3_guardrails.errors import InputError
from s3_guardrails.fleet.member import Member
from s3_guardrails.fleet.report import Looked

C = TypeVar("C", bound=Callable[..., Any])

ROLE: Final = "s3-guardrails-reader"
"""The role of deploy/reader-role.yaml."""
EXTERNAL_ID: Final = "S3_GUARDRAILS_EXTERNAL_ID"
MAX_AT_ONCE: Final = 32

_ROLE_NAME: Final = re.compile(r"([\w+=,.@-]+/)*[\w+=,.@-]{1,64}", re.ASCII)
_EXTERNAL_ID: Final = re.compile(r"[\w+=,.@:/-]{2,1224}", re.ASCII)
"""As STS takes it (service model, AssumeRole)."""
_ACCOUNT: Final = re.compile(r"[0-9]{12}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Access:
    """What the command was told about accounts and how to enter them."""

    accounts: tuple[str, ...]
    accounts_file: Path | None
    role_name: str
    external_id: str | None
    at_once: int


@dataclass(frozen=True, slots=True)
class Place:
    """The fleet to look at, its Regions, and how its accounts are entered."""

    caller: Account
    door: Door
    regions: tuple[str, ...]
    members: tuple[Member, ...]
    at_once: int

    def looked(self, look: Look, enter: Enter | None = None) -> Iterator[Looked]:
        """Look at every account, with a progress bar where a person watches; `enter` stands in for the door."""
        found = walk(self.members, enter or self.door.enter, look, self.at_once)
        return tracked(found, "looking at accounts", len(self.members))


def fleet_options(command: C) -> C:
    """Add what every command about a fleet takes; it comes as `profile`, `regions`, `endpoint_url` and the rest."""
    for option in (
        click.option("--json", "as_json", is_flag=True, help="Print one JSON object."),
        click.option(
            "--accounts-at-once",
            type=click.IntRange(1, MAX_AT_ONCE),
            default=8,
            show_default=True,
            help="Accounts looked at at a time.",
        ),
        click.option(
            "--external-id",
            envvar=EXTERNAL_ID,
            metavar="ID",
            help=f"External id that the role asks for; better given as {EXTERNAL_ID}.",
        ),
        click.option(
            "--role-name",
            default=ROLE,
            show_default=True,
            metavar="NAME",
            help="Role to enter the other accounts with.",
        ),
        click.option(
            "--accounts-file",
            type=click.Path(path_type=Path, exists=True, dir_okay=False),
            help="Only the accounts in this file: an id on each line, # begins a comment.",
        ),
        click.option("--account", "accounts", multiple=True, metavar="ID", help="Only this account; repeatable."),
        partial(account_options, region="Region to look at; repeatable [session's]."),
    ):
        command = option(command)
    return command


def open_fleet(profile: str | None, regions: tuple[str, ...], endpoint_url: str | None, access: Access) -> Place:
    """Find the accounts: those named, else all of the organization; raise InputError or LiveReadFailed."""
    named = _named(access)
    _check(access)
    account, names = open_place(profile, regions, endpoint_url)
    home, partition = account.regions[0], account.readers[0].partition
    door = Door(account.clients, account.id, partition, home, access.role_name, access.external_id, endpoint_url)
    members = [Member(each) for each in named] if named else read_members(account.clients, home)
    return Place(account, door, names, tuple(members), access.at_once)


def _check(access: Access) -> None:
    if not _ROLE_NAME.fullmatch(access.role_name):
        raise InputError(f"--role-name `{access.role_name}`: expected the name of a role, with its path if it has one")
    if access.external_id is not None and not _EXTERNAL_ID.fullmatch(access.external_id):
        raise InputError(f"--external-id or {EXTERNAL_ID}: expected 2 to 1224 letters, digits or _+=,.@:/-")


def _named(access: Access) -> tuple[str, ...]:
    """Return the accounts named, each once, in order; none means all. Raise InputError."""
    if access.accounts_file is None:
        found = [("--account", each) for each in access.accounts]
    else:
        found = [*(("--account", each) for each in access.accounts), *_lines(access.accounts_file)]
        if not found:
            raise InputError(f"`{access.accounts_file}`: expected an account id on a line, found none")
    for place, each in found:
        if not _ACCOUNT.fullmatch(each):
            raise InputError(f"{place} `{each}`: expected an account id of 12 digits")
    ids = [each for _, each in found]
    if repeated := _repeated(ids):
        say(f"named more than once, looked at once: {', '.join(repeated)}")
    return tuple(dict.fromkeys(ids))


def _lines(path: Path) -> Iterator[tuple[str, str]]:
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"`{path}`: {error}") from None
    for number, line in enumerate(lines, 1):
        if text := line.partition("#")[0].strip():
            yield f"`{path}` line {number}:", text


def _repeated(ids: Sequence[str]) -> Iterable[str]:
    return sorted({each for each in ids if ids.count(each) > 1})
