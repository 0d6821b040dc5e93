"""What speaks against a policy as it would be written: S3 or KMS refuses it, a service stops, or nobody can mend it."""

import json
from dataclasses import replace

import pytest
from hazards import (
    ARN,
    BUCKET,
    CALM,
    KEY,
    NO_HTTP,
    OWN,
    PARTNER,
    ROLE,
    ROOT,
    TODAY,
    allow,
    codes,
    concerns,
    deny,
    document,
    key,
    policy,
    sentence,
    tls,
    to_policy,
    uploads,
    with_policy,
)

from s3_guardrails.encryption.fact import ABSENT, Unreadable
from s3_guardrails.encryption.surroundings import DeliveryChannel, PublicAccessBlock, Surroundings, Trail
from s3_guardrails.remediate.change import Proposed
from s3_guardrails.remediate.hazard import bucket_hazards, key_hazards
from s3_guardrails.remediate.hazard_evidence import Evidence, Simulation

WHOLE = [ARN, f"{ARN}/*"]
SESSION = f"arn:aws:sts::{OWN}:assumed-role/s3-guardrails/run-1"
CONTROL = ["s3:GetBucketPolicy", "s3:PutBucketPolicy", "s3:DeleteBucketPolicy"]

# public

READ = allow("*", "s3:GetObject", sid="Visitors")
ON, OFF = PublicAccessBlock(block_policy=True), PublicAccessBlock(block_acls=True, restrict_buckets=True)
CLOSED = Unreadable("x", "AccessDenied")
REFUSED = ["PUBLIC_UNDER_BLOCK"]
PUBLIC = [
    ("blocked", [READ], True, ON, ABSENT, REFUSED),
    ("blocked for the account", [READ], True, ABSENT, ON, REFUSED),
    ("blocked, whatever the account", [READ], True, ON, CLOSED, REFUSED),
    ("not blocked", [READ], True, OFF, ABSENT, []),
    ("never set", [READ], True, ABSENT, ABSENT, []),
    ("not public", [NO_HTTP], False, ON, ON, []),
    ("not public, and nothing else known", [NO_HTTP], False, CLOSED, CLOSED, []),
    ("no policy yet", [], ABSENT, ON, ON, []),
    ("S3 says so, and we see no statement", [allow({"AWS": PARTNER}, "s3:GetObject")], True, ON, ABSENT, REFUSED),
    ("S3 says that it is not",
        [allow("*", "s3:GetObject", StringLike={"aws:Referer": "x/*"})], False, ON, ON, []),
    ("the account's block is closed to us", [READ], True, OFF, CLOSED, ["UNREADABLE_ACCOUNT_PUBLIC_ACCESS_BLOCK"]),
    ("the bucket's block is closed to us", [READ], True, CLOSED, OFF, ["UNREADABLE_PUBLIC_ACCESS_BLOCK"]),
    ("S3's word is closed to us", [READ], CLOSED, ON, ABSENT, ["UNREADABLE_POLICY_IS_PUBLIC"]),
    ("S3's word is closed to us, and nothing is blocked", [READ], CLOSED, OFF, ABSENT, []),
]  # fmt: skip


def named(value, fact):
    return Unreadable(fact, value.reason) if isinstance(value, Unreadable) else value


@pytest.mark.parametrize(("_", "statements", "said", "block", "account", "expected"), PUBLIC)
def test_s3_refuses_a_public_policy_under_block_public_policy(_, statements, said, block, account, expected):
    around = replace(
        CALM,
        policy_is_public=named(said, "policy_is_public"),
        public_access_block=named(block, "public_access_block"),
        account_public_access_block=named(account, "account_public_access_block"),
    )
    assert codes(tls(with_policy(*statements) if statements else BUCKET, around)) == expected


def test_the_public_statement_is_named():
    around = replace(CALM, policy_is_public=True, public_access_block=ON)
    assert "(Visitors)" in sentence(tls(with_policy(READ), around), *REFUSED)


def test_an_older_policy_that_was_public_is_not_put_back_under_the_block():
    around = replace(CALM, policy_is_public=False, public_access_block=ON)
    undo = to_policy(READ)
    assert codes(bucket_hazards("UndoRemediation", with_policy(NO_HTTP), around, undo, TODAY)) == REFUSED
    gone = Proposed(after={"policy": None}, calls=())
    assert codes(bucket_hazards("UndoRemediation", with_policy(READ), around, gone, TODAY)) == []


# deleted principals

IDS = ["AROA1234567890EXAMPLE", "AIDA1234567890EXAMPLE", "AGPA1234567890EXAMPLE"]


@pytest.mark.parametrize("gone", IDS)
def test_aws_refuses_a_policy_that_names_a_deleted_principal(gone):
    bucket = with_policy(allow({"AWS": [gone, f"arn:aws:iam::{OWN}:role/here"]}, "s3:GetObject", sid="Old"))
    found = tls(bucket)
    assert codes(found) == ["DELETED_PRINCIPALS"]
    assert f"{gone} (Old)" in found.refusals[0].sentence
    assert "role/here" not in found.refusals[0].sentence


# lock-out

LOCKS = [
    (deny("*", "s3:*", WHOLE), "root"),
    (deny("*", "s3:PutBucketPolicy", ARN), "root"),
    (deny({"AWS": f"arn:aws:iam::{OWN}:root"}, CONTROL, ARN), "root"),
    (deny({"AWS": ROLE}, CONTROL, ARN), "role"),
    (deny("*", "s3:*", WHOLE, StringNotEquals={"aws:PrincipalArn": f"arn:aws:iam::{OWN}:root"}), "role"),
    (deny("*", "s3:*", WHOLE, StringNotLike={"aws:PrincipalArn": [f"arn:aws:iam::{OWN}:root", f"{ROLE}*"]}), None),
    (deny("*", "s3:PutObject", WHOLE), None),
    (deny("*", "s3:*", WHOLE, StringNotEquals={"aws:SourceVpce": "vpce-1"}), None),
    (deny("*", "s3:*", WHOLE, StringNotEquals={"aws:PrincipalAccount": OWN}), None),
    (deny("*", "s3:*", WHOLE, NumericLessThan={"s3:TlsVersion": "1.4"}), "root"),
]


@pytest.mark.parametrize(("statement", "who"), LOCKS)
def test_nobody_is_locked_out_of_the_policy(statement, who):
    evidence = Evidence(role=ROLE)
    found = uploads(to_policy(statement), evidence=evidence)
    assert set(codes(found)) == ({"WOULD_LOCK_OUT"} if who else set())
    if who:
        assert (f"deny {ROLE} " if who == "role" else ":root ") in found.refusals[0].sentence
    before = uploads(to_policy(statement, NO_HTTP), with_policy(statement), evidence=evidence)
    assert set(codes(before)) == ({"LOCKED_OUT"} if who else set())


def test_the_role_is_asked_for_as_the_session_that_writes():
    evidence = Evidence(role=SESSION)
    for denial in (
        deny({"AWS": ROLE}, CONTROL, ARN),
        deny({"AWS": SESSION}, CONTROL, ARN),
        deny("*", CONTROL, ARN, ArnEquals={"aws:PrincipalArn": ROLE}),
        deny("*", CONTROL, ARN, StringNotEquals={"aws:PrincipalArn": f"arn:aws:iam::{OWN}:root"}),
    ):
        assert codes(uploads(to_policy(denial), evidence=evidence)) == ["WOULD_LOCK_OUT"]
    spared = deny("*", CONTROL, ARN, StringNotEquals={"aws:PrincipalArn": [f"arn:aws:iam::{OWN}:root", ROLE]})
    assert codes(uploads(to_policy(spared), evidence=evidence)) == []


def test_what_is_denied_is_named():
    told = sentence(uploads(to_policy(deny("*", "s3:PutBucketPolicy", ARN))), "WOULD_LOCK_OUT")
    assert told.endswith(f"arn:aws:iam::{OWN}:root s3:PutBucketPolicy")


def test_a_statement_that_nobody_understands_is_not_taken_for_harmless():
    strange = deny("*", "s3:PutBucketPolicy", ARN, Sometimes={"aws:x": "y"})
    assert codes(uploads(to_policy(strange))) == ["WOULD_LOCK_OUT"]


# services under a policy about uploads

SSE = "s3:x-amz-server-side-encryption"
ONLY_KMS = deny("*", "s3:PutObject", f"{ARN}/*", StringNotEquals={SSE: "aws:kms"}, Null={SSE: "false"})
KMS_HEADER = deny("*", "s3:PutObject", f"{ARN}/*", StringNotEquals={SSE: "aws:kms"})
NO_KMS = deny("*", "s3:PutObject", f"{ARN}/*", StringLike={SSE: "aws:kms*"})
PEOPLE = deny(
    "*",
    "s3:PutObject",
    f"{ARN}/*",
    StringNotEquals={SSE: "aws:kms"},
    BoolIfExists={"aws:PrincipalIsAWSService": "false"},
)


def delivers(service, place="*"):
    return allow({"Service": f"{service}.amazonaws.com"}, "s3:PutObject", f"{ARN}/{place}")


NAMED = {"aws:PrincipalServiceName": "config.amazonaws.com"}
BY_NAME = allow("*", "s3:PutObject", f"{ARN}/*", StringEquals=NAMED)
STOP = ["SERVICE_WRITER_WOULD_STOP"]
KEYED = {"delivery_channels": (DeliveryChannel("default", KEY),)}
WRITERS = [
    ("access logs carry no header", [delivers("logging.s3")], {}, ONLY_KMS, []),
    ("a demanded header stops access logs", [delivers("logging.s3")], {}, KMS_HEADER, STOP),
    ("by the other bucket's word", [], {"logs_from": frozenset({"web"})}, KMS_HEADER, STOP),
    ("a load balancer may name SSE-S3", [delivers("logdelivery.elasticloadbalancing")], {}, ONLY_KMS, STOP),
    ("a load balancer's account", [allow({"AWS": "156460612806"}, "s3:PutObject")], {}, ONLY_KMS, STOP),
    ("AWS Config may name SSE-S3", [delivers("config")], {}, ONLY_KMS, STOP),
    ("anywhere", [allow({"Service": "config.amazonaws.com"}, "s3:PutObject", "*")], {}, ONLY_KMS, STOP),
    ("a bucket by the start of its name", [allow({"Service": "config.amazonaws.com"}, "s3:PutObject", f"{ARN}*")], {},
        ONLY_KMS, STOP),
    ("a load balancer, anywhere", [allow({"AWS": "156460612806"}, "s3:PutObject", "arn:aws:s3:::*/*")], {},
        ONLY_KMS, STOP),
    ("AWS Config, by a condition", [BY_NAME], {}, ONLY_KMS, STOP),
    ("AWS Config with a key of its own", [delivers("config")], KEYED, ONLY_KMS, []),
    ("CloudTrail's digests are SSE-S3", [delivers("cloudtrail")], {"trails": (Trail("t", KEY, digests=True),)},
        ONLY_KMS, STOP),
    ("CloudTrail with a key and no digests", [delivers("cloudtrail")], {"trails": (Trail("t", KEY),)}, ONLY_KMS, []),
    ("flow logs take the default", [delivers("delivery.logs")], {}, ONLY_KMS, []),
    ("flow logs and a demanded header", [delivers("delivery.logs", "flow/*")], {}, KMS_HEADER, STOP),
    ("another place", [delivers("delivery.logs", "flow/*")], {}, {**KMS_HEADER, "Resource": f"{ARN}/app/*"}, []),
    ("services are spared", [delivers("config")], {}, PEOPLE, []),
    ("KMS alone is denied", [delivers("config"), delivers("logging.s3")], {}, NO_KMS, []),
    ("TLS is no matter to services", [delivers("config"), delivers("logging.s3")], {}, NO_HTTP, []),
    ("it was denied before", [delivers("config"), KMS_HEADER], {}, ONLY_KMS, []),
]  # fmt: skip


@pytest.mark.parametrize(("_", "statements", "around", "added", "expected"), WRITERS)
def test_services_whose_uploads_would_be_denied_stop(_, statements, around, added, expected):
    bucket = with_policy(*statements) if statements else BUCKET
    assert codes(uploads(to_policy(*statements, added), bucket, replace(CALM, **around))) == expected


def test_tls_only_asks_no_service_and_stops_none():
    bucket = with_policy(delivers("config"), delivers("logging.s3"), delivers("logdelivery.elasticloadbalancing"))
    around = Surroundings(website=False, policy_is_public=False)
    assert codes(tls(bucket, around)) == []


# policies that do not parse


def test_a_policy_that_cannot_be_read_back_refuses():
    broken = Proposed(after={"policy": '{"Statement": 1}'}, calls=())
    assert set(codes(uploads(broken))) == {"UNREADABLE_POLICY"}
    assert codes(key_hazards(key(), Proposed(after={"key_policy": "x"}, calls=()), TODAY)) == ["UNREADABLE_POLICY"]


# keys


def to_key_policy(*statements):
    return Proposed(after={"key_policy": json.dumps(document(*statements))}, calls=())


def put(principal):
    return allow({"AWS": principal}, "kms:PutKeyPolicy", "*")


ROTATION = Proposed(after={"rotation": {"enabled": True, "days": 365}}, calls=())
STATES = [
    ({}, []),
    ({"state": "Disabled"}, []),
    ({"state": "PendingDeletion"}, ["KEY_NOT_USABLE"]),
    ({"state": "PendingReplicaDeletion"}, ["KEY_NOT_USABLE"]),
    ({"manager": "AWS"}, ["KEY_NOT_USABLE"]),
]


@pytest.mark.parametrize(("metadata", "expected"), STATES)
def test_a_key_on_its_way_out_or_of_aws_is_left_alone(metadata, expected):
    assert codes(key_hazards(key(**metadata), ROTATION, TODAY)) == expected


@pytest.mark.parametrize("fact", ["tags", "metadata", "policy"])
def test_law_a_fact_of_the_key_that_is_unreadable_refuses(fact):
    closed = replace(key(), **{fact: Unreadable(fact, "AccessDeniedException")})
    assert codes(key_hazards(closed, to_key_policy(ROOT), TODAY))[0].startswith("UNREADABLE_")
    assert key_hazards(key(), to_key_policy(ROOT), TODAY).refusals == ()


@pytest.mark.parametrize(
    ("after", "expected"),
    [
        ([ROOT], []),
        ([put(ROLE)], ["WOULD_LOCK_OUT"]),
        ([put(f"arn:aws:iam::{OWN}:root")], []),
        ([allow({"AWS": ROLE}, "kms:Decrypt", "*")], ["WOULD_LOCK_OUT"]),
        ([ROOT, deny({"AWS": ROLE}, "kms:PutKeyPolicy", "*")], ["WOULD_LOCK_OUT"]),
        ([ROOT, deny("*", "kms:*", "*")], ["WOULD_LOCK_OUT"]),
    ],
)
def test_somebody_can_still_change_the_key_policy(after, expected):
    for role in (ROLE, SESSION):
        found = key_hazards(key(), to_key_policy(*after), TODAY, Evidence(role=role))
        assert sorted(set(codes(found))) == expected


def test_a_role_that_alone_may_change_the_key_policy_keeps_that():
    alone, people = put(ROLE), put(f"arn:aws:iam::{OWN}:role/people")
    for role in (ROLE, SESSION):
        before = replace(key(), policy=policy(alone, people))
        assert codes(key_hazards(before, to_key_policy(alone), TODAY, Evidence(role=role))) == []
        assert codes(key_hazards(before, to_key_policy(people), TODAY, Evidence(role=role))) == ["WOULD_LOCK_OUT"]


def test_a_key_that_nobody_can_change_is_reported():
    stuck = replace(key(), policy=policy(allow({"AWS": ROLE}, "kms:Decrypt", "*")))
    assert codes(key_hazards(stuck, to_key_policy(ROOT), TODAY)) == ["LOCKED_OUT"]


def test_kms_refuses_a_policy_that_names_a_deleted_principal():
    gone = allow({"AWS": IDS[0]}, "kms:Decrypt", "*", "Old")
    assert codes(key_hazards(key(), to_key_policy(ROOT, gone), TODAY)) == ["DELETED_PRINCIPALS"]


USER = f"arn:aws:iam::{OWN}:role/app"
CAN = {"kms:Decrypt": True}
IMPACTS = [
    ("nobody asked", None, [ROOT], [], ["IMPACT_UNKNOWN"]),
    ("still allowed", Simulation({USER: CAN}, complete=True), [ROOT], [], []),
    ("some are not known", Simulation({USER: CAN}), [ROOT], [], ["IMPACT_UNKNOWN"]),
    ("closed to us", Simulation({USER: Unreadable("x", "y")}, complete=True), [ROOT], [], ["IMPACT_UNKNOWN"]),
    ("loses", Simulation({USER: CAN}, complete=True), [put(f"arn:aws:iam::{OWN}:root")],
        ["PRINCIPALS_LOSE_ACCESS"], []),
    ("could not before", Simulation({USER: {"kms:Decrypt": False}}, complete=True),
        [put(f"arn:aws:iam::{OWN}:root")], [], []),
]  # fmt: skip


@pytest.mark.parametrize(("_", "simulation", "after", "refusals", "approvals"), IMPACTS)
def test_users_of_a_key_by_identity_policies_are_looked_at(_, simulation, after, refusals, approvals):
    found = key_hazards(key(), to_key_policy(*after), TODAY, Evidence(simulation=simulation))
    assert (codes(found), concerns(found)) == (refusals, approvals)
