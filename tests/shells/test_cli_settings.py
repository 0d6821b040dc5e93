"""`settings`: the guardrails file on the command line, and in the commands that judge."""

import json
from pathlib import Path

import pytest
import yaml

from s3_guardrails.cli import main
from s3_guardrails.discovery import template_file

EXAMPLE = Path(__file__).parents[2] / "docs" / "examples" / "guardrails.yaml"


def run(capfd, *arguments):
    status = main([str(each) for each in arguments])
    return status, *capfd.readouterr()


@pytest.fixture
def broken(tmp_path):
    path = tmp_path / "guardrails.yaml"
    path.write_text("version: 1\nclasses:\n  a: {accepts: [X]}\n  b: {accept: []}\n", encoding="utf-8")
    return path


def test_a_good_file_is_summed_up(capfd):
    status, _, told = run(capfd, "settings", "check", EXAMPLE)
    assert status == 0
    assert "5 data classes, 2 tenants" in told


def test_every_error_is_told_with_its_line(capfd, broken):
    status, _, told = run(capfd, "settings", "check", broken)
    assert status == 2
    assert [line.partition(f"{broken}:")[2].split(":")[0] for line in told.splitlines()] == ["3", "4", "4"]
    status, out, _ = run(capfd, "settings", "check", "--json", broken)
    assert (status, len(json.loads(out)["errors"])) == (2, 3)


def test_what_is_no_yaml_is_told_as_json_too(capfd, tmp_path):
    path = tmp_path / "guardrails.yaml"
    for text, expected in (
        ("a: [", "not YAML"),
        ("version: 1\nclasses: {a: {accepts: [SSE-S3]}}\nrules: {X: {}}", "rules.X"),
    ):
        path.write_text(text, encoding="utf-8")
        status, out, told = run(capfd, "settings", "check", "--json", path)
        assert (status, told) == (2, "")
        assert [expected in each["error"] for each in json.loads(out)["errors"]] == [True]


@pytest.mark.parametrize("kind", ["scp", "rcp"])
def test_a_policy_is_printed_no_longer_than_it_may_be_attached(capfd, tmp_path, kind):
    """The command line counts white space, unlike the console."""
    roles = "".join(f"- arn:aws:iam::111122223333:role/{'r' * 60}{number}\n" for number in range(45))
    path = tmp_path / "guardrails.yaml"
    path.write_text(f"version: 1\nclasses: {{a: {{accepts: [SSE-S3]}}}}\nauthorized-roles:\n{roles}", encoding="utf-8")
    status, out, _ = run(capfd, "settings", "render", "--for", kind, path)
    assert (status, len(json.loads(out)["Statement"])) == (0, 1)
    assert len(out) <= 5120 < len(json.dumps(json.loads(out), indent=2))


def test_inputs_for_deploying_are_parameters_of_the_template(capfd):
    declared = yaml.compose(template_file().read_text(encoding="utf-8"))
    parameters = next(value for key, value in declared.value if key.value == "Parameters")
    names = {key.value for key, _ in parameters.value}
    _, sam, _ = run(capfd, "settings", "render", EXAMPLE, "--for", "sam")
    _, listed, _ = run(capfd, "settings", "render", EXAMPLE, "--for", "cloudformation")
    as_list = {each["ParameterKey"]: each["ParameterValue"] for each in json.loads(listed)}
    assert yaml.safe_load(sam) == as_list
    assert set(as_list) <= names


@pytest.mark.parametrize("command", [("scan",), ("explain", "x")])
def test_commands_that_judge_refuse_a_broken_file_before_anything_else(capfd, broken, command):
    status, out, told = run(capfd, *command, "--parameters", broken, "--endpoint-url", "http://127.0.0.1:1")
    assert (status, out) == (2, "")
    assert f"{broken}:3: classes.a.accepts[0]: expected SSE-S3" in told


def test_the_schema_is_json(capfd):
    _, out, _ = run(capfd, "settings", "schema")
    assert json.loads(out)["title"].startswith("guardrails.yaml")
