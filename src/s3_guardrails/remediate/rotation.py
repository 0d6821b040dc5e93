"""`EnableKeyRotation`: rotate a key that can rotate, as often as the rule asks."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final

from s3_guardrails.decision import Verdict
from s3_guardrails.encryption.key import Key, Rotation
from s3_guardrails.remediate.change import NothingToDo, Proposal, Proposed, State
from s3_guardrails.remediate.judged import Judge, before_change, would_not_help
from s3_guardrails.remediate.state import set_rotation

DEFAULT_DAYS: Final = 365
"""What KMS rotates by where nothing is said (API reference, EnableKeyRotation)."""


def plan_rotation(judge: Judge[Key], key: Key, state: State, longest: int) -> Proposal:
    """Plan the rotation; `longest` is the most days that the rule accepts. Rotating breaks nobody's access."""
    settled = before_change(judge(key))
    if settled is not None:
        return settled
    found: Any = state["rotation"] or {"enabled": False, "days": None}
    days = min(longest, found["days"] or DEFAULT_DAYS) if found["enabled"] else min(longest, DEFAULT_DAYS)
    after = judge(_rotating(key, days))
    if after.verdict is not Verdict.COMPLIANT:
        return would_not_help(after, "look at the key's rotation by hand")
    if found == {"enabled": True, "days": days}:
        return NothingToDo(because=f"the key rotates every {days} days")
    return Proposed(after={"rotation": {"enabled": True, "days": days}}, calls=(set_rotation(key, days),))


def _rotating(key: Key, days: int) -> Key:
    return replace(key, rotation=Rotation(enabled=True, period_days=days))
