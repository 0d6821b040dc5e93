"""Findings as a table for people, and as CSV for spreadsheets."""

from __future__ import annotations

import csv
import io
import sys
from collections.abc import Sequence
from types import MappingProxyType
from typing import Final

from rich.console import Console
from rich.table import Table
from rich.text import Text

from s3_guardrails.cli.text import printable
from s3_guardrails.cli.tracking import Names, sighting
from s3_guardrails.decision import Decision, Reason, Verdict
from s3_guardrails.scan import Finding
from s3_guardrails.settings.tracking import Tracked

STYLES: Final = {
    Verdict.NON_COMPLIANT: "bold red",
    Verdict.UNDETERMINED: "yellow",
    Verdict.COMPLIANT: "green",
    Verdict.NOT_APPLICABLE: "dim",
}
"""Verdict → style, in the order in which a person wants to read them."""

COLUMNS: Final = (
    "verdict",
    "severity",
    "rule",
    "resource_type",
    "resource",
    "account",
    "region",
    "reason",
    "advisories",
    "exemption",
    "tenant",
    "owner",
    "first_seen",
    "due",
    "overdue",
)

_FORMULA: Final = tuple("=+-@\t\r")
"""A cell that begins so is run by spreadsheets."""

NOBODY: Final[Names] = MappingProxyType({})

_WIDE: Final = 10_000


def sorted_findings(findings: Sequence[Finding]) -> list[Finding]:
    """Order findings by verdict, rule and resource."""
    order = list(STYLES)
    return sorted(findings, key=lambda each: (order.index(each.decision.verdict), each.name, each.resource.arn))


def show_table(findings: Sequence[Finding], names: Names = NOBODY) -> None:
    """Print findings as a table."""
    table = Table("verdict", "rule", "resource", "region", "reason", box=None, pad_edge=False, header_style="bold")
    for finding in sorted_findings(findings):
        decision = finding.decision
        cells = (finding.name, finding.resource_id, finding.resource.region, _excused(decision))
        verdict = Text(decision.verdict.value, STYLES[decision.verdict])
        table.add_row(verdict, *(Text(printable(cell), overflow="fold") for cell in cells))
        for told in _tracked(finding, names):
            table.add_row("", "", "", "", Text(printable(told.sentence), "bold" if told.overdue else "dim"))
        for each in decision.advisories:
            table.add_row("", "", "", "", Text(printable(f"advisory {_reason(each)}"), "dim", overflow="fold"))
    show(table)


def show(table: Table) -> None:
    """Print a table on stdout; where that is no terminal, plain text that is never cut or folded."""
    terminal = sys.stdout.isatty()
    Console(force_terminal=terminal, width=None if terminal else _WIDE, highlight=False).print(table)


def _tracked(finding: Finding, names: Names) -> Sequence[Tracked]:
    found = names.get(sighting(finding).name)
    return (found,) if found else ()


def csv_of(findings: Sequence[Finding], names: Names = NOBODY) -> str:
    """Return CSV with a heading; no cell can be taken for a formula."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    for each in sorted_findings(findings):
        decision, resource = each.decision, each.resource
        cells = (decision.verdict.value, each.rule.severity.value, each.name, each.rule.resource_type, each.resource_id)
        texts = (resource.account, resource.region, _reasons(decision.reasons), _reasons(decision.advisories))
        excuse = decision.excuse.sentence if decision.excuse else ""
        writer.writerow(_cell(cell) for cell in (*cells, *texts, excuse, *_tracking(each, names)))
    return text.getvalue()


def _tracking(finding: Finding, names: Names) -> tuple[str, ...]:
    for told in _tracked(finding, names):
        days = (told.first_seen.isoformat(), told.due.isoformat())
        return (told.tenant or "", told.owner or "", *days, str(told.overdue).lower())
    return ("",) * 5


def _excused(decision: Decision) -> str:
    """Return the reasons, the exemption in front of them."""
    told = f"{decision.excuse.sentence}; " if decision.excuse else ""
    return f"{told}{_reasons(decision.reasons)}"


def _reasons(reasons: Sequence[Reason]) -> str:
    return "; ".join(_reason(each) for each in reasons)


def _reason(reason: Reason) -> str:
    """Return code, sentence, and the short form of the proof where there is one."""
    short = reason.evidence.get("short")
    return f"{reason.code}: {reason.sentence}" + (f" ({short})" if short else "")


def _cell(text: str) -> str:
    text = printable(text)
    return f"'{text}" if text.startswith(_FORMULA) else text
