"""The templates of deploy/: CloudFormation's linter, and our own rules on what they make."""

import re

import pytest
from deployed import JUDGED, OWNERS_CHOICE, PLACES, ROOT, Deployed, cfn_lint
from policy_sentry.querying.actions import get_action_data

from s3_guardrails.catalogue.template_role import AUTOMATION_PATH
from s3_guardrails.decision import Verdict
from s3_guardrails.policy.authorize import Outcome, authorize
from s3_guardrails.policy.document import parse_policy
from s3_guardrails.policy.request import Request
from s3_guardrails.template.loading import load

TEMPLATES = sorted(path.name for path in (ROOT / "deploy").glob("*.yaml"))
ORGANIZATION = "o-abcdefghij"
ARTIFACTS = {"ArtifactBucketPrefix": "acme-artifacts", "OrganizationId": ORGANIZATION, **OWNERS_CHOICE}


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
@pytest.mark.parametrize("entry", JUDGED, ids=lambda entry: entry.name)
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
ROLES = "arn:aws:iam::111122223333:role"
ROLE = f"{ROLES}{AUTOMATION_PATH}s3-encryption-guardrails-RequireTlsAutomationRole-0ABC"
SHORTENED = f"{ROLES}{AUTOMATION_PATH}StackSet-s3-encryption-g-SetBucketDefaultEncrypti-0ABC"
STACK_SET_EVIDENCE = "arn:aws:s3:::stackset-s3-encryption-guardra-evidencebucket-0abc"
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
    ("iam:PassRole", SHORTENED, TO_SSM, {"Operator"}),
    ("iam:PassRole", f"{ROLES}/s3-encryption-guardrails-RequireTlsFunctionRole-0ABC", TO_SSM, set()),
    ("s3:GetObject", f"{STACK_SET_EVIDENCE}/remediation/p/plan.json", {}, {"Auditor"}),
    ("s3:GetObject", f"{STACK_SET_EVIDENCE}/p", {}, set()),
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


TRUSTED = "arn:aws:iam::999999999999:role/security/guardrails"
EXTERNAL_ID = "an-id-of-16-or-more"
MEMBER = {"sts:ExternalId": EXTERNAL_ID, "aws:PrincipalOrgID": ORGANIZATION}


def reader_role(**parameters):
    given = {"TrustedPrincipalArn": TRUSTED, "ExternalId": EXTERNAL_ID, "OrganizationId": ORGANIZATION, **parameters}
    place = Deployed(text_of("reader-role.yaml"), "aws", given)
    return place.resolver.resolve(place.template.properties("ReaderRole"))


def enters(role, caller, context):
    """May a session of the caller's role assume the role?"""
    session = f"arn:aws:sts::{caller.split(':')[4]}:assumed-role/{caller.rpartition('/')[2]}/session"
    request = Request(session, caller.split(":")[4], "sts:AssumeRole", "*", {"aws:PrincipalArn": caller, **context})
    policy = parse_policy(with_resource(role["AssumeRolePolicyDocument"]))
    return authorize(policy, request).outcome is Outcome.ALLOW


def with_resource(policy):
    """A trust policy names no resource: it is that of its role."""
    return {**policy, "Statement": [{**each, "Resource": "*"} for each in policy["Statement"]]}


# caller, context of the call, who is trusted
DEPUTIES = [
    (TRUSTED, MEMBER, True),
    (TRUSTED, {"aws:PrincipalOrgID": ORGANIZATION}, False),
    (TRUSTED, {**MEMBER, "sts:ExternalId": "an-id-of-somebody-else"}, False),
    (TRUSTED, {**MEMBER, "sts:ExternalId": ""}, False),
    (TRUSTED, {**MEMBER, "aws:PrincipalOrgID": "o-stranger123"}, False),
    (TRUSTED, {"sts:ExternalId": EXTERNAL_ID}, False),
    ("arn:aws:iam::999999999999:role/security/other", MEMBER, False),
    ("arn:aws:iam::888888888888:role/security/guardrails", MEMBER, False),
]


@pytest.mark.parametrize(("caller", "context", "trusted"), DEPUTIES)
def test_the_reader_role_is_assumed_by_its_principal_with_the_external_id_from_the_organization(
    caller, context, trusted
):
    assert enters(reader_role(), caller, context) is trusted


def test_without_an_organization_the_reader_role_still_asks_for_the_external_id():
    role = reader_role(OrganizationId="")
    assert enters(role, TRUSTED, {"sts:ExternalId": EXTERNAL_ID})
    assert not enters(role, TRUSTED, {})


def test_the_reader_role_reads_and_is_bound_to_the_account_where_an_action_takes_an_arn():
    [policy] = reader_role()["Policies"]
    for statement in policy["PolicyDocument"]["Statement"]:
        for action in statement["Action"]:
            found = get_action_data(*action.split(":"))
            assert found, f"{action}: there is no such action"
            assert {each["access_level"] for of in found.values() for each in of} <= {"Read", "List"}, action
            takes = {each["resource_arn_format"] for of in found.values() for each in of}
            assert statement["Resource"] != "*" or "*" in takes
        own = "111122223333" in str(statement["Resource"]) or "aws:ResourceAccount" in str(statement.get("Condition"))
        assert own is (statement["Resource"] != "*")


@pytest.mark.parametrize(
    "principal",
    [
        "*",
        "arn:aws:iam::*:root",
        "arn:aws:iam::999999999999:role/*",
        "arn:aws:iam::999999999999:user/x",
        "999999999999",
    ],
)
def test_the_reader_role_cannot_be_deployed_for_everybody(principal):
    parameters = load(text_of("reader-role.yaml").encode()).tree["Parameters"]
    assert re.fullmatch(parameters["TrustedPrincipalArn"]["AllowedPattern"], principal) is None
    assert re.fullmatch(parameters["TrustedPrincipalArn"]["AllowedPattern"], TRUSTED)
    assert parameters["ExternalId"]["MinLength"] >= 16
    assert "Default" not in parameters["ExternalId"]
