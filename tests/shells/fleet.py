"""An organization that a fleet command looks at: accounts in OUs, each with the role of deploy/reader-role.yaml."""

import json
from dataclasses import dataclass, field
from pathlib import Path

import boto3

from s3_guardrails.config.annotation import annotate
from s3_guardrails.discovery import find_rules
from s3_guardrails.embedded.item import Recorder, in_history
from s3_guardrails.embedded.organization import Account, Organization
from s3_guardrails.live.clients import SessionClients
from s3_guardrails.live.reader import LiveReader
from s3_guardrails.scan import Subject
from s3_guardrails.template.found import Options
from s3_guardrails.template.intrinsic import Resolver
from s3_guardrails.template.loading import load
from s3_guardrails.template.template import read_template

ROLE = "s3-guardrails-reader"
EXTERNAL_ID = "an-id-of-16-or-more"
TEMPLATE = Path(__file__).parents[2] / "deploy" / "reader-role.yaml"


def reader_role(account, trusted, organization=""):
    """Return trust policy and permissions of the role as it is deployed in an account."""
    given = {"TrustedPrincipalArn": trusted, "ExternalId": EXTERNAL_ID, "OrganizationId": organization}
    options = Options(account=account, region="us-east-1", partition="aws", parameters=given)
    template = read_template(load(TEMPLATE.read_bytes()).tree, options)
    role = Resolver(template, {}).resolve(template.properties("ReaderRole"))
    return role["AssumeRolePolicyDocument"], role["Policies"][0]["PolicyDocument"]


@dataclass
class Fleet:
    """`ledger` in Workloads/Production, `audit` in Workloads, beside the management account at the root."""

    aws: object
    organization: Organization = field(init=False)

    def __post_init__(self):
        self.organization = Organization(self.aws)
        self.workloads = self.organization.unit("Workloads")
        production = self.organization.unit("Production", self.workloads)
        self.ledger = self.account("ledger", production)
        self.audit = self.account("audit", self.workloads)

    def account(self, name, unit=None, *, role=True) -> Account:
        made = self.organization.account(name, unit)
        if role:
            made.role(ROLE, *reader_role(made.id, f"arn:aws:iam::{self.aws.account}:root"))
        return made


def make_bucket(account, name, region="us-east-1", data_class=None):
    s3 = account.client("s3", region)
    where = {} if region == "us-east-1" else {"CreateBucketConfiguration": {"LocationConstraint": region}}
    s3.create_bucket(Bucket=name, **where)
    if data_class:
        s3.put_bucket_tagging(Bucket=name, Tagging={"TagSet": [{"Key": "data-class", "Value": data_class}]})


def make_key(account, region="us-east-1", *, rotates=False):
    kms = account.client("kms", region)
    key = kms.create_key(KeyUsage="ENCRYPT_DECRYPT")["KeyMetadata"]["KeyId"]
    if rotates:
        kms.enable_key_rotation(KeyId=key)
    return key


def use_key(account, bucket, key, region="us-east-1"):
    """Make a key the default of a bucket, and let another account read the bucket."""
    arn = f"arn:aws:kms:{region}:{account.id}:key/{key}"
    rule = {"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": arn}}
    s3 = account.client("s3", region)
    s3.put_bucket_encryption(Bucket=bucket, ServerSideEncryptionConfiguration={"Rules": [rule]})
    reader = {"AWS": "arn:aws:iam::999999999999:root"}
    allow = {"Effect": "Allow", "Principal": reader, "Action": "s3:GetObject", "Resource": f"arn:aws:s3:::{bucket}/*"}
    s3.put_bucket_policy(Bucket=bucket, Policy=json.dumps({"Version": "2012-10-17", "Statement": [allow]}))


class Seat:
    """An account and Region in which AWS Config records and the rules are deployed by a conformance pack."""

    def __init__(self, aws, account, region="us-east-1", suffix="-conformance-pack-abc123"):
        self.aws, self.account, self.region, self.suffix = aws, account, region, suffix
        self.place = aws.places.at(account.id, region)
        key = aws.assume(account.arn("role/OrganizationAccountAccessRole"))
        self.clients = SessionClients(boto3.Session(key, "embedded"), aws.endpoint)
        self.config = self.clients.client("config", region)

    def deploy(self, *, only=()):
        """Switch the recorder on and deploy our rules, or some of them."""
        self.account.record(self.region)
        bucket = f"delivery-{self.account.id}-{self.region}"
        self.config.put_delivery_channel(DeliveryChannel={"name": "default", "s3BucketName": bucket})
        self.config.start_configuration_recorder(ConfigurationRecorderName="default")
        self.aws.recorder.recordings[self.account.id, self.region] = {"lastStatus": "SUCCESS"}
        for entry in find_rules():
            if not only or entry.name in only:
                source = {"Owner": "CUSTOM_LAMBDA", "SourceIdentifier": "arn"}
                self.config.put_config_rule(ConfigRule={"ConfigRuleName": entry.name + self.suffix, "Source": source})

    def evaluate(self, now):
        """Record every bucket and key of the Region, judge it by the deployed rules and put the results, at `now`."""
        reader = LiveReader(self.clients, self.account.id, self.region)
        recorder = Recorder(self.clients.s3(self.region), self.clients.kms(self.region), self.account.id, self.region)
        buckets = [each for each in reader.list_buckets() if each.region == self.region]
        items = [recorder.bucket(each.name) for each in buckets] + [
            recorder.key(each.key_id) for each in reader.list_keys()
        ]
        for item in items:
            self.place.config.record({**in_history(item), "configurationItemCaptureTime": now.timestamp()})
        for resource in (*buckets, *reader.list_keys()):
            for finding in Subject(resource, reader).judge([entry.rule() for entry in find_rules()]):
                if finding.name + self.suffix in self.place.config.rules:
                    self.put(finding, now)

    def put(self, finding, now):
        compliance, annotation = annotate(finding.decision)
        evaluation = {
            "ComplianceResourceType": finding.rule.resource_type,
            "ComplianceResourceId": finding.resource_id,
            "ComplianceType": compliance,
            "Annotation": annotation,
            "OrderingTimestamp": now,
        }
        name = finding.name + self.suffix
        self.config.put_evaluations(Evaluations=[evaluation], ResultToken=self.place.config.issue_token(name))
        stored = self.place.config.results[name][finding.rule.resource_type, finding.resource_id]
        stored |= {"ResultRecordedTime": now.timestamp(), "ConfigRuleInvokedTime": now.timestamp()}
