"""A verdict before and after a change: what leaves nothing to do, what refuses, what would not help."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, TypeAlias, TypeVar

from s3_guardrails.decision import Decision, Verdict
from s3_guardrails.encryption.bucket import Bucket
from s3_guardrails.encryption.key import Key
from s3_guardrails.remediate.change import NothingToDo, Refusal, Refused

F = TypeVar("F", Bucket, Key)

Judge: TypeAlias = Callable[[F], Decision]
"""The rule, with its parameters."""

FINE: Final = frozenset({Verdict.COMPLIANT, Verdict.NOT_APPLICABLE})


def before_change(decision: Decision) -> NothingToDo | Refused | None:
    """Return what ends a plan before any change is thought of, None where the resource is NON_COMPLIANT."""
    if decision.verdict in FINE:
        return NothingToDo(because=said(decision))
    if decision.verdict is Verdict.UNDETERMINED:
        what = f"the verdict is UNDETERMINED: {said(decision)}"
        return Refused(refusals=(Refusal("UNDETERMINED", what, "make the fact readable, then plan again"),))
    return None


def would_not_help(after: Decision, next_step: str) -> Refused:
    """Refuse a change after which the rule would still not hold."""
    what = f"after the change the rule would say {after.verdict}: {said(after)}"
    return Refused(refusals=(Refusal("WOULD_NOT_HELP", what, next_step),))


def said(decision: Decision) -> str:
    """Return a decision's reasons in a line."""
    return "; ".join(f"{each.code}: {each.sentence}" for each in decision.reasons)
