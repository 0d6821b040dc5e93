"""Renders ``docs/rules.md`` and the rules table of README.md."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from s3_guardrails.discovery import Entry
from s3_guardrails.errors import MalformedRule
from s3_guardrails.rule import NoRemediation, Trigger

BEGIN: Final = "<!-- rules: begin, rendered by `s3-guardrails catalogue --write` -->"
END: Final = "<!-- rules: end -->"

HEADER: Final = """\
<!-- Rendered by `s3-guardrails catalogue --write` from rules/; edit the rules, not this file. -->
# Rules

Each rule is a folder below `rules/`: its specification, its scenarios and its parameters. A verdict is COMPLIANT,
NON_COMPLIANT, NOT_APPLICABLE or UNDETERMINED (something that the answer depends on could not be read or decided; AWS
Config knows no such answer, so there it is NON_COMPLIANT with an annotation that begins with `UNDETERMINED`). Control
ids name where and when the mapping was read; have your compliance people confirm it for your framework.

AWS Config takes at most 1,024 characters of parameters per rule. Rules that share a parameter with the same meaning
share one input of the conformance pack; empty means the default.
"""

_TRIGGERS: Final = {
    Trigger.CHANGE: "on every configuration change",
    Trigger.PERIODIC: "every 24 hours",
    Trigger.BOTH: "on every configuration change, and every 24 hours",
}


def render_docs(entries: Iterable[Entry]) -> str:
    """Return the text of docs/rules.md."""
    return "\n".join([HEADER, *("\n".join(_section(entry)) for entry in entries)])


def render_readme(readme: str, entries: Iterable[Entry]) -> str:
    """Return the README with the block between the two markers replaced; raise MalformedRule if they are missing."""
    before, begin, rest = readme.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not (begin and end):
        raise MalformedRule(f"README.md: expected the lines `{BEGIN}` and `{END}`")
    rows = [
        (f"[{entry.name}](docs/rules.md#{entry.name.lower()})", entry.rule.severity.value, entry.rule.description())
        for entry in entries
    ]
    table = "\n".join(_table(("rule", "severity", "a COMPLIANT resource"), rows))
    return f"{before}{begin}\n{table}\n{end}{after}"


def _section(entry: Entry) -> Iterator[str]:
    rule = entry.rule
    yield f"## {entry.name}\n"
    yield f"**{rule.description()}**\n"
    if rule.why():
        yield f"{rule.why()}\n"
    yield f"- severity: {rule.severity}"
    yield f"- reports on: {rule.resource_type}, {_TRIGGERS[rule.trigger]}"
    further = "".join(f", or {each} for a part of it" for each in rule.further_remediations)
    yield f"- {_remediation(rule.remediation)}{further}\n"
    yield "### Controls\n"
    controls = ((each.framework, each.id, each.source, each.read_on) for each in rule.controls)
    yield from _table(("framework", "id", "source", "read on"), controls)
    yield "\n### Parameters\n"
    parameters = [(f"`{each.name}`", _code(each.default), each.doc) for each in rule.Parameters.documented()]
    yield from _table(("parameter", "default", "meaning"), parameters) if parameters else ["None."]
    yield "\n### Scenarios\n"
    yield from _table(("scenario", "parameters", "verdict", "reason"), _scenarios(entry))
    yield ""


def _remediation(found: str | NoRemediation) -> str:
    if isinstance(found, NoRemediation):
        return f"no remediation document, because {found.because}"
    return f"remediation document: {found}"


def _scenarios(entry: Entry) -> Iterator[tuple[str, ...]]:
    for title, (_, parameters, verdict, code) in entry.scenarios().items():
        given = ", ".join(f"{name}={value}" for name, value in (parameters or {}).items())
        yield title, _code(given), str(verdict), f"`{code}`"


def _code(text: str) -> str:
    return f"`{text}`" if text else ""


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> Iterator[str]:
    yield _row(head)
    yield _row("---" for _ in head)
    yield from map(_row, rows)


def _row(cells: Iterable[str]) -> str:
    return "| " + " | ".join(" ".join(cell.split()).replace("|", "\\|") for cell in cells) + " |"
