"""May a principal use a key? The key's policy says so, or leaves it to identity policies: then a simulation does."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import Enum
from typing import Final

from s3_guardrails.encryption.fact import Unreadable
from s3_guardrails.encryption.key import Key
from s3_guardrails.encryption.key_access import without_accounts
from s3_guardrails.policy.authorize import Outcome, authorize
from s3_guardrails.policy.document import Policy
from s3_guardrails.policy.request import Request
from s3_guardrails.remediate.hazard_evidence import Simulation

ANY_ROLE: Final = "any-role-of-this-account"
"""Stands for a role that no policy names: what it may do, everybody of its account may."""

STRANGER: Final = "999999999999"
"""Stands for an account that no policy names."""


class Answer(Enum):
    """Not known where identity policies decide and nobody asked them, or a part of the policy is not understood."""

    YES = "yes"
    NO = "no"
    UNKNOWN = "not known"


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyUse:
    """Ordinary use of a key through S3 under one policy; `context`: the ARN that S3 gives as the encryption context."""

    key: Key
    policy: Policy
    context: str | None = None
    simulation: Simulation = field(default_factory=Simulation)

    def of(self, principal: str, actions: Iterable[str]) -> Answer:
        """Answer for one ARN and all of the actions."""
        return self._all(self._request(principal, each) for each in actions)

    def of_account(self, account: str, actions: Iterable[str]) -> Answer:
        """Answer for anybody of an account."""
        return self.of(f"arn:{self.key.partition}:iam::{account}:role/{ANY_ROLE}", actions)

    def of_organization(self, organization: str, actions: Iterable[str]) -> Answer:
        """Answer for anybody of an organization."""
        arn = f"arn:{self.key.partition}:iam::{STRANGER}:role/{ANY_ROLE}"
        return self._all(self._request(arn, each, {"aws:PrincipalOrgID": organization}) for each in actions)

    def _all(self, requests: Iterable[Request]) -> Answer:
        answers = {self._one(each) for each in requests}
        return next((each for each in (Answer.NO, Answer.UNKNOWN) if each in answers), Answer.YES)

    def _one(self, request: Request) -> Answer:
        outcome = authorize(self.policy, request).outcome
        if outcome is Outcome.UNDETERMINED:
            return Answer.UNKNOWN
        if outcome is not Outcome.ALLOW:
            return Answer.NO
        foreign = request.account != self.key.account  # that account's identity policies are its own business
        if foreign or authorize(without_accounts(self.policy), request).outcome is Outcome.ALLOW:
            return Answer.YES
        said = self.simulation.decisions.get(request.principal)
        if said is None or isinstance(said, Unreadable) or request.action not in said:
            return Answer.UNKNOWN
        return Answer.YES if said[request.action] else Answer.NO

    def _request(self, principal: str, action: str, more: dict[str, str] | None = None) -> Request:
        account = principal.split(":")[4]
        domain = "amazonaws.com.cn" if self.key.partition == "aws-cn" else "amazonaws.com"
        context = {
            "aws:PrincipalArn": principal,
            "aws:PrincipalAccount": account,
            "kms:CallerAccount": account,
            "kms:ViaService": f"s3.{self.key.region}.{domain}",
            "aws:PrincipalIsAWSService": "false",
            "aws:SecureTransport": "true",
            "aws:ResourceAccount": self.key.account,
            **({"kms:EncryptionContext:aws:s3:arn": self.context} if self.context else {}),
            **(more or {}),
        }
        return Request(principal, account, action, self.key.arn, context)
