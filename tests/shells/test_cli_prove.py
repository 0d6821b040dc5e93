"""`prove` in bulk: one answer per case, bad lines told by number and field, the exit status by precedence."""

import json
import subprocess
import sys

import pytest

from s3_guardrails.cli import main
from s3_guardrails.cli.exit_code import ExitCode, worst
from s3_guardrails.policy.authorize import Outcome, authorize
from s3_guardrails.policy.document import parse_policy
from s3_guardrails.policy.request import Request

BUCKET = "arn:aws:s3:::bucket"
TLS_ONLY = {
    "Version": "2012-10-17",
    "Statement": {
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:*",
        "Resource": [BUCKET, f"{BUCKET}/*"],
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
    },
}
NOTHING = {"Version": "2012-10-17", "Statement": []}
HEADER = {
    "Version": "2012-10-17",
    "Statement": {
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:PutObject",
        "Resource": f"{BUCKET}/*",
        "Condition": {"StringNotEqualsIfExists": {"s3:x-amz-server-side-encryption": "AES256"}},
    },
}
ROOT = {
    "Effect": "Allow",
    "Principal": {"AWS": "arn:aws:iam::111122223333:root"},
    "Action": "kms:*",
    "Resource": "*",
}
DECRYPTER = {
    "Effect": "Allow",
    "Principal": {"AWS": "arn:aws:iam::111122223333:role/writer"},
    "Action": "kms:Decrypt",
    "Resource": "*",
}
KEY = {"Version": "2012-10-17", "Statement": [ROOT, DECRYPTER]}
SSE = {"modes": ["AES256"], "default": "AES256", "blocked": ["SSE-C"]}


def case(topic="tls", policy=TLS_ONLY, **fields):
    given = {"id": "one", "topic": topic, "own": "111122223333", "policy": policy, **fields}
    return json.dumps({"bucket": "bucket", **given} if topic in {"tls", "sse", "uploads"} else given)


@pytest.fixture
def prove(tmp_path, capsys):
    def run(*lines):
        path = tmp_path / "cases.jsonl"
        path.write_bytes(b"\n".join(line if isinstance(line, bytes) else line.encode() for line in lines))
        code = main(["prove", "--cases", str(path)])
        shown = capsys.readouterr()
        return code, [json.loads(line) for line in shown.out.splitlines()], shown.err.splitlines()

    return run


def test_a_guardrail_that_holds_is_proved(prove):
    code, answers, said = prove(case(verdict="fail", reason="left alone", assumes="too"))
    assert code == 0
    assert [set(answer) for answer in answers] == [{"id", "answer", "counterexample", "reasons"}]
    assert (answers[0]["id"], answers[0]["answer"], answers[0]["counterexample"]) == ("one", "proved", None)
    assert said == ["1 proved"]


def test_a_refutation_carries_a_request_that_the_evaluator_lets_through(prove):
    code, [answer], _ = prove(case(policy=NOTHING, id=7))
    assert (code, answer["id"], answer["answer"]) == (1, 7, "refuted")
    assert set(answer["counterexample"]) == {"principal", "account", "action", "resource", "context"}
    request = Request.from_json(answer["counterexample"])
    assert authorize(parse_policy(NOTHING), request).outcome is Outcome.IMPLICIT_DENY
    assert authorize(parse_policy(TLS_ONLY), request).outcome is Outcome.EXPLICIT_DENY


@pytest.mark.parametrize(
    ("topic", "policy", "params", "answer"),
    [
        ("tls", TLS_ONLY, {"services": False}, "proved"),
        ("sse", HEADER, SSE, "proved"),
        ("uploads", HEADER, SSE, "proved"),
        ("uploads", NOTHING, SSE, "refuted"),
        ("kms-outside", KEY, {"inside": ["222233334444"], "org": ["o-1"], "services_ok": []}, "proved"),
        ("kms-both", KEY, {}, "proved"),
        ("kms-wildcard", KEY, None, "proved"),
        ("kms-writeonly", KEY, {"principals": ["arn:aws:iam::111122223333:role/writer"]}, "refuted"),
        ("kms-writeonly", KEY, {"principals": ["arn:aws:iam::111122223333:role/reader"]}, "proved"),
    ],
)
def test_every_topic_is_answered(prove, topic, policy, params, answer):
    _, [read], said = prove(case(topic, policy, params=params))
    assert (read["answer"], said) == (answer, [f"1 {answer}"])


@pytest.mark.parametrize(
    ("policy", "path"),
    [
        ({"Version": "2012-10-17", "Statement": [{"Effect": "Deny", "Condition": []}]}, "Statement[0].Condition"),
        ({"Version": 2012, "Statement": []}, "Version"),
        ("{", "line 1 column 2"),
        ({}, "Statement"),
    ],
)
def test_a_policy_that_is_none_is_inconclusive_with_its_path(prove, policy, path):
    code, [answer], _ = prove(case(policy=policy))
    assert (code, answer["answer"], answer["counterexample"]) == (3, "inconclusive", None)
    assert path in answer["reasons"][0]


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        ("{", "not JSON: Expecting property name enclosed in double quotes at line 1 column 2"),
        ("[]", "expected an object with topic, own and policy, found a list"),
        ("null", "expected an object with topic, own and policy, found null"),
        (b'{"topic": "\xff"}', "not UTF-8 at byte 12"),
        ('{"topic": "tls", "topic": "sse"}', "the key `topic` is repeated in one object"),
        ('{"topic": NaN}', "not JSON: `NaN` is no JSON number"),
        ('{"topic":' + "[" * 100_000, "nested too deeply"),
        ("{}", "topic: expected the topic of the question, found nothing"),
        ('{"topic": ["tls"]}', "topic: expected the topic of the question, found a list"),
        (case("ftp"), "topic: expected one of tls, sse, uploads, kms-outside, "),
        (case(id=[]), "id: expected a string or a whole number, found a list"),
        (case(id=True), "id: expected a string or a whole number, found a truth value"),
        (case(own="11112222333"), "own: expected an account id of 12 digits, found `11112222333`"),
        (case(own=111122223333), "own: expected an account id of 12 digits, found a number"),
        (case(policy=None), "policy: expected an object, found null"),
        (case(bucket=""), "bucket: expected the name of a bucket, found ``"),
        (case(params=[]), "params: expected an object, found a list"),
        (case(params={"servces": True}), "params.servces: expected one of "),
        (case(params={"services": "no"}), "params.services: expected true or false"),
        (case("sse", params={"modes": "AES256"}), "params.modes: expected a list of strings"),
        (case("sse", params={**SSE, "modes": ["AES512"]}), "params.modes: expected "),
        (case("sse", params={**SSE, "default": "none"}), "params.default: expected one of "),
        (case("sse"), "params.modes: expected at least one mode"),
        (case("kms-both", KEY, params={"principals": []}), "params.principals: expected one of "),
        (case("kms-writeonly", KEY), "params.principals: expected at least one principal ARN"),
    ],
)
def test_a_line_that_is_no_case_is_told_by_number_and_field_and_the_others_are_answered(prove, line, sentence):
    code, answers, said = prove(case(), "", line, case(policy=NOTHING, id="two"))
    assert code == 2
    assert [(each["id"], each["answer"]) for each in answers] == [("one", "proved"), ("two", "refuted")]
    assert said[0].startswith(f"line 3: {sentence}")
    assert said[1:] == ["1 bad input, 1 proved, 1 refuted"]


def test_no_cases_prove_nothing(prove):
    assert prove("", " ") == (2, [], ["no cases"])


def test_refuted_wins_over_inconclusive_and_bad_input_over_both(prove):
    malformed = case(policy={})
    assert prove(case(), malformed)[0] == 3
    assert prove(malformed, case(policy=NOTHING), case())[0] == 1
    assert prove(malformed, case(policy=NOTHING), "no case")[0] == 2


def test_the_precedence_of_exit_codes():
    assert worst([]) is ExitCode.COMPLIANT
    assert worst(list(ExitCode)) is ExitCode.COULD_NOT_RUN
    assert worst([ExitCode.UNDETERMINED, ExitCode.FINDINGS]) is ExitCode.FINDINGS
    assert worst([ExitCode.UNDETERMINED, ExitCode.COMPLIANT]) is ExitCode.UNDETERMINED


def test_what_a_case_names_cannot_reach_the_terminal_raw(prove):
    _, answers, said = prove(case(id="\x1b[31m\udc80"), case(own="\x1b[31m\u202e"))
    assert answers[0]["id"] == "\x1b[31m\udc80"
    assert "\\x1b[31m\\u202e" in said[0]


def test_a_file_that_is_not_there_is_told_without_a_traceback(capsys):
    assert main(["prove", "--cases", "/nowhere/cases.jsonl"]) == 2
    assert "No such file or directory" in capsys.readouterr().err


def test_answers_stream_line_by_line():
    command = [sys.executable, "-m", "s3_guardrails", "prove", "--cases", "-"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        for number in range(2):  # the answer arrives while the input is still open
            process.stdin.write(case(id=number).encode() + b"\n")
            process.stdin.flush()
            assert json.loads(process.stdout.readline())["id"] == number
        process.stdin.close()
        assert process.wait(30) == 0


def test_a_reader_that_leaves_is_no_finding():
    command = [sys.executable, "-m", "s3_guardrails", "prove", "--cases", "-"]
    many = "\n".join([case()] * 3000).encode()
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        process.stdout.close()
        _, said = process.communicate(many, timeout=60)
    assert (process.returncode, said) == (2, b"")


def test_a_defect_costs_one_line_only(prove, monkeypatch):
    asked = []
    real = sys.modules["s3_guardrails.cli.prove"].ask

    def ask(*args, **kwargs):
        asked.append(args)
        if len(asked) == 2:
            raise RecursionError("too \x1b deep")
        return real(*args, **kwargs)

    monkeypatch.setattr(sys.modules["s3_guardrails.cli.prove"], "ask", ask)
    code, answers, said = prove(case(id=1), case(id=2), case(id=3))
    assert (code, [each["id"] for each in answers]) == (2, [1, 3])
    assert said == ["line 2: failed: RecursionError: too \\x1b deep", "1 failed, 2 proved"]


def test_the_last_resort_is_a_sentence_and_no_finding(monkeypatch, capsys):
    def broken(_):
        raise RuntimeError("odd\x1b[31m")

    monkeypatch.setattr(sys.modules["s3_guardrails.cli.prove"], "worst", broken)
    assert main(["prove", "--cases", "/dev/null"]) == 2
    monkeypatch.setattr(sys.modules["s3_guardrails.cli.prove"], "say", broken)
    assert main(["prove", "--cases", "/dev/null"]) == 2
    assert capsys.readouterr().err.splitlines()[-1] == "Error: RuntimeError: odd\\x1b[31m"


@pytest.mark.parametrize(
    ("redirection", "status"),
    [(">/dev/full", 2), ("2>/dev/full", 2), (">&-", 2), ("2>&-", 0), (">&- 2>&-", 2), (">/dev/full 2>/dev/full", 2)],
)
def test_an_answer_that_nobody_gets_is_no_success(tmp_path, redirection, status):
    path = tmp_path / "cases.jsonl"
    path.write_text(case())
    script = f'"$0" -m s3_guardrails prove --cases "$1" {redirection}'
    done = subprocess.run(["/bin/sh", "-c", script, sys.executable, path], capture_output=True, timeout=60, check=False)
    assert (done.returncode, b"Traceback" in done.stderr) == (status, False)
    assert b"Exception ignored" not in done.stderr


def test_closed_stdin_has_no_cases():
    script = '"$0" -m s3_guardrails prove --cases - <&-'
    done = subprocess.run(["/bin/sh", "-c", script, sys.executable], capture_output=True, timeout=60, check=False)
    assert (done.returncode, done.stdout) == (2, b"")
    assert b"Traceback" not in done.stderr
