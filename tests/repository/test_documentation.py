"""The documentation says what is true: permissions, commands, options, locked versions."""

import ast
import re
import tomllib
from pathlib import Path

import click

from aws_calls import called
from s3_guardrails.classification.choice import Outcome
from s3_guardrails.cli import command
from s3_guardrails.cli.exit_code import PRECEDENCE
from s3_guardrails.fleet.cause import Cause
from s3_guardrails.preflight.finding import ACTIONS

ROOT = Path(__file__).parents[2]


def text_of(*parts):
    return ROOT.joinpath(*parts).read_text(encoding="utf-8")


LIVE = ROOT / "src/s3_guardrails/live"
OF_PLANS = {LIVE / "surroundings.py", LIVE / "simulate.py"}
OF_PREFLIGHTS = {*(LIVE.parent / "deploy").glob("preflight*.py")}
OF_EXEMPTIONS = {LIVE / "exemptions.py"}
OF_FLEETS = {*(LIVE.parent / "deploy").glob("fleet*.py")}


def permissions(name):
    return set(re.search(rf"{name}: begin.*?```\n(.*?)```", text_of("docs", "operations.md"), re.DOTALL)[1].split())


def test_the_permissions_of_a_scan_are_the_calls_that_the_sources_make():
    documented = permissions("permissions")
    assert documented == called(
        {*LIVE.rglob("*.py")} - OF_PLANS - OF_EXEMPTIONS | {*(LIVE.parent / "cli").rglob("*.py")}, ("s3", "kms", "sts")
    )
    assert all(re.fullmatch(r"\w+:(Get|List|Describe)\w+", each) for each in documented)


def test_the_permissions_of_a_plan_are_the_further_calls_that_the_sources_make():
    services = ("s3", "s3control", "config", "cloudtrail", "iam")
    documented = permissions("permissions of plans")
    assert documented == called(OF_PLANS, services)
    assert all(re.fullmatch(r"\w+:(Get|Describe|Simulate)\w+", each) for each in documented)


def test_the_permissions_of_exemptions_are_the_calls_that_the_sources_make():
    section = text_of("docs", "exemptions.md").partition("## Permissions")[2]
    assert set(re.findall(r"`((?:s3|kms):\w+)`", section)) == called(
        {*OF_EXEMPTIONS, LIVE.parent / "deploy" / "publish.py"}, ("s3", "kms")
    ) | {"kms:Decrypt", "kms:GenerateDataKey"}


def test_the_permissions_of_a_preflight_are_the_further_calls_that_the_sources_make():
    services = ("account", "cloudtrail", "config", "iam", "lambda", "organizations", "service-quotas")
    documented = permissions("permissions of a preflight")
    assert documented == called(OF_PREFLIGHTS, services)
    assert documented == set(ACTIONS.values()) - {"sts:AssumeRole"}
    assert all(re.fullmatch(r"\w+:(Get|List|Describe)\w+", each) for each in documented)


def test_the_permissions_of_a_fleet_are_the_further_calls_that_the_sources_make():
    role = text_of("deploy", "reader-role.yaml")
    needed = called(OF_FLEETS, ("config", "organizations"))
    assert permissions("permissions of a fleet") == {each for each in needed if f"- {each}  #" not in role}


def test_what_a_fleet_says_and_its_options_are_documented():
    section = text_of("docs", "operations.md").partition("## Many accounts")[2].partition("\n## ")[0]
    folders = (LIVE.parent / "fleet").glob("*.py"), OF_FLEETS
    sources = "".join(path.read_text(encoding="utf-8") for found in folders for path in found)
    codes = re.findall(r"Kind\.[A-Z]+, \"([A-Z_]+)\"|kind, \"([A-Z_]+)\"", sources)
    codes = {code for found in codes for code in found if code}
    assert codes > {"RULE_SILENT", "RULES_MISSING", "RESULTS_MISSING", "SOURCE_FAILED", "ACCOUNT_NOT_ACTIVE"}
    for code in codes | {*Cause}:
        assert f"`{code}`" in section
    for each in command.commands["fleet"].commands.values():
        assert each.help
        for option in each.params:
            assert option.help
            if option.name not in {"profile", "regions", "endpoint_url"}:
                assert re.search(rf"`{option.opts[0]}\b", section)


def test_what_a_preflight_finds_and_its_options_are_documented():
    operations = text_of("docs", "operations.md")
    sources = "".join(path.read_text(encoding="utf-8") for path in (LIVE.parent / "preflight").glob("*.py"))
    codes = re.findall(r"\b(?:blocks|advises|_fits)\(\s*\"([A-Z_]+)\"", sources)
    assert len(codes) > 20
    for code in (*codes, "ACCOUNTS_NOT_ENTERED", "ACCOUNT_UNREADABLE"):
        assert f"`{code}" in operations
    section = operations.partition("## Before deploying")[2].partition("\n## ")[0]
    for option in command.commands["preflight"].params:
        if option.name not in {"profile", "endpoint_url"}:
            assert re.search(rf"`[^`]*{option.opts[0]}\b", section)


def test_every_command_and_every_exit_status_is_documented():
    readme, operations = text_of("README.md"), text_of("docs", "operations.md")
    for name, each in command.commands.items():
        assert f"s3-guardrails {name}" in readme
        assert each.help
        assert all(option.help for option in each.params if isinstance(option, click.Option))
    for option in command.commands["scan"].params:
        if option.name not in {"profile", "regions", "endpoint_url"}:
            assert f"`{option.opts[0]}" in operations
    for code in PRECEDENCE:
        assert re.search(rf"^\| {int(code)} \|", operations, re.MULTILINE)


def test_every_code_of_a_remediation_is_documented():
    documented, given = text_of("docs", "remediation.md"), set()
    for path in (LIVE.parent / "remediate").glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            match node:
                case ast.Call(
                    func=ast.Name(id="Concern" | "Refusal" | "ChangeFailed"), args=[ast.Constant(value=str(code)), *_]
                ):
                    given.add(code)
    assert len(given) > 40
    assert {each for each in given if f"`{each}`" not in documented} == set()


def test_every_dependency_is_pinned_and_the_lock_agrees():
    project = tomllib.loads(text_of("pyproject.toml"))["project"]
    wanted = [each for group in project["optional-dependencies"].values() for each in group]
    locked = dict(re.findall(r"^([A-Za-z0-9_.-]+)==(\S+)", text_of("requirements.txt"), re.MULTILINE))
    for each in (*project["dependencies"], *wanted):
        name, version = re.fullmatch(r"([A-Za-z0-9_.-]+)(?:\[.*\])?==([^\s;]+)(?:;.*)?", each).groups()
        assert locked[name.lower().replace("_", "-")] == version


def test_the_lock_has_hashes_and_names_no_index():
    lines = text_of("requirements.txt").splitlines()
    assert sum("--hash=sha256:" in line for line in lines) > sum("==" in line for line in lines) > 50
    assert not [line for line in lines if re.search(r"://|--(extra-)?index|--find-links|file:| @ ", line)]


def test_the_readme_shows_what_the_demo_prints(monkeypatch):
    monkeypatch.syspath_prepend(ROOT / "tools")
    from render_demo import rendered

    readme = text_of("README.md")
    assert readme == rendered(readme), "run `make render` and commit the result"


def test_the_table_of_tests_lists_every_law_and_twin():
    tests = ROOT / "tests"
    kept = [path for folder in ("laws", "differential", "smt") for path in (tests / folder).glob("test_*.py")]
    listed = set(re.findall(r"^\| `([^`]+\.py)` \|", text_of("tests", "README.md"), re.MULTILINE))
    assert {path.relative_to(tests).as_posix() for path in kept} <= listed
    assert not [each for each in listed if not [*tests.glob(each), *ROOT.glob(each)]]


def test_what_classify_finds_and_its_options_are_documented():
    text, given = text_of("docs", "classify.md"), set()
    for path in (LIVE.parent / "classification").glob("*.py"):
        given |= set(re.findall(r'"([A-Z]+(?:_[A-Z]+)+)"', path.read_text(encoding="utf-8")))
    given |= {"WEBSITE"}
    assert len(given) > 15
    for code in given | {each.value for each in Outcome}:
        assert f"`{code}`" in text
    for option in command.commands["classify"].params:
        if option.name not in {"profile", "regions", "endpoint_url"}:
            assert re.search(rf"`{option.opts[0]}\b", text)
