"""What a check of the surroundings says: what stands in the way, what wants a look, what is fine, what is not known."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from s3_guardrails.encryption.fact import Unreadable


class Outcome(StrEnum):
    """How much a finding matters, worst first.

    `blocks`: deployed now, verdicts, remediations or the evidence for them would be missing.
    """

    BLOCKS = "blocks"
    UNREADABLE = "unreadable"
    ADVISES = "advises"
    FINE = "fine"


ACTIONS: Final[Mapping[str, str]] = {
    "region": "account:GetRegionOptStatus",
    "recorder": "config:DescribeConfigurationRecorders",
    "recorder_status": "config:DescribeConfigurationRecorderStatus",
    "delivery_channel": "config:DescribeDeliveryChannels",
    "delivery_status": "config:DescribeDeliveryChannelStatus",
    "config_rules": "config:DescribeConfigRules",
    "config_rules_quota": "servicequotas:GetServiceQuota",
    "conformance_packs": "config:DescribeConformancePacks",
    "unreserved_concurrency": "lambda:GetAccountSettings",
    "roles": "iam:GetAccountSummary",
    "service_roles": "iam:ListRoles",
    "management": "organizations:DescribeOrganization",
    "accounts": "organizations:ListAccounts",
    "delegated_administrators": "organizations:ListDelegatedAdministrators",
    "trusted_services": "organizations:ListAWSServiceAccessForOrganization",
    "account": "sts:AssumeRole",
    "trails": "cloudtrail:DescribeTrails",
    "trail_status": "cloudtrail:GetTrailStatus",
    "event_selectors": "cloudtrail:GetEventSelectors",
}
"""Fact → the IAM action that reading it takes."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One answer: a stable code, a sentence, and the next step; empty where nothing is to be done."""

    outcome: Outcome
    code: str
    sentence: str
    next_step: str = ""

    def as_json(self) -> dict[str, Any]:
        """Return plain data: `outcome`, `code`, `sentence`, `next_step`."""
        return {
            "outcome": self.outcome.value,
            "code": self.code,
            "sentence": self.sentence,
            "next_step": self.next_step,
        }


def blocks(code: str, sentence: str, next_step: str) -> Finding:
    """Something stands in the way."""
    return Finding(Outcome.BLOCKS, code, sentence, next_step)


def advises(code: str, sentence: str, next_step: str) -> Finding:
    """It can be deployed, and something wants a look."""
    return Finding(Outcome.ADVISES, code, sentence, next_step)


def fine(code: str, sentence: str) -> Finding:
    """Nothing is to be done."""
    return Finding(Outcome.FINE, code, sentence)


def unreadable(fact: Unreadable) -> Finding:
    """It is not known, and why."""
    subject = fact.fact.replace("_", " ")
    step = f"let the caller do {ACTIONS[fact.fact]} and run this again, or look at it by hand"
    return Finding(
        Outcome.UNREADABLE, f"{fact.fact.upper()}_UNREADABLE", f"{subject}: not readable: {fact.reason}", step
    )
