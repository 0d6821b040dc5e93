"""What a change of a key policy gives and takes: each pair of policies is refused, worried about, or neither."""

import pytest
from test_remediate_key_policy import (
    ADMIN,
    APP,
    FOR_RESOURCES,
    GRANTS,
    INSIDE,
    KEY,
    MEMBERS,
    ORG,
    OTHER,
    OWN_SOURCE,
    PARTNER,
    ROOT,
    STRANGER,
    THROUGH_S3,
    USE,
    allow,
    service,
)

from s3_guardrails.encryption.key_access import ADMINISTRATION, CRYPTOGRAPHY, DECRYPTION, KeyQuestions
from s3_guardrails.policy.document import parse_policy
from s3_guardrails.remediate.key_policy_blast import checked, keeps_the_policy
from s3_guardrails.remediate.key_policy_narrow import FOR_RESOURCES as SPARED_LINE
from s3_guardrails.remediate.key_policy_roles import DeclaredRoles
from s3_guardrails.remediate.key_policy_task import Loss, Task

MEMBER = f"arn:aws:iam::{STRANGER}:role/member"
WILD = "kms:*"
NOT_USE = ["kms:Describe*", "kms:List*", "kms:Get*", "kms:Put*"]
DENY = {"Effect": "Deny", "Principal": "*", "Action": "kms:Decrypt", "Resource": "*"}
ELSEWHERE = {"StringEquals": {"aws:PrincipalOrgID": "o-other12345"}}
SOURCES = {"StringEquals": {"aws:SourceAccount": [KEY.account, PARTNER]}}
S3_LINE = ("StringEquals", "kms:ViaService", ("s3.eu-west-1.amazonaws.com",))

# title: (statements before, statements after, what is to be taken, is administration left, codes)
CHANGES = {
    "nothing": ([allow(APP, USE)], [allow(APP, USE)], [], False, set()),
    "another order and another Sid": (
        [allow(APP, USE), allow(ADMIN, NOT_USE)], [allow(ADMIN, NOT_USE, Sid="a"), allow(APP, USE)], [], False, set()),
    "somebody gets something": ([allow(APP, "kms:Encrypt")], [allow(APP, USE)], [], False, {"NEWLY_ALLOWED"}),
    "a stranger gets something": ([], [allow(MEMBER, "kms:DescribeKey")], [], False, {"NEWLY_ALLOWED"}),
    "a service gets something": (
        [service("s3.amazonaws.com", condition=OWN_SOURCE)], [service("s3.amazonaws.com")], [], False,
        {"NEWLY_ALLOWED"}),
    "a deny goes": ([allow(APP, USE), DENY], [allow(APP, USE)], [], False, {"NEWLY_ALLOWED"}),
    "somebody of the account loses something": ([allow(APP, USE)], [allow(APP, USE[:4])], [], False, {"BLAST_RADIUS"}),
    "somebody whom only a star means loses something": (
        [allow("*", USE, INSIDE)], [allow("*", USE[:4], INSIDE)], [], False, {"BLAST_RADIUS"}),
    "the account loses what its identity policies could allow": (
        [allow(PARTNER, USE)], [allow(PARTNER, USE[:4])], [], False, {"BLAST_RADIUS"}),
    "a stranger loses": ([allow(MEMBER, USE, ELSEWHERE)], [], [], False, set()),
    "a stranger who may be a member loses": ([allow(MEMBER, USE)], [], [], False, {"BLAST_RADIUS"}),
    "a member of the trusted organization loses": ([allow("*", USE, MEMBERS)], [], [], False, {"BLAST_RADIUS"}),
    "strangers lose what members keep": ([allow(MEMBER, USE)], [allow(MEMBER, USE, MEMBERS)], [], False, set()),
    "an administrator loses use": (
        [allow(ADMIN, WILD)], [allow(ADMIN, NOT_USE)], [Loss(ADMIN, frozenset(CRYPTOGRAPHY))], False,
        {"BLAST_RADIUS"}),
    "an administrator loses use alone": (
        [allow(ADMIN, [*NOT_USE, *USE])], [allow(ADMIN, [*NOT_USE, "kms:DescribeKey"])], [Loss(ADMIN, CRYPTOGRAPHY)],
        False, set()),
    "another one loses along": (
        [allow([ADMIN, OTHER], USE)], [allow([ADMIN, OTHER], "kms:DescribeKey")], [Loss(ADMIN, CRYPTOGRAPHY)], False,
        {"BLAST_RADIUS"}),
    "a writer keeps decryption through S3": (
        [allow(APP, "kms:Decrypt")], [allow(APP, "kms:Decrypt", THROUGH_S3)], [Loss(APP, DECRYPTION, S3_LINE)], False,
        set()),
    "a writer loses decryption through S3 too": (
        [allow(APP, "kms:Decrypt")], [], [Loss(APP, DECRYPTION, S3_LINE)], False, {"BLAST_RADIUS"}),
    "a user keeps revoking grants for AWS resources": (
        [allow(APP, GRANTS)], [allow(APP, GRANTS[:2]), allow(APP, GRANTS[2], FOR_RESOURCES)],
        [Loss(APP, ADMINISTRATION, SPARED_LINE)], False, set()),
    "a user loses revoking grants for AWS resources": (
        [allow(APP, GRANTS)], [allow(APP, GRANTS[:2])], [Loss(APP, ADMINISTRATION, SPARED_LINE)], False,
        {"BLAST_RADIUS"}),
    "a trusted account loses administration, and so does everybody of it": (
        [allow(PARTNER, [*NOT_USE, *USE])], [allow(PARTNER, [*NOT_USE[:3], *USE])],
        [Loss(f"arn:aws:iam::{PARTNER}:root", ADMINISTRATION)], False, set()),
    "a trusted account loses use besides": (
        [allow(PARTNER, [*NOT_USE, *USE])], [allow(PARTNER, NOT_USE[:3])],
        [Loss(f"arn:aws:iam::{PARTNER}:root", ADMINISTRATION)], False, {"BLAST_RADIUS"}),
    "everybody loses administration": (
        [allow("*", [*NOT_USE, *USE], INSIDE)], [allow("*", [*NOT_USE[:3], *USE], INSIDE)], [], True, set()),
    "everybody loses administration, and use": (
        [allow("*", [*NOT_USE, *USE], INSIDE)], [allow("*", NOT_USE[:3], INSIDE)], [], True, {"BLAST_RADIUS"}),
    "a service keeps what it does for the account": (
        [service("s3.amazonaws.com")], [service("s3.amazonaws.com", condition=SOURCES)], [], False, set()),
    "a service loses what it does for a trusted account": (
        [service("s3.amazonaws.com")], [service("s3.amazonaws.com", condition=OWN_SOURCE)], [], False,
        {"SERVICE_LOSES"}),
    "a service loses what it does for the account": (
        [service("s3.amazonaws.com", USE)], [service("s3.amazonaws.com", USE[:1])], [], False, {"SERVICE_LOSES"}),
    "a service is bound to somebody else": (
        [service("s3.amazonaws.com")],
        [service("s3.amazonaws.com", condition={"StringEquals": {"aws:SourceAccount": STRANGER}})], [], False,
        {"SERVICE_LOSES"}),
    "whether somebody loses is open": (
        [allow(APP, USE)], [allow(APP, USE, {"StringSame": {"aws:PrincipalArn": APP}})], [], False,
        {"BLAST_RADIUS_UNDECIDED"}),
}  # fmt: skip


def policy(*statements):
    return parse_policy({"Version": "2012-10-17", "Statement": [ROOT, *statements]})


def task(*losses, left=False):
    found = Task(
        key=KEY,
        questions=KeyQuestions(
            own=KEY.account, key_arn=KEY.arn, inside=frozenset({PARTNER}), organizations=frozenset({ORG})
        ),
        roles=DeclaredRoles(),
    )
    found.report.losses.update(dict.fromkeys(losses))
    found.report.administration_left = left
    return found


@pytest.mark.parametrize("title", CHANGES)
def test_what_a_change_gives_and_takes(title):
    before, after, losses, left, codes = CHANGES[title]
    found = task(*losses, left=left)
    checked(found, policy(*before), policy(*after))
    assert {each.code for each in (*found.report.refusals, *found.report.concerns)} == codes


@pytest.mark.parametrize(
    ("before", "after", "caller", "codes"),
    [
        ([ROOT], [ROOT], ADMIN, set()),
        ([ROOT], [allow(ADMIN, WILD)], ADMIN, set()),
        ([ROOT], [allow(ADMIN, WILD)], OTHER, {"CALLER_LOCKED_OUT"}),
        ([ROOT, allow(ADMIN, WILD)], [ROOT], ADMIN, {"CALLER_LOSES_GRANT"}),
        ([ROOT], [allow(f"arn:aws:iam::{STRANGER}:root", WILD)], None, {"LOCKED_OUT"}),
        ([allow(APP, USE)], [allow(APP, USE)], None, {"LOCKED_OUT"}),
    ],
)
def test_somebody_keeps_the_policy(before, after, caller, codes):
    found = task()
    old, new = (parse_policy({"Version": "2012-10-17", "Statement": each}) for each in (before, after))
    keeps_the_policy(found, old, new, caller)
    assert {each.code for each in (*found.report.refusals, *found.report.concerns)} == codes


def test_a_loss_is_told_as_a_request():
    found = task()
    checked(found, policy(allow(APP, "kms:Encrypt")), policy())
    (refusal,) = found.report.refusals
    assert refusal.sentence == f"the change would take away {APP} may call kms:Encrypt on {KEY.arn}"
