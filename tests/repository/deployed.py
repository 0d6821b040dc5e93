"""Buckets and keys as a template would make them, as facts for the rules; and CloudFormation's linter."""

import subprocess
import sys
from pathlib import Path

from s3_guardrails.discovery import find_rules
from s3_guardrails.encryption.access_log import AccessLogging, LogTarget
from s3_guardrails.encryption.bucket import Bucket, DefaultEncryption
from s3_guardrails.encryption.fact import ABSENT
from s3_guardrails.encryption.inventory import Inventory
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
            **self._kept(properties),
        )

    def _kept(self, properties):
        """Where access logs and inventories go; the buckets that take them are the owner's, and as they should be."""
        logging = self.resolver.resolve(properties.get("LoggingConfiguration", {}))
        lists = self.resolver.resolve(properties.get("InventoryConfigurations", []))
        target, prefix = logging.get("DestinationBucketName"), logging.get("LogFilePrefix")
        plain = DefaultEncryption("AES256", None, bucket_key=False)
        return {
            "access_logging": AccessLogging(target, prefix) if target else ABSENT,
            "logs_from": frozenset(),
            "log_target": LogTarget(
                region=self.region, onward=(), locked=False, default_encryption=plain, policy=ABSENT
            ),
            "inventories": tuple(map(self._inventory, lists)),
        }

    def _inventory(self, each):
        place = each["Destination"]
        return Inventory(
            id=each["Id"],
            enabled=each["Enabled"],
            destination=place["BucketArn"].rpartition(":")[2],
            region=self.region,
            account=place["BucketAccountId"],
            versions=each["IncludedObjectVersions"],
            frequency=each["ScheduleFrequency"],
            fields=frozenset(each["OptionalFields"]),
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


OWNERS_CHOICE = {"AccessLogBucket": "access-logs", "InventoryBucket": "inventories"}
"""Where the logs and lists of our own buckets go is said by whoever deploys them."""
JUDGED = find_rules()
