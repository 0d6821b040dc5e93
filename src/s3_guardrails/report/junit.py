"""JUnit XML, which every build server shows: one test case per policy.

A refuted guardrail is a failure; an answer that could not be given is an error, so that no build passes on it. The
shape is the one that Jenkins, GitLab and pytest share: testsuites, testsuite, testcase, failure, error, system-out.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from s3_guardrails.escape import printable
from s3_guardrails.report.row import Outcome, Row

_BAD: Final = {Outcome.REFUTED: "failure", Outcome.INCONCLUSIVE: "error", Outcome.UNJUDGED: "error"}


def junit(rows: Sequence[Row], name: str) -> str:
    """Return the document; `name` is the suite's."""
    kinds = [_BAD.get(each.outcome) for each in rows]
    counts = {"tests": str(len(rows)), "failures": str(kinds.count("failure")), "errors": str(kinds.count("error"))}
    root = Element("testsuites", counts)
    suite = SubElement(root, "testsuite", {"name": printable(name), **counts})
    for row in rows:
        _case(suite, row)
    indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + tostring(root, encoding="unicode")


def _case(suite: Element, row: Row) -> None:
    case = SubElement(suite, "testcase", {"classname": printable(row.file), "name": printable(row.name)})
    lines = "\n".join(map(printable, row.details))
    if row.outcome in _BAD:
        told = {"type": row.outcome.value, "message": printable(row.message)}
        SubElement(case, _BAD[row.outcome], told).text = lines
    else:
        SubElement(case, "system-out").text = "\n".join((printable(row.message), lines)).strip()
