"""The findings of a preflight as a table for people."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from rich.table import Table
from rich.text import Text

from s3_guardrails.cli.table import show
from s3_guardrails.cli.text import printable
from s3_guardrails.preflight.finding import Finding, Outcome

STYLES: Final = {
    Outcome.BLOCKS: "bold red",
    Outcome.UNREADABLE: "yellow",
    Outcome.ADVISES: "cyan",
    Outcome.FINE: "green",
}


def show_table(findings: Iterable[tuple[Finding, tuple[str, str]]]) -> None:
    """Print findings with account and Region."""
    table = Table("outcome", "code", "account", "region", "finding", box=None, pad_edge=False, header_style="bold")
    for finding, place in findings:
        outcome = Text(finding.outcome.value, STYLES[finding.outcome])
        step = f"; next: {finding.next_step}" if finding.next_step else ""
        cells = (finding.code, *place, f"{finding.sentence}{step}")
        table.add_row(outcome, *(Text(printable(cell), overflow="fold") for cell in cells))
    show(table)
