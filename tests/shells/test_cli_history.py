"""`history`: each state is kept once, in the order of time, and nobody changes one unnoticed."""

import json
import sys
from datetime import UTC, datetime

import pytest
from remediation import bucket, key

from s3_guardrails.cli import main
from s3_guardrails.embedded.environment import only

NAME = "ledger"
DENY = {"Version": "2012-10-17", "Statement": [
    {"Effect": "Deny", "Principal": "*", "Action": "s3:DeleteBucket", "Resource": f"arn:aws:s3:::{NAME}"}]}  # fmt: skip


@pytest.fixture
def run(aws, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    def command(*arguments):
        with only(aws.environment()):
            code = main(["history", *arguments])
        shown = capsys.readouterr()
        return code, shown.out, shown.err

    return command


@pytest.fixture(params=["folder", "bucket"])
def place(request, aws):
    """Both places: the options that name it."""
    if request.param == "folder":
        return ("--folder", "kept")
    aws.client("s3").create_bucket(Bucket="evidence")
    return ("--evidence-bucket", "evidence")


@pytest.fixture
def at(monkeypatch):
    """Set the clock of a run to a second."""

    def set_to(second):
        now = datetime(2026, 11, 21, 12, 0, second, tzinfo=UTC)
        monkeypatch.setattr(sys.modules["s3_guardrails.cli.history"], "utc_now", lambda: now)

    return set_to


def listed(run, target, *place):
    code, out, _ = run("list", target, "--json", *place)
    assert code == 0
    return [(each["setting"], each["recorded"][-3:-1], each["state"]) for each in json.loads(out)["history"]]


def test_a_state_is_kept_when_it_is_new_and_only_then(aws, run, place, at):
    bucket(aws, NAME)
    for second, policy in ((1, None), (2, None), (3, DENY), (4, DENY), (5, None)):
        if policy:
            aws.client("s3").put_bucket_policy(Bucket=NAME, Policy=json.dumps(policy))
        else:
            aws.client("s3").delete_bucket_policy(Bucket=NAME)
        at(second)
        assert run("record", "--bucket", NAME, *place)[0] == 0
    of_policy = [
        (second, state["policy"]) for setting, second, state in listed(run, NAME, *place) if setting == "policy"
    ]
    found = [(second, text and json.loads(text)) for second, text in of_policy]
    assert found == [("01", None), ("03", DENY), ("05", None)]


def test_key_policies_have_a_history_too_and_the_keys_of_aws_none(aws, run, place, at):
    arn = key(aws)
    at(1)
    assert run("record", *place)[0] == 0
    assert {setting for setting, _, _ in listed(run, arn, *place)} == {"key_policy", "rotation"}
    at(2)
    assert "0 new states" in run("record", *place)[2]


def test_a_document_that_was_changed_is_told(aws, run, tmp_path, at):
    bucket(aws, NAME)
    at(1)
    run("record", "--bucket", NAME, "--folder", "kept")
    [path] = (tmp_path / "kept").rglob("policy/*.json")
    path.write_text(path.read_text(encoding="utf-8").replace('"policy": null', '"policy": "{}"'), encoding="utf-8")
    code, out, told = run("list", NAME, "--folder", "kept")
    assert (code, out) == (2, "")
    assert "it was changed" in told


def test_what_cannot_be_read_is_told_and_the_rest_is_kept(aws, run, at):
    bucket(aws, NAME)
    bucket(aws, "open")
    aws.faults.deny("s3:GetBucketPolicy", NAME)
    at(1)
    code, _, told = run("record", "--bucket", NAME, "--bucket", "open")
    assert code == 3
    assert f"not recorded: arn:aws:s3:::{NAME}: policy: STATE_UNREADABLE" in told
    assert "2 resources, 3 new states" in told


def test_an_evidence_bucket_that_is_not_there_is_an_error(run):
    code, _, told = run("record", "--evidence-bucket", "none")
    assert (code, "not found in account" in told) == (2, True)
