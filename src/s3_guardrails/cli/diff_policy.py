"""`diff-policy`: what a new policy denies or allows that the old one did not, over all requests."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from typing import Any, BinaryIO, Final

import click

from s3_guardrails.cli.compared import Difference, Pair, compared, moved, pairs
from s3_guardrails.cli.exit_code import ExitCode, worst
from s3_guardrails.cli.policy_file import STDIN, deployment_options, name_of, options_of, read
from s3_guardrails.cli.request_text import request_lines
from s3_guardrails.cli.text import pretty_json, printable, say
from s3_guardrails.errors import InputError
from s3_guardrails.policy.explain import sentence
from s3_guardrails.template.found import Kind

_EXIT_CODES: Final = {
    "proved": ExitCode.COMPLIANT,
    "refuted": ExitCode.FINDINGS,
    "inconclusive": ExitCode.UNDETERMINED,
}


@click.command("diff-policy")
@click.argument("old", type=click.File("rb"))
@click.argument("new", type=click.File("rb"))
@click.option("--kind", type=click.Choice([each.value for each in Kind]), help="Compare only policies of this kind.")
@deployment_options
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def diff_policy(
    old: BinaryIO,
    new: BinaryIO,
    kind: str | None,
    bucket: str | None,
    account: str | None,
    region: str | None,
    partition: str,
    parameters: tuple[str, ...],
    as_json: bool,
) -> ExitCode:
    """Compare the policies of two files over all requests: newly denied, no longer denied, newly allowed, no longer.

    OLD and NEW are files as explain-policy takes them; policies of templates are paired by name. A policy that only
    one file has is compared with what holds without it: nothing for a bucket, the default key policy for a key. Each
    change comes with a request that shows it; without any the policies are proved equal.

    Exits 2 on bad input, 1 when a request changes its outcome, 3 when that cannot be told, 0 when proved equal.
    """
    if name_of(old) == name_of(new) == STDIN:
        raise InputError("OLD, NEW: expected only one of them to be stdin")
    options = options_of(bucket, account, region, partition, parameters)
    before, after = read(old, options), read(new, options)
    paired = list(pairs(before.policies, after.policies, Kind(kind) if kind else None))
    if not paired:
        raise InputError(f"`{name_of(old)}`, `{name_of(new)}`: no policies to compare")
    answers = [(pair, compared(pair, options, time.time())) for pair in paired]
    if as_json:
        click.echo(pretty_json({"policies": [_as_json(pair, found) for pair, found in answers]}))
    else:
        for line in (line for pair, found in answers for line in _lines(pair, found)):
            click.echo(printable(line))
    open_ = [*before.open, *after.open]
    for each in (*(f"not compared: {one}" for one in open_), *filter(None, map(moved, paired))):
        say(each)
    verdicts = {each.answer for _, found in answers for each in found}
    say(_summary(verdicts))
    outcomes = {_EXIT_CODES[each] for each in verdicts} | ({ExitCode.UNDETERMINED} if open_ else set())
    return worst(outcomes)


def _summary(answers: set[str]) -> str:
    if "refuted" in answers:
        return "requests change their outcome"
    return "it cannot be told whether a request changes its outcome" if "inconclusive" in answers else "proved equal"


def _as_json(pair: Pair, found: Sequence[Difference]) -> dict[str, Any]:
    changes = [
        {
            "change": each.change.value,
            "answer": each.answer,
            "counterexample": each.request.as_json() if each.request else None,
            "request": sentence(each.request) if each.request else None,
            "before": each.before or None,
            "after": each.after or None,
            "reason": each.reason or None,
        }
        for each in found
    ]
    equal = all(each.answer == "proved" for each in found)
    return {
        "place": pair.place,
        "kind": pair.kind.value,
        "said": pair.said or "same",
        "equal": equal,
        "changes": changes,
    }


def _lines(pair: Pair, found: Sequence[Difference]) -> Iterator[str]:
    yield f"{pair.kind} policy {pair.place}{f' ({pair.said})' if pair.said else ''}".rstrip()
    changed = [each for each in found if each.answer != "proved"]
    if not changed:
        yield "  proved equal: no request changes its outcome"
    for each in changed:
        if each.request is None:
            yield f"  {each.change}: inconclusive: {each.reason}"
            continue
        yield f"  {each.change}: {sentence(each.request).replace(' may call ', ' calling ', 1)}"
        yield f"    before: {each.before}"
        yield f"    after: {each.after}"
        yield from (f"    {line}" for line in request_lines(each.request.as_json()))
