"""`explain-policy`: one question about the policies of a file, with the request that answers it and why."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, BinaryIO, Final

import click

from s3_guardrails import __version__
from s3_guardrails.cli.exit_code import ExitCode, worst
from s3_guardrails.cli.judged import Asking, Judged, judge
from s3_guardrails.cli.policy_file import deployment_options, name_of, options_of, read
from s3_guardrails.cli.request_text import passage, request_lines
from s3_guardrails.cli.text import pretty_json, printable, say
from s3_guardrails.encryption.question import TOPICS, topic_of
from s3_guardrails.errors import GuardrailError, InputError, PolicySyntaxError
from s3_guardrails.policy.strict_json import strict_json
from s3_guardrails.report.junit import junit
from s3_guardrails.report.row import Outcome, Row
from s3_guardrails.report.sarif import sarif
from s3_guardrails.template.found import Found

EXIT_CODES: Final = {
    Outcome.PROVED: ExitCode.COMPLIANT,
    Outcome.REFUTED: ExitCode.FINDINGS,
    Outcome.INCONCLUSIVE: ExitCode.UNDETERMINED,
    Outcome.UNJUDGED: ExitCode.COULD_NOT_RUN,
}

ABOUT: Final = {
    "tls": "no request without sufficient TLS gets past the policy",
    "sse": "no upload that the policy lets through ends in a mode or key that is not accepted",
    "uploads": "no upload that the policy lets through ends in a mode or key that is not accepted",
    "kms-outside": "nobody outside the trusted accounts can use or administer the key",
    "kms-both": "no principal holds both an administration action and a cryptographic one",
    "kms-wildcard": "no principal but the account's root holds every action on the key",
    "kms-writeonly": "the principals named cannot decrypt",
    "kms-lockout": "somebody in the account can change the key policy",
}
"""Topic → what is true where the answer is proved."""


@click.command("explain-policy")
@click.argument("file", type=click.File("rb"))
@click.option("--question", "topic", type=click.Choice(list(TOPICS)), required=True, help="What to ask.")
@deployment_options
@click.option(
    "--param", "given", multiple=True, metavar="NAME=VALUE", help="A parameter of the question: JSON, or plain text."
)
@click.option(
    "--params", type=click.Path(path_type=Path, exists=True, dir_okay=False), help="All parameters, as a JSON object."
)
@click.option(
    "--format", "output", type=click.Choice(["text", "json", "sarif", "junit"]), default="text", help="Output [text]."
)
@click.option("--json", "output", flag_value="json", help="Same as --format json.")
def explain_policy(
    file: BinaryIO,
    topic: str,
    bucket: str | None,
    account: str | None,
    region: str | None,
    partition: str,
    parameters: tuple[str, ...],
    given: tuple[str, ...],
    params: Path | None,
    output: str,
) -> ExitCode:
    """Answer a question about every policy of a file, before it is deployed.

    FILE is a policy, a CloudFormation or SAM template (JSON or YAML) or the output of `terraform show -json`; - is
    stdin. Prints the request that breaks the guardrail and how it gets past each Deny, or the statements that carry the
    proof. What a template leaves open makes the answer inconclusive where it matters. Requests from now on count.

    Exits 2 when the file cannot be read or holds no such policy, 1 when an answer is refuted, 3 when one is
    inconclusive, 0 when all are proved.
    """
    options = options_of(bucket, account, region, partition, parameters)
    asking = Asking(topic=topic, params=_params(topic, params, given), since=time.time(), partition=partition)
    name, found = name_of(file), read(file, options)
    fitting = [each for each in found.policies if asking.fits(each)]
    answers = [(each, _judge(each, asking)) for each in fitting]
    rows = [_row(name, topic, each, answer) for each, answer in answers if answer is not None]
    rows += [
        Row(file=name, place="", line=None, rule=topic, outcome=Outcome.INCONCLUSIVE, message=each)
        for each in found.open
    ]
    if not rows:
        raise InputError(f"`{name}`: no policy that {topic} is about, among {len(found.policies)} found")
    _show(rows, topic, output)
    _summarize(name, topic, rows, len(found.policies) - len(fitting))
    return worst(EXIT_CODES[each.outcome] for each in rows)


def _params(topic: str, path: Path | None, given: Iterable[str]) -> dict[str, Any]:
    """Read the parameters of a question; raise InputError."""
    found: dict[str, Any] = {}
    if path is not None:
        try:
            read_ = strict_json(path.read_text(encoding="utf-8-sig"))
        except (PolicySyntaxError, OSError, UnicodeDecodeError) as error:
            raise InputError(f"`{path}`: {error}") from None
        if not isinstance(read_, Mapping):
            raise InputError(f"`{path}`: expected an object of parameters")
        found.update(read_)
    for each in given:
        name, equals, value = each.partition("=")
        if not equals:
            raise InputError(f"--param: expected NAME=VALUE, found `{each[:40]}`")
        found[name] = _value(name, value)
    _, known = topic_of(topic)
    for name in found:
        if name not in known:
            raise InputError(f"--param {name[:40]}: expected one of {', '.join(sorted(known))}")
    return found


def _value(name: str, text: str) -> Any:
    """Read JSON where it looks like an object, a list, a string or a constant; else the text itself."""
    if not (text in {"true", "false", "null"} or text[:1] in {"[", "{", '"'}):
        return text
    try:
        return strict_json(text)
    except PolicySyntaxError as error:
        raise InputError(f"--param {name}: {error}") from None


def _judge(found: Found, asking: Asking) -> Judged | str | None:
    """Return the answer, or why there can be none."""
    try:
        return judge(found, asking)
    except GuardrailError as error:
        return str(error)


def _row(name: str, topic: str, found: Found, judged: Judged | str) -> Row:
    if isinstance(judged, str):
        outcome, message, details, data = Outcome.UNJUDGED, judged, [], {}
    else:
        outcome = Outcome(judged.answered.verdict)
        message = ABOUT.get(topic, judged.sentence) if outcome is Outcome.PROVED else judged.sentence
        details, data = list(_details(judged)), _as_json(judged)
    return Row(
        file=name,
        place=found.place,
        line=found.line,
        rule=topic,
        outcome=outcome,
        message=message,
        details=details,
        properties=data,
    )


def _as_json(judged: Judged) -> dict[str, Any]:
    request = judged.answered.counterexample
    return {
        "bucket": judged.world.bucket,
        "account": judged.world.account,
        "counterexample": request.as_json() if request else None,
        "reasons": list(judged.answered.reasons),
        "passages": list(judged.passages),
        "carried_by": list(judged.carried_by),
        "not_needed": list(judged.not_needed),
        "assumed": list(judged.assumed),
    }


def _details(judged: Judged) -> Iterator[str]:
    answered = judged.answered
    yield from judged.sentences[1:]
    if judged.example:
        yield f"for example, {judged.example}"
    if answered.counterexample:
        yield f"counterexample{f' ({judged.deployment})' if judged.deployment else ''}:"
        yield from (f"  {line}" for line in request_lines(answered.counterexample.as_json()))
    yield from map(passage, judged.passages)
    if answered.verdict == "proved":
        yield f"carried by {_listed(judged.carried_by)}" if judged.carried_by else "no Deny is needed for that"
        if judged.not_needed:
            yield f"not needed for it: {_listed(judged.not_needed)}"
    yield from (f"assumed: {each}" for each in judged.assumed)


def _listed(names: Sequence[str]) -> str:
    return ", ".join(f"`{each}`" for each in names)


def _show(rows: Sequence[Row], topic: str, output: str) -> None:
    match output:
        case "json":
            click.echo(pretty_json({"topic": topic, "policies": [_plain(each) for each in rows]}))
        case "sarif":
            click.echo(pretty_json(sarif(rows, {topic: ABOUT.get(topic, topic)}, "s3-guardrails", __version__)))
        case "junit":
            click.echo(junit(rows, f"s3-guardrails {topic}"))
        case _:
            for line in (line for row in rows for line in _lines(row)):
                click.echo(printable(line))


def _plain(row: Row) -> dict[str, Any]:
    place = {"file": row.file, "place": row.place, "line": row.line}
    return {**place, "answer": row.outcome.value, "message": row.message, **row.properties}


def _lines(row: Row) -> Iterator[str]:
    where = f"{row.file}:{row.line}" if row.line else row.file
    yield f"{row.outcome}  {row.place} ({where})" if row.place else f"{row.outcome}  {where}"
    yield f"  {row.message}"
    yield from (f"  {each}" for each in row.details)


def _summarize(name: str, topic: str, rows: Sequence[Row], others: int) -> None:
    counts = Counter(each.outcome.value for each in rows)
    said = ", ".join(f"{count} {outcome}" for outcome, count in sorted(counts.items()))
    rest = f"; {others} of another kind not asked" if others else ""
    say(f"{name}: {topic}: {said}{rest}")
