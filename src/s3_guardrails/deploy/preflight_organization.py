"""Read the organization as far as the caller's account may."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from s3_guardrails.deploy.preflight_call import tried
from s3_guardrails.encryption.fact import ABSENT, Absent
from s3_guardrails.live.clients import Clients
from s3_guardrails.preflight.organization import CONFIG, Member, OrganizationFacts

_IN_NONE: Final[Mapping[str, str | Absent]] = {"AWSOrganizationsNotInUseException": ABSENT}


def read_organization(clients: Clients, home: str, caller: str) -> OrganizationFacts:
    """Read the organization; `caller` is the account that asks."""
    organizations = clients.client("organizations", home)

    def management() -> str | Absent:
        found: str = organizations.describe_organization()["Organization"]["MasterAccountId"]
        return found

    return OrganizationFacts(
        caller=caller,
        management=tried("management", management, _IN_NONE),
        accounts=tried("accounts", lambda: tuple(_accounts(organizations))),
        delegated_administrators=tried("delegated_administrators", lambda: frozenset(_administrators(organizations))),
        trusted_services=tried("trusted_services", lambda: frozenset(_trusted(organizations))),
    )


def _accounts(organizations: Any) -> Iterator[Member]:
    """Yield the accounts. `Status` is retired in favour of `State`; an account with neither is not understood."""
    for page in organizations.get_paginator("list_accounts").paginate():
        for each in page["Accounts"]:
            yield Member(each["Id"], each["State"] if "State" in each else each["Status"])


def _administrators(organizations: Any) -> Iterator[str]:
    pages = organizations.get_paginator("list_delegated_administrators").paginate(ServicePrincipal=CONFIG)
    yield from (each["Id"] for page in pages for each in page["DelegatedAdministrators"])


def _trusted(organizations: Any) -> Iterator[str]:
    pages = organizations.get_paginator("list_aws_service_access_for_organization").paginate()
    yield from (each["ServicePrincipal"] for page in pages for each in page["EnabledServicePrincipals"])
