"""The compliance view on a terminal of 100 columns: findings first, totals last."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import groupby
from typing import Final, TextIO

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table
from rich.text import Text

from s3_guardrails.decision import Verdict
from s3_guardrails.embedded.compliance import COUNTED, Click, Played, Row, counts
from s3_guardrails.embedded.exemption_life import Day
from s3_guardrails.escape import printable

WIDTH: Final = 100
STYLES: Final = {
    Verdict.NON_COMPLIANT: "red",
    Verdict.UNDETERMINED: "yellow",
    Verdict.COMPLIANT: "green",
    Verdict.NOT_APPLICABLE: "dim",
}
"""In the order of the view."""


def show(played: Played, out: TextIO) -> None:
    """Print a table per rule, then the totals."""
    terminal = out.isatty()
    console = Console(file=out, width=None if terminal else WIDTH, force_terminal=terminal, highlight=False)
    for name, found in played.rules.items():
        console.print(_rule_table(name, found))
    console.print(_totals(played))
    undetermined = sum(row.verdict is Verdict.UNDETERMINED for found in played.rules.values() for row in found)
    console.print(f"AWS Config knows no UNDETERMINED: it shows these {undetermined} as NON_COMPLIANT")
    console.print(f"account {played.account}, {played.region}: {played.invocations} invocations of real handlers")
    console.print(", ".join(f"{name} in {seconds} s" for name, seconds in played.seconds.items()))
    for name, clicks in _by_rule(played.clicks).items():
        console.print(_click_table(name, clicks))
    if played.mended:
        console.print(_totals(replace(played, rules=played.mended), "totals after remediation"))
    if played.exemption:
        console.print(_life_table(played.exemption))
    for failure in played.failures:
        console.print(Text(f"failed: {failure.rule} {failure.resource}: {failure.error}", style="red"))


def _rule_table(name: str, found: list[Row]) -> Table:
    table = Table(title=name, title_justify="left", title_style="bold", box=SIMPLE_HEAD, pad_edge=False, expand=True)
    table.add_column("resource", ratio=36, overflow="fold")
    table.add_column("verdict", no_wrap=True, min_width=14)
    table.add_column("annotation", ratio=50, overflow="fold")
    order = list(STYLES)
    for row in sorted(found, key=lambda each: (order.index(each.verdict), each.name)):
        table.add_row(_resource(row), Text(row.verdict.value, style=STYLES[row.verdict]), Text(row.annotation))
    return table


def _resource(row: Row) -> Text:
    """Return the name and, where there is something to explain, why the resource exists."""
    text = Text(row.name)
    if row.why and row.verdict in {Verdict.NON_COMPLIANT, Verdict.UNDETERMINED}:
        text.append(f"\n{row.why}", style="dim")
    return text


def _by_rule(clicks: Sequence[Click]) -> dict[str, list[Click]]:
    return {
        name: [each for each in clicks if each.rule == name] for name in dict.fromkeys(each.rule for each in clicks)
    }


def _click_table(name: str, clicks: list[Click]) -> Table:
    title = f"remediation of {name}: one click each"
    table = Table(title=title, title_justify="left", title_style="bold", box=SIMPLE_HEAD, pad_edge=False, expand=True)
    table.add_column("resource", ratio=36, overflow="fold")
    table.add_column("outcome", no_wrap=True, min_width=9)
    table.add_column("what was done, or why not and what to do instead", ratio=55, overflow="fold")
    for each in sorted(clicks, key=lambda each: (not each.succeeded, each.name)):
        outcome = Text("mended", style="green") if each.succeeded else Text("refused", style="yellow")
        table.add_row(Text(each.name), outcome, Text(_what(each)))
    return table


def _life_table(days: Sequence[Day]) -> Table:
    title = "the life of an exemption, by a clock of its own: NON_COMPLIANT all along, and shown from that day on"
    table = Table(title=title, title_justify="left", title_style="bold", box=SIMPLE_HEAD, pad_edge=False, expand=True)
    table.add_column("day", no_wrap=True, min_width=10)
    table.add_column("exemption", no_wrap=True, min_width=9)
    table.add_column("annotation", ratio=70, overflow="fold")
    for _, group in groupby(days, key=_told):
        each = next(group)
        style = "red" if each.state in {"expired", "pending"} else "yellow"
        table.add_row(Text(each.day.isoformat()), Text(each.state, style=style), Text(each.annotation))
    return table


def _told(day: Day) -> tuple[str, str]:
    return day.state, day.annotation


def _what(click: Click) -> str:
    if not click.succeeded:
        return printable(click.failure.partition("REFUSED: ")[2] or click.failure)
    if click.plan is None:
        return "nothing left to do"
    calls = ", ".join(each["operation"] for each in click.plan["calls"])
    asked = ", ".join(each["code"] for each in click.plan["concerns"])
    return f"{calls}{f', approved ({asked})' if click.approved else ''}; undo with {click.plan['plan_id']}"


def _totals(played: Played, title: str = "totals") -> Table:
    table = Table(title=title, title_justify="left", title_style="bold", box=SIMPLE_HEAD, pad_edge=False)
    table.add_column("rule", no_wrap=True)
    for name in COUNTED:
        table.add_column(name.lower().replace("_", "\n"), justify="right")
    for name, found in played.rules.items():
        table.add_row(name, *(str(count) for count in counts(found).values()))
    return table
