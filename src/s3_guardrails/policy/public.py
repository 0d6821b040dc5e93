"""Which statements S3 calls public: grants to everyone without a condition that fixes who it is.

Source: Amazon S3 User Guide, "Blocking public access to your Amazon S3 storage", "The meaning of 'public'".
"""

from __future__ import annotations

from typing import Final

from s3_guardrails.policy.operator import Comparison, Quantifier
from s3_guardrails.policy.statement import Condition, Effect, Policy, PrincipalKind, Statement

FIXED_BY: Final = frozenset(
    {
        "aws:principalaccount",
        "aws:principalarn",
        "aws:principalorgid",
        "aws:sourceaccount",
        "aws:sourcearn",
        "aws:sourceip",
        "aws:sourceorgid",
        "aws:sourceowner",
        "aws:sourcevpc",
        "aws:sourcevpce",
        "aws:userid",
        "s3:dataaccesspointaccount",
        "s3:dataaccesspointarn",
        "s3:x-amz-server-side-encryption-aws-kms-key-id",
    }
)
"""Condition keys whose fixed value (one without a wildcard) makes a grant to everyone not public."""


def public_statements(policy: Policy) -> tuple[Statement, ...]:
    """Return the statements that make a bucket policy public, in order."""
    return tuple(each for each in policy.statements if grants_to_everyone(each) and not _fixed(each))


def grants_to_everyone(statement: Statement) -> bool:
    """Is this an Allow whose Principal element leaves nobody in particular out?"""
    everyone = any(each.kind is PrincipalKind.EVERYONE for each in statement.principals)
    return statement.effect is Effect.ALLOW and (statement.not_principal or everyone)


def _fixed(statement: Statement) -> bool:
    return any(_fixes(each) for each in statement.conditions)


def _fixes(condition: Condition) -> bool:
    operator = condition.operator
    loose = operator.negated or operator.if_exists or operator.quantifier is Quantifier.ALL
    wild = any(character in value for value in condition.values for character in "*?")
    everywhere = bool({"0.0.0.0/0", "::/0"} & set(condition.values))
    null = operator.comparison is Comparison.NULL
    return condition.name in FIXED_BY and not (loose or wild or everywhere or null)
