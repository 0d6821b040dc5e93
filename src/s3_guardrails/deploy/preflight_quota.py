"""Read what is used of AWS's quotas, and the quotas where AWS tells them."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any, Final

from s3_guardrails.deploy.preflight_call import tried
from s3_guardrails.discovery import template_file
from s3_guardrails.encryption.fact import ABSENT, Absent, Unreadable
from s3_guardrails.errors import InputError
from s3_guardrails.live.clients import Clients
from s3_guardrails.preflight.additions import Additions, additions, bodies
from s3_guardrails.preflight.quota import Roles, Room
from s3_guardrails.template.loading import load

CONFIG_RULES: Final = {"ServiceCode": "config", "QuotaCode": "L-0BE82991"}
"""The quota of AWS Config rules per Region; Service Quotas need not keep a value."""
_NOT_KEPT: Final[Mapping[str, int | Absent]] = {"NoSuchResourceException": ABSENT}


@cache
def read_additions() -> Additions:
    """Return what template.yaml adds, read once; raise InputError where it cannot be read."""
    path = template_file()
    try:
        template = load(path.read_bytes()).tree
        return additions(template, [load(each.encode()).tree for each in bodies(template)])
    except OSError as error:
        raise InputError(f"{path}: {error.strerror}") from None


def read_room(clients: Clients, region: str) -> Room:
    """Read what a Region has room for."""
    config = clients.client("config", region)
    return Room(
        config_rules=tried("config_rules", lambda: _rules(config)),
        config_rules_quota=tried("config_rules_quota", lambda: _quota(clients, region), _NOT_KEPT),
        conformance_packs=tried("conformance_packs", lambda: _packs(config)),
        unreserved_concurrency=tried("unreserved_concurrency", lambda: _unreserved(clients, region)),
    )


def read_roles(clients: Clients, home: str) -> Roles | Unreadable:
    """Read how many roles the account has and may have."""

    def ask() -> Roles:
        found = clients.client("iam", home).get_account_summary()["SummaryMap"]
        return Roles(found["Roles"], found["RolesQuota"])

    return tried("roles", ask)


def _rules(config: Any) -> tuple[str, ...]:
    pages = config.get_paginator("describe_config_rules").paginate()
    return tuple(each["ConfigRuleName"] for page in pages for each in page["ConfigRules"])


def _packs(config: Any) -> int:
    pages = config.get_paginator("describe_conformance_packs").paginate()
    return sum(len(page["ConformancePackDetails"]) for page in pages)


def _quota(clients: Clients, region: str) -> int | Absent:
    return int(clients.client("service-quotas", region).get_service_quota(**CONFIG_RULES)["Quota"]["Value"])


def _unreserved(clients: Clients, region: str) -> int:
    found = clients.client("lambda", region).get_account_settings()["AccountLimit"]
    return int(found["UnreservedConcurrentExecutions"])
