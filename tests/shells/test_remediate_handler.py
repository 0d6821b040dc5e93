"""The remediation function: one step per invocation, and a failed step says what to do next."""

import json
from types import SimpleNamespace

import pytest
from remediation import bucket, config_rule, default, key

from s3_guardrails.embedded.environment import only
from s3_guardrails.remediate.handler import StepFailed, lambda_handler

EVIDENCE = "guardrails-evidence"
APPROVER = "arn:aws:iam::123456789012:role/approver"
NOBODYS = "00000000-0000-4000-8000-000000000000"
PLAN = "RequireTls-" + "0" * 24


@pytest.fixture
def call(aws, monkeypatch):
    aws.client("s3").create_bucket(Bucket=EVIDENCE)
    arn = f"arn:aws:lambda:{aws.region}:{aws.account}:function:remediation"

    def call(remediation, step, resource="ledger", parameters="{}", **more):
        given = {"GUARDRAILS_REMEDIATION": remediation, "GUARDRAILS_PARAMETERS": parameters}
        asked = {"GUARDRAILS_DOCUMENT": remediation, "GUARDRAILS_APPROVERS": APPROVER}
        for name, value in {**given, **asked, "GUARDRAILS_EVIDENCE_BUCKET": EVIDENCE}.items():
            monkeypatch.setenv(name, value)
        with only(aws.environment()):
            event = {"step": step, "resource": resource, "approval": "auto", "executionId": NOBODYS, **more}
            return lambda_handler(event, SimpleNamespace(invoked_function_arn=arn))

    return call


def test_a_rotation_is_planned_applied_and_verified(aws, call):
    arn = key(aws)
    planned = call("EnableKeyRotation", "plan", arn)
    assert (planned["status"], planned["needsApproval"]) == ("PLANNED", "false")
    applied = call("EnableKeyRotation", "apply", arn, planId=planned["planId"])
    assert applied == {"status": "APPLIED", "planId": planned["planId"]}
    verified = call("EnableKeyRotation", "verify", arn, planId=planned["planId"])
    assert verified == {"status": "VERIFIED", "verdict": "COMPLIANT"}


def test_the_evidence_bucket_holds_the_plan_and_the_states_before_and_after(aws, call):
    arn = key(aws)
    planned = call("EnableKeyRotation", "plan", arn)
    call("EnableKeyRotation", "apply", arn, planId=planned["planId"])
    found = aws.client("s3").list_objects_v2(Bucket=EVIDENCE)["Contents"]
    assert sorted(each["Key"] for each in found) == [
        f"remediation/{planned['planId']}/{name}.json" for name in ("after", "before", "plan")
    ]


def test_without_an_evidence_bucket_nothing_is_written(aws, call):
    arn = key(aws)
    planned = call("EnableKeyRotation", "plan", arn)
    aws.faults.deny("s3:PutObject")
    with pytest.raises(StepFailed, match=f"evidence bucket {EVIDENCE}: PutObject: AccessDenied"):
        call("EnableKeyRotation", "apply", arn, planId=planned["planId"])
    assert aws.client("kms").get_key_rotation_status(KeyId=arn)["KeyRotationEnabled"] is False


def test_a_key_that_cannot_rotate_has_nothing_to_do_and_is_verified_as_it_is(aws, call):
    arn = key(aws, KeySpec="HMAC_256", KeyUsage="GENERATE_VERIFY_MAC")
    planned = call("EnableKeyRotation", "plan", arn)
    assert (planned["status"], planned["planId"]) == ("NOTHING_TO_DO", "")
    assert call("EnableKeyRotation", "verify", arn, planId="")["verdict"] == "NOT_APPLICABLE"


def test_a_refusal_fails_the_step_with_code_sentence_and_next_step(aws, call):
    bucket(aws, "ledger", encryption=default("AES256"))
    with pytest.raises(StepFailed, match=r"^REFUSED: CHOOSE_KEY: .+ Next step: name the key with KmsKeyArn"):
        call("SetBucketDefaultEncryption", "plan")


def test_an_option_reaches_the_plan(aws, call):
    bucket(aws, "ledger")
    arn = key(aws)
    assert call("SetBucketDefaultEncryption", "plan", KmsKeyArn=arn)["status"] == "PLANNED"


def test_a_resource_that_is_not_compliant_is_not_verified(aws, call, monkeypatch):
    monkeypatch.setattr("time.sleep", lambda _: None)
    with pytest.raises(StepFailed, match="NOT_COMPLIANT: the rule says NON_COMPLIANT: ROTATION_OFF"):
        call("EnableKeyRotation", "verify", key(aws), planId="EnableKeyRotation-" + "0" * 24)


def verified(call, arn):
    planned = call("EnableKeyRotation", "plan", arn)
    call("EnableKeyRotation", "apply", arn, planId=planned["planId"])
    return call("EnableKeyRotation", "verify", arn, planId=planned["planId"])


def test_a_periodic_rule_is_evaluated_again_after_a_change_by_the_function_that_it_calls(aws, call, monkeypatch):
    config_rule(aws, "another")
    monkeypatch.setenv("GUARDRAILS_RULE_FUNCTION", config_rule(aws, "rotation-of-a-pack"))
    assert verified(call, key(aws))["view"] == "evaluated again: rotation-of-a-pack"
    assert aws.config.started == ["rotation-of-a-pack"]
    assert "LimitExceededException" in verified(call, key(aws))["view"]
    unchanging = key(aws, KeySpec="HMAC_256", KeyUsage="GENERATE_VERIFY_MAC")
    assert "view" not in call("EnableKeyRotation", "verify", unchanging, planId="")


def test_without_a_periodic_rule_s_function_nothing_is_evaluated_again(aws, call):
    assert "view" not in verified(call, key(aws))
    assert aws.config.started == []


@pytest.mark.parametrize(
    ("remediation", "event", "message"),
    [
        ("EnableKeyRotation", {"step": "destroy"}, "event.step: expected one of plan, apply, verify, fail"),
        ("EnableKeyRotation", {"step": 7}, "event.step: expected a string"),
        ("EnableKeyRotation", {"step": "plan", "resource": ""}, "event.resource: expected a bucket name"),
        ("EnableKeyRotation", {"step": "plan", "resource": "a key"}, "key `a key`: expected a key id or a key ARN"),
        ("EnableKeyRotation", {"step": "plan", "resource": "a\x1b[2Jkey\n"}, r"key `a\\x1b\[2Jkey\\n`: expected"),
        ("EnableKeyRotation", {"step": "plan", "resource": "!" * 9_000}, r"!{3900,4000} … \(cut;"),
        ("SetBucketDefaultEncryption", {"step": "plan", "resource": "nobodys"}, "NoSuchBucket"),
        ("EnableKeyRotation", {"step": "plan", "parameters": "{"}, "GUARDRAILS_PARAMETERS: "),
        ("EnableKeyRotation", {"step": "plan", "parameters": '{"MaximumDays": "1"}'}, "MaximumDays"),
        ("Unheard", {"step": "plan"}, "no rule has the remediation `Unheard`"),
        ("EnableKeyRotation", {"step": "fail", "status": "ODD"}, "UNEXPECTED_STATUS: .+ `ODD`"),
        ("UndoRemediation", {"step": "plan", "resource": "../x"}, "plan id `../x`: expected"),
        ("UndoRemediation", {"step": "plan", "KmsKeyArn": ""}, "event.KmsKeyArn: expected one of"),
        ("EnableKeyRotation", {"step": "plan", "Resource": "x"}, "event.Resource: expected one of approval, exec"),
        ("RequireTls", {"step": "plan", "resource": ["ledger"]}, "event.resource: expected a string"),
        ("RequireTls", {"step": "plan", "resource": "elsewhere"}, "is in eu-west-1; start the document there"),
        ("RequireTls", {"step": "apply", "planId": PLAN, "approval": "Always"}, "event.approval: expected one of"),
        ("RequireTls", {"step": "apply", "planId": PLAN, "approval": ""}, "event.approval: expected one of"),
        ("RequireTls", {"step": "apply"}, "event.planId: expected the id that the step plan gave, found ``"),
        ("RequireTls", {"step": "apply", "planId": "../../x"}, "event.planId: expected the id that"),
        ("SetBucketDefaultEncryption", {"step": "plan", "KmsKeyArn": 7}, "event.KmsKeyArn: expected a string"),
    ],
)
def test_a_wrong_event_says_what_was_expected(aws, call, remediation, event, message):
    bucket(aws, "ledger")
    location = {"LocationConstraint": "eu-west-1"}
    aws.client("s3", "eu-west-1").create_bucket(Bucket="elsewhere", CreateBucketConfiguration=location)
    with pytest.raises(StepFailed, match=message):
        call(remediation, **event)


def test_undo_without_an_approval_is_not_applied(aws, call):
    arn = key(aws)
    planned = call("EnableKeyRotation", "plan", arn)
    call("EnableKeyRotation", "apply", arn, planId=planned["planId"])
    undo = call("UndoRemediation", "plan", planned["planId"])
    assert undo["needsApproval"] == "true"
    with pytest.raises(StepFailed, match="GetAutomationExecution"):
        call("UndoRemediation", "apply", planned["planId"], planId=undo["planId"])
    assert aws.client("kms").get_key_rotation_status(KeyId=arn)["KeyRotationEnabled"] is True


@pytest.mark.parametrize(
    ("remediation", "data_class"),
    [("SetBucketDefaultEncryption", "restricted"), ("RequireTls", "restricted"), ("DenyWrongUploads", "log-delivery")],
)
def test_the_evidence_bucket_itself_is_never_changed(aws, call, remediation, data_class):
    tags = {"TagSet": [{"Key": "data-class", "Value": data_class}]}
    aws.client("s3").put_bucket_tagging(Bucket=EVIDENCE, Tagging=tags)
    parameters = "{}" if remediation == "RequireTls" else json.dumps({"ApprovedKeys": key(aws)})
    options = {"AcceptUnknownSseC": "true"} if remediation == "DenyWrongUploads" else {}
    with pytest.raises(StepFailed, match=r"EVIDENCE_BUCKET: .+ holds or encrypts the pre-images"):
        call(remediation, "plan", EVIDENCE, parameters, **options)


@pytest.mark.parametrize("named", ["{}", "arn:aws:kms:us-east-1:123456789012:key/{}"])
def test_the_key_of_the_evidence_bucket_is_never_changed(aws, call, monkeypatch, named):
    arn = key(aws)
    monkeypatch.setenv("GUARDRAILS_EVIDENCE_KEY", arn)
    with pytest.raises(StepFailed, match="REFUSED: EVIDENCE_BUCKET: "):
        call("EnableKeyRotation", "plan", named.format(arn.rpartition("/")[2]))


def test_undo_spares_what_has_become_the_key_of_the_evidence_bucket(aws, call, monkeypatch):
    arn = key(aws)
    planned = call("EnableKeyRotation", "plan", arn)
    call("EnableKeyRotation", "apply", arn, planId=planned["planId"])
    monkeypatch.setenv("GUARDRAILS_EVIDENCE_KEY", arn)
    with pytest.raises(StepFailed, match="REFUSED: EVIDENCE_BUCKET: "):
        call("UndoRemediation", "plan", planned["planId"])
