"""Who may be run in: the account that was named, confirmed, no management account, and small enough to be scratch."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from botocore.exceptions import BotoCoreError, ClientError

from s3_guardrails.acceptance.run import code_of
from s3_guardrails.acceptance.seed import BUCKETS, KEYS
from s3_guardrails.errors import InputError
from s3_guardrails.live.call import listing, sentence

MAX_BUCKETS: Final = 50
MAX_KEYS: Final = 100
_ROUNDS: Final = 4
"""Times that every rule judges everything: once deployed, asked, in the pack apart, with another version."""
_EVALUATION: Final = 0.001
_ITEM: Final = 0.003
_ITEMS: Final = 300
_KEYS_FOR_A_DAY: Final = 10 / 30
_REST: Final = 0.25
"""Requests, logs and functions, rounded up."""


@dataclass(frozen=True, slots=True)
class Size:
    """How many buckets and keys the account has."""

    buckets: int
    keys: int

    @property
    def dollars(self) -> float:
        """What a run costs at most, at the prices of docs/operations.md."""
        of_buckets, of_keys = len(BUCKETS[0].answers.by_rule()), len(KEYS[0].by_rule())
        judged = (self.buckets + len(BUCKETS) + 3) * of_buckets + (self.keys + len(KEYS) + 2) * of_keys
        return judged * _ROUNDS * _EVALUATION + _ITEMS * _ITEM + _KEYS_FOR_A_DAY + _REST


def refuse_other(account: str, named: str | None, confirmed: bool) -> None:
    """Raise InputError unless the caller's account is the one that was named, and called scratch."""
    if named is None:
        raise InputError("--account: expected the id of the scratch account, so that no other one is met by mistake")
    if named != account:
        raise InputError(f"--account {named}: the credentials belong to another account, {account}")
    if not confirmed:
        raise InputError(
            "--yes-this-is-a-scratch-account: expected; buckets, keys, roles and stacks are made and deleted"
        )


def organization_of(client: Any, account: str) -> str:
    """Return the organization's id, empty where there is none; raise InputError for its management account."""
    try:
        found = client.describe_organization()["Organization"]
    except ClientError as error:
        if code_of(error) == "AWSOrganizationsNotInUseException":
            return ""
        raise InputError(f"whether this is a management account cannot be told: {sentence(error)}") from None
    except BotoCoreError as error:
        raise InputError(f"whether this is a management account cannot be told: {sentence(error)}") from None
    if found["MasterAccountId"] == account:
        raise InputError(f"account {account} is the management account of an organization: expected a scratch account")
    return str(found["Id"])


def size_of(s3: Any, kms: Any) -> Size:
    """Count buckets and keys; raise InputError where there are more than a scratch account has."""
    buckets = len(listing(lambda: s3.list_buckets()["Buckets"]))
    keys = listing(lambda: sum(len(page["Keys"]) for page in kms.get_paginator("list_keys").paginate()))
    if buckets > MAX_BUCKETS or keys > MAX_KEYS:
        what = f"{buckets} buckets and {keys} keys; every rule judges each of them several times"
        raise InputError(
            f"expected a scratch account with at most {MAX_BUCKETS} buckets and {MAX_KEYS} keys, found {what}"
        )
    return Size(buckets, keys)
