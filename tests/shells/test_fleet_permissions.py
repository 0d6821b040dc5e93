"""The role of deploy/reader-role.yaml may do what `fleet` does in an account, and nothing else."""

import json
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from fleet import EXTERNAL_ID, ROLE, Fleet, Seat, make_bucket, make_key, reader_role

from aws_calls import Calls
from s3_guardrails.cli import main
from s3_guardrails.embedded.environment import only
from s3_guardrails.embedded.s3_service import S3Service
from s3_guardrails.policy.authorize import Outcome, authorize
from s3_guardrails.policy.document import parse_policy
from s3_guardrails.policy.request import Request

CALLER = ("sts:", "organizations:")
"""What the caller does with its own permissions; the role does the rest."""


@pytest.fixture
def fleet(aws):
    return Fleet(aws)


@pytest.fixture
def calls(aws, fleet, monkeypatch):
    """Calls are recorded where a listing gives no Region of a bucket, as S3's does where nothing is asked of it."""
    whole = S3Service.on_list_buckets
    monkeypatch.setattr(S3Service, "on_list_buckets", lambda self, call: whole(self, replace(call, parameters={})))
    return Calls(monkeypatch, fleet.ledger.id)


@pytest.fixture
def run(aws, calls, fleet):
    def run(*arguments):
        with only({**aws.environment(), "S3_GUARDRAILS_EXTERNAL_ID": EXTERNAL_ID}), calls.listen():
            return main(["fleet", *arguments, "--account", fleet.ledger.id])

    return run


def granted(statements):
    return {action for each in statements for action in each["Action"]}


def refused(fleet, calls):
    """Yield the recorded calls that the role does not let through, of the very resource that they were about."""
    _, permissions = reader_role(fleet.ledger.id, "arn:aws:iam::123456789012:root")
    policy = {**permissions, "Statement": [{**each, "Principal": "*"} for each in permissions["Statement"]]}
    session, context = f"arn:aws:sts::{fleet.ledger.id}:assumed-role/{ROLE}/s", {"aws:ResourceAccount": fleet.ledger.id}
    for action, resource in sorted(calls.seen):
        request = Request(session, fleet.ledger.id, action, resource, context)
        if not action.startswith(CALLER) and authorize(parse_policy(policy), request).outcome is not Outcome.ALLOW:
            yield action, resource


SCOPES = (
    {},
    {"KMS_KEY_ROTATION": {"KeyScope": "bucket-keys"}},
    {"KMS_KEY_ROTATION": {"KeyScope": "tagged", "KeyScopeTag": "use"}},
    {"S3_BUCKET_DEFAULT_ENCRYPTION": {"ApprovedKeys": "alias/ledger,tag:use=ledger"}},
)


def test_the_reader_role_may_do_what_the_commands_do_and_nothing_else(aws, fleet, calls, run, tmp_path):
    make_bucket(fleet.ledger, "ledger", data_class="restricted")
    fleet.ledger.client("kms").create_alias(AliasName="alias/ledger", TargetKeyId=make_key(fleet.ledger))
    rule = {"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": "alias/ledger"}}
    fleet.ledger.client("s3").put_bucket_encryption(
        Bucket="ledger", ServerSideEncryptionConfiguration={"Rules": [rule]}
    )
    plain = {"Effect": "Allow", "Principal": {"AWS": fleet.ledger.id}, "Action": "s3:GetObject"}
    policy = {"Version": "2012-10-17", "Statement": [{**plain, "Resource": "arn:aws:s3:::ledger/*"}]}
    fleet.ledger.client("s3").put_bucket_policy(Bucket="ledger", Policy=json.dumps(policy))
    make_bucket(fleet.ledger, "logs", data_class="log-delivery")
    fleet.ledger.client("s3").put_bucket_logging(
        Bucket="ledger", BucketLoggingStatus={"LoggingEnabled": {"TargetBucket": "logs", "TargetPrefix": ""}}
    )
    imported = fleet.ledger.client("kms").create_key(Origin="EXTERNAL")["KeyMetadata"]["Arn"]
    aws.kms.overrides[imported] = {"KeyState": "Enabled", "Enabled": True}
    for number, parameters in enumerate(SCOPES):
        path = tmp_path / f"{number}.json"
        path.write_text(json.dumps(parameters), encoding="utf-8")
        assert run("scan", "--parameters", str(path)) == 1
    seat = Seat(aws, fleet.ledger)
    with calls.listen(on=False):
        seat.deploy()
        seat.evaluate(datetime.now(UTC))
    assert run("status") == 1
    aws.regions.statuses["eu-south-1"] = "DISABLED"
    assert run("scan", "--region", "us-east-1", "--region", "eu-south-1") == 2
    _, permissions = reader_role(fleet.ledger.id, "arn:aws:iam::123456789012:root")
    needed = {each for each in calls.actions if not each.startswith(CALLER)}
    may = granted(permissions["Statement"])
    assert {"missing": needed - may, "unused": may - needed} == {"missing": set(), "unused": set()}
    assert list(refused(fleet, calls)) == []
