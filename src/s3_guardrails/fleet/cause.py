"""Why an account or Region could not be looked at, and what to do about it."""

from __future__ import annotations

from enum import StrEnum
from typing import Final

from s3_guardrails.fleet.member import ACTIVE, Member
from s3_guardrails.fleet.notice import Kind, Notice


class Cause(StrEnum):
    """Causes, told apart by what they take to mend."""

    ROLE_REFUSED = "ROLE_REFUSED"
    REGION_NOT_ENABLED = "REGION_NOT_ENABLED"
    THROTTLED = "THROTTLED"
    CREDENTIALS_REFUSED = "CREDENTIALS_REFUSED"
    UNREACHABLE = "UNREACHABLE"
    SERVICE_FAILED = "SERVICE_FAILED"
    REFUSED = "REFUSED"
    NOT_UNDERSTOOD = "NOT_UNDERSTOOD"
    NOT_AGGREGATED = "NOT_AGGREGATED"


NEXT: Final = {
    Cause.ROLE_REFUSED: "deploy deploy/reader-role.yaml there for this caller, and pass its role name and external id",
    Cause.REGION_NOT_ENABLED: "enable the Region for the account, or leave the Region out",
    Cause.THROTTLED: "run this again with a smaller --accounts-at-once",
    Cause.CREDENTIALS_REFUSED: "sign in again and run this again; a session of a role ends after an hour",
    Cause.UNREACHABLE: "look at the network and the proxy, and run this again",
    Cause.SERVICE_FAILED: "run this again later",
    Cause.REFUSED: "update the role from deploy/reader-role.yaml, or look for a policy of the organization that denies",
    Cause.NOT_UNDERSTOOD: "report the answer as a defect of this program",
    Cause.NOT_AGGREGATED: "let the aggregator collect from it, or leave --aggregator out",
}
_OF_MANAGEMENT: Final = "stack sets leave the management account out: deploy deploy/reader-role.yaml as a stack there"


def uncovered(member: Member, region: str, cause: Cause, reason: str) -> Notice:
    """Say that an account, or a Region of it, or a listing in it, was not looked at, and why."""
    refused = cause is Cause.ROLE_REFUSED and member.management
    return Notice(Kind.UNCOVERED, cause.value, member.id, region, reason, _OF_MANAGEMENT if refused else NEXT[cause])


def not_active(member: Member) -> Notice:
    """Name an account that nobody can enter: it is no gap, because nothing of it is in use."""
    sentence = f"the account is {member.state}, not {ACTIVE}: nothing of it was looked at"
    return Notice(Kind.ADVISES, "ACCOUNT_NOT_ACTIVE", member.id, "", sentence, "reactivate it or let it be closed")
