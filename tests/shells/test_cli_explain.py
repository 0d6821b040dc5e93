"""`explain` against the embedded AWS: facts with reasons, every verdict, and the request that breaks the guardrail."""

import json
from pathlib import Path
from uuid import uuid4

import pytest

from s3_guardrails.cli import main
from s3_guardrails.discovery import find_rules
from s3_guardrails.embedded.environment import only
from s3_guardrails.live.reader import LiveReader
from s3_guardrails.policy.authorize import Outcome, authorize
from s3_guardrails.policy.document import parse_policy
from s3_guardrails.policy.request import Request

TLS_RULE = "S3_BUCKET_TLS_ONLY"
HALF = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Sid": "Half",
            "Effect": "Deny",
            "Principal": "*",
            "Action": "s3:*",
            "Resource": "arn:aws:s3:::half/*",
            "Condition": {"Bool": {"aws:SecureTransport": "false"}},
        }
    ],
}


@pytest.fixture
def explain(aws, capsys):
    def run(*arguments):
        with only(aws.environment()):
            code = main(["explain", *arguments])
        shown = capsys.readouterr()
        return code, shown.out, shown.err

    return run


@pytest.fixture
def explained(explain):
    def run(*arguments):
        code, out, _ = explain("--json", *arguments)
        return code, json.loads(out)

    return run


@pytest.fixture
def half(aws):
    """A bucket whose policy denies plain HTTP for objects, and forgets the bucket itself."""
    aws.client("s3").create_bucket(Bucket="half")
    aws.client("s3").put_bucket_policy(Bucket="half", Policy=json.dumps(HALF))


def verdicts(read):
    return {each["rule"]: each["verdict"] for each in read["findings"]}


@pytest.mark.usefixtures("half")
def test_every_rule_about_buckets_has_its_verdict(explained):
    code, read = explained("half")
    assert code == 1
    assert read["arn"] == "arn:aws:s3:::half"
    assert set(verdicts(read)) == {
        entry.name for entry in find_rules() if entry.rule.resource_type == "AWS::S3::Bucket"
    }
    assert verdicts(read)[TLS_RULE] == "NON_COMPLIANT"


@pytest.mark.usefixtures("half")
def test_the_counterexample_gets_past_the_very_policy(explained):
    _, read = explained("half")
    [finding] = [each for each in read["findings"] if each["rule"] == TLS_RULE]
    request = Request.from_json(finding["reasons"][0]["evidence"]["counterexample"])
    assert request.values["aws:securetransport"] == "false"
    assert authorize(parse_policy(HALF), request).outcome is not Outcome.EXPLICIT_DENY


@pytest.mark.usefixtures("half")
def test_facts_are_values_absent_or_unreadable_with_the_reason(aws, explained):
    aws.faults.deny("s3:GetBucketTagging", "half")
    _, read = explained("half")
    facts = read["facts"]
    assert facts["policy"] == {"value": HALF}
    assert facts["default_encryption"] == {"value": {"algorithm": "AES256", "key": None, "bucket_key": False}}
    assert facts["default_key_manager"] == {"absent": True}
    assert facts["tags"]["unreadable"].startswith("AccessDenied: ")
    assert all(len(fact) == 1 for fact in facts.values())


@pytest.mark.usefixtures("half")
def test_the_readme_shows_such_an_explanation(explain):
    readme = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")
    sample = readme.split("```")[1].strip()
    _, out, _ = explain("half")
    assert sample in out


@pytest.mark.usefixtures("half")
def test_people_read_the_request_and_the_statement(aws, explain):
    aws.faults.deny("s3:GetBucketTagging", "half")
    code, out, said = explain("half")
    lines = [line.strip() for line in out.splitlines()]
    assert (code, said) == (1, "")
    assert "default key manager: absent" in lines
    assert any(line.startswith("tags: unreadable: AccessDenied: ") for line in lines)
    assert f"NON_COMPLIANT  {TLS_RULE}  (MEDIUM)" in lines
    assert "counterexample:" in lines
    assert "with aws:SecureTransport = false" in lines
    assert any(line.startswith("Deny `Half` does not apply: ") for line in lines)
    assert any(line.startswith("calls s3:") and line.endswith("on arn:aws:s3:::half") for line in lines)


def test_a_key_is_found_by_id_arn_and_alias_in_its_region(aws, explained):
    kms = aws.client("kms", "eu-west-1")
    key = kms.create_key(KeyUsage="ENCRYPT_DECRYPT")["KeyMetadata"]
    kms.create_alias(AliasName="alias/data", TargetKeyId=key["KeyId"])
    alias_arn = key["Arn"].replace(f"key/{key['KeyId']}", "alias/data")
    for arguments in (
        (key["Arn"],),
        (alias_arn,),
        (key["KeyId"], "--region", "eu-west-1"),
        ("alias/data", "--region", "eu-west-1"),
    ):
        code, read = explained(*arguments)
        assert (code, read["arn"]) == (1, key["Arn"])
        assert set(verdicts(read)) == {
            entry.name for entry in find_rules() if entry.rule.resource_type == "AWS::KMS::Key"
        }


def test_a_bucket_that_is_named_like_a_key_is_meant_by_its_arn(aws, explain, explained):
    name = str(uuid4())
    aws.client("s3").create_bucket(Bucket=name)
    assert explained(f"arn:aws:s3:::{name}")[1]["arn"] == f"arn:aws:s3:::{name}"
    code, _, said = explain(name)
    assert (code, said.startswith(f"Error: key `{name}`: not found in account ")) == (2, True)


def test_what_references_stand_for_is_among_the_facts(aws, explained, tmp_path):
    key = aws.client("kms").create_key(KeyUsage="ENCRYPT_DECRYPT")["KeyMetadata"]
    aws.client("kms").create_alias(AliasName="alias/approved", TargetKeyId=key["KeyId"])
    s3 = aws.client("s3")
    s3.create_bucket(Bucket="data")
    s3.put_bucket_tagging(Bucket="data", Tagging={"TagSet": [{"Key": "data-class", "Value": "restricted"}]})
    default = {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": key["Arn"]}
    s3.put_bucket_encryption(
        Bucket="data",
        ServerSideEncryptionConfiguration={"Rules": [{"ApplyServerSideEncryptionByDefault": default}]},
    )
    parameters = tmp_path / "parameters.json"
    parameters.write_text('{"S3_BUCKET_DEFAULT_ENCRYPTION": {"ApprovedKeys": "alias/approved"}}', encoding="utf-8")
    _, read = explained("data", "--parameters", str(parameters))
    assert read["facts"]["resolved_keys:alias/approved"] == {"value": [key["Arn"]]}
    assert verdicts(read)["S3_BUCKET_DEFAULT_ENCRYPTION"] == "COMPLIANT"


@pytest.mark.parametrize(
    ("target", "sentence"),
    [
        ("absent", "Error: bucket `absent`: not found among the 0 of account "),
        ("arn:aws:s3:::absent", "Error: bucket `absent`: not found among the 0 of account "),
        ("alias/absent", "Error: alias `alias/absent`: not found in account "),
        ("ab\x1b[31msent", "Error: bucket `ab\\x1b[31msent`: not found"),
    ],
)
def test_what_is_not_there_is_told(explain, target, sentence):
    code, out, said = explain(target)
    assert (code, out) == (2, "")
    assert said.startswith(sentence)


def test_one_thing_is_explained_in_one_region(explain):
    code, _, said = explain("alias/data", "--region", "eu-west-1", "--region", "us-east-1")
    assert code == 2
    assert "expected one --region" in said


def test_a_key_that_nobody_may_look_up_is_undetermined_with_the_reason(aws, explained):
    aws.faults.deny("kms:ListKeys")
    code, read = explained(str(uuid4()))
    assert code == 3
    assert set(verdicts(read).values()) == {"UNDETERMINED"}
    assert "NotFoundException" in read["facts"]["metadata"]["unreadable"]


def test_a_key_that_is_not_there_or_elsewhere_is_told_as_scan_tells_it(aws, explain):
    kms = aws.client("kms")
    meta = kms.create_key()["KeyMetadata"]
    kms.create_alias(AliasName="alias/named", TargetKeyId=meta["KeyId"])
    unknown = str(uuid4())
    code, out, said = explain(unknown)
    assert (code, out) == (2, "")
    assert said.startswith(f"Error: key `{unknown}`: not found in account ")
    account = meta["Arn"].split(":")[4]
    for name in ("alias/named", f"key/{meta['KeyId']}"):
        foreign = f"arn:aws:kms:us-east-1:{'9' * 12}:{name}"
        code, out, said = explain(foreign)
        assert (code, out) == (2, "")
        assert said.startswith(f"Error: key `{foreign}`: expected an ARN of account {account}, us-east-1")


@pytest.mark.usefixtures("half")
def test_a_read_that_breaks_costs_its_fact_only(explained, monkeypatch):
    real = LiveReader.complete_bucket

    def complete(self, bucket, fact):
        if fact == "tags":
            raise RecursionError("odd")
        return real(self, bucket, fact)

    monkeypatch.setattr(LiveReader, "complete_bucket", complete)
    code, read = explained("half")
    codes = {each["reasons"][0]["code"] for each in read["findings"] if each["verdict"] == "UNDETERMINED"}
    assert (code, codes) == (1, {"RULE_FAILED"})
    assert read["facts"]["tags"] == {"unreadable": "RecursionError: odd"}
    assert read["facts"]["policy"] == {"value": HALF}
