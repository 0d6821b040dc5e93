"""Where a preflight looks: Regions by name, also ones that the account does not have, and an account to ask."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Final

import boto3

from s3_guardrails.cli.account import Account, open_account
from s3_guardrails.errors import InputError, LiveReadFailed

_ALWAYS_ON: Final = {"aws": "us-east-1", "aws-cn": "cn-north-1", "aws-us-gov": "us-gov-west-1"}
"""Partition → a Region that no account can switch off."""


def open_place(
    profile: str | None, regions: tuple[str, ...], endpoint_url: str | None
) -> tuple[Account, tuple[str, ...]]:
    """Return the account and the Regions to look at, the session's by default; raise InputError or LiveReadFailed.

    The account is opened in the first Region; where that does not answer, it may be one that the account does not have.
    """
    named = tuple(dict.fromkeys(regions))
    partitions = {region: _partition(region) for region in named}
    try:
        account = open_account(profile, named, endpoint_url)
    except LiveReadFailed:
        home = _ALWAYS_ON.get(partitions[named[0]]) if named else None
        if home is None or home == named[0]:
            raise
        account = open_account(profile, (home,), endpoint_url)
    for region in named or account.regions:
        if _partition(region) != (here := account.readers[0].partition):
            raise InputError(f"region `{region}`: expected one of partition {here}, as the account")
    return account, named or account.regions


def _partition(region: str) -> str:
    found = _partitions().get(region)
    if found is None:
        raise InputError(f"region `{region}`: expected the name of a Region that has AWS Config, such as eu-west-1")
    return found


@cache
def _partitions() -> Mapping[str, str]:
    """Return Region → partition, as far as the SDK knows."""
    session = boto3.Session()
    return {
        region: partition
        for partition in session.get_available_partitions()
        for region in session.get_available_regions("config", partition_name=partition)
    }
