"""What fuzzing finds becomes a case: shown with errors that are planted, once in the prover and once in the twin."""

import json
import sys

import pytest

from differential import changes, fuzz, meeting
from s3_guardrails.encryption.question import Answered
from s3_guardrails.policy.compare import Comparison
from s3_guardrails.policy.prove import Proved
from smt import fuzz as smt_fuzz
from smt import versus
from smt.policies import Draw
from smt.versus import of_prover, of_twin


@pytest.fixture
def stored(tmp_path, monkeypatch):
    """Run a program into a folder, and return its exit code and the cases there."""

    def run(program, topic, count):
        arguments = ["--topic", topic, "--count", str(count), "--first", "0", "--into", str(tmp_path)]
        monkeypatch.setattr(sys, "argv", ["fuzz", *arguments])
        code = program.main()
        lines = [line for path in tmp_path.iterdir() for line in path.read_text(encoding="utf-8").splitlines()]
        return code, [json.loads(line) for line in lines]

    return run


def drawn(case):
    return Draw(case["topic"], case["policy"], case["params"], case.get("old"), bucket=case["bucket"])


WORDS = {"pass": "proved", "fail": "refuted"}


@pytest.mark.parametrize(("topic", "count"), [("tls", 8), ("kms-outside", 5), ("kms-lockout", 12)])
def test_a_prover_that_claims_too_much_is_caught_and_the_case_says_what_is_right(topic, count, stored, monkeypatch):
    monkeypatch.setattr(meeting, "answer", lambda *_: Answered("proved"))
    monkeypatch.setattr(fuzz, "answer", lambda *_: Answered("proved"))
    code, cases = stored(fuzz, topic, count)
    assert code == 1
    assert cases
    for case in cases:
        assert of_prover(drawn(case))[0] == WORDS[case["verdict"]]
        assert of_twin(drawn(case)) == WORDS[case["verdict"]]
        assert case["reason"].startswith("the prover said")


def test_a_comparison_that_sees_no_change_is_caught(stored, monkeypatch):
    blind = Comparison(dict.fromkeys(changes.Change, Proved()))
    monkeypatch.setattr(changes, "compare", lambda *_: blind)
    code, cases = stored(fuzz, "compare", 6)
    assert code == 1
    assert cases
    assert [case["verdict"] for case in cases] == ["fail"] * len(cases)
    assert [of_twin(drawn(case)) for case in cases] == ["refuted"] * len(cases)


def test_a_twin_that_contradicts_the_prover_is_caught(stored, monkeypatch):
    monkeypatch.setattr(versus, "of_twin", lambda draw: "refuted" if draw.policy["Statement"] else "proved")
    code, cases = stored(smt_fuzz, "tls", 10)
    assert code == 1
    assert cases
    assert {case["verdict"] for case in cases} == {"fail"}


def test_what_agrees_leaves_no_case(stored):
    assert stored(fuzz, "tls", 5) == (0, [])
    assert stored(smt_fuzz, "kms-lockout", 5) == (0, [])
