"""Every labelled policy gets its verdict, and every counterexample is a request that the policy lets through."""

import json
from collections import Counter

import pytest

from cases.labelled import FITTING, Labelled, labelled
from differential.changes import compared
from s3_guardrails.policy.document import parse_policy
from s3_guardrails.policy.request import Request

SHARED = [*labelled("tls", "uploads", "key_policy")]
ADVERSARIAL = [*labelled("adversarial", "wide")]
CASES = [*SHARED, *ADVERSARIAL]


def test_the_files_hold_every_case_once():
    assert Counter(each.topic.partition("-")[0] for each in SHARED) == {"tls": 52, "sse": 40, "kms": 52}
    names = [each.id for each in (*SHARED, *ADVERSARIAL)]
    assert len(set(names)) == len(names)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_the_answer_is_the_label(case: Labelled):
    answer = case.answer()
    assert case.verdict in FITTING[answer.verdict], (case.reason, answer)
    assert answer.reasons


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_a_counterexample_is_let_through_and_survives_json(case: Labelled):
    answer = case.answer()
    assert (answer.counterexample is not None) == (answer.verdict == "refuted")
    if answer.counterexample is not None:
        again = Request.from_json(answer.counterexample.as_json())
        assert again == answer.counterexample
        assert case.lets_through(again)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_law_a_policy_is_proved_equal_to_itself(case: Labelled):
    old, new = (parse_policy(json.dumps(case.policy)) for _ in range(2))
    service = "kms" if case.topic.startswith("kms-") else "s3"
    assert compared(old, new, service).equal
