"""`remediate --logs` against the embedded AWS: who was seen stops a change, complete logs make approval unnecessary."""

import gzip
import json
from datetime import UTC, datetime, timedelta

import pytest
from remediation import bucket, default, key
from test_cli_remediate import FOREIGN, TLS, UPLOADS, parameters

from log_lines import ACCOUNT, HTTP, SESSION, access, access_json, event, records

APP = f"arn:aws:sts::{ACCOUNT}:assumed-role/App"
WRONG = {"x-amz-server-side-encryption": "AES256"}


@pytest.fixture
def days():
    """The window and one day more on either side: midnight may come."""
    today = datetime.now(UTC).date()
    return [today - timedelta(days=each) for each in range(-1, 32)]


@pytest.fixture
def logs(tmp_path, days):
    """A folder with complete access logs of two buckets, in both forms, and data events of one."""
    folder = tmp_path / "logs"
    text, trail = folder / "access", folder / "AWSLogs" / ACCOUNT / "CloudTrail"
    text.mkdir(parents=True)
    trail.mkdir(parents=True)
    for day in days:
        (text / f"{day}-00-00-00-A").write_text(access(day) + "\n", encoding="latin-1")
    with gzip.open(text / "json.gz", "wt", encoding="utf-8") as file:
        file.writelines(json.dumps(access_json(day, bucket_name="orders")) + "\n" for day in days)
    with gzip.open(trail / "events.json.gz", "wt", encoding="utf-8") as file:
        file.write(records(*(event(day) for day in days)))
    digest = folder / "AWSLogs" / ACCOUNT / "CloudTrail-Digest"
    digest.mkdir()
    (digest / "d.json").write_text('{"digestStartTime": "x"}', encoding="utf-8")
    return folder


def codes(found):
    return [each["code"] for each in (*found.get("refusals", ()), *found.get("concerns", ()))]


def test_complete_logs_in_which_nobody_is_seen_make_approval_unnecessary(aws, remediated, logs):
    bucket(aws, "ledger", policy=FOREIGN)
    code, found = remediated("ledger", "--rule", TLS, "--logs", logs)
    assert (code, found["outcome"], codes(found)) == (1, "PLANNED", [])
    code, found = remediated("ledger", "--rule", TLS, "--logs", logs, "--apply", "--yes")
    assert (code, found["outcome"], found["verdict_after"]) == (0, "VERIFIED", "COMPLIANT")


def test_callers_over_plain_http_are_named_and_stop_the_change(aws, remediated, remediate, logs, days):
    bucket(aws, "ledger", policy=FOREIGN)
    seen = access(days[3], **HTTP, requester=SESSION, agent='"curl" 403 x"')
    (logs / "one").write_text(seen + "\n", encoding="latin-1")
    code, found = remediated("ledger", "--rule", TLS, "--logs", logs)
    assert (code, found["outcome"], codes(found)) == (1, "REFUSED", ["HTTP_CALLERS"])
    assert f"by {APP} (1, last {days[3]})" in found["sentence"]
    code, _out, said = remediate("ledger", "--rule", TLS, "--logs", logs, "--apply", "--yes")
    assert (code, f"{APP} (1, last {days[3]})" in said) == (1, True)


def test_a_day_without_logs_and_files_that_are_none_need_a_person(aws, remediated, remediate, logs, days):
    bucket(aws, "ledger", policy=FOREIGN)
    (logs / "access" / f"{days[5]}-00-00-00-A").unlink()
    (logs / "notes\x1b.txt").write_text("to do", encoding="utf-8")
    code, found = remediated("ledger", "--rule", TLS, "--logs", logs)
    assert (code, found["outcome"], codes(found)) == (1, "PLANNED", ["LOGS_INCOMPLETE"])
    assert f"show no request on 1 of 30 days ({days[5]})" in found["sentence"]
    assert "1 of the files are no logs, such as " in found["sentence"]
    _, out, said = remediate("ledger", "--rule", TLS, "--logs", logs)
    assert "\x1b" not in out + said
    assert remediated("ledger", "--rule", TLS, "--logs", logs, "--apply", "--yes")[1]["outcome"] == "NOT_APPROVED"


def test_uploads_are_judged_by_data_events_alone(aws, remediated, logs, days, tmp_path):
    bucket(aws, "ledger", encryption=default("aws:kms", key(aws)), policy=FOREIGN)
    given = ("ledger", "--rule", UPLOADS, "--option", "AcceptUnknownSseC=true")
    found = remediated(*given, "--logs", logs / "access")[1]
    assert codes(found) == ["SSE_C_USE_UNKNOWN", "NO_LOGS"]
    found = remediated(*given, "--logs", logs)[1]
    assert codes(found) == ["SSE_C_USE_UNKNOWN"]
    wrong = tmp_path / "wrong.json"
    wrong.write_text(records(event(days[4], headers=WRONG)), encoding="utf-8")
    found = remediated(*given, "--logs", logs / "access", "--logs", wrong)[1]
    assert (found["outcome"], codes(found)) == ("REFUSED", ["WRONG_UPLOADERS"])


def test_all_buckets_are_judged_by_one_reading(aws, remediated, logs, days):
    for name in ("ledger", "orders", "papers"):
        bucket(aws, name, policy=FOREIGN.replace("ledger", name))
    (logs / "one").write_text(access(days[3], **HTTP, bucket="orders") + "\n", encoding="latin-1")
    _, found = remediated("--all", "--rule", TLS, "--logs", logs)
    assert {each["resource"].rpartition(":")[2]: codes(each) for each in found["results"]} == {
        "ledger": [],
        "orders": ["HTTP_CALLERS"],
        "papers": ["LOGS_INCOMPLETE"],
    }


def test_a_least_version_counts_older_tls_too(aws, remediated, logs, days, tmp_path):
    bucket(aws, "ledger", policy=FOREIGN)
    given = ("ledger", "--rule", TLS, "--logs", logs)
    least = parameters(tmp_path, **{TLS: {"MinimumTlsVersion": "1.3"}})
    assert codes(remediated(*given)[1]) == []
    assert codes(remediated(*given, *least)[1]) == ["HTTP_CALLERS"]


def test_what_is_no_log_is_an_error_that_names_it(aws, remediate, logs, tmp_path, calls):
    bucket(aws, "ledger", policy=FOREIGN)
    readme, torn, bad, empty = (tmp_path / each for each in ("README", "torn.json", "bad.gz", "empty"))
    readme.write_text("# Logs\n", encoding="utf-8")
    torn.write_text('{"Records": [{"a": ', encoding="utf-8")
    bad.write_bytes(gzip.compress(b"x" * 999)[:20])
    empty.mkdir()
    expected = "expected server access logs of S3 or logs of CloudTrail, perhaps compressed by gzip"
    for path, what in (
        (readme, expected),
        (torn, "a CloudTrail log that ends early or is damaged"),
        (bad, "Compressed file ended before the end-of-stream marker was reached"),
    ):
        code, out, said = remediate("ledger", "--rule", TLS, "--logs", logs, "--logs", path)
        assert (code, out, said) == (2, "", f"Error: --logs {path}: {what}\n")
    code, out, said = remediate("ledger", "--rule", TLS, "--logs", empty)
    assert (code, out, said) == (2, "", f"Error: --logs {empty}: holds no log; {expected}\n")
    code, _, said = remediate("ledger", "--rule", TLS, "--logs", tmp_path / "gone")
    assert (code, "gone" in said) == (2, True)
    code, _, said = remediate("--undo", "x", "--logs", logs)
    assert (code, "--undo takes no" in said) == (2, True)


BLOCK = ("ledger", "--rule", UPLOADS, "--document", "BlockSseC")


def test_sse_c_is_blocked_without_approval_where_complete_events_show_nobody_who_uses_it(aws, remediated, logs):
    bucket(aws, "ledger", encryption=default("aws:kms", key(aws)))
    assert codes(remediated(*BLOCK)[1]) == ["SSE_C_USE_UNKNOWN"]
    assert codes(remediated(*BLOCK, "--logs", logs / "access")[1]) == ["SSE_C_USE_UNKNOWN"]
    found = remediated(*BLOCK, "--logs", logs, "--apply", "--yes")[1]
    assert (found["outcome"], codes(found)) == ("VERIFIED", [])
    rules = aws.client("s3").get_bucket_encryption(Bucket="ledger")["ServerSideEncryptionConfiguration"]["Rules"]
    assert rules[0]["BlockedEncryptionTypes"] == {"EncryptionType": ["SSE-C"]}


def test_whoever_uses_sse_c_is_named_and_no_option_overrules_it(aws, remediated, logs, days, tmp_path):
    bucket(aws, "ledger")
    used = tmp_path / "used.json"
    applied = {"additionalEventData": {"SignatureVersion": "SigV4", "SSEApplied": "SSE_C"}}
    used.write_text(records(event(days[4], **applied)), encoding="utf-8")
    found = remediated(*BLOCK, "--logs", logs, "--logs", used, "--option", "AcceptUnknownSseC=true")[1]
    assert (found["outcome"], codes(found)) == ("REFUSED", ["SSE_C_USED"])
    assert "user/" in found["refusals"][0]["sentence"]


def test_a_document_is_named_with_its_rule(aws, remediate):
    bucket(aws, "ledger")
    assert remediate("ledger", "--document", "BlockSseC")[0] == 2
    code, _, said = remediate("ledger", "--rule", "S3_BUCKET_TLS_ONLY", "--document", "BlockSseC")
    assert code == 2
    assert "expected one of the documents RequireTls, found `BlockSseC`" in said
    code, _, said = remediate("ledger", "--rule", "S3_BUCKET_ACCESS_LOGGED")
    assert code == 2
    assert "S3_BUCKET_ACCESS_LOGGED` has no remediation, because which bucket takes the logs" in said
