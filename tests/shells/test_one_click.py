"""A click on a finding, end to end: AWS Config, the document, the function in a Lambda runtime, the effect on requests.

The documents are the ones that are shipped, and the functions run from the bundle that is deployed; nothing of the
remediation is called in this process.
"""

import json
from pathlib import Path

import pytest
from botocore.exceptions import ClientError
from remediation import bucket, key, refusal_of

from s3_guardrails.deploy.archive import unpack
from s3_guardrails.deploy.bundle import bundle
from s3_guardrails.embedded.runtime import LambdaRuntime

ROOT = Path(__file__).parents[2]
EVIDENCE = "guardrails-evidence"
ROLE, SECURITY = (f"arn:aws:iam::123456789012:role/{name}" for name in ("Automation", "Security"))
FUNCTION_ROLE = "arn:aws:iam::123456789012:role/RemediationFunction"


class Account:
    """An account with one rule whose remediation is deployed; `click` remediates a bucket and waits."""

    def __init__(self, aws, rule, document, runtime, **options):
        self.aws, self.rule = aws, rule
        self.config, self.ssm = aws.client("config"), aws.client("ssm")
        arn = f"arn:aws:lambda:{aws.region}:{aws.account}:function:{document}"
        aws.automation.functions.deploy(document, runtime)
        self.ssm.create_document(
            Name=document,
            Content=ROOT.joinpath("remediation", f"{document}.yaml").read_text(encoding="utf-8"),
            DocumentType="Automation",
            DocumentFormat="YAML",
        )
        source = {"Owner": "CUSTOM_LAMBDA", "SourceIdentifier": arn}
        self.config.put_config_rule(ConfigRule={"ConfigRuleName": rule, "Source": source})
        values = {"AutomationAssumeRole": ROLE, "FunctionArn": arn, "Approvers": SECURITY, **options}
        static = {name: {"StaticValue": {"Values": [value]}} for name, value in values.items()}
        configuration = {
            "ConfigRuleName": rule,
            "TargetType": "SSM_DOCUMENT",
            "TargetId": document,
            "Parameters": {"ResourceId": {"ResourceValue": {"Value": "RESOURCE_ID"}}, **static},
        }
        self.config.put_remediation_configurations(RemediationConfigurations=[configuration])

    def click(self, name):
        key = {"resourceType": "AWS::S3::Bucket", "resourceId": name}
        self.config.start_remediation_execution(ConfigRuleName=self.rule, ResourceKeys=[key])
        return self.outcome()

    def outcome(self):
        [latest, *_] = self.ssm.describe_automation_executions()["AutomationExecutionMetadataList"]
        self.execution = latest["AutomationExecutionId"]
        self.aws.automation.wait(self.execution)
        [status] = self.config.describe_remediation_execution_status(ConfigRuleName=self.rule)[
            "RemediationExecutionStatuses"
        ]
        return status["State"], [each["Name"] for each in status["StepDetails"]], status["StepDetails"][-1]

    def approve(self, access_key):
        ssm = self.aws.client("ssm", access_key=access_key)
        ssm.send_automation_signal(AutomationExecutionId=self.execution, SignalType="Approve")
        return self.outcome()


WHERE = """
import importlib

def lambda_handler(names, _):
    return [importlib.import_module(name).__file__ for name in names]
"""


@pytest.fixture(scope="module")
def bundled(tmp_path_factory):
    folder = tmp_path_factory.mktemp("deployed") / "function"
    unpack(bundle(), folder)
    folder.joinpath("where.py").write_text(WHERE, encoding="utf-8")
    return folder


@pytest.fixture
def account(aws, bundled):
    """Deploy a rule and its remediation."""
    aws.client("s3").create_bucket(Bucket=EVIDENCE)
    opened = []

    def deploy(rule, document, **options):
        environment = {
            **aws.environment(),
            "PYTHONPATH": str(bundled),
            "AWS_ACCESS_KEY_ID": aws.assume(FUNCTION_ROLE),
            "GUARDRAILS_REMEDIATION": document,
            "GUARDRAILS_EVIDENCE_BUCKET": EVIDENCE,
            "GUARDRAILS_DOCUMENT": document,
            "GUARDRAILS_APPROVERS": SECURITY,
        }
        handler = "s3_guardrails.remediate.handler.lambda_handler"
        runtime = LambdaRuntime(handler, bundled, environment, timeout=120, name=document)
        opened.append(runtime)
        return Account(aws, rule, document, runtime.__enter__(), **options)

    yield deploy
    for each in opened:
        each.__exit__()


def test_the_functions_run_from_the_bundle(aws, bundled):
    names = ["boto3", "botocore", "dateutil", "jmespath", "rdklib", "s3_guardrails", "s3transfer", "six", "urllib3"]
    with LambdaRuntime("where.lambda_handler", bundled, {**aws.environment(), "PYTHONPATH": str(bundled)}) as function:
        answer = function.invoke(names)
    assert all(Path(each).is_relative_to(bundled) for each in answer.body), answer


def test_tls_is_required_after_a_click_and_an_approval_and_a_second_click_writes_nothing(aws, account):
    bucket(aws, "ledger")
    aws.s3.enforcing = True
    s3, plain = aws.client("s3"), aws.client("s3", plain_http=True)
    assert refusal_of(plain.put_object, Bucket="ledger", Key="a", Body=b"text") is None
    guard = account("S3_BUCKET_TLS_ONLY", "RequireTls")
    state, steps, _ = guard.click("ledger")
    assert (state, steps[-1]) == ("IN_PROGRESS", "Approve")
    assert refusal_of(s3.get_bucket_policy, Bucket="ledger") == "NoSuchBucketPolicy"
    with pytest.raises(ClientError, match="is not an approver"):
        guard.approve("embedded")
    state, steps, last = guard.approve(aws.assume(SECURITY, "officer"))
    assert state == "SUCCEEDED", last
    assert steps == ["Plan", "AfterPlan", "Approve", "Apply", "AfterApply", "Verify", "AfterVerify"]
    assert refusal_of(plain.get_object, Bucket="ledger", Key="a") == "AccessDenied"
    assert s3.get_object(Bucket="ledger", Key="a")["Body"].read() == b"text"
    aws.faults.deny("s3:PutBucketPolicy", "ledger")
    state, steps, last = guard.click("ledger")
    assert (state, steps) == ("SUCCEEDED", ["Plan", "AfterPlan", "Verify", "AfterVerify"]), last


def test_uploads_end_in_the_key_that_a_click_made_the_default(aws, account):
    arn = key(aws)
    bucket(aws, "ledger")
    guard = account("S3_BUCKET_DEFAULT_ENCRYPTION", "SetBucketDefaultEncryption", KmsKeyArn=arn)
    state, steps, last = guard.click("ledger")
    if steps[-1] == "Approve":
        state, steps, last = guard.approve(aws.assume(SECURITY, "officer"))
    assert state == "SUCCEEDED", last
    aws.client("s3").put_object(Bucket="ledger", Key="a", Body=b"text")
    found = aws.client("s3").head_object(Bucket="ledger", Key="a")
    assert (found["ServerSideEncryption"], found["SSEKMSKeyId"]) == ("aws:kms", arn)


def test_an_approval_by_who_clicked_changes_nothing(aws, account):
    bucket(aws, "ledger")
    guard = account("S3_BUCKET_TLS_ONLY", "RequireTls", Approval="always")
    officer = aws.assume(SECURITY, "officer")
    guard.config = aws.client("config", access_key=officer)
    guard.click("ledger")
    state, steps, last = guard.approve(officer)
    assert (state, steps[-1]) == ("FAILED", "Apply")
    assert "SELF_APPROVED" in last["ErrorMessage"]
    assert refusal_of(aws.client("s3").get_bucket_policy, Bucket="ledger") == "NoSuchBucketPolicy"


def test_a_policy_that_somebody_changes_between_plan_and_write_is_not_overwritten(aws, account):
    theirs = {"Effect": "Deny", "Principal": "*", "Action": "s3:DeleteBucket", "Resource": "arn:aws:s3:::ledger"}
    text = json.dumps({"Version": "2012-10-17", "Statement": [theirs]})
    bucket(aws, "ledger")
    guard = account("S3_BUCKET_TLS_ONLY", "RequireTls", Approval="always")
    guard.click("ledger")
    aws.client("s3").put_bucket_policy(Bucket="ledger", Policy=text)
    state, steps, last = guard.approve(aws.assume(SECURITY, "officer"))
    assert (state, steps[-1]) == ("FAILED", "Apply"), last
    assert aws.client("s3").get_bucket_policy(Bucket="ledger")["Policy"] == text


def test_a_refusal_is_what_the_operator_reads_in_aws_config(aws, account):
    guard = account("S3_BUCKET_TLS_ONLY", "RequireTls")
    state, steps, last = guard.click("absent")
    assert (state, steps) == ("FAILED", ["Plan"])
    assert last["ErrorMessage"].startswith("StepFailed: ")
