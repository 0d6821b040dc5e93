"""The report of a run, for machines and for people; the account's id is replaced, so that it can be sent to others."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, Final

from s3_guardrails import __version__
from s3_guardrails.acceptance.outcome import Outcome, Result
from s3_guardrails.escape import printable

STAND_IN: Final = "111122223333"


def as_json(results: Sequence[Result], where: Mapping[str, str], left: Sequence[str]) -> dict[str, Any]:
    """Return plain data: where it was, counts of outcomes, a result for each step, and what is left behind."""
    counts = Counter(each.outcome for each in results)
    found = {
        "version": __version__,
        **where,
        "outcomes": {each.value: counts[each] for each in Outcome},
        "left": list(left),
        "steps": [each.as_json() for each in results],
    }
    masked: dict[str, Any] = _masked(found, where["account"])
    return masked


def as_markdown(report: Mapping[str, Any]) -> str:
    """Return the report for people: a row for each step, failures first."""
    counts = ", ".join(f"{count} {name}" for name, count in report["outcomes"].items())
    order = [each.value for each in Outcome]
    rows = sorted(report["steps"], key=lambda each: order.index(each["outcome"]))
    lines = [
        f"# Acceptance run of {report['version']} in {report['region']}, {report['partition']}",
        "",
        f"{report['began']}: {counts}.",
        "",
        "| step | outcome | what it shows | answer | seconds |",
        "|---|---|---|---|---|",
        *(
            f"| `{e['id']}` | {e['outcome']} | {_cell(e['shows'])} | {_cell(e['answer'])} | {e['seconds']} |"
            for e in rows
        ),
        "",
        *(
            ["Left behind:", "", *(f"- {_cell(each)}" for each in report["left"])]
            if report["left"]
            else ["Nothing is left."]
        ),
    ]
    return "\n".join(lines) + "\n"


def _cell(text: str) -> str:
    """Escape what Markdown, or a terminal, would take for something else."""
    return printable(text).replace("\\", "\\\\").replace("|", "\\|").replace("<", "&lt;").replace("`", "'")


def _masked(node: Any, account: str) -> Any:
    match node:
        case str():
            return node.replace(account, STAND_IN)
        case dict():
            return {name: _masked(each, account) for name, each in node.items()}
        case list():
            return [_masked(each, account) for each in node]
    return node
