"""Undo one change: the same steps towards the state that its plan found."""

from __future__ import annotations

from dataclasses import replace

from s3_guardrails.cli.exit_code import ExitCode
from s3_guardrails.cli.remediate_consent import Consent
from s3_guardrails.cli.remediate_one import tell
from s3_guardrails.cli.remediate_place import Place
from s3_guardrails.cli.remediate_show import plan_lines, show
from s3_guardrails.errors import ChangeFailed, GuardrailError
from s3_guardrails.remediate.batch import Outcome, Result, entry, not_approved, planned
from s3_guardrails.remediate.journal import Step
from s3_guardrails.remediate.plan import Plan
from s3_guardrails.remediate.undo import apply_undo, plan_undo, verify_undo


def undo(place: Place, plan_id: str, consent: Consent, *, as_json: bool) -> ExitCode:
    """Plan the undoing, show it, and where the place writes, ask, apply and verify."""
    plan = plan_undo(place.engine(), plan_id)
    result = planned(plan)
    if not as_json:
        show(plan_lines(plan, place.kept(plan_id)))
    if place.writes and result.outcome is Outcome.PLANNED:
        consent.ask(plan)
        result = _applied(place, plan_id, plan, consent)
    return tell(result, place, as_json=as_json)


def _applied(place: Place, plan_id: str, plan: Plan, consent: Consent) -> Result:
    try:
        consent.allow(plan)
    except ChangeFailed as error:
        return not_approved(plan, error)
    try:
        with place.journal() as journal:
            journal.write(entry(plan, Step.UNDOING, plan_id=plan_id))
            apply_undo(place.engine(), plan_id, plan.id, consent.allow)
            sentence = verify_undo(place.engine(), plan_id)
            journal.write(entry(plan, Step.UNDONE, plan_id=plan_id))
    except GuardrailError as error:
        return replace(planned(plan), outcome=Outcome.FAILED, sentence=str(error))
    return replace(planned(plan), outcome=Outcome.VERIFIED, sentence=sentence)
