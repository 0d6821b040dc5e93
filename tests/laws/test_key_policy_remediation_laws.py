"""The laws of restricting a key policy: it helps, once, it gives nothing, and it takes only what the rule wants taken.

The policies are those of the small world and the labelled ones; requests are hunted for with the plain evaluator.
"""

import json
import re
from collections.abc import Callable
from functools import cache
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cases.labelled import SINCE, labelled
from differential.hunt import allowed, tls
from differential.pools import INSIDE, ORG, OWN, WRITER
from differential.topics import policy
from differential.world import World
from effort import FUZZ, seeded
from s3_guardrails.discovery import find_rules
from s3_guardrails.encryption.key import Key, KeyMetadata
from s3_guardrails.encryption.key_access import (
    ADMINISTRATION,
    CRYPTOGRAPHY,
    DECRYPTION,
    KeyQuestions,
    without_accounts,
)
from s3_guardrails.policy.actions import actions
from s3_guardrails.policy.authorize import Outcome, authorize
from s3_guardrails.policy.document import Policy, parse_policy
from s3_guardrails.policy.prove import Proved
from s3_guardrails.policy.request import Request
from s3_guardrails.remediate.change import NothingToDo, Proposed, Refused
from s3_guardrails.remediate.key_policy import plan
from s3_guardrails.remediate.key_policy_roles import DeclaredRoles, Duty
from s3_guardrails.remediate.policy_text import find_statements

RULE = next(each.rule for each in find_rules() if each.remediation == "RestrictKeyPolicy")
KEY = Key(
    key_id="11111111-aaaa-bbbb-cccc-000000000001",
    account=OWN,
    region="us-east-1",
    metadata=KeyMetadata(manager="CUSTOMER", state="Enabled"),
    as_of=SINCE,
)
SEEDS = st.integers(0, FUZZ or 80)
HUNTED = st.integers(0, FUZZ or 25)
PARAMETERS = [
    {},
    {"TrustedAccounts": INSIDE},
    {"TrustedOrganizations": ORG},
    {"WriteOnly": WRITER},
    {"WriteOnlyMultipart": WRITER},
]
DECLARED = [
    DeclaredRoles.from_text("admin", f"app,writer,arn:aws:iam::{OWN}:user/ann,arn:aws:iam::{INSIDE}:root"),
    DeclaredRoles.from_text("app", "writer,cloudtrail.amazonaws.com,s3.amazonaws.com"),
]
MAY_STAND_IN_THE_WAY = {
    "BLAST_RADIUS",
    "BLAST_RADIUS_UNDECIDED",
    "LOCKED_OUT",
    "NEWLY_ALLOWED_UNDECIDED",
    "NOT_PRINCIPAL",
    "POLICY_UNDECIDED",
    "ROLE_UNDECLARED",
    "SERVICE_BINDING_UNKNOWN",
    "STATEMENT_NOT_UNDERSTOOD",
    "UNDETERMINED",
    "WOULD_NOT_HELP",
}
"""NEWLY_ALLOWED never does: a change that gives something would be a mistake of ours."""


class Try:
    """One policy, who is trusted and declared, and what is planned."""

    def __init__(self, text: str, parameters: dict[str, str], roles: DeclaredRoles, key: Key = KEY) -> None:
        self.text, self.parameters, self.roles, self.key = text, parameters, roles, key
        self.rule = RULE(RULE.Parameters.from_config(parameters))
        self.found = self.planned(text)

    def planned(self, text: str) -> Any:
        return plan(self.rule, self.key, {"key_policy": text}, self.roles)

    @property
    def after(self) -> str:
        return self.found.after["key_policy"]

    def policies(self) -> tuple[Policy, Policy]:
        return parse_policy(self.text), parse_policy(self.after)

    def __repr__(self) -> str:
        return f"{self.text}\n{self.parameters} {self.roles}\n{self.found}"


@cache
def tried(seed: int) -> Try:
    """Planned once for all laws. No principal is gone, and most services are documented."""
    random = seeded(f"key policy {seed}")
    text = json.dumps(policy(random, "kms-outside"), indent=random.choice([None, 2]))
    text = text.replace("AROAEXAMPLE", f"arn:aws:iam::{OWN}:role/admin").replace("logging.s3", "config")
    return Try(text, random.choice(PARAMETERS), random.choice(DECLARED))


@given(SEEDS)
def test_what_is_proposed_makes_the_rule_hold_and_leaves_nothing_to_do(seed):
    """The verdict on the policy that would be written is COMPLIANT, and planning for it again plans nothing."""
    found = tried(seed)
    if isinstance(found.found, Proposed):
        assert isinstance(found.planned(found.after), NothingToDo), found


@given(SEEDS)
def test_what_stands_in_the_way_is_known(seed):
    found = tried(seed)
    if isinstance(found.found, Refused):
        assert {each.code for each in found.found.refusals} <= MAY_STAND_IN_THE_WAY, found
        assert all(each.sentence and each.next_step for each in found.found.refusals)


@given(SEEDS)
def test_somebody_of_the_account_can_change_the_policy_afterwards(seed):
    found = tried(seed)
    if isinstance(found.found, Proposed):
        questions = KeyQuestions(own=OWN, key_arn=KEY.arn, since=SINCE)
        assert not isinstance(questions.locked_out(parse_policy(found.after)), Proved), found


@given(SEEDS)
def test_statements_that_are_not_said_to_change_stay_byte_for_byte_in_their_order(seed):
    found = tried(seed)
    if not isinstance(found.found, Proposed):
        return
    said = found.found.concerns[0].sentence
    changed = {int(each) for each in re.findall(r"`Statement\[(\d+)\]`", said)}
    old = [found.text[each.start : each.end] for each in find_statements(found.text).elements]
    new = iter([found.after[each.start : each.end] for each in find_statements(found.after).elements])
    assert changed
    assert all(text in new for place, text in enumerate(old) if place not in changed), found
    assert all('"Deny"' not in text for place, text in enumerate(old) if place in changed)


@given(HUNTED)
def test_nothing_is_newly_allowed(seed):
    """No hunt finds a request that the new policy allows and the old one did not."""
    found = tried(seed)
    if isinstance(found.found, Proposed):
        before, after = found.policies()
        request = hunted(seed, after, lambda each: outcome(before, each) is Outcome.ALLOW)
        assert request is None, (found, request)


@given(HUNTED)
def test_nobody_of_the_account_loses_what_the_rule_does_not_want_taken(seed):
    """No hunt finds a request that the old policy itself allowed somebody of the account, and the new one does not."""
    found = tried(seed)
    if isinstance(found.found, Proposed):
        before, after = map(without_accounts, found.policies())

        def fine(request: Request) -> bool:
            stays = outcome(after, request) is Outcome.ALLOW
            return stays or request.account != OWN or wanted(found, request)

        request = hunted(seed, before, fine)
        assert request is None, (found, request)


def wanted(found: Try, request: Request) -> bool:
    """Is this what the rule takes: of an administrator use, of a user administration, of a writer decryption?"""
    arn, action = str(request.values.get("aws:principalarn")), request.action.removeprefix("kms:")
    duties = found.roles.duties(arn, OWN) | found.roles.duties(request.principal, OWN)
    writers = f"{found.parameters.get('WriteOnly')},{found.parameters.get('WriteOnlyMultipart')}".split(",")
    narrowed = any(each.code == "ADMINISTRATION_NARROWED" for each in found.found.concerns)
    return (
        (Duty.ADMINISTER in duties and action in CRYPTOGRAPHY)
        or ((Duty.USE in duties or narrowed) and action in ADMINISTRATION)
        or (arn in writers and action in DECRYPTION)
    )


def hunted(seed: int, read: Policy, fine: Callable[[Request], bool]) -> Request | None:
    """Look for a request that the policy allows and that is not fine."""
    world = World(read, "kms", seeded(f"hunt {seed}"))
    names = [each.full_name for each in actions("kms")]
    scores = [lambda request, by=by: by(request) + fine(request) for by in allowed(read)]
    return world.climb(world.callers(), names, [tls("1.2")], scores, 8)


def outcome(read: Policy, request: Request) -> Outcome:
    return authorize(read, request).outcome


CASES = [each for each in labelled("key_policy", "adversarial") if each.topic.startswith("kms-")]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_a_labelled_policy_is_mended_or_refused(case):
    """Each is planned for as the rule would judge it, with everybody it names declared a user."""
    partitions = set(re.findall(r"arn:(aws[a-z-]*):iam::", json.dumps(case.policy)))
    partition = partitions.pop() if len(partitions) == 1 else "aws"
    key = Key(**{each: getattr(KEY, each) for each in ("key_id", "region", "metadata", "as_of")},
              account=case.own, partition=partition)  # fmt: skip
    named = re.findall(r"arn:aws[a-z-]*:iam::\d{12}:(?:role|user)/[\w/-]+(?=\")", json.dumps(case.policy))
    parameters = {"TrustedAccounts": ",".join(case.params.get("inside", []))}
    found = Try(json.dumps(case.policy), parameters, DeclaredRoles(users=frozenset(named)), key)
    if isinstance(found.found, Proposed):
        assert isinstance(found.planned(found.after), NothingToDo), found
    elif isinstance(found.found, Refused):
        allowed_codes = MAY_STAND_IN_THE_WAY | {"DELETED_PRINCIPAL"}
        assert {each.code for each in found.found.refusals} <= allowed_codes, found
