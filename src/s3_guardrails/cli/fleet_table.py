"""A report about a fleet for people: tables on stdout, sentences on stderr."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from rich.console import Console
from rich.table import Table
from rich.text import Text

from s3_guardrails.cli.table import STYLES
from s3_guardrails.cli.text import number_of, printable, say
from s3_guardrails.cli.tracking import Names, counted, name_of
from s3_guardrails.fleet.freshness import iso
from s3_guardrails.fleet.notice import Kind, Notice
from s3_guardrails.fleet.report import Extent, Report
from s3_guardrails.fleet.tally import By, Counts

_WIDE: Final = 10_000
_KINDS: Final = {Kind.UNCOVERED: "bold red", Kind.STALE: "red", Kind.UNKNOWN: "yellow", Kind.ADVISES: "cyan"}
_HEADINGS: Final = {By.UNIT: "OU", By.RULE: "rule", By.DATA_CLASS: "data class"}
_COUNTED: Final = (*(each.value for each in STYLES), "exempt", "unclassified", "compliant")


def show_report(report: Report, names: Names) -> None:
    """Print counts by account, OU, rule and data class, then what is to be said beside them."""
    terminal = sys.stdout.isatty()
    console = Console(force_terminal=terminal, width=None if terminal else _WIDE, highlight=False)
    by_account = report.tally.groups[By.ACCOUNT]
    accounts = [
        ([member.id, member.name, member.unit, extent.value], None if extent is Extent.NOT else by_account[member.id])
        for member, extent in report.members
    ]
    console.print(_counts(["account", "name", "OU", "looked at"], accounts))
    for by, heading in _HEADINGS.items():
        console.print()
        console.print(
            _counts([heading], (([name], counts) for name, counts in sorted(report.tally.groups[by].items())))
        )
    if names:
        console.print()
        console.print(_owners(names))
    if report.notices:
        console.print()
        console.print(_notices(report))


def say_report(report: Report, names: Names) -> None:
    """Say in sentences what the figures rest on."""
    total = report.tally.total
    say(f"{report.source} as of {iso(report.as_of)}, {', '.join(report.regions)}")
    partly = sum(extent is Extent.PARTLY for _, extent in report.members)
    accounts = f"{report.entered} of {report.active} active accounts looked at"
    accounts += f" ({partly} in part)" if partly else ""
    answers = f"{total.compliant} of {total.asked} answers, those not applicable left out"
    say(f"{accounts}, {number_of(total.resources, 'resource')}; compliant: {answers}")
    if total.exempt or total.expired:
        say(f"{number_of(total.exempt, 'finding')} exempt, {total.expired} with an exemption that expired")
    if names:
        figures = counted(names)
        told = f"{figures['overdue']} overdue, {figures['without_owner']} without an owner"
        say(f"{number_of(names, 'finding')} tracked, {told}")
    if total.unclassified:
        say(f"unclassified, so judged without a data class: {number_of(total.unclassified, 'bucket')}")
    if gaps := sum(each.kind is Kind.UNCOVERED for each in report.notices):
        say(f"not in these figures: {number_of(gaps, 'place')} that could not be looked at")
    if report.freshness:
        say(f"freshness not known: {report.freshness}")


def with_tracking(report: Report, names: Names) -> dict[str, Any]:
    """Return the report as plain data; findings that are tracked have the member `tracking`."""
    whole = report.as_json() | counted(names)
    for row, told in zip(report.findings, whole["findings"], strict=True):
        if found := names.get(name_of(row)):
            told["tracking"] = found.as_json()
    return whole


def _owners(names: Names) -> Table:
    """Count findings by owner, those with the most overdue first."""
    found: dict[str, list[bool]] = {}
    for each in names.values():
        found.setdefault(each.owner or "(not known)", []).append(each.overdue)
    table = Table("owner", box=None, pad_edge=False, header_style="bold")
    for heading in ("findings", "overdue"):
        table.add_column(heading, justify="right")
    for owner, overdue in sorted(found.items(), key=lambda each: (-sum(each[1]), -len(each[1]), each[0])):
        late = Text(str(sum(overdue)), "bold red" if any(overdue) else "dim")
        table.add_row(Text(printable(owner), overflow="fold"), Text(str(len(overdue))), late)
    return table


def _counts(headings: Sequence[str], rows: Iterable[tuple[Sequence[str], Counts | None]]) -> Table:
    table = Table(*headings, box=None, pad_edge=False, header_style="bold")
    for each in _COUNTED:
        table.add_column(each, justify="right")
    for names, counts in rows:
        cells = [Text(printable(name), overflow="fold") for name in names]
        table.add_row(*cells, *(_figures(counts) if counts else [Text("-", "dim")] * len(_COUNTED)))
    return table


def _figures(counts: Counts) -> list[Text]:
    figures = counts.as_json()
    verdicts: Mapping[str, int | None] = figures["verdicts"]
    shown = [
        Text(
            "-" if verdicts[each.value] is None else str(verdicts[each.value]), style if verdicts[each.value] else "dim"
        )
        for each, style in STYLES.items()
    ]
    share = f"{counts.compliant} of {counts.asked}" if counts.asked else "-"
    return [*shown, Text(str(counts.exempt)), Text(str(counts.unclassified)), Text(share)]


def _notices(report: Report) -> Table:
    """Show each notice, once for all Regions of an account in which it is the same."""
    places: dict[Notice, list[str]] = {}
    for each in report.notices:
        places.setdefault(replace(each, region=""), []).append(each.region)
    table = Table("kind", "code", "account", "region", "what", box=None, pad_edge=False, header_style="bold")
    for each, regions in places.items():
        cells = (each.code, each.account, ", ".join(regions), f"{each.sentence}; next: {each.next_step}")
        kind = Text(each.kind.value, _KINDS[each.kind])
        table.add_row(kind, *(Text(printable(cell), overflow="fold") for cell in cells))
    return table
