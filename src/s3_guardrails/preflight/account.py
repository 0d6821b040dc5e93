"""What of an account does not depend on the Region: the roles by which AWS's services work for it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from s3_guardrails.encryption.fact import Unreadable
from s3_guardrails.preflight.additions import Additions
from s3_guardrails.preflight.facts import AccountFacts
from s3_guardrails.preflight.finding import Finding, advises, fine, unreadable
from s3_guardrails.preflight.quota import judge_roles

SERVICE_ROLES: Final[Mapping[str, str]] = {
    "config.amazonaws.com": "the recorder needs a role of its own instead",
    "config-conforms.amazonaws.com": "putting the conformance pack creates it, if whoever deploys may",
    "ssm.amazonaws.com": "Systems Manager creates it when it is set up; the remediations run with roles of their own",
}
"""Service → what its missing service-linked role means (AWS Config and Systems Manager guides)."""


def judge_account(facts: AccountFacts, adding: Additions, regions: int) -> Iterator[Finding]:
    """Judge the account for a deployment to so many further Regions."""
    yield judge_roles(facts.roles, adding, regions)
    if isinstance(facts.service_roles, Unreadable):
        yield unreadable(facts.service_roles)
        return
    for service, meaning in SERVICE_ROLES.items():
        if service in facts.service_roles:
            yield fine("SERVICE_ROLE_PRESENT", f"{service} has its service-linked role")
        else:
            sentence = f"{service} has no service-linked role: {meaning}"
            step = f"allow iam:CreateServiceLinkedRole for {service} to whoever deploys"
            yield advises("SERVICE_ROLE_ABSENT", sentence, step)
