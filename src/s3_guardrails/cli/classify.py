"""`classify`: proposes a data class and an encryption mode for each bucket, as a plan for review; changes nothing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import click
from rich.table import Table
from rich.text import Text

from s3_guardrails.classification.choice import Outcome
from s3_guardrails.classification.data_class import DataClass, Purpose, data_classes
from s3_guardrails.cli.account import account_options, open_account
from s3_guardrails.cli.classify_files import read_files
from s3_guardrails.cli.classify_plan import as_yaml, document
from s3_guardrails.cli.classify_run import Row, Run
from s3_guardrails.cli.exit_code import ExitCode, worst
from s3_guardrails.cli.progress import tracked
from s3_guardrails.cli.rules import chosen_rules, parameters_option
from s3_guardrails.cli.scan import MAX_CONCURRENCY
from s3_guardrails.cli.table import show
from s3_guardrails.cli.targets import targets
from s3_guardrails.cli.text import pretty_json, printable, say
from s3_guardrails.cli.tracking import guardrails_of
from s3_guardrails.encryption.bucket import Bucket
from s3_guardrails.errors import InputError, LiveReadFailed
from s3_guardrails.live.surroundings import Deliveries
from s3_guardrails.remediate.durable import put
from s3_guardrails.rule import BucketRule, Rule

RULE: Final = "S3_BUCKET_DEFAULT_ENCRYPTION"
FILE: Final = "classification.yaml"

_file = click.Path(path_type=Path, exists=True, dir_okay=False)


@click.command()
@account_options
@click.option("--bucket", "buckets", multiple=True, metavar="NAME", help="Only this bucket; repeatable.")
@parameters_option
@click.option(
    "--macie",
    "macie_files",
    multiple=True,
    type=_file,
    help="Output of `aws macie2 get-findings` or `describe-buckets`; repeatable.",
)
@click.option(
    "--access-analyzer",
    "analyzer_files",
    multiple=True,
    type=_file,
    help="Output of `aws accessanalyzer list-findings` or `list-findings-v2`; repeatable.",
)
@click.option(
    "--requests",
    type=_file,
    help='Requests a month: {"BUCKET": 1200000}, or output of `aws cloudwatch get-metric-data`.',
)
@click.option("--prices", type=_file, help="Prices of KMS in place of the built-in ones.")
@click.option(
    "--out",
    type=click.Path(path_type=Path, dir_okay=False),
    default=FILE,
    show_default=True,
    help="Write the plan to this file.",
)
@click.option("--overwrite", is_flag=True, help="Replace the file, with what somebody may have written into it.")
@click.option(
    "--concurrency",
    type=click.IntRange(1, MAX_CONCURRENCY),
    default=16,
    show_default=True,
    help="Buckets read at a time.",
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def classify(
    profile: str | None,
    regions: tuple[str, ...],
    endpoint_url: str | None,
    buckets: tuple[str, ...],
    parameters: Path | None,
    macie_files: tuple[Path, ...],
    analyzer_files: tuple[Path, ...],
    requests: Path | None,
    prices: Path | None,
    out: Path,
    overwrite: bool,
    concurrency: int,
    as_json: bool,
) -> ExitCode:
    """Propose a data class and an encryption mode for each bucket, with reasons, cost and what would break.

    Writes a plan for review and changes nothing else.

    Exits 2 when it could not run, 1 where a class or mode is proposed or a person must decide, 3 where a fact could
    not be read, 0 where everything stays as it is.
    """
    [rule] = chosen_rules((RULE,), parameters)
    classes = _classes(rule, parameters)
    given = read_files(macie_files, analyzer_files, requests, prices)
    if out.exists() and not overwrite:
        raise InputError(f"`{out}` is there already: pass --overwrite, or another --out")
    account = open_account(profile, regions, endpoint_url)
    chosen = _buckets(account, buckets)
    today = datetime.now(UTC).date()
    run = Run(
        account=account, rule=rule, classes=classes, given=given, today=today, deliveries=Deliveries(account.clients)
    )
    rows = list(tracked(run.rows(chosen, concurrency), "classifying", len(chosen)))
    found = document(account.id, today.isoformat(), rule.parameters.data_class_tag, rows)
    _write(out, as_yaml(found))
    if as_json:
        click.echo(pretty_json(found))
    else:
        _show(rows)
    _tell(rows, out, set(given.findings) - {each.name for each in chosen}, bool(buckets))
    return worst(map(_status, rows))


def _classes(rule: Rule[Any], parameters: Path | None) -> tuple[DataClass, ...]:
    written = guardrails_of(parameters).classes
    declared = {name: frozenset(map(Purpose, each.proposed_for)) for name, each in written.items()}
    return data_classes(rule.parameters.accepted_modes, declared)


def _buckets(account: Any, names: tuple[str, ...]) -> list[Bucket]:
    """Return the buckets, sorted by name; a listing that fails leaves no plan at all."""
    failures: list[str] = []
    batches = targets(account, {BucketRule.resource_type}, names, (), failures)
    if failures:
        raise LiveReadFailed(failures[0])
    found = [each for _, resources in batches for each in resources if isinstance(each, Bucket)]
    return sorted(found, key=lambda each: each.name)


def _write(path: Path, text: str) -> None:
    try:
        put(path, text)
    except OSError as error:
        raise InputError(f"`{path}`: {error.strerror or error}") from None


def _status(row: Row) -> ExitCode:
    proposal = row.proposal
    if proposal.outcome is Outcome.NOT_KNOWN:
        return ExitCode.UNDETERMINED
    stays = proposal.outcome is Outcome.KEEP and proposal.mode is proposal.present_mode
    return ExitCode.COMPLIANT if stays else ExitCode.FINDINGS


_STYLES: Final = {Outcome.PROPOSE: "green", Outcome.KEEP: "dim", Outcome.NOT_KNOWN: "yellow"}


def _show(rows: Sequence[Row]) -> None:
    table = Table(
        "bucket", "outcome", "class", "mode", "why", "KMS a month (at best, with a Bucket Key)", "would break", box=None
    )
    for row in rows:
        proposal = row.proposal
        codes = ", ".join(dict.fromkeys(each.code for each in proposal.evidence))
        told = "; ".join(filter(None, (codes, proposal.note or proposal.confidence)))
        broken = ", ".join(dict.fromkeys(each.code for each in row.foreseen.refusals))
        cells = (
            proposal.bucket.name,
            proposal.outcome.value,
            _change(proposal.present, proposal.data_class),
            _change(proposal.present_mode, proposal.mode),
            told,
            _paid(row),
            broken,
        )
        style = _STYLES.get(proposal.outcome, "bold")
        table.add_row(*(Text(printable(each), style, overflow="fold") for each in cells))
    show(table)


def _paid(row: Row) -> str:
    cost = row.cost
    if cost is None or row.proposal.mode is None:
        return ""
    return cost.requests_cost if cost.at_best == cost.requests_cost else f"{cost.requests_cost} ({cost.at_best})"


def _change(before: str | None, after: str | None) -> str:
    if after is None or before == after:
        return before or "-"
    return f"{before or '-'} → {after}"


def _tell(rows: Sequence[Row], out: Path, strange: set[str], some: bool) -> None:
    counts = Counter(each.proposal.outcome.value for each in rows)
    told = ", ".join(f"{counts[each]} {each.value}" for each in Outcome if counts[each]) or "none"
    say(f"{len(rows)} buckets: {told}; nothing was changed; the plan is in {out}")
    if strange and not some:
        say(f"findings about {len(strange)} buckets that the account does not have were not used")
