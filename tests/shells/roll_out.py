"""What is built, rolled out to an embedded organization: buckets of code, the stack set, what is found."""

import json
from collections import Counter
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from s3_guardrails.cli import main
from s3_guardrails.embedded.automation.execution import Status
from s3_guardrails.embedded.config_watch import ConfigWatch
from s3_guardrails.embedded.organization import Account, Organization
from s3_guardrails.embedded.server import EmbeddedAws
from s3_guardrails.embedded.stack.template import Template

ROOT = Path(__file__).parents[2]
REGIONS = ["us-east-1", "eu-west-1"]
NAME = "s3-encryption-guardrails"
PREFIX = "acme-code"
APPROVER = "approver"
GIVEN = {"ArtifactBucketPrefix": PREFIX, "RemediationApproverRole": APPROVER}
SELF = [{"Key": "Owner", "Values": ["Self"]}]


@dataclass(frozen=True)
class Built:
    """dist/ as `s3-guardrails build` writes it."""

    folder: Path

    @cached_property
    def manifest(self):
        return json.loads((self.folder / "manifest.json").read_text(encoding="utf-8"))

    @property
    def template(self):
        return (self.folder / "stackset.yaml").read_bytes()

    @property
    def code(self):
        return (self.folder / self.manifest["zip"]).read_bytes()

    def declared(self, **given):
        """How many resources of each type the parameters leave."""
        template = Template.parse(self.template.decode())
        conditions = template.conditions({"AWS::Region": REGIONS[0], **template.parameters(given)})
        return Counter(template.resources[name]["Type"] for name in template.order(conditions))


def build(folder):
    assert main(["build", "--root", str(ROOT), "--out", str(folder)]) == 0
    return Built(folder)


@dataclass
class RollOut:
    """The organization of one management account, and its stack sets."""

    aws: EmbeddedAws
    built: Built
    organization: Organization = field(init=False)

    def __post_init__(self):
        self.organization = Organization(self.aws)
        self.cloudformation = self.aws.client("cloudformation")

    def account(self, name, unit=None, recorded=REGIONS):
        made = self.organization.account(name, recorded=recorded)
        trust = {"Effect": "Allow", "Principal": {"AWS": made.id}, "Action": "sts:AssumeRole"}
        signs = {"Effect": "Allow", "Action": "ssm:SendAutomationSignal", "Resource": "*"}
        documents = [{"Version": "2012-10-17", "Statement": [each]} for each in (trust, signs)]
        made.role(APPROVER, *documents)
        if unit:
            self.organization.move(made, self.organization.root, unit)
        return made

    def upload(self, key, code, template):
        """Put code and template where deploy/artifact-bucket.yaml wants them; return the template's address."""
        for region in REGIONS:
            self.aws.client("s3", region).put_object(Bucket=f"{PREFIX}-{region}", Key=key, Body=code)
        at = f"{key}.yaml"
        self.aws.client("s3").put_object(Bucket=f"{PREFIX}-us-east-1", Key=at, Body=template)
        return f"https://{PREFIX}-us-east-1.s3.us-east-1.amazonaws.com/{at}"

    def artifact_buckets(self):
        text = (ROOT / "deploy" / "artifact-bucket.yaml").read_text(encoding="utf-8")
        given = {"ArtifactBucketPrefix": PREFIX, "OrganizationId": self.organization.id}
        for region in REGIONS:
            self.aws.client("cloudformation", region).create_stack(
                StackName="artifacts", TemplateBody=text, Parameters=parameters(**given)
            )
            self.aws.places.at(self.aws.account, region).stacks.wait()

    def create(self, name, **more):
        self.cloudformation.create_stack_set(
            StackSetName=name,
            TemplateURL=self.upload(self.built.manifest["key"], self.built.code, self.built.template),
            PermissionModel="SERVICE_MANAGED",
            AutoDeployment={"Enabled": True, "RetainStacksOnAccountRemoval": False},
            Capabilities=["CAPABILITY_IAM"],
            Parameters=parameters(**GIVEN),
            **more,
        )

    def put(self, name, units, regions=REGIONS, **preferences):
        targets = {"OrganizationalUnitIds": units}
        more = {"OperationPreferences": preferences} if preferences else {}
        answer = self.cloudformation.create_stack_instances(
            StackSetName=name, DeploymentTargets=targets, Regions=regions, **more
        )
        return self.ended(name, answer["OperationId"])

    def update(self, name, url, values, accounts=(), unit=None):
        """Update the whole stack set, or with `accounts` of a unit only these."""
        targets = {"OrganizationalUnitIds": [unit], "Accounts": list(accounts), "AccountFilterType": "INTERSECTION"}
        answer = self.cloudformation.update_stack_set(
            StackSetName=name,
            TemplateURL=url,
            Capabilities=["CAPABILITY_IAM"],
            Parameters=values,
            **({"DeploymentTargets": targets, "Regions": REGIONS} if accounts else {}),
        )
        return self.ended(name, answer["OperationId"])

    def ended(self, name, operation):
        """Wait for an operation; return its status, and status and reason by account and Region."""
        self.aws.stack_sets.wait()
        asked = {"StackSetName": name, "OperationId": operation}
        told = self.cloudformation.describe_stack_set_operation(**asked)["StackSetOperation"]
        results = self.cloudformation.list_stack_set_operation_results(**asked)["Summaries"]
        return told["Status"], {(e["Account"], e["Region"]): (e["Status"], e.get("StatusReason", "")) for e in results}

    def instances(self, name=NAME):
        found = self.cloudformation.list_stack_instances(StackSetName=name)["Summaries"]
        return {(each["Account"], each["Region"]): each["Status"] for each in found}


def parameters(**given):
    return [{"ParameterKey": name, "ParameterValue": value} for name, value in given.items()]


@dataclass
class Site:
    """One account and Region in which something is deployed."""

    roll_out: RollOut
    account: Account
    region: str

    def __post_init__(self):
        self.watch = ConfigWatch(self.roll_out.aws, self.account.id, self.region)
        self.place = self.watch.place

    def client(self, service):
        return self.account.client(service, self.region)

    def bucket(self, name, **settings):
        where = {} if self.region == "us-east-1" else {"LocationConstraint": self.region}
        more = {"CreateBucketConfiguration": where} if where else {}
        self.client("s3").create_bucket(Bucket=name, **more)
        return name

    def rules(self):
        """Rules as the catalogue names them → as they are deployed."""
        found = [each["ConfigRuleName"] for each in self.client("config").describe_config_rules()["ConfigRules"]]
        return {each.partition("-conformance-pack-")[0]: each for each in found}

    def compliance(self):
        """Rule and resource → verdict, read from AWS Config."""
        config = self.client("config")
        found = {}
        for rule, deployed in self.rules().items():
            pages = config.get_paginator("get_compliance_details_by_config_rule").paginate(ConfigRuleName=deployed)
            for each in (each for page in pages for each in page["EvaluationResults"]):
                qualifier = each["EvaluationResultIdentifier"]["EvaluationResultQualifier"]
                found[rule, qualifier["ResourceId"]] = each["ComplianceType"]
        return found

    def click(self, rule, kind, resource):
        """Start the rule's remediation in AWS Config, approve where it waits; return its state and last step."""
        config, deployed = self.client("config"), self.rules()[rule]
        key = {"resourceType": kind, "resourceId": resource}
        answer = config.start_remediation_execution(ConfigRuleName=deployed, ResourceKeys=[key])
        assert "FailedItems" not in answer, answer
        [execution] = [each for (name, _), (each, _) in self.place.remediation.executions.items() if name == deployed]
        if self.place.automation.wait(execution) is Status.WAITING:
            key = self.roll_out.aws.assume(self.account.arn(f"role/{APPROVER}"), "officer")
            ssm = self.roll_out.aws.client("ssm", self.region, key)
            ssm.send_automation_signal(AutomationExecutionId=execution, SignalType="Approve")
            self.place.automation.wait(execution)
        [status] = config.describe_remediation_execution_status(ConfigRuleName=deployed)["RemediationExecutionStatuses"]
        return status["State"], status["StepDetails"][-1]

    def functions(self):
        """Name of each function → its settings, as Lambda tells."""
        return {each["FunctionName"]: each for each in self.client("lambda").list_functions()["Functions"]}

    def documents(self):
        """Name of each document → its default version and text."""
        ssm = self.client("ssm")
        names = [each["Name"] for each in ssm.list_documents(Filters=SELF)["DocumentIdentifiers"]]
        found = {name: ssm.get_document(Name=name) for name in names}
        return {name: (each["DocumentVersion"], each["Content"]) for name, each in found.items()}

    def inputs(self, rule):
        """The parameters of a rule, as AWS Config has them."""
        asked = {"ConfigRuleNames": [self.rules()[rule]]}
        return json.loads(self.client("config").describe_config_rules(**asked)["ConfigRules"][0]["InputParameters"])

    def made(self, name=NAME):
        """Logical id → what the stack set made here."""
        instance = self.roll_out.aws.stack_sets.sets[name].instances[self.account.id, self.region]
        return {logical: each.made for logical, each in instance.stack.resources.items()}

    def granted(self, role):
        """The actions that a deployed role allows, as IAM tells."""
        iam = self.client("iam")
        names = iam.list_role_policies(RoleName=role)["PolicyNames"]
        documents = [iam.get_role_policy(RoleName=role, PolicyName=name)["PolicyDocument"] for name in names]
        statements = [each for document in documents for each in document["Statement"] if each["Effect"] == "Allow"]
        return {action for each in statements for action in each["Action"]}

    def kept(self):
        """Buckets and keys (those that nobody deletes) of the stack."""
        buckets = [each["Name"] for each in self.client("s3").list_buckets(BucketRegion=self.region)["Buckets"]]
        kms = self.client("kms")
        keys = [kms.describe_key(KeyId=each["KeyId"])["KeyMetadata"] for each in kms.list_keys()["Keys"]]
        told = [each["Description"] for each in keys if each["KeyState"] == "Enabled" and each["Description"]]
        return [each for each in buckets if each.startswith("stackset-")], told

    def counts(self):
        """What there is of each kind, told by its service."""
        ssm = self.client("ssm").list_documents(Filters=SELF)
        return {
            "AWS::Lambda::Function": len(self.client("lambda").list_functions()["Functions"]),
            "AWS::SSM::Document": len(ssm["DocumentIdentifiers"]),
            "AWS::Logs::LogGroup": len(self.client("logs").describe_log_groups()["logGroups"]),
            "AWS::CloudWatch::Alarm": len(self.client("cloudwatch").describe_alarms()["MetricAlarms"]),
            "AWS::Events::Rule": len(self.client("events").list_rules()["Rules"]),
            "AWS::SNS::Topic": len(self.client("sns").list_topics()["Topics"]),
            "AWS::Config::ConformancePack": len(
                self.client("config").describe_conformance_packs()["ConformancePackDetails"]
            ),
        }
