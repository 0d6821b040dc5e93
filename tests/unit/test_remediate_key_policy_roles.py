"""Declared roles: what may be declared, and whom a declaration means."""

import pytest

from s3_guardrails.errors import ParameterError
from s3_guardrails.remediate.key_policy_roles import DeclaredRoles, Duty

OWN = "111122223333"
ROLES = f"arn:aws:iam::{OWN}:role"
DECLARED = DeclaredRoles.from_text(f"admin, {ROLES}/ops/boss", f"app,arn:aws:iam::{OWN}:user/ann,logs.amazonaws.com")


@pytest.mark.parametrize(
    ("principal", "duties"),
    [
        (f"{ROLES}/admin", {Duty.ADMINISTER}),
        (f"{ROLES}/with/a/path/admin", {Duty.ADMINISTER}),
        (f"arn:aws:sts::{OWN}:assumed-role/admin/me", {Duty.ADMINISTER}),
        ("arn:aws:iam::444455556666:role/admin", set()),
        ("arn:aws:sts::444455556666:assumed-role/admin/me", set()),
        (f"arn:aws:iam::{OWN}:user/admin", set()),
        (f"{ROLES}/ops/boss", {Duty.ADMINISTER}),
        (f"{ROLES}/boss", set()),
        (f"{ROLES}/app", {Duty.USE}),
        (f"arn:aws:iam::{OWN}:user/ann", {Duty.USE}),
        ("logs.amazonaws.com", {Duty.USE}),
        ("s3.amazonaws.com", set()),
    ],
)
def test_whom_a_declaration_means(principal, duties):
    assert DECLARED.duties(principal, OWN) == duties


def test_an_arn_and_a_name_can_declare_two_duties_of_one_role():
    declared = DeclaredRoles.from_text("admin", f"{ROLES}/admin")
    assert declared.duties(f"{ROLES}/admin", OWN) == {Duty.ADMINISTER, Duty.USE}


def test_declared_principals_are_written_as_arns():
    assert DECLARED.arns(Duty.ADMINISTER, "aws", OWN) == (f"{ROLES}/admin", f"{ROLES}/ops/boss")
    assert DECLARED.arns(Duty.USE, "aws-cn", OWN) == (
        f"arn:aws-cn:iam::{OWN}:role/app",
        f"arn:aws:iam::{OWN}:user/ann",
    )


@pytest.mark.parametrize(
    ("administrators", "users", "message"),
    [
        ("arn:aws:iam::111122223333:role/*", "", "parameter `Administrators`: expected the ARN"),
        ("", "role/app", "parameter `Users`: expected the ARN"),
        ("*", "", "without wildcards, found `*`"),
        ("admin", "app,admin", "`admin` stands in both `Administrators` and `Users`"),
    ],
)
def test_what_cannot_be_declared(administrators, users, message):
    with pytest.raises(ParameterError, match=message.replace("*", r"\*")):
        DeclaredRoles.from_text(administrators, users)
