"""What speaks against another default encryption: the key, the services, replication, other accounts, SSE-C."""

import json
from dataclasses import replace
from datetime import timedelta

import pytest
from hazards import (
    ARN,
    BUCKET,
    CALM,
    KEY,
    NO_HTTP,
    OLD_KEY,
    OTHER,
    OWN,
    PARTNER,
    ROOT,
    TODAY,
    allow,
    codes,
    concerns,
    default,
    deny,
    document,
    key,
    policy,
    sentence,
    to_kms,
    with_policy,
)

from s3_guardrails.encryption.bucket import DefaultEncryption
from s3_guardrails.encryption.fact import Unreadable
from s3_guardrails.encryption.surroundings import DeliveryChannel, Replication, ReplicationRule, Trail
from s3_guardrails.remediate.change import Proposed
from s3_guardrails.remediate.hazard import bucket_hazards
from s3_guardrails.remediate.hazard_evidence import Evidence, SeenCaller, Simulation

APP = f"arn:aws:iam::{OWN}:role/app"
WRITER = f"arn:aws:iam::{PARTNER}:role/writer"
USE = ["kms:Decrypt", "kms:GenerateDataKey*"]


def grant(principal, actions=USE, resource="*", **condition):
    return allow(principal, actions, resource, **condition)


# the key

UNUSABLE = [
    ({"state": "Disabled"}, "has the state Disabled"),
    ({"state": "PendingDeletion"}, "has the state PendingDeletion"),
    ({"state": "PendingImport"}, "has the state PendingImport"),
    ({"state": "Unavailable"}, "has the state Unavailable"),
    ({"spec": "RSA_2048", "usage": "ENCRYPT_DECRYPT"}, "is RSA_2048"),
    ({"spec": "HMAC_256", "usage": "GENERATE_VERIFY_MAC"}, "is HMAC_256"),
    ({"usage": "SIGN_VERIFY"}, "is for SIGN_VERIFY"),
    ({"manager": "AWS"}, "is managed by AWS"),
]


@pytest.mark.parametrize(("metadata", "what"), UNUSABLE)
def test_a_key_that_cannot_work_is_not_set(metadata, what):
    found = default(target=key(**metadata))
    assert set(codes(found)) == {"KEY_NOT_USABLE"}
    assert what in " ".join(each.sentence for each in found.refusals)


SETTINGS = ["alias/data", f"arn:aws:kms:eu-west-1:{OWN}:alias/data", KEY.rpartition("/")[2], None, "alias/aws/s3"]


@pytest.mark.parametrize("setting", SETTINGS)
def test_only_a_key_named_by_its_arn_means_the_same_to_every_caller(setting):
    assert codes(default(to_kms(setting))) == ["KEY_NOT_USABLE"]


@pytest.mark.parametrize(
    ("arn", "what"),
    [
        (KEY.replace("eu-west-1", "us-east-1"), "is in us-east-1, the bucket in eu-west-1"),
        (KEY.replace("arn:aws:", "arn:aws-cn:"), "is in the partition aws-cn, the bucket in aws"),
    ],
)
def test_a_key_of_another_region_or_partition_is_not_usable(arn, what):
    assert what in sentence(default(to_kms(arn)), "KEY_NOT_USABLE")


def test_a_key_of_which_nothing_is_known_refuses():
    other = replace(key(), key_id="another")
    assert codes(default(target=other)) == ["UNREADABLE_KEY_METADATA", "UNREADABLE_KEY_POLICY"]
    closed = Unreadable("policy", "AccessDeniedException")
    assert codes(default(target=replace(key(), policy=closed))) == ["UNREADABLE_KEY_POLICY"]
    closed = Unreadable("metadata", "AccessDeniedException")
    assert codes(default(target=replace(key(), metadata=closed))) == ["UNREADABLE_KEY_METADATA"]


def test_the_way_back_to_sse_s3_cuts_nobody_off():
    bucket = with_policy(allow({"AWS": WRITER}, "s3:*"), default_encryption=DefaultEncryption("aws:kms", OLD_KEY))
    sse_s3 = to_kms(None, algorithm="AES256")
    assert default(sse_s3, bucket) == default(Proposed(after={"encryption": None}, calls=()), bucket)
    assert codes(default(sse_s3, bucket)) == concerns(default(sse_s3, bucket)) == []


def test_a_setting_that_is_not_one_refuses():
    broken = Proposed(after={"encryption": {"Rules": []}}, calls=())
    assert codes(default(broken)) == ["UNREADABLE_DEFAULT_ENCRYPTION"]


# the Bucket Key

CONTEXT = "kms:EncryptionContext:aws:s3:arn"
OBJECTS = f"{ARN}/*"
CONTEXTS = [
    (grant({"AWS": APP}, StringLike={CONTEXT: OBJECTS}), True),
    (grant({"AWS": APP}, StringLike={CONTEXT: f"{ARN}/in/*"}), True),
    (grant({"AWS": APP}, ArnLike={CONTEXT: [OBJECTS, ARN]}), False),
    (grant({"AWS": APP}, StringLike={CONTEXT: f"{ARN}*"}), False),
    (grant({"AWS": APP}, StringLike={CONTEXT: "arn:aws:s3:::*/*"}), True),
    (grant({"AWS": APP}, StringLike={CONTEXT: "arn:aws:s3:::elsewhere/*"}), False),
    (grant({"AWS": APP}, StringEquals={"kms:EncryptionContext:tenant": OBJECTS}), False),
    (deny("*", USE, "*", StringNotLike={CONTEXT: OBJECTS}), True),
    (deny("*", USE, "*", StringNotLike={CONTEXT: [OBJECTS, ARN]}), False),
    (deny("*", USE, "*", StringLike={CONTEXT: f"{ARN}/secret/*"}), False),
]


@pytest.mark.parametrize(("statement", "broken"), CONTEXTS)
def test_key_conditions_that_name_objects_break_where_a_bucket_key_is_switched_on(statement, broken):
    target = key(statement)
    assert ("BUCKET_KEY_CONTEXT" in codes(default(to_kms(bucket_key=True), target=target))) is broken
    assert "BUCKET_KEY_CONTEXT" not in codes(default(to_kms(), target=target))


def test_a_bucket_key_that_was_on_is_no_change():
    bucket = replace(BUCKET, default_encryption=DefaultEncryption("aws:kms", KEY, bucket_key=True))
    found = default(to_kms(bucket_key=True), bucket, target=key(CONTEXTS[0][0]))
    assert codes(found) == concerns(found) == []


def test_a_bucket_key_alone_still_needs_a_person():
    bucket = replace(BUCKET, default_encryption=DefaultEncryption("aws:kms", KEY))
    found = default(to_kms(bucket_key=True), bucket)
    assert (codes(found), concerns(found)) == ([], ["IMPACT_UNKNOWN"])


# services that write

LOGGING = allow({"Service": "logging.s3.amazonaws.com"}, "s3:PutObject")
ELB_OUTPOSTS = allow({"Service": "logdelivery.elb.amazonaws.com"}, "s3:PutObject")
ELB = allow({"Service": "logdelivery.elasticloadbalancing.amazonaws.com"}, "s3:PutObject")
ELB_ACCOUNT = allow({"AWS": "arn:aws:iam::156460612806:root"}, "s3:PutObject", f"{ARN}/AWSLogs/{OWN}/*")
ELB_CHINA = allow({"AWS": "638102146993"}, "s3:PutObject")
CONFIG = allow({"Service": "config.amazonaws.com"}, "s3:PutObject")
TRAIL = allow({"Service": "cloudtrail.amazonaws.com"}, "s3:PutObject")
VENDED = allow({"Service": "delivery.logs.amazonaws.com"}, "s3:PutObject")
READER = allow({"Service": "cloudfront.amazonaws.com"}, "s3:ListBucket", ARN)
FOR_OTHERS = allow({"Service": "cloudtrail.amazonaws.com"}, "s3:PutObject", f"{ARN}/AWSLogs/{OTHER}/*")


def let(service, **condition):
    return grant({"Service": service}, ["kms:GenerateDataKey*", "kms:Decrypt"], **condition)


STOP = ["SERVICE_WRITER_WOULD_STOP"]
CHANNEL, CHANNEL_KEY = (DeliveryChannel("default"),), (DeliveryChannel("default", KEY),)
ONE_TRAIL, TRAIL_KEY = (Trail("all"),), (Trail("all", KEY, digests=True),)
WRITERS = [
    ("access logs without a grant", [LOGGING], {}, [], STOP),
    ("access logs with a grant", [LOGGING], {}, [let("logging.s3.amazonaws.com")], []),
    ("access logs by the other bucket's word alone", [], {"logs_from": frozenset({"web"})}, [], STOP),
    ("access logs, granted", [], {"logs_from": frozenset({"web"})}, [let("logging.s3.amazonaws.com")], []),
    ("a load balancer", [ELB], {}, [let("logdelivery.elasticloadbalancing.amazonaws.com")], STOP),
    ("a load balancer on Outposts", [ELB_OUTPOSTS], {}, [let("logdelivery.elb.amazonaws.com")], STOP),
    ("a load balancer's account", [ELB_ACCOUNT], {}, [grant({"AWS": "156460612806"})], STOP),
    ("a load balancer's account by its id", [ELB_CHINA], {}, [], STOP),
    ("AWS Config", [CONFIG], {"delivery_channels": CHANNEL}, [], STOP),
    ("AWS Config, by its role", [], {"delivery_channels": CHANNEL}, [], STOP),
    ("AWS Config, granted", [CONFIG], {"delivery_channels": CHANNEL}, [let("config.amazonaws.com")], []),
    ("AWS Config with a key of its own", [CONFIG], {"delivery_channels": CHANNEL_KEY}, [], []),
    ("AWS Config of another account", [CONFIG], {}, [], STOP),
    ("CloudTrail", [TRAIL], {"trails": ONE_TRAIL}, [], STOP),
    ("CloudTrail, bound to its source", [TRAIL], {}, [let(
        "cloudtrail.amazonaws.com", StringEquals={"aws:SourceArn": f"arn:aws:cloudtrail:eu-west-1:{OWN}:trail/all"}
    )], []),
    ("CloudTrail with a key of its own", [TRAIL], {"trails": TRAIL_KEY}, [], []),
    ("CloudTrail for other accounts too", [TRAIL, FOR_OTHERS], {"trails": TRAIL_KEY}, [], STOP),
    ("two trails, one without a key", [TRAIL], {"trails": (*ONE_TRAIL, *TRAIL_KEY)}, [], STOP),
    ("flow logs", [VENDED], {}, [], STOP),
    ("flow logs, granted", [VENDED], {}, [let("delivery.logs.amazonaws.com")], []),
    ("the grant denied again", [VENDED], {}, [let("delivery.logs.amazonaws.com"), deny("*", "kms:Gen*", "*")], STOP),
    ("a service that only lists", [READER], {}, [], []),
    ("a service nobody has heard of", [allow({"Service": "quux.amazonaws.com"}, "s3:Put*")], {}, [], STOP),
]  # fmt: skip


CDN = allow({"Service": "cloudfront.amazonaws.com"}, "s3:GetObject", StringEquals={"aws:SourceArn": "arn:aws:x"})
READERS = [
    ("CloudFront with origin access control", [], ["SERVICE_READER_WOULD_STOP"]),
    ("granted", [let("cloudfront.amazonaws.com")], []),
    ("granted to write only", [grant({"Service": "cloudfront.amazonaws.com"}, "kms:GenerateDataKey")],
        ["SERVICE_READER_WOULD_STOP"]),
]  # fmt: skip


@pytest.mark.parametrize(("_", "key_statements", "expected"), READERS)
def test_services_that_read_need_to_decrypt(_, key_statements, expected):
    assert codes(default(None, with_policy(CDN), CALM, key(*key_statements))) == expected


@pytest.mark.parametrize(("_", "statements", "around", "key_statements", "expected"), WRITERS)
def test_services_that_cannot_use_the_new_key_would_stop(_, statements, around, key_statements, expected):
    bucket = with_policy(*statements) if statements else BUCKET
    found = default(None, bucket, replace(CALM, **around), key(*key_statements))
    assert codes(found) == expected


def test_the_service_is_named():
    assert "logging.s3.amazonaws.com" in sentence(default(None, with_policy(LOGGING)), *STOP)


def test_the_same_key_with_a_bucket_key_stops_no_service():
    bucket = with_policy(ELB, LOGGING, default_encryption=DefaultEncryption("aws:kms", KEY))
    assert codes(default(to_kms(bucket_key=True), bucket)) == []


# replication

THERE = "arn:aws:s3:::quartz-9"
FULL = ReplicationRule(
    id="all", destination=THERE, kms_objects=True, replica_key=KEY.replace("eu-west-1", "eu-north-1")
)
MOVER = f"arn:aws:iam::{OWN}:role/mover"
RULES = [
    ([], []),
    ([FULL], []),
    ([replace(FULL, kms_objects=False)], ["REPLICATION_WOULD_FAIL"]),
    ([replace(FULL, replica_key=None)], ["REPLICATION_WOULD_FAIL"]),
    ([replace(FULL, replica_key="alias/there")], ["REPLICATION_WOULD_FAIL"]),
    ([FULL, replace(FULL, id="some", kms_objects=False)], ["REPLICATION_WOULD_FAIL"]),
]


@pytest.mark.parametrize(("rules", "expected"), RULES)
def test_replication_needs_to_take_kms_objects_along(rules, expected):
    around = replace(CALM, replication=Replication(MOVER, tuple(rules)))
    assert codes(default(surroundings=around)) == expected


def test_the_replication_role_needs_the_key():
    around = replace(CALM, replication=Replication(MOVER, (FULL,)))
    refused = {"decisions": {MOVER: {"kms:Decrypt": False}}}
    assert codes(default(surroundings=around, simulation=Simulation(**refused))) == ["REPLICATION_WOULD_FAIL"]
    granted = key(grant({"AWS": MOVER}))
    assert codes(default(surroundings=around, target=granted, simulation=Simulation(**refused))) == []
    foreign = replace(CALM, replication=Replication(f"arn:aws:iam::{OTHER}:role/mover", (FULL,)))
    assert codes(default(surroundings=foreign)) == ["REPLICATION_WOULD_FAIL"]


# other accounts

ORG = {"StringEquals": {"aws:PrincipalOrgID": "o-a1b2c3d4e5"}}
LOSES, UNKNOWN = ["CROSS_ACCOUNT_LOSES_ACCESS"], ["CROSS_ACCOUNT_UNKNOWN"]
CALLERS = [
    ("a role", [allow({"AWS": WRITER}, "s3:PutObject")], [], LOSES),
    ("a role, granted", [allow({"AWS": WRITER}, "s3:PutObject")], [grant({"AWS": WRITER})], []),
    ("a role that may not decrypt its parts", [allow({"AWS": WRITER}, "s3:PutObject")],
        [grant({"AWS": WRITER}, "kms:GenerateDataKey")], LOSES),
    ("a reader needs no data key", [allow({"AWS": WRITER}, "s3:GetObject")],
        [grant({"AWS": WRITER}, "kms:Decrypt")], []),
    ("a role through its account", [allow({"AWS": WRITER}, "s3:Get*")], [grant({"AWS": PARTNER})], []),
    ("an account", [allow({"AWS": f"arn:aws:iam::{PARTNER}:root"}, "s3:GetObject")], [grant({"AWS": PARTNER})], []),
    ("an account, of which one role is let in", [allow({"AWS": PARTNER}, "s3:GetObject")],
        [grant({"AWS": WRITER})], LOSES),
    ("another account than the one let in", [allow({"AWS": OTHER}, "s3:GetObject")], [grant({"AWS": PARTNER})], LOSES),
    ("through S3 only", [allow({"AWS": PARTNER}, "s3:GetObject")],
        [grant({"AWS": PARTNER}, StringEquals={"kms:ViaService": "s3.eu-west-1.amazonaws.com"})], []),
    ("through another service only", [allow({"AWS": PARTNER}, "s3:GetObject")],
        [grant({"AWS": PARTNER}, StringEquals={"kms:ViaService": "s3.us-east-1.amazonaws.com"})], LOSES),
    ("by the object's ARN", [allow({"AWS": PARTNER}, "s3:GetObject")],
        [grant({"AWS": PARTNER}, StringLike={CONTEXT: OBJECTS})], []),
    ("an organization", [allow("*", "s3:GetObject", **ORG)], [grant("*", **ORG)], []),
    ("an organization, of which one account is let in", [allow("*", "s3:GetObject", **ORG)],
        [grant({"AWS": PARTNER})], LOSES),
    ("another organization", [allow("*", "s3:GetObject", **ORG)],
        [grant("*", StringEquals={"aws:PrincipalOrgID": "o-zzzzzzzzzz"})], LOSES),
    ("an organization by its paths", [allow("*", "s3:GetObject",
        **{"ForAnyValue:StringLike": {"aws:PrincipalOrgPaths": "o-a1b2c3d4e5/r-ab12/*"}})], [], LOSES),
    ("an account by a condition", [allow("*", "s3:GetObject", StringEquals={"aws:PrincipalAccount": PARTNER})],
        [], LOSES),
    ("roles by a condition", [allow("*", "s3:GetObject",
        ArnLike={"aws:PrincipalArn": f"arn:aws:iam::{PARTNER}:role/data-*"})], [grant({"AWS": PARTNER})], []),
    ("everybody", [allow("*", "s3:GetObject")], [grant("*")], LOSES),
    ("a CloudFront origin access identity", [allow(
        {"AWS": "arn:aws:iam::cloudfront:user/CloudFront Origin Access Identity E1"}, "s3:GetObject")], [], LOSES),
    ("whoever comes through an endpoint", [allow("*", "s3:GetObject", StringEquals={"aws:SourceVpce": "vpce-1"})],
        [grant("*")], UNKNOWN),
    ("everybody but one", [{"Effect": "Allow", "NotPrincipal": {"AWS": OTHER}, "Action": "s3:*", "Resource": OBJECTS}],
        [], UNKNOWN),
    ("a canonical user", [allow({"CanonicalUser": "79a59df900b949e55d96a1e698fbacedfd6e09d98"}, "s3:GetObject")],
        [], UNKNOWN),
    ("somebody who only lists", [allow({"AWS": PARTNER}, "s3:ListBucket", ARN)], [], []),
    ("somebody who only deletes", [allow({"AWS": PARTNER}, "s3:DeleteObject")], [], []),
    ("a replicating role", [allow({"AWS": WRITER}, "s3:ReplicateObject")], [grant({"AWS": WRITER}, "kms:Encrypt")], []),
    ("a replicating role, not granted", [allow({"AWS": WRITER}, "s3:ReplicateObject")],
        [grant({"AWS": WRITER})], LOSES),
    ("the account itself", [allow({"AWS": OWN}, "s3:*")], [], []),
]  # fmt: skip


@pytest.mark.parametrize(("_", "statements", "key_statements", "expected"), CALLERS)
def test_other_accounts_lose_access_unless_the_key_lets_them_in(_, statements, key_statements, expected):
    found = default(None, with_policy(*statements), CALM, key(*key_statements))
    assert codes(found) == expected


def test_with_a_bucket_key_the_partners_context_is_the_buckets_arn():
    bucket = with_policy(allow({"AWS": PARTNER}, "s3:GetObject"))
    target = key(grant({"AWS": PARTNER}, StringEquals={CONTEXT: ARN}))
    assert codes(default(to_kms(bucket_key=True), bucket, CALM, target)) == []
    assert codes(default(to_kms(), bucket, CALM, target)) == LOSES


def test_those_who_lose_are_named_with_their_statement():
    bucket = with_policy(allow({"AWS": [WRITER, OTHER]}, "s3:GetObject", sid="Partners"), NO_HTTP)
    told = sentence(default(None, bucket), *LOSES)
    assert f"{WRITER} (Partners), {OTHER} (Partners)" in told


def test_where_the_keys_policy_is_closed_it_cannot_be_told():
    bucket = with_policy(allow({"AWS": WRITER}, "s3:GetObject"))
    closed = replace(key(), policy=Unreadable("policy", "AccessDeniedException"))
    assert codes(default(None, bucket, CALM, closed)) == ["UNREADABLE_KEY_POLICY", *UNKNOWN]


def test_the_partition_of_the_key_decides_how_s3_calls_it():
    arn = KEY.replace("arn:aws:", "arn:aws-cn:").replace("eu-west-1", "cn-north-1")
    bucket = replace(
        BUCKET,
        partition="aws-cn",
        region="cn-north-1",
        policy=policy(allow({"AWS": f"arn:aws-cn:iam::{PARTNER}:root"}, "s3:GetObject", "arn:aws-cn:s3:::zephyr.7/*")),
    )
    through = {"StringEquals": {"kms:ViaService": "s3.cn-north-1.amazonaws.com.cn"}}
    target = replace(key(grant({"AWS": PARTNER}, **through), arn=arn), partition="aws-cn", region="cn-north-1")
    assert codes(default(to_kms(arn), bucket, CALM, target)) == []


# the account's own principals

NAMED = with_policy(allow({"AWS": APP}, ["s3:GetObject", "s3:PutObject"]))
BOTH = {"kms:Decrypt": True, "kms:GenerateDataKey": True}
SIMULATIONS = [
    ("nobody asked", None, [], ["IMPACT_UNKNOWN"]),
    ("allowed, others unknown", Simulation({APP: BOTH}), [], ["IMPACT_UNKNOWN"]),
    ("allowed, all known", Simulation({APP: BOTH}, complete=True), [], []),
    ("refused", Simulation({APP: {**BOTH, "kms:Decrypt": False}}, complete=True), ["PRINCIPALS_LOSE_ACCESS"], []),
    ("unreadable", Simulation({APP: Unreadable("iam", "AccessDenied")}, complete=True), [], ["IMPACT_UNKNOWN"]),
]


@pytest.mark.parametrize(("_", "simulation", "refusals", "approvals"), SIMULATIONS)
def test_principals_of_the_account_are_taken_at_their_identity_policies_word(_, simulation, refusals, approvals):
    found = default(None, NAMED, simulation=simulation)
    assert (codes(found), concerns(found)) == (refusals, approvals)


def test_the_keys_policy_can_grant_without_identity_policies_and_can_deny_in_spite_of_them():
    refused = Simulation({APP: dict.fromkeys(BOTH, False)}, complete=True)
    assert codes(default(None, NAMED, target=key(grant({"AWS": APP})), simulation=refused)) == []
    allowed, barred = Simulation({APP: BOTH}, complete=True), key(deny({"AWS": APP}, "kms:Decrypt", "*"))
    assert codes(default(None, NAMED, target=barred, simulation=allowed)) == ["PRINCIPALS_LOSE_ACCESS"]
    without_account = replace(key(), policy=policy(grant({"AWS": f"arn:aws:iam::{OWN}:role/other"})))
    assert codes(default(None, NAMED, target=without_account, simulation=allowed)) == ["PRINCIPALS_LOSE_ACCESS"]


# SSE-C

BLOCKING = to_kms(BlockedEncryptionTypes={"EncryptionType": ["SSE-C"]})
SSE_C = [
    (frozenset({"SSE-C"}), False, []),
    (frozenset({"NONE"}), False, ["SSE_C_USE_UNKNOWN"]),
    (frozenset(), False, ["SSE_C_USE_UNKNOWN"]),
    (frozenset(), True, []),
    (Unreadable("blocked_encryption_types", "AccessDenied"), False, ["UNREADABLE_BLOCKED_ENCRYPTION_TYPES"]),
]


@pytest.mark.parametrize(("blocked", "accepted", "expected"), SSE_C)
def test_sse_c_is_not_blocked_while_nobody_knows_who_uses_it(blocked, accepted, expected):
    bucket = replace(BUCKET, blocked_encryption_types=blocked)
    assert codes(default(BLOCKING, bucket, accept_unknown_sse_c=accepted)) == expected
    assert codes(default(to_kms(), bucket)) == []


def test_what_is_proposed_is_judged_whatever_the_remediation_is_called():
    text = json.dumps(document(NO_HTTP))
    both = Proposed(after={"policy": text, **BLOCKING.after}, calls=())
    bucket = replace(BUCKET, blocked_encryption_types=frozenset())
    found = bucket_hazards("UndoRemediation", bucket, CALM, both, TODAY, Evidence(target=key()))
    assert codes(found) == ["SSE_C_USE_UNKNOWN"]
    assert ROOT in key().policy.source["Statement"]


SEEN = [SeenCaller(APP, TODAY, 3)]


@pytest.mark.parametrize(
    ("evidence", "expected"),
    [
        ({"customer_keys": SEEN}, ["SSE_C_USED"]),
        ({"customer_keys": SEEN, "accept_unknown_sse_c": True}, ["SSE_C_USED"]),
        ({"customer_keys": [SeenCaller(APP, TODAY - timedelta(days=31), 3)]}, []),
        ({"customer_keys": []}, []),
        ({"customer_keys": [], "log_gaps": ("a day is missing",)}, ["SSE_C_USE_UNKNOWN"]),
        ({"customer_keys": [], "log_gaps": ("a day is missing",), "accept_unknown_sse_c": True}, []),
        ({}, ["SSE_C_USE_UNKNOWN"]),
    ],
)
def test_logs_that_show_sse_c_refuse_to_block_it_and_complete_logs_without_it_allow_that(evidence, expected):
    bucket = replace(BUCKET, blocked_encryption_types=frozenset())
    assert codes(default(BLOCKING, bucket, **evidence)) == expected
