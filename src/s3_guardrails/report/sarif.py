"""SARIF 2.1.0, the format of code scanning: one result per policy.

Source: OASIS, "Static Analysis Results Interchange Format (SARIF) Version 2.1.0": a tool that proves says `pass` of
what holds and `open` of what it could not decide (3.27.9); the level of both is `none` (3.27.10).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import PurePath
from typing import Any, Final
from urllib.parse import quote

from s3_guardrails.escape import printable
from s3_guardrails.report.row import Outcome, Row

SCHEMA: Final = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
_KINDS: Final = {
    Outcome.PROVED: ("pass", "none"),
    Outcome.REFUTED: ("fail", "error"),
    Outcome.INCONCLUSIVE: ("open", "none"),
}


def sarif(rows: Sequence[Row], rules: Mapping[str, str], tool: str, version: str) -> dict[str, Any]:
    """Return the log as plain data; `rules` maps each rule's id to a sentence about it."""
    ids = list(rules)
    driver = {
        "name": tool,
        "semanticVersion": version,
        "rules": [{"id": name, "shortDescription": {"text": said}} for name, said in rules.items()],
    }
    unjudged = [each for each in rows if each.outcome is Outcome.UNJUDGED]
    run = {
        "tool": {"driver": driver},
        "columnKind": "unicodeCodePoints",
        "invocations": [
            {
                "executionSuccessful": not unjudged,
                "toolExecutionNotifications": [_notification(each) for each in unjudged],
            }
        ],
        "results": [_result(each, ids) for each in rows if each.outcome in _KINDS],
    }
    return {"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}


def _result(row: Row, ids: list[str]) -> dict[str, Any]:
    kind, level = _KINDS[row.outcome]
    return {
        "ruleId": row.rule,
        "ruleIndex": ids.index(row.rule),
        "kind": kind,
        "level": level,
        "message": _message(row),
        "locations": [_location(row)],
        "partialFingerprints": {"policy/v1": printable(f"{row.rule}:{row.place}")},
        "properties": dict(row.properties),
    }


def _notification(row: Row) -> dict[str, Any]:
    return {"level": "error", "message": _message(row), "locations": [_location(row)]}


def _message(row: Row) -> dict[str, str]:
    return {"text": "\n".join(map(printable, (f"{row.name}: {row.message}", *row.details)))}


def _location(row: Row) -> dict[str, Any]:
    physical: dict[str, Any] = {"artifactLocation": {"uri": _uri(row.file)}}
    if row.line is not None:
        physical["region"] = {"startLine": row.line}
    location: dict[str, Any] = {"physicalLocation": physical}
    if row.place:
        location["logicalLocations"] = [{"fullyQualifiedName": printable(row.place), "kind": "resource"}]
    return location


def _uri(file: str) -> str:
    """Return a reference: relative as the file was named, or absolute."""
    path = PurePath(file)
    return path.as_uri() if path.is_absolute() else quote(path.as_posix(), errors="surrogateescape")
