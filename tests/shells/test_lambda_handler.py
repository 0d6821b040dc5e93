"""The Lambda handler over an AWS on this machine, one test for each defect proven of rdklib 0.3.10, and more."""

import importlib.metadata
import importlib.util
import json
import subprocess
import sys
import traceback
from dataclasses import replace
from pathlib import Path

import boto3
import probe_rules
import pytest
from botocore.config import Config
from config_events import event, load, stored, with_section

from s3_guardrails.config import clients as config_clients
from s3_guardrails.config.annotation import MAX_ANNOTATION, annotate
from s3_guardrails.decision import Decision, Reason, Verdict
from s3_guardrails.embedded.call import Refused, json_answer
from s3_guardrails.embedded.config_service import ConfigService
from s3_guardrails.embedded.environment import only
from s3_guardrails.embedded.s3_service import S3Service
from s3_guardrails.errors import EvaluationFailed

RULES = Path(__file__).parents[2] / "rules"
BUCKET = "cf-templates-1abc"
KEY = "9975ba19-1111-4222-8333-444455556666"


@pytest.fixture(autouse=True)
def account(aws, monkeypatch):
    quick = Config(retries={"mode": "standard", "total_max_attempts": 2}, max_pool_connections=32)
    monkeypatch.setattr("s3_guardrails.live.clients.SETTINGS", quick)
    monkeypatch.setattr("time.sleep", lambda _: None)
    aws.client("s3").create_bucket(Bucket=BUCKET)
    with only(aws.environment()):
        yield
    config_clients.forget_clients()


def bucket(made):
    return probe_rules.bucket_handler(made, None)


def key(made):
    return probe_rules.key_handler(made, None)


def calls(aws, monkeypatch):
    """Record (service, operation, account) of every call from now on."""
    seen = []
    strike = type(aws.faults).strike

    def record(self, call):
        seen.append((call.service, call.operation, call.account))
        strike(self, call)

    monkeypatch.setattr(type(aws.faults), "strike", record)
    return seen


# an item becomes an evaluation


def test_a_change_event_becomes_one_evaluation_ordered_by_the_capture_time(aws):
    [evaluation] = bucket(event(aws, "change_bucket"))
    assert evaluation == {
        "ComplianceResourceId": BUCKET,
        "ComplianceResourceType": "AWS::S3::Bucket",
        "ComplianceType": "NON_COMPLIANT",
        "OrderingTimestamp": "2021-01-13T05:00:23.319Z",
        "Annotation": "IS_ABSENT: policy is absent",
    }
    assert stored(aws) == {BUCKET: ("NON_COMPLIANT", "IS_ABSENT: policy is absent")}


def test_an_item_that_tells_everything_makes_no_call_but_put_evaluations(aws, monkeypatch):
    made, seen = event(aws, "change_bucket", {"Touch": "policy,default_encryption,tags"}), calls(aws, monkeypatch)
    bucket(made)
    assert seen == [("config", "PutEvaluations", aws.account)]


def test_what_the_item_lacks_is_read_live(aws, monkeypatch):
    made, seen = event(aws, "change_bucket", {"Touch": "blocked_encryption_types"}), calls(aws, monkeypatch)
    bucket(made)
    assert stored(aws)[BUCKET] == ("COMPLIANT", "IS_THERE: blocked_encryption_types is frozenset()")
    assert [operation for _, operation, _ in seen] == ["GetBucketEncryption", "PutEvaluations"]


def test_a_missing_encryption_section_is_read_live_and_never_taken_for_unencrypted(aws):
    item = with_section("ServerSideEncryptionConfiguration", ...)
    bucket(event(aws, "change_bucket", {"Touch": "default_encryption"}, item=item))
    assert stored(aws)[BUCKET][0] == "COMPLIANT"
    assert "AES256" in stored(aws)[BUCKET][1]


def test_a_fact_that_is_refused_everywhere_is_undetermined(aws):
    aws.faults.deny("s3:GetBucketPolicy")
    bucket(event(aws, "change_bucket", item=with_section("BucketPolicy", ...)))
    compliance, annotation = stored(aws)[BUCKET]
    assert compliance == "NON_COMPLIANT"
    assert annotation.startswith("UNDETERMINED POLICY_UNREADABLE: policy could not be read: AccessDenied")


def test_a_key_item_of_a_rule_in_a_pack_is_judged(aws):
    key(event(aws, "change_key", {"Touch": "metadata,tags"}))
    assert stored(aws)[KEY] == ("COMPLIANT", "IS_THERE: tags is {'ConfigTesting': 'Test'}")


def test_the_test_mode_of_rdk_sends_without_storing(aws):
    [evaluation] = bucket(event(aws, "change_bucket", resultToken="TESTMODE"))
    assert evaluation["ComplianceType"] == "NON_COMPLIANT"
    assert stored(aws) == {}


# errors are not swallowed


@pytest.mark.parametrize("operation", ["config:PutEvaluations", "s3:GetBucketPolicy"])
def test_throttling_without_end_fails_the_invocation(aws, operation):
    aws.faults.throttle(operation, times=None)
    with pytest.raises(EvaluationFailed, match=r"S3_PROBE: .*(Throttling|SlowDown)"):
        bucket(event(aws, "change_bucket", item=with_section("BucketPolicy", ...)))
    assert stored(aws) == {}


def test_a_refused_put_evaluations_fails_the_invocation(aws):
    aws.faults.deny("config:PutEvaluations")
    with pytest.raises(EvaluationFailed, match="S3_PROBE: PutEvaluations: AccessDenied"):
        bucket(event(aws, "change_bucket"))


@pytest.mark.parametrize("error", [ValueError, KeyError])
def test_a_defect_of_a_rule_fails_the_invocation(aws, error):
    with pytest.raises(error, match="on purpose"):
        bucket(event(aws, "change_bucket", {"Fail": error.__name__}))
    assert stored(aws) == {}


def test_an_invalid_result_token_fails_the_invocation(aws):
    with pytest.raises(EvaluationFailed, match="InvalidResultToken"):
        bucket(event(aws, "change_bucket", resultToken="not a token"))


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"Tuoch": "policy"}, "unknown rule parameter `Tuoch`: expected one of Fail, Touch"),
        ({"Touch": ["policy"]}, "rule parameter `Touch`: expected a string, found list"),
    ],
)
def test_a_wrong_parameter_fails_the_invocation_and_is_named(aws, parameters, message):
    with pytest.raises(EvaluationFailed, match=f"S3_PROBE: ParameterError: {message}"):
        bucket(event(aws, "change_bucket", parameters))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"invokingEvent": "{"}, "event.invokingEvent: not JSON"),
        ({"invokingEvent": "[" * 9999}, "event.invokingEvent: "),
        ({"invokingEvent": "[]"}, "event.invokingEvent: expected an object, found a list"),
        ({"invokingEvent": None}, "event.invokingEvent: expected a string, found null"),
        ({"invokingEvent": "{}"}, "invokingEvent.messageType: expected Configuration"),
        ({"ruleParameters": "7"}, "event.ruleParameters: expected an object, found a number"),
        ({"ruleParameters": '{"a": 1, "a": 2}'}, "event.ruleParameters: the key `a` is repeated"),
        ({"resultToken": ""}, "event.resultToken: expected a non-empty string"),
        ({"resultToken": None}, "event.resultToken: expected a string, found null"),
    ],
)
def test_a_malformed_event_fails_the_invocation_with_its_path(aws, change, message):
    with pytest.raises(EvaluationFailed) as caught:
        bucket(event(aws, "change_bucket") | change)
    assert message in str(caught.value)


@pytest.mark.parametrize("made", [None, [], "event"])
def test_something_else_than_an_event_fails_the_invocation(made):
    with pytest.raises(EvaluationFailed, match="event: expected an object"):
        bucket(made)


@pytest.mark.parametrize(
    ("item", "message"),
    [
        ({"resourceId": None}, "configurationItem.resourceId: expected a string, found null"),
        ({"configurationItemCaptureTime": 7}, "configurationItem.configurationItemCaptureTime: expected a string"),
        ({"configurationItemStatus": "Confused"}, "configurationItemStatus: `Confused` is not one"),
        ({"awsAccountId": "12", "ARN": ""}, "ConfigurationItemError: configurationItem.awsAccountId: expected 12"),
    ],
)
def test_an_item_that_cannot_be_reported_on_fails_the_invocation(aws, item, message):
    with pytest.raises(EvaluationFailed, match=message):
        bucket(event(aws, "change_bucket", item=item, accountId=None))


def test_an_unexpected_message_type_fails_the_invocation(aws):
    message = {"messageType": "ConfigurationSnapshotDeliveryCompleted"}
    with pytest.raises(EvaluationFailed, match="found `ConfigurationSnapshotDeliveryCompleted`"):
        bucket(event(aws, "change_bucket", message=message))


# whose credentials


@pytest.mark.parametrize("parameters", [{}, {"AssumeRoleMode": "False"}, {"AssumeRoleMode": "false"}])
def test_the_recorders_role_is_not_assumed_unless_asked_for(aws, monkeypatch, parameters):
    role = "arn:aws:iam::111122223333:role/aws-service-role/config.amazonaws.com/AWSServiceRoleForConfig"
    made, seen = event(aws, "change_bucket", parameters, executionRoleArn=role), calls(aws, monkeypatch)
    bucket(made)
    assert seen == [("config", "PutEvaluations", aws.account)]


def test_assume_role_mode_may_be_a_truth_value(aws):
    bucket(event(aws, "change_bucket", {"AssumeRoleMode": False}))
    assert BUCKET in stored(aws)


def let_in(aws, account, role):
    """Let a role of another account, which trusts ours, put what our tokens are for."""
    path, _, name = role.rpartition("/")
    trust = {"Effect": "Allow", "Principal": {"AWS": aws.account}, "Action": "sts:AssumeRole"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [trust]})
    iam = aws.client("iam", access_key=aws.assume(f"arn:aws:iam::{account}:role/administrator"))
    iam.create_role(RoleName=name, Path=f"/{path}/" if path else "/", AssumeRolePolicyDocument=document)
    aws.places.at(account, aws.region).config.tokens = aws.config.tokens


@pytest.mark.parametrize(
    "parameters", [{"ExecutionRoleName": "guardrails/eval"}, {"AssumeRoleMode": True}, {"AssumeRoleMode": "true"}]
)
def test_a_role_that_is_asked_for_is_assumed_once_for_all_events(aws, monkeypatch, parameters):
    role = "arn:aws:iam::111122223333:role/config-role"
    let_in(aws, "111122223333", parameters.get("ExecutionRoleName", "config-role"))
    first, second = (event(aws, "change_bucket", parameters, executionRoleArn=role) for _ in range(2))
    seen = calls(aws, monkeypatch)
    bucket(first)
    bucket(second)
    assert [each[0] for each in seen] == ["sts", "config", "config"]
    assert seen[1][2] == "111122223333"


def test_a_role_that_cannot_be_assumed_fails_the_invocation_and_is_no_fact_about_the_bucket(aws):
    aws.faults.deny("sts:AssumeRole")
    parameters = {"ExecutionRoleName": "eval", "Touch": "blocked_encryption_types"}
    with pytest.raises(EvaluationFailed, match="role `arn:aws:iam::123456789012:role/eval` cannot be assumed"):
        bucket(event(aws, "change_bucket", parameters))
    assert stored(aws) == {}


def test_an_unclear_assume_role_mode_fails_the_invocation(aws):
    with pytest.raises(EvaluationFailed, match="AssumeRoleMode: expected `true` or `false`"):
        bucket(event(aws, "change_bucket", {"AssumeRoleMode": "perhaps"}))


SIGNATURE = (
    "The request signature we calculated does not match the signature you provided.\n\n"
    "The Canonical String for this request should have been\n'POST\nx-amz-security-token:SECRET-TOKEN\n'"
)


@pytest.mark.parametrize(
    ("operation", "parameters"),
    [
        ("config:PutEvaluations", {}),
        ("s3:GetBucketEncryption", {"Touch": "blocked_encryption_types"}),
    ],
)
def test_a_refused_signature_brings_no_session_token_into_the_log(aws, operation, parameters):
    made = event(aws, "change_bucket", parameters)
    aws.faults.fail(operation, Refused("SignatureDoesNotMatch", SIGNATURE, 403), times=None)
    with pytest.raises(EvaluationFailed, match=r"SignatureDoesNotMatch: The request signature we") as caught:
        bucket(made)
    shown = "".join(traceback.format_exception(caught.value))
    assert "SECRET" not in shown
    assert "Canonical" not in shown


# oversized items


def test_an_oversized_item_is_read_from_the_history_and_the_answer_holds_no_datetime(aws):
    aws.config.record(load("history_bucket"))
    answer = bucket(event(aws, "oversized_bucket"))
    assert json.loads(json.dumps(answer)) == answer
    assert answer[0]["OrderingTimestamp"] == "2021-01-13T05:00:23.319Z"
    assert stored(aws)[BUCKET][1].startswith("IS_THERE: policy is Policy(version='2012-10-17'")


def test_an_oversized_item_that_was_deleted_is_not_applicable_and_reads_no_history(aws, monkeypatch):
    made = event(aws, "oversized_bucket", item={"configurationItemStatus": "ResourceDeleted"})
    seen = calls(aws, monkeypatch)
    bucket(made)
    assert stored(aws)[BUCKET] == ("NOT_APPLICABLE", "RESOURCE_DELETED: the resource was deleted")
    assert [operation for _, operation, _ in seen] == ["PutEvaluations"]


def test_a_resource_that_the_history_knows_as_deleted_is_not_applicable(aws):
    gone = {name: value for name, value in load("history_bucket").items() if name != "relationships"}
    aws.config.record({**gone, "configurationItemStatus": "ResourceDeleted", "configuration": None})
    bucket(event(aws, "oversized_bucket"))
    assert stored(aws)[BUCKET] == ("NOT_APPLICABLE", "RESOURCE_DELETED: the resource was deleted")


@pytest.mark.parametrize("history", [None, []])
def test_where_the_history_is_empty_every_fact_is_read_live(aws, history):
    if history is not None:
        aws.config.histories["AWS::S3::Bucket", BUCKET] = history
    [evaluation] = bucket(event(aws, "oversized_bucket", {"Touch": "tags,default_encryption,policy"}))
    assert evaluation["OrderingTimestamp"] == "2016-10-06T16:46:16.261Z"
    assert stored(aws)[BUCKET] == ("NON_COMPLIANT", "IS_ABSENT: policy is absent")


def test_empty_pages_of_the_history_are_looked_past(aws, monkeypatch):
    pages = iter([{"configurationItems": [], "nextToken": "1"}, {"configurationItems": [load("history_bucket")]}])
    monkeypatch.setattr(ConfigService, "on_get_resource_config_history", lambda *_: json_answer(next(pages)))
    bucket(event(aws, "oversized_bucket"))
    assert stored(aws)[BUCKET][1].startswith("IS_THERE: policy is Policy")


def test_a_refused_history_fails_the_invocation(aws):
    aws.faults.deny("config:GetResourceConfigHistory")
    with pytest.raises(EvaluationFailed, match="AccessDenied"):
        bucket(event(aws, "oversized_bucket"))


def test_pushed_and_oversized_items_lead_to_the_same_verdict(aws):
    history = load("history_bucket")
    aws.config.record(history)
    policy = json.loads(json.loads(history["supplementaryConfiguration"]["BucketPolicy"])["policyText"])
    pushed = event(aws, "change_bucket", item=with_section("BucketPolicy", {"policyText": policy}))
    answers = [bucket(made)[0]["Annotation"][:60] for made in (pushed, event(aws, "oversized_bucket"))]
    assert answers[0] == answers[1]


# what is out of the question


@pytest.mark.parametrize(
    ("made", "annotation"),
    [
        (("change_bucket_deleted", {}, {}), "RESOURCE_DELETED: the resource was deleted"),
        (("change_bucket", {"configurationItemStatus": "ResourceDeletedNotRecorded"}, {}), "RESOURCE_DELETED: the res"),
        (("change_bucket", {"configurationItemStatus": "ResourceNotRecorded"}, {}), "RESOURCE_NOT_RECORDED: AWS Conf"),
        (("change_bucket", {}, {"eventLeftScope": True}), "LEFT_SCOPE: the resource left the scope of the rule"),
        (("change_key", {}, {}), "OTHER_RESOURCE_TYPE: the rule is about AWS::S3::Bucket"),
    ],
)
def test_what_the_rule_does_not_judge_is_not_applicable_with_the_reason(aws, made, annotation):
    name, item, envelope = made
    [evaluation] = bucket(event(aws, name, item=item, **envelope))
    assert evaluation["ComplianceType"] == "NOT_APPLICABLE"
    assert evaluation["Annotation"].startswith(annotation)


def test_an_annotation_is_never_empty(aws):
    [evaluation] = probe_rules.silent_handler(event(aws, "change_key"), None)
    assert evaluation["Annotation"] == "NOTHING_ASKED: "


def test_an_annotation_never_exceeds_what_aws_config_takes(aws):
    policy = {"Statement": {"Effect": "Deny", "Principal": "*", "Action": ["s3:*"] * 99, "Resource": "*"}}
    bucket(event(aws, "change_bucket", item=with_section("BucketPolicy", {"policyText": json.dumps(policy)})))
    _, annotation = stored(aws)[BUCKET]
    assert len(annotation) == MAX_ANNOTATION
    assert annotation.endswith("…")


def test_codes_that_are_repeated_stand_once_in_a_cut_annotation():
    reasons = tuple(Reason(code, "x" * 200, {}) for code in ("A", "B", "A", "B", "C"))
    _, annotation = annotate(Decision(Verdict.NON_COMPLIANT, reasons))
    assert annotation.startswith("A, B, C: xxx")


# periodic rules


def test_a_bucket_of_unknown_region_is_undetermined_and_the_others_are_judged(aws, monkeypatch):
    aws.client("s3").create_bucket(Bucket="second")
    listed = S3Service.on_list_buckets
    monkeypatch.setattr(S3Service, "on_list_buckets", lambda self, call: listed(self, replace(call, parameters={})))
    aws.faults.deny("s3:GetBucketLocation", "second")
    bucket(event(aws, "scheduled"))
    assert stored(aws)[BUCKET][1] == "IS_ABSENT: policy is absent"
    assert stored(aws)["second"][1].startswith("UNDETERMINED POLICY_UNREADABLE: policy could not be read: the bucket's")


@pytest.fixture
def keys(aws):
    kms = aws.client("kms")
    return [kms.create_key()["KeyMetadata"]["KeyId"] for _ in range(4)]


def test_a_periodic_rule_judges_every_key_page_after_page_and_sends_them_by_the_hundred(aws, keys):
    kms = aws.client("kms")
    keys += [kms.create_key()["KeyMetadata"]["KeyId"] for _ in range(101)]
    answer = key(event(aws, "scheduled", {"Touch": "metadata,rotation"}))
    assert set(stored(aws)) == set(keys)
    assert {compliance for compliance, _ in stored(aws).values()} == {"COMPLIANT"}
    assert {each["OrderingTimestamp"] for each in answer} == {"2016-07-13T21:50:00.373Z"}


def test_one_refused_key_is_undetermined_and_the_others_are_judged(aws, keys):
    aws.faults.deny("kms:GetKeyRotationStatus", keys[2])
    key(event(aws, "scheduled", {"Touch": "rotation"}))
    undetermined = [each for each, (_, text) in stored(aws).items() if text.startswith("UNDETERMINED")]
    assert undetermined == [keys[2]]


@pytest.mark.parametrize(
    "fault",
    [("deny", "kms:ListKeys", None), ("throttle", "kms:ListKeys", None), ("throttle", "kms:GetKeyRotationStatus", 2)],
)
def test_a_listing_or_a_read_that_fails_fails_the_run_before_anything_is_sent(aws, keys, fault):
    kind, operation, number = fault
    resource = None if number is None else keys[number]
    getattr(aws.faults, kind)(operation, resource, **({"times": None} if kind == "throttle" else {}))
    with pytest.raises(EvaluationFailed, match="KMS_PROBE: LiveReadFailed"):
        key(event(aws, "scheduled", {"Touch": "rotation"}))
    assert stored(aws) == {}


def test_results_of_keys_that_are_gone_are_withdrawn_by_type_and_id(aws):
    kms = aws.client("kms")
    kept = kms.create_key()["KeyMetadata"]["KeyId"]
    old = [event(aws, "change_key", configRuleName="KMS_PROBE", item={"resourceId": each}) for each in (kept, "gone")]
    for made in old:
        key(made)
    aws.config.results["KMS_PROBE"]["Other", kept] = {
        **aws.config.results["KMS_PROBE"]["AWS::KMS::Key", kept],
        "EvaluationResultIdentifier": {
            "EvaluationResultQualifier": {"ConfigRuleName": "KMS_PROBE", "ResourceType": "Other", "ResourceId": kept},
            "OrderingTimestamp": 0,
        },
    }
    message = {"notificationCreationTime": "2026-01-01T00:00:00.000Z"}
    sent = key(event(aws, "scheduled", {"Touch": "metadata"}, message=message))
    found = {(each["ComplianceResourceType"], each["ComplianceResourceId"]): each for each in sent}
    assert found["AWS::KMS::Key", kept]["ComplianceType"] == "COMPLIANT"
    assert found["AWS::KMS::Key", "gone"]["ComplianceType"] == "NOT_APPLICABLE"
    assert found["AWS::KMS::Key", "gone"]["Annotation"].startswith("NOT_LISTED: ")
    assert found["Other", kept]["ComplianceType"] == "NOT_APPLICABLE"


def test_an_account_without_keys_sends_an_empty_list(aws, monkeypatch):
    made, seen = event(aws, "scheduled"), calls(aws, monkeypatch)
    assert key(made) == []
    assert [operation for _, operation, _ in seen] == [
        "ListKeys",
        "GetComplianceDetailsByConfigRule",
        "PutEvaluations",
    ]


def test_old_results_that_cannot_be_read_fail_the_run(aws):
    aws.faults.deny("config:GetComplianceDetailsByConfigRule")
    with pytest.raises(EvaluationFailed, match="AccessDenied"):
        key(event(aws, "scheduled"))


def test_a_bucket_rule_on_a_schedule_judges_every_bucket_of_its_region(aws):
    location = {"LocationConstraint": "eu-west-1"}
    aws.client("s3", "eu-west-1").create_bucket(Bucket="elsewhere", CreateBucketConfiguration=location)
    aws.client("s3").create_bucket(Bucket="second")
    bucket(event(aws, "scheduled"))
    assert set(stored(aws)) == {BUCKET, "second"}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"message": {"notificationCreationTime": None}}, "invokingEvent.notificationCreationTime: expected a string"),
        ({"message": {"awsAccountId": None}, "accountId": None}, "event.accountId: expected a string"),
    ],
)
def test_a_periodic_event_that_cannot_be_reported_on_fails_the_invocation(aws, change, message):
    with pytest.raises(EvaluationFailed, match=message):
        key(event(aws, "scheduled", **change))


# rdklib itself


def test_the_module_that_would_send_nothing_is_not_installed():
    assert importlib.util.find_spec("rdklib.util.internal") is None


def test_an_rdklib_that_would_send_nothing_is_refused(tmp_path):
    script = (
        "import importlib.util as u; found = u.find_spec\n"
        "u.find_spec = lambda name, *a: True if name == 'rdklib.util.internal' else found(name, *a)\n"
        "import s3_guardrails.config.rdk"
    )
    run = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert run.returncode == 1
    assert "EvaluationFailed: rdklib was installed from its source tree" in run.stderr


def test_rdklib_brings_boto3_and_nothing_else():
    needed = importlib.metadata.requires("rdklib")
    assert [each.split(" ")[0].split("<")[0].split(">")[0] for each in needed if "extra" not in each] == ["boto3"]


def test_evaluations_that_aws_config_refuses_fail_the_invocation(aws, monkeypatch):
    refused = {"FailedEvaluations": [{"ComplianceResourceType": "AWS::S3::Bucket", "ComplianceResourceId": BUCKET}]}
    monkeypatch.setattr(ConfigService, "on_put_evaluations", lambda *_: json_answer(refused))
    with pytest.raises(EvaluationFailed, match=f"PutEvaluations refused 1 of 1 evaluations: {BUCKET}"):
        bucket(event(aws, "change_bucket"))


# how clients are kept and what imports load


def test_clients_are_kept_from_event_to_event(aws, monkeypatch):
    parameters = {"Touch": "blocked_encryption_types"}
    first, second = (event(aws, "change_bucket", parameters) for _ in range(2))
    made = []
    new = boto3.session.Session.client
    monkeypatch.setattr(
        boto3.session.Session, "client", lambda self, service, **a: made.append(service) or new(self, service, **a)
    )
    bucket(first)
    assert sorted(made) == ["config", "s3"]
    bucket(second)
    assert sorted(made) == ["config", "s3"]


def modules_after(script, **environment):
    code = f"import sys\n{script}\nprint(' '.join(sys.modules))"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=environment)
    return {name.partition(".")[0] for name in run.stdout.split()}


def test_importing_the_shell_loads_neither_rdklib_nor_the_sdk():
    loaded = modules_after("import s3_guardrails.config", PYTHONPATH=":".join(sys.path))
    assert not loaded & {"rdklib", "boto3", "botocore", "moto", "click", "rich"}


@pytest.mark.parametrize("name", sorted(path.name for path in RULES.glob("*_*")))
def test_importing_a_rule_loads_no_shell_and_no_sdk(name):
    loaded = modules_after(f"import {name}", PYTHONPATH=":".join([str(RULES / name), *sys.path]))
    assert not loaded & {"rdklib", "boto3", "botocore", "moto", "click", "rich", "jinja2", "typer", "duckdb"}


def test_inside_lambda_the_shell_loads_them_while_starting():
    script = (
        "from s3_guardrails.config import lambda_handler_for; from s3_guardrails.rule import BucketRule\n"
        "lambda_handler_for(BucketRule)"
    )
    inside = {"AWS_LAMBDA_RUNTIME_API": "127.0.0.1:9", "AWS_REGION": "us-east-1", "PYTHONPATH": ":".join(sys.path)}
    loaded = modules_after(script, **inside)
    assert {"rdklib", "boto3"} <= loaded
    assert not loaded & {"moto", "click", "rich", "jinja2", "typer", "duckdb"}
