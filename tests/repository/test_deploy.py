"""The templates of deploy/: CloudFormation's linter, and our own rules on what they make."""

import re

import pytest
from deployed import PLACES, ROOT, Deployed, cfn_lint

from s3_guardrails.decision import Verdict
from s3_guardrails.discovery import find_rules
from s3_guardrails.policy.authorize import Outcome, authorize
from s3_guardrails.policy.request import Request

TEMPLATES = sorted(path.name for path in (ROOT / "deploy").glob("*.yaml"))
ORGANIZATION = "o-abcdefghij"
ARTIFACTS = {"ArtifactBucketPrefix": "acme-artifacts", "OrganizationId": ORGANIZATION}


def text_of(name):
    return (ROOT / "deploy" / name).read_text(encoding="utf-8")


@pytest.mark.parametrize("name", TEMPLATES)
def test_a_template_is_cloudformation_names_no_partition_and_gives_its_reasons(name):
    assert cfn_lint(f"deploy/{name}") == (0, "")
    text = text_of(name)
    assert re.findall(r"arn:aws(?:-cn|-us-gov)?:", text) == []
    actions = [line for line in text.splitlines() if re.match(r" +- [a-z0-9]+:[A-Z]\w+", line)]
    assert [line for line in actions if not re.search(r"\w  # \w", line)] == []
    patterns = [line for line in text.splitlines() if re.match(r" {10,}(- |[A-Za-z:]+: )(!Sub )?['\w:${}./-]*\*", line)]
    assert [line for line in patterns if not re.search(r"\*'?  # \w", line)] == []


@pytest.mark.parametrize("partition", PLACES)
@pytest.mark.parametrize("entry", find_rules(), ids=lambda entry: entry.name)
def test_the_artifact_bucket_and_its_key_pass_our_own_rules(entry, partition):
    place = Deployed(text_of("artifact-bucket.yaml"), partition, ARTIFACTS)
    of_bucket = entry.rule.resource_type == "AWS::S3::Bucket"
    given = {"TrustedOrganizations": ORGANIZATION} if entry.name == "KMS_KEY_POLICY_LEAST_PRIVILEGE" else {}
    rule = entry.rule(entry.rule.Parameters.from_config(given))
    decision = rule.judge(place.bucket("ArtifactBucket") if of_bucket else place.key("ArtifactKey"))
    assert decision.verdict is Verdict.COMPLIANT, decision.reasons


def reads(role, organization, **more):
    """May a role of another account read the code?"""
    place = Deployed(text_of("artifact-bucket.yaml"), "aws", ARTIFACTS)
    bucket = place.bucket("ArtifactBucket")
    arn = f"arn:aws:iam::999999999999:role/{role}"
    context = {"aws:PrincipalArn": arn, "aws:PrincipalOrgID": organization, "aws:SecureTransport": "true", **more}
    session = f"arn:aws:sts::999999999999:assumed-role/{role}/session"
    key = f"arn:aws:s3:::{bucket.name}/s3-encryption-guardrails/0.zip"
    request = Request(session, "999999999999", "s3:GetObject", key, context)
    via_s3 = {**context, "kms:ViaService": "s3.eu-west-1.amazonaws.com", "kms:CallerAccount": "999999999999"}
    decrypt = Request(session, "999999999999", "kms:Decrypt", place.key("ArtifactKey").arn, via_s3)
    policies = ((bucket.policy, request), (place.key("ArtifactKey").policy, decrypt))
    return [authorize(policy, each).outcome is Outcome.ALLOW for policy, each in policies]


def test_the_code_is_read_by_stack_sets_of_the_organization_and_by_nobody_else():
    assert reads("stacksets-exec-0123", ORGANIZATION) == [True, True]
    assert reads("stacksets-exec-0123", "o-stranger123") == [False, False]
    assert reads("developer", ORGANIZATION) == [False, False]
    assert reads("stacksets-exec-0123", ORGANIZATION, **{"aws:SecureTransport": "false"})[0] is False
