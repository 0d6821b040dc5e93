"""What a preflight makes of an organization: facts → the account that a finding is about, and its code."""

from dataclasses import replace

import pytest

from s3_guardrails.encryption.fact import ABSENT, Unreadable
from s3_guardrails.preflight.finding import Outcome
from s3_guardrails.preflight.organization import (
    CONFIG,
    STACKSETS,
    Member,
    OrganizationFacts,
    judge_organization,
    others,
)

OWN, HEAD, APP = "111122223333", "999988887777", "444455556666"
GOOD = OrganizationFacts(
    caller=OWN,
    management=HEAD,
    accounts=(Member(HEAD, "ACTIVE"), Member(OWN, "ACTIVE"), Member(APP, "ACTIVE")),
    delegated_administrators=frozenset({OWN}),
    trusted_services=frozenset({CONFIG, STACKSETS, "guardduty.amazonaws.com"}),
)
MANAGEMENT = (HEAD, "advises", "MANAGEMENT_ACCOUNT")


def said(facts):
    found = judge_organization(facts)
    return [(where, each.outcome.value, each.code) for where, each in found if each.outcome is not Outcome.FINE]


def with_state(state):
    return {"accounts": (Member(OWN, "ACTIVE"), Member(APP, state))}


CASES = {
    "an organization that is ready": ({}, [MANAGEMENT]),
    "the caller is the management account": ({"caller": HEAD}, [MANAGEMENT]),
    **{
        f"an account that is {state}": (with_state(state), [MANAGEMENT, (APP, "advises", "ACCOUNT_NOT_ACTIVE")])
        for state in ("SUSPENDED", "PENDING_CLOSURE", "PENDING_ACTIVATION", "CLOSED")
    },
    "nobody is delegated": (
        {"delegated_administrators": frozenset()},
        [MANAGEMENT, (OWN, "advises", "ADMINISTRATOR_NOT_DELEGATED")],
    ),
    "stack sets have no trusted access": (
        {"trusted_services": frozenset({CONFIG})},
        [MANAGEMENT, (OWN, "blocks", "STACKSETS_NOT_TRUSTED")],
    ),
    "the management account's principal of stack sets is not enough": (
        {"trusted_services": frozenset({CONFIG, "stacksets.cloudformation.amazonaws.com"})},
        [MANAGEMENT, (OWN, "blocks", "STACKSETS_NOT_TRUSTED")],
    ),
    "AWS Config has no trusted access": (
        {"trusted_services": frozenset({STACKSETS})},
        [MANAGEMENT, (OWN, "advises", "CONFIG_NOT_TRUSTED")],
    ),
    "no organization": ({"management": ABSENT}, [(OWN, "blocks", "ORGANIZATION_ABSENT")]),
}


@pytest.mark.parametrize(("facts", "expected"), CASES.values(), ids=CASES)
def test_an_organization_is_judged_by_its_facts(facts, expected):
    assert said(replace(GOOD, **facts)) == expected


@pytest.mark.parametrize("name", ["management", "accounts", "delegated_administrators", "trusted_services"])
def test_a_fact_that_was_not_read_is_never_fine(name):
    closed = replace(GOOD, **{name: Unreadable(name, "AccessDeniedException: no")})
    kept = [] if name == "management" else [MANAGEMENT]
    assert said(closed) == [*kept, (OWN, "unreadable", f"{name.upper()}_UNREADABLE")]


def test_active_accounts_but_the_caller_s_take_a_role():
    assert others(GOOD) == [HEAD, APP]
    assert others(replace(GOOD, **with_state("SUSPENDED"))) == []
    assert others(replace(GOOD, accounts=Unreadable("accounts", "no"))) == []
