"""`fleet`: many accounts at once, live (`scan`) or by AWS Config's results (`status`); read-only."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import click

from s3_guardrails.classified import ClassifiedParameters
from s3_guardrails.cli.exit_code import ExitCode, worst
from s3_guardrails.cli.fleet_place import Access, fleet_options, open_fleet
from s3_guardrails.cli.fleet_table import say_report, show_report
from s3_guardrails.cli.rules import chosen_rules, parameters_option
from s3_guardrails.cli.text import pretty_json
from s3_guardrails.decision import Verdict
from s3_guardrails.deploy.fleet_scan import Scan
from s3_guardrails.fleet.notice import Kind
from s3_guardrails.fleet.report import Report, Source
from s3_guardrails.rule import Rule

EXIT_CODES: Final = {
    Verdict.NON_COMPLIANT: ExitCode.FINDINGS,
    Verdict.UNDETERMINED: ExitCode.UNDETERMINED,
    Kind.UNCOVERED: ExitCode.COULD_NOT_RUN,
    Kind.STALE: ExitCode.UNDETERMINED,
    Kind.UNKNOWN: ExitCode.UNDETERMINED,
}


@click.group()
def fleet() -> None:
    """Look at the accounts of an organization, or at those named, all at once; nothing is changed."""


@fleet.command()
@fleet_options
@click.option("--rule", "rules", multiple=True, metavar="NAME", help="Only this rule; repeatable.")
@parameters_option
def scan(
    profile: str | None,
    regions: tuple[str, ...],
    endpoint_url: str | None,
    accounts: tuple[str, ...],
    accounts_file: Path | None,
    role_name: str,
    external_id: str | None,
    accounts_at_once: int,
    as_json: bool,
    rules: tuple[str, ...],
    parameters: Path | None,
) -> ExitCode:
    """Judge buckets and keys of many accounts by every rule, live.

    The caller's own account is read with the caller's permissions, every other one with the role. An account or
    Region that cannot be looked at costs itself only, and is listed with the reason and the next step.

    Exits 2 when it could not run or a place could not be looked at, 1 on findings, 3 on undetermined verdicts, else 0.
    """
    chosen = chosen_rules(rules, parameters)
    access = Access(accounts, accounts_file, role_name, external_id, accounts_at_once)
    place = open_fleet(profile, regions, endpoint_url, access)
    wanted = Scan(chosen, place.regions, place.door.partition, place.door.home, _class_tag(chosen))
    report = Report(Source.LIVE, datetime.now(UTC), place.regions)
    for each in place.looked(wanted.look):
        report.add(each)
    return _shown(report, as_json)


def _class_tag(rules: list[Rule[Any]]) -> str:
    tags = [each.parameters.data_class_tag for each in rules if hasattr(each.parameters, "data_class_tag")]
    return str(tags[0]) if tags else ClassifiedParameters().data_class_tag


def _shown(report: Report, as_json: bool) -> ExitCode:
    report.close()
    if as_json:
        click.echo(pretty_json(report.as_json()))
    else:
        show_report(report)
    say_report(report)
    found = {each.verdict for each in report.findings} | {each.kind for each in report.notices}
    outcomes = {EXIT_CODES.get(each, ExitCode.COMPLIANT) for each in found}
    if report.freshness:
        outcomes.add(ExitCode.UNDETERMINED)
    return worst(outcomes | (set() if report.entered else {ExitCode.COULD_NOT_RUN}))
