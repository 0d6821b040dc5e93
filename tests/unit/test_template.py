"""Every policy of the template files gets the answer that a person worked out for it."""

import json
from pathlib import Path

import pytest

from s3_guardrails.cli.judged import Asking, judge
from s3_guardrails.template.found import Options
from s3_guardrails.template.reading import read_file

FOLDER = Path(__file__).parents[1] / "cases" / "templates"
EXPECTED = json.loads((FOLDER / "expected.json").read_text(encoding="utf-8"))
SINCE = 1_795_000_000.0


def answers(file, question, options, params):
    given = Options(**options)
    asking = Asking(topic=question, params=params, since=SINCE, partition="aws")
    found = read_file((FOLDER / file).read_bytes(), given).policies
    judged = {each.place: judge(each, asking) for each in found if asking.fits(each)}
    return {place: each and each.answered.verdict for place, each in judged.items()}


@pytest.mark.parametrize("row", EXPECTED, ids=lambda row: f"{row['file']}-{row['question']}-{row['options']}")
def test_every_policy_of_a_file_gets_its_answer(row):
    assert answers(row["file"], row["question"], row["options"], row["params"]) == row["answers"]


def test_every_template_has_expected_answers_and_every_kind_of_answer_is_expected():
    assert {each["file"] for each in EXPECTED} == {each.name for each in FOLDER.iterdir()} - {"expected.json"}
    told = {answer for each in EXPECTED for answer in each["answers"].values()}
    assert told == {"proved", "refuted", "inconclusive", None}
