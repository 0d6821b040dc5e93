"""`explain-policy`: files in, verdicts with their proof out; the exit status by precedence; hostile names stay text."""

import json
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree as ET

import jsonschema
import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "unit"))
sys.path.insert(0, str(Path(__file__).parents[1] / "cases"))
from labelled import labelled
from sarif_subset import SCHEMA

from s3_guardrails.cli import main
from s3_guardrails.cli.explain_policy import ABOUT
from s3_guardrails.encryption.question import TOPICS
from s3_guardrails.policy.request import Request

TEMPLATES = Path(__file__).parents[1] / "cases" / "templates"
BUCKET = "arn:aws:s3:::data"
ROLE = "arn:aws:iam::111122223333:role/x"
ROOT = {"Effect": "Allow", "Principal": {"AWS": "111122223333"}, "Action": "kms:*", "Resource": "*"}


def deny_http(resource, **fields):
    statement = {"Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": resource}
    return {**statement, "Condition": {"Bool": {"aws:SecureTransport": "false"}}, **fields}


def policy(*statements):
    return {"Version": "2012-10-17", "Statement": list(statements)}


WHOLE = policy(deny_http([BUCKET, f"{BUCKET}/*"], Sid="DenyHttp"))
HALF = policy(deny_http(f"{BUCKET}/*", Sid="ObjectsOnly"))


@pytest.fixture
def explain(tmp_path, capsys):
    def run(document, question, *options):
        if isinstance(document, Path):
            path = document
        else:
            path = tmp_path / "policy.json"
            path.write_bytes(document if isinstance(document, bytes) else json.dumps(document).encode())
        code = main(["explain-policy", str(path), "--question", question, *options])
        shown = capsys.readouterr()
        return code, shown.out, shown.err

    return run


@pytest.fixture
def answer(explain):
    """The one answer in JSON, and the exit status."""

    def run(document, question, *options):
        code, out, _ = explain(document, question, *options, "--json")
        [found] = json.loads(out)["policies"]
        return code, found

    return run


def test_a_proof_names_the_statements_that_carry_it_and_those_it_does_not_need(answer):
    spare = deny_http(f"{BUCKET}/*", Sid="Spare", Action="s3:GetObject")
    code, found = answer(policy(spare, *WHOLE["Statement"]), "tls")
    assert (code, found["answer"], found["carried_by"], found["not_needed"]) == (0, "proved", ["DenyHttp"], ["Spare"])
    assert (found["bucket"], found["counterexample"]) == ("data", None)
    assert found["assumed"][1] == "the bucket is `data`, as the policy's resources say"


def test_a_refutation_has_the_request_in_words_and_in_json_and_says_how_it_gets_past_each_deny(explain):
    code, out, said = explain(HALF, "tls", "--account", "444455556666")
    assert code == 1
    assert out.splitlines()[1:] == [
        "  arn:aws:iam::444455556666:role/x may call s3:ListBucket on arn:aws:s3:::data over plain HTTP",
        "  counterexample:",
        "    arn:aws:iam::444455556666:role/x of account 444455556666",
        "    calls s3:ListBucket on arn:aws:s3:::data",
        "    with aws:PrincipalArn = arn:aws:iam::444455556666:role/x",
        "    with aws:PrincipalIsAWSService = false",
        "    with aws:SecureTransport = false",
        "  Deny `ObjectsOnly` does not apply: Resource arn:aws:s3:::data/* does not cover arn:aws:s3:::data",
        "  assumed: the bucket is `data`, as the policy's resources say",
    ]
    assert said.endswith("policy.json: tls: 1 refuted\n")


def test_two_requests_of_one_principal_are_both_told(answer, explain):
    use = {"Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::111122223333:role/both"}, "Resource": "*"}
    document = policy(
        {**use, "Sid": "Use", "Action": "kms:Decrypt"}, {**use, "Sid": "Admin", "Action": "kms:PutKeyPolicy"}
    )
    _, out, _ = explain(document, "kms-both")
    assert "role/both may call kms:PutKeyPolicy" in out
    assert "role/both may call kms:Decrypt" in out
    assert answer(document, "kms-both")[1]["passages"][0]["statement"] == "Admin"


def test_somebody_who_can_change_the_policy_is_named_and_what_lets_them(answer, explain):
    code, found = answer(policy(ROOT, {**ROOT, "Sid": "Twice"}), "kms-lockout", "--account", "111122223333")
    assert (code, found["answer"], found["carried_by"], found["not_needed"]) == (
        0,
        "proved",
        ["Statement[0]"],
        ["Twice"],
    )
    _, out, _ = explain(policy(ROOT), "kms-lockout", "--account", "111122223333")
    assert "for example, arn:aws:iam::111122223333:role/x may call kms:PutKeyPolicy" in out
    code, found = answer(policy(), "kms-lockout")
    assert (code, found["answer"], found["message"]) == (
        1,
        "refuted",
        "no principal of the account may change the key policy",
    )


def test_every_topic_has_a_sentence_and_is_offered(explain):
    assert set(ABOUT) == set(TOPICS)
    _, _, said = explain(WHOLE, "ftp")
    assert all(topic in said for topic in TOPICS)


PARTNER = policy(ROOT, {**ROOT, "Principal": {"AWS": "444455556666"}, "Action": "kms:Decrypt"})


@pytest.mark.parametrize(
    ("document", "question", "options", "expected"),
    [
        (HALF, "tls", ["--param", "principals=[]"], "refuted"),
        (WHOLE, "tls", ["--param", "minimum=1.2"], "refuted"),
        (WHOLE, "tls", ["--param", 'minimum="1.2"', "--param", "services=false"], "refuted"),
        (PARTNER, "kms-outside", ["--account", "111122223333"], "refuted"),
        (PARTNER, "kms-outside", ["--account", "111122223333", "--param", 'inside=["444455556666"]'], "proved"),
        (PARTNER, "kms-outside", [], "refuted"),
        (policy(ROOT), "kms-outside", [], "inconclusive"),
        (policy(ROOT), "kms-writeonly", ["--param", 'principals=["arn:aws:iam::111122223333:role/x"]'], "proved"),
        (policy(deny_http("*")), "tls", [], "proved"),
        (policy(deny_http("arn:aws-cn:s3:::data*")), "tls", ["--bucket", "data", "--partition", "aws-cn"], "proved"),
        ({"Policy": json.dumps(WHOLE)}, "tls", [], "proved"),
    ],
)
def test_parameters_and_options_reach_the_question(answer, document, question, options, expected):
    assert answer(document, question, *options)[1]["answer"] == expected


def test_parameters_come_from_a_file_and_single_ones_stand_before_it(answer, tmp_path):
    params = tmp_path / "params.json"
    params.write_text('{"modes": ["AES256"], "default": "AES256"}')
    assert answer(policy(), "uploads", "--params", str(params), "--bucket", "b", "--param", "blocked=[]")[0] == 1
    header = {
        **deny_http("*", Action="s3:PutObject"),
        "Condition": {"StringNotEqualsIfExists": {"s3:x-amz-server-side-encryption": "AES256"}},
    }
    assert answer(policy(header), "uploads", "--params", str(params), "--param", 'blocked=["SSE-C"]')[0] == 0
    assert (
        answer(policy(header), "uploads", "--params", str(params), "--param", "default=aws:kms")[1]["answer"]
        == "proved"
    )


def test_an_answer_that_depends_on_the_deployment_says_on_what_and_how(answer):
    code, found = answer(policy(ROOT), "kms-outside")
    assert (code, found["answer"], found["counterexample"]) == (3, "inconclusive", None)
    assert found["reasons"] == [
        "the answer depends on the deployment: pass --account",
        "proved with account 111122223333: no request of the question gets past the policy",
        f"refuted with account 444455556666: {ROLE} may call kms:Decrypt on arn:aws:kms:us-east-1:444455556666:key/x",
    ]


def test_an_open_value_is_named_where_it_matters(answer):
    template = {
        "Parameters": {"Who": {"Type": "String"}},
        "Resources": {
            "P": {
                "Type": "AWS::S3::BucketPolicy",
                "Properties": {
                    "Bucket": "data",
                    "PolicyDocument": policy(deny_http("*", Principal={"AWS": {"Ref": "Who"}})),
                },
            }
        },
    }
    code, found = answer(template, "tls")
    assert (code, found["message"]) == (3, "the answer depends on parameter `Who`")
    assert answer(template, "tls", "--parameter", "Who=*")[0] == 0
    assert answer(template, "tls", "--parameter", "Who=arn:aws:iam::111122223333:role/x")[0] == 1


def test_the_exit_status_is_that_of_the_worst_answer(explain, tmp_path):
    good = {"Type": "AWS::S3::BucketPolicy", "Properties": {"Bucket": "data", "PolicyDocument": WHOLE}}
    bad = {"Type": "AWS::S3::BucketPolicy", "Properties": {"Bucket": "data", "PolicyDocument": HALF}}
    open_ = {
        "Type": "AWS::S3::BucketPolicy",
        "Properties": {"Bucket": "data", "PolicyDocument": {"Fn::ImportValue": "x"}},
    }
    broken = {"Type": "AWS::S3::BucketPolicy", "Properties": {"Bucket": "data", "PolicyDocument": {"Statement": [1]}}}
    for resources, code in (([good], 0), ([good, open_], 3), ([good, open_, bad], 1), ([broken, open_, bad, good], 2)):
        template = {"Resources": {f"R{number}": each for number, each in enumerate(resources)}}
        assert explain(template, "tls")[0] == code
    code, out, said = explain({"Resources": {"R0": broken, "R1": good}}, "tls")
    assert "unjudged  R0" in out
    assert "Resources.R0.Properties.PolicyDocument: Statement[0]: expected an object, found a number" in out
    assert said.endswith("tls: 1 proved, 1 unjudged\n")


def test_what_is_made_at_deployment_is_inconclusive_and_what_is_not_judged_is_said(explain):
    code, out, said = explain(TEMPLATES / "made_later.yaml", "tls")
    assert code == 3
    assert "`Fn::ForEach::Policies` makes resources at deployment" in out
    assert "the macro `OurMacro` changes the template" in out
    assert "`Nested` is a template of its own" in said
    assert "1 proved" in said


@pytest.mark.parametrize(
    ("document", "options", "sentence"),
    [
        (b"", [], "`{}`: expected a policy, a template or a plan, found nothing"),
        (b"{", [], "`{}`: not JSON: Expecting property name enclosed in double quotes at line 1 column 2"),
        (b"Resources:\n  A: [", [], "`{}`: not YAML: "),
        (b"\xff", [], "`{}`: not UTF-8 at byte 1"),
        (b"{}", [], "`{}`: expected Statement (a policy), Resources (a template)"),
        (policy({"Effect": "Perhaps"}), [], "`{}`: Statement[0].Effect: expected Allow or Deny, found `Perhaps`"),
        (policy(deny_http(["arn:aws:s3:::a", "arn:aws:s3:::b"])), [], ""),
        ({"Resources": {}}, [], "`{}`: no policy that tls is about, among 0 found"),
        (policy(ROOT), [], "`{}`: no policy that tls is about, among 1 found"),
        ({"Resources": {}}, ["--parameter", "X=1"], "`{}`: parameter `X`: the template has no such parameter"),
        (WHOLE, ["--parameter", "X=1"], "`{}`: --parameter: expected a CloudFormation template"),
        (WHOLE, ["--parameter", "X"], "--parameter: expected NAME=VALUE, found `X`"),
        (WHOLE, ["--account", "1"], "--account: expected an account id of 12 digits, found `1`"),
        (WHOLE, ["--bucket", "a/b"], "--bucket: expected the name of a bucket, found `a/b`"),
        (WHOLE, ["--region", "EU"], "--region: expected a Region such as us-east-1, found `EU`"),
        (WHOLE, ["--param", "minimum"], "--param: expected NAME=VALUE, found `minimum`"),
        (WHOLE, ["--param", "minimum=9"], ""),
        (WHOLE, ["--param", "other=1"], "--param other: expected one of "),
        (WHOLE, ["--param", "principals=[1"], "--param principals: not JSON"),
    ],
)
def test_bad_input_is_told_with_its_file_and_place(explain, tmp_path, document, options, sentence):
    code, out, said = explain(document, "tls", *options)
    assert code == 2
    assert sentence.format(tmp_path / "policy.json") in said
    assert "Traceback" not in out + said


def test_what_is_missing_for_an_answer_is_told_beside_the_policy(explain):
    _, out, _ = explain(policy(deny_http(["arn:aws:s3:::a", "arn:aws:s3:::b"])), "tls")
    assert "the resources name no single bucket: pass --bucket" in out
    _, out, _ = explain(WHOLE, "tls", "--param", "minimum=9")
    assert "params.minimum: expected one of" in out


def test_sarif_is_what_the_standard_says_and_carries_the_request(explain):
    code, out, _ = explain(TEMPLATES / "tls.yaml", "tls", "--format", "sarif")
    log = json.loads(out)
    jsonschema.validate(log, SCHEMA)
    assert code == 1
    kinds = {
        each["locations"][0]["logicalLocations"][0]["fullyQualifiedName"]: each["kind"]
        for each in log["runs"][0]["results"]
    }
    assert (kinds["Whole"], kinds["OnlyObjects"], kinds["MaybeAnother"]) == ("pass", "fail", "open")
    [refuted] = [
        each for each in log["runs"][0]["results"] if each["partialFingerprints"]["policy/v1"] == "tls:OnlyObjects"
    ]
    assert refuted["locations"][0]["physicalLocation"]["region"] == {"startLine": 22}
    assert Request.from_json(refuted["properties"]["counterexample"]).context["aws:SecureTransport"] == "false"


def test_junit_counts_what_does_not_pass(explain):
    _, out, _ = explain(TEMPLATES / "tls.yaml", "tls", "--format", "junit")
    suites = ET.fromstring(out)  # noqa: S314 - our own writer wrote it
    assert (suites.get("tests"), suites.get("failures"), suites.get("errors")) == ("8", "3", "2")


NASTY = "\x1b]0;pwned\x07<b>\u202e\"&'\udc80"


@pytest.mark.parametrize("output", ["text", "json", "sarif", "junit"])
def test_no_name_reaches_the_terminal_raw(explain, output):
    statements = [deny_http(f"{BUCKET}/*", Sid=NASTY), {**ROOT, "Sid": NASTY}]
    template = {
        "Description": NASTY,
        "Parameters": {NASTY: {"Type": "String", "AllowedValues": [NASTY, "x"]}},
        "Resources": {
            NASTY: {
                "Type": "AWS::S3::BucketPolicy",
                "Properties": {"Bucket": "data", "PolicyDocument": policy(*statements, {"Ref": NASTY})},
            },
            f"{NASTY}2": {
                "Type": "AWS::S3::BucketPolicy",
                "Properties": {"Bucket": "data", "PolicyDocument": policy(NASTY)},
            },
            f"Fn::{NASTY}": {},
        },
    }
    code, out, said = explain(template, "tls", "--format", output)
    assert code == 2
    raw = {each for each in out + said if not each.isprintable()} - {"\n"}
    assert raw == set()
    if output == "junit":
        ET.fromstring(out)  # noqa: S314 - our own writer wrote it
    if output in {"json", "sarif"}:
        json.loads(out)


def test_names_in_any_script_stay_readable(explain):
    code, out, _ = explain(policy(deny_http(f"{BUCKET}/*", Sid="Verschlüsselung必須")), "tls")
    assert (code, "Verschlüsselung必須" in out) == (1, True)


def test_a_file_comes_through_standard_input_and_nothing_is_coloured():
    command = [sys.executable, "-m", "s3_guardrails", "explain-policy", "-", "--question", "tls"]
    data = json.dumps(HALF).encode()
    done = subprocess.run(command, input=data, capture_output=True, check=False)
    assert done.returncode == 1
    assert done.stdout.startswith(b"refuted  stdin:1\n")
    assert b"\x1b" not in done.stdout + done.stderr


def test_every_labelled_policy_gets_its_label_as_a_bare_policy_and_in_a_template(answer):
    words = {"proved": "pass", "refuted": "fail", "inconclusive": "open"}
    for case in labelled("tls", "uploads", "key_policy"):
        options = [
            option for name, value in case.params.items() for option in ("--param", f"{name}={json.dumps(value)}")
        ]
        where = ["--account", case.own, *(["--bucket", case.bucket] if case.bucket else [])]
        document = json.loads(case.policy) if isinstance(case.policy, str) else case.policy
        _, found = answer(document, case.topic, *where, *options)
        assert words[found["answer"]] == case.verdict, (case.id, found)
