"""The Action element of a key policy without some actions, in as few patterns as it had."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from typing import Final

from s3_guardrails.policy.actions import actions
from s3_guardrails.policy.document import Statement
from s3_guardrails.policy.literal import covers

CONSOLE: Final = (
    "kms:Create*",
    "kms:Describe*",
    "kms:Enable*",
    "kms:List*",
    "kms:Put*",
    "kms:Update*",
    "kms:Revoke*",
    "kms:Disable*",
    "kms:Get*",
    "kms:Delete*",
    "kms:TagResource",
    "kms:UntagResource",
    "kms:ScheduleKeyDeletion",
    "kms:CancelKeyDeletion",
    "kms:RotateKeyOnDemand",
    "kms:Encrypt",
    "kms:Decrypt",
    "kms:ReEncrypt*",
    "kms:GenerateDataKey*",
)
"""How the console writes the actions of key administrators, then those of key users.

KMS Developer Guide, "Default key policy".
"""


def covered(statement: Statement) -> frozenset[str]:
    """Return the names of the KMS actions that a statement is about, such as `Decrypt`."""
    return frozenset(
        each.name for each in actions("kms") if covers(statement.actions, each.full_name) != statement.not_action
    )


def without(statement: Statement, unwanted: frozenset[str]) -> tuple[str, ...]:
    """Return the values of an Action element for the statement's actions but the unwanted ones; perhaps none.

    A pattern that covers no unwanted action is kept as written. No pattern means more than the one it stands for, also
    among actions that are not known yet.
    """
    if statement.not_action:
        return _spelled(covered(statement) - unwanted, ())
    found: dict[str, None] = {}
    for each in statement.actions:
        names = _names(each)
        kept = (each,) if not names & unwanted else _spelled(names - unwanted, _below(each))
        found.update(dict.fromkeys(kept))
    return tuple(each for each in found if not _repeated(each, found))


def only(statement: Statement, wanted: frozenset[str]) -> tuple[str, ...]:
    """Return the values of an Action element for those of the wanted actions that the statement is about."""
    return tuple(f"kms:{name}" for name in sorted(covered(statement) & wanted))


@cache
def _names(pattern: str) -> frozenset[str]:
    return frozenset(each.name for each in actions("kms") if covers((pattern,), each.full_name))


def _below(pattern: str) -> tuple[str, ...]:
    """Return the console's patterns that a pattern includes whatever actions there will be."""
    prefix = pattern.lower().removesuffix("*")
    if not pattern.endswith("*") or "*" in prefix or "?" in prefix:
        return ()
    return tuple(each for each in CONSOLE if each.lower().startswith(prefix))


def _spelled(names: frozenset[str], patterns: Iterable[str]) -> tuple[str, ...]:
    fitting = tuple(each for each in patterns if _names(each) <= names)
    rest = names - frozenset[str]().union(*map(_names, fitting))
    return (*fitting, *(f"kms:{name}" for name in sorted(rest)))


def _repeated(action: str, values: Iterable[str]) -> bool:
    """Is this one action that a pattern among the values means too?"""
    return "*" not in action and any(each != action and "*" in each and covers((each,), action) for each in values)
