"""A bucket on which nothing depends, ways to write policies short, and the changes whose hazards are asked for."""

import json
from dataclasses import replace
from datetime import date

from s3_guardrails.encryption.bucket import Bucket, DefaultEncryption
from s3_guardrails.encryption.fact import ABSENT
from s3_guardrails.encryption.key import Key, KeyMetadata
from s3_guardrails.encryption.surroundings import Surroundings
from s3_guardrails.policy.document import parse_policy
from s3_guardrails.remediate.change import Proposed
from s3_guardrails.remediate.hazard import bucket_hazards
from s3_guardrails.remediate.hazard_evidence import Evidence

OWN, PARTNER, OTHER = "111122223333", "444455556666", "777788889999"
TODAY = date(2026, 6, 1)
NAME = "zephyr.7"
ARN = f"arn:aws:s3:::{NAME}"
KEY = f"arn:aws:kms:eu-west-1:{OWN}:key/11111111-2222-3333-4444-555555555555"
OLD_KEY = f"arn:aws:kms:eu-west-1:{OWN}:key/99999999-2222-3333-4444-555555555555"
ROLE = f"arn:aws:iam::{OWN}:role/remediation/s3-guardrails"
CALM = Surroundings(
    website=False,
    replication=ABSENT,
    logs_from=frozenset(),
    public_access_block=ABSENT,
    account_public_access_block=ABSENT,
    policy_is_public=ABSENT,
    delivery_channels=(),
    trails=(),
)
"""Nothing depends on the bucket."""

BUCKET = Bucket(
    name=NAME,
    account=OWN,
    region="eu-west-1",
    tags={},
    policy=ABSENT,
    default_encryption=DefaultEncryption("AES256"),
    blocked_encryption_types=frozenset({"SSE-C"}),
)


def statement(effect, principal, action, resource=f"{ARN}/*", sid=None, **condition):
    found = {"Effect": effect, "Principal": principal, "Action": action, "Resource": resource}
    return found | ({"Sid": sid} if sid else {}) | ({"Condition": condition} if condition else {})


def allow(*arguments, **more):
    return statement("Allow", *arguments, **more)


def deny(*arguments, **more):
    return statement("Deny", *arguments, **more)


def document(*statements):
    return {"Version": "2012-10-17", "Statement": list(statements)}


def policy(*statements):
    return parse_policy(document(*statements))


NO_HTTP = deny("*", "s3:*", [ARN, f"{ARN}/*"], "OnlyTls", Bool={"aws:SecureTransport": "false"})
ROOT = allow({"AWS": f"arn:aws:iam::{OWN}:root"}, "kms:*", "*", "Account")
USABLE = KeyMetadata(manager="CUSTOMER", state="Enabled")


def key(*statements, arn=KEY, **metadata):
    """The key that the default names after the change, whose policy begins with the account's statement."""
    return Key(
        key_id=arn.rpartition("/")[2],
        account=OWN,
        region="eu-west-1",
        metadata=replace(USABLE, **metadata),
        policy=policy(ROOT, *statements),
        tags={},
    )


def to_policy(*statements):
    return Proposed(after={"policy": json.dumps(document(*statements))}, calls=())


def to_kms(arn=KEY, *, bucket_key=False, algorithm="aws:kms", **rule):
    by_default = {"SSEAlgorithm": algorithm} | ({"KMSMasterKeyID": arn} if arn else {})
    entry = {"ApplyServerSideEncryptionByDefault": by_default, "BucketKeyEnabled": bucket_key, **rule}
    return Proposed(after={"encryption": {"Rules": [entry]}}, calls=())


def tls(bucket=BUCKET, surroundings=CALM, evidence=Evidence(http_callers=())):  # noqa: B008
    """Plan TLS-only for a bucket: its own statements and ours."""
    own = [] if bucket.policy is ABSENT else bucket.policy.source["Statement"]
    return bucket_hazards("RequireTls", bucket, surroundings, to_policy(*own, NO_HTTP), TODAY, evidence)


def uploads(after, bucket=BUCKET, surroundings=CALM, evidence=Evidence(wrong_uploaders=())):  # noqa: B008
    return bucket_hazards("DenyWrongUploads", bucket, surroundings, after, TODAY, evidence)


def default(after=None, bucket=BUCKET, surroundings=CALM, target=None, **evidence):
    known = Evidence(target=target or key(), **evidence)
    return bucket_hazards("SetBucketDefaultEncryption", bucket, surroundings, after or to_kms(), TODAY, known)


def codes(hazards):
    return [each.code for each in hazards.refusals]


def concerns(hazards):
    return [each.code for each in hazards.concerns]


def sentence(hazards, code):
    return next(each.sentence for each in hazards.refusals if each.code == code)


def with_policy(*statements, **more):
    return replace(BUCKET, policy=policy(*statements), **more)
