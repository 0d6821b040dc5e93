"""The findings of a key policy: each question with its code, and its sentence."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

from s3_guardrails.decision import Reason
from s3_guardrails.encryption.finding import undecided, violation
from s3_guardrails.encryption.key_access import KeyQuestions, without_accounts
from s3_guardrails.policy.document import Policy
from s3_guardrails.policy.explain import sentence, short
from s3_guardrails.policy.prove import Answer, Inconclusive, Proved, Refuted

UNDECIDED: Final = "KEY_POLICY_UNDECIDED"


@dataclass(frozen=True, slots=True, kw_only=True)
class Findings:
    """Every violation of least privilege in one key policy, each with whether it is certain."""

    policy: Policy
    questions: KeyQuestions
    write_only: Sequence[str] = ()
    write_only_multipart: Sequence[str] = ()

    def __iter__(self) -> Iterator[tuple[bool, Reason]]:
        """Ask the questions in the order of their weight."""
        yield from self._reason(
            "OUTSIDE_ACCESS",
            "somebody outside the trusted accounts and organizations can use or administer the key",
            self.questions.outside(self.policy, services=False),
            self.policy,
        )
        yield from self._reason(
            "SERVICE_WITHOUT_SOURCE",
            "an AWS service can use the key on behalf of any account (no source binding)",
            self.questions.outside(self.policy, others=False),
            self.policy,
        )
        yield from self._every_action()
        yield from self._both()
        for arns, through_s3 in ((self.write_only, False), (self.write_only_multipart, True)):
            for arn in arns:
                answer = self.questions.write_only(self.policy, arn, through_s3=through_s3)
                what = f"{arn} is declared write-only and can decrypt"
                yield from self._reason("WRITE_ONLY_DECRYPTS", what, answer, self._direct)

    def _every_action(self) -> Iterator[tuple[bool, Reason]]:
        answer = self.questions.wildcard(self.policy)
        what = "a principal other than the account root holds every KMS action"
        for certain, reason in self._reason(
            "WILDCARD_ACTIONS", what, answer, without_accounts(self.policy, only=self.questions.own)
        ):
            evidence = dict(reason.evidence)
            if isinstance(answer, Refuted):
                evidence["short"] = short(replace(answer.counterexample, action="do every KMS action", context={}))
            yield certain, replace(reason, evidence=evidence)

    def _both(self) -> Iterator[tuple[bool, Reason]]:
        answer = self.questions.both(self.policy)
        what = "a principal both administers and uses the key"
        for certain, reason in self._reason("ADMINISTERS_AND_USES", what, answer, self._direct):
            evidence = dict(reason.evidence)
            if isinstance(answer, Refuted):
                administers, uses = answer.requests
                evidence["requests"] = [each.as_json() for each in answer.requests]
                evidence["request"] = f"{sentence(administers)}, and {uses.action}"
                evidence["short"] = f"{short(replace(administers, context={}))} and {uses.action}"
            yield certain, replace(reason, evidence=evidence)

    @property
    def _direct(self) -> Policy:
        """What the policy grants by itself, without what it leaves to identity policies."""
        return without_accounts(self.policy)

    @staticmethod
    def _reason(code: str, what: str, answer: Answer, policy: Policy) -> Iterator[tuple[bool, Reason]]:
        match answer:
            case Refuted():
                yield True, violation(code, what, policy, answer)
            case Inconclusive():
                yield False, undecided(UNDECIDED, f"it is open whether {what}", answer)
            case Proved():
                return
