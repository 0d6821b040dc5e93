"""What speaks against a change: each code with the facts that give it, and with those that do not."""

import json
from dataclasses import replace
from datetime import date, timedelta

import pytest

from s3_guardrails.encryption.bucket import Bucket, DefaultEncryption
from s3_guardrails.encryption.fact import ABSENT, Unreadable
from s3_guardrails.encryption.key import Key, KeyMetadata
from s3_guardrails.encryption.surroundings import (
    Surroundings,
)
from s3_guardrails.policy.document import parse_policy
from s3_guardrails.remediate.change import Proposed
from s3_guardrails.remediate.hazard import ALL_NEEDED, NEEDED, bucket_hazards, key_hazards, needed
from s3_guardrails.remediate.hazard_evidence import Evidence, HttpCaller

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
    object_lock=False,
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


def to_policy(*statements, sids=()):
    return Proposed(after={"policy": json.dumps(document(*statements))}, calls=())


def to_kms(arn=KEY, *, bucket_key=False, algorithm="aws:kms", **rule):
    by_default = {"SSEAlgorithm": algorithm} | ({"KMSMasterKeyID": arn} if arn else {})
    entry = {"ApplyServerSideEncryptionByDefault": by_default, "BucketKeyEnabled": bucket_key, **rule}
    return Proposed(after={"encryption": {"Rules": [entry]}}, calls=())


def tls(bucket=BUCKET, surroundings=CALM, evidence=Evidence(http_callers=()), *, also=()):  # noqa: B008
    """Plan TLS-only for a bucket: its own statements and ours."""
    own = [] if bucket.policy is ABSENT else bucket.policy.source["Statement"]
    return bucket_hazards("RequireTls", bucket, surroundings, to_policy(*own, NO_HTTP, *also), TODAY, evidence)


def uploads(after, bucket=BUCKET, surroundings=CALM, evidence=Evidence()):  # noqa: B008
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


# who owns it

TAGS = [
    ({}, []),
    ({"s3-guardrails:exempt-until": "2026-06-01"}, ["EXEMPT"]),
    ({"s3-guardrails:exempt-until": "2027-01-01"}, ["EXEMPT"]),
    ({"s3-guardrails:exempt-until": "2026-05-31"}, []),
    ({"s3-guardrails:exempt-until": "soon"}, ["EXEMPTION_UNREADABLE"]),
    ({"s3-guardrails:exempt-until": ""}, ["EXEMPTION_UNREADABLE"]),
    ({"s3-guardrails:exempt-until": "2026-02-30"}, ["EXEMPTION_UNREADABLE"]),
    ({"s3-guardrails:exempt-until": "20270101"}, ["EXEMPTION_UNREADABLE"]),
    ({"aws:cloudformation:stack-name": "shop"}, ["MANAGED_BY_IAC"]),
    ({"aws:cloudformation:logical-id": "Data"}, ["MANAGED_BY_IAC"]),
    ({"aws-cdk:auto-delete-objects": "true"}, ["MANAGED_BY_IAC"]),
    ({"aws:servicecatalog:productArn": "arn:aws:catalog:x"}, ["MANAGED_BY_IAC"]),
    ({"Terraform": "true"}, ["MANAGED_BY_IAC"]),
    ({"terraform": "False"}, []),
    ({"ManagedBy": "Terraform"}, ["MANAGED_BY_IAC"]),
    ({"managed-by": "opentofu 1.9"}, ["MANAGED_BY_IAC"]),
    ({"managed_by": "pulumi"}, ["MANAGED_BY_IAC"]),
    ({"Managed By": "AWS CDK"}, ["MANAGED_BY_IAC"]),
    ({"team:managed-by": "terraform-cloud"}, ["MANAGED_BY_IAC"]),
    ({"managed-by": "platform-team"}, []),
    ({"managed-by": "none"}, []),
    ({"provisioner": "Terragrunt"}, ["MANAGED_BY_IAC"]),
    ({"CreatedBy": "crossplane"}, ["MANAGED_BY_IAC"]),
    ({"created-by": "sam"}, []),
    ({"crossplane.io/external-name": "x"}, ["MANAGED_BY_IAC"]),
    ({"pulumi:project": "web"}, ["MANAGED_BY_IAC"]),
    ({"TerraformWorkspace": "prod"}, ["MANAGED_BY_IAC"]),
    ({"ManagedByTerraform": "yes"}, ["MANAGED_BY_IAC"]),
    ({"yor_trace": "1-2-3"}, ["MANAGED_BY_IAC"]),
    ({"purpose": "terraform-state", "owner": "cdk"}, []),
    ({"terraforming": "mars", "Name": "cloudformation"}, []),
    ({"aws:cloudformation:stack-name": "StackSet-AWSControlTowerLoggingResources-1a2b"}, ["CONTROL_TOWER"]),
]


@pytest.mark.parametrize(("tags", "expected"), TAGS)
def test_tags_tell_exemptions_and_owners_of_buckets_and_keys(tags, expected):
    assert codes(tls(replace(BUCKET, tags=tags))) == expected
    rotation = Proposed(after={"rotation": {"enabled": True, "days": 365}}, calls=())
    assert codes(key_hazards(replace(key(), tags=tags), rotation, TODAY)) == expected


def test_an_exemption_that_ended_is_told_and_stops_nothing():
    hazards = tls(replace(BUCKET, tags={"s3-guardrails:exempt-until": "2026-05-31"}))
    assert hazards.notes == ("the exemption ended on 2026-05-31: it no longer counts",)


def test_the_owner_is_named_with_its_tag_and_told_where_the_change_belongs():
    found = tls(replace(BUCKET, tags={"ManagedBy": "Terraform"})).refusals[0]
    assert "`ManagedBy=Terraform`" in found.sentence
    assert f"s3-guardrails remediate {NAME} --terraform" in found.next_step


# TLS only


def test_a_website_endpoint_would_be_taken_down():
    assert codes(tls(surroundings=replace(CALM, website=True))) == ["WEBSITE_ENDPOINT"]


def test_without_logs_a_person_must_look():
    assert concerns(tls(evidence=Evidence())) == ["NO_LOGS"]
    assert concerns(tls()) == codes(tls()) == []


@pytest.mark.parametrize(("days", "expected"), [(0, ["HTTP_CALLERS"]), (30, ["HTTP_CALLERS"]), (31, [])])
def test_callers_over_plain_http_in_the_last_thirty_days_stop_it(days, expected):
    seen = HttpCaller("arn:aws:iam::111122223333:user/fax", TODAY - timedelta(days=days), 3)
    assert codes(tls(evidence=Evidence(http_callers=[seen]))) == expected


def test_at_most_ten_callers_are_named_the_busiest_first():
    seen = [HttpCaller(f"caller-{number:02}", TODAY, number) for number in range(12)]
    told = sentence(tls(evidence=Evidence(http_callers=seen)), "HTTP_CALLERS")
    assert "by caller-11 (11, last 2026-06-01), caller-10" in told
    assert "caller-02" in told
    assert "caller-01" not in told
    assert told.endswith("and 2 more")


# what is not known

CHANGES = {
    "RequireTls": tls,
    "DenyWrongUploads": lambda bucket, around: uploads(to_policy(NO_HTTP), bucket, around),
    "SetBucketDefaultEncryption": lambda bucket, around: default(None, bucket, around),
}
UNREAD = Surroundings()


@pytest.mark.parametrize("remediation", CHANGES)
def test_law_nothing_is_allowed_silently_where_nothing_could_be_read(remediation):
    found = CHANGES[remediation](BUCKET, UNREAD)
    assert found.refusals
    assert all(each.code.startswith("UNREADABLE_") and "not read" in each.sentence for each in found.refusals)


NOT_BY_ITSELF = {"account_public_access_block", "public_access_block", "policy_is_public"}
"""Matter together only: whether a policy is public matters where public policies are blocked."""


@pytest.mark.parametrize(
    ("remediation", "fact"), [(name, fact) for name in CHANGES for fact in NEEDED[name] if fact not in NOT_BY_ITSELF]
)
def test_law_a_needed_fact_that_is_unreadable_refuses_and_is_named(remediation, fact):
    around = replace(CALM, **{fact: Unreadable(fact, "AccessDenied: no")})
    assert codes(CHANGES[remediation](BUCKET, CALM)) == []
    assert codes(CHANGES[remediation](BUCKET, around)) == [f"UNREADABLE_{fact.upper()}"]


OF_BUCKETS = [
    ("RequireTls", "tags"),
    ("RequireTls", "policy"),
    ("DenyWrongUploads", "tags"),
    ("DenyWrongUploads", "policy"),
    ("SetBucketDefaultEncryption", "tags"),
    ("SetBucketDefaultEncryption", "policy"),
    ("SetBucketDefaultEncryption", "default_encryption"),
]


@pytest.mark.parametrize(("remediation", "fact"), OF_BUCKETS)
def test_law_a_fact_of_the_bucket_that_is_unreadable_refuses(remediation, fact):
    bucket = replace(BUCKET, **{fact: Unreadable(fact, "AccessDenied: no")})
    changed = (
        uploads(to_policy(NO_HTTP), bucket) if remediation != "SetBucketDefaultEncryption" else default(None, bucket)
    )
    assert codes(changed) == [f"UNREADABLE_{fact.upper()}"]


def test_a_change_that_nobody_lists_needs_every_fact():
    assert needed("UndoRemediation") == ALL_NEEDED
    assert set(ALL_NEEDED) == set(Surroundings.__dataclass_fields__) - {"object_lock"}
