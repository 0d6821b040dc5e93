"""Rules about a bucket that rest on its key: the verdict follows whichever of the two changes."""

import json
import sys

import pytest
from config_events import event, stored
from remediation import bucket, default

from s3_guardrails.config.clients import forget_clients
from s3_guardrails.discovery import find_rules
from s3_guardrails.embedded.environment import only

PARTNER = "arn:aws:iam::999999999999:role/reader"
RULES = {entry.name for entry in find_rules()}
UNTOLD = {"supplementaryConfiguration": {}, "resourceName": "ledger", "resourceId": "ledger"}


def let(principal, action, resource):
    return {"Effect": "Allow", "Principal": {"AWS": principal}, "Action": action, "Resource": resource}


def policy(*statements):
    return {"Version": "2012-10-17", "Statement": list(statements)}


@pytest.fixture
def key(aws):
    return aws.client("kms").create_key()["KeyMetadata"]["Arn"]


@pytest.fixture
def told(aws):
    """Invoke a rule's own handler and return what AWS Config then has of the bucket."""

    hours = iter(range(24))

    def told(rule, name):
        at = f"2026-11-21T{next(hours):02}:00:00.000Z"
        about = {"item": {**UNTOLD, "configurationItemCaptureTime": at}, "message": {"notificationCreationTime": at}}
        with only(aws.environment()):
            sys.modules[rule].lambda_handler(event(aws, name, configRuleName=rule, **about), None)
        forget_clients()
        compliance, annotation = stored(aws)["ledger"]
        return compliance, annotation.partition(":")[0]

    return told


def test_a_key_that_is_disabled_is_seen_by_the_next_schedule_and_another_one_at_once(aws, key, told):
    bucket(aws, "ledger", encryption=default("aws:kms", key))
    changed = "KMS_KEY_USABLE", "change_bucket"
    assert told(*changed) == ("COMPLIANT", "KEY_USABLE")
    aws.client("kms").disable_key(KeyId=key)
    assert told("KMS_KEY_USABLE", "scheduled") == ("NON_COMPLIANT", "KEY_DISABLED")
    aws.client("kms").schedule_key_deletion(KeyId=key)
    assert told("KMS_KEY_USABLE", "scheduled") == ("NON_COMPLIANT", "KEY_PENDING_DELETION")
    rule = default("aws:kms", aws.client("kms").create_key()["KeyMetadata"]["Arn"])
    aws.client("s3").put_bucket_encryption(Bucket="ledger", ServerSideEncryptionConfiguration={"Rules": [rule]})
    assert told(*changed) == ("COMPLIANT", "KEY_USABLE")


def test_two_keys_open_a_shared_bucket_and_each_is_seen_to_be_missing(aws, key, told):
    bucket(aws, "ledger", encryption=default("aws:kms", key))
    shared = "S3_BUCKET_CROSS_ACCOUNT_KEY"
    assert told(shared, "change_bucket")[1] == "NOT_SHARED"
    opened = policy(let(PARTNER, "s3:GetObject", "arn:aws:s3:::ledger/*"))
    aws.client("s3").put_bucket_policy(Bucket="ledger", Policy=json.dumps(opened))
    assert told(shared, "change_bucket") == ("NON_COMPLIANT", "READERS_CANNOT_DECRYPT")
    root = let(f"arn:aws:iam::{aws.account}:root", "kms:*", "*")
    both = policy(root, let(PARTNER, "kms:Decrypt", "*"))
    aws.client("kms").put_key_policy(KeyId=key, PolicyName="default", Policy=json.dumps(both))
    assert told(shared, "scheduled") == ("COMPLIANT", "KEY_SHARED_TOO")
    aws.client("kms").put_key_policy(KeyId=key, PolicyName="default", Policy=json.dumps(policy(root)))
    assert told(shared, "scheduled") == ("NON_COMPLIANT", "READERS_CANNOT_DECRYPT")
