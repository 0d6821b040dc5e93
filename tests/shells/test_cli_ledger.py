"""`scan --ledger`: findings keep their first day from run to run, and say whose they are."""

import csv
import fcntl
import io
import json
from datetime import UTC, datetime, timedelta

import pytest
from remediation import bucket

from s3_guardrails.cli import main
from s3_guardrails.embedded.environment import only

RULE = "S3_BUCKET_TLS_ONLY"
GUARDRAILS = """\
version: 1
classes: {confidential: {accepts: [SSE-KMS]}}
tenants: {owners: {crm: crm@example.com}}
days-to-mend: {MEDIUM: 10}
"""


@pytest.fixture
def scan(aws, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "guardrails.yaml").write_text(GUARDRAILS, encoding="utf-8")

    def run(*arguments):
        with only(aws.environment()):
            code = main(["scan", "--rule", RULE, "--parameters", "guardrails.yaml", *arguments])
        shown = capsys.readouterr()
        return code, shown.out, shown.err

    return run


def aged(tmp_path, days):
    """Make the ledger's findings so many days older."""
    path = tmp_path / "ledger.json"
    whole = json.loads(path.read_text(encoding="utf-8"))
    day = (datetime.now(UTC).date() - timedelta(days)).isoformat()
    whole["first_seen"] = dict.fromkeys(whole["first_seen"], day)
    path.write_text(json.dumps(whole), encoding="utf-8")
    return day


def test_a_damaged_ledger_is_told_before_anything_is_looked_at(scan, tmp_path, calls):
    (tmp_path / "ledger.json").write_text("{", encoding="utf-8")
    calls.clear()
    code, out, told = scan("--ledger", "ledger.json")
    assert (code, out, "`ledger.json`: not JSON" in told) == (2, "", True)
    assert calls == []


def test_a_finding_has_its_owner_its_first_day_and_its_due_date(aws, scan, tmp_path):
    bucket(aws, "of-crm", tags={"tenant": "crm"})
    bucket(aws, "of-nobody")
    code, out, _ = scan("--json", "--ledger", "ledger.json")
    found = {each["resource_id"]: each["tracking"] for each in json.loads(out)["findings"]}
    today = datetime.now(UTC).date()
    assert code == 1
    assert found["of-crm"] == {
        "tenant": "crm", "owner": "crm@example.com", "first_seen": today.isoformat(),
        "due": (today + timedelta(10)).isoformat(), "overdue": False,
    }  # fmt: skip
    assert found["of-nobody"]["owner"] is None
    day = aged(tmp_path, 11)
    _, out, _ = scan("--json", "--ledger", "ledger.json")
    again = json.loads(out)
    assert (again["overdue"], again["without_owner"]) == (2, 1)
    assert {each["tracking"]["first_seen"] for each in again["findings"]} == {day}


def test_people_read_it_in_the_table_and_in_a_spreadsheet(aws, scan, tmp_path):
    bucket(aws, "of-crm", tags={"tenant": "crm", "owner": "=1+1@x"})
    scan("--ledger", "ledger.json")
    aged(tmp_path, 11)
    _, table, told = scan("--ledger", "ledger.json")
    assert "owner =1+1@x; first seen" in table
    assert ", overdue" in table
    assert "1 finding tracked, 1 overdue, 0 without an owner" in told
    _, out, _ = scan("--csv", "--ledger", "ledger.json")
    [row] = csv.DictReader(io.StringIO(out))
    assert (row["owner"], row["overdue"]) == ("'=1+1@x", "true")


def test_what_is_mended_leaves_the_ledger(aws, scan, tmp_path):
    bucket(aws, "of-crm")
    scan("--ledger", "ledger.json")
    statement = {
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:*",
        "Resource": ["arn:aws:s3:::of-crm", "arn:aws:s3:::of-crm/*"],
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
    }
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    aws.client("s3").put_bucket_policy(Bucket="of-crm", Policy=policy)
    assert scan("--ledger", "ledger.json")[0] == 0
    assert json.loads((tmp_path / "ledger.json").read_text(encoding="utf-8"))["first_seen"] == {}


def test_without_a_ledger_nothing_is_tracked_and_nothing_written(aws, scan, tmp_path):
    bucket(aws, "of-crm")
    _, out, _ = scan("--json")
    assert "tracking" not in out
    assert [path.name for path in tmp_path.iterdir()] == ["guardrails.yaml"]


@pytest.mark.parametrize("content", ["{", "[]", "\x00"])
def test_a_broken_ledger_is_an_error_and_stays_as_it_is(aws, scan, tmp_path, content):
    path = tmp_path / "ledger.json"
    path.write_text(content, encoding="utf-8")
    code, out, told = scan("--ledger", "ledger.json")
    assert (code, out) == (2, "")
    assert "ledger.json" in told
    assert path.read_text(encoding="utf-8") == content


def test_one_run_at_a_time_writes_a_ledger(aws, scan, tmp_path):
    with (tmp_path / "ledger.json.lock").open("a") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        code, _, told = scan("--ledger", "ledger.json")
    assert (code, "another run is writing it" in told) == (2, True)
