"""Systems Manager of the embedded AWS, through an ordinary client: documents, executions, approvals, identities."""

import json
import sys
from pathlib import Path

import pytest
from botocore.exceptions import ClientError

from s3_guardrails.embedded.automation.world import Reply
from s3_guardrails.embedded.runtime import LambdaRuntime

ROLE = "arn:aws:iam::123456789012:role/Remediation"
SECURITY = "arn:aws:iam::123456789012:role/Security"
RULE = {"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms"}, "BucketKeyEnabled": True}
SET = {
    "schemaVersion": "0.3",
    "assumeRole": "{{ AutomationAssumeRole }}",
    "parameters": {"AutomationAssumeRole": {"type": "AWS::IAM::Role::Arn"}, "Bucket": {"type": "String"}},
    "outputs": ["Plan.Change", "Verify.Rules"],
    "mainSteps": [
        {
            "name": "Plan",
            "action": "aws:invokeLambdaFunction",
            "inputs": {"FunctionName": "plan", "InputPayload": {"bucket": "{{ Bucket }}"}},
            "outputs": [
                {"Name": "Change", "Type": "StringMap", "Selector": "$.Payload.rule"},
                {"Name": "NeedsApproval", "Type": "Boolean", "Selector": "$.Payload.approval"},
            ],
        },
        {
            "name": "Choose",
            "action": "aws:branch",
            "inputs": {
                "Choices": [{"NextStep": "Approve", "Variable": "{{ Plan.NeedsApproval }}", "BooleanEquals": True}],
                "Default": "Apply",
            },
        },
        {
            "name": "Approve",
            "action": "aws:approve",
            "inputs": {"Approvers": [SECURITY], "Message": "{{ Bucket }}: {{ Plan.Change }}"},
        },
        {
            "name": "Apply",
            "action": "aws:executeAwsApi",
            "inputs": {
                "Service": "s3",
                "Api": "PutBucketEncryption",
                "Bucket": "{{ Bucket }}",
                "ServerSideEncryptionConfiguration": {"Rules": ["{{ Plan.Change }}"]},
            },
        },
        {
            "name": "Verify",
            "action": "aws:executeAwsApi",
            "inputs": {"Service": "s3", "Api": "GetBucketEncryption", "Bucket": "{{ Bucket }}"},
            "outputs": [{"Name": "Rules", "Type": "MapList", "Selector": "$.ServerSideEncryptionConfiguration.Rules"}],
        },
    ],
}
REST = {
    "schemaVersion": "0.3",
    "mainSteps": [{"name": "Rest", "action": "aws:sleep", "inputs": {"Duration": "PT1S"}}],
}


def code_of(call, **parameters):
    with pytest.raises(ClientError) as caught:
        call(**parameters)
    return caught.value.response["Error"]["Code"]


def create(ssm, content, name="SetEncryption", **more):
    return ssm.create_document(
        Name=name, Content=json.dumps(content), DocumentType="Automation", DocumentFormat="YAML", **more
    )


@pytest.fixture
def ssm(aws):
    aws.client("s3").create_bucket(Bucket="data")
    aws.automation.functions.deploy("plan", lambda event: Reply({"rule": RULE, "approval": False}))
    client = aws.client("ssm")
    create(client, SET)
    return client


def run(aws, ssm, name="SetEncryption", **parameters):
    texts = {name: [value] for name, value in parameters.items()}
    execution = ssm.start_automation_execution(DocumentName=name, Parameters=texts)["AutomationExecutionId"]
    aws.automation.wait(execution)
    return ssm.get_automation_execution(AutomationExecutionId=execution)["AutomationExecution"]


def statuses(execution):
    return {each["StepName"]: each["StepStatus"] for each in execution["StepExecutions"]}


def test_an_execution_changes_the_account_and_shows_inputs_and_outputs_of_its_steps(aws, ssm):
    found = run(aws, ssm, AutomationAssumeRole=ROLE, Bucket="data")
    assert (found["AutomationExecutionStatus"], found["DocumentName"]) == ("Success", "SetEncryption")
    assert statuses(found) == dict.fromkeys(["Plan", "Choose", "Apply", "Verify"], "Success")
    [rule] = aws.client("s3").get_bucket_encryption(Bucket="data")["ServerSideEncryptionConfiguration"]["Rules"]
    assert rule == RULE
    assert [json.loads(each) for each in found["Outputs"]["Verify.Rules"]] == [RULE]
    plan, *_ = found["StepExecutions"]
    assert json.loads(plan["Inputs"]["InputPayload"]) == {"bucket": "data"}
    assert json.loads(plan["Outputs"]["Payload"][0]) == {"rule": RULE, "approval": False}
    assert plan["Outputs"]["NeedsApproval"] == ["false"]
    assert found["Parameters"] == {"AutomationAssumeRole": [ROLE], "Bucket": ["data"]}
    assert found["ExecutionEndTime"] >= found["ExecutionStartTime"]


def test_an_execution_waits_for_an_approver_and_records_who_decided(aws, ssm):
    aws.automation.functions.deploy("plan", lambda event: Reply({"rule": RULE, "approval": True}))
    waiting = run(aws, ssm, AutomationAssumeRole=ROLE, Bucket="data")
    assert (waiting["AutomationExecutionStatus"], waiting["CurrentStepName"]) == ("Waiting", "Approve")
    asked = {"AutomationExecutionId": waiting["AutomationExecutionId"], "SignalType": "Approve"}
    assert code_of(ssm.send_automation_signal, **asked) == "InvalidAutomationSignalException"
    officer = aws.client("ssm", access_key=aws.assume(SECURITY, "officer"))
    officer.send_automation_signal(**asked, Payload={"Comment": ["looks right"]})
    aws.automation.wait(waiting["AutomationExecutionId"])
    found = ssm.get_automation_execution(AutomationExecutionId=waiting["AutomationExecutionId"])["AutomationExecution"]
    approve = next(each for each in found["StepExecutions"] if each["StepName"] == "Approve")
    [decision] = [json.loads(each) for each in approve["Outputs"]["ApproverDecisions"]]
    assert decision["Approver"] == "arn:aws:sts::123456789012:assumed-role/Security/officer"
    assert (decision["Decision"], decision["Comment"]) == ("Approve", "looks right")
    assert json.loads(approve["Inputs"]["Message"]).startswith('data: {"Apply')
    assert found["AutomationExecutionStatus"] == "Success"
    assert code_of(ssm.send_automation_signal, **asked) == "InvalidAutomationSignalException"


def test_a_rejected_execution_changes_nothing(aws, ssm):
    aws.automation.functions.deploy("plan", lambda event: Reply({"rule": RULE, "approval": True}))
    waiting = run(aws, ssm, AutomationAssumeRole=ROLE, Bucket="data")
    officer = aws.client("ssm", access_key=aws.assume(SECURITY, "officer"))
    officer.send_automation_signal(AutomationExecutionId=waiting["AutomationExecutionId"], SignalType="Reject")
    aws.automation.wait(waiting["AutomationExecutionId"])
    found = ssm.get_automation_execution(AutomationExecutionId=waiting["AutomationExecutionId"])["AutomationExecution"]
    assert found["AutomationExecutionStatus"] == "Failed"
    assert "rejected by" in found["FailureMessage"]
    [rule] = aws.client("s3").get_bucket_encryption(Bucket="data")["ServerSideEncryptionConfiguration"]["Rules"]
    assert rule["ApplyServerSideEncryptionByDefault"] == {"SSEAlgorithm": "AES256"}


def test_an_approval_times_out_when_its_time_is_over(aws, ssm):
    aws.automation.functions.deploy("plan", lambda event: Reply({"rule": RULE, "approval": True}))
    waiting = run(aws, ssm, AutomationAssumeRole=ROLE, Bucket="data")
    aws.automation.clock.sleep(7 * 24 * 3600)
    ssm.get_automation_execution(AutomationExecutionId=waiting["AutomationExecutionId"])
    assert aws.automation.wait(waiting["AutomationExecutionId"]).value == "TimedOut"


def test_calls_of_an_execution_are_signed_by_its_role_and_it_names_who_started_it(aws, ssm):
    who = {
        "schemaVersion": "0.3",
        "assumeRole": "{{ Role }}",
        "parameters": {"Role": {"type": "String", "default": ""}},
        "outputs": ["Who.Arn"],
        "mainSteps": [
            {
                "name": "Who",
                "action": "aws:executeAwsApi",
                "inputs": {"Service": "sts", "Api": "GetCallerIdentity"},
                "outputs": [{"Name": "Arn", "Type": "String", "Selector": "$.Arn"}],
            }
        ],
    }
    create(ssm, who, "WhoRuns")
    found = run(aws, ssm, "WhoRuns", Role=ROLE)
    session = f"Automation-{found['AutomationExecutionId']}"
    assert found["Outputs"]["Who.Arn"] == [f"arn:aws:sts::123456789012:assumed-role/Remediation/{session}"]
    officer = aws.client("ssm", access_key=aws.assume(SECURITY, "officer"))
    found = run(aws, officer, "WhoRuns")
    assert found["ExecutedBy"] == "arn:aws:sts::123456789012:assumed-role/Security/officer"
    assert found["Outputs"]["Who.Arn"] == [found["ExecutedBy"]]


@pytest.mark.parametrize(
    ("parameters", "code"),
    [
        ({"Bucket": ["data"]}, "InvalidAutomationExecutionParametersException"),
        (
            {"Bucket": ["data"], "AutomationAssumeRole": ["Remediation"]},
            "InvalidAutomationExecutionParametersException",
        ),
        (
            {"Bucket": ["data"], "AutomationAssumeRole": ["arn:aws:iam::111122223333:role/Away"]},
            "InvalidAutomationExecutionParametersException",
        ),
        (
            {"Bucket": ["data"], "AutomationAssumeRole": [ROLE], "Key": ["a"]},
            "InvalidAutomationExecutionParametersException",
        ),
    ],
)
def test_an_execution_without_its_role_or_with_wrong_parameters_does_not_start(ssm, parameters, code):
    assert code_of(ssm.start_automation_execution, DocumentName="SetEncryption", Parameters=parameters) == code
    assert ssm.describe_automation_executions()["AutomationExecutionMetadataList"] == []


def test_unknown_documents_and_executions_are_errors(ssm):
    assert code_of(ssm.start_automation_execution, DocumentName="Other") == "AutomationDefinitionNotFoundException"
    found = code_of(ssm.start_automation_execution, DocumentName="SetEncryption", DocumentVersion="7")
    assert found == "AutomationDefinitionNotFoundException"
    unknown = "0" * 36
    for call in (ssm.get_automation_execution, ssm.stop_automation_execution):
        assert code_of(call, AutomationExecutionId=unknown) == "AutomationExecutionNotFoundException"


@pytest.mark.parametrize(
    ("content", "code"),
    [
        ({**REST, "schemaVersion": "2.2"}, "InvalidDocumentSchemaVersion"),
        ({**REST, "mainSteps": [{"name": "Rest", "action": "aws:bogus"}]}, "InvalidDocumentContent"),
        ({**REST, "description": "x" * 65_536}, "MaxDocumentSizeExceeded"),
    ],
)
def test_a_document_that_is_not_played_is_not_created(ssm, content, code):
    assert code_of(lambda: create(ssm, content, "Other")) == code
    assert code_of(ssm.describe_document, Name="Other") == "InvalidDocument"


@pytest.mark.parametrize("name", ["AWSConfigRemediation-Ours", "awsThing", "amzn-ours"])
def test_reserved_names_are_refused(ssm, name):
    assert code_of(lambda: create(ssm, REST, name)) == "ValidationException"


def test_documents_can_be_read_and_versions_run(aws, ssm):
    create(ssm, REST, "Rests")
    assert json.loads(ssm.get_document(Name="Rests", DocumentFormat="YAML")["Content"])["schemaVersion"] == "0.3"
    assert ssm.describe_document(Name="Rests")["Document"]["DocumentType"] == "Automation"
    bad = {**REST, "mainSteps": []}
    update = {"Name": "Rests", "DocumentFormat": "YAML", "DocumentVersion": "$LATEST"}
    assert code_of(ssm.update_document, Content=json.dumps(bad), **update) == "InvalidDocumentContent"
    ssm.update_document(Content=json.dumps({**REST, "description": "second"}), **update)
    versions = [run(aws, ssm, "Rests")["DocumentVersion"]]
    latest = ssm.start_automation_execution(DocumentName="Rests", DocumentVersion="$LATEST")["AutomationExecutionId"]
    [found, _] = ssm.describe_automation_executions()["AutomationExecutionMetadataList"]
    assert (versions, found["AutomationExecutionId"], found["DocumentVersion"]) == (["1"], latest, "2")


def test_a_listing_is_newest_first_filtered_and_paged(aws, ssm):
    create(ssm, REST, "Rests")
    first, second, third = (run(aws, ssm, "Rests")["AutomationExecutionId"] for _ in range(3))
    page = ssm.describe_automation_executions(MaxResults=2)
    assert [each["AutomationExecutionId"] for each in page["AutomationExecutionMetadataList"]] == [third, second]
    page = ssm.describe_automation_executions(MaxResults=2, NextToken=page["NextToken"])
    assert [each["AutomationExecutionId"] for each in page["AutomationExecutionMetadataList"]] == [first]
    for key, value, count in (
        ("ExecutionStatus", "Failed", 0),
        ("DocumentNamePrefix", "Re", 3),
        ("ExecutionId", first, 1),
    ):
        found = ssm.describe_automation_executions(Filters=[{"Key": key, "Values": [value]}])
        assert len(found["AutomationExecutionMetadataList"]) == count
    other = [{"Key": "TagKey", "Values": ["a"]}]
    assert code_of(ssm.describe_automation_executions, Filters=other) == "InvalidFilterKey"


def test_a_waiting_execution_can_be_stopped_once(aws, ssm):
    aws.automation.functions.deploy("plan", lambda event: Reply({"rule": RULE, "approval": True}))
    waiting = run(aws, ssm, AutomationAssumeRole=ROLE, Bucket="data")
    ssm.stop_automation_execution(AutomationExecutionId=waiting["AutomationExecutionId"])
    assert aws.automation.wait(waiting["AutomationExecutionId"]).value == "Cancelled"
    again = code_of(ssm.stop_automation_execution, AutomationExecutionId=waiting["AutomationExecutionId"])
    assert again == "InvalidAutomationStatusUpdateException"


HANDLER = """
import json
def handle(event, context):
    print("planning", event["bucket"])
    if event["bucket"] != "data":
        raise LookupError("no such bucket: " + event["bucket"])
    return {"rule": json.loads(%r), "approval": False}
"""


def test_a_function_runs_in_a_lambda_runtime_and_its_error_is_the_failure_message(aws, ssm, tmp_path: Path):
    tmp_path.joinpath("planner.py").write_text(HANDLER % json.dumps(RULE))
    with LambdaRuntime("planner.handle", tmp_path, {"PATH": str(Path(sys.executable).parent)}) as runtime:
        aws.automation.functions.deploy("plan", runtime)
        assert run(aws, ssm, AutomationAssumeRole=ROLE, Bucket="data")["AutomationExecutionStatus"] == "Success"
        failed = run(aws, ssm, AutomationAssumeRole=ROLE, Bucket="logs")
    assert statuses(failed) == {"Plan": "Failed"}
    assert failed["FailureMessage"] == "Step Plan failed: LookupError: no such bucket: logs"
