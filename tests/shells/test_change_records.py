"""Change records: written from a plan, approved by somebody else, bound to the change, closed by its result."""

import errno
import json
import os
from datetime import UTC, datetime, timedelta

import pytest
import yaml
from remediation import bucket

from s3_guardrails.cli import main
from s3_guardrails.embedded.environment import only
from s3_guardrails.remediate.undo import NAME as NAME_OF_UNDO
from s3_guardrails.settings.changes import UNDO

TODAY = datetime.now(UTC).date()
NAME, RULE = "ledger", "S3_BUCKET_TLS_ONLY"


@pytest.fixture
def run(aws, capsys, tmp_path, monkeypatch):
    """Run a command in a folder of its own; return exit status, stdout and stderr."""
    monkeypatch.chdir(tmp_path)

    def command(*arguments):
        with only(aws.environment()):
            code = main(list(arguments))
        shown = capsys.readouterr()
        return code, shown.out, shown.err

    return command


@pytest.fixture
def planned(aws, run, tmp_path):
    """A bucket without a policy, and the dry run of what mends it."""
    bucket(aws, NAME)
    (tmp_path / "plan.json").write_text(run("remediate", NAME, "--rule", RULE, "--json")[1], encoding="utf-8")
    return json.loads((tmp_path / "plan.json").read_text(encoding="utf-8"))


def written(run, *more):
    given = ("--plan", "plan.json", "--purpose", "no plain HTTP any more", "--requested-by", "ada@example.com")
    return run("change", "new", "CHG-1", *given, *more)


RECORD = "changes/CHG-1.yaml"


def approved(tmp_path, by="eve@example.com"):
    path = tmp_path / RECORD
    entry = f"approvals:\n- by: {by}\n  date: {TODAY}\n"
    path.write_text(path.read_text(encoding="utf-8").replace("approvals: []\n", entry), encoding="utf-8")


def applied(run, tmp_path):
    code, out, told = run("remediate", NAME, "--rule", RULE, "--apply", "--json", "--change", RECORD)
    (tmp_path / "result.json").write_text(out or "{}", encoding="utf-8")
    return code, told


def test_a_record_says_what_the_plan_found_out(run, planned, tmp_path):
    assert written(run)[0] == 0
    record = yaml.safe_load((tmp_path / RECORD).read_text(encoding="utf-8"))
    assert record["plan"]["id"] == planned["plan_id"]
    assert record["plan"]["resource"] == planned["resource"]
    assert [each.split(":")[0] for each in record["blast-radius"]][: len(planned["concerns"])] == [
        each["code"] for each in planned["concerns"]
    ]
    assert record["rollback"] == f"s3-guardrails remediate --undo {planned['plan_id']}"
    assert run("change", "check")[0] == 0


def test_from_the_plan_to_the_closed_record(run, planned, tmp_path):
    written(run)
    assert applied(run, tmp_path)[0] == 2, "nobody approved it"
    approved(tmp_path)
    code, told = applied(run, tmp_path)
    assert (code, "VERIFIED" in told) == (0, True)
    assert run("change", "close", RECORD, "--result", "result.json")[0] == 0
    code, out, _ = run("change", "check", "--json")
    [row] = json.loads(out)["changes"]
    assert (code, row["stage"], row["outcome"], row["approvals"]) == (0, "closed", "VERIFIED", ["eve@example.com"])
    assert "was closed as VERIFIED" in applied(run, tmp_path)[1]
    assert run("change", "close", RECORD, "--result", "result.json")[0] == 2


def test_a_plan_that_changed_since_is_not_made(aws, run, planned, tmp_path):
    written(run)
    approved(tmp_path)
    own = {"Sid": "Own", "Effect": "Deny", "Principal": "*", "Action": "s3:DeleteBucket"}
    policy = {"Version": "2012-10-17", "Statement": [{**own, "Resource": f"arn:aws:s3:::{NAME}"}]}
    aws.client("s3").put_bucket_policy(Bucket=NAME, Policy=json.dumps(policy))
    code, told = applied(run, tmp_path)
    assert (code, "NOT_APPROVED" in told) == (1, True)
    assert json.loads(aws.client("s3").get_bucket_policy(Bucket=NAME)["Policy"]) == policy


UNTRUE = {
    "resource": "arn:aws:s3:::harmless",
    "rule": "S3_BUCKET_UPLOADS_ENCRYPTED",
    "remediation": "DenyWrongUploads",
    "setting": "encryption",
    "account": "999988887777",
    "region": "eu-south-1",
    "before-sha256": "0" * 64,
    "after-sha256": "0" * 64,
    "diff-sha256": "0" * 64,
}


def rewritten(tmp_path, change):
    path = tmp_path / RECORD
    record = yaml.safe_load(path.read_text(encoding="utf-8"))
    change(record)
    path.write_text(yaml.safe_dump(json.loads(json.dumps(record, default=str))), encoding="utf-8")


@pytest.mark.parametrize("name", UNTRUE)
def test_a_record_that_tells_its_approver_of_something_else_is_no_consent(aws, run, planned, tmp_path, name):
    written(run)
    approved(tmp_path)
    rewritten(tmp_path, lambda record: record["plan"].update({name: UNTRUE[name]}))
    code, told = applied(run, tmp_path)
    assert (code, f"NOT_APPROVED: CHG-1 does not tell what the plan does: plan.{name}: expected" in told) == (1, True)
    with pytest.raises(aws.client("s3").exceptions.ClientError, match="NoSuchBucketPolicy"):
        aws.client("s3").get_bucket_policy(Bucket=NAME)


def test_a_record_that_hides_a_concern_is_no_consent(run, planned, tmp_path):
    written(run)
    approved(tmp_path)
    rewritten(tmp_path, lambda record: record.update({"blast-radius": []}))
    code, told = applied(run, tmp_path)
    assert (code, f"blast-radius: expected {planned['concerns'][0]['code']}" in told) == (1, True)


def test_a_temporary_change_that_was_not_undone_is_a_finding(aws, run, planned, tmp_path):
    until = TODAY + timedelta(7)
    written(run, "--until", until.isoformat())
    approved(tmp_path)
    applied(run, tmp_path)
    run("change", "close", RECORD, "--result", "result.json")
    assert run("change", "check")[0] == 0
    code, out, told = run("change", "check", "--on", until.isoformat())
    assert (code, "overdue" in out) == (1, True)
    assert f"remediate --undo {planned['plan_id']}" in told
    _, undone, _ = run(
        "remediate", "--undo", planned["plan_id"], "--apply", "--json", "--approve", plan_of_undo(run, planned)
    )
    (tmp_path / "undone.json").write_text(undone, encoding="utf-8")
    code, _, told = run("change", "close", RECORD, "--result", "undone.json")
    assert (code, told) == (0, "CHG-1: UNDONE\n")
    assert run("change", "check", "--on", until.isoformat())[0] == 0


def test_an_approval_of_a_day_to_come_approves_nothing_yet(run, planned, tmp_path):
    written(run)
    approved(tmp_path)
    tomorrow = (TODAY + timedelta(1)).isoformat()
    rewritten(tmp_path, lambda record: record["approvals"][0].update(date=tomorrow))
    code, told = applied(run, tmp_path)
    assert (code, "CHG-1 is not approved" in told) == (2, True)
    told = [json.loads(run("change", "check", "--json", *on)[1]) for on in ((), ("--on", tomorrow))]
    assert [each["changes"][0]["stage"] for each in told] == ["draft", "approved"]


def test_both_call_the_undo_alike():
    assert UNDO == NAME_OF_UNDO


def plan_of_undo(run, planned):
    return json.loads(run("remediate", "--undo", planned["plan_id"], "--json")[1])["plan_id"]


BROKEN = {
    "the one who asks approves": ("eve@example.com", "ADA@example.com", "somebody else than who asks for it"),
    "a plan id that is none": ("id: RequireTls-", "id: RequireTls_", "the id of a plan"),
    "a purpose that is nothing": ("no plain HTTP any more", "''", "purpose: expected a sentence"),
    "something that has no meaning": ("rollback:", "roll-back: x\nrollback:", "roll-back: unknown"),
    "another id": ("id: CHG-1\n", "id: CHG-2\n", "expected the file's name to be `CHG-2.yaml`"),
    "a day that is none": ("created: ", "temporary-until: 2026-02-30\ncreated: ", "no day of the calendar"),
}


@pytest.mark.parametrize("title", BROKEN)
def test_a_broken_record_is_told_with_its_line_and_changes_nothing(aws, run, planned, tmp_path, title):
    written(run)
    approved(tmp_path)
    old, new, expected = BROKEN[title]
    path = tmp_path / RECORD
    assert old in path.read_text(encoding="utf-8")
    path.write_text(path.read_text(encoding="utf-8").replace(old, new, 1), encoding="utf-8")
    code, _, told = run("change", "check")
    assert (code, expected in told) == (2, True), told
    assert applied(run, tmp_path)[0] == 2


@pytest.mark.parametrize(
    ("content", "expected"),
    [("{", "not JSON"), ("[]", "expected one JSON object"), ("{}", "whose outcome is PLANNED"),
     ('{"outcome": "PLANNED", "after": {}}', "plan_id")],
)  # fmt: skip
def test_what_is_no_plan_makes_no_record(run, tmp_path, content, expected):
    (tmp_path / "plan.json").write_text(content, encoding="utf-8")
    code, _, told = written(run)
    assert (code, expected in told) == (2, True), told
    assert not (tmp_path / RECORD).exists()


def test_a_record_is_never_overwritten_nor_half_written(run, planned, tmp_path):
    written(run)
    before = (tmp_path / RECORD).read_text(encoding="utf-8")
    assert written(run)[0] == 2
    assert run("change", "new", "chg 1", "--plan", "plan.json", "--purpose", "abc", "--requested-by", "a")[0] == 2
    assert (tmp_path / RECORD).read_text(encoding="utf-8") == before
    assert [path.name for path in (tmp_path / "changes").iterdir()] == ["CHG-1.yaml"]


def test_an_id_that_is_a_way_out_of_the_folder_makes_nothing(run, planned, tmp_path):
    before = sorted(tmp_path.rglob("*"))
    for name in ("../CHG-1", "a/CHG-1", str(tmp_path / "elsewhere" / "CHG-1")):
        given = ("--plan", "plan.json", "--purpose", "abc", "--requested-by", "a")
        assert run("change", "new", name, *given)[0] == 2
    assert sorted(tmp_path.rglob("*")) == before


def test_a_disk_that_is_full_leaves_the_record_as_it_was(run, planned, tmp_path, monkeypatch):
    written(run)
    before = (tmp_path / RECORD).read_text(encoding="utf-8")

    def full(_):
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as now:
        now.setattr(os, "fsync", full)
        code, _, told = run("change", "close", RECORD, "--withdraw")
    assert (code, "No space left on device" in told) == (2, True)
    assert (tmp_path / RECORD).read_text(encoding="utf-8") == before
    assert [path.name for path in (tmp_path / "changes").iterdir()] == ["CHG-1.yaml"]


def test_what_a_plan_says_in_hostile_letters_is_escaped_in_the_record(run, planned, tmp_path):
    hostile = {**planned, "notes": ["a principal called \u202e\ud800"]}
    (tmp_path / "plan.json").write_text(json.dumps(hostile), encoding="utf-8")
    assert written(run)[0] == 0
    assert "a principal called \\u202e\\ud800" in (tmp_path / RECORD).read_text(encoding="utf-8")


CLOSED_ALREADY = """\
closed:
  date: {today}
  outcome: VERIFIED
  plan-id: {plan}
"""


def test_closing_again_keeps_what_stands_behind_the_last_outcome(run, planned, tmp_path):
    written(run, "--until", (TODAY + timedelta(7)).isoformat())
    path = tmp_path / RECORD
    whole = path.read_text(encoding="utf-8").replace("approvals: []\n", "")
    closed = CLOSED_ALREADY.format(today=TODAY, plan=planned["plan_id"])
    path.write_text(f"{closed}{whole}approvals:\n- by: eve@example.com\n  date: {TODAY}\n", encoding="utf-8")
    undone = {"remediation": UNDO, "basis_sha256": planned["plan_id"], "outcome": "VERIFIED"}
    (tmp_path / "undone.json").write_text(json.dumps(undone), encoding="utf-8")
    assert run("change", "close", RECORD, "--result", "undone.json") == (0, "", "CHG-1: UNDONE\n")
    record = yaml.safe_load(path.read_text(encoding="utf-8"))
    assert (record["closed"]["outcome"], record["approvals"][0]["by"]) == ("UNDONE", "eve@example.com")


def test_a_text_that_looks_like_the_outcome_is_kept(run, planned, tmp_path):
    written(run)
    path = tmp_path / RECORD
    text = path.read_text(encoding="utf-8").replace("no plain HTTP any more", '"no plain HTTP\nclosed: any more"')
    path.write_text(text, encoding="utf-8")
    assert run("change", "close", RECORD, "--withdraw")[0] == 0
    assert yaml.safe_load(path.read_text(encoding="utf-8"))["purpose"] == "no plain HTTP closed: any more"


def test_brackets_of_a_record_are_shown_as_they_are(run, planned):
    purpose = "[red]no plain HTTP[/b] any more"
    run("change", "new", "CHG-1", "--plan", "plan.json", "--purpose", purpose, "--requested-by", "a")
    code, out, told = run("change", "check")
    assert (code, told, purpose in out) == (0, "", True)


def test_a_withdrawn_change_is_over(run, planned, tmp_path):
    written(run, "--until", (TODAY + timedelta(1)).isoformat())
    approved(tmp_path)
    assert run("change", "close", RECORD, "--withdraw")[0] == 0
    assert run("change", "check", "--on", (TODAY + timedelta(9)).isoformat())[0] == 0
    assert "WITHDRAWN" in applied(run, tmp_path)[1]


@pytest.mark.parametrize("more", [("--yes",), ("--approve", "RequireTls-" + "0" * 24)])
def test_a_change_record_is_the_only_consent(run, planned, tmp_path, more):
    written(run)
    approved(tmp_path)
    code, _, told = run("remediate", NAME, "--rule", RULE, "--apply", "--change", RECORD, *more)
    assert (code, "--change: expected --apply" in told) == (2, True)
    assert run("remediate", NAME, "--change", RECORD)[0] == 2
