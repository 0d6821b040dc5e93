"""Changes from a laptop, one or many: each is planned, shown, then applied as shown, verified and journaled."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from s3_guardrails.decision import Verdict
from s3_guardrails.errors import ChangeFailed, GuardrailError
from s3_guardrails.remediate.change import NothingToDo
from s3_guardrails.remediate.engine import Allow, Engine, Order
from s3_guardrails.remediate.journal import DONE, UNDER_WAY, Entry, Journal, Step
from s3_guardrails.remediate.plan import Plan, Status, refused_sentence


class Outcome(StrEnum):
    """What became of one resource and rule."""

    NOTHING_TO_DO = "NOTHING_TO_DO"
    PLANNED = "PLANNED"
    VERIFIED = "VERIFIED"
    REFUSED = "REFUSED"
    UNDETERMINED = "UNDETERMINED"
    NOT_APPROVED = "NOT_APPROVED"
    CHANGED_BACK = "CHANGED_BACK"
    FAILED = "FAILED"


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """The outcome for one resource and rule, with a sentence; `plan` is None where planning itself failed."""

    resource: str
    rule: str
    outcome: Outcome
    sentence: str
    plan: Plan | None = None
    verdict: Verdict | None = None

    def as_json(self) -> dict[str, Any]:
        """Return the plan's data, if there is a plan, and what became of it."""
        return {
            "resource": self.resource,
            "rule": self.rule,
            **(self.plan.as_json() if self.plan else {}),
            "outcome": self.outcome.value,
            "sentence": self.sentence,
            "verdict_after": self.verdict.value if self.verdict else None,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Worker:
    """Makes changes. `engine` gives one for an order, with nothing remembered; `journal` None: nothing is written."""

    engine: Callable[[Order], Engine]
    journal: Journal | None

    def plan(self, order: Order) -> Result:
        """Plan; a change of an earlier run that was under way is finished where it proves to be made."""
        rule, arn = type(order.rule).__name__, order.resource.arn
        try:
            plan = self.engine(order).plan(order)
        except GuardrailError as error:
            return Result(resource=arn, rule=rule, outcome=Outcome.FAILED, sentence=str(error))
        return self._finished(planned(plan))

    def apply(self, order: Order, plan: Plan, allow: Allow) -> Result:
        """Write what was planned, if it is still the plan and allowed, and verify."""
        try:
            allow(plan)
        except ChangeFailed as error:
            return replace(planned(plan), outcome=Outcome.NOT_APPROVED, sentence=str(error))
        try:
            self._note(plan, Step.APPLYING)
            self.engine(order).apply(order, plan.id, allow)
            self._note(plan, Step.APPLIED)
            verdict = self.engine(order).verify(order, changed=True).verdict
        except GuardrailError as error:
            if isinstance(error, ChangeFailed):  # anything else leaves open whether the write was made
                self._note(plan, Step.FAILED, str(error))
            return replace(planned(plan), outcome=Outcome.FAILED, sentence=str(error))
        self._note(plan, Step.VERIFIED)
        sentence = f"changed, and the rule now says {verdict}"
        return replace(planned(plan), outcome=Outcome.VERIFIED, sentence=sentence, verdict=verdict)

    def held_back(self, result: Result) -> Result:
        """Leave alone what this journal has already changed once: somebody wants it otherwise."""
        plan = result.plan
        last = self._last(plan) if plan and self.journal else None
        if last is None or last.status not in DONE or result.outcome is not Outcome.PLANNED:
            return result
        what = "undone" if last.status is Step.UNDONE else "changed, and changed back since"
        step = "find out by whom, then remediate it by its name, or with another --journal"
        sentence = f"it was {what} ({last.plan_id}, {last.at}); {step}"
        return replace(result, outcome=Outcome.CHANGED_BACK, sentence=sentence)

    def _finished(self, result: Result) -> Result:
        plan = result.plan
        last = self._last(plan) if plan else None
        if last is None or last.status not in UNDER_WAY or result.outcome is not Outcome.NOTHING_TO_DO:
            return result
        if self.journal:
            self.journal.write(replace(last, at=_now(), status=Step.VERIFIED))
        return replace(result, sentence=f"the change {last.plan_id} of an earlier run is complete; {result.sentence}")

    def _last(self, plan: Plan) -> Entry | None:
        return self.journal.last(plan.resource.account, plan.resource.arn, plan.rule) if self.journal else None

    def _note(self, plan: Plan, step: Step, said: str = "") -> None:
        if self.journal:
            self.journal.write(entry(plan, step, said=said))


def planned(plan: Plan) -> Result:
    """Return what a plan comes to when nothing is applied."""
    return Result(
        resource=plan.resource.arn, rule=plan.rule, outcome=_outcome(plan), sentence=_sentence(plan), plan=plan
    )


def entry(plan: Plan, step: Step, *, plan_id: str = "", said: str = "") -> Entry:
    """Return a line of the journal about a plan."""
    where = plan.resource
    return Entry(
        at=_now(),
        account=where.account,
        region=where.region,
        resource=where.arn,
        rule=plan.rule,
        plan_id=plan_id or plan.id,
        status=step,
        said=said,
    )


def until(results: Iterator[Result], failures: int) -> Iterator[Result]:
    """Pass results on until so many failed."""
    for each in results:
        yield each
        failures -= each.outcome is Outcome.FAILED
        if failures == 0:
            return


def _outcome(plan: Plan) -> Outcome:
    if plan.status is Status.REFUSED and plan.decision and plan.decision.verdict is Verdict.UNDETERMINED:
        return Outcome.UNDETERMINED
    return Outcome(plan.status)


def _sentence(plan: Plan) -> str:
    if isinstance(plan.proposal, NothingToDo):
        return plan.proposal.because
    if plan.refusals:
        return refused_sentence(plan.refusals)
    if plan.concerns:
        return "a person must approve: " + "; ".join(f"{each.code}: {each.sentence}" for each in plan.concerns)
    return "can be changed"


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
