"""What CloudFormation, StackSets, Lambda and AWS Config refuse of a deployment is refused here too, with the reason."""

import io
import json
import zipfile

import pytest
from botocore.exceptions import ClientError
from roll_out import parameters

from s3_guardrails.embedded.organization import Organization

HOME = "us-east-1"
KEY = "s3-encryption-guardrails/code.zip"


def trust(service):
    statement = {"Effect": "Allow", "Principal": {"Service": service}, "Action": "sts:AssumeRole"}
    return {"Version": "2012-10-17", "Statement": [statement]}


def role(service="lambda.amazonaws.com"):
    return {"Type": "AWS::IAM::Role", "Properties": {"AssumeRolePolicyDocument": trust(service)}}


def function(bucket="code", key=KEY, **more):
    properties = {
        "Code": {"S3Bucket": bucket, "S3Key": key},
        "Handler": "index.handler",
        "Role": {"Fn::GetAtt": ["Role", "Arn"]},
        "Runtime": "python3.13",
    }
    return {"Type": "AWS::Lambda::Function", "Properties": {**properties, **more}}


def permission(**more):
    given = {"FunctionName": {"Ref": "Function"}, "Action": "lambda:InvokeFunction"}
    return {"Type": "AWS::Lambda::Permission", "Properties": {**given, "Principal": "config.amazonaws.com", **more}}


RULE = {
    "Type": "AWS::Config::ConfigRule",
    "Properties": {
        "ConfigRuleName": "GUARD",
        "Source": {"Owner": "CUSTOM_LAMBDA", "SourceIdentifier": {"Ref": "FunctionArn"}},
    },
}


def remediation(**values):
    static = {name: {"StaticValue": {"Values": [value]}} for name, value in values.items()}
    properties = {"ConfigRuleName": "GUARD", "TargetType": "SSM_DOCUMENT", "TargetId": "mend", "Parameters": static}
    return {"Type": "AWS::Config::RemediationConfiguration", "DependsOn": "Rule", "Properties": properties}


def pack(*after, given=None, **resources):
    body = {"Parameters": {"FunctionArn": {"Type": "String"}}, "Resources": {"Rule": RULE, **resources}}
    values = {"FunctionArn": {"Fn::GetAtt": ["Function", "Arn"]}, **(given or {})}
    properties = {
        "ConformancePackName": "guard",
        "TemplateBody": json.dumps(body),
        "ConformancePackInputParameters": [{"ParameterName": k, "ParameterValue": v} for k, v in values.items()],
    }
    return {"Type": "AWS::Config::ConformancePack", "DependsOn": ["Function", *after], "Properties": properties}


DOCUMENT = {
    "schemaVersion": "0.3",
    "parameters": {"Wait": {"type": "String"}},
    "mainSteps": [{"name": "Wait", "action": "aws:sleep", "inputs": {"Duration": "PT1S"}}],
}
MEND = {
    "Type": "AWS::SSM::Document",
    "Properties": {"Name": "mend", "DocumentType": "Automation", "DocumentFormat": "JSON", "Content": DOCUMENT},
}
OWN = {"SourceAccount": {"Ref": "AWS::AccountId"}}
GUARDED = {"Role": role(), "Function": function(), "Permission": permission(**OWN)}


class Deployer:
    """Deploys small templates to the account's own Region, with code in a bucket there and in one elsewhere."""

    def __init__(self, aws):
        self.aws, self.cloudformation = aws, aws.client("cloudformation")
        code = io.BytesIO()
        with zipfile.ZipFile(code, "w") as archive:
            archive.writestr("index.py", "def handler(event, _):\n    return event\n")
        for bucket, region in (("code", HOME), ("code-elsewhere", "eu-west-1")):
            where = {} if region == HOME else {"CreateBucketConfiguration": {"LocationConstraint": region}}
            aws.client("s3", region).create_bucket(Bucket=bucket, **where)
            aws.client("s3", region).put_object(Bucket=bucket, Key=KEY, Body=code.getvalue())

    def put(self, resources, name="guard", *, update=False, **more):
        body = json.dumps({"Resources": resources, **more})
        call = self.cloudformation.update_stack if update else self.cloudformation.create_stack
        call(StackName=name, TemplateBody=body, Capabilities=["CAPABILITY_IAM"])
        self.aws.places.at(self.aws.account, HOME).stacks.wait()
        return self.said(name)

    def said(self, name="guard"):
        [stack] = self.cloudformation.describe_stacks(StackName=name)["Stacks"]
        return stack["StackStatus"], stack.get("StackStatusReason", "")

    def record(self):
        config = self.aws.client("config")
        recorder = {"name": "default", "roleARN": f"arn:aws:iam::{self.aws.account}:role/config"}
        config.put_configuration_recorder(ConfigurationRecorder=recorder)


@pytest.fixture
def deployer(aws):
    return Deployer(aws)


FAILS = {
    "code of another Region": (
        {"Role": role(), "Function": function("code-elsewhere")},
        "PermanentRedirect. S3 Error Message: The bucket is in this region: eu-west-1",
    ),
    "code that is not there": ({"Role": role(), "Function": function(key="else.zip")}, "S3 Error Code: NoSuchKey"),
    "no bucket of that name": ({"Role": role(), "Function": function("none")}, "S3 Error Code: NoSuchBucket"),
    "a role for another service": (
        {"Role": role("ssm.amazonaws.com"), "Function": function()},
        "cannot be assumed by Lambda",
    ),
    "too large an environment": (
        {"Role": role(), "Function": function(Environment={"Variables": {"A": "x" * 4096}})},
        "exceeded the 4KB limit",
    ),
    "a property that is not played": (
        {"Role": role(), "Function": function(Layers=["arn"])},
        "unsupported properties ['Layers']",
    ),
    "a type that is not played": ({"Queue": {"Type": "AWS::SQS::Queue"}}, "Unrecognized resource types"),
    "an attribute that a resource has not": (
        {"Role": role(), "Function": function(Description={"Fn::GetAtt": ["Role", "Color"]})},
        "does not support attribute type Color",
    ),
    "a pack whose function nobody may call": (
        {"Role": role(), "Function": function(), "Pack": pack()},
        "InsufficientPermissionsException: The AWS Lambda function",
    ),
    "a pack whose function may be called for another account": (
        {**GUARDED, "Permission": permission(SourceAccount="999999999999"), "Pack": pack("Permission")},
        "InsufficientPermissionsException",
    ),
    "a pack whose function another service may call": (
        {**GUARDED, "Permission": permission(Principal="events.amazonaws.com"), "Pack": pack("Permission")},
        "InsufficientPermissionsException",
    ),
    "a parameter that the pack has not": (
        {**GUARDED, "Pack": pack("Permission", given={"Colour": "red"})},
        "Parameters: ['Colour'] do not exist in the template",
    ),
    "a pack of something else": (
        {**GUARDED, "Pack": pack("Permission", Bucket={"Type": "AWS::S3::Bucket"})},
        "expected rules and remediations alone",
    ),
    "a remediation without its document": (
        {**GUARDED, "Pack": pack("Permission", Mend=remediation(Wait="no"))},
        "no document mend",
    ),
    "a remediation whose document takes something else": (
        {**GUARDED, "Mend": MEND, "Pack": pack("Permission", "Mend", Mend=remediation(Colour="red"))},
        "mend has no parameter Colour",
    ),
    "a remediation that leaves out what its document needs": (
        {**GUARDED, "Mend": MEND, "Pack": pack("Permission", "Mend", Mend=remediation())},
        "mend needs a value for Wait",
    ),
}


@pytest.mark.parametrize("title", FAILS)
def test_what_a_service_refuses_rolls_the_stack_back_with_the_reason(aws, deployer, title):
    resources, reason = FAILS[title]
    deployer.record()
    status, said = deployer.put(resources)
    assert status == "ROLLBACK_COMPLETE"
    assert reason in said
    assert aws.client("lambda").list_functions()["Functions"] == []
    assert aws.client("iam").list_roles()["Roles"] == []
    assert aws.client("config").describe_conformance_packs()["ConformancePackDetails"] == []


def test_a_pack_s_rules_and_remediations_are_its_own(aws, deployer):
    deployer.record()
    resources = {**GUARDED, "Mend": MEND, "Pack": pack("Permission", "Mend", Mend=remediation(Wait="no"))}
    assert deployer.put(resources) == ("CREATE_COMPLETE", "")
    config = aws.client("config")
    [rule] = config.describe_config_rules()["ConfigRules"]
    assert rule["ConfigRuleName"].startswith("GUARD-conformance-pack-")
    asked = {"ConfigRuleName": rule["ConfigRuleName"]}
    with pytest.raises(ClientError, match="belongs to a conformance pack"):
        config.put_config_rule(ConfigRule={**asked, "Source": rule["Source"]})
    configuration = {**asked, "TargetType": "SSM_DOCUMENT", "TargetId": "mend", "Parameters": {}}
    with pytest.raises(ClientError, match="belongs to a conformance pack"):
        config.put_remediation_configurations(RemediationConfigurations=[configuration])


def test_an_update_that_fails_goes_back_to_what_there_was(aws, deployer):
    deployer.put({"Role": role(), "Function": function(MemorySize=256)})
    worse = {"Role": role(), "Function": function(MemorySize=512), "Other": function(key="else.zip")}
    status, reason = deployer.put(worse, update=True)
    assert status == "UPDATE_ROLLBACK_COMPLETE"
    assert "ResourceLogicalId:Other" in reason
    [found] = aws.client("lambda").list_functions()["Functions"]
    assert found["MemorySize"] == 256


@pytest.mark.parametrize(
    ("policy", "kept"),
    [({}, False), ("Retain", True), ("RetainExceptOnCreate", True)],
    ids=["delete", "retain", "made"],
)
def test_a_deletion_policy_says_what_outlives_the_stack(aws, deployer, policy, kept):
    bucket = {"Type": "AWS::S3::Bucket", "Properties": {"BucketName": "evidence"}}
    deployer.put({"Bucket": {**bucket, **({"DeletionPolicy": policy} if policy else {})}})
    deployer.cloudformation.delete_stack(StackName="guard")
    aws.places.at(aws.account, HOME).stacks.wait()
    names = [each["Name"] for each in aws.client("s3").list_buckets()["Buckets"]]
    assert ("evidence" in names) is kept


@pytest.mark.parametrize(("policy", "kept"), [("Retain", True), ("RetainExceptOnCreate", False)])
def test_a_failed_creation_leaves_behind_what_is_to_be_retained_in_any_case(aws, deployer, policy, kept):
    bucket = {"Type": "AWS::S3::Bucket", "DeletionPolicy": policy, "Properties": {"BucketName": "evidence"}}
    assert deployer.put({"Bucket": bucket, "Queue": {"Type": "AWS::SQS::Queue", "DependsOn": "Bucket"}})[0] == (
        "ROLLBACK_COMPLETE"
    )
    names = [each["Name"] for each in aws.client("s3").list_buckets()["Buckets"]]
    assert ("evidence" in names) is kept


TOPIC = {"Resources": {"Topic": {"Type": "AWS::SNS::Topic", "Properties": {"DisplayName": {"Ref": "Title"}}}}}
TITLE = {"Parameters": {"Title": {"Type": "String", "AllowedPattern": "[a-z]+"}}}
REFUSED = {
    "a macro": ({**TOPIC, **TITLE, "Transform": "AWS::Serverless-2016-10-31"}, {}, "Transform is not supported"),
    "an included macro": (
        {**TITLE, "Resources": {"Topic": {"Type": "AWS::SNS::Topic", "Properties": {"Fn::Transform": {"Name": "X"}}}}},
        {},
        "Transform is not supported in SERVICE_MANAGED",
    ),
    "a nested stack": (
        {**TITLE, "Resources": {"Inner": {"Type": "AWS::CloudFormation::Stack"}}},
        {},
        "Nested stacks are not supported",
    ),
    "a body beyond 51,200 bytes": ({**TOPIC, **TITLE, "Description": "x" * 51_200}, {}, "51200"),
    "roles without the capability": (
        {**TITLE, "Resources": {"Role": role()}},
        {"Capabilities": []},
        "Requires capabilities",
    ),
    "a parameter that is missing": ({**TOPIC, **TITLE}, {"Parameters": []}, "must have values"),
    "a parameter that is not there": ({**TOPIC, **TITLE}, {"Parameters": parameters(Name="a")}, "do not exist"),
    "a value that is not allowed": ({**TOPIC, **TITLE}, {"Parameters": parameters(Title="A")}, "failed to satisfy"),
    "a resource that depends on none": (
        {**TITLE, "Resources": {"Topic": {"Type": "AWS::SNS::Topic", "DependsOn": "Queue"}}},
        {},
        "Unresolved resource dependencies",
    ),
    "self-managed": ({**TOPIC, **TITLE}, {"PermissionModel": "SELF_MANAGED"}, "SERVICE_MANAGED is played"),
}


@pytest.mark.parametrize("title", REFUSED)
def test_a_service_managed_stack_set_refuses(aws, title):
    template, more, message = REFUSED[title]
    given = {"PermissionModel": "SERVICE_MANAGED", "Capabilities": ["CAPABILITY_IAM"]}
    given |= {"Parameters": parameters(Title="a"), **more}
    with pytest.raises(ClientError, match=message):
        aws.client("cloudformation").create_stack_set(StackSetName="topics", TemplateBody=json.dumps(template), **given)


@pytest.fixture
def topics(aws):
    """A stack set of a topic in one account, and the account."""
    organization = Organization(aws)
    unit = organization.unit("workloads")
    ledger = organization.account("ledger", unit)
    cloudformation = aws.client("cloudformation")
    cloudformation.create_stack_set(
        StackSetName="topics",
        TemplateBody=json.dumps({**TOPIC, **TITLE}),
        PermissionModel="SERVICE_MANAGED",
        Parameters=parameters(Title="a"),
    )
    targets = {"OrganizationalUnitIds": [unit]}
    cloudformation.create_stack_instances(StackSetName="topics", DeploymentTargets=targets, Regions=[HOME])
    aws.stack_sets.wait()
    return cloudformation, ledger, targets


@pytest.mark.parametrize("retain", [True, False])
def test_an_instance_that_is_let_go_keeps_its_stack_s_resources(aws, topics, retain):
    cloudformation, ledger, targets = topics
    with pytest.raises(ClientError, match="StackSet is not empty"):
        cloudformation.delete_stack_set(StackSetName="topics")
    cloudformation.delete_stack_instances(
        StackSetName="topics", DeploymentTargets=targets, Regions=[HOME], RetainStacks=retain
    )
    aws.stack_sets.wait()
    assert len(ledger.client("sns").list_topics()["Topics"]) == retain
    assert cloudformation.list_stack_instances(StackSetName="topics")["Summaries"] == []
    cloudformation.delete_stack_set(StackSetName="topics")


def test_a_member_account_has_no_say_in_a_stack_set(topics):
    _, ledger, _ = topics
    with pytest.raises(ClientError, match="management account"):
        ledger.client("cloudformation").describe_stack_set(StackSetName="topics")


def test_without_automatic_deployment_an_account_that_leaves_its_unit_keeps_its_stack(aws, topics):
    cloudformation, ledger, targets = topics
    [unit], root = targets["OrganizationalUnitIds"], aws.client("organizations").list_roots()["Roots"][0]["Id"]
    aws.client("organizations").move_account(AccountId=ledger.id, SourceParentId=unit, DestinationParentId=root)
    aws.stack_sets.wait()
    assert len(cloudformation.list_stack_instances(StackSetName="topics")["Summaries"]) == 1


def test_code_of_another_account_is_read_where_its_bucket_lets_the_account(aws, deployer):
    ledger = Organization(aws).account("ledger")
    cloudformation, stacks = ledger.client("cloudformation"), aws.places.at(ledger.id, HOME).stacks

    def deployed(name):
        body = json.dumps({"Resources": {"Role": role(), "Function": function()}})
        cloudformation.create_stack(StackName=name, TemplateBody=body, Capabilities=["CAPABILITY_IAM"])
        stacks.wait()
        [stack] = cloudformation.describe_stacks(StackName=name)["Stacks"]
        return stack["StackStatus"], stack.get("StackStatusReason", "")

    status, reason = deployed("refused")
    assert status == "ROLLBACK_COMPLETE"
    assert "S3 Error Code: AccessDenied" in reason
    allow = {"Effect": "Allow", "Principal": {"AWS": ledger.id}, "Action": "s3:GetObject"}
    policy = {"Version": "2012-10-17", "Statement": [{**allow, "Resource": "arn:aws:s3:::code/*"}]}
    aws.client("s3").put_bucket_policy(Bucket="code", Policy=json.dumps(policy))
    assert deployed("allowed") == ("CREATE_COMPLETE", "")


CALLING = {
    **DOCUMENT,
    "assumeRole": "{{ AutomationAssumeRole }}",
    "parameters": {"AutomationAssumeRole": {"type": "String"}, "FunctionArn": {"type": "String"}},
    "mainSteps": [
        {"name": "Call", "action": "aws:invokeLambdaFunction", "inputs": {"FunctionName": "{{ FunctionArn }}"}}
    ],
}


def automate(aws, deployer, service="ssm.amazonaws.com", action="lambda:InvokeFunction"):
    """Run a document that calls a function as a role which trusts a service and allows an action."""
    statement = {"Effect": "Allow", "Action": action, "Resource": "*"}
    policy = {"PolicyName": "calls", "PolicyDocument": {"Version": "2012-10-17", "Statement": [statement]}}
    document = {**MEND, "Properties": {**MEND["Properties"], "Content": CALLING}}
    automation = role(service)
    automation["Properties"]["Policies"] = [policy]
    deployer.put({"Role": role(), "Function": function(), "Automation": automation, "Document": document})
    [name] = [each["RoleName"] for each in aws.client("iam").list_roles()["Roles"] if "Automation" in each["RoleName"]]
    [called] = aws.client("lambda").list_functions()["Functions"]
    given = {
        "AutomationAssumeRole": [f"arn:aws:iam::{aws.account}:role/{name}"],
        "FunctionArn": [called["FunctionArn"]],
    }
    answer = aws.client("ssm").start_automation_execution(DocumentName="mend", Parameters=given)
    status = aws.automation.wait(answer["AutomationExecutionId"])
    aws.places.at(aws.account, HOME).functions.stop()
    told = aws.client("ssm").get_automation_execution(AutomationExecutionId=answer["AutomationExecutionId"])
    return status, told["AutomationExecution"]["StepExecutions"][-1].get("FailureMessage", "")


def test_an_automation_calls_what_its_role_lets_it_call(aws, deployer):
    assert automate(aws, deployer) == ("Success", "")


def test_an_automation_whose_role_lets_it_call_nothing_fails(aws, deployer):
    status, message = automate(aws, deployer, action="lambda:GetFunction")
    assert status == "Failed"
    assert "is not authorized to perform: lambda:InvokeFunction" in message


def test_an_automation_does_not_start_as_a_role_that_does_not_trust_systems_manager(aws, deployer):
    with pytest.raises(ClientError, match="assume role is unable to be assumed"):
        automate(aws, deployer, service="lambda.amazonaws.com")
