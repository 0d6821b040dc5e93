"""`scan`: every rule over one account's buckets and keys, live and read-only."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import click

from s3_guardrails import scan as engine
from s3_guardrails.cli.account import Account, account_options, open_account
from s3_guardrails.cli.exempting import Exemptions, exemptions_options
from s3_guardrails.cli.exit_code import ExitCode, worst
from s3_guardrails.cli.progress import tracked
from s3_guardrails.cli.rules import chosen_rules, parameters_option
from s3_guardrails.cli.table import STYLES, csv_of, show_table, sorted_findings
from s3_guardrails.cli.targets import Batch, targets
from s3_guardrails.cli.text import number_of, pretty_json, say
from s3_guardrails.cli.tracking import Names, Tracking, counted, guardrails_of, ledger_option, sighting
from s3_guardrails.decision import Decision, Verdict
from s3_guardrails.rule import Rule
from s3_guardrails.scan import Excusing, Finding

MAX_CONCURRENCY: Final = 32
"""The connections that a client keeps."""

EXIT_CODES: Final = {Verdict.NON_COMPLIANT: ExitCode.FINDINGS, Verdict.UNDETERMINED: ExitCode.UNDETERMINED}


@click.command()
@account_options
@click.option("--rule", "rules", multiple=True, metavar="NAME", help="Only this rule; repeatable.")
@click.option("--bucket", "buckets", multiple=True, metavar="NAME", help="Only this bucket; repeatable.")
@click.option("--key", "keys", multiple=True, metavar="ID|ARN|ALIAS", help="Only this key; repeatable.")
@parameters_option
@exemptions_options
@ledger_option
@click.option(
    "--concurrency",
    type=click.IntRange(1, MAX_CONCURRENCY),
    default=16,
    show_default=True,
    help="Resources read at a time.",
)
@click.option("--json", "output", flag_value="json", help="Print one JSON object.")
@click.option("--csv", "output", flag_value="csv", help="Print CSV.")
def scan(
    profile: str | None,
    regions: tuple[str, ...],
    endpoint_url: str | None,
    rules: tuple[str, ...],
    buckets: tuple[str, ...],
    keys: tuple[str, ...],
    parameters: Path | None,
    exemptions: str | None,
    exemptions_key: str | None,
    ledger: Path | None,
    concurrency: int,
    output: str | None,
) -> ExitCode:
    """Judge one account's buckets and keys by every rule, live and read-only.

    Buckets are read wherever they are; keys in the Regions given. A bucket or key that cannot be read costs itself
    only, and is listed as UNDETERMINED.

    Exits 2 when it could not run (or a listing failed), 1 on findings that are not exempt, 3 on undetermined verdicts,
    0 when compliant.
    """
    chosen = chosen_rules(rules, parameters)
    tracking = Tracking(ledger, guardrails_of(parameters))
    tracking.known()  # a ledger that is damaged is told before anything is looked at
    account = open_account(profile, regions, endpoint_url)
    excuse = Exemptions(exemptions, exemptions_key).excusing(account)
    failures: list[str] = []
    batches = targets(account, {rule.resource_type for rule in chosen}, buckets, keys, failures)
    findings = judged(batches, chosen, concurrency, excuse, tracking.facts)
    names = tracking.track([sighting(each) for each in findings], datetime.now(UTC).date())
    show(account, findings, failures, output, names)
    return worst({outcome(each.decision) for each in findings} | ({ExitCode.COULD_NOT_RUN} if failures else set()))


def outcome(decision: Decision) -> ExitCode:
    """Return what a decision means for the exit status: a deviation that is exempt today is nothing to act on."""
    exempt = decision.excuse is not None and decision.excuse.holds
    return ExitCode.COMPLIANT if exempt else EXIT_CODES.get(decision.verdict, ExitCode.COMPLIANT)


def judged(
    batches: Sequence[Batch],
    rules: Sequence[Rule[Any]],
    concurrency: int,
    excuse: Excusing = engine.as_it_is,
    also: Sequence[str] = (),
) -> list[Finding]:
    """Judge everything, with a progress bar where a person watches; `also`: facts to read of what is broken."""
    scans = (engine.scan(reader, resources, rules, concurrency, excuse, also) for reader, resources in batches)
    found = (each for scanned in scans for each in scanned)
    total = sum(len(resources) for _, resources in batches)
    return [finding for each in tracked(found, "judging", total) for finding in each]


def show(
    account: Account, findings: Sequence[Finding], failures: Sequence[str], output: str | None, names: Names
) -> None:
    """Print the findings on stdout, and the sentences about them on stderr."""
    summary = summarized(account, findings, failures) | counted(names)
    match output:
        case "json":
            listed = [each.as_json() | tracking_of(each, names) for each in sorted_findings(findings)]
            click.echo(pretty_json({**summary, "findings": listed}))
        case "csv":
            click.echo(csv_of(findings, names), nl=False)
        case _:
            show_table(findings, names)
    for failure in failures:
        say(f"not judged: {failure}")
    counts = ", ".join(f"{count} {verdict}" for verdict, count in summary["verdicts"].items())
    resources = number_of(summary["resources"], "resource")
    say(f"account {account.id}, keys of {', '.join(account.regions)}: {resources}: {counts}")
    if summary["exempt"] or summary["exemptions_expired"]:
        exempt = number_of(summary["exempt"], "finding")
        say(f"{exempt} exempt, {summary['exemptions_expired']} with an exemption that expired")
    if names:
        figures = f"{summary['overdue']} overdue, {summary['without_owner']} without an owner"
        say(f"{number_of(names, 'finding')} tracked, {figures}")
    if summary["unclassified"]:
        say(f"{summary['unclassified']} of them unclassified: judged without a data class")


def tracking_of(finding: Finding, names: Names) -> dict[str, Any]:
    """Return the member `tracking` of a finding's JSON, where it is tracked."""
    found = names.get(sighting(finding).name)
    return {"tracking": found.as_json()} if found else {}


def summarized(account: Account, findings: Sequence[Finding], failures: Sequence[str]) -> dict[str, Any]:
    """Return counts; `unclassified` counts resources, `verdicts` findings."""
    verdicts = Counter(each.decision.verdict for each in findings)
    excuses = [each.decision.excuse for each in findings if each.decision.excuse]
    return {
        "account": account.id,
        "regions": list(account.regions),
        "resources": len({each.resource.arn for each in findings}),
        "verdicts": {verdict.value: verdicts[verdict] for verdict in STYLES},
        "exempt": sum(1 for each in excuses if each.holds),
        "exemptions_expired": sum(1 for each in excuses if not each.holds),
        "unclassified": len({each.resource.arn for each in findings if each.unclassified}),
        "failures": list(failures),
    }
