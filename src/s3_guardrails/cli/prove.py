"""`prove`: answers questions about all requests that a policy lets through, one case per line."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any, BinaryIO, Final

import click

from s3_guardrails.cli.cases import Case, read_case
from s3_guardrails.cli.exit_code import ExitCode, worst
from s3_guardrails.cli.text import line_of_json, say
from s3_guardrails.encryption.question import ask
from s3_guardrails.errors import GuardrailError, InputError, PolicySyntaxError
from s3_guardrails.policy.document import parse_policy

EXIT_CODES: Final = {
    "proved": ExitCode.COMPLIANT,
    "refuted": ExitCode.FINDINGS,
    "inconclusive": ExitCode.UNDETERMINED,
}


@click.command()
@click.option(
    "--cases",
    "lines",
    type=click.File("rb"),
    required=True,
    help="A file of cases, one per line; - is stdin.",
)
def prove(lines: BinaryIO) -> ExitCode:
    """Prove or refute guardrails on policies, in bulk.

    Reads one case per line: {"id", "topic", "bucket", "own", "policy", "params"}; topic is tls, sse (or uploads),
    kms-outside, kms-both, kms-wildcard, kms-writeonly or kms-lockout. Prints one line of JSON each: {"id", "answer",
    "counterexample", "reasons"}, where the answer is proved, refuted or inconclusive.

    Exits 0 when all are proved, 2 when a line is not a case or fails, 1 when any is refuted,
    3 when any is inconclusive.
    """
    outcomes: Counter[str] = Counter()
    for number, line in enumerate(lines, start=1):
        if line.strip():
            outcomes[_answer_line(number, line.rstrip())] += 1
    say(", ".join(f"{count} {outcome}" for outcome, count in sorted(outcomes.items())) or "no cases")
    if not outcomes:
        return ExitCode.COULD_NOT_RUN
    return worst(EXIT_CODES.get(outcome, ExitCode.COULD_NOT_RUN) for outcome in outcomes)


def _answer_line(number: int, line: bytes) -> str:
    """Print the answer of one line, or say what is wrong with it; return the outcome in a word."""
    try:
        answer = answer_case(read_case(line))
    except InputError as error:
        say(f"line {number}: {error}")
        return "bad input"
    except Exception as error:  # noqa: BLE001  # a defect costs this line its answer, not the others
        say(f"line {number}: failed: {type(error).__name__}: {error}")
        return "failed"
    click.echo(line_of_json(answer))
    return str(answer["answer"])


def answer_case(case: Case) -> Mapping[str, Any]:
    """Return ``{"id", "answer", "counterexample", "reasons"}``; a malformed policy is inconclusive, with the path."""
    try:
        policy = parse_policy(case.policy)
    except PolicySyntaxError as error:
        return _answer(case, "inconclusive", None, [f"the policy is malformed: {error}"])
    try:
        answer = ask(case.topic, policy, bucket=case.bucket, own=case.own, params=case.params, since=time.time())
    except GuardrailError as error:
        raise InputError(str(error)) from None
    found = answer.counterexample.as_json() if answer.counterexample else None
    return _answer(case, answer.verdict, found, answer.reasons)


def _answer(case: Case, answer: str, counterexample: Any, reasons: Iterable[str]) -> dict[str, Any]:
    return {"id": case.id, "answer": answer, "counterexample": counterexample, "reasons": list(reasons)}
