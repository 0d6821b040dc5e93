"""Handlers run by the real Lambda runtime client: imported, invoked, answered and failed as Lambda does it."""

import json
from pathlib import Path

import pytest
from config_events import event, load, stored, with_section

from s3_guardrails.discovery import find_rules
from s3_guardrails.embedded.item import KEY
from s3_guardrails.embedded.runtime import Ending, LambdaRuntime

HERE = Path(__file__).parent
RULES = Path(__file__).parents[2] / "rules"
BUCKET = "cf-templates-1abc"


def runtime(aws, handler, folder=HERE):
    return LambdaRuntime(handler, folder, aws.environment())


def test_one_process_answers_event_after_event(aws):
    aws.client("s3").create_bucket(Bucket=BUCKET)
    live = {"Touch": "blocked_encryption_types"}
    with runtime(aws, "probe_rules.bucket_handler") as function:
        first = function.invoke(event(aws, "change_bucket"))
        second = function.invoke(event(aws, "change_bucket", live))
        gone = function.invoke(event(aws, "change_bucket_deleted"))
    assert [each.ending for each in (first, second, gone)] == [Ending.RESPONSE] * 3, gone.log
    assert first.body[0]["Annotation"] == "IS_ABSENT: policy is absent"
    assert second.body[0]["ComplianceType"] == "COMPLIANT"
    assert stored(aws) == {BUCKET: ("NOT_APPLICABLE", "RESOURCE_DELETED: the resource was deleted")}


def test_the_answer_about_an_oversized_item_can_be_marshalled(aws):
    aws.config.record(load("history_bucket"))
    with runtime(aws, "probe_rules.bucket_handler") as function:
        answer = function.invoke(event(aws, "oversized_bucket"))
    assert answer.ending is Ending.RESPONSE, answer.log
    assert answer.body[0]["OrderingTimestamp"] == "2021-01-13T05:00:23.319Z"
    assert BUCKET in stored(aws)


def test_a_failure_is_an_error_for_lambda_and_the_next_event_is_answered(aws):
    aws.faults.deny("config:PutEvaluations")
    with runtime(aws, "probe_rules.bucket_handler") as function:
        failed = function.invoke(event(aws, "change_bucket"))
        aws.faults.clear()
        answered = function.invoke(event(aws, "change_bucket"))
    assert failed.ending is Ending.ERROR
    assert failed.body["errorType"] == "EvaluationFailed"
    assert "AccessDenied" in failed.body["errorMessage"]
    assert answered.succeeded


def test_a_periodic_rule_runs_over_the_account(aws):
    kms = aws.client("kms")
    keys = [kms.create_key()["KeyMetadata"]["KeyId"] for _ in range(3)]
    with runtime(aws, "probe_rules.key_handler") as function:
        answer = function.invoke(event(aws, "scheduled", {"Touch": "metadata,rotation,policy,tags"}))
    assert answer.ending is Ending.RESPONSE, answer.log
    assert set(stored(aws)) == set(keys)


@pytest.mark.parametrize("name", sorted(path.name for path in RULES.glob("S3_*")))
def test_every_bucket_rule_answers_pushed_oversized_and_deleted_items(aws, name):
    aws.client("s3").create_bucket(Bucket=BUCKET)
    aws.config.record(load("history_bucket"))
    open_policy = with_section("BucketPolicy", {"policyText": None})
    with runtime(aws, f"{name}.lambda_handler", RULES / name) as function:
        answers = [
            function.invoke(event(aws, "change_bucket", item=open_policy)),
            function.invoke(event(aws, "oversized_bucket")),
            function.invoke(event(aws, "change_bucket_deleted")),
        ]
    assert [each.ending for each in answers] == [Ending.RESPONSE] * 3, answers[-1].log
    assert [each.body[0]["ComplianceType"] for each in answers][2] == "NOT_APPLICABLE"
    assert not any("UNDETERMINED" in each.body[0]["Annotation"] for each in answers)


@pytest.mark.parametrize("name", [each.name for each in find_rules() if each.rule.resource_type == KEY])
def test_every_key_rule_answers_changes_and_schedules(aws, name):
    kms = aws.client("kms")
    item = load("change_key")["invokingEvent"]["configurationItem"]
    key = kms.create_key()["KeyMetadata"]["Arn"]
    policy = json.loads(item["supplementaryConfiguration"]["Policy"])
    aws.kms.rename(key, item["resourceId"])
    kms.put_key_policy(KeyId=item["resourceId"], PolicyName="default", Policy=json.dumps(policy))
    with runtime(aws, f"{name}.lambda_handler", RULES / name) as function:
        answers = [function.invoke(event(aws, each)) for each in ("change_key", "scheduled")]
    assert [each.ending for each in answers] == [Ending.RESPONSE] * 2, answers[-1].log
    pushed, scheduled = (each.body[0] for each in answers)
    assert pushed["ComplianceResourceId"] == scheduled["ComplianceResourceId"] == item["resourceId"]
    assert pushed["Annotation"] == scheduled["Annotation"]
    assert not pushed["Annotation"].startswith("UNDETERMINED")
