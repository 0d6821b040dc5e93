"""Remediate all of an account: judge, plan, show, and with consent apply and verify one after the other."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass

from s3_guardrails.cli.exit_code import ExitCode
from s3_guardrails.cli.progress import tracked
from s3_guardrails.cli.remediate_consent import Consent
from s3_guardrails.cli.remediate_orders import Wanted
from s3_guardrails.cli.remediate_place import Place
from s3_guardrails.cli.remediate_report import Report
from s3_guardrails.cli.remediate_show import plan_lines, result_lines, show
from s3_guardrails.cli.scan import judged
from s3_guardrails.cli.targets import targets
from s3_guardrails.decision import Verdict
from s3_guardrails.errors import GuardrailError
from s3_guardrails.remediate.batch import Outcome, Result, Worker, until
from s3_guardrails.remediate.engine import Order
from s3_guardrails.remediate.journal import Journal
from s3_guardrails.scan import Finding

Job = tuple[Order, Result]


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """How far one run goes: changes (None: all), failures before it stops, resources read at a time."""

    limit: int | None
    failures: int
    concurrency: int


def remediate_all(place: Place, wanted: Wanted, consent: Consent, bounds: Bounds, *, as_json: bool) -> ExitCode:
    """Plan for every broken rule; where the place writes, ask, apply and verify until too many failed."""
    with place.journal() as journal:
        report = Report(place, journal.path)
        found = _findings(place, wanted, bounds, report)
        due = [each for each in found if _due(each, journal)]
        report.results += [_undetermined(each) for each in found if _unclear(each) and each not in due]
        orders = [wanted.order(each.name, place.bare(each.resource)) for each in due]
        worker = Worker(engine=place.engine_for, journal=journal)
        jobs = _planned(worker, orders, bounds, lambda result: _may_change(result, consent if place.writes else None))
        report.left = len(orders) - len(jobs)
        if place.writes:
            _ask(place, consent, [result for _, result in jobs])
            report.results += _applied(worker, jobs, consent, bounds, report)
        else:
            report.results += [result for _, result in jobs]
    return report.tell(as_json=as_json)


def _findings(place: Place, wanted: Wanted, bounds: Bounds, report: Report) -> list[Finding]:
    """Judge everything that the rules are about, in an order that does not change."""
    rules = wanted.chosen()
    types = {rule.resource_type for rule in rules}
    found = judged(targets(place.account, types, (), (), report.failures), rules, bounds.concurrency)
    return sorted(found, key=lambda each: (each.resource.arn, each.name))


def _due(finding: Finding, journal: Journal) -> bool:
    """Is the rule broken, or did a run stop before it knew whether its change was made?"""
    broken = finding.decision.verdict is Verdict.NON_COMPLIANT
    return broken or journal.open(finding.resource.account, finding.resource.arn, finding.name)


def _unclear(finding: Finding) -> bool:
    return finding.decision.verdict is Verdict.UNDETERMINED


def _undetermined(finding: Finding) -> Result:
    sentence = "; ".join(f"{each.code}: {each.sentence}" for each in finding.decision.reasons)
    return Result(resource=finding.resource.arn, rule=finding.name, outcome=Outcome.UNDETERMINED, sentence=sentence)


def _may_change(result: Result, consent: Consent | None) -> bool:
    """Does it count for the limit? What nobody will approve must not keep a run from going on."""
    if result.plan is None or result.outcome is not Outcome.PLANNED:
        return False
    return consent is None or consent.possible(result.plan)


def _planned(
    worker: Worker, orders: Sequence[Order], bounds: Bounds, takes_place: Callable[[Result], bool]
) -> list[Job]:
    """Plan in order, until there are as many changes as one run may make."""
    jobs: list[Job] = []
    taken = 0
    with closing(worker.plans(orders, bounds.concurrency)) as plans:
        for job in tracked(plans, "planning", len(orders)):
            jobs.append(job)
            taken += takes_place(job[1])
            if taken == bounds.limit:
                break
    return jobs


def _ask(place: Place, consent: Consent, results: Sequence[Result]) -> None:
    """Show everything, ask once for what has no concern, then for each of the others by itself."""
    plans = [each.plan for each in results if each.plan and each.outcome is Outcome.PLANNED]
    if not (consent.asks and plans):
        return
    show(result_lines(results))
    consent.ask_about(plans, place.account.id)
    concerning = [each for each in plans if consent.open(each) and each.concerns]
    for number, plan in enumerate(concerning, start=1):
        show(iter([("", ""), (f"{number} of {len(concerning)}", "#")]))
        show(plan_lines(plan, place.kept(plan.id)))
        consent.ask(plan)


def _applied(worker: Worker, jobs: Sequence[Job], consent: Consent, bounds: Bounds, report: Report) -> list[Result]:
    """Apply what is planned; what was not come to stays PLANNED."""
    results = {number: result for number, (_, result) in enumerate(jobs)}
    due = [number for number, result in results.items() if result.outcome is Outcome.PLANNED]
    done = until((_apply(worker, jobs[number], consent) for number in due), bounds.failures)
    try:
        results.update(zip(due, tracked(done, "applying", len(due)), strict=False))
    except KeyboardInterrupt:
        report.stopped = "interrupted"
    except GuardrailError as error:
        report.stopped = str(error)
    if not report.stopped and any(results[number].outcome is Outcome.PLANNED for number in due):
        report.stopped = f"--stop-after {bounds.failures}"
    return list(results.values())


def _apply(worker: Worker, job: Job, consent: Consent) -> Result:
    order, result = job
    assert result.plan  # noqa: S101  # what is PLANNED has one
    return worker.apply(order, result.plan, consent.allow)
