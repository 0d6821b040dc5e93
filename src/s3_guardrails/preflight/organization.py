"""An organization: which accounts a roll-out reaches, who may roll out, and what the organization allows.

Source: CloudFormation User Guide, "Prerequisites for using StackSets with service-managed permissions"; AWS Config
Developer Guide, "Conformance packs across all accounts of an organization".
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from s3_guardrails.encryption.fact import Absent, Unreadable
from s3_guardrails.preflight.finding import Finding, Outcome, advises, blocks, fine, unreadable

CONFIG: Final = "config-multiaccountsetup.amazonaws.com"
STACKSETS: Final = "member.org.stacksets.cloudformation.amazonaws.com"
ACTIVE: Final = "ACTIVE"

Located = tuple[str, Finding]
"""The account that a finding is about, and the finding."""


@dataclass(frozen=True, slots=True)
class Member:
    """An account of the organization; `state` as the Organizations API writes it."""

    id: str
    state: str


@dataclass(frozen=True, slots=True)
class OrganizationFacts:
    """What the caller's account may know. `management`: id of the management account; ABSENT: in no organization.

    `delegated_administrators`: accounts registered for AWS Config. `trusted_services`: principals with trusted access.
    """

    caller: str
    management: str | Absent | Unreadable
    accounts: tuple[Member, ...] | Unreadable
    delegated_administrators: frozenset[str] | Unreadable
    trusted_services: frozenset[str] | Unreadable


def judge_organization(facts: OrganizationFacts) -> Iterator[Located]:
    """Judge the organization."""
    caller = facts.caller
    if isinstance(facts.management, Absent):
        yield caller, blocks("ORGANIZATION_ABSENT", "the account is in no organization", "leave --organization out")
        return
    if isinstance(facts.management, Unreadable):
        yield caller, unreadable(facts.management)
    else:
        sentence = "this is the management account: StackSets never deploy to it"
        yield facts.management, advises("MANAGEMENT_ACCOUNT", sentence, "deploy a stack of its own there")
    yield from _accounts(facts)
    yield caller, _administrator(facts.delegated_administrators)
    yield from ((caller, each) for each in _trusted(facts.trusted_services))


def _accounts(facts: OrganizationFacts) -> Iterator[Located]:
    if isinstance(facts.accounts, Unreadable):
        yield facts.caller, unreadable(facts.accounts)
        return
    for each in facts.accounts:
        if each.state != ACTIVE:
            sentence = f"the account is {each.state}: nothing can be deployed to it, and nothing of it was read"
            yield each.id, advises("ACCOUNT_NOT_ACTIVE", sentence, "exclude the account, or have it reactivated")
    count = sum(each.state == ACTIVE for each in facts.accounts)
    yield facts.caller, fine("ACCOUNTS_LISTED", f"{count} of {len(facts.accounts)} accounts are active")


def _administrator(found: frozenset[str] | Unreadable) -> Finding:
    if isinstance(found, Unreadable):
        return unreadable(found)
    if found:
        return fine("ADMINISTRATOR_DELEGATED", f"delegated administrator for {CONFIG}: {', '.join(sorted(found))}")
    sentence = f"no account is a delegated administrator for {CONFIG}: the management account alone can roll out"
    return advises("ADMINISTRATOR_NOT_DELEGATED", sentence, f"register the security account for {CONFIG}")


def _trusted(found: frozenset[str] | Unreadable) -> Iterator[Finding]:
    if isinstance(found, Unreadable):
        yield unreadable(found)
        return
    yield from (fine("TRUSTED_ACCESS", f"{each} has trusted access") for each in (CONFIG, STACKSETS) if each in found)
    if STACKSETS not in found:
        sentence = f"{STACKSETS} has no trusted access: service-managed stack sets fail"
        yield blocks(
            "STACKSETS_NOT_TRUSTED", sentence, "activate trusted access with AWS Organizations in CloudFormation"
        )
    if CONFIG not in found:
        sentence = f"{CONFIG} has no trusted access: packs and rules of the whole organization cannot be put"
        yield advises(
            "CONFIG_NOT_TRUSTED", sentence, f"enable AWS service access for {CONFIG}, if such packs are wanted"
        )


def not_looked_into(accounts: int) -> Finding:
    """Say that active accounts were left out."""
    sentence = f"{accounts} other active accounts were not looked into"
    step = "pass --role with a role of theirs that the caller may assume"
    return Finding(Outcome.UNREADABLE, "ACCOUNTS_NOT_ENTERED", sentence, step)


def others(facts: OrganizationFacts) -> list[str]:
    """Return the active accounts other than the caller's, which take a role to look into."""
    accounts = () if isinstance(facts.accounts, Unreadable) else facts.accounts
    return [each.id for each in accounts if each.state == ACTIVE and each.id != facts.caller]
