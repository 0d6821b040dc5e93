"""Terraform plans: what is known, what is known only after the plan, and which bucket a policy is attached to."""

import json

import pytest

from s3_guardrails.errors import GuardrailError
from s3_guardrails.template.found import Options, assignments
from s3_guardrails.template.reading import read_file
from s3_guardrails.template.value import Unknown

EMPTY = json.dumps({"Version": "2012-10-17", "Statement": []})


def change(address, kind, after, unknown=None, **more):
    return {
        "address": address,
        "type": kind,
        "change": {"actions": ["create"], "after": after, "after_unknown": unknown or {}},
        **more,
    }


def configured(address, **expressions):
    written = {
        name: {"references": value} if isinstance(value, list) else {"constant_value": value}
        for name, value in expressions.items()
    }
    return {"address": address, "expressions": written}


def found(changes, resources=(), calls=None, **more):
    root = {"resources": list(resources), "module_calls": calls or {}}
    plan = {"format_version": "1.2", "resource_changes": changes, "configuration": {"root_module": root}, **more}
    return read_file(json.dumps(plan).encode(), Options())


def world(policy):
    return policy.at(next(assignments(policy.choices)))


BUCKET = change("aws_s3_bucket.b", "aws_s3_bucket", {"bucket": "named"}, {"policy": True, "id": True})


@pytest.mark.parametrize(
    ("after", "unknown", "bucket"),
    [
        ({"bucket": "written", "policy": EMPTY}, {}, "written"),
        ({"policy": EMPTY}, {"bucket": True}, "named"),
        ({"bucket": None, "policy": EMPTY}, {"bucket": True}, "named"),
    ],
)
def test_the_bucket_is_the_one_that_is_written_or_referred_to(after, unknown, bucket):
    reference = configured("aws_s3_bucket_policy.p", policy=EMPTY, bucket=["aws_s3_bucket.b.id", "aws_s3_bucket.b"])
    changes = [BUCKET, change("aws_s3_bucket_policy.p", "aws_s3_bucket_policy", after, unknown)]
    [policy] = found(changes, [configured("aws_s3_bucket.b", bucket="named"), reference]).policies
    assert world(policy).bucket == bucket


def test_an_instance_refers_to_the_instance_of_its_own_key_and_module():
    changes = [
        change(
            f'module.m["x.y"].aws_s3_bucket.b["{key}"]', "aws_s3_bucket", {"bucket": f"bucket-{key}"}, {"policy": True}
        )
        for key in ("one", "two")
    ]
    changes += [
        change(
            f'module.m["x.y"].aws_s3_bucket_policy.p["{key}"]',
            "aws_s3_bucket_policy",
            {"policy": EMPTY},
            {"bucket": True},
        )
        for key in ("one", "two", "three")
    ]
    module = [
        configured("aws_s3_bucket.b", bucket=["each.key"]),
        configured("aws_s3_bucket_policy.p", policy=EMPTY, bucket=["aws_s3_bucket.b", "each.key"]),
    ]
    policies = found(changes, calls={"m": {"module": {"resources": module}}}).policies
    assert [world(each).bucket for each in policies] == [
        "bucket-one",
        "bucket-two",
        "module-m--x-y---aws-s3-bucket-policy-p--three---stand-in",
    ]


def test_an_argument_that_the_provider_fills_in_is_no_policy_and_an_unknown_one_is():
    key = change("aws_kms_key.k", "aws_kms_key", {}, {"policy": True})
    file = found([key], [configured("aws_kms_key.k", description="x")])
    assert (file.policies, file.notes) == ([], ["`aws_kms_key.k` sets no policy: the default is not judged"])
    [policy] = found([key], [configured("aws_kms_key.k", policy=["data.x.json"])]).policies
    assert {each.defects for each in world(policy).policy.statements} == {("`aws_kms_key.k.policy`",)}
    without_configuration = {"format_version": "1.2", "resource_changes": [key]}
    assert len(read_file(json.dumps(without_configuration).encode(), Options()).policies) == 1


def test_what_is_destroyed_is_gone_and_what_is_deferred_is_open():
    gone = {"address": "aws_kms_key.k", "type": "aws_kms_key", "change": {"actions": ["delete"], "after": None}}
    deferred = {"resource_change": change("aws_kms_key.later", "aws_kms_key", None, {"policy": True})}
    data = change("data.aws_kms_key.d", "aws_kms_key", {"policy": EMPTY}, mode="data")
    file = found(
        [gone, data], [configured("aws_kms_key.later", policy=["x"])], deferred_changes=[deferred], complete=False
    )
    assert ([each.place for each in file.policies], file.open) == (["aws_kms_key.later"], ["the plan is not complete"])


SETTING = "aws_s3_bucket_server_side_encryption_configuration"
RULE = {"apply_server_side_encryption_by_default": [{"sse_algorithm": "aws:kms", "kms_master_key_id": "key-id"}]}


@pytest.mark.parametrize(
    ("rule", "unknown", "encryption"),
    [
        (
            RULE,
            {},
            {"default": "aws:kms", "default_key": "arn:aws:kms:us-east-1:111122223333:key/key-id", "blocked": []},
        ),
        ({**RULE, "blocked_encryption_types": ["SSE-C"]}, {"bucket_key_enabled": True}, "SSE-C"),
        ({}, {}, {"default": "AES256", "default_key": None, "blocked": []}),
        (
            RULE,
            {"apply_server_side_encryption_by_default": [{"kms_master_key_id": True}]},
            Unknown(f"`{SETTING}.s.rule`"),
        ),
    ],
)
def test_the_default_encryption_is_the_one_of_the_plan(rule, unknown, encryption):
    changes = [
        change("aws_s3_bucket_policy.p", "aws_s3_bucket_policy", {"bucket": "b", "policy": EMPTY}),
        change(f"{SETTING}.s", SETTING, {"bucket": "b", "rule": [rule]}, {"rule": [unknown]}),
    ]
    written = [configured("aws_s3_bucket_policy.p", bucket="b", policy=EMPTY)]
    told = world(found(changes, written).policies[0]).encryption
    if encryption == "SSE-C":
        assert told["blocked"] == ["SSE-C"]
    else:
        assert told == encryption


def test_a_bucket_that_is_not_in_the_plan_has_a_default_that_nobody_knows():
    policy = change("aws_s3_bucket_policy.p", "aws_s3_bucket_policy", {"bucket": "named", "policy": EMPTY})
    written = configured("aws_s3_bucket_policy.p", bucket="named", policy=EMPTY)
    assert world(found([policy], [written]).policies[0]).encryption is None
    known = world(
        found([policy, BUCKET], [written, configured("aws_s3_bucket.b", bucket="named")]).policies[0]
    ).encryption
    assert known["default"] == "AES256"


def test_a_policy_that_is_none_is_told_by_its_address():
    broken = change("aws_kms_key.k", "aws_kms_key", {"policy": "{"})
    [policy] = found([broken], [configured("aws_kms_key.k", policy="{")]).policies
    with pytest.raises(GuardrailError, match=r"^aws_kms_key\.k\.policy: not JSON"):
        world(policy)
