"""Remediate one resource: show the plan, and with consent apply and verify it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import click

from s3_guardrails.cli.exit_code import ExitCode
from s3_guardrails.cli.remediate_cloudformation import cloudformation
from s3_guardrails.cli.remediate_consent import Consent
from s3_guardrails.cli.remediate_orders import Wanted, broken, judged
from s3_guardrails.cli.remediate_place import Place
from s3_guardrails.cli.remediate_report import EXIT_CODES
from s3_guardrails.cli.remediate_show import plan_lines, show
from s3_guardrails.cli.remediate_terraform import terraform
from s3_guardrails.cli.targets import find
from s3_guardrails.cli.text import pretty_json, say
from s3_guardrails.decision import Verdict
from s3_guardrails.remediate.batch import Outcome, Result, Worker, planned
from s3_guardrails.remediate.change import Proposed
from s3_guardrails.remediate.engine import Order
from s3_guardrails.scan import Finding, Subject

_LANGUAGES: Final = {"terraform": terraform, "cloudformation": cloudformation}


def remediate_one(place: Place, target: str, wanted: Wanted, consent: Consent, *, as_json: bool) -> ExitCode:
    """Plan, show, and where the place writes, ask, apply and verify."""
    asked = order_of(place, target, wanted)
    if isinstance(asked, Result):
        return tell(asked, place, as_json=as_json)
    with place.journal() as journal:
        worker = Worker(engine=place.engine_for, journal=journal)
        result = worker.plan(asked)
        if not as_json and result.plan:
            show(plan_lines(result.plan, place.kept(result.plan.id)))
        if place.writes and result.plan and result.outcome is Outcome.PLANNED:
            consent.ask(result.plan)
            result = worker.apply(asked, result.plan, consent.allow)
    return tell(result, place, as_json=as_json)


def write_code(place: Place, target: str, wanted: Wanted, language: str) -> ExitCode:
    """Print the change as code for the owner's own tool, whether or not such a tool manages the resource."""
    asked = order_of(place, target, wanted)
    result = asked if isinstance(asked, Result) else planned(place.engine_for(asked).propose(asked))
    if result.plan and isinstance(result.plan.proposal, Proposed):
        for line in [*_LANGUAGES[language](result.plan, result.plan.proposal)]:
            click.echo(line)
    say(f"{result.outcome}: {result.sentence}")
    return EXIT_CODES[result.outcome]


def order_of(place: Place, target: str, wanted: Wanted) -> Order | Result:
    """Return what to remediate, or that no rule is broken; raise InputError."""
    reader = place.account.readers[0]
    resource = find(reader, target)
    rules = wanted.chosen()
    if wanted.rules:
        return wanted.order(wanted.rules[0], resource)
    findings = judged(Subject(resource, reader), rules)
    name = broken(findings)
    return wanted.order(name, place.bare(resource)) if name else _unbroken(findings)


def _unbroken(findings: Sequence[Finding]) -> Result:
    undecided = [each.name for each in findings if each.decision.verdict is Verdict.UNDETERMINED]
    outcome = Outcome.UNDETERMINED if undecided else Outcome.NOTHING_TO_DO
    sentence = f"UNDETERMINED: {', '.join(undecided)}" if undecided else "no rule is NON_COMPLIANT"
    return Result(resource=findings[0].resource.arn, rule=", ".join(undecided), outcome=outcome, sentence=sentence)


def tell(result: Result, place: Place, *, as_json: bool) -> ExitCode:
    """Say what became of the resource; return the exit status."""
    kept = place.kept(result.plan.id) if result.plan and result.plan.diff else None
    if as_json:
        click.echo(pretty_json({**result.as_json(), "pre_image": kept}))
    say(f"{result.outcome}: {result.sentence}")
    if result.outcome is Outcome.PLANNED:
        say("nothing was written; pass --apply to make the change")
    if result.outcome is Outcome.VERIFIED and result.plan and result.plan.decision:
        say(f"to take it back: {place.again(f'--undo {result.plan.id}')}")
    return EXIT_CODES[result.outcome]
