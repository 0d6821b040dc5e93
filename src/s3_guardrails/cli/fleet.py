"""`fleet`: many accounts at once, live (`scan`) or by AWS Config's results (`status`); read-only."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import click

from s3_guardrails.classified import ClassifiedParameters
from s3_guardrails.cli.exempting import Exemptions, exemptions_options
from s3_guardrails.cli.exit_code import ExitCode, worst
from s3_guardrails.cli.fleet_place import Access, fleet_options, open_fleet
from s3_guardrails.cli.fleet_table import say_report, show_report, with_tracking
from s3_guardrails.cli.rules import chosen_rules, parameters_option
from s3_guardrails.cli.text import pretty_json
from s3_guardrails.cli.tracking import FleetTracking, Names, Tracking, guardrails_of, ledger_option
from s3_guardrails.decision import Verdict
from s3_guardrails.deploy.fleet_aggregator import FRESHNESS, Aggregator
from s3_guardrails.deploy.fleet_scan import Scan
from s3_guardrails.deploy.fleet_status import Status
from s3_guardrails.discovery import find_rules
from s3_guardrails.errors import InputError
from s3_guardrails.fleet.notice import Kind
from s3_guardrails.fleet.report import Looked, Report, Source
from s3_guardrails.rule import Rule
from s3_guardrails.settings.guardrails import Guardrails, read_guardrails

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
@exemptions_options
@ledger_option
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
    exemptions: str | None,
    exemptions_key: str | None,
    ledger: Path | None,
) -> ExitCode:
    """Judge buckets and keys of many accounts by every rule, live.

    The caller's own account is read with the caller's permissions, every other one with the role. An account or
    Region that cannot be looked at costs itself only, and is listed with the reason and the next step.

    Exits 2 when it could not run or a place could not be looked at, 1 on findings that are not exempt, 3 on
    undetermined verdicts, else 0.
    """
    chosen = chosen_rules(rules, parameters)
    access = Access(accounts, accounts_file, role_name, external_id, accounts_at_once)
    place = open_fleet(profile, regions, endpoint_url, access)
    excuse = Exemptions(exemptions, exemptions_key).excusing(place.caller)
    wanted = Scan(chosen, place.regions, place.door.partition, place.door.home, _class_tag(chosen), excuse)
    report = Report(Source.LIVE, datetime.now(UTC), place.regions)
    return _summed(report, place.looked(wanted.look), _tracking(ledger, guardrails_of(parameters)), as_json)


@fleet.command()
@fleet_options
@click.option("--aggregator", metavar="NAME", help="Read this Config aggregator of the caller's account and Region.")
@click.option("--class-tag", metavar="KEY", help="With --aggregator: tag of the data class [the rules' default].")
@ledger_option
@click.option(
    "--guardrails",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="With --ledger: the guardrails file, which says who owns what and how long mending may take.",
)
def status(
    profile: str | None,
    regions: tuple[str, ...],
    endpoint_url: str | None,
    accounts: tuple[str, ...],
    accounts_file: Path | None,
    role_name: str,
    external_id: str | None,
    accounts_at_once: int,
    as_json: bool,
    aggregator: str | None,
    class_tag: str | None,
    ledger: Path | None,
    guardrails: Path | None,
) -> ExitCode:
    """Sum up what AWS Config says of many accounts, and whether that is what holds today.

    Account by account with the role, or at once from an aggregator, which does not tell how old results are. A rule
    that is missing, silent, failing or late is listed with the next step, and so is a recorder that is off.

    Exits 2 when it could not run or a place could not be looked at, 1 on findings that are not exempt, 3 on
    undetermined verdicts or results that are old or may be, else 0.
    """
    if class_tag is not None and aggregator is None:
        raise InputError("--class-tag: expected --aggregator with it")
    if guardrails is not None and ledger is None:
        raise InputError("--guardrails: expected --ledger with it")
    known = {entry.name: entry.rule for entry in find_rules()}
    tracking = _tracking(ledger, read_guardrails(guardrails) if guardrails else Guardrails(classes={}))
    access = Access(accounts, accounts_file, role_name, external_id, accounts_at_once)
    place = open_fleet(profile, regions, endpoint_url, access)
    now = datetime.now(UTC)
    if aggregator is None:
        report = Report(Source.CONFIG, now, place.regions)
        found = place.looked(Status(known, place.regions, place.door.home, now).look)
    else:
        config = place.door.clients.client("config", place.door.home)
        tag = class_tag or ClassifiedParameters().data_class_tag
        of_all = Aggregator(config, aggregator, known, place.regions, tag, now.date())
        report = Report(Source.AGGREGATOR, now, place.regions, FRESHNESS)
        report.notices.extend(of_all.sources(place.members))
        found = place.looked(of_all.look, lambda _: place.door.clients)
    return _summed(report, found, tracking, as_json)


def _class_tag(rules: list[Rule[Any]]) -> str:
    tags = [each.parameters.data_class_tag for each in rules if hasattr(each.parameters, "data_class_tag")]
    return str(tags[0]) if tags else ClassifiedParameters().data_class_tag


def _tracking(ledger: Path | None, settings: Guardrails) -> FleetTracking:
    severities = {entry.name: entry.rule.severity for entry in find_rules()}
    return FleetTracking(Tracking(ledger, settings), severities)


def _summed(report: Report, looked: Iterable[Looked], tracking: FleetTracking, as_json: bool) -> ExitCode:
    """Take in each account as it answers, then show all of them."""
    for each in looked:
        report.add(each)
        tracking.see(each.rows)
    return _shown(report, tracking.names(report.as_of.date()), as_json)


def _shown(report: Report, names: Names, as_json: bool) -> ExitCode:
    report.close()
    if as_json:
        click.echo(pretty_json(with_tracking(report, names)))
    else:
        show_report(report, names)
    say_report(report, names)
    acted_on = {each.verdict for each in report.findings if not each.exempt}
    found = acted_on | {each.kind for each in report.notices}
    outcomes = {EXIT_CODES.get(each, ExitCode.COMPLIANT) for each in found}
    if report.freshness:
        outcomes.add(ExitCode.UNDETERMINED)
    return worst(outcomes | (set() if report.entered else {ExitCode.COULD_NOT_RUN}))
