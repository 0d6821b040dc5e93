"""Which accounts there are, and where they stand: the Organizations API as the management account may read it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from s3_guardrails.deploy.preflight_call import tried
from s3_guardrails.encryption.fact import Unreadable
from s3_guardrails.errors import LiveReadFailed
from s3_guardrails.fleet.member import Member
from s3_guardrails.live.call import listing
from s3_guardrails.live.clients import Clients


def read_members(clients: Clients, home: str) -> list[Member]:
    """Return every account of the organization, suspended ones too; raise LiveReadFailed.

    A place that cannot be read costs the place only: the list of accounts is complete, or nothing.
    """
    organizations = clients.client("organizations", home)
    try:
        accounts = listing(lambda: list(_accounts(organizations)))
    except LiveReadFailed as error:
        raise LiveReadFailed(
            f"the accounts of the organization: {error}; name accounts with --account instead"
        ) from None
    management = tried("management", lambda: _management(organizations))
    paths = tried("path", lambda: dict(_paths(organizations)))
    return [Member(*each, _path(paths, each[0]), management=each[0] == management) for each in accounts]


def _path(paths: dict[str, tuple[str, ...]] | Unreadable, account: str) -> tuple[str, ...] | Unreadable:
    if isinstance(paths, Unreadable):
        return paths
    return paths.get(account, Unreadable("path", "the account is below no root"))


def _management(organizations: Any) -> str:
    found: str = organizations.describe_organization()["Organization"]["MasterAccountId"]
    return found


def _accounts(organizations: Any) -> Iterator[tuple[str, str, str]]:
    """Yield id, name and state, each account once. `Status` is retired in favour of `State`."""
    seen = set()
    for each in _pages(organizations.get_paginator("list_accounts"), "Accounts"):
        if each["Id"] not in seen:
            seen.add(each["Id"])
            yield each["Id"], each.get("Name", ""), each["State"] if "State" in each else each["Status"]


def _paths(organizations: Any) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Yield account and path, walking from the roots down: two calls for each OU instead of one for each account."""
    roots = _pages(organizations.get_paginator("list_roots"), "Roots")
    waiting: list[tuple[str, tuple[str, ...]]] = [(each["Id"], (each["Name"],)) for each in roots]
    accounts = organizations.get_paginator("list_accounts_for_parent")
    units = organizations.get_paginator("list_organizational_units_for_parent")
    while waiting:
        parent, path = waiting.pop()
        for each in _pages(accounts, "Accounts", ParentId=parent):
            yield each["Id"], path
        below = _pages(units, "OrganizationalUnits", ParentId=parent)
        waiting += [(each["Id"], (*path, each["Name"])) for each in below]


def _pages(paginator: Any, name: str, **given: str) -> Iterator[Any]:
    for page in paginator.paginate(**given):
        yield from page[name]
