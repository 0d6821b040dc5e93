"""`remediate --all`: bounded, stoppable anywhere, resumed without a second write; what was reviewed is what is made."""

import json
import os
import re

import pytest
from remediate_command import journal, on_terminal, ran, writes
from remediation import bucket, default, key
from test_cli_remediate import FOREIGN, ROTATION, TLS, UPLOADS, parameters

from s3_guardrails.embedded.call import Refused
from s3_guardrails.embedded.server import EmbeddedAws
from s3_guardrails.remediate.journal import Journal

ALL = ("--all", "--rule", ROTATION)
APPLY = (*ALL, "--apply", "--yes")
TURN_ON = "EnableKeyRotation"


def outcomes(found):
    return [each["outcome"] for each in found["results"]]


def rotates(aws, arn):
    return aws.client("kms").get_key_rotation_status(KeyId=arn)["KeyRotationEnabled"]


def test_a_dry_run_over_all_writes_nothing_anywhere(aws, remediated, remediate, calls, tmp_path):
    arns = sorted(key(aws) for _ in range(3))
    code, found = remediated(*ALL)
    assert (code, found["applied"], found["outcomes"], found["left"]) == (1, False, {"PLANNED": 3}, 0)
    assert [each["resource"] for each in found["results"]] == arns
    assert {each["after"]["rotation"]["days"] for each in found["results"]} == {365}
    assert (writes(calls), list(tmp_path.iterdir())) == ([], [])
    code, out, said = remediate(*ALL)
    assert (code, out.count("  plan EnableKeyRotation-")) == (1, 3)
    assert said.splitlines()[-2:] == [
        f"account {aws.account}, keys of {aws.region}: 3 PLANNED",
        "nothing was written; pass --apply to make the changes",
    ]


def test_all_are_changed_once_verified_and_journaled(aws, remediated, calls, tmp_path):
    arns = sorted(key(aws) for _ in range(3))
    code, found = remediated(*APPLY)
    assert (code, found["outcomes"], writes(calls)) == (0, {"VERIFIED": 3}, [TURN_ON] * 3)
    steps = ["APPLYING", "APPLIED", "VERIFIED"]
    assert [(each["resource"], each["status"]) for each in journal(tmp_path)] == [
        (arn, step) for arn in arns for step in steps
    ]
    code, found = remediated(*APPLY)
    assert (code, found["results"], writes(calls)) == (0, [], [])
    assert remediated("--undo", journal(tmp_path)[0]["plan_id"])[1]["outcome"] == "PLANNED"


def test_what_is_alike_is_told_together_and_how_to_approve_it(aws, remediate):
    for name in ("ledger", "orders"):
        bucket(aws, name, policy=FOREIGN.replace("ledger", name))
        bucket(aws, f"owned-{name}", tags={"ManagedBy": "terraform"})
    _, out, said = remediate("--all", "--rule", TLS)
    lines = out.splitlines()
    assert [line for line in lines if not line.startswith(" ")] == [f"PLANNED  {TLS}  (2)", f"REFUSED  {TLS}  (2)"]
    assert "`s3-guardrails remediate RESOURCE --terraform`" in out
    assert lines[-2:] == ["    arn:aws:s3:::owned-ledger", "    arn:aws:s3:::owned-orders"]
    assert "pass it with --reviewed FILE\n" in said
    _, out, _ = remediate("--all", "--rule", TLS, "--apply", "--yes")
    assert out.count(f"NOT_APPROVED  {TLS}  (2)\n") == 1
    assert "pass --approve PLAN_ID\n    arn:aws:s3:::ledger  plan RequireTls-" in out


def test_keys_of_every_region_named_are_changed_there(aws, remediated):
    there = aws.client("kms", "eu-west-1").create_key()["KeyMetadata"]["Arn"]
    here = key(aws)
    _, found = remediated(*APPLY, "--region", "eu-west-1", "--region", aws.region)
    assert {each["resource"]: each["outcome"] for each in found["results"]} == {here: "VERIFIED", there: "VERIFIED"}
    assert aws.client("kms", "eu-west-1").get_key_rotation_status(KeyId=there)["KeyRotationEnabled"]


def test_a_limit_bounds_the_changes_of_a_run_and_the_next_one_goes_on(aws, remediated, calls):
    arns = [key(aws) for _ in range(3)]
    code, found = remediated(*APPLY, "--limit", "2")
    assert (code, found["outcomes"], found["left"], len(writes(calls))) == (1, {"VERIFIED": 2}, 1, 2)
    code, found = remediated(*APPLY, "--limit", "2")
    assert (code, found["outcomes"], found["left"], len(writes(calls))) == (0, {"VERIFIED": 1}, 0, 1)
    assert all(rotates(aws, each) for each in arns)


def test_what_nobody_approves_takes_no_place_of_a_limit(aws, remediated, calls):
    for name in ("ledger", "orders"):
        bucket(aws, name, policy=FOREIGN.replace("ledger", name))
    plan = remediated("orders", "--rule", TLS)[1]["plan_id"]
    given = ("--all", "--rule", TLS, "--limit", "1")
    assert remediated(*given)[1]["left"] == 1
    code, found = remediated(*given, "--apply", "--approve", plan)
    assert (code, outcomes(found), writes(calls)) == (1, ["NOT_APPROVED", "VERIFIED"], ["PutBucketPolicy"])


@pytest.mark.parametrize(("given", "failed"), [((), 1), (("--stop-after", "2"), 2), (("--stop-after", "9"), 3)])
def test_a_run_stops_after_so_many_failures(aws, remediated, remediate, calls, given, failed):
    for _ in range(3):
        key(aws)
    aws.faults.deny("kms:EnableKeyRotation")
    code, found = remediated(*APPLY, *given)
    rest = {"PLANNED": 3 - failed} if failed < 3 else {}
    assert (code, found["outcomes"], len(writes(calls))) == (2, {"FAILED": failed} | rest, failed)
    assert found["stopped"] == (f"--stop-after {failed}" if rest else None)


def test_concerns_need_the_json_of_the_dry_run_that_was_reviewed(aws, remediate, remediated, calls, tmp_path):
    for name in ("ledger", "orders"):
        bucket(aws, name, policy=FOREIGN.replace("ledger", name))
    given = ("--all", "--rule", TLS)
    code, out, _ = remediate(*given, "--json")
    plans = tmp_path / "plans.json"
    plans.write_text(out, encoding="utf-8")
    code, found = remediated(*given, "--apply", "--yes")
    assert (code, found["outcomes"], writes(calls)) == (1, {"NOT_APPROVED": 2}, [])
    aws.client("s3").put_bucket_policy(
        Bucket="orders", Policy=FOREIGN.replace("ledger", "orders").replace("reader", "writer")
    )
    code, found = remediated(*given, "--apply", "--reviewed", plans)
    assert (code, outcomes(found), writes(calls)) == (1, ["VERIFIED", "NOT_APPROVED"], ["PutBucketPolicy"])


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "{}",
        '{"results": []}',
        '{"results": {}}',
        '{"results": [1]}',
        '{"outcome": "PLANNED", "plan_id": "../x"}',
    ],
)
def test_what_is_no_dry_run_approves_nothing(aws, remediate, tmp_path, text):
    plans = tmp_path / "plans.json"
    plans.write_text(text, encoding="utf-8")
    code, out, said = remediate(*ALL, "--apply", "--reviewed", plans)
    assert (code, out) == (2, "")
    assert said.startswith(f"Error: `{plans}`: ")


def test_two_changes_of_one_policy_are_made_one_run_after_the_other(aws, remediate, calls, tmp_path):
    blocked = {"BlockedEncryptionTypes": {"EncryptionType": ["SSE-C"]}}
    bucket(aws, "ledger", encryption=default("aws:kms", key(aws), **blocked), policy=FOREIGN)
    given, plans = ("--all", "--rule", TLS, "--rule", UPLOADS), tmp_path / "plans.json"
    seen = []
    for _ in range(3):
        plans.write_text(remediate(*given, "--json")[1], encoding="utf-8")
        seen.append(outcomes(json.loads(plans.read_bytes())))
        remediate(*given, "--apply", "--yes", "--reviewed", plans)
    assert seen == [["PLANNED", "LATER"], ["PLANNED"], []]


def test_what_was_changed_back_is_left_alone_until_it_is_named(aws, remediated, calls):
    kept, undone = sorted(key(aws) for _ in range(2))
    _, found = remediated(*APPLY)
    aws.client("kms").disable_key_rotation(KeyId=kept)
    plan = found["results"][1]["plan_id"]
    back = remediated("--undo", plan)[1]["plan_id"]
    assert remediated("--undo", plan, "--apply", "--approve", back)[1]["outcome"] == "VERIFIED"
    code, found = remediated(*APPLY)
    assert (code, outcomes(found), writes(calls)) == (1, ["CHANGED_BACK"] * 2, [])
    assert "the rule held after a change, and is broken again" in found["results"][0]["sentence"]
    assert f"a change was undone ({plan}" in found["results"][1]["sentence"]
    assert remediated(*ALL)[1]["outcomes"] == {"CHANGED_BACK": 2}
    assert remediated(kept, "--rule", ROTATION, "--apply", "--yes")[1]["outcome"] == "VERIFIED"
    assert not rotates(aws, undone)


@pytest.fixture(scope="module")
def lasting():
    """One account for every stop: what an earlier one left is COMPLIANT."""
    with EmbeddedAws() as aws:
        yield aws


@pytest.mark.parametrize("stop", range(1, 14))
def test_a_run_stopped_anywhere_is_finished_by_the_next_without_a_second_write(
    lasting, capsys, calls, tmp_path, monkeypatch, stop
):
    """`stop` counts the moments at which something reaches the disk; the last is after the end."""
    monkeypatch.chdir(tmp_path)
    arn, sync, left = key(lasting), os.fsync, iter(range(stop - 1, -1, -1))
    calls.clear()

    def fsync(handle):
        sync(handle)
        if next(left, 1) == 0:
            raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", fsync)
        code, _, said = ran(lasting, capsys, APPLY)
    stopped = next(left, None) is None
    assert (stopped, code, "interrupted" in said) == ((True, 2, True) if stop < 13 else (False, 0, False))
    resumes(lasting, capsys, arn, calls, tmp_path)


def test_a_run_stopped_right_after_its_write_is_finished_by_the_next(lasting, capsys, calls, tmp_path, monkeypatch):
    def stop(*_):
        raise KeyboardInterrupt

    monkeypatch.chdir(tmp_path)
    arn = key(lasting)
    calls.clear()
    with monkeypatch.context() as patch:
        patch.setattr("s3_guardrails.remediate.write._read_back", stop)
        assert ran(lasting, capsys, APPLY)[0] == 2
    assert writes(calls) == [TURN_ON]
    resumes(lasting, capsys, arn, calls, tmp_path)


def resumes(aws, capsys, arn, calls, folder):
    code, out, _ = ran(aws, capsys, (*APPLY, "--json"))
    assert (code, json.loads(out)["stopped"], rotates(aws, arn)) == (0, None, True)
    assert writes(calls) == [TURN_ON]
    assert journal(folder)[-1]["status"] == "VERIFIED"


def test_a_plan_that_cannot_be_made_costs_its_resource_only(aws, remediated):
    broken, sound = sorted(key(aws) for _ in range(2))
    aws.faults.fail(
        "kms:ListResourceTags", Refused("ExpiredTokenException", "said on purpose", 403), broken, times=None
    )
    code, found = remediated(*APPLY)
    assert (code, outcomes(found), found["stopped"]) == (2, ["FAILED", "VERIFIED"], None)
    assert rotates(aws, sound)


def test_without_credentials_nothing_is_asked(aws, remediate, monkeypatch):
    environment = {k: v for k, v in aws.environment().items() if "_KEY" not in k}
    monkeypatch.setattr(type(aws), "environment", lambda _: environment)
    assert remediate(*ALL) == (2, "", "Error: NoCredentialsError: Unable to locate credentials\n")


def test_a_listing_that_fails_is_told_and_what_was_listed_is_still_planned(aws, remediate):
    bucket(aws, "ledger", policy=FOREIGN)
    aws.faults.deny("kms:ListKeys")
    code, out, said = remediate("--all", "--rule", ROTATION, "--rule", TLS)
    assert code == 2
    assert "arn:aws:s3:::ledger  plan RequireTls-" in out
    assert said.startswith(f"not judged: {aws.region}: ListKeys: ")


def test_undetermined_verdicts_are_listed_and_change_nothing(aws, remediated, calls, tmp_path):
    bucket(aws, "ledger")
    default_encryption = "S3_BUCKET_DEFAULT_ENCRYPTION"
    kept = parameters(tmp_path, **{default_encryption: {"AcceptedModes": "other=SSE-S3"}})
    code, found = remediated("--all", "--rule", default_encryption, *kept, "--apply", "--yes")
    assert (code, found["outcomes"], writes(calls)) == (3, {"UNDETERMINED": 1}, [])


def test_only_one_run_writes_a_journal(aws, remediated, calls, tmp_path):
    arn = key(aws)
    remediated(*APPLY, "--limit", "1")
    other = key(aws)
    first = Journal(tmp_path / "s3-guardrails-journal")
    first.write(first.last(aws.account, arn, ROTATION))
    code, found = remediated(*APPLY)
    assert (code, outcomes(found), writes(calls)) == (2, ["FAILED"], [])
    assert "another run writes this journal" in found["results"][0]["sentence"]
    first.close()
    assert remediated(*APPLY)[0] == 0
    assert rotates(aws, other)


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("not a journal\n", 1),
        ("not a journal, and no end of line", 1),
        ("{}\n", 1),
        ('{"at": "x", "account": "1"}\n', 1),
        ("[" * 100_000 + "\n", 1),
        ("\udcff\n", 1),
    ],
    ids=["text", "an open end", "an object", "half an entry", "deep", "bytes"],
)
def test_a_file_that_is_no_journal_is_told_with_its_line_and_kept(aws, remediate, calls, tmp_path, text, line):
    key(aws)
    path = tmp_path / "j" / "journal.jsonl"
    path.parent.mkdir()
    path.write_bytes(kept := text.encode(errors="surrogateescape"))
    code, out, said = remediate(*APPLY, "--journal", "j")
    assert (code, out, writes(calls), path.read_bytes()) == (2, "", [], kept)
    assert said.startswith(f"Error: `j/journal.jsonl` line {line}: expected an entry of the journal; ")


def test_a_journal_that_cannot_be_read_is_an_error(aws, remediate, calls, tmp_path):
    key(aws)
    (tmp_path / "j" / "journal.jsonl").mkdir(parents=True)
    assert remediate(*APPLY, "--journal", "j") == (2, "", "Error: `j/journal.jsonl`: Is a directory\n")
    (tmp_path / "f").write_text("")
    assert remediate(*APPLY, "--journal", "f/g") == (2, "", "Error: `f/g/journal.jsonl`: Not a directory\n")


def test_entries_of_another_account_hold_nothing_back(aws, remediated, tmp_path):
    arn = key(aws)
    remediated(*APPLY)
    path = tmp_path / "s3-guardrails-journal" / "journal.jsonl"
    path.write_text(path.read_text().replace(f'"account": "{aws.account}"', '"account": "999999999999"'))
    aws.client("kms").disable_key_rotation(KeyId=arn)
    assert remediated(*APPLY)[1]["outcomes"] == {"VERIFIED": 1}


def test_on_a_terminal_plans_without_concerns_are_asked_about_at_once_and_the_others_one_by_one(aws, tmp_path):
    arns = [key(aws) for _ in range(2)]
    for name in ("ledger", "orders"):
        bucket(aws, name, policy=FOREIGN.replace("ledger", name))
    given = ["--all", "--rule", ROTATION, "--rule", TLS, "--apply"]
    code, shown = on_terminal(aws, tmp_path, given, "y\nn\ny\n")
    assert code == 1
    assert f"Apply 2 plans without concerns, in account {aws.account}? [y/N]" in shown
    assert shown.count("Approve this plan with its 1 concern? [y/N]") == 2
    assert "\r\n1 of 2\r\n" in re.sub(r"\x1b\[[0-9;]*m", "", shown)
    assert "1 NOT_APPROVED" in shown
    assert "3 VERIFIED" in shown
    assert all(rotates(aws, each) for each in arns)
    assert "RequireTls" not in aws.client("s3").get_bucket_policy(Bucket="ledger")["Policy"]
    assert "RequireTls" in aws.client("s3").get_bucket_policy(Bucket="orders")["Policy"]
