"""Open questions and the steps that settle them are the same in docs/verified.md and in the acceptance run."""

import re
from pathlib import Path

from s3_guardrails.acceptance.command import acceptance
from s3_guardrails.acceptance.outcome import Outcome
from s3_guardrails.acceptance.steps import STEPS

ROOT = Path(__file__).parents[2]
VERIFIED = (ROOT / "docs" / "verified.md").read_text(encoding="utf-8")
ROWS = [line.strip("|").split(" | ") for line in VERIFIED.splitlines() if line.startswith("| ")][1:]


def test_every_open_question_names_the_steps_that_settle_it_or_says_why_none_can():
    assert len(ROWS) > 40
    for row in ROWS:
        assert len(row) == 4, f"expected the acceptance run's step in the last column: {row[0]}"
        assert re.match(r"(`[a-z-]+`|none: \w)", row[3].strip()), row


def test_the_steps_that_settle_a_question_are_those_that_the_questions_name():
    named = {step for row in ROWS for step in re.findall(r"`([a-z-]+)`", row[3])}
    assert named == {each.id for each in STEPS if each.settles}


def test_steps_are_named_once_and_need_only_what_runs_before():
    ids = [each.id for each in STEPS]
    assert len(ids) == len(set(ids))
    for number, step in enumerate(STEPS):
        assert re.fullmatch(r"[a-z]+(-[a-z]+)*", step.id)
        assert set(step.needs) <= set(ids[:number])
        assert step.shows.endswith(".")
        assert step.minutes > 0


def test_options_and_outcomes_are_documented():
    page = (ROOT / "docs" / "acceptance.md").read_text(encoding="utf-8")
    assert all(f"`{option.opts[0]}" in page for option in acceptance.params if option.opts[0].startswith("--"))
    assert all(f"| {outcome} |" in page for outcome in Outcome)
    minutes = int(re.search(r"about (\d+) minutes", page)[1])
    assert abs(sum(each.minutes for each in STEPS) - minutes) < 8
