"""Take actions from one principal in one statement, and from nobody else."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from s3_guardrails.encryption.key_access import ADMINISTRATION, GRANTS_FOR_SERVICES
from s3_guardrails.policy.document import Principal, PrincipalKind, Statement
from s3_guardrails.remediate.key_policy_actions import only, without
from s3_guardrails.remediate.key_policy_outside import understood
from s3_guardrails.remediate.key_policy_piece import Draft, Line, Piece
from s3_guardrails.remediate.key_policy_task import Loss, Task

_SESSION: Final = re.compile(r"arn:([^:]+):sts::([0-9]{12}):assumed-role/([^/]+)/.+")
FOR_RESOURCES: Final[Line] = ("Bool", "kms:GrantIsForAWSResource", ("true",))
SPARED_GRANTS: Final = frozenset({"RevokeGrant"})


def taken(task: Task, draft: Draft, loss: Loss, why: str) -> Draft:
    """Return the policy in which the principal has none of the actions by itself."""
    task.report.losses[loss] = None
    domains = GRANTS_FOR_SERVICES if loss.actions == ADMINISTRATION else None
    for piece, statement in tuple(draft.allows()):
        alone = task.direct(draft.alone(statement), loss.principal)
        if not task.gets(alone, task.group(alone, loss.principal), loss.actions, domains):
            continue
        if not understood(task, piece, statement):
            continue
        task.report.note(piece, f"{loss.principal} loses {_said(only(statement, loss.actions))}, since {why}")
        draft = draft.replaced(piece, tuple(_narrowed(piece, statement, loss)))
    return draft


def _said(actions: tuple[str, ...]) -> str:
    return ", ".join(actions)


def _narrowed(piece: Piece, statement: Statement, loss: Loss) -> Iterator[Piece]:
    entries = tuple(zip(piece.entries(), statement.principals, strict=True))
    mine = tuple(entry for entry, principal in entries if means(principal, loss.principal))
    others = tuple((entry, principal) for entry, principal in entries if entry not in mine)
    if others:
        rest = piece.named([entry for entry, _ in others])
        through = any(_unnamed(principal, statement) for _, principal in others)
        spared = rest.under(("ArnNotEquals", "aws:PrincipalArn", (role_of(loss.principal),))) if through else rest
        yield spared or rest
    yield from _less(piece.named(mine or [_written(loss.principal)]), statement, loss)


def _less(piece: Piece, statement: Statement, loss: Loss) -> Iterator[Piece]:
    """What the principal keeps: the other actions, and the ones it loses under the condition that spares them."""
    kept = without(statement, loss.actions)
    if kept:
        yield piece.doing(kept)
    spared = SPARED_GRANTS if loss.actions == ADMINISTRATION else loss.actions
    names = only(statement, spared)
    bound = piece.doing(names).under(loss.spared) if names and loss.spared else None
    if bound is not None:
        yield bound


def means(entry: Principal, principal: str) -> bool:
    """Does an entry of a Principal element mean this principal, or for a role one of its sessions?"""
    if entry.kind is PrincipalKind.ACCOUNT:
        return principal.endswith(f"::{entry.value}:root")
    return entry.value == principal or (entry.kind is PrincipalKind.ARN and _is_session(entry.value, principal))


def role_of(principal: str) -> str:
    """Return what aws:PrincipalArn is for a principal: for a session the ARN of its role."""
    found = _SESSION.fullmatch(principal)
    return f"arn:{found[1]}:iam::{found[2]}:role/{found[3]}" if found else principal


def _is_session(entry: str, role: str) -> bool:
    found = _SESSION.fullmatch(entry)
    if not found:
        return False
    return role.startswith(f"arn:{found[1]}:iam::{found[2]}:role/") and role.rpartition("/")[2] == found[3]


def _unnamed(entry: Principal, statement: Statement) -> bool:
    """May the entry mean a principal that it does not name: everybody, or an account where conditions name who?"""
    if entry.kind is PrincipalKind.ACCOUNT:
        return bool(statement.conditions)
    return entry.kind in {PrincipalKind.EVERYONE, PrincipalKind.ARN_PATTERN}


def _written(principal: str) -> tuple[str, str]:
    return ("AWS" if principal.startswith("arn:") else "Service", principal)
