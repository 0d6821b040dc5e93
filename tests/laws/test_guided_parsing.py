"""The laws of parsing, tried with texts that a coverage-guided fuzzer chooses, and with what it found before."""

import subprocess
import sys
from pathlib import Path

import pytest

from laws import parser_fuzz
from laws.parser_fuzz import law, stored

TESTS = Path(__file__).parents[1]


@pytest.mark.parametrize("path", stored(), ids=lambda path: path.name)
def test_what_broke_the_law_of_parsing_holds_now(path):
    law(path.read_bytes())


@pytest.mark.parametrize("guide", [("--runs", "8000"), ("--runs", "2000", "--plain")], ids=["atheris", "plain"])
def test_the_law_of_parsing_holds_wherever_new_code_is_reached(guide, tmp_path):
    """The law: any text is a policy or a PolicySyntaxError, of a policy nothing is lost, and it is read again alike."""
    command = [sys.executable, "-m", "laws.parser_fuzz", *guide, "--seed", "1", "--into", str(tmp_path)]
    tried = subprocess.run(command, cwd=TESTS, capture_output=True, text=True, timeout=120, check=False)
    assert tried.returncode == 0, tried.stderr[-3000:]
    assert not list(tmp_path.iterdir())


def test_what_breaks_the_law_is_stored_as_few_bytes(tmp_path, monkeypatch):
    """Planted: a parser that fails where a Deny names no action."""

    def planted(data):
        if b"Deny" in data and b"Action" not in data:
            raise KeyError("Action")

    monkeypatch.setattr(parser_fuzz, "law", planted)
    with pytest.raises(KeyError):
        parser_fuzz.traced(5000, 1, tmp_path)
    assert [path.read_bytes() for path in tmp_path.iterdir()] == [b"Deny"]
