"""Plan a change of a bucket policy: the fewest statements with which the rule holds, and what speaks against them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, Protocol

from s3_guardrails.decision import Decision, Verdict
from s3_guardrails.encryption.bucket import Bucket
from s3_guardrails.encryption.fact import ABSENT
from s3_guardrails.errors import PolicySyntaxError
from s3_guardrails.policy.document import EMPTY, Policy, parse_policy
from s3_guardrails.remediate.blast import Replacement
from s3_guardrails.remediate.change import (
    ApiCall,
    Concern,
    NothingToDo,
    Proposal,
    Proposed,
    Refusal,
    Refused,
    State,
)
from s3_guardrails.remediate.judged import before_change, would_not_help
from s3_guardrails.remediate.merge import BUCKET_POLICY_LIMIT, too_large, with_statements
from s3_guardrails.remediate.statement import Statement


class JudgesBuckets(Protocol):
    """A rule about buckets."""

    def judge(self, facts: Bucket) -> Decision:
        """Decide about one bucket."""
        ...


Look = Callable[[Replacement], Iterable[Concern | Refusal]]
"""What speaks against a replacement."""


@dataclass(frozen=True, slots=True)
class PolicyPlan:
    """A bucket whose policy's text is `text` (None: it has none), and the rule that must hold of it."""

    rule: JudgesBuckets
    bucket: Bucket
    text: str | None

    @classmethod
    def of(cls, rule: JudgesBuckets, bucket: Bucket, state: State) -> PolicyPlan:
        """Take the text from a state; the bucket's own policy does not count."""
        return cls(rule, bucket, state["policy"])

    def settled(self) -> NothingToDo | Refused | None:
        """Return what follows from the verdict on the policy as it is; None where it must be changed."""
        try:
            return before_change(self.judged(self.text))
        except PolicySyntaxError as error:
            what = f"the policy is not one: {error}"
            return Refused(refusals=(Refusal("POLICY_UNREADABLE", what, "write it anew by hand"),))

    def judged(self, text: str | None) -> Decision:
        """Judge the bucket as if its policy had this text; raise PolicySyntaxError."""
        return self.rule.judge(replace(self.bucket, policy=ABSENT if text is None else parse_policy(text)))

    def with_fewest(self, candidates: Sequence[Statement], look: Look) -> Proposal:
        """Propose the fewest candidates with which the rule holds; those listed first are left out first."""
        decision = self._judged_with(candidates)
        if decision.verdict is not Verdict.COMPLIANT:
            return would_not_help(decision, _next_step(decision))
        kept = list(candidates)
        for each in candidates:
            fewer = [one for one in kept if one is not each]
            if fewer and self._judged_with(fewer).verdict is Verdict.COMPLIANT:
                kept = fewer
        return self._proposed(kept, look)

    def _judged_with(self, statements: Sequence[Statement]) -> Decision:
        return self.judged(with_statements(self.text, statements))

    def _proposed(self, statements: Sequence[Statement], look: Look) -> Proposal:
        text = with_statements(self.text, statements)
        before = EMPTY if self.text is None else parse_policy(self.text)
        after = parse_policy(text)
        found: list[Concern | Refusal] = [*look(Replacement(self.bucket, before, after))]
        large = too_large(text, BUCKET_POLICY_LIMIT)
        refusals = [each for each in (*found, large) if isinstance(each, Refusal)]
        if refusals:
            return Refused(refusals=tuple(refusals))
        bucket = self.bucket
        parameters: dict[str, Any] = {"Bucket": bucket.name, "Policy": text, "ExpectedBucketOwner": bucket.account}
        return Proposed(
            after={"policy": text},
            calls=(ApiCall("s3", "PutBucketPolicy", parameters),),
            concerns=tuple(each for each in found if isinstance(each, Concern)),
            notes=tuple(f"the policy gets the statement {each}" for each in _new(before, after)),
        )


def _new(before: Policy, after: Policy) -> list[str]:
    """Return the labels of statements that are new or changed."""
    old = [each.source for each in before.statements]
    return [each.label for each in after.statements if each.source not in old]


_NEXT_STEPS: Final = {
    "DEFAULT_NOT_ACCEPTED": "run SetBucketDefaultEncryption first",
    "KEY_NOT_DENIED": "name the approved keys one by one in ApprovedKeys: no policy can tell an account's customer "
    "managed keys from its AWS managed key",
}


def _next_step(decision: Decision) -> str:
    steps = dict.fromkeys(_NEXT_STEPS.get(each.code, "change the policy by hand") for each in decision.reasons)
    return f"{'; '.join(steps)}; then plan again"
