"""The catalogue over a small checkout of its own: finding rules, rendering them, and saying what is stale."""

import json
import sys
from pathlib import Path

import pytest
import yaml

from s3_guardrails.catalogue import pack
from s3_guardrails.catalogue.docs import BEGIN, END, render_docs
from s3_guardrails.catalogue.documents import render_documents
from s3_guardrails.catalogue.pack import render_pack
from s3_guardrails.catalogue.parameters_json import render_parameters
from s3_guardrails.catalogue.rendering import check, write
from s3_guardrails.cli import main
from s3_guardrails.discovery import find_rules
from s3_guardrails.errors import MalformedRule, ParameterError

RULE = '''
"""A rule of the tests."""
from __future__ import annotations
from dataclasses import dataclass
from s3_guardrails.decision import Decision, Severity, compliant
from s3_guardrails.encryption.{kind_module} import {kind}
from s3_guardrails.parameters import Parameters, parameter, text
from s3_guardrails.rule import {kind}Rule, Control, Trigger

@dataclass(frozen=True, slots=True, kw_only=True)
class NamedParameters(Parameters):
    prefix: str = parameter({prefix!r}, "What names begin with | or not.", text)
    owner: str = parameter("", "Who owns them.", text)

class {name}({kind}Rule):
    """The resource has a name: {note}.

    Names help.

    They really do.
    """
    severity = Severity.LOW
    trigger = Trigger.{trigger}
    controls = (Control("CIS AWS 7.0.0", "1.1", "a page", "2026-08-01"),)
    remediation = "NameIt"
    Parameters = NamedParameters

    def decide(self, facts: {kind}) -> Decision:
        return compliant("NAMED", "it has a name")
'''

TEST = """
from {name} import {name}
SCENARIOS = {{"a resource with a | name": (object(), {{"Prefix": "x"}}, "COMPLIANT", "NAMED")}}
assert {name}.__name__ == "{name}"
"""


class Checkout:
    """A checkout with a README and rules that a test adds."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.rules = root / "rules"
        self.rules.mkdir()
        (root / "README.md").write_text(f"# Title\n{BEGIN}\n{END}\nafter\n", encoding="utf-8")

    def add(self, name, kind="Bucket", trigger="CHANGE", prefix="p-", note="any", body=RULE):
        folder = self.rules / name
        folder.mkdir()
        given = {
            "name": name,
            "kind": kind,
            "kind_module": kind.lower(),
            "trigger": trigger,
            "prefix": prefix,
            "note": note,
        }
        (folder / f"{name}.py").write_text(body.format(**given), encoding="utf-8")
        (folder / f"{name}_test.py").write_text(TEST.format(**given), encoding="utf-8")
        return self


@pytest.fixture
def checkout(tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "modules", sys.modules.copy())  # rules are imported under their own names
    return Checkout(tmp_path)


def test_every_folder_is_a_rule_in_the_order_of_names(checkout):
    checkout.add("S3_TWO").add("KMS_ONE", kind="Key", trigger="PERIODIC")
    (checkout.rules / "__pycache__").mkdir()
    found = find_rules(checkout.rules)
    assert [entry.name for entry in found] == ["KMS_ONE", "S3_TWO"]
    assert find_rules(checkout.rules)[0].rule is found[0].rule  # one class, however often it is looked up


def test_rules_of_two_catalogues_do_not_mix(checkout, tmp_path):
    first = find_rules(checkout.add("S3_ONE", note="here").rules)
    (tmp_path / "other").mkdir()
    second = find_rules(Checkout(tmp_path / "other").add("S3_ONE", note="there").rules)
    assert (first[0].rule.description(), second[0].rule.description()) == (
        "The resource has a name: here.",
        "The resource has a name: there.",
    )


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        ("", "rule `S3_ONE`: expected S3_ONE.py to hold a rule class of the same name"),
        ("S3_ONE = 1", "rule `S3_ONE`: expected S3_ONE.py to hold a rule class of the same name"),
        ("class S3_ONE: pass", "rule `S3_ONE`: expected S3_ONE.py to hold a rule class of the same name"),
    ],
)
def test_a_module_without_its_rule_is_malformed(checkout, body, sentence):
    with pytest.raises(MalformedRule) as caught:
        find_rules(checkout.add("S3_ONE", body=body).rules)
    assert str(caught.value) == sentence


def test_a_folder_without_a_module_is_malformed(checkout):
    (checkout.rules / "S3_ONE").mkdir()
    with pytest.raises(MalformedRule, match=r"expected a module S3_ONE/S3_ONE\.py"):
        find_rules(checkout.rules)


def test_an_empty_catalogue_is_an_error_and_not_an_empty_scan(checkout):
    with pytest.raises(MalformedRule, match="no rules found below"):
        find_rules(checkout.rules)


def test_a_rule_that_fails_to_import_leaves_no_half_module_behind(checkout):
    checkout.add("S3_ONE", body="raise RuntimeError('broken')")
    with pytest.raises(MalformedRule, match=r"`S3_ONE\.py` cannot be imported: RuntimeError: broken"):
        find_rules(checkout.rules)
    assert "S3_ONE" not in sys.modules


def test_a_rule_without_scenarios_cannot_be_documented(checkout):
    entry = find_rules(checkout.add("S3_ONE").rules)[0]
    (entry.folder / "S3_ONE_test.py").write_text("SCENARIOS = {}\n", encoding="utf-8")
    with pytest.raises(MalformedRule, match="expected a table SCENARIOS"):
        entry.scenarios()
    sys.modules.pop("S3_ONE_test")
    (entry.folder / "S3_ONE_test.py").unlink()
    with pytest.raises(MalformedRule, match=r"expected its scenarios in S3_ONE_test\.py"):
        entry.scenarios()


def test_parameters_json_has_the_shape_of_rdk(checkout):
    change, periodic = find_rules(checkout.add("S3_B").add("S3_C", trigger="PERIODIC").rules)
    read = json.loads(render_parameters(change))
    assert read["Version"] == "1.0"
    assert read["Tags"] == "[]"  # JSON in a string, as RDK wants it
    assert read["Parameters"] == {
        "RuleName": "S3_B",
        "Description": "The resource has a name: any.",
        "SourceRuntime": "python3.13-lib",
        "EvaluationMode": "DETECTIVE",
        "CodeKey": "S3_B.zip",
        "InputParameters": '{"AssumeRoleMode": "False"}',
        "OptionalParameters": '{"Prefix": "p-", "Owner": ""}',
        "SourceEvents": "AWS::S3::Bucket",
    }
    scheduled = json.loads(render_parameters(periodic))["Parameters"]
    assert scheduled["SourcePeriodic"] == "TwentyFour_Hours"
    assert "SourceEvents" not in scheduled


def test_a_change_rule_subscribes_to_oversized_items_too(checkout):
    read = yaml.safe_load(render_pack(find_rules(checkout.add("S3_B").rules)))
    assert read["Resources"]["S3B"] == {
        "Type": "AWS::Config::ConfigRule",
        "Properties": {
            "ConfigRuleName": "S3_B",
            "Description": "The resource has a name: any.",
            "Scope": {"ComplianceResourceTypes": ["AWS::S3::Bucket"]},
            "InputParameters": {
                "AssumeRoleMode": "False",
                "PackVersion": {"Ref": "PackVersion"},
                "Prefix": {"Ref": "Prefix"},
                "Owner": {"Fn::If": ["OwnerGiven", {"Ref": "Owner"}, {"Ref": "AWS::NoValue"}]},
            },
            "Source": {
                "Owner": "CUSTOM_LAMBDA",
                "SourceIdentifier": {"Ref": "S3BFunctionArn"},
                "SourceDetails": [
                    {"EventSource": "aws.config", "MessageType": "ConfigurationItemChangeNotification"},
                    {"EventSource": "aws.config", "MessageType": "OversizedConfigurationItemChangeNotification"},
                ],
            },
        },
    }
    del read["Conditions"]["RemediationEnabled"]
    assert read["Conditions"] == {"OwnerGiven": {"Fn::Not": [{"Fn::Equals": [{"Ref": "Owner"}, ""]}]}}
    assert read["Parameters"]["Prefix"] == {
        "Type": "String",
        "Default": "p-",
        "Description": "What names begin with | or not.",
    }
    assert "Default" not in read["Parameters"]["S3BFunctionArn"]


def test_a_periodic_rule_is_scheduled_and_has_no_scope(checkout):
    read = yaml.safe_load(render_pack(find_rules(checkout.add("KMS_ONE", kind="Key", trigger="PERIODIC").rules)))
    properties = read["Resources"]["KmsOne"]["Properties"]
    assert "Scope" not in properties
    assert properties["Source"]["SourceDetails"] == [
        {
            "EventSource": "aws.config",
            "MessageType": "ScheduledNotification",
            "MaximumExecutionFrequency": "TwentyFour_Hours",
        }
    ]


def rule_inputs(read):
    """The inputs of the pack that are of rules."""
    about = {value["Ref"] for value in refs(remediations(read))}
    return set(read["Parameters"]) - about - {"EnableRemediation", "PackVersion"}


def remediations(read):
    return {
        name: each
        for name, each in read["Resources"].items()
        if each["Type"] == "AWS::Config::RemediationConfiguration"
    }


def refs(node):
    if isinstance(node, dict) and set(node) == {"Ref"}:
        yield node
    elif isinstance(node, dict | list):
        for each in node.values() if isinstance(node, dict) else node:
            yield from refs(each)


def test_every_rule_has_its_remediation_in_the_pack_and_every_document_its_file():
    root = Path(__file__).parents[2]
    read = yaml.safe_load((root / "conformance-pack.yaml").read_text(encoding="utf-8"))
    by_rule = {each["Properties"]["ConfigRuleName"]: each["Properties"] for each in remediations(read).values()}
    mended = [entry for entry in find_rules() if entry.remediation]
    assert set(by_rule) == {entry.name for entry in mended}
    for entry in mended:
        document = yaml.safe_load((root / "remediation" / f"{entry.remediation}.yaml").read_text(encoding="utf-8"))
        given = by_rule[entry.name]["Parameters"]
        assert by_rule[entry.name]["TargetId"] == {"Ref": f"{entry.remediation}Document"}
        assert given.pop("ResourceId") == {"ResourceValue": {"Value": "RESOURCE_ID"}}
        needed = {name for name, each in document["parameters"].items() if "default" not in each}
        assert set(given) == needed - {"ResourceId"}
        assert by_rule[entry.name]["Automatic"] is False


def test_a_rule_that_nothing_mends_says_why_in_docs_and_pack_and_is_offered_no_remediation(checkout):
    body = RULE.replace('remediation = "NameIt"', 'remediation = NoRemediation("names are given by people")')
    entries = find_rules(checkout.add("S3_B", body=body.replace("{kind}Rule, ", "{kind}Rule, NoRemediation, ")).rules)
    assert entries[0].remediation is None
    assert "- no remediation document, because names are given by people\n" in render_docs(entries)
    text = render_pack(entries)
    assert "# S3_B has no remediation, because names are given by people.\n" in text
    assert remediations(yaml.safe_load(text)) == {}


def test_a_parameter_of_two_rules_is_one_input_of_the_pack(checkout):
    read = yaml.safe_load(render_pack(find_rules(checkout.add("S3_B").add("S3_C").rules)))
    assert rule_inputs(read) == {"S3BFunctionArn", "S3CFunctionArn", "Prefix", "Owner"}


def test_a_parameter_that_rules_mean_differently_is_an_input_for_each(checkout):
    checkout.add("S3_B").add("S3_C", prefix="q-")
    read = yaml.safe_load(render_pack(find_rules(checkout.rules)))
    assert rule_inputs(read) == {"S3BFunctionArn", "S3CFunctionArn", "S3BPrefix", "S3CPrefix", "Owner"}
    given = [read["Resources"][name]["Properties"]["InputParameters"]["Prefix"] for name in ("S3B", "S3C")]
    assert given == [{"Ref": "S3BPrefix"}, {"Ref": "S3CPrefix"}]
    assert [read["Parameters"][each["Ref"]]["Default"] for each in given] == ["p-", "q-"]


def test_defaults_beyond_the_limit_of_input_parameters_are_refused(checkout):
    entries = find_rules(checkout.add("S3_B", prefix="p" * 1024).rules)
    for render in (lambda: render_pack(entries), lambda: render_parameters(entries[0])):
        with pytest.raises(ParameterError, match="of 1024: shorten `Prefix`"):
            render()


def test_a_pack_beyond_the_limits_of_aws_config_is_refused(checkout, monkeypatch):
    assert (pack.MAX_BYTES, pack.MAX_PARAMETERS, pack.MAX_RULES) == (51_200, 60, 130)
    for number in range(59):
        checkout.add(f"S3_{number:03}", note="x" * 200)
    with pytest.raises(MalformedRule, match=r"conformance-pack\.yaml: expected at most 51200 bytes, found"):
        render_pack(find_rules(checkout.rules))
    monkeypatch.setattr(pack, "MAX_BYTES", 1 << 20)
    with pytest.raises(MalformedRule, match="expected at most 60 input parameters, found 67"):
        render_pack(find_rules(checkout.rules))
    monkeypatch.setattr(pack, "MAX_PARAMETERS", 1 << 20)
    monkeypatch.setattr(pack, "MAX_RULES", 58)
    with pytest.raises(MalformedRule, match="expected at most 58 rules, found 59"):
        render_pack(find_rules(checkout.rules))


def test_the_pack_is_ascii(checkout):
    with pytest.raises(MalformedRule, match="expected ASCII, found `é`"):
        render_pack(find_rules(checkout.add("S3_B", note="é").rules))


def test_the_docs_hold_everything_that_a_reader_asks_of_a_rule(checkout):
    text = render_docs(find_rules(checkout.add("S3_B").rules))
    for part in (
        "## S3_B\n",
        "**The resource has a name: any.**",
        "Names help.\n\nThey really do.",
        "- severity: LOW",
        "- reports on: AWS::S3::Bucket, on every configuration change",
        "- remediation document: NameIt",
        "| CIS AWS 7.0.0 | 1.1 | a page | 2026-08-01 |",
        "| `Prefix` | `p-` | What names begin with \\| or not. |",
        "| a resource with a \\| name | `Prefix=x` | COMPLIANT | `NAMED` |",
    ):
        assert part in text


def test_what_was_written_is_fresh_and_what_was_touched_is_stale(checkout, capsys):
    checkout.add("S3_B")
    assert sorted(path.as_posix() for path in write(checkout.root)) == [
        "README.md",
        "conformance-pack.yaml",
        "docs/rules.md",
        *sorted(f"remediation/{name}.yaml" for name in render_documents()),
        "rules/S3_B/parameters.json",
    ]
    assert write(checkout.root) == []
    assert main(["catalogue", "--check", "--root", str(checkout.root)]) == 0

    readme = checkout.root / "README.md"
    assert readme.read_text(encoding="utf-8").startswith("# Title\n")
    assert readme.read_text(encoding="utf-8").endswith("\nafter\n")
    readme.write_text(readme.read_text(encoding="utf-8").replace("| LOW |", "| HIGH |"), encoding="utf-8")
    capsys.readouterr()
    assert main(["catalogue", "--check", "--root", str(checkout.root)]) == 1
    shown = capsys.readouterr()
    assert "-| [S3_B](docs/rules.md#s3_b) | HIGH |" in shown.out
    assert "+| [S3_B](docs/rules.md#s3_b) | LOW |" in shown.out
    assert "s3-guardrails catalogue --write" in shown.err
    assert main(["catalogue", "--check", "--json", "--root", str(checkout.root)]) == 1
    assert "".join(json.loads(capsys.readouterr().out)["diff"]) == shown.out.replace("\n", "")
    assert main(["catalogue", "--write", "--json", "--root", str(checkout.root)]) == 0
    written = capsys.readouterr()
    assert (json.loads(written.out), written.err) == ({"written": ["README.md"]}, "wrote README.md\n")
    assert check(checkout.root) == []


def test_a_readme_without_the_markers_is_refused(checkout, capsys):
    checkout.add("S3_B")
    (checkout.root / "README.md").write_text("# Title\n", encoding="utf-8")
    assert main(["catalogue", "--check", "--root", str(checkout.root)]) == 2
    assert "README.md: expected the lines" in capsys.readouterr().err


def test_a_folder_that_is_no_checkout_is_refused(tmp_path, capsys):
    assert main(["catalogue", "--write", "--root", str(tmp_path)]) == 2
    assert "is not a checkout" in capsys.readouterr().err


def test_catalogue_wants_to_be_told_what_to_do(capsys):
    assert main(["catalogue"]) == 2
    assert "expected --write or --check" in capsys.readouterr().err


def test_a_syntax_error_is_a_sentence(checkout, capsys):
    checkout.add("S3_ONE", body="class :")
    assert main(["catalogue", "--check", "--root", str(checkout.root)]) == 2
    assert capsys.readouterr().err.startswith("Error: `S3_ONE.py` cannot be imported: SyntaxError: ")


@pytest.mark.parametrize("spoil", [lambda data: data.replace(b"\n", b"\r\n"), lambda data: data.rstrip(b"\n")])
def test_line_ends_make_a_file_stale(checkout, spoil):
    write(checkout.add("S3_ONE").root)
    path = checkout.root / "docs" / "rules.md"
    fresh = path.read_bytes()
    path.write_bytes(spoil(fresh))
    assert any("rules.md" in line for line in check(checkout.root))
    assert write(checkout.root) == [path.relative_to(checkout.root)]
    assert path.read_bytes() == fresh
