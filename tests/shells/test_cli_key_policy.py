"""`key-policy render`: what is printed is what CloudFormation, Terraform and KMS take."""

import json
from pathlib import Path

import hcl2
import pytest
import yaml
from remediation import key as make_key

from s3_guardrails.cli import main

ROOT = Path(__file__).parents[2]
EXAMPLE = ROOT / "docs" / "examples" / "guardrails.yaml"


def run(capfd, *arguments):
    status = main(["key-policy", "render", *map(str, arguments)])
    return status, *capfd.readouterr()


def test_kms_takes_the_policy(aws, capfd):
    status, out, told = run(capfd, EXAMPLE)
    assert (status, told) == (0, "")
    policy = out.replace("111122223333", aws.account)
    aws.client("kms").put_key_policy(KeyId=make_key(aws), PolicyName="default", Policy=policy)


def test_the_forms_say_the_same(capfd):
    _, plain, _ = run(capfd, EXAMPLE)
    _, template, _ = run(capfd, EXAMPLE, "--form", "cloudformation")
    _, code, _ = run(capfd, EXAMPLE, "--form", "terraform")
    policy = json.loads(plain)
    resources = yaml.safe_load(template)["Resources"]
    assert resources["RestrictedKey"]["Properties"]["KeyPolicy"] == policy
    document = hcl2.loads(code)["data"][0]
    assert [each["sid"].strip('"') for each in next(iter(next(iter(document.values())).values()))["statement"]] == [
        each["Sid"] for each in policy["Statement"]
    ]
    assert "added" not in code


@pytest.fixture
def file(tmp_path):
    def write(*declared):
        path = tmp_path / "guardrails.yaml"
        whole = {"version": 1, "classes": {"a": {"accepts": ["SSE-S3"]}}, "keys": {"declared": list(declared)}}
        path.write_text(yaml.safe_dump(whole), encoding="utf-8")
        return path

    return write


def alias(region, **duties):
    return {"key": f"arn:aws:kms:{region}:111122223333:alias/data", **duties}


def test_one_alias_in_two_regions_is_printed_one_at_a_time(capfd, file):
    path = file(alias("eu-west-1"), alias("eu-central-1"))
    status, out, told = run(capfd, path, "--form", "terraform")
    assert (status, out) == (2, "")
    assert "would have one name: pass --key" in told
    assert run(capfd, path, "--form", "terraform", "--key", alias("eu-central-1")["key"])[0] == 0
    assert set(json.loads(run(capfd, path)[1])) == {alias("eu-west-1")["key"], alias("eu-central-1")["key"]}


def test_what_is_not_of_least_privilege_is_not_printed(capfd, file):
    status, out, told = run(capfd, file(alias("eu-west-1", users=["arn:aws:iam::444455556666:role/x"])))
    assert (status, out) == (2, "")
    assert "OUTSIDE_ACCESS" in told


def test_a_key_that_is_not_declared_is_an_error(capfd, file):
    assert run(capfd, file())[0] == 2
    assert run(capfd, file(alias("eu-west-1")), "--key", alias("us-east-1")["key"])[0] == 2
