"""SARIF and JUnit XML: well formed whatever the names are, and each answer in the word that the format has for it."""

import json
import sys
from pathlib import Path
from xml.etree import ElementTree as ET

import jsonschema
import pytest

sys.path.insert(0, str(Path(__file__).parent))
from sarif_subset import SCHEMA

from s3_guardrails.report.junit import junit
from s3_guardrails.report.row import Outcome, Row
from s3_guardrails.report.sarif import sarif

NASTY = "\x1b[31m\x00<&\"'\u202e\udc80\n]]> ü"
VALIDATOR = jsonschema.Draft7Validator(SCHEMA, format_checker=jsonschema.FormatChecker())


def row(outcome, **fields):
    given = {"file": "a b/ü.yaml", "place": "Policy", "line": 3, "rule": "tls", "message": "said", "details": ["more"]}
    return Row(outcome=outcome, **{**given, **fields})


ROWS = [row(each, place=each.value) for each in Outcome]


def log(rows):
    data = sarif(rows, {"tls": "about TLS"}, "s3-guardrails", "1.2.3")
    errors = [f"{'/'.join(map(str, each.absolute_path))}: {each.message}" for each in VALIDATOR.iter_errors(data)]
    assert errors == []
    assert json.loads(json.dumps(data)) == data
    return data["runs"][0]


def test_the_schema_refuses_what_the_standard_refuses():
    good = sarif(ROWS, {"tls": "about TLS"}, "s3-guardrails", "1.2.3")
    result = good["runs"][0]["results"][0]
    for broken in ({"kind": "proved"}, {"level": "error", "kind": "pass"}, {"severity": "high"}, {"ruleIndex": "0"}):
        good["runs"][0]["results"] = [{**result, **broken}]
        assert not VALIDATOR.is_valid(good)
    good["runs"][0]["results"] = [{name: value for name, value in result.items() if name != "message"}]
    assert not VALIDATOR.is_valid(good)


def test_each_answer_has_its_kind_in_sarif_and_what_was_not_judged_is_a_failure_of_the_run():
    run = log(ROWS)
    kinds = {each["locations"][0]["logicalLocations"][0]["fullyQualifiedName"]: each["kind"] for each in run["results"]}
    assert kinds == {"proved": "pass", "refuted": "fail", "inconclusive": "open"}
    assert [each["level"] for each in run["results"]] == ["none", "error", "none"]
    [invocation] = run["invocations"]
    assert invocation["executionSuccessful"] is False
    assert invocation["toolExecutionNotifications"][0]["message"]["text"] == "unjudged: said\nmore"
    assert log(ROWS[:1])["invocations"] == [{"executionSuccessful": True, "toolExecutionNotifications": []}]


def test_a_result_says_where_it_is_and_keeps_its_fingerprint_when_the_line_moves():
    first, moved = (log([row(Outcome.REFUTED, line=line)])["results"][0] for line in (3, 9))
    [place] = first["locations"]
    assert place["physicalLocation"] == {"artifactLocation": {"uri": "a%20b/%C3%BC.yaml"}, "region": {"startLine": 3}}
    assert first["partialFingerprints"] == moved["partialFingerprints"]
    [nowhere] = log([row(Outcome.REFUTED, place="", line=None, file="/tmp/x.json")])["results"]
    assert nowhere["locations"] == [{"physicalLocation": {"artifactLocation": {"uri": "file:///tmp/x.json"}}}]


def test_each_answer_has_its_element_in_junit_and_only_a_proof_passes():
    suites = ET.fromstring(junit(ROWS, "s3-guardrails tls"))  # noqa: S314 - our own writer wrote it
    [suite] = suites
    assert (suite.get("tests"), suite.get("failures"), suite.get("errors")) == ("4", "1", "2")
    found = {case.get("name"): (case[0].tag, case[0].get("type"), case[0].get("message")) for case in suite}
    assert found == {
        "proved": ("system-out", None, None),
        "refuted": ("failure", "refuted", "said"),
        "inconclusive": ("error", "inconclusive", "said"),
        "unjudged": ("error", "unjudged", "said"),
    }
    assert suite[1][0].text == "more"


@pytest.mark.parametrize("outcome", Outcome)
def test_no_name_breaks_a_report(outcome):
    nasty = row(outcome, file=NASTY, place=NASTY, message=NASTY, details=[NASTY, NASTY])
    escaped = "\\x1b[31m\\x00<&\"'\\u202e\\udc80\\n]]> ü"
    run = log([nasty])
    told = run["results"] or run["invocations"][0]["toolExecutionNotifications"]
    assert told[0]["message"]["text"] == "\n".join([f"{escaped}: {escaped}", escaped, escaped])
    text = junit([nasty], NASTY)
    assert text.isprintable() or set(text) - {"\n"} == {each for each in text if each.isprintable()}
    case = ET.fromstring(text)[0][0]  # noqa: S314 - our own writer wrote it
    assert case.get("name") == case.get("classname") == escaped
    assert escaped in (case[0].text or "")
