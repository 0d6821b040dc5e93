"""Plans as text for people: every character printable, colour on a terminal only."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

import click

from s3_guardrails.cli.text import printable
from s3_guardrails.remediate.batch import Outcome, Result
from s3_guardrails.remediate.change import ApiCall, Proposed
from s3_guardrails.remediate.plan import Plan

_STYLES: Final[Mapping[str, Mapping[str, Any]]] = {
    "+": {"fg": "green"},
    "-": {"fg": "red"},
    "@": {"fg": "cyan"},
    "!": {"fg": "yellow"},
    "#": {"bold": True},
}
_SHORT: Final = 120
"""Characters of a parameter that is shown in full; the difference shows the others."""

Line = tuple[str, str]
"""A text and the mark of its style (empty: none)."""


def show(lines: Iterator[Line]) -> None:
    """Print lines on stdout."""
    coloured = sys.stdout.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
    for text, mark in lines:
        click.echo(click.style(printable(text), **_STYLES.get(mark, {})), color=coloured)


def plan_lines(plan: Plan, kept: str) -> Iterator[Line]:
    """Yield what a person needs to decide; `kept` is where the pre-image is, or will be before the change."""
    resource = plan.resource
    yield f"{plan.remediation} of {resource.arn}, account {resource.account}, {resource.region}", "#"
    yield from _now(plan)
    if isinstance(plan.proposal, Proposed):
        yield from _change(plan, plan.proposal)
    else:
        yield from _section("refused", (f"{each.code}: {each.sentence}" for each in plan.refusals), "!")
        yield from _section("next steps", dict.fromkeys(each.next_step for each in plan.refusals))
    if plan.diff:
        yield f"plan {plan.id}", "#"
        yield f"pre-image, kept before the change: {kept}", ""


def result_lines(results: Sequence[Result]) -> Iterator[Line]:
    """Yield many results, those alike together, those that need somebody last."""
    order = list(Outcome)
    alike: dict[tuple[Outcome, str, str], list[Result]] = {}
    for each in sorted(results, key=lambda one: (order.index(one.outcome), one.rule, _in_general(one), one.resource)):
        alike.setdefault((each.outcome, each.rule, _in_general(each)), []).append(each)
    for (outcome, rule, sentence), group in alike.items():
        yield f"{outcome}  {rule}  ({len(group)})", _MARKS.get(outcome, "!")
        yield f"  {sentence if len(group) > 1 else group[0].sentence}", ""
        for each in group:
            plan = f"  plan {each.plan.id}" if each.plan and each.plan.diff else ""
            yield f"    {each.resource}{plan}", ""


def _in_general(result: Result) -> str:
    """Return the sentence with any resource and plan in the place of its own, where it tells a command."""
    name = result.resource.split(":::")[-1]
    sentence = result.sentence.replace(f"remediate {name} ", "remediate RESOURCE ")
    return sentence.replace(f"--approve {result.plan.id}", "--approve PLAN_ID") if result.plan else sentence


_MARKS: Final = {Outcome.VERIFIED: "+", Outcome.FAILED: "-", Outcome.PLANNED: "#", Outcome.NOTHING_TO_DO: "#"}


def _now(plan: Plan) -> Iterator[Line]:
    if plan.decision is None:
        yield f"rule {plan.rule}", ""
        return
    yield f"rule {plan.rule}: {plan.decision.verdict}", ""
    for each in plan.decision.reasons:
        yield f"  {each.code}: {each.sentence}", ""


def _change(plan: Plan, proposal: Proposed) -> Iterator[Line]:
    yield "change", "#"
    for line in plan.diff:
        yield f"  {line}", line[:1]
    yield from _section("calls", map(_call, proposal.calls))
    yield from _section("notes", proposal.notes)
    yield from _section("a person must approve", (f"{each.code}: {each.sentence}" for each in plan.concerns), "!")


def _section(
    title: str, sentences: Iterator[str] | Sequence[str] | Mapping[str, Any], mark: str = ""
) -> Iterator[Line]:
    for number, each in enumerate(sentences):
        if not number:
            yield title, "#"
        yield f"  {each}", mark


def _call(call: ApiCall) -> str:
    return f"{call.service}:{call.operation} " + " ".join(f"{k}={_value(v)}" for k, v in call.parameters.items())


def _value(value: Any) -> str:
    text = str(value)
    return text if isinstance(value, str | int) and len(text) <= _SHORT else "(as shown above)"
