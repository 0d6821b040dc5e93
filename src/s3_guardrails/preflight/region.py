"""One Region: is it switched on, what does AWS Config have there, and is all that the rules need set up?"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from s3_guardrails.encryption.fact import Unreadable
from s3_guardrails.preflight.facts import RegionFacts
from s3_guardrails.preflight.finding import Finding, advises, blocks, fine, unreadable
from s3_guardrails.preflight.recorder import judge_delivery, judge_recorder

OPTED_IN: Final = frozenset({"ENABLED", "ENABLED_BY_DEFAULT"})

WITHOUT_REMEDIATION: Final = frozenset({"ap-east-2", "ap-southeast-6", "ap-southeast-7", "mx-central-1"})
"""Regions without AWS::Config::RemediationConfiguration: CloudFormation registry schemas of 2026-10-20."""


def judge_opt_status(status: str | Unreadable) -> Finding:
    """Judge whether the account may use the Region; `status` is the Account Management API's RegionOptStatus."""
    if isinstance(status, Unreadable):
        return unreadable(status)
    if status in OPTED_IN:
        return fine("REGION_ENABLED", "the account has the Region")
    sentence = f"the account does not have the Region: its status is {status}; nothing else of it was read"
    return blocks("REGION_DISABLED", sentence, "enable the Region for the account, or leave it out")


def judge_region(facts: RegionFacts, types: Sequence[str]) -> Iterator[Finding]:
    """Judge a Region that the account has, for rules about these resource types."""
    yield from judge_recorder(facts, types)
    yield from judge_delivery(facts)
    yield _remediation(facts.region)


def _remediation(region: str) -> Finding:
    if region not in WITHOUT_REMEDIATION:
        return fine("REMEDIATION_OFFERED", "AWS Config offers remediations")
    sentence = "AWS Config has no remediations in this Region; the rules work"
    return advises("REMEDIATION_ABSENT", sentence, "mend with `remediate`; template.yaml leaves them out there")
