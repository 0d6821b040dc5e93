"""`RestrictKeyPolicy`: the smallest change of a key policy that KMS_KEY_POLICY_LEAST_PRIVILEGE accepts."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from s3_guardrails.decision import Decision, Verdict
from s3_guardrails.encryption.key import Key
from s3_guardrails.encryption.key_access import KeyQuestions
from s3_guardrails.encryption.least_privilege import UNDECIDED
from s3_guardrails.errors import PolicySyntaxError
from s3_guardrails.policy.document import Policy, PrincipalKind, parse_policy
from s3_guardrails.remediate.change import Concern, Proposal, Proposed, Refusal, Refused, State
from s3_guardrails.remediate.judged import Judge, before_change, would_not_help
from s3_guardrails.remediate.key_policy_blast import checked, keeps_the_policy, seen_losses
from s3_guardrails.remediate.key_policy_duties import separated, writers_kept_from_decrypting
from s3_guardrails.remediate.key_policy_outside import closed
from s3_guardrails.remediate.key_policy_piece import Draft
from s3_guardrails.remediate.key_policy_roles import DeclaredRoles
from s3_guardrails.remediate.key_policy_task import Task
from s3_guardrails.remediate.merge import KEY_POLICY_LIMIT, too_large
from s3_guardrails.remediate.policy_text import replaced
from s3_guardrails.remediate.state import put_key_policy
from s3_guardrails.rule import Rule


def plan(  # noqa: PLR0913 - a key's policy depends on that much
    rule: Rule[Key],
    key: Key,
    state: State,
    roles: DeclaredRoles,
    seen: frozenset[str] | None = None,
    *,
    caller: str | None = None,
    judge: Judge[Key] | None = None,
) -> Proposal:
    """Propose a key policy that separates duties and lets nobody outside in.

    `state`: `{"key_policy": text}`. `roles`: who administers and who uses the key. `seen`: ARNs and services that were
    seen using it, None where nobody looked. `caller`: ARN of who will put the policy; it keeps kms:PutKeyPolicy.
    `judge`: the rule with a reader for facts that it lacks.
    """
    text = state["key_policy"]
    judge = judge or rule.judge
    try:
        old = parse_policy(text)
    except PolicySyntaxError as error:
        return _refused("POLICY_UNREADABLE", f"the key policy is not one: {error}", "put a valid key policy first")
    before = judge(replace(key, policy=old))
    settled = before_change(before) or _undecided(before)
    if settled is not None:
        return settled
    task = _task(rule, key, roles)
    draft = separated(task, writers_kept_from_decrypting(task, closed(task, Draft.of(old))))
    _savable(task, old)
    if task.report.refusals:
        return Refused(refusals=tuple(task.report.refusals))
    changed = draft.changed()
    after_text = replaced(text, {place: [each.source for each in pieces] for place, pieces in changed.items()})
    after = parse_policy(after_text)
    decision = judge(replace(key, policy=after))
    if decision.verdict is not Verdict.COMPLIANT:
        return would_not_help(decision, "change the policy by hand")
    _looked_at(task, old, after, after_text, seen, caller)
    if task.report.refusals:
        return Refused(refusals=tuple(task.report.refusals))
    concerns = (Concern("KEY_POLICY_CHANGE", _summary(old, changed)), *task.report.concerns)
    call = put_key_policy(key, after_text)
    return Proposed(after={"key_policy": after_text}, calls=(call,), concerns=concerns, notes=tuple(task.report.notes))


def _task(rule: Rule[Key], key: Key, roles: DeclaredRoles) -> Task:
    asked: Any = rule.parameters
    questions = KeyQuestions(
        own=key.account,
        key_arn=key.arn,
        inside=frozenset(asked.trusted_accounts),
        organizations=frozenset(asked.trusted_organizations),
        accepted_services=frozenset(asked.accepted_services),
        partition=key.partition,
        since=key.as_of,
    )
    return Task(
        key=key,
        questions=questions,
        roles=roles,
        write_only=asked.write_only,
        write_only_multipart=asked.write_only_multipart,
    )


def _undecided(decision: Decision) -> Refused | None:
    """Refuse where a question is open besides those that are answered."""
    found = [each for each in (*decision.reasons, *decision.advisories) if each.code == UNDECIDED]
    step = "write that part of the policy so that it can be decided, then plan again"
    refusals = tuple(Refusal("POLICY_UNDECIDED", each.sentence, step) for each in found)
    return Refused(refusals=refusals) if refusals else None


def _savable(task: Task, policy: Policy) -> None:
    """KMS stores no policy that names a principal which is gone, though it keeps one that it stored before."""
    step = "remove it from the policy, since nobody can be it any more, then plan again"
    for each in policy.statements:
        gone = [one.value for one in each.principals if one.kind is PrincipalKind.DELETED]
        for value in gone:
            what = f"`{each.label}` names {value}, a principal that does not exist any more: KMS refuses such a policy"
            task.report.refuse("DELETED_PRINCIPAL", what, step)


def _looked_at(
    task: Task, old: Policy, after: Policy, text: str, seen: frozenset[str] | None, caller: str | None
) -> None:
    large = too_large(text, KEY_POLICY_LIMIT)
    if large:
        task.report.refusals[large] = None
    checked(task, old, after)
    keeps_the_policy(task, old, after, caller)
    if seen is None:
        task.report.worry("USE_NOT_KNOWN", "nobody looked at who uses the key: see CloudTrail before this is approved")
    else:
        seen_losses(task, old, after, seen)


def _summary(old: Policy, changed: Iterable[int]) -> str:
    labels = ", ".join(f"`{old.statements[each].label}`" for each in changed)
    return f"a key policy decides who reads the data; of its {len(old.statements)} statements these change: {labels}"


def _refused(code: str, sentence: str, next_step: str) -> Refused:
    return Refused(refusals=(Refusal(code, sentence, next_step),))
