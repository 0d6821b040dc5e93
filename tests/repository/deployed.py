"""Buckets and keys as a template would make them, as facts for the rules; and CloudFormation's linter."""

import subprocess
import sys
from pathlib import Path

from s3_guardrails.discovery import find_rules
from s3_guardrails.encryption.bucket import Bucket, DefaultEncryption
from s3_guardrails.encryption.key import Key, KeyMetadata, Rotation
from s3_guardrails.encryption.usable_key import DefaultKey
from s3_guardrails.template.found import Options
from s3_guardrails.template.intrinsic import Resolver
from s3_guardrails.template.loading import load
from s3_guardrails.template.reading import read_file
from s3_guardrails.template.template import read_template

ROOT = Path(__file__).parents[2]
ACCOUNT = "111122223333"
PLACES = {"aws": "eu-west-1", "aws-cn": "cn-north-1", "aws-us-gov": "us-gov-west-1"}


class Deployed:
    """A template in one partition, with parameters."""

    def __init__(self, text, partition, parameters):
        self.partition, self.region = partition, PLACES[partition]
        options = Options(account=ACCOUNT, region=self.region, partition=partition, parameters=parameters)
        self.found = {each.place: each for each in read_file(text.encode(), options).policies}
        self.template = read_template(load(text.encode()).tree, options)
        self.resolver = Resolver(self.template, {})

    def bucket(self, name):
        """The bucket `name`, whose policy is the resource `namePolicy` and whose key a resource of the template."""
        world = self.found[f"{name}Policy"].at({})
        properties = self.template.properties(name)
        [rule] = properties["BucketEncryption"]["ServerSideEncryptionConfiguration"]
        return Bucket(
            name=world.bucket,
            account=ACCOUNT,
            region=self.region,
            partition=self.partition,
            tags={each["Key"]: each["Value"] for each in self.resolver.resolve(properties["Tags"])},
            default_encryption=DefaultEncryption(
                world.encryption["default"], world.encryption["default_key"], rule["BucketKeyEnabled"]
            ),
            blocked_encryption_types=frozenset(world.encryption["blocked"]),
            default_key_manager="CUSTOMER",
            default_key_policy=self.found[name.replace("Bucket", "Key")].at({}).policy,
            default_key=DefaultKey(world.encryption["default_key"], KeyMetadata(manager="CUSTOMER", state="Enabled")),
            policy=world.policy,
        )

    def key(self, name):
        properties = self.template.properties(name)
        return Key(
            key_id=f"{name}-generated",
            account=ACCOUNT,
            region=self.region,
            partition=self.partition,
            metadata=KeyMetadata(manager="CUSTOMER", state="Enabled"),
            policy=self.found[name].at({}).policy,
            rotation=Rotation(properties["EnableKeyRotation"], properties["RotationPeriodInDays"]),
            tags={},
            material_age_days=0,
            buckets=frozenset(),
        )


def cfn_lint(path):
    command = [Path(sys.executable).with_name("cfn-lint"), "--non-zero-exit-code", "warning", path]
    done = subprocess.run(command, check=False, capture_output=True, text=True, cwd=ROOT)
    return done.returncode, done.stdout


OWNERS_CHOICE = {"S3_BUCKET_ACCESS_LOGGED", "S3_BUCKET_INVENTORY_CONFIGURED"}
"""Rules that no template of ours answers for its own buckets: where logs and lists go is said by whoever deploys it."""
JUDGED = [each for each in find_rules() if each.name not in OWNERS_CHOICE]
