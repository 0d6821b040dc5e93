"""Statements that let somebody outside in: callers are removed or bound to the trusted accounts and organizations."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Final

from s3_guardrails.policy.document import Policy, Principal, PrincipalKind, Statement
from s3_guardrails.policy.explain import sentence
from s3_guardrails.policy.prove import Refuted
from s3_guardrails.remediate.key_policy_actions import covered
from s3_guardrails.remediate.key_policy_piece import Draft, Line, Piece, one
from s3_guardrails.remediate.key_policy_services import SOURCE_ACCOUNT, binding
from s3_guardrails.remediate.key_policy_task import EVERYBODY, Task, label, refuted

Treatment = tuple[Line, ...] | None
"""Conditions of which each gives a statement of its own; none: the callers are removed. None: they stay as they are."""

HAND: Final = "change the statement by hand so that it names who is meant, then plan again"


def closed(task: Task, draft: Draft) -> Draft:
    """Return the policy with every statement closed to outsiders that can be."""
    for piece, statement in tuple(draft.allows()):
        alone = draft.alone(statement)
        for code, answer in _findings(task, alone):
            task.report.note(piece, f"narrowed, since {code}: {sentence(answer.counterexample)}")
        if any(_findings(task, alone)):
            draft = draft.replaced(piece, tuple(_closed(task, draft, piece, statement)))
    return draft


def _findings(task: Task, alone: Policy) -> Iterator[tuple[str, Refuted]]:
    questions = {
        "OUTSIDE_ACCESS": task.questions.outside(alone, services=False),
        "SERVICE_WITHOUT_SOURCE": task.questions.outside(alone, others=False),
    }
    yield from ((code, answer) for code, answer in questions.items() if isinstance(answer, Refuted))


def _closed(task: Task, draft: Draft, piece: Piece, statement: Statement) -> Iterator[Piece]:
    if not understood(task, piece, statement):
        yield piece
        return
    groups: dict[Treatment, list[tuple[str, str]]] = {}
    for entry, principal in zip(piece.entries(), statement.principals, strict=True):
        alone = draft.alone(one(statement, principal))
        at_fault = refuted(task.questions.outside(alone))
        groups.setdefault(_treatment(task, piece, statement, principal, alone) if at_fault else None, []).append(entry)
    kept = groups.pop(None, [])
    if kept:
        yield piece.named(kept)
    for treatment, entries in groups.items():
        bound = (piece.named(entries).under(line) for line in treatment or ())
        yield from (each for each in bound if each is not None)


def understood(task: Task, piece: Piece, statement: Statement) -> bool:
    """Can the statement be edited? Refuse where it says whom it does not mean, or is not understood."""
    if statement.defects:
        flaws = "; ".join(statement.defects)
        task.report.refuse("STATEMENT_NOT_UNDERSTOOD", f"`{label(piece)}` is not understood: {flaws}", HAND)
    elif statement.not_principal:
        task.report.refuse("NOT_PRINCIPAL", f"`{label(piece)}` allows everybody but the principals it names", HAND)
    return not (statement.defects or statement.not_principal)


def _treatment(task: Task, piece: Piece, statement: Statement, principal: Principal, alone: Policy) -> Treatment:
    members: Line = ("StringEquals", "aws:PrincipalOrgID", task.organizations)
    if principal.kind in EVERYBODY:
        if refuted(task.questions.outside(alone, others=False)):
            what = f"AWS services that reach the key only through the principal `*` of `{label(piece)}` lose it"
            task.report.worry("SERVICES_LOSE_ACCESS", f"{what}; grant those that need it by name")
        inside: Line = ("StringEquals", "kms:CallerAccount", task.accounts)
        return (inside, members) if task.organizations else (inside,)
    if principal.kind is PrincipalKind.SERVICE:
        return _service(task, piece, principal.value)
    if task.organizations:
        return (members,)
    _removed(task, piece, statement, principal)
    return ()


def _service(task: Task, piece: Piece, service: str) -> Treatment:
    found = binding(service, task.key, task.accounts)
    if found is None:
        what = f"`{label(piece)}` lets {service} use the key for any account, and no documentation shows that it sends"
        step = "bind it by hand and watch it work, or list it in the rule parameter `AcceptedServices`, then plan again"
        task.report.refuse("SERVICE_BINDING_UNKNOWN", f"{what} aws:SourceAccount to KMS", step)
        return None
    what = f"{service} may use the key only under {found.key} {', '.join(found.values)} ({found.source})"
    task.report.worry("SERVICE_BOUND", what)
    line: Line = (found.operator, found.key, found.values)
    if found.key != SOURCE_ACCOUNT or not task.organizations:
        return (line,)
    return (line, ("StringEquals", "aws:SourceOrgID", task.organizations))


def _removed(task: Task, piece: Piece, statement: Statement, principal: Principal) -> None:
    names = sorted(covered(replace(statement, principals=(principal,))))
    grants = "; grants that it made stay until they are retired or revoked" if "CreateGrant" in names else ""
    what = f"{principal.value}, outside the trusted accounts, loses {', '.join(names)} of `{label(piece)}`{grants}"
    task.report.worry("OUTSIDER_REMOVED", what)
