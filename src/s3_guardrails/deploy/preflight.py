"""Read the surroundings of one account and Region for `preflight`; whatever fails is unreadable, with the reason.

Unlike a scan, which says nothing where a service did not answer, a preflight says so of each fact and goes on.
"""

from __future__ import annotations

from typing import Any

from s3_guardrails.deploy import preflight_shape as shape
from s3_guardrails.deploy.preflight_call import tried
from s3_guardrails.deploy.preflight_quota import read_roles
from s3_guardrails.encryption.fact import ABSENT, Absent, Unreadable
from s3_guardrails.errors import UnreadableFact
from s3_guardrails.live.clients import Clients
from s3_guardrails.preflight.facts import AccountFacts, Delivery, Recorder, RecorderStatus, RegionFacts


def read_opt_status(clients: Clients, region: str, home: str) -> str | Unreadable:
    """Return the Region's RegionOptStatus; `home` is a Region that the account surely has."""

    def ask() -> str:
        found: str = clients.client("account", home).get_region_opt_status(RegionName=region)["RegionOptStatus"]
        return found

    return tried("region", ask)


def read_region(clients: Clients, region: str) -> RegionFacts:
    """Read a Region that the account has."""
    config = clients.client("config", region)
    recorder = tried("recorder", lambda: read_recorder(config))
    channel = tried("delivery_channel", lambda: _channel(config))
    return RegionFacts(
        region=region,
        recorder=recorder,
        recorder_status=tried("recorder_status", lambda: read_recorder_status(config)),
        delivery_channel=channel,
        delivery_status=tried("delivery_status", lambda: _delivery_status(config)),
    )


def read_account(clients: Clients, home: str) -> AccountFacts:
    """Read what does not depend on the Region; IAM is asked where `home` says."""

    def services() -> frozenset[str]:
        pages = clients.client("iam", home).get_paginator("list_roles").paginate(PathPrefix="/aws-service-role/")
        return frozenset(each["Path"].split("/")[2] for page in pages for each in page["Roles"])

    return AccountFacts(service_roles=tried("service_roles", services), roles=read_roles(clients, home))


def read_recorder(config: Any) -> Recorder | Absent:
    """Read the account's own recorder; raise UnreadableFact."""
    found = shape.own(config.describe_configuration_recorders()["ConfigurationRecorders"])
    return shape.recorder(_only("recorder", found)) if found else ABSENT


def read_recorder_status(config: Any) -> RecorderStatus:
    """Read how the account's own recorder goes; raise UnreadableFact."""
    found = shape.own(config.describe_configuration_recorder_status()["ConfigurationRecordersStatus"])
    return shape.recorder_status(_only("recorder_status", found))


def _channel(config: Any) -> str | Absent:
    found = config.describe_delivery_channels()["DeliveryChannels"]
    return str(_only("delivery_channel", found)["name"]) if found else ABSENT


def _delivery_status(config: Any) -> tuple[Delivery, ...]:
    found = config.describe_delivery_channel_status()["DeliveryChannelsStatus"]
    return shape.deliveries(_only("delivery_status", found))


def _only(name: str, found: list[Any]) -> Any:
    if len(found) != 1:
        raise UnreadableFact(name, f"expected one per account and Region, found {len(found)}")
    return found[0]
