"""RestrictKeyPolicy on the embedded AWS: what is planned is what is written, after approval, and undo puts it back."""

import json

import pytest
from remediation import Bench, key, recorded

from s3_guardrails.errors import GuardrailError
from s3_guardrails.remediate.plan import Status
from s3_guardrails.remediate.undo import apply_undo, plan_undo, verify_undo

RESTRICT = "RestrictKeyPolicy"
USE = ["kms:Encrypt", "kms:Decrypt", "kms:GenerateDataKey*"]


@pytest.fixture
def bench(aws, tmp_path, monkeypatch):
    return Bench(aws, tmp_path, recorded(monkeypatch))


def text(aws, *statements):
    root = {"Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{aws.account}:root"}, "Action": "kms:*"}
    whole = [{**root, "Resource": "*"}, *({"Effect": "Allow", **each, "Resource": "*"} for each in statements)]
    return json.dumps({"Version": "2012-10-17", "Statement": whole}, indent=2)


def stored(aws, arn):
    return aws.client("kms").get_key_policy(KeyId=arn, PolicyName="default")["Policy"]


def role(aws, name):
    return {"AWS": f"arn:aws:iam::{aws.account}:role/{name}"}


def test_a_policy_is_restricted_after_approval_and_undo_puts_it_back(aws, bench):
    before = text(
        aws,
        {"Principal": "*", "Action": USE},
        {"Principal": role(aws, "admin"), "Action": "kms:*"},
        {"Principal": {"Service": "cloudtrail.amazonaws.com"}, "Action": "kms:GenerateDataKey*"},
    )
    arn = key(aws, Policy=before)
    asked = bench.order(RESTRICT, arn, {}, {"Administrators": "admin"})
    plan = bench.engine.plan(asked)
    assert "KEY_POLICY_CHANGE" in {each.code for each in plan.proposal.concerns}
    assert bench.writes == []
    bench.run(RESTRICT, arn, {}, {"Administrators": "admin"})
    assert stored(aws, arn) == plan.proposal.after["key_policy"] != before
    assert bench.writes == ["PutKeyPolicy"]
    assert bench.run(RESTRICT, arn).status is Status.NOTHING_TO_DO
    undone = plan_undo(bench.fresh().engine, plan.id)
    apply_undo(bench.fresh().engine, plan.id, undone.id, lambda _: None)
    verify_undo(bench.fresh().engine, plan.id)
    assert stored(aws, arn) == before


def concerns(bench, arn, seen):
    options = {"Administrators": "admin"} | ({"SeenInUse": seen} if seen else {})
    plan = bench.engine.plan(bench.order(RESTRICT, arn, {}, options))
    return {each.code: each.sentence for each in plan.concerns}


def test_who_was_seen_in_use_is_said_by_whoever_looked(aws, bench):
    arn = key(aws, Policy=text(aws, {"Principal": role(aws, "admin"), "Action": "kms:*"}))
    admin = f"arn:aws:iam::{aws.account}:role/admin"
    assert "USE_NOT_KNOWN" in concerns(bench, arn, "")
    assert not {"USE_NOT_KNOWN", "SEEN_IN_USE"} & set(concerns(bench, arn, "nobody"))
    told = concerns(bench, arn, admin)["SEEN_IN_USE"]
    assert told.startswith(f"{admin} was seen using the key and loses: ")


def test_a_role_that_is_not_declared_changes_nothing(aws, bench):
    before = text(aws, {"Principal": role(aws, "admin"), "Action": "kms:*"})
    arn = key(aws, Policy=before)
    with pytest.raises(GuardrailError, match="ROLE_UNDECLARED"):
        bench.run(RESTRICT, arn)
    assert (bench.writes, stored(aws, arn)) == ([], before)
