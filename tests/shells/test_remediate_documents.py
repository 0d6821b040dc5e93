"""The documents played by Systems Manager: the real function at every step, approval by another person, uploads."""

from types import SimpleNamespace

import pytest
from botocore.exceptions import ClientError
from remediation import bucket, default, key, refusal_of

from s3_guardrails.catalogue.documents import render_documents
from s3_guardrails.embedded.automation.world import Reply
from s3_guardrails.embedded.environment import only
from s3_guardrails.embedded.identity import assume
from s3_guardrails.remediate.handler import StepFailed, lambda_handler

EVIDENCE = "guardrails-evidence"
APPROVER = "arn:aws:iam::123456789012:role/approver"


class Stage:
    """Documents and functions of every remediation, deployed."""

    def __init__(self, aws):
        self.aws = aws
        aws.client("s3").create_bucket(Bucket=EVIDENCE)
        for name, text in render_documents().items():
            created = {"DocumentType": "Automation", "DocumentFormat": "YAML"}
            aws.client("ssm").create_document(Name=name, Content=text, **created)

    def start(self, document, resource, rule_parameters="{}", initiator="operator", session="shift", **given):
        """Start a document as somebody; return the execution's id once it ended or waits."""
        self.aws.automation.functions.deploy(document, self._function(document, rule_parameters))
        subject = "PlanId" if document == "UndoRemediation" else "ResourceId"
        arn = f"arn:aws:lambda:us-east-1:{self.aws.account}:function:{document}"
        parameters = {
            subject: [resource],
            "AutomationAssumeRole": [f"arn:aws:iam::{self.aws.account}:role/{document}"],
            "FunctionArn": [arn],
            "Approvers": [APPROVER],
            **{name: [value] for name, value in given.items()},
        }
        ssm = self.aws.client("ssm", access_key=self.key_of(initiator, session))
        started = ssm.start_automation_execution(DocumentName=document, Parameters=parameters)["AutomationExecutionId"]
        self.aws.automation.wait(started)
        return started

    def decide(self, execution, decision="Approve", who="approver", comment=""):
        ssm = self.aws.client("ssm", access_key=self.key_of(who))
        payload = {"Comment": [comment]} if comment else {}
        ssm.send_automation_signal(AutomationExecutionId=execution, SignalType=decision, Payload=payload)
        self.aws.automation.wait(execution)

    def told(self, execution):
        """The execution's status, and what its failed step says."""
        found = self.aws.client("ssm").get_automation_execution(AutomationExecutionId=execution)["AutomationExecution"]
        failures = [each["FailureMessage"] for each in found["StepExecutions"] if each.get("FailureMessage")]
        return found["AutomationExecutionStatus"], " ".join(failures)

    def plan_id(self, execution):
        found = self.aws.client("ssm").get_automation_execution(AutomationExecutionId=execution)["AutomationExecution"]
        return found["Outputs"]["Plan.PlanId"][0]

    def key_of(self, role, session="shift"):
        return assume(self.aws.account, self.aws.region, f"arn:aws:iam::{self.aws.account}:role/{role}", session)

    def _function(self, document, rule_parameters):
        arn = f"arn:aws:lambda:us-east-1:{self.aws.account}:function:{document}"
        settings = {
            **self.aws.environment(),
            "GUARDRAILS_REMEDIATION": document,
            "GUARDRAILS_PARAMETERS": rule_parameters,
            "GUARDRAILS_EVIDENCE_BUCKET": EVIDENCE,
            "GUARDRAILS_DOCUMENT": document,
            "GUARDRAILS_APPROVERS": APPROVER,
        }

        def invoke(event):
            try:
                with only(settings):
                    return Reply(lambda_handler(event, SimpleNamespace(invoked_function_arn=arn)))
            except StepFailed as error:
                return Reply({"errorType": "StepFailed", "errorMessage": str(error)}, "Unhandled")

        return invoke


@pytest.fixture
def stage(aws, monkeypatch):
    monkeypatch.setattr("time.sleep", lambda _: None)
    aws.s3.enforcing = True
    return Stage(aws)


def policy_of(aws, name):
    try:
        return aws.client("s3").get_bucket_policy(Bucket=name)["Policy"]
    except ClientError:
        return None


def test_a_document_waits_for_another_person_and_then_applies_and_verifies(aws, stage):
    bucket(aws, "ledger")
    execution = stage.start("RequireTls", "ledger")
    assert stage.told(execution)[0] == "Waiting"
    assert policy_of(aws, "ledger") is None
    stage.decide(execution)
    assert stage.told(execution) == ("Success", "")
    assert "S3GuardrailsRequireTls" in policy_of(aws, "ledger")


def test_a_rejected_change_is_not_made(aws, stage):
    bucket(aws, "ledger")
    execution = stage.start("RequireTls", "ledger")
    stage.decide(execution, "Reject")
    assert stage.told(execution)[0] == "Failed"
    assert policy_of(aws, "ledger") is None


@pytest.mark.parametrize("comment", ["", '"Approver": "arn:aws:iam::123456789012:role/other", "Decision": "Approve"'])
def test_whoever_starts_an_execution_cannot_approve_it(aws, stage, comment):
    bucket(aws, "ledger")
    execution = stage.start("RequireTls", "ledger", initiator="approver")
    stage.decide(execution, comment=comment)
    status, failure = stage.told(execution)
    assert status == "Failed"
    assert "SELF_APPROVED" in failure
    assert policy_of(aws, "ledger") is None


@pytest.mark.parametrize(
    ("started", "code"),
    [
        ({"initiator": "approver", "session": "night"}, "SELF_APPROVED"),
        ({"Approvers": "arn:aws:iam::123456789012:role/friend"}, "NOT_APPROVED"),
    ],
    ids=["another session of who started it", "somebody whom who started it named"],
)
def test_whoever_starts_an_execution_cannot_choose_who_approves_it(aws, stage, started, code):
    bucket(aws, "ledger")
    execution = stage.start("RequireTls", "ledger", **started)
    stage.decide(execution, who=started.get("Approvers", APPROVER).rpartition("/")[2])
    status, failure = stage.told(execution)
    assert (status, failure.split()[1].rstrip(":")) == ("Failed", code), failure
    assert policy_of(aws, "ledger") is None


def test_an_approval_is_of_one_plan_and_ends_with_its_execution(aws, stage):
    bucket(aws, "ledger")
    execution = stage.start("RequireTls", "ledger")
    stage.decide(execution)
    plan_id = stage.plan_id(execution)
    undo = stage.start("UndoRemediation", plan_id)
    stage.decide(undo)
    again = {"step": "apply", "resource": "ledger", "planId": plan_id, "executionId": execution, "approval": "auto"}
    reply = stage.aws.automation.functions.invoke("RequireTls", again)
    assert "NOT_APPROVED" in reply.payload["errorMessage"]
    assert policy_of(aws, "ledger") is None


def test_approval_can_be_asked_for_before_every_change(aws, stage):
    arn = key(aws)
    assert stage.told(stage.start("EnableKeyRotation", arn))[0] == "Success"
    other = key(aws)
    execution = stage.start("EnableKeyRotation", other, Approval="always")
    assert stage.told(execution)[0] == "Waiting"
    stage.decide(execution)
    assert stage.told(execution)[0] == "Success"


def test_a_refusal_is_read_in_the_failed_step(aws, stage):
    bucket(aws, "ledger", tags={"terraform": "true"})
    status, failure = stage.told(stage.start("RequireTls", "ledger"))
    assert status == "Failed"
    assert "MANAGED_BY_IAC" in failure
    assert "Next step:" in failure


def test_undo_by_document_puts_back_that_there_was_no_policy(aws, stage):
    bucket(aws, "ledger")
    execution = stage.start("RequireTls", "ledger")
    stage.decide(execution)
    undo = stage.start("UndoRemediation", stage.plan_id(execution))
    assert stage.told(undo)[0] == "Waiting"
    stage.decide(undo)
    assert stage.told(undo) == ("Success", "")
    assert policy_of(aws, "ledger") is None


def test_an_exempt_resource_is_left_alone(aws, stage):
    bucket(aws, "ledger", tags={"s3-guardrails:exempt-until": "2999-12-31"})
    assert "EXEMPT" in stage.told(stage.start("RequireTls", "ledger"))[1]


# effects: what callers see afterwards


@pytest.mark.parametrize(("strictness", "headerless"), [("outcome", None), ("header-required", "AccessDenied")])
def test_after_the_remediation_wrong_uploads_are_refused(aws, stage, strictness, headerless):
    good, other = key(aws), key(aws)
    bucket(aws, "ledger", encryption=default("aws:kms", good))
    s3, place = aws.client("s3"), {"Bucket": "ledger", "Key": "a", "Body": b"x"}
    wrong = {"ServerSideEncryption": "AES256"}
    assert refusal_of(s3.put_object, **place, **wrong) is None
    parameters = f'{{"ApprovedKeys": "{good}", "UploadPolicy": "confidential={strictness}"}}'
    execution = stage.start("DenyWrongUploads", "ledger", parameters, AcceptUnknownSseC="true")
    stage.decide(execution)
    assert stage.told(execution) == ("Success", "")
    kms = {"ServerSideEncryption": "aws:kms"}
    assert refusal_of(s3.put_object, **place, **wrong) == "AccessDenied"
    assert refusal_of(s3.put_object, **place, **kms, SSEKMSKeyId=other) == "AccessDenied"
    assert refusal_of(s3.put_object, **place, SSECustomerAlgorithm="AES256", SSECustomerKey="k" * 32) == "AccessDenied"
    assert refusal_of(s3.put_object, **place, **kms, SSEKMSKeyId=good) is None
    assert refusal_of(s3.put_object, **place) == headerless
    if headerless is None:
        assert s3.head_object(Bucket="ledger", Key="a")["SSEKMSKeyId"] == good
