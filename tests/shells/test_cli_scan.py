"""`scan` against the embedded AWS: what it judges, what a refusal costs, what it prints, how it exits."""

import csv
import io
import json
import os
import pty
import re
import subprocess
import sys

import pytest
from botocore.client import BaseClient
from botocore.config import Config

from s3_guardrails.cli import main
from s3_guardrails.cli.table import csv_of
from s3_guardrails.decision import Decision, Severity, Verdict, compliant
from s3_guardrails.discovery import find_rules
from s3_guardrails.embedded.environment import only
from s3_guardrails.encryption.bucket import Bucket
from s3_guardrails.rule import BucketRule
from s3_guardrails.scan import Finding, Subject

TLS_RULE = "S3_BUCKET_TLS_ONLY"
ROTATION_RULE = "KMS_KEY_ROTATION"


def tls_policy(name):
    statement = {
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:*",
        "Resource": [f"arn:aws:s3:::{name}", f"arn:aws:s3:::{name}/*"],
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
    }
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


@pytest.fixture
def scan(aws, capsys):
    """Run the command against the embedded AWS; return exit status, stdout and stderr."""

    def run(*arguments):
        with only(aws.environment()):
            code = main(["scan", *arguments])
        shown = capsys.readouterr()
        return code, shown.out, shown.err

    return run


@pytest.fixture
def verdicts(scan):
    def run(*arguments):
        code, out, _ = scan("--json", *arguments)
        findings = json.loads(out)["findings"]
        return code, {(each["rule"], each["resource_id"]): each["verdict"] for each in findings}

    return run


def make_bucket(aws, name, region="us-east-1", policy=None):
    s3 = aws.client("s3", region)
    where = {} if region == "us-east-1" else {"CreateBucketConfiguration": {"LocationConstraint": region}}
    s3.create_bucket(Bucket=name, **where)
    if policy:
        s3.put_bucket_policy(Bucket=name, Policy=policy)


def make_key(aws, region="us-east-1"):
    return aws.client("kms", region).create_key(KeyUsage="ENCRYPT_DECRYPT")["KeyMetadata"]["KeyId"]


def test_an_account_that_meets_a_rule_exits_with_zero(aws, verdicts):
    make_bucket(aws, "good", policy=tls_policy("good"))
    assert verdicts("--rule", TLS_RULE) == (0, {(TLS_RULE, "good"): "COMPLIANT"})


def test_every_rule_judges_the_resources_that_it_is_about(aws, verdicts):
    make_bucket(aws, "plain")
    key = make_key(aws)
    code, found = verdicts()
    names = {"AWS::S3::Bucket": "plain", "AWS::KMS::Key": key}
    assert code == 1
    assert set(found) == {(entry.name, names[entry.rule.resource_type]) for entry in find_rules()}
    assert found[TLS_RULE, "plain"] == "NON_COMPLIANT"
    assert found[ROTATION_RULE, key] == "NON_COMPLIANT"


def test_buckets_are_judged_in_every_region_and_keys_in_those_given(aws, verdicts):
    make_bucket(aws, "near")
    make_bucket(aws, "far", region="eu-west-1")
    near, far = make_key(aws), make_key(aws, region="eu-west-1")
    rules = ("--rule", TLS_RULE, "--rule", ROTATION_RULE)
    assert set(verdicts(*rules)[1]) == {(TLS_RULE, "near"), (TLS_RULE, "far"), (ROTATION_RULE, near)}
    _, found = verdicts(*rules, "--region", "eu-west-1", "--region", "us-east-1")
    assert set(found) == {(TLS_RULE, "near"), (TLS_RULE, "far"), (ROTATION_RULE, near), (ROTATION_RULE, far)}


def test_naming_resources_leaves_the_others_out(aws, verdicts):
    make_bucket(aws, "one")
    make_bucket(aws, "two")
    key, other = make_key(aws), make_key(aws)
    aws.client("kms").create_alias(AliasName="alias/named", TargetKeyId=other)
    rules = ("--rule", TLS_RULE, "--rule", ROTATION_RULE)
    assert set(verdicts(*rules, "--bucket", "one")[1]) == {(TLS_RULE, "one")}
    assert set(verdicts(*rules, "--key", key)[1]) == {(ROTATION_RULE, key)}
    assert set(verdicts(*rules, "--key", "alias/named", "--bucket", "two")[1]) == {
        (ROTATION_RULE, other),
        (TLS_RULE, "two"),
    }


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--bucket", "absent"], "Error: bucket `absent`: not found among the 1 of account "),
        (["--key", "absent"], "Error: key `absent`: not found in account "),
        (["--rule", "NO_RULE"], "Error: unknown rule `NO_RULE`: expected one of KMS_KEY_"),
        (["--rule", TLS_RULE, "--key", "x"], "Error: nothing to judge: the rules chosen are not about the resources"),
        (["--profile", "absent"], "Error: The config profile (absent) could not be found"),
        (["--endpoint-url", "nonsense"], "Error: Invalid endpoint: nonsense"),
        (["--endpoint-url", "http://127.0.0.1:9"], "Error: "),
        (["--concurrency", "0"], "Usage: "),
        (["--json", "--nonsense"], "Usage: "),
        (["--parameters", "/nowhere"], "Usage: "),
    ],
)
def test_what_cannot_run_exits_with_two_and_a_sentence(aws, scan, arguments, sentence):
    make_bucket(aws, "plain")
    code, out, said = scan(*arguments)
    assert (code, out) == (2, "")
    assert said.startswith(sentence)
    assert "Traceback" not in said


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("{", "not JSON"),
        ("[]", "expected an object of rules"),
        (f'{{"{TLS_RULE}": 1}}', f"{TLS_RULE}: expected an object of parameters"),
        (f'{{"{TLS_RULE}": {{}}, "{TLS_RULE}": {{}}}}', "is repeated in one object"),
        ('{"NO_RULE": {}}', "unknown rule `NO_RULE`"),
        (f'{{"{TLS_RULE}": {{"Nonsense": "1"}}}}', f"{TLS_RULE}: unknown rule parameter `Nonsense`"),
        (f'{{"{ROTATION_RULE}": {{"MaxDays": "never"}}}}', f"{ROTATION_RULE}: "),
    ],
)
def test_unusable_parameters_are_told_with_their_place(aws, scan, tmp_path, text, sentence):
    path = tmp_path / "parameters.json"
    path.write_text(text, encoding="utf-8")
    code, out, said = scan("--parameters", str(path))
    assert (code, out) == (2, "")
    assert sentence in said


def test_no_region_is_told(aws, capsys, monkeypatch):
    environment = {name: value for name, value in aws.environment().items() if "REGION" not in name}
    with only(environment):
        assert main(["scan"]) == 2
    assert capsys.readouterr().err == "Error: no Region is configured: pass --region\n"


def test_a_refused_resource_costs_itself_only_and_is_listed(aws, verdicts):
    for name in ("closed", "good"):
        make_bucket(aws, name, policy=tls_policy(name))
    aws.faults.deny("s3:GetBucketPolicy", "closed")
    assert verdicts("--rule", TLS_RULE) == (
        3,
        {(TLS_RULE, "closed"): "UNDETERMINED", (TLS_RULE, "good"): "COMPLIANT"},
    )


def test_a_throttled_resource_costs_itself_only(aws, verdicts, monkeypatch):
    for name in ("busy", "good"):
        make_bucket(aws, name, policy=tls_policy(name))
    aws.faults.throttle("s3:GetBucketPolicy", "busy", times=None)
    patient = {"retries": {"mode": "standard", "total_max_attempts": 1}}
    monkeypatch.setattr("s3_guardrails.live.clients.SETTINGS", Config(**patient))  # adaptive retries take their time
    assert verdicts("--rule", TLS_RULE) == (
        3,
        {(TLS_RULE, "busy"): "UNDETERMINED", (TLS_RULE, "good"): "COMPLIANT"},
    )


def test_findings_win_over_undetermined(aws, verdicts):
    make_bucket(aws, "plain")
    make_bucket(aws, "closed")
    aws.faults.deny("s3:GetBucketPolicy", "closed")
    assert verdicts("--rule", TLS_RULE)[0] == 1


def test_a_refused_listing_is_no_empty_account(aws, scan):
    make_bucket(aws, "plain")
    aws.faults.deny("kms:ListKeys")
    code, out, said = scan("--json", "--rule", TLS_RULE, "--rule", ROTATION_RULE)
    read = json.loads(out)
    assert code == 2  # although there are findings
    assert [each["resource_id"] for each in read["findings"]] == ["plain"]
    assert read["failures"] == [line.removeprefix("not judged: ") for line in said.splitlines() if "not judged" in line]
    assert "ListKeys" in read["failures"][0]


def test_an_unclassified_bucket_is_counted_apart(aws, scan):
    make_bucket(aws, "plain")
    make_bucket(aws, "classified")
    tag = {"Key": "data-class", "Value": "internal"}
    aws.client("s3").put_bucket_tagging(Bucket="classified", Tagging={"TagSet": [tag]})
    _, out, said = scan("--json", "--rule", "S3_BUCKET_DEFAULT_ENCRYPTION")
    read = json.loads(out)
    assert (read["resources"], read["unclassified"]) == (2, 1)
    assert "1 of them unclassified" in said
    assert sum(read["verdicts"].values()) == len(read["findings"]) == 2


def test_each_fact_of_a_resource_is_read_once_for_all_rules(aws, verdicts, monkeypatch):
    make_bucket(aws, "plain")
    calls = []
    make = BaseClient._make_api_call

    def counted(client, operation, arguments):
        calls.append((operation, arguments.get("Bucket")))
        return make(client, operation, arguments)

    monkeypatch.setattr(BaseClient, "_make_api_call", counted)
    verdicts("--bucket", "plain")
    of_the_bucket = [operation for operation, bucket in calls if bucket == "plain"]
    assert sorted(of_the_bucket) == sorted(set(of_the_bucket))
    assert "GetBucketPolicy" in of_the_bucket


def test_the_table_is_plain_text_where_nobody_watches(aws, scan):
    long_name = "a-bucket-with-" + "a-long-" * 6 + "name"
    make_bucket(aws, long_name)
    _, out, said = scan("--rule", TLS_RULE)
    heading, row, *_ = out.splitlines()
    assert heading.split() == ["verdict", "rule", "resource", "region", "reason"]
    assert row.split()[:4] == ["NON_COMPLIANT", TLS_RULE, long_name, "us-east-1"]
    assert "\x1b" not in out + said
    assert "1 resource: 1 NON_COMPLIANT" in said


def test_csv_has_a_row_for_each_finding(aws, scan):
    make_bucket(aws, "plain")
    _, out, _ = scan("--csv", "--rule", TLS_RULE)
    rows = list(csv.DictReader(io.StringIO(out)))
    assert len(rows) == 1
    assert (rows[0]["verdict"], rows[0]["resource"], rows[0]["rule"]) == ("NON_COMPLIANT", "plain", TLS_RULE)
    assert re.match(r"[A-Z_]+: ", rows[0]["reason"])


class S3_NAMED(BucketRule):  # noqa: N801
    """The bucket has a name."""

    severity = Severity.LOW
    controls = ()
    remediation = "None"

    def decide(self, bucket: Bucket) -> Decision:
        if bucket.name == "broken":
            raise ZeroDivisionError("oh\x1b[31m")
        return compliant("NAMED", '=HYPERLINK("x") [red]name[/red] :smile: \x1b[31m\u202e')


def judged(name):
    bucket = Bucket(name=name, account="111122223333", region="us-east-1")
    return Subject(bucket, reader=None).judge([S3_NAMED()])


def test_a_rule_that_breaks_costs_the_resource_its_verdict_and_not_the_scan():
    [finding] = judged("broken")
    assert finding.decision.verdict is Verdict.UNDETERMINED
    assert finding.decision.codes == ("RULE_FAILED",)


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r"])
def test_no_cell_of_the_csv_is_a_formula(start):
    [finding] = judged("name")
    hostile = Finding(finding.rule, Bucket(name=f"{start}1+1", account="1", region="r"), finding.decision)
    [row] = csv.DictReader(io.StringIO(csv_of([hostile])))
    assert not any(cell.startswith(("=", "+", "-", "@", "\t", "\r")) for cell in row.values())
    assert "1+1" in row["resource"]


def test_text_of_others_is_shown_as_it_is_and_escaped(monkeypatch, capsys):
    from s3_guardrails.cli.table import show_table

    show_table(judged("name"))
    out = capsys.readouterr().out
    assert "[red]name[/red] :smile: \\x1b[31m\\u202e" in out
    assert "\x1b" not in out


@pytest.mark.parametrize("output", [[], ["--json"], ["--csv"]])
def test_a_reader_that_leaves_is_no_finding(aws, output):
    make_bucket(aws, "good", policy=tls_policy("good"))
    command = [sys.executable, "-m", "s3_guardrails", "scan", "--rule", TLS_RULE, *output]
    with only(aws.environment()):
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    process.stdout.close()
    said = process.stderr.read()
    process.stderr.close()
    assert process.wait(60) == 2
    assert b"Traceback" not in said
    assert b"Exception ignored" not in said


def test_a_terminal_gets_colour_and_progress(aws):
    """Run under a pseudo terminal, as a person would."""
    make_bucket(aws, "plain")
    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "s3_guardrails", "scan", "--rule", TLS_RULE]
    with only(aws.environment()):
        environment = {**os.environ, "TERM": "xterm-256color", "COLUMNS": "100"}
        process = subprocess.Popen(command, stdout=theirs, stderr=theirs, stdin=theirs, env=environment)
    os.close(theirs)
    shown = b""
    while True:
        try:
            chunk = os.read(ours, 65536)
        except OSError:
            break
        shown += chunk
        if not chunk:
            break
    os.close(ours)
    assert process.wait(60) == 1
    assert b"\x1b[" in shown
    assert b"judging" in shown


def test_an_arn_of_elsewhere_is_not_the_own_key_of_that_name(aws, scan):
    kms = aws.client("kms")
    meta = kms.create_key()["KeyMetadata"]
    kms.create_alias(AliasName="alias/named", TargetKeyId=meta["KeyId"])
    here = meta["Arn"].rpartition(":")[0]
    account = here.split(":")[4]
    for elsewhere in (
        here.replace(account, "999988887777"),
        here.replace("us-east-1", "eu-west-1"),
        here.replace("arn:aws:", "arn:aws-cn:"),
    ):
        for name in ("alias/named", f"key/{meta['KeyId']}"):
            code, out, said = scan("--rule", ROTATION_RULE, "--key", f"{elsewhere}:{name}")
            assert (code, out) == (2, "")
            assert said.startswith(f"Error: key `{elsewhere}:{name}`: expected an ARN of account {account}, us-east-1")
    assert scan("--rule", ROTATION_RULE, "--key", f"{here}:alias/named")[0] == 1


def test_a_name_given_twice_is_judged_once(aws, scan):
    make_bucket(aws, "one", policy=tls_policy("one"))
    _, out, _ = scan("--json", "--rule", TLS_RULE, "--bucket", "one", "--bucket", "one")
    assert [each["resource_id"] for each in json.loads(out)["findings"]] == ["one"]


@pytest.mark.parametrize("program", ["/nowhere/program", "/bin/echo rubbish"])
def test_a_credential_process_that_fails_is_a_sentence(tmp_path, capsys, program):
    settings = tmp_path / "config"
    settings.write_text(f"[default]\nregion = us-east-1\ncredential_process = {program}\n")
    with only({"AWS_CONFIG_FILE": str(settings), "AWS_SHARED_CREDENTIALS_FILE": str(tmp_path / "none")}):
        assert main(["scan"]) == 2
    said = capsys.readouterr().err
    assert said.startswith("Error: ")
    assert said.count("\n") == 1


@pytest.mark.parametrize(
    "answer", [{}, {"Account": "111122223333"}, {"Account": "111122223333", "Arn": "x"}, {"Account": "1", "Arn": None}]
)
def test_an_answer_without_identity_is_a_sentence(scan, monkeypatch, answer):
    monkeypatch.setattr("s3_guardrails.cli.account.listing", lambda _: answer)
    code, out, said = scan()
    assert (code, out) == (2, "")
    assert said.startswith("Error: GetCallerIdentity: expected the account and the ARN")
