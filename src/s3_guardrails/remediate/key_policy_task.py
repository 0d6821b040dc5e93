"""What a plan of a key policy works with, and what it has to say."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

from s3_guardrails.encryption.key import Key
from s3_guardrails.encryption.key_access import KeyQuestions, without_accounts
from s3_guardrails.policy.callers import Callers
from s3_guardrails.policy.document import Policy, PrincipalKind
from s3_guardrails.policy.domain import Domain
from s3_guardrails.policy.prove import Answer, Question, Refuted, prove
from s3_guardrails.policy.space import Group
from s3_guardrails.remediate.change import Concern, Refusal
from s3_guardrails.remediate.key_policy_piece import Line, Piece
from s3_guardrails.remediate.key_policy_roles import DeclaredRoles

EVERYBODY: Final = (PrincipalKind.EVERYONE, PrincipalKind.FEDERATED)
"""Kinds of principals that name no account."""


@dataclass(frozen=True, slots=True)
class Loss:
    """Actions that a principal is not to have any more, but for requests under `spared`."""

    principal: str
    actions: frozenset[str]
    spared: Line | None = None


@dataclass(slots=True)
class Report:
    """What came up while planning, in the order in which it did."""

    refusals: dict[Refusal, None] = field(default_factory=dict)
    concerns: dict[Concern, None] = field(default_factory=dict)
    notes: dict[str, None] = field(default_factory=dict)
    losses: dict[Loss, None] = field(default_factory=dict)
    administration_left: bool = False
    """Did everybody lose administration through a statement for everybody?"""

    def refuse(self, code: str, sentence: str, next_step: str) -> None:
        """Note a reason to change nothing."""
        self.refusals[Refusal(code, sentence, next_step)] = None

    def worry(self, code: str, sentence: str) -> None:
        """Note what a person must look at."""
        self.concerns[Concern(code, sentence)] = None

    def note(self, piece: Piece, sentence: str) -> None:
        """Explain a changed statement."""
        self.notes[f"{label(piece)}: {sentence}"] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """The key, the rule's questions about it, the declared roles, and the report that the plan writes."""

    key: Key
    questions: KeyQuestions
    roles: DeclaredRoles
    write_only: tuple[str, ...] = ()
    write_only_multipart: tuple[str, ...] = ()
    report: Report = field(default_factory=Report)

    @property
    def accounts(self) -> tuple[str, ...]:
        """The key's account, then the trusted ones."""
        return (self.key.account, *sorted(self.questions.inside - {self.key.account}))

    @property
    def organizations(self) -> tuple[str, ...]:
        """The trusted organizations."""
        return tuple(sorted(self.questions.organizations))

    @property
    def root(self) -> str:
        """The ARN of the account's root."""
        return f"arn:{self.key.partition}:iam::{self.key.account}:root"

    def group(self, policy: Policy, principal: str) -> Group:
        """Return one principal as a group of callers: an ARN or the name of a service."""
        if principal.startswith("arn:"):
            return self.callers(only=(principal,)).group(policy)
        named = self.questions.principals().group(policy)
        return Group(named.name, tuple(each for each in named.alternatives if each.principal == principal))

    def callers(self, *, only: Iterable[str]) -> Callers:
        """Return these principals as callers."""
        key = self.key
        return Callers(own=key.account, partition=key.partition, only=tuple(only), anonymous=False, services=False)

    def gets(
        self,
        policy: Policy,
        group: Group,
        names: frozenset[str],
        domains: dict[str, dict[str, Domain]] | None = None,
    ) -> bool:
        """Does the policy by itself, without identity policies, allow one of the actions to one of the callers?"""
        return refuted(prove(policy, Question((self.questions.space(group, names, domains),), allowed=True)))

    def direct(self, policy: Policy, principal: str) -> Policy:
        """Return what the policy itself grants to a principal; to an account's root what it leaves to that account."""
        return without_accounts(policy, only=self.key.account if principal.endswith(":root") else None)


def refuted(answer: Answer) -> bool:
    """Is there a counterexample?"""
    return isinstance(answer, Refuted)


def label(piece: Piece) -> str:
    """Name a statement by its Sid, else by its place in the policy as it was."""
    return str(piece.source.get("Sid") or f"Statement[{piece.origin}]")
