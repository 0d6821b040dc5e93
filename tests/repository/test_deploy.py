"""The templates of deploy/: CloudFormation's linter, and our own rules on what they make."""

import re

import pytest
from deployed import PLACES, ROOT, Deployed, cfn_lint

from s3_guardrails.decision import Verdict
from s3_guardrails.discovery import find_rules
from s3_guardrails.policy.authorize import Outcome, authorize
from s3_guardrails.policy.document import parse_policy
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
    assert [line for line in patterns if not re.search(r"\*\S*  # \w", line)] == []


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


EXECUTION = "arn:aws:ssm:eu-west-1:111122223333:automation-execution/0f2d7f2e-0000-4000-8000-000000000000"
DOCUMENT = "arn:aws:ssm:eu-west-1:111122223333:automation-definition/s3-encryption-guardrails-RequireTls:$DEFAULT"
ROLE = "arn:aws:iam::111122223333:role/s3-encryption-guardrails-RequireTlsAutomationRole-0ABC"
EVIDENCE = "arn:aws:s3:::s3-encryption-guardrails-evidencebucket-0abc"
TO_SSM, TO_LAMBDA = ({"iam:PassedToService": f"{name}.amazonaws.com"} for name in ("ssm", "lambda"))
OF_EVIDENCE = {"kms:ViaService": "s3.eu-west-1.amazonaws.com", "kms:EncryptionContext:aws:s3:arn": EVIDENCE}
OF_OTHERS = {**OF_EVIDENCE, "kms:EncryptionContext:aws:s3:arn": "arn:aws:s3:::payroll"}
KEY = "arn:aws:kms:eu-west-1:111122223333:key/k-1"

# action, resource, context, who may
DUTIES = [
    ("ssm:StartAutomationExecution", DOCUMENT, {}, {"Operator"}),
    ("ssm:StartAutomationExecution", EXECUTION, {}, {"Operator"}),
    ("ssm:StartAutomationExecution", DOCUMENT.replace("s3-encryption-guardrails", "AWS"), {}, set()),
    ("ssm:SendAutomationSignal", EXECUTION, {}, {"Approver"}),
    ("ssm:GetAutomationExecution", EXECUTION, {}, {"Operator", "Approver", "Auditor"}),
    ("ssm:StopAutomationExecution", EXECUTION, {}, {"Operator"}),
    ("config:StartRemediationExecution", "*", {}, {"Operator"}),
    ("iam:PassRole", ROLE, TO_SSM, {"Operator"}),
    ("iam:PassRole", ROLE, TO_LAMBDA, set()),
    ("iam:PassRole", "arn:aws:iam::111122223333:role/admin", TO_SSM, set()),
    ("s3:GetObject", f"{EVIDENCE}/remediation/p/before.json", {}, {"Auditor"}),
    ("s3:PutObject", f"{EVIDENCE}/remediation/p/before.json", {}, set()),
    ("s3:GetObject", "arn:aws:s3:::payroll/remediation/a", {}, set()),
    ("kms:Decrypt", KEY, OF_EVIDENCE, {"Auditor"}),
    ("kms:Decrypt", KEY, OF_OTHERS, set()),
    ("s3:PutBucketPolicy", "arn:aws:s3:::payroll", {}, set()),
    ("lambda:InvokeFunction", "arn:aws:lambda:eu-west-1:111122223333:function:f", {}, set()),
]


@pytest.mark.parametrize(("action", "resource", "context", "who"), DUTIES)
def test_duties_are_separate(action, resource, context, who):
    instance = {"IdentityCenterInstanceArn": "arn:aws:sso:::instance/ssoins-0123456789abcdef"}
    place = Deployed(text_of("permission-sets.yaml"), "aws", instance)
    allowed = set()
    for name in ("Operator", "Approver", "Auditor"):
        policy = place.resolver.resolve(place.template.properties(name)["InlinePolicy"])
        statements = [{**each, "Principal": "*"} for each in policy["Statement"]]
        person = Request("arn:aws:iam::111122223333:role/person", "111122223333", action, resource, context)
        if authorize(parse_policy({**policy, "Statement": statements}), person).outcome is Outcome.ALLOW:
            allowed.add(name)
    assert allowed == who
