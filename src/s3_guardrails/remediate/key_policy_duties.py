"""Principals that administer and use a key, that hold every action, or that write and yet decrypt."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from s3_guardrails.encryption.key_access import ADMINISTRATION, CRYPTOGRAPHY, DECRYPTION, GRANTS_FOR_SERVICES
from s3_guardrails.policy.document import Policy, PrincipalKind, Statement
from s3_guardrails.policy.explain import sentence
from s3_guardrails.policy.prove import Refuted
from s3_guardrails.remediate.key_policy_actions import covered, only, without
from s3_guardrails.remediate.key_policy_narrow import FOR_RESOURCES, SPARED_GRANTS, role_of, taken
from s3_guardrails.remediate.key_policy_piece import Draft, Line, Piece, one
from s3_guardrails.remediate.key_policy_roles import Duty
from s3_guardrails.remediate.key_policy_task import Loss, Task, label, refuted

DECLARE: Final = "declare its duty in `Administrators` or in `Users`, then plan again"


def writers_kept_from_decrypting(task: Task, draft: Draft) -> Draft:
    """Take decryption from declared writers; leave it through S3 where multipart uploads need it."""
    through_s3: Line = ("StringEquals", "kms:ViaService", _s3(task))
    for arns, spared in ((task.write_only, None), (task.write_only_multipart, through_s3)):
        for arn in arns:
            answer = task.questions.write_only(draft.policy, arn, through_s3=spared is not None)
            if refuted(answer):
                draft = taken(task, draft, Loss(arn, DECRYPTION, spared), "WRITE_ONLY_DECRYPTS: it is declared so")
    return draft


def _s3(task: Task) -> tuple[str, ...]:
    """S3 as kms:ViaService names it; in China the documentation has it with and without the country."""
    name = f"s3.{task.key.region}.amazonaws.com"
    return (name, f"{name}.cn") if task.key.partition == "aws-cn" else (name,)


def separated(task: Task, draft: Draft) -> Draft:
    """Give each principal that has both duties, or every action, the one that is declared for it."""
    named = tuple(_candidates(task, draft.policy))
    draft = _everybody(task, draft, named)
    named = tuple(dict.fromkeys((*named, *_candidates(task, draft.policy))))
    for principal in named:
        draft = _one_duty(task, draft, principal)
    if not task.report.refusals:
        _unnamed(task, draft.policy, named)
    return draft


def _candidates(task: Task, policy: Policy) -> Iterator[str]:
    """Every principal that the policy names, in Principal or in a condition, and every one that is declared.

    Sessions come last: what a session may not, its role may not either, where the role is declared.
    """
    found: dict[str, None] = {}
    for statement in policy.allows:
        for each in statement.principals:
            if each.kind is PrincipalKind.ACCOUNT and each.value != task.key.account:
                found[f"arn:{task.key.partition}:iam::{each.value}:root"] = None
            elif each.kind in {PrincipalKind.ARN, PrincipalKind.SERVICE}:
                found[each.value] = None
        arns = (each for each in statement.conditions if each.name == "aws:principalarn")
        found.update(dict.fromkeys(value for each in arns for value in each.values if not set("*?$") & set(value)))
    for duty in Duty:
        found.update(dict.fromkeys(task.roles.arns(duty, task.key.partition, task.key.account)))
    yield from sorted((each for each in found if each != task.root), key=lambda each: role_of(each) != each)


def _one_duty(task: Task, draft: Draft, principal: str) -> Draft:
    policy = draft.policy
    group = task.group(policy, principal)
    code = _finding(task, policy, principal)
    if code is None or not group.alternatives:
        return draft
    duties = task.roles.duties(principal, task.key.account)
    if len(duties) != 1:
        _undeclared(task, principal, code, duties)
        return draft
    if Duty.ADMINISTER in duties:
        return taken(task, draft, Loss(principal, CRYPTOGRAPHY), f"{code}: it is declared to administer")
    return taken(task, draft, Loss(principal, ADMINISTRATION, FOR_RESOURCES), f"{code}: it is declared to use")


def _finding(task: Task, policy: Policy, principal: str) -> str | None:
    group = task.group(policy, principal)
    root = principal.endswith(":root")
    if not root and refuted(task.questions.both(policy, group)):
        return "ADMINISTERS_AND_USES"
    return "WILDCARD_ACTIONS" if refuted(task.questions.wildcard(policy, group)) else None


def _undeclared(task: Task, principal: str, code: str, duties: frozenset[Duty]) -> None:
    held = "holds every KMS action" if code == "WILDCARD_ACTIONS" else "both administers and uses the key"
    if duties:
        step = "keep it in one of `Administrators` and `Users`, then plan again"
        task.report.refuse("ROLE_AMBIGUOUS", f"{principal} {held} and is declared for both duties", step)
    else:
        task.report.refuse("ROLE_UNDECLARED", f"{principal} {held}, and its duty is not declared", DECLARE)


def _everybody(task: Task, draft: Draft, named: tuple[str, ...]) -> Draft:
    """Keep administration from everybody where a statement for everybody gives it along with use.

    The account's root gets the statement, so that identity policies decide about administration as they do elsewhere,
    and the declared administrators keep it by name.
    """
    for piece, statement in tuple(draft.allows()):
        policy = draft.policy
        group = task.questions.principals(without=named).group(policy)
        if not refuted(task.questions.both(policy, group)):
            break
        stars = [each for each in statement.principals if each.kind is PrincipalKind.EVERYONE]
        alone = draft.alone(one(statement, stars[0])) if stars and not statement.not_principal else None
        if alone and task.gets(alone, group, ADMINISTRATION, GRANTS_FOR_SERVICES):
            draft = draft.replaced(piece, tuple(_for_some(task, draft, piece, statement)))
    return draft


def _for_some(task: Task, draft: Draft, piece: Piece, statement: Statement) -> Iterator[Piece]:
    task.report.administration_left = True
    actions = ", ".join(only(statement, ADMINISTRATION))
    what = f"`{label(piece)}` no longer gives {actions} to everybody: the account's identity policies decide, and"
    administrators = task.roles.arns(Duty.ADMINISTER, task.key.partition, task.key.account)
    whom = f"{', '.join(administrators)} keep it" if administrators else "no administrators are declared"
    task.report.worry("ADMINISTRATION_NARROWED", f"{what} {whom}")
    task.report.note(piece, "everybody loses administration, since ADMINISTERS_AND_USES")
    everyone = [entry for entry in piece.entries() if entry[1] == "*"]
    others = [entry for entry in piece.entries() if entry[1] != "*"]
    if not _delegated(task, draft, covered(statement)):
        yield draft.original(piece).named([("AWS", task.root)])
    if others:
        yield piece.named(others)
    starred = piece.named(everyone)
    kept = without(statement, ADMINISTRATION)
    if kept:
        yield starred.doing(kept)
    bound = (
        starred.doing(only(statement, SPARED_GRANTS)).under(FOR_RESOURCES) if only(statement, SPARED_GRANTS) else None
    )
    if bound is not None:
        yield bound
    if administrators:
        yield piece.named([("AWS", each) for each in administrators]).doing(without(statement, CRYPTOGRAPHY))


def _delegated(task: Task, draft: Draft, names: frozenset[str]) -> bool:
    """Does another statement leave these actions to the account's identity policies without a condition?"""
    return any(
        names <= covered(statement)
        and not statement.conditions
        and any(each.kind is PrincipalKind.ACCOUNT and each.value == task.key.account for each in statement.principals)
        for _, statement in draft.allows()
    )


def _unnamed(task: Task, policy: Policy, named: tuple[str, ...]) -> None:
    """Refuse where somebody whom the policy does not name still has both duties."""
    group = task.questions.principals(without=named).group(policy)
    answer = task.questions.both(policy, group)
    if isinstance(answer, Refuted):
        administers, uses = answer.requests
        what = f"somebody whom the policy does not name holds both duties: {sentence(administers)}, and {uses.action}"
        step = "name the principals in the statements, declare their duties, then plan again"
        task.report.refuse("ROLE_UNDECLARED", what, step)
