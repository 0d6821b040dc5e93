"""Every rule has everything that a rule needs, everything that needs a rule has one, and what is derived is fresh."""

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from reason_codes import codes_of

from s3_guardrails.catalogue.rendering import check
from s3_guardrails.decision import Verdict
from s3_guardrails.discovery import find_rules, rules_folder

ROOT = Path(__file__).parents[2]
RULES = {entry.name: entry for entry in find_rules()}

each_rule = pytest.mark.parametrize("entry", RULES.values(), ids=RULES.keys())


def text_of(*parts):
    return ROOT.joinpath(*parts).read_text(encoding="utf-8")


def imported_by(*modules):
    """Return the top-level packages that a fresh interpreter has loaded after importing the modules."""
    code = "import sys; from importlib import import_module\n"
    code += f"for name in {list(modules)!r}: import_module(name)\n"
    code += "print(*{name.partition('.')[0] for name in sys.modules})"
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True, cwd=ROOT)
    return set(done.stdout.split())


def test_the_rules_of_this_checkout_are_the_catalogue():
    assert rules_folder() == ROOT / "rules"
    assert len(RULES) >= 5


def test_what_is_rendered_is_fresh():
    assert check(ROOT) == [], "run `s3-guardrails catalogue --write` and commit the result"


@each_rule
def test_a_rule_is_its_specification_its_scenarios_and_its_parameters(entry):
    files = {path.name for path in entry.folder.iterdir() if path.name != "__pycache__"}
    assert files == {f"{entry.name}.py", f"{entry.name}_test.py", "parameters.json"}


@each_rule
def test_a_rule_module_hands_lambda_its_handler_and_names_nothing_of_the_sdk(entry):
    module = sys.modules[entry.name]
    assert callable(module.lambda_handler)
    assert module.lambda_handler.__module__ == "s3_guardrails.config"
    tree = ast.parse((entry.folder / f"{entry.name}.py").read_text(encoding="utf-8"))
    imported = {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    imported |= {name.name for node in ast.walk(tree) if isinstance(node, ast.Import) for name in node.names}
    assert {name for name in imported if not name.startswith("s3_guardrails.")} <= {"collections.abc", "dataclasses"}


@each_rule
def test_a_control_says_where_and_when_it_was_read(entry):
    assert entry.rule.controls
    for control in entry.rule.controls:
        assert control.framework.strip()
        assert control.id.strip()
        assert control.source.strip()
        assert re.fullmatch(r"20[0-9]{2}-[01][0-9](-[0-3][0-9])?", control.read_on)


@each_rule
def test_every_reason_code_has_a_scenario_and_every_scenario_a_code_of_the_rule(entry):
    given, named = set(), set()
    for facts, parameters, _, code in entry.scenarios().values():
        rule = entry.rule(entry.rule.Parameters.from_config(parameters or {}))
        given |= set(rule.judge(facts).codes)
        named.add(code)
    possible = codes_of(entry.folder / f"{entry.name}.py")
    assert possible - given == set(), "codes without a scenario"
    assert {code for code in given | named if not code.endswith("_UNREADABLE")} - possible == set()


@each_rule
def test_every_rule_shows_a_violation_a_compliance_and_an_undetermined_answer(entry):
    verdicts = {Verdict(verdict) for _, _, verdict, _ in entry.scenarios().values()}
    assert verdicts >= {Verdict.COMPLIANT, Verdict.NON_COMPLIANT, Verdict.UNDETERMINED}


@each_rule
def test_scenarios_run_under_unittest_as_rdk_runs_them(entry):
    command = [sys.executable, "-m", "unittest", f"{entry.name}_test"]
    done = subprocess.run(command, check=False, capture_output=True, text=True, cwd=entry.folder)
    assert done.returncode == 0, done.stderr
    assert not re.search(r"Ran 0 tests", done.stderr)


def test_the_pack_holds_every_rule_and_only_rules():
    pack = yaml.safe_load(text_of("conformance-pack.yaml"))
    rules = [each for each in pack["Resources"].values() if each["Type"] == "AWS::Config::ConfigRule"]
    assert {each["Properties"]["ConfigRuleName"] for each in rules} == set(RULES)
    assert len(text_of("conformance-pack.yaml").encode()) <= 51_200
    assert len(pack["Parameters"]) <= 60
    for each in rules:
        entry = RULES[each["Properties"]["ConfigRuleName"]]
        types = [detail["MessageType"] for detail in each["Properties"]["Source"]["SourceDetails"]]
        assert ("ScheduledNotification" in types) is entry.rule.trigger.scheduled
        assert ("ConfigurationItemChangeNotification" in types) is entry.rule.trigger.on_change
        expected = {
            "AssumeRoleMode",
            "PackVersion",
            *(parameter.name for parameter in entry.rule.Parameters.documented()),
        }
        assert set(each["Properties"]["InputParameters"]) == expected


def test_the_pack_is_cloudformation():
    command = [Path(sys.executable).with_name("cfn-lint"), "--non-zero-exit-code", "warning", "conformance-pack.yaml"]
    done = subprocess.run(command, check=False, capture_output=True, text=True, cwd=ROOT)
    assert (done.returncode, done.stdout) == (0, "")


def test_the_documentation_has_a_section_for_every_rule_and_for_nothing_else():
    assert set(re.findall(r"^## (\w+)$", text_of("docs", "rules.md"), re.MULTILINE)) == set(RULES)
    assert set(re.findall(r"^\| \[(\w+)\]\(docs/rules", text_of("README.md"), re.MULTILINE)) == set(RULES)


def test_importing_the_rules_loads_no_terminal_no_emulator_and_no_sdk():
    loaded = imported_by("s3_guardrails.discovery")
    code = "from s3_guardrails.discovery import find_rules; find_rules(); import sys; "
    code += "print(*{name.partition('.')[0] for name in sys.modules})"
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True, cwd=ROOT)
    loaded |= set(done.stdout.split())
    assert (
        loaded & {"moto", "duckdb", "rich", "click", "typer", "jinja2", "boto3", "botocore", "rdklib", "yaml"} == set()
    )


def test_the_core_is_pure():
    core = ["decision", "errors", "parameters", "rule", "encryption.question", "policy.prove", "policy.authorize"]
    loaded = imported_by(*(f"s3_guardrails.{name}" for name in core))
    assert loaded & {"boto3", "botocore", "rdklib", "moto", "click", "rich", "yaml", "socket", "urllib3"} == set()
