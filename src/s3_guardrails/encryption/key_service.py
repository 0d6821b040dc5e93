"""Does a key's policy let an AWS service use the key?"""

from __future__ import annotations

from typing import Final

from s3_guardrails.policy.document import Policy
from s3_guardrails.policy.domain import constants, texts
from s3_guardrails.policy.prove import Answer, Question, Refuted, prove
from s3_guardrails.policy.service_callers import ServiceCallers
from s3_guardrails.policy.space import Group, Space
from s3_guardrails.policy.targets import ONLY_TLS, key_actions, network

_ANY_ORGANIZATION: Final = texts("o-?*/?*/", absent=True, one=True)


def no_use_by_service(
    policy: Policy, key_arn: str, service: str, action: str, since: float = 0.0, *, source: str | None = None
) -> Answer:
    """Ask: is there no request by which the service uses the key so? Refuted is the good answer.

    `source`: the account for which the service acts; None: any.
    """
    _, partition, _, _, account, _ = key_arn.split(":", 5)
    callers = ServiceCallers(
        partition=partition,
        own=account,
        outside=frozenset(),
        organization=_ANY_ORGANIZATION,
        extra={service: {"aws:sourceaccount": constants(source)}} if source else {},
    )
    groups = (
        Group("caller", (callers.named(service),)),
        key_actions(constants(key_arn), (action,)),
        network(),
        Group("transport", (ONLY_TLS,)),
    )
    space = Space("kms", groups, since, {"aws:resourceaccount": constants(account)})
    return prove(policy, Question((space,), allowed=True))


def lets_service(policy: Policy, key_arn: str, service: str, action: str, source: str) -> bool:
    """Is there a request, replayed, by which the service uses the key so for that account?"""
    return isinstance(no_use_by_service(policy, key_arn, service, action, source=source), Refuted)
