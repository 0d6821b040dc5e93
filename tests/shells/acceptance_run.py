"""The acceptance run on the embedded AWS: time in which AWS Config works, and what there is of a run."""

from datetime import UTC, datetime, timedelta

import boto3
from moto.kms.models import kms_backends

from s3_guardrails.acceptance.journal import Journal, Owner
from s3_guardrails.acceptance.run import Run
from s3_guardrails.discovery import template_file
from s3_guardrails.embedded.config_watch import ConfigWatch
from s3_guardrails.embedded.item import BUCKET, KEY
from s3_guardrails.live.clients import SessionClients

PREFIX = "s3ga-0a1b2c3d"
REGION = "us-east-1"

SMALL = b"""\
AWSTemplateFormatVersion: '2010-09-09'
Transform: AWS::Serverless-2016-10-31
Globals: {Function: {Runtime: python3.13}}
Parameters:
  RemediationApproverRole: {Type: String}
  ApprovedKeys: {Type: String}
  LogRetentionDays: {Type: Number}
Resources:
  EvidenceKey:
    Type: AWS::KMS::Key
    DeletionPolicy: RetainExceptOnCreate
    Properties:
      KeyPolicy:
        Version: '2012-10-17'
        Statement:
          - Effect: Allow
            Principal: {AWS: !Sub 'arn:aws:iam::${AWS::AccountId}:root'}
            Action: kms:*
            Resource: '*'
  EvidenceBucket:
    Type: AWS::S3::Bucket
    DeletionPolicy: RetainExceptOnCreate
    Properties: {VersioningConfiguration: {Status: Enabled}}
  AlertTopic: {Type: AWS::SNS::Topic}
Outputs:
  EvidenceBucketName: {Value: !Ref EvidenceBucket}
  AlertTopicArn: {Value: !Ref AlertTopic}
"""
"""What outlives a stack, and nothing else."""


class Hours:
    """Time that passes at once; `happens` is what AWS does meanwhile."""

    def __init__(self, happens=lambda: None):
        self._now, self._happens = datetime.now(UTC), happens

    def now(self):
        return self._now

    def sleep(self, seconds):
        self._now += timedelta(seconds=seconds)
        self._happens()


class ConfigWorks:
    """AWS Config: it records what has changed, and evaluates what it was asked to and what has other parameters."""

    def __init__(self, aws):
        self.aws, self.watch = aws, ConfigWatch(aws, aws.account, REGION)
        self._seen, self._inputs = {}, {}

    def __call__(self):
        place = self.watch.place
        place.stacks.wait()
        for each in list(place.automation.started):
            place.automation.wait(each)
        rules = self.watch.place.config.rules
        inputs = {name: each["InputParameters"] for name, each in rules.items()}
        if not self._inputs and inputs:
            self.watch.warm()
        if set(inputs) - set(self._inputs):
            self._seen.clear()
        others = {name for name in inputs if inputs[name] != self._inputs.get(name, inputs[name])}
        self._inputs = inputs
        for (kind, name), state in self._states().items():
            if self._seen.get((kind, name)) != state or (others and name.endswith("-plain")):
                self._seen[kind, name] = state
                self.watch.changed(kind, name)
        if others:
            self.watch.changed(*next(each for each in self._seen if each[0] == KEY))
        started, self.watch.place.config.started[:] = [*self.watch.place.config.started, *others], []
        for rule in started:
            self.watch.scheduled(rule)

    def _states(self):
        s3, keys = self.aws.s3, kms_backends[self.aws.account][REGION].keys
        buckets = {
            (BUCKET, name): (rule, s3.policies.get(name))
            for name, rule in s3.encryption.items()
            if name.startswith(PREFIX)
        }
        return buckets | {
            (KEY, each.id): (each.policy, each.key_rotation_status, each.enabled) for each in keys.values()
        }


def run_on(aws, journal, clock=None, sources=None):
    session = boto3.Session("embedded", "embedded", region_name=REGION)
    return Run(
        clients=SessionClients(session, aws.endpoint),
        account=aws.account,
        region=REGION,
        partition="aws",
        organization="",
        caller=aws.client("sts").get_caller_identity()["Arn"],
        journal=journal,
        clock=clock or Hours(),
        plain_http=lambda: aws.client("s3", plain_http=True),
        sources=sources or template_file().read_bytes(),
        endpoint_url=aws.endpoint,
    )


def begun(aws, folder):
    return Journal.begin(folder / "journal.jsonl", Owner(account=aws.account, region=REGION, prefix=PREFIX))


def there(aws):
    """What is there of a run: by its names, and every key that is not to be deleted."""
    s3, kms, iam, sqs, config = (aws.client(each) for each in ("s3", "kms", "iam", "sqs", "config"))
    named = [
        *(each["Name"] for each in s3.list_buckets()["Buckets"]),
        *(each["RoleName"] for each in iam.list_roles()["Roles"]),
        *(each.rpartition("/")[2] for each in sqs.list_queues().get("QueueUrls", ())),
        *(each["StackName"] for each in aws.client("cloudformation").describe_stacks()["Stacks"]),
        *(each["ConformancePackName"] for each in config.describe_conformance_packs()["ConformancePackDetails"]),
        *(
            each["ConfigurationAggregatorName"]
            for each in config.describe_configuration_aggregators()["ConfigurationAggregators"]
        ),
    ]
    keys = [kms.describe_key(KeyId=each["KeyId"])["KeyMetadata"] for each in kms.list_keys()["Keys"]]
    alive = [
        each["KeyId"] for each in keys if each["KeyManager"] == "CUSTOMER" and each["KeyState"] != "PendingDeletion"
    ]
    return sorted([*(each for each in named if each.startswith("s3ga-")), *alive])
