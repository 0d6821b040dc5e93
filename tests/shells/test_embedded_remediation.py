"""AWS Config remediation of the embedded AWS, through an ordinary client: configurations, executions, their states."""

import json

import pytest
from botocore.exceptions import ClientError

from s3_guardrails.embedded.automation.world import Reply

ROLE = "arn:aws:iam::123456789012:role/Remediation"
DOCUMENT = {
    "schemaVersion": "0.3",
    "assumeRole": "{{ AutomationAssumeRole }}",
    "parameters": {
        "AutomationAssumeRole": {"type": "String"},
        "ResourceId": {"type": "String", "allowedPattern": "^[a-z-]+$"},
        "Approvers": {"type": "StringList", "default": []},
        "Ask": {"type": "String", "default": "no"},
    },
    "mainSteps": [
        {
            "name": "Mend",
            "action": "aws:invokeLambdaFunction",
            "inputs": {"FunctionName": "mend", "InputPayload": {"bucket": "{{ ResourceId }}"}},
        },
        {
            "name": "Choose",
            "action": "aws:branch",
            "isEnd": True,
            "inputs": {"Choices": [{"NextStep": "Approve", "Variable": "{{ Ask }}", "StringEquals": "yes"}]},
        },
        {"name": "Approve", "action": "aws:approve", "inputs": {"Approvers": "{{ Approvers }}"}},
    ],
}
PARAMETERS = {
    "AutomationAssumeRole": {"StaticValue": {"Values": [ROLE]}},
    "ResourceId": {"ResourceValue": {"Value": "RESOURCE_ID"}},
    "Approvers": {"StaticValue": {"Values": [ROLE, "alice"]}},
}


def code_of(call, **parameters):
    with pytest.raises(ClientError) as caught:
        call(**parameters)
    return caught.value.response["Error"]["Code"]


@pytest.fixture
def config(aws):
    aws.client("ssm").create_document(
        Name="Mend", Content=json.dumps(DOCUMENT), DocumentType="Automation", DocumentFormat="YAML"
    )
    client = aws.client("config")
    source = {"Owner": "CUSTOM_LAMBDA", "SourceIdentifier": "arn:aws:lambda:us-east-1:123456789012:function:GUARD"}
    client.put_config_rule(ConfigRule={"ConfigRuleName": "GUARD", "Source": source})
    return client


@pytest.fixture
def mended(aws):
    def mend(event):
        seen.append(event["bucket"])
        return Reply({"errorMessage": "no such bucket"}, "Unhandled") if event["bucket"] == "gone" else Reply({})

    seen = []
    aws.automation.functions.deploy("mend", mend)
    return seen


def put(config, **changes):
    given = {"ConfigRuleName": "GUARD", "TargetType": "SSM_DOCUMENT", "TargetId": "Mend", "Parameters": PARAMETERS}
    return config.put_remediation_configurations(RemediationConfigurations=[{**given, **changes}])


def keys(*names):
    return [{"resourceType": "AWS::S3::Bucket", "resourceId": name} for name in names]


def start(aws, config, *names):
    answer = config.start_remediation_execution(ConfigRuleName="GUARD", ResourceKeys=keys(*names))
    for execution in list(aws.automation.started):
        aws.automation.wait(execution)
    return answer


def states(config, **more):
    found = config.describe_remediation_execution_status(ConfigRuleName="GUARD", **more)
    return {each["ResourceKey"]["resourceId"]: each for each in found["RemediationExecutionStatuses"]}


def test_a_click_runs_the_document_for_each_resource_and_shows_its_steps(aws, config, mended):
    put(config)
    assert "FailedItems" not in start(aws, config, "data", "gone")
    assert sorted(mended) == ["data", "gone"]
    found = states(config)
    assert {name: each["State"] for name, each in found.items()} == {"data": "SUCCEEDED", "gone": "FAILED"}
    assert [(each["Name"], each["State"]) for each in found["data"]["StepDetails"]] == [
        ("Mend", "SUCCEEDED"),
        ("Choose", "SUCCEEDED"),
    ]
    [step] = found["gone"]["StepDetails"]
    assert "no such bucket" in step["ErrorMessage"]
    assert set(states(config, ResourceKeys=keys("gone", "other"))) == {"gone"}
    [execution, *_] = aws.client("ssm").describe_automation_executions()["AutomationExecutionMetadataList"]
    assert execution["ExecutedBy"] == aws.client("sts").get_caller_identity()["Arn"]


def test_a_remediation_that_waits_for_approval_blocks_another_one_of_its_resource(aws, config, mended):
    put(config, Parameters={**PARAMETERS, "Ask": {"StaticValue": {"Values": ["yes"]}}})
    start(aws, config, "data")
    assert states(config)["data"]["State"] == "IN_PROGRESS"
    answer = start(aws, config, "data", "logs")
    assert answer["FailedItems"] == keys("data")
    assert "still in progress" in answer["FailureMessage"]
    assert mended == ["data", "logs"]


def test_a_resource_that_the_document_does_not_take_is_a_failed_item(aws, config, mended):
    put(config)
    answer = start(aws, config, "data", "Data 7")
    assert answer["FailedItems"] == keys("Data 7")
    assert mended == ["data"]


def test_a_configuration_comes_back_is_replaced_and_can_be_deleted(config):
    put(config)
    put(config, TargetVersion="1")
    [found] = config.describe_remediation_configurations(ConfigRuleNames=["GUARD", "OTHER"])[
        "RemediationConfigurations"
    ]
    assert (found["TargetId"], found["TargetVersion"], found["Automatic"]) == ("Mend", "1", False)
    assert found["Parameters"] == PARAMETERS
    config.delete_remediation_configuration(ConfigRuleName="GUARD")
    assert config.describe_remediation_configurations(ConfigRuleNames=["GUARD"])["RemediationConfigurations"] == []
    for call, more in (
        (config.start_remediation_execution, {"ResourceKeys": keys("data")}),
        (config.describe_remediation_execution_status, {}),
        (config.delete_remediation_configuration, {}),
    ):
        assert code_of(call, ConfigRuleName="GUARD", **more) == "NoSuchRemediationConfigurationException"


def without(name):
    return {each: value for each, value in PARAMETERS.items() if each != name}


WRONG = [
    {"ConfigRuleName": "OTHER"},
    {"TargetId": "Other"},
    {"TargetVersion": "9"},
    {"Parameters": {**PARAMETERS, "Bucket": {"StaticValue": {"Values": ["a"]}}}},
    {"Parameters": without("ResourceId")},
    {"Parameters": without("AutomationAssumeRole")},
    {
        "Parameters": {
            **PARAMETERS,
            "ResourceId": {"ResourceValue": {"Value": "RESOURCE_ID"}, **PARAMETERS["Approvers"]},
        }
    },
    {"Parameters": {**PARAMETERS, "Ask": {}}},
    {"Parameters": {**PARAMETERS, "Ask": {"StaticValue": {"Values": []}}}},
    {"Parameters": {**PARAMETERS, "Ask": {"StaticValue": {"Values": ["x" * 257]}}}},
    {"Parameters": {**PARAMETERS, "Approvers": {"StaticValue": {"Values": ["a"] * 26}}}},
    {"Automatic": True},
]


def test_a_configuration_that_does_not_fit_its_document_is_refused_and_keeps_the_old_one(config):
    put(config)
    for changes in WRONG:
        with pytest.raises(ClientError, match="InvalidParameterValueException"):
            put(config, **changes)
    [found] = config.describe_remediation_configurations(ConfigRuleNames=["GUARD"])["RemediationConfigurations"]
    assert found["Parameters"] == PARAMETERS


def test_at_most_a_hundred_resources_at_once(config, mended):
    put(config)
    many = keys(*(f"bucket-{letter}" for letter in "a" * 101))
    code = code_of(config.start_remediation_execution, ConfigRuleName="GUARD", ResourceKeys=many)
    assert code == "InvalidParameterValueException"
    assert mended == []
