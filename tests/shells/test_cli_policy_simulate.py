"""`simulate`: one request against a policy; every counterexample that another command prints goes in as it is."""

import io
import json
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "cases"))
from labelled import labelled

from s3_guardrails.cli import main

TEMPLATES = Path(__file__).parents[1] / "cases" / "templates"
CASES = [*labelled("tls", "uploads", "key_policy")]
ROLE = "arn:aws:iam::111122223333:role/app"


def document_of(case):
    return json.loads(case.policy) if isinstance(case.policy, str) else case.policy


@pytest.fixture
def run(capsys):
    def call(*arguments):
        code = main([str(each) for each in arguments])
        shown = capsys.readouterr()
        return code, shown.out, shown.err

    return call


@pytest.fixture
def simulate(run, tmp_path):
    def call(policy, request, *options):
        paths = []
        for name, data in (("policy.json", policy), ("request.json", request)):
            path = data if isinstance(data, Path) else tmp_path / name
            if path is not data:
                path.write_bytes(data if isinstance(data, bytes) else json.dumps(data).encode())
            paths.append(path)
        return run("simulate", *paths, *options)

    return call


def request(action="s3:GetObject", resource="arn:aws:s3:::data/x", principal=ROLE, **context):
    account = principal.split(":")[4] if principal.startswith("arn:") else None
    named = {name.replace("_", ":"): value for name, value in context.items()}
    return {"principal": principal, "account": account, "action": action, "resource": resource, "context": named}


POLICY = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Sid": "DenyHttp",
            "Effect": "Deny",
            "Principal": "*",
            "Action": "s3:*",
            "Resource": "*",
            "Condition": {"Bool": {"aws:SecureTransport": "false"}},
        },
        {
            "Sid": "Read",
            "Effect": "Allow",
            "Principal": {"AWS": ROLE},
            "Action": "s3:Get*",
            "Resource": "arn:aws:s3:::data/*",
        },
        {
            "Sid": "Strange",
            "Effect": "Deny",
            "Principal": "*",
            "Action": "s3:DeleteObject",
            "Resource": "*",
            "Mood": "bad",
        },
    ],
}
OTHER = "arn:aws:iam::444455556666:role/other"


@pytest.mark.parametrize(
    ("asked", "code", "outcome", "determining", "sentence"),
    [
        (request(), 0, "allow", ["Read"], "the policy allows it"),
        (
            request(principal=OTHER),
            0,
            "implicit deny",
            [],
            "no statement allows or denies it: identity policies decide",
        ),
        (request(aws_SecureTransport="false"), 1, "explicit deny", ["DenyHttp"], "the policy denies it"),
        (request("s3:DeleteObject"), 3, "undetermined", ["Strange"], "that depends on a part that is not known"),
    ],
)
def test_the_outcome_its_statements_and_its_exit_status(simulate, asked, code, outcome, determining, sentence):
    assert simulate(POLICY, asked)[0] == code
    _, out, said = simulate(POLICY, asked, "--json")
    found = json.loads(out)
    assert (found["outcome"], found["determining"], found["request"]) == (outcome, determining, asked)
    assert sentence in found["sentence"]
    assert sentence in said


def test_each_statement_says_which_of_its_elements_do_not_match(simulate):
    code, out, _ = simulate(POLICY, request("s3:PutObject", aws_SecureTransport="true"))
    assert code == 0
    assert out.splitlines() == [
        "implicit deny",
        f"  {ROLE} of account 111122223333",
        "  calls s3:PutObject on arn:aws:s3:::data/x",
        "  with aws:SecureTransport = true",
        "  Deny `DenyHttp` does not apply: no match: Bool aws:SecureTransport",
        "  Allow `Read` does not apply: no match: Action",
        "  Deny `Strange` does not apply: no match: Action",
    ]
    _, out, _ = simulate(POLICY, request("s3:DeleteObject"))
    assert "  Deny `Strange` may apply: open: Statement[2].Mood: unknown element" in out.splitlines()
    _, out, _ = simulate(POLICY, request(principal=OTHER), "--json")
    [read] = [each for each in json.loads(out)["statements"] if each["statement"] == "Read"]
    assert read["elements"] == [
        {"element": "Principal", "matches": False},
        {"element": "Action", "matches": True},
        {"element": "Resource", "matches": True},
    ]


def test_kms_denies_what_the_key_policy_does_not_allow(simulate):
    key = {"Version": "2012-10-17", "Statement": []}
    asked = request("kms:Decrypt", "arn:aws:kms:us-east-1:111122223333:key/x")
    code, out, said = simulate(key, asked)
    assert (code, out.splitlines()[0]) == (1, "implicit deny")
    assert "KMS denies what the key policy does not allow" in said


@pytest.mark.parametrize("case", [each for each in CASES if each.verdict == "fail"], ids=lambda case: case.id)
def test_every_counterexample_of_explain_policy_and_of_prove_is_let_through(run, simulate, tmp_path, case):
    path, line, answer = (tmp_path / name for name in ("policy.json", "case.jsonl", "answer.json"))
    path.write_text(json.dumps(document_of(case)))
    where = ["--account", case.own, *(["--bucket", case.bucket] if case.bucket else [])]
    params = [option for name, value in case.params.items() for option in ("--param", f"{name}={json.dumps(value)}")]
    code, out, _ = run("explain-policy", path, "--question", case.topic, *where, *params, "--json")
    told = [out]
    asked = {"id": case.id, "topic": case.topic, "own": case.own, "policy": case.policy, "params": case.params}
    line.write_text(json.dumps({**asked, "bucket": case.bucket} if case.bucket else asked))
    code_of_prove, out, _ = run("prove", "--cases", line)
    assert (code, code_of_prove) == (1, 1)
    told.append(out)
    for each in told:
        answer.write_text(each)
        if case.topic == "kms-lockout":
            assert simulate(path, answer)[0] == 2  # there is nobody to name
            continue
        code, out, _ = simulate(path, answer)
        assert (code, out.splitlines()[0].partition(",")[0]) in {(0, "allow"), (0, "implicit deny")}


@pytest.mark.parametrize("file", ["tls.yaml", "keys.yaml", "conditions.yaml", "open_values.yaml", "plan.json"])
@pytest.mark.parametrize("topic", ["tls", "kms-outside", "kms-both"])
def test_every_counterexample_about_a_template_is_let_through_by_the_template(run, simulate, file, topic):
    options = ["--parameter", "Stage=test", "--parameter", "Strict=no"] if file == "conditions.yaml" else []
    _, out, _ = run("explain-policy", TEMPLATES / file, "--question", topic, *options, "--json")
    for each in json.loads(out)["policies"] if out else []:
        if each["counterexample"]:
            code, out, _ = simulate(TEMPLATES / file, each, "--policy", each["place"], *options)
            assert code == 0, (each, out)


def test_the_policy_of_a_template_is_found_by_what_the_request_is_about(simulate):
    template = {
        "Resources": {
            name: {"Type": "AWS::S3::BucketPolicy", "Properties": {"Bucket": name.lower(), "PolicyDocument": POLICY}}
            for name in ("Data", "Logs")
        }
    }
    code, out, _ = simulate(template, request(), "--json")
    assert (code, json.loads(out)["place"]) == (0, "Data")
    code, _, said = simulate(template, request(resource="arn:aws:s3:::third/x"))
    assert (code, "pass --policy with one of Data, Logs" in said) == (2, True)
    code, out, _ = simulate(template, request(resource="arn:aws:s3:::third/x"), "--policy", "Logs", "--json")
    assert (code, json.loads(out)["place"]) == (0, "Logs")
    code, _, said = simulate(template, request("kms:Decrypt"))
    assert (code, "no key policy to judge kms:Decrypt by, among Data, Logs" in said) == (2, True)


def test_a_template_that_is_open_answers_for_each_deployment(simulate):
    asked = request(resource="arn:aws:s3:::named/x", aws_SecureTransport="false")
    where = ["--policy", "Mapped", "--account", "111122223333"]
    code, out, _ = simulate(TEMPLATES / "conditions.yaml", asked, *where)
    assert (code, out.splitlines()[0]) == (3, "undetermined")
    assert "  explicit deny with Stage prod" in out.splitlines()
    assert "  implicit deny with Stage test" in out.splitlines()
    assert simulate(TEMPLATES / "conditions.yaml", asked, *where, "--parameter", "Stage=prod")[0] == 1
    code, _, said = simulate(TEMPLATES / "conditions.yaml", asked, "--policy", "OnlyProd", "--parameter", "Stage=test")
    assert (code, "OnlyProd is part of no deployment" in said) == (2, True)


@pytest.mark.parametrize(
    ("asked", "sentence"),
    [
        (b"", "`{}`: not JSON"),
        (b"\xff", "`{}`: not UTF-8 at byte 1"),
        (b"[" * 100_000, "`{}`: nested too deeply"),
        ([], "`{}`: request: expected an object"),
        ({}, "`{}`: request.principal: expected a string"),
        ({"counterexample": None}, "`{}`: expected one request, found 0 counterexamples"),
        ({"policies": [{"counterexample": request()}] * 2}, "`{}`: expected one request, found 2 counterexamples"),
        ({**request(), "context": {"a": 1}}, "`{}`: request.context.a: expected a string or a list of strings"),
    ],
)
def test_a_request_that_is_none_is_told(simulate, tmp_path, asked, sentence):
    code, out, said = simulate(POLICY, asked)
    assert (code, out) == (2, "")
    assert sentence.format(tmp_path / "request.json") in said


def test_standard_input_can_be_one_of_the_two(run, tmp_path, monkeypatch):
    path = tmp_path / "policy.json"
    path.write_text(json.dumps(POLICY))
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(json.dumps(request()).encode())))
    assert run("simulate", path, "-")[0] == 0
    code, _, said = run("simulate", "-", "-")
    assert (code, "expected only one of them to be stdin" in said) == (2, True)


def test_what_a_request_names_cannot_reach_the_terminal_raw(simulate):
    nasty = "\x1b[31m\u202e\udc80"
    code, out, said = simulate(POLICY, {**request(principal=nasty), "context": {nasty: [nasty]}})
    assert code == 0
    assert {each for each in out + said if not each.isprintable()} == {"\n"}
