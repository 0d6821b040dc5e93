"""Opens the account that a command reads: credentials chain, profile, Regions, endpoint."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

import boto3
import click
from botocore.exceptions import BotoCoreError

from s3_guardrails.errors import InputError
from s3_guardrails.live.call import listing
from s3_guardrails.live.clients import SessionClients
from s3_guardrails.live.reader import LiveReader

C = TypeVar("C", bound=Callable[..., Any])


@dataclass(frozen=True, slots=True)
class Account:
    """One account, and a reader per Region whose keys are asked for; the first one reads the buckets, wherever.

    `caller`: ARN of whom the credentials belong to.
    """

    id: str
    readers: tuple[LiveReader, ...]
    clients: SessionClients
    caller: str

    @property
    def regions(self) -> tuple[str, ...]:
        """The Regions whose keys are read."""
        return tuple(reader.region for reader in self.readers)


def account_options(command: C, region: str = "Region of the keys; repeatable [session's].") -> C:
    """Add --profile, --region (with a help of its own) and --endpoint-url to a command."""
    for option in (
        click.option("--endpoint-url", metavar="URL", help="Send every call there."),
        click.option("--region", "regions", multiple=True, metavar="REGION", help=region),
        click.option("--profile", metavar="NAME", help="Profile of the shared AWS configuration."),
    ):
        command = option(command)
    return command


def open_account(profile: str | None, regions: tuple[str, ...], endpoint_url: str | None) -> Account:
    """Find out which account the credentials belong to; raise InputError or LiveReadFailed."""
    try:
        session = boto3.Session(profile_name=profile)
        named = tuple(dict.fromkeys(regions)) or ((session.region_name,) if session.region_name else ())
        if not named:
            raise InputError("no Region is configured: pass --region")
        clients = SessionClients(session, endpoint_url)
        caller = listing(clients.client("sts", named[0]).get_caller_identity)
    except (BotoCoreError, ValueError, OSError) as error:  # OSError: a credential_process or token file is not there
        raise InputError(" ".join(str(error).split())) from None
    account, partition = _identity(caller)
    readers = tuple(LiveReader(clients, account, region, partition) for region in named)
    return Account(account, readers, clients, caller["Arn"])


def _identity(caller: Mapping[str, Any]) -> tuple[str, str]:
    """Return account and partition of an answer of GetCallerIdentity; raise InputError where it lacks them."""
    account, arn = caller.get("Account"), caller.get("Arn")
    found = re.fullmatch(r"arn:(aws[a-z-]*):(?:sts|iam)::([0-9]{12}):.+", arn) if isinstance(arn, str) else None
    if found is None or found[2] != account:
        raise InputError("GetCallerIdentity: expected the account and the ARN of the caller in the answer")
    return found[2], found[1]
