"""One table of verdicts, written by hand for the demo's account, holds through scan and explain too.

`test_demo.py` holds the Lambda handlers to the same table, so the three front ends cannot disagree.
"""

import json
from pathlib import Path

import pytest

from demo_table import EXPECTED as ALL
from s3_guardrails.cli import main
from s3_guardrails.cli.account import open_account
from s3_guardrails.cli.explain import explained
from s3_guardrails.cli.rules import chosen_rules
from s3_guardrails.cli.targets import find
from s3_guardrails.embedded.environment import only
from s3_guardrails.embedded.seed.account import fill
from s3_guardrails.embedded.seed.parameter import PARAMETERS
from s3_guardrails.embedded.server import EmbeddedAws
from s3_guardrails.scan import Subject

DELETED_WHILE_PLAYED = "acme-gone"
"""AWS Config is told of this bucket's end; for a scan before it, the bucket is there."""

EXPECTED = {place: text for place, text in ALL.items() if place[1] != DELETED_WHILE_PLAYED}


@pytest.fixture(scope="module")
def account(tmp_path_factory):
    """The demo's account: the file of its parameters, and the names of its keys by id."""
    parameters = tmp_path_factory.mktemp("demo") / "parameters.json"
    parameters.write_text(json.dumps(PARAMETERS), encoding="utf-8")
    with EmbeddedAws() as aws:
        names = {key_id: f"alias/{name}" for key_id, name in fill(aws).items()}
        with only(aws.environment()):
            yield str(parameters), names


def said(finding, names):
    """Return a finding as the table writes it: where it belongs, and verdict, codes and advisories."""
    codes = [each["code"] for each in finding["reasons"]]
    advisories = [each["code"] for each in finding["advisories"]]
    place = finding["rule"], names.get(finding["resource_id"], finding["resource_id"])
    return place, " ".join([finding["verdict"], *codes, *(["+", *advisories] if advisories else [])])


def wrong(findings, names, expected):
    """Return what differs from the table: place → what was said, what the table says."""
    found = dict(said(each, names) for each in findings if each["resource_id"] != DELETED_WHILE_PLAYED)
    return {
        place: (found.get(place), expected.get(place))
        for place in found.keys() | expected.keys()
        if found.get(place) != expected.get(place)
    }


def test_scan_says_what_the_table_says(account, capsys):
    parameters, names = account
    assert main(["scan", "--json", "--parameters", parameters]) == 1
    read = json.loads(capsys.readouterr().out)
    assert wrong(read["findings"], names, EXPECTED) == {}
    undetermined = sum(text.startswith("UNDETERMINED") for text in EXPECTED.values())
    assert read["verdicts"]["UNDETERMINED"] == undetermined
    unclassified = {name for (_, name), text in EXPECTED.items() if "UNCLASSIFIED" in text}
    assert read["unclassified"] == len(unclassified)


def test_explain_says_what_the_table_says(account):
    parameters, names = account
    rules, [reader] = chosen_rules((), Path(parameters)), open_account(None, (), None).readers
    for name in sorted({name for _, name in EXPECTED}):
        found = explained(Subject(find(reader, name), reader), rules)
        expected = {place: text for place, text in EXPECTED.items() if place[1] == name}
        assert wrong([each.as_json() for each in found], names, expected) == {}


@pytest.mark.parametrize("name", ["acme-config-delivery", "acme-sealed", "alias/devops", "alias/imported"])
def test_both_forms_of_explain_say_the_same(account, capsys, name):
    parameters, names = account
    code = main(["explain", "--json", "--parameters", parameters, name])
    read = json.loads(capsys.readouterr().out)
    expected = {place: text for place, text in EXPECTED.items() if place[1] == name}
    assert wrong(read["findings"], names, expected) == {}
    assert main(["explain", "--parameters", parameters, name]) == code
    shown = capsys.readouterr().out
    for finding in read["findings"]:
        assert f"{finding['verdict']}  {finding['rule']}  " in shown
        for reason in (*finding["reasons"], *finding["advisories"]):
            assert f"{reason['code']}: {reason['sentence']}" in shown
