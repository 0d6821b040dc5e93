"""The journal and the worker of changes from a laptop, where neither AWS nor the disk answers as it should."""

import json

import pytest

from s3_guardrails.discovery import find_rules
from s3_guardrails.encryption.key import Key
from s3_guardrails.errors import InputError
from s3_guardrails.remediate.batch import Outcome, Worker, entry
from s3_guardrails.remediate.change import Proposed
from s3_guardrails.remediate.engine import order
from s3_guardrails.remediate.journal import Entry, Journal, Step
from s3_guardrails.remediate.plan import Plan
from s3_guardrails.remediate.state import Setting, set_rotation

KEY = Key(key_id="11111111-2222-3333-4444-555555555555", account="123456789012", region="us-east-1")
RULE = "KMS_KEY_ROTATION"
ORDER = order(next(each for each in find_rules() if each.name == RULE), KEY, {}, {})


def line(status=Step.APPLYING, digit="0"):
    return Entry(
        at="2026-01-01T00:00:00+00:00",
        account=KEY.account,
        region=KEY.region,
        resource=KEY.arn,
        rule=RULE,
        plan_id=f"EnableKeyRotation-{digit * 24}",
        status=status,
        said="a\nb \u202e",
    )


def last(folder):
    return Journal(folder).last(KEY.account, KEY.arn, RULE)


def test_a_journal_torn_at_any_byte_says_what_its_whole_lines_say_and_goes_on(tmp_path):
    whole = Journal(tmp_path)
    for status in (Step.APPLYING, Step.APPLIED):
        whole.write(line(status))
    whole.close()
    text = whole.path.read_bytes()
    first = text.index(b"\n") + 1
    for cut in range(len(text)):
        whole.path.write_bytes(text[:cut])
        assert last(tmp_path) == (None if cut < first else line(Step.APPLYING))
        torn = Journal(tmp_path)
        torn.write(line(Step.VERIFIED))
        torn.close()
        statuses = [json.loads(each)["status"] for each in whole.path.read_text().splitlines()]
        assert statuses == (["VERIFIED"] if cut < first else ["APPLYING", "VERIFIED"])


def test_a_line_that_is_not_certain_to_be_on_the_disk_is_an_error_and_the_next_one_takes_its_place(
    tmp_path, monkeypatch
):
    def full(_):
        raise OSError(28, "No space left on device")

    ours = Journal(tmp_path)
    ours.write(line())
    with monkeypatch.context() as patch:
        patch.setattr("s3_guardrails.remediate.journal.os.fsync", full)
        with pytest.raises(InputError, match=r"journal.jsonl`: No space left on device"):
            ours.write(line(Step.APPLIED))
    ours.write(line(Step.VERIFIED))
    ours.close()
    assert [json.loads(each)["status"] for each in ours.path.read_text().splitlines()] == ["APPLYING", "VERIFIED"]


def test_a_journal_for_a_dry_run_remembers_and_writes_nothing(tmp_path):
    dry = Journal(tmp_path / "new", writes=False)
    dry.write(line())
    assert dry.last(KEY.account, KEY.arn, RULE) == line()
    assert not (tmp_path / "new").exists()


def test_a_journal_that_another_run_wrote_meanwhile_takes_no_line(tmp_path):
    ours, theirs = Journal(tmp_path), Journal(tmp_path)
    theirs.write(line())
    for _ in range(2):  # while the other run goes on, and after it
        with pytest.raises(InputError, match="another run writes this journal"):
            ours.write(line(Step.VERIFIED))
        theirs.close()
    assert last(tmp_path) == line()


@pytest.mark.parametrize("damage", [{"status": "DONE"}, {"plan_id": "../x"}, {"said": 1}, {"more": "x"}])
def test_a_line_with_a_field_that_is_none_of_ours_is_no_entry(tmp_path, damage):
    ours = Journal(tmp_path)
    ours.write(line())
    ours.close()
    found = json.loads(ours.path.read_text())
    ours.path.write_text(ours.path.read_text() + json.dumps(found | damage) + "\n")
    with pytest.raises(InputError, match="line 2: expected an entry"):
        Journal(tmp_path)


def test_a_defect_is_told_and_leaves_the_write_open(tmp_path):
    def broken(_):
        raise ZeroDivisionError("said on purpose")

    worker = Worker(engine=broken, journal=Journal(tmp_path))
    found = worker.plan(ORDER)
    assert (found.outcome, found.sentence) == (Outcome.FAILED, "ZeroDivisionError: said on purpose")
    plan = Plan(
        remediation="EnableKeyRotation",
        rule=RULE,
        resource=KEY,
        setting=Setting.ROTATION,
        basis="",
        before={"rotation": {"enabled": False, "days": None}},
        decision=None,
        proposal=Proposed(after={"rotation": {"enabled": True, "days": 365}}, calls=(set_rotation(KEY, 365),)),
    )
    found = worker.apply(ORDER, plan, lambda _: None)
    assert (found.outcome, found.sentence) == (Outcome.FAILED, "ZeroDivisionError: said on purpose")
    assert worker.journal.open(KEY.account, KEY.arn, RULE)
    worker.journal.close()
    assert last(tmp_path).plan_id == entry(plan, Step.APPLYING).plan_id
