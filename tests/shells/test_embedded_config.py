"""AWS Config of the embedded AWS: rules, tokens, evaluations, compliance and histories."""

import json
from datetime import UTC, datetime, timedelta

import pytest
from botocore.exceptions import ClientError

from s3_guardrails.discovery import find_rules
from s3_guardrails.embedded.config_event import change_event
from s3_guardrails.embedded.item import Recorder, deleted, in_history
from s3_guardrails.embedded.player import ConfigPlayer, in_process

NOON = datetime(2026, 5, 4, 12, tzinfo=UTC)


@pytest.fixture
def config(aws):
    client = aws.client("config")
    source = {"Owner": "CUSTOM_LAMBDA", "SourceIdentifier": "arn:aws:lambda:us-east-1:123456789012:function:x"}
    client.put_config_rule(ConfigRule={"ConfigRuleName": "GUARD", "Source": source, "InputParameters": '{"A":"1"}'})
    return client


def code_of(call, **parameters):
    with pytest.raises(ClientError) as caught:
        call(**parameters)
    return caught.value.response["Error"]["Code"]


def evaluation(name, compliance, when=NOON, **more):
    return {
        "ComplianceResourceType": "AWS::S3::Bucket",
        "ComplianceResourceId": name,
        "ComplianceType": compliance,
        "OrderingTimestamp": when,
    } | more


def compliance(config, **filters):
    pages = config.get_paginator("get_compliance_details_by_config_rule").paginate(ConfigRuleName="GUARD", **filters)
    return {
        each["EvaluationResultIdentifier"]["EvaluationResultQualifier"]["ResourceId"]: (
            each["ComplianceType"],
            each.get("Annotation"),
        )
        for page in pages
        for each in page["EvaluationResults"]
    }


def test_evaluations_are_kept_for_the_rule_of_their_token(aws, config):
    token = aws.config.issue_token("GUARD")
    many = [evaluation(f"bucket-{number:02}", "COMPLIANT") for number in range(25)]
    config.put_evaluations(Evaluations=many, ResultToken=token)
    config.put_evaluations(Evaluations=[evaluation("open", "NON_COMPLIANT", Annotation="why")], ResultToken=token)
    assert len(compliance(config)) == 26
    assert compliance(config, ComplianceTypes=["NON_COMPLIANT"]) == {"open": ("NON_COMPLIANT", "why")}


def test_an_older_evaluation_never_replaces_a_newer_one(aws, config):
    token = aws.config.issue_token("GUARD")
    config.put_evaluations(Evaluations=[evaluation("data", "NON_COMPLIANT")], ResultToken=token)
    older = evaluation("data", "COMPLIANT", NOON - timedelta(seconds=1))
    config.put_evaluations(Evaluations=[older], ResultToken=token)
    assert compliance(config) == {"data": ("NON_COMPLIANT", None)}


def test_test_mode_stores_nothing_and_other_tokens_are_refused(aws, config):
    good = [evaluation("data", "COMPLIANT")]
    config.put_evaluations(Evaluations=good, ResultToken="TESTMODE", TestMode=True)
    assert compliance(config) == {}
    assert code_of(config.put_evaluations, Evaluations=good, ResultToken="guessed") == "InvalidResultTokenException"


@pytest.mark.parametrize(
    "wrong",
    [
        [evaluation("data", "INSUFFICIENT_DATA")],
        [evaluation("data", "COMPLIANT", Annotation="x" * 257)],
        [evaluation("data", "COMPLIANT")] * 101,
    ],
)
def test_evaluations_beyond_the_services_limits_are_refused(aws, config, wrong):
    token = aws.config.issue_token("GUARD")
    assert code_of(config.put_evaluations, Evaluations=wrong, ResultToken=token) == "ValidationException"
    assert compliance(config) == {}


def test_unknown_rules_and_resources_are_errors(config):
    assert code_of(config.describe_config_rules, ConfigRuleNames=["NO"]) == "NoSuchConfigRuleException"
    found = code_of(config.get_compliance_details_by_config_rule, ConfigRuleName="NO")
    assert found == "NoSuchConfigRuleException"
    found = code_of(config.get_resource_config_history, resourceType="AWS::S3::Bucket", resourceId="no")
    assert found == "ResourceNotDiscoveredException"


def test_a_rule_keeps_its_identity_when_it_is_put_again_and_its_parameters_are_limited(config):
    [before] = config.describe_config_rules(ConfigRuleNames=["GUARD"])["ConfigRules"]
    rule = {name: before[name] for name in ("ConfigRuleName", "Source")}
    config.put_config_rule(ConfigRule=rule | {"InputParameters": '{"A":"2"}'})
    [after] = config.describe_config_rules(ConfigRuleNames=["GUARD"])["ConfigRules"]
    assert (after["ConfigRuleArn"], after["InputParameters"]) == (before["ConfigRuleArn"], '{"A":"2"}')
    long = rule | {"InputParameters": json.dumps({"A": "x" * 1024})}
    assert code_of(config.put_config_rule, ConfigRule=long) == "InvalidParameterValueException"


@pytest.fixture
def recorder(aws):
    return Recorder(aws.client("s3"), aws.client("kms"), aws.account, aws.region)


def test_a_buckets_item_has_the_captured_shape(aws, recorder):
    s3 = aws.client("s3")
    s3.create_bucket(Bucket="data")
    fresh = recorder.bucket("data")
    assert fresh["supplementaryConfiguration"]["BucketPolicy"] == {"policyText": None}
    assert fresh["tags"] == {}
    s3.put_bucket_tagging(Bucket="data", Tagging={"TagSet": [{"Key": "data-class", "Value": "internal"}]})
    rule = {
        "ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": "alias/orders"},
        "BucketKeyEnabled": True,
        "BlockedEncryptionTypes": {"EncryptionType": ["SSE-C"]},
    }
    s3.put_bucket_encryption(Bucket="data", ServerSideEncryptionConfiguration={"Rules": [rule]})
    item = recorder.bucket("data")
    sections = item["supplementaryConfiguration"]
    assert item["tags"] == {"data-class": "internal"}
    assert sections["BucketTaggingConfiguration"] == {"tagSets": [{"tags": {"data-class": "internal"}}]}
    assert sections["ServerSideEncryptionConfiguration"] == {
        "rules": [
            {
                "applyServerSideEncryptionByDefault": {"sseAlgorithm": "aws:kms", "kmsMasterKeyID": "alias/orders"},
                "bucketKeyEnabled": True,
            }
        ]
    }
    assert isinstance(sections["AccessControlList"], str)
    assert json.loads(json.dumps(item)) == item


def test_a_keys_item_has_the_captured_shape(aws, recorder):
    kms = aws.client("kms")
    key_id = kms.create_key(Tags=[{"TagKey": "team", "TagValue": "orders"}])["KeyMetadata"]["KeyId"]
    item = recorder.key(key_id)
    sections = item["supplementaryConfiguration"]
    assert (item["resourceId"], item["configuration"]["keyManager"]) == (key_id, "CUSTOMER")
    assert item["configuration"]["awsaccountId"] == aws.account
    assert json.loads(sections["Policy"])["Statement"][0]["Action"] == "kms:*"
    assert sections["KeyRotationStatus"] is False
    assert sections["Tags"] == [{"tagKey": "team", "tagValue": "orders"}]
    assert json.loads(json.dumps(item)) == item


def test_what_the_recorder_may_not_read_is_missing_from_the_item(aws, recorder):
    aws.client("s3").create_bucket(Bucket="data")
    key_id = aws.client("kms").create_key()["KeyMetadata"]["KeyId"]
    for operation in ("s3:GetBucketPolicy", "s3:GetBucketEncryption", "s3:GetBucketTagging"):
        aws.faults.deny(operation, "data")
    aws.faults.deny("kms:GetKeyPolicy", key_id)
    bucket, key = recorder.bucket("data"), recorder.key(key_id)
    assert not {"BucketPolicy", "ServerSideEncryptionConfiguration"} & set(bucket["supplementaryConfiguration"])
    assert "tags" not in bucket
    assert "Policy" not in key["supplementaryConfiguration"]


def test_the_history_returns_items_in_its_own_shape_newest_first(aws, recorder):
    aws.client("s3").create_bucket(Bucket="data")
    item = recorder.bucket("data")
    aws.config.record(in_history(item))
    aws.config.record(in_history(deleted(item)))
    answer = aws.client("config").get_resource_config_history(resourceType="AWS::S3::Bucket", resourceId="data")
    gone, first = answer["configurationItems"]
    assert gone["configurationItemStatus"] == "ResourceDeleted"
    assert isinstance(first["configurationItemCaptureTime"], datetime)
    assert first["accountId"] == aws.account
    assert json.loads(first["supplementaryConfiguration"]["BucketPolicy"]) == {"policyText": None}
    assert (
        json.loads(json.loads(first["supplementaryConfiguration"]["AccessControlList"]))["isRequesterCharged"] is False
    )


def test_an_item_too_large_to_be_pushed_is_announced(aws):
    aws.config.rules["GUARD"] = {"InputParameters": "{}", "ConfigRuleArn": "arn", "ConfigRuleId": "id"}
    aws.client("s3").create_bucket(Bucket="data")
    item = Recorder(aws.client("s3"), aws.client("kms"), aws.account, aws.region).bucket("data")
    pushed = json.loads(change_event(aws.config, aws.account, "GUARD", item)["invokingEvent"])
    assert pushed["configurationItem"]["resourceId"] == "data"
    item["supplementaryConfiguration"]["BucketNotificationConfiguration"] = {"configurations": {"a": "x" * 2**18}}
    announced = json.loads(change_event(aws.config, aws.account, "GUARD", item)["invokingEvent"])
    assert announced["messageType"] == "OversizedConfigurationItemChangeNotification"
    assert announced["configurationItemSummary"]["resourceId"] == "data"
    assert "supplementaryConfiguration" not in announced["configurationItemSummary"]


def test_a_handler_that_fails_is_a_failure_of_its_resource_and_the_play_goes_on(aws):
    [entry, *_] = [each for each in find_rules() if each.name == "S3_BUCKET_TLS_ONLY"]
    player = ConfigPlayer(aws, (entry,))
    player.deploy({entry.name: {"MinimumTlsVersion": "0.9"}})
    aws.client("s3").create_bucket(Bucket="data")
    recorder = Recorder(aws.client("s3"), aws.client("kms"), aws.account, aws.region)
    player.deliver(recorder.bucket("data"), in_process(aws))
    player.deploy({})
    player.deliver(recorder.bucket("data"), in_process(aws))
    [failure] = player.failures
    assert (failure.rule, failure.resource) == (entry.name, "data")
    assert "MinimumTlsVersion" in failure.error
    [result] = player.results(entry.name)
    assert result["Annotation"].startswith("NO_POLICY")
