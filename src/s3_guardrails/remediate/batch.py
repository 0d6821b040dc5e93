"""Changes from a laptop, one or many: each is planned, shown, then applied as shown, verified and journaled."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from s3_guardrails.decision import Verdict
from s3_guardrails.errors import ChangeFailed, GuardrailError
from s3_guardrails.remediate.change import NothingToDo
from s3_guardrails.remediate.engine import Allow, Engine, Order
from s3_guardrails.remediate.journal import DONE, TAKEN_BACK, UNDER_WAY, Entry, Journal, Step
from s3_guardrails.remediate.plan import Plan, Status, refused_sentence
from s3_guardrails.remediate.state import Setting


class Outcome(StrEnum):
    """What became of one resource and rule."""

    NOTHING_TO_DO = "NOTHING_TO_DO"
    PLANNED = "PLANNED"
    VERIFIED = "VERIFIED"
    REFUSED = "REFUSED"
    UNDETERMINED = "UNDETERMINED"
    NOT_APPROVED = "NOT_APPROVED"
    CHANGED_BACK = "CHANGED_BACK"
    LATER = "LATER"
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
    """Makes changes. `engine` gives one for an order, with nothing remembered."""

    engine: Callable[[Order], Engine]
    journal: Journal

    def plan(self, order: Order) -> Result:
        """Plan; a change of an earlier run that was under way is finished where it proves to be made."""
        return self._finished(self._draft(order))

    def plans(self, orders: Sequence[Order], concurrency: int) -> Generator[tuple[Order, Result], None, None]:
        """Plan many, in their order; of the changes to one setting of a resource only the first is made in a run."""
        taken: set[tuple[str, Setting]] = set()
        with ThreadPoolExecutor(concurrency, thread_name_prefix="plan") as pool:
            for start in range(0, len(orders), concurrency):
                some = orders[start : start + concurrency]
                for order, result in zip(some, pool.map(self._draft, some), strict=True):
                    yield order, _in_turn(self._held_back(self._finished(result)), taken)

    def apply(self, order: Order, plan: Plan, allow: Allow) -> Result:
        """Write what was planned, if it is still the plan and allowed, and verify."""
        try:
            allow(plan)
        except ChangeFailed as error:
            return not_approved(plan, error)
        try:
            return self._applied(order, plan, allow)
        except Exception as error:  # noqa: BLE001  # a defect leaves open whether the write was made, as a silence does
            if isinstance(error, ChangeFailed):
                self._note(plan, Step.FAILED, str(error))
            return replace(planned(plan), outcome=Outcome.FAILED, sentence=_told(error))

    def _applied(self, order: Order, plan: Plan, allow: Allow) -> Result:
        self._note(plan, Step.APPLYING)
        done = self.engine(order).apply(order, plan.id, allow)
        self._note(plan, Step.APPLIED)
        verdict = self.engine(order).verify(order, changed=bool(done.diff)).verdict
        self._note(plan, Step.VERIFIED)
        if not done.diff:  # somebody else made the change since it was planned
            return replace(planned(done), verdict=verdict)
        sentence = f"changed, and the rule now says {verdict}"
        return replace(planned(plan), outcome=Outcome.VERIFIED, sentence=sentence, verdict=verdict)

    def _draft(self, order: Order) -> Result:
        rule, arn = type(order.rule).__name__, order.resource.arn
        try:
            return planned(self.engine(order).plan(order))
        except Exception as error:  # noqa: BLE001  # a defect costs this resource its plan, not the others
            return Result(resource=arn, rule=rule, outcome=Outcome.FAILED, sentence=_told(error))

    def _held_back(self, result: Result) -> Result:
        """Leave alone what this journal has already changed once: somebody wants it otherwise."""
        plan = result.plan
        last = self._last(plan) if plan else None
        if last is None or last.status not in DONE or result.outcome is not Outcome.PLANNED:
            return result
        what = (
            "a change was undone" if last.status in TAKEN_BACK else "the rule held after a change, and is broken again"
        )
        sentence = f"{what} ({last.plan_id}, {last.at}); find out why, then remediate it by its name"
        return replace(result, outcome=Outcome.CHANGED_BACK, sentence=sentence)

    def _finished(self, result: Result) -> Result:
        plan = result.plan
        last = self._last(plan) if plan else None
        if last is None or last.status not in UNDER_WAY or result.outcome is not Outcome.NOTHING_TO_DO:
            return result
        self.journal.write(replace(last, at=_now(), status=Step.VERIFIED))
        return replace(result, sentence=f"the change {last.plan_id} of an earlier run is complete; {result.sentence}")

    def _last(self, plan: Plan) -> Entry | None:
        return self.journal.last(plan.resource.account, plan.resource.arn, plan.rule)

    def _note(self, plan: Plan, step: Step, said: str = "") -> None:
        self.journal.write(entry(plan, step, said=said))


def not_approved(plan: Plan, error: ChangeFailed) -> Result:
    """Return that nobody approved a plan, or that whoever was asked declined."""
    sentence = error.sentence if error.code == Outcome.NOT_APPROVED else str(error)
    return replace(planned(plan), outcome=Outcome.NOT_APPROVED, sentence=sentence)


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


def _in_turn(result: Result, taken: set[tuple[str, Setting]]) -> Result:
    """Put a plan off whose state another change of the same run replaces."""
    if result.plan is None or result.outcome is not Outcome.PLANNED:
        return result
    about = (result.resource, result.plan.setting)
    if about in taken:
        return replace(result, outcome=Outcome.LATER, sentence="another rule's change of the same setting goes first")
    taken.add(about)
    return result


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


def _told(error: Exception) -> str:
    return str(error) if isinstance(error, GuardrailError) else f"{type(error).__name__}: {error}"


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
