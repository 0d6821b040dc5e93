"""The examples of docs/policy-commands.md run, and print what the page shows."""

import re
import shlex
from pathlib import Path

import pytest

from s3_guardrails.cli import command, main

PAGE = (Path(__file__).parents[2] / "docs" / "policy-commands.md").read_text(encoding="utf-8")
SESSIONS = re.findall(r"```console\n(.*?)```", PAGE, re.DOTALL)
FILES = re.findall(r"`([a-z]+\.yaml)`[^`]*?```yaml\n(.*?)```", PAGE, re.DOTALL)


@pytest.mark.parametrize("session", SESSIONS, ids=range(len(SESSIONS)))
def test_each_example_prints_what_the_page_shows(session, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    for name, text in FILES:
        Path(name).write_text(text, encoding="utf-8")
    for asked, shown in re.findall(r"^\$ s3-guardrails (.*)\n((?:(?!\$ ).*\n)*)", session, re.MULTILINE):
        words, _, target = asked.partition(" > ")
        code = main(shlex.split(words))
        out = capsys.readouterr().out
        if target:
            Path(target).write_text(out, encoding="utf-8")
            out = ""
        assert f"{out}exit status {code}\n" == shown


def test_the_page_shows_every_command_that_takes_a_policy():
    assert {name for name, _ in FILES} == {"template.yaml", "fixed.yaml"}
    shown = set(re.findall(r"^\$ s3-guardrails (\S+)", PAGE, re.MULTILINE))
    assert shown == {name for name, each in command.commands.items() if "bucket" in {one.name for one in each.params}}


def test_the_page_names_every_question():
    [question] = [each for each in command.commands["explain-policy"].params if each.name == "topic"]
    assert all(f"`{each}`" in PAGE for each in question.type.choices)
