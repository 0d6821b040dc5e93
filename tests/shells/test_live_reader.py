"""The live reader over an AWS on this machine: each fact is a value, absent, or unreadable with the reason."""

import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import EndpointConnectionError

from s3_guardrails.embedded.call import Refused, json_answer
from s3_guardrails.embedded.environment import only
from s3_guardrails.embedded.kms_service import KmsService
from s3_guardrails.embedded.s3_service import S3Service
from s3_guardrails.encryption.bucket import DefaultEncryption
from s3_guardrails.encryption.fact import ABSENT, Unreadable
from s3_guardrails.encryption.key import KeyMetadata, Rotation
from s3_guardrails.errors import InputError, LiveReadFailed
from s3_guardrails.live.clients import SessionClients
from s3_guardrails.live.reader import LiveReader

NOW = datetime(2026, 6, 1, tzinfo=UTC)
DENY = {"Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": "arn:aws:s3:::data/*"}
POLICY = json.dumps({"Version": "2012-10-17", "Statement": [DENY | {"Condition": {"Bool": {"aws:x": "1"}}}]})


class Counting(SessionClients):
    """Counts calls by operation."""

    def __init__(self, *arguments):
        super().__init__(*arguments)
        self.calls = []

    def client(self, service, region):
        new = (service, region) not in self._clients
        client = super().client(service, region)
        if new:
            client.meta.events.register("before-call", self._count)
        return client

    def _count(self, model, **_):
        self.calls.append(model.name)


@pytest.fixture
def clients(aws, monkeypatch):
    # adaptive retries take their time; that the reader's own are adaptive is tested below
    quick = Config(retries={"mode": "standard", "total_max_attempts": 3}, max_pool_connections=32)
    monkeypatch.setattr("s3_guardrails.live.clients.SETTINGS", quick)
    monkeypatch.setattr("time.sleep", lambda _: None)
    with only(aws.environment()):
        yield Counting(boto3.Session(), aws.endpoint)


@pytest.fixture
def reader(aws, clients):
    return LiveReader(clients, aws.account, aws.region, clock=lambda: NOW)


@pytest.fixture
def s3(aws):
    client = aws.client("s3")
    client.create_bucket(Bucket="data")
    return client


@pytest.fixture
def kms(aws):
    return aws.client("kms")


def new_key(kms, **settings):
    return kms.create_key(**settings)["KeyMetadata"]


def put_default(s3, key, bucket="data", **rule):
    by_default = {"SSEAlgorithm": "aws:kms"} | ({"KMSMasterKeyID": key} if key else {})
    configuration = {"Rules": [{"ApplyServerSideEncryptionByDefault": by_default, **rule}]}
    s3.put_bucket_encryption(Bucket=bucket, ServerSideEncryptionConfiguration=configuration)


def bucket_fact(reader, fact, name="data"):
    bucket = reader.complete_bucket(reader.bucket(name, "us-east-1"), fact)
    return getattr(bucket, fact)


def key_fact(reader, key, fact):
    return getattr(reader.complete_key(reader.key(key), fact), fact)


def reason(fact):
    assert isinstance(fact, Unreadable), fact
    return fact.reason


# buckets


def test_a_fresh_bucket_has_nothing_read_and_asks_nothing(reader, clients):
    bucket = reader.bucket("data", "eu-west-1")
    assert isinstance(bucket.policy, Unreadable)
    assert bucket.arn == "arn:aws:s3:::data"
    assert bucket.as_of == NOW.timestamp()
    assert clients.calls == []


def test_every_bucket_is_listed_with_its_region_page_after_page(reader, clients, s3, aws, monkeypatch):
    aws.client("s3", "eu-west-1").create_bucket(
        Bucket="europe", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"}
    )
    s3.create_bucket(Bucket="zebra")
    monkeypatch.setattr("s3_guardrails.live.reader.MAX_BUCKETS", 1)
    found = [(each.name, each.region) for each in reader.list_buckets()]
    assert found == [("data", "us-east-1"), ("europe", "eu-west-1"), ("zebra", "us-east-1")]
    assert clients.calls == ["ListBuckets"] * 3


def test_a_bucket_list_that_is_refused_or_throttled_is_an_error_and_never_shorter(reader, aws, s3):
    aws.faults.deny("s3:ListBuckets")
    with pytest.raises(LiveReadFailed, match="ListBuckets: AccessDenied"):
        reader.list_buckets()


@pytest.fixture
def no_regions(monkeypatch):
    """A listing without Regions, as S3 gives where nothing is asked of it; each bucket is then asked for its own."""
    whole = S3Service.on_list_buckets
    monkeypatch.setattr(S3Service, "on_list_buckets", lambda self, call: whole(self, replace(call, parameters={})))


@pytest.mark.parametrize("code", ["AccessDenied", "NoSuchBucket"])
def test_a_region_that_is_refused_costs_that_bucket_only(reader, clients, s3, aws, no_regions, code):
    s3.create_bucket(Bucket="closed")
    aws.faults.fail("s3:GetBucketLocation", Refused(code, "said on purpose", 403), "closed", times=None)
    found = {each.name: each for each in reader.list_buckets()}
    assert {name: each.region for name, each in found.items()} == {"data": "us-east-1", "closed": ""}
    asked = len(clients.calls)
    for fact in ("tags", "policy", "default_encryption", "blocked_encryption_types", "default_key_manager"):
        assert reason(getattr(reader.complete_bucket(found["closed"], fact), fact)) == (
            f"the bucket's Region could not be read: {code}: said on purpose"
        )
    after = reader.complete_bucket(found["closed"], "resolved_keys:alias/x")
    assert "Region could not be read" in reason(after.resolved_keys["alias/x"])
    assert len(clients.calls) == asked


def test_a_region_that_is_throttled_fails_the_listing(reader, s3, aws, no_regions):
    aws.faults.throttle("s3:GetBucketLocation", "data", times=None)
    with pytest.raises(LiveReadFailed, match="SlowDown"):
        reader.list_buckets()


def test_a_bucket_of_unknown_region_leaves_open_whether_a_key_belongs_to_buckets(reader, s3, kms, aws, no_regions):
    aws.faults.deny("s3:GetBucketLocation", "data")
    assert reason(key_fact(reader, new_key(kms)["KeyId"], "buckets")).startswith("default encryption of bucket data:")


def test_a_throttled_bucket_is_not_asked_again_for_every_key(reader, clients, s3, kms, aws):
    keys = [new_key(kms)["KeyId"] for _ in range(3)]
    aws.faults.throttle("s3:GetBucketEncryption", "data", times=None)
    for key in keys:
        with pytest.raises(LiveReadFailed, match="GetBucketEncryption: SlowDown"):
            key_fact(reader, key, "buckets")
    assert clients.calls.count("GetBucketEncryption") == 1


@pytest.mark.parametrize("period", [True, 0, -1, 10_001, "365", 365.5])
def test_a_rotation_period_that_is_none_is_unreadable(reader, monkeypatch, period):
    answer = {"KeyRotationEnabled": True, "RotationPeriodInDays": period}
    monkeypatch.setattr(KmsService, "on_get_key_rotation_status", lambda *_: json_answer(answer))
    assert "RotationPeriodInDays: expected 1 to 10000" in reason(key_fact(reader, "1", "rotation"))


def test_two_tags_with_the_same_key_are_unreadable(reader, monkeypatch):
    tags = [{"TagKey": "use", "TagValue": value} for value in ("a", "b")]
    monkeypatch.setattr(KmsService, "on_list_resource_tags", lambda *_: json_answer({"Tags": tags}), raising=False)
    assert reason(key_fact(reader, "1", "tags")) == "Tags: the key `use` is repeated"


def test_bucket_tags_are_a_mapping_and_no_tags_an_empty_one(reader, s3):
    assert bucket_fact(reader, "tags") == {}
    s3.put_bucket_tagging(Bucket="data", Tagging={"TagSet": [{"Key": "data-class", "Value": "secret"}]})
    assert bucket_fact(reader, "tags") == {"data-class": "secret"}


def test_no_bucket_policy_is_absent(reader, s3):
    assert bucket_fact(reader, "policy") is ABSENT


def test_a_bucket_policy_is_parsed(reader, s3):
    s3.put_bucket_policy(Bucket="data", Policy=POLICY)
    assert [each.actions for each in bucket_fact(reader, "policy").statements] == [("s3:*",)]


def test_a_bucket_policy_that_does_not_parse_is_unreadable_with_its_path(reader, s3, aws):
    aws.s3.policies["data"] = '{"Version": "2012-10-17", "Statement": [{"Effect": "Perhaps"}]}'
    assert reason(bucket_fact(reader, "policy")) == "Statement[0].Effect: expected Allow or Deny, found `Perhaps`"
    aws.s3.policies["data"] = "{not json"
    assert "not JSON" in reason(bucket_fact(reader, "policy"))


@pytest.mark.parametrize(
    ("operation", "fact"),
    [
        ("s3:GetBucketTagging", "tags"),
        ("s3:GetBucketPolicy", "policy"),
        ("s3:GetBucketEncryption", "default_encryption"),
        ("s3:GetBucketEncryption", "blocked_encryption_types"),
        ("s3:GetBucketEncryption", "default_key_manager"),
    ],
)
def test_a_refused_bucket_fact_is_unreadable_by_its_error_code(reader, s3, aws, operation, fact):
    aws.faults.deny(operation, "data")
    assert reason(bucket_fact(reader, fact)).startswith("AccessDenied: User is not authorized")


def test_a_bucket_of_another_owner_is_refused_whatever_its_name(clients, s3, aws):
    stranger = LiveReader(clients, "999999999999", aws.region)
    for fact in ("tags", "policy", "default_encryption"):
        assert reason(bucket_fact(stranger, fact)).startswith("AccessDenied")


def test_a_bucket_that_is_gone_is_unreadable(reader):
    assert reason(bucket_fact(reader, "policy", "gone")).startswith("NoSuchBucket")


def test_a_name_that_no_bucket_can_have_costs_that_bucket_only(reader):
    assert reason(bucket_fact(reader, "policy", "no/bucket\n")).startswith("ParamValidationError")


@pytest.mark.parametrize("fact", ["tags", "policy", "default_encryption"])
def test_throttling_without_end_raises_after_the_clients_own_retries(aws, s3, fact, reader):
    operation = {"tags": "Tagging", "policy": "Policy", "default_encryption": "Encryption"}[fact]
    aws.faults.throttle(f"s3:GetBucket{operation}", times=None)
    with pytest.raises(LiveReadFailed, match="SlowDown"):
        bucket_fact(reader, fact)


def test_throttling_that_passes_is_survived(reader, aws, s3):
    aws.faults.throttle("s3:GetBucketPolicy", times=2)
    assert bucket_fact(reader, "policy") is ABSENT


def test_a_network_that_is_down_raises(reader, clients, s3):
    def refuse(**_):
        raise EndpointConnectionError(endpoint_url="https://s3")

    clients.s3("us-east-1").meta.events.register("before-send", refuse)
    with pytest.raises(LiveReadFailed, match="EndpointConnectionError"):
        bucket_fact(reader, "policy")


def test_one_answer_serves_both_encryption_facts(reader, clients, s3):
    put_default(s3, None, BucketKeyEnabled=True, BlockedEncryptionTypes={"EncryptionType": ["SSE-C"]})
    bucket = reader.complete_bucket(reader.bucket("data", "us-east-1"), "blocked_encryption_types")
    assert bucket.default_encryption == DefaultEncryption("aws:kms", None, bucket_key=True)
    assert bucket.blocked_encryption_types == {"SSE-C"}
    assert clients.calls == ["GetBucketEncryption"]


def test_a_live_read_does_not_overwrite_what_the_item_said(reader, s3):
    put_default(s3, None)
    before = reader.bucket("data", "us-east-1")
    known = type(before)(
        name="data", account=before.account, region="us-east-1", default_encryption=DefaultEncryption("aws:kms:dsse")
    )
    after = reader.complete_bucket(known, "blocked_encryption_types")
    assert after.default_encryption == DefaultEncryption("aws:kms:dsse")
    assert after.blocked_encryption_types == frozenset()


def test_an_entry_that_only_blocks_types_leaves_the_default_unreadable(reader, s3):
    rule = {"BlockedEncryptionTypes": {"EncryptionType": ["SSE-C"]}}
    s3.put_bucket_encryption(Bucket="data", ServerSideEncryptionConfiguration={"Rules": [rule]})
    bucket = reader.complete_bucket(reader.bucket("data", "us-east-1"), "default_encryption")
    assert reason(bucket.default_encryption) == (
        "ServerSideEncryptionConfiguration.Rules: expected one default, found 0"
    )
    assert bucket.blocked_encryption_types == {"SSE-C"}


def test_an_sdk_that_drops_blocked_encryption_types_cannot_tell_that_there_are_none(reader, clients, s3, monkeypatch):
    rule = clients.s3("us-east-1").meta.service_model._shape_resolver._shape_map["ServerSideEncryptionRule"]
    monkeypatch.delitem(rule["members"], "BlockedEncryptionTypes")
    bucket = reader.complete_bucket(reader.bucket("data", "us-east-1"), "blocked_encryption_types")
    assert reason(bucket.blocked_encryption_types) == "this botocore drops BlockedEncryptionTypes"
    assert bucket.default_encryption == DefaultEncryption("AES256")


@pytest.mark.parametrize("form", ["Arn", "KeyId", "alias", "alias arn"])
def test_the_manager_of_the_default_key_is_asked_in_whatever_form_it_is_named(reader, s3, kms, aws, form):
    key = new_key(kms)
    kms.create_alias(AliasName="alias/data", TargetKeyId=key["KeyId"])
    alias = {"alias": "alias/data", "alias arn": f"arn:aws:kms:us-east-1:{aws.account}:alias/data"}
    put_default(s3, alias.get(form) or key[form])
    assert bucket_fact(reader, "default_key_manager") == "CUSTOMER"


def test_a_setting_without_a_key_has_no_key_manager(reader, s3):
    assert bucket_fact(reader, "default_key_manager") is ABSENT
    put_default(s3, None)
    assert bucket_fact(reader, "default_key_manager") is ABSENT


def test_the_manager_of_a_key_that_is_closed_to_us_is_unreadable(reader, s3):
    for key, expected in (
        ("arn:aws:kms:us-east-1:999999999999:key/1", "AccessDeniedException"),
        ("11111111-1111-1111-1111-111111111111", "NotFoundException"),
        ("arn:aws:kms:nowhere-1:123456789012:key/1", "a Region that is not known"),
        ("arn:aws:kms:x y/:123456789012:key/1", "a Region that is not known"),
    ):
        put_default(s3, key)
        assert expected in reason(bucket_fact(reader, "default_key_manager"))


def test_a_key_that_many_buckets_share_is_described_once(reader, clients, s3, kms):
    key = new_key(kms)["Arn"]
    for name in ("one", "two", "three"):
        s3.create_bucket(Bucket=name)
        put_default(s3, key, bucket=name)
        assert bucket_fact(reader, "default_key_manager", name) == "CUSTOMER"
    assert clients.calls.count("DescribeKey") == 1


# what references stand for


def resolved(reader, reference):
    bucket = reader.complete_bucket(reader.bucket("data", "us-east-1"), f"resolved_keys:{reference}")
    return bucket.resolved_keys[reference]


def test_an_alias_stands_for_its_key_and_an_unknown_one_for_none(reader, kms):
    key = new_key(kms)
    kms.create_alias(AliasName="alias/data", TargetKeyId=key["KeyId"])
    assert resolved(reader, "alias/data") == {key["Arn"]}
    assert resolved(reader, "alias/other") == frozenset()


def test_an_alias_that_aws_reserved_for_a_key_to_come_stands_for_none(reader):
    assert resolved(reader, "alias/aws/s3") == frozenset()


def test_more_aliases_than_fit_on_a_page_are_all_known(reader, kms):
    key = new_key(kms)
    for number in range(60):
        kms.create_alias(AliasName=f"alias/n{number:02}", TargetKeyId=key["KeyId"])
    assert resolved(reader, "alias/n59") == {key["Arn"]}


def test_a_tag_stands_for_every_key_that_bears_it(reader, kms):
    tag = {"TagKey": "use", "TagValue": "data=1"}
    tagged = {new_key(kms, Tags=[tag])["Arn"] for _ in range(3)}
    new_key(kms, Tags=[{"TagKey": "use", "TagValue": "other"}])
    assert resolved(reader, "tag:use=data=1") == tagged
    assert resolved(reader, "tag:use=nothing") == frozenset()


def test_one_key_whose_tags_are_closed_to_us_leaves_open_what_a_tag_stands_for(reader, kms, aws):
    closed = new_key(kms)["KeyId"]
    new_key(kms, Tags=[{"TagKey": "use", "TagValue": "data"}])
    aws.faults.deny("kms:ListResourceTags", closed)
    assert "AccessDenied" in reason(resolved(reader, "tag:use=data"))


@pytest.mark.parametrize("reference", ["data", "tag:use", "tag:=x", "", "arn:aws:kms:us-east-1:1:key/1"])
def test_a_reference_that_is_neither_alias_nor_tag_is_unreadable(reader, reference):
    assert "expected `alias/name` or `tag:Key=Value`" in reason(resolved(reader, reference))


def test_references_are_read_once_whoever_asks(reader, clients, kms):
    new_key(kms)
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _: (resolved(reader, "alias/a"), resolved(reader, "tag:a=b")), range(20)))
    assert clients.calls.count("ListAliases") == 1
    assert clients.calls.count("ListKeys") == 1
    assert clients.calls.count("ListResourceTags") == 1


def test_what_an_alias_stands_for_is_unreadable_where_aliases_are_refused(reader, aws):
    aws.faults.deny("kms:ListAliases")
    assert reason(resolved(reader, "alias/data")).startswith("AccessDeniedException")


# keys


def test_every_key_of_the_region_is_listed_page_after_page(reader, kms):
    arns = {new_key(kms)["Arn"] for _ in range(105)}
    assert {each.arn for each in reader.list_keys()} == arns


def test_a_key_list_that_is_refused_is_an_error_and_never_shorter(reader, aws):
    aws.faults.deny("kms:ListKeys")
    with pytest.raises(LiveReadFailed, match="ListKeys: AccessDeniedException"):
        reader.list_keys()


def test_a_key_is_named_by_id_or_arn(reader, aws):
    arn = f"arn:aws:kms:eu-west-1:{aws.account}:key/mrk-1"
    assert reader.key(arn).arn == arn
    assert reader.key("mrk-1").as_of == NOW.timestamp()
    assert reader.key("mrk-1").arn == f"arn:aws:kms:us-east-1:{aws.account}:key/mrk-1"
    for other in ("alias/x", "", "arn:aws:kms:us-east-1:123456789012:alias/x", "a b"):
        with pytest.raises(InputError, match="expected a key id or a key ARN"):
            reader.key(other)


def test_key_metadata_is_what_describe_key_says(reader, kms):
    key = new_key(kms, KeySpec="RSA_2048", KeyUsage="SIGN_VERIFY")
    assert key_fact(reader, key["KeyId"], "metadata") == KeyMetadata(
        manager="CUSTOMER", state="Enabled", spec="RSA_2048", usage="SIGN_VERIFY"
    )


def test_a_replica_knows_its_primary(reader, kms, clients, aws):
    primary = new_key(kms, MultiRegion=True)
    kms.replicate_key(KeyId=primary["KeyId"], ReplicaRegion="eu-west-1")
    europe = LiveReader(clients, aws.account, "eu-west-1")
    replica = key_fact(europe, primary["KeyId"], "metadata")
    assert (replica.multi_region, replica.primary_arn) == ("REPLICA", primary["Arn"])
    assert key_fact(reader, primary["KeyId"], "metadata").multi_region == "PRIMARY"


def test_rotation_has_its_period(reader, kms):
    key = new_key(kms)["KeyId"]
    assert key_fact(reader, key, "rotation") == Rotation(enabled=False)
    kms.enable_key_rotation(KeyId=key, RotationPeriodInDays=180)
    assert key_fact(reader, key, "rotation") == Rotation(enabled=True, period_days=180)


def test_the_rotation_of_a_key_that_cannot_rotate_is_unreadable(reader, kms):
    key = new_key(kms, KeySpec="RSA_2048", KeyUsage="SIGN_VERIFY")["KeyId"]
    assert reason(key_fact(reader, key, "rotation")).startswith("UnsupportedOperationException")


@pytest.mark.parametrize(
    ("operation", "fact"),
    [
        ("DescribeKey", "metadata"),
        ("GetKeyRotationStatus", "rotation"),
        ("GetKeyPolicy", "policy"),
        ("ListResourceTags", "tags"),
        ("DescribeKey", "material_age_days"),
    ],
)
def test_a_refused_key_fact_is_unreadable_and_a_throttled_one_raises(reader, clients, kms, aws, operation, fact):
    key = new_key(kms)["KeyId"]
    aws.faults.deny(f"kms:{operation}", key)
    assert reason(key_fact(reader, key, fact)).startswith("AccessDeniedException: User is not authorized")
    aws.faults.clear()
    aws.faults.throttle(f"kms:{operation}", times=None)
    with pytest.raises(LiveReadFailed, match=f"{operation}: ThrottlingException: Rate exceeded"):
        key_fact(LiveReader(clients, aws.account, aws.region), key, fact)


def test_key_policy_and_tags_are_read(reader, kms):
    key = new_key(kms, Tags=[{"TagKey": f"k{number}", "TagValue": "v"} for number in range(3)])["KeyId"]
    assert key_fact(reader, key, "tags") == {"k0": "v", "k1": "v", "k2": "v"}
    assert key_fact(reader, key, "policy").statements[0].actions == ("kms:*",)


def test_only_imported_material_has_an_age(reader, kms):
    assert key_fact(reader, new_key(kms)["KeyId"], "material_age_days") is ABSENT
    assert key_fact(reader, new_key(kms, Origin="EXTERNAL")["KeyId"], "material_age_days") is ABSENT  # pending import


def test_imported_material_is_as_old_as_its_last_rotation_or_else_its_key(reader, kms, aws):
    key = new_key(kms, Origin="EXTERNAL")
    created = (NOW - timedelta(days=400)).timestamp()
    aws.kms.overrides[key["Arn"]] = {"KeyState": "Enabled", "CreationDate": created}
    assert key_fact(reader, key["KeyId"], "material_age_days") == 400
    dates = [(NOW - timedelta(days=days)).timestamp() for days in (90, 30)]
    aws.kms.materials[key["Arn"]] = [{"KeyId": key["KeyId"], "RotationDate": date} for date in dates]
    assert key_fact(reader, key["KeyId"], "material_age_days") == 30


def test_a_key_knows_the_buckets_that_use_it_in_whatever_form_they_name_it(reader, s3, kms, aws):
    key, other = new_key(kms), new_key(kms)
    kms.create_alias(AliasName="alias/data", TargetKeyId=key["KeyId"])
    alias_arn = f"arn:aws:kms:us-east-1:{aws.account}:alias/data"
    foreign = "arn:aws:kms:us-east-1:999999999999:alias/data"
    settings = [key["Arn"], key["KeyId"], "alias/data", alias_arn, foreign, other["Arn"], None]
    for number, setting in enumerate(settings):
        s3.create_bucket(Bucket=f"bucket-{number}")
        put_default(s3, setting, bucket=f"bucket-{number}")
    assert key_fact(reader, key["KeyId"], "buckets") == {"bucket-0", "bucket-1", "bucket-2", "bucket-3"}
    assert key_fact(reader, new_key(kms)["KeyId"], "buckets") == frozenset()


def test_the_aws_managed_key_is_used_by_buckets_that_ask_for_kms_and_name_no_key(reader, s3, kms):
    managed = kms.describe_key(KeyId="alias/aws/s3")["KeyMetadata"]
    put_default(s3, None)
    assert key_fact(reader, managed["KeyId"], "buckets") == {"data"}


def test_a_bucket_that_is_closed_to_us_leaves_open_whether_a_key_belongs_to_buckets(reader, s3, kms, aws):
    used, unused = new_key(kms), new_key(kms)
    s3.create_bucket(Bucket="closed")
    put_default(s3, used["Arn"])
    aws.faults.deny("s3:GetBucketEncryption", "closed")
    assert key_fact(reader, used["KeyId"], "buckets") == {"data"}
    assert reason(key_fact(reader, unused["KeyId"], "buckets")).startswith("default encryption of bucket closed: Acc")


def test_the_buckets_are_asked_once_for_all_keys(reader, clients, s3, kms):
    for _ in range(3):
        key_fact(reader, new_key(kms)["KeyId"], "buckets")
    assert clients.calls.count("ListBuckets") == 1
    assert clients.calls.count("GetBucketEncryption") == 1


@pytest.mark.parametrize(
    ("operation", "fact"),
    [("describe_key", "metadata"), ("get_key_policy", "policy"), ("get_key_rotation_status", "rotation")],
)
def test_an_answer_that_lacks_its_content_is_unreadable(reader, kms, monkeypatch, operation, fact):
    key = new_key(kms)["KeyId"]
    monkeypatch.setattr(KmsService, f"on_{operation}", lambda *_: json_answer({}))
    assert isinstance(key_fact(reader, key, fact), Unreadable)


def test_a_list_that_lacks_its_content_is_an_error_and_not_an_empty_list(reader, monkeypatch):
    monkeypatch.setattr(KmsService, "on_list_keys", lambda *_: json_answer({"Truncated": False}))
    with pytest.raises(LiveReadFailed, match="Keys"):
        reader.list_keys()


@pytest.mark.parametrize(
    ("operation", "page", "ask"),
    [
        ("list_keys", {"Keys": []}, lambda reader: reader.list_keys()),
        ("list_aliases", {"Aliases": []}, lambda reader: resolved(reader, "alias/data")),
        ("list_resource_tags", {"Tags": []}, lambda reader: key_fact(reader, "1", "tags")),
    ],
)
def test_a_last_page_that_says_there_is_more_is_an_error_and_not_shorter(reader, monkeypatch, operation, page, ask):
    monkeypatch.setattr(
        KmsService, f"on_{operation}", lambda *_: json_answer(page | {"Truncated": True}), raising=False
    )
    with pytest.raises(LiveReadFailed, match="the last page says that there is more"):
        ask(reader)


MALFORMED = [AttributeError, TypeError, ValueError, KeyError, IndexError]


def break_parser(clients, monkeypatch, service, error):
    """Let botocore's parser fail as it does on an answer of another structure than the model's."""

    def parse(*_, **__):
        raise error("said on purpose\nsecond line")

    client = getattr(clients, service)("us-east-1")
    monkeypatch.setattr(client._endpoint._response_parser_factory, "create_parser", lambda *_: Parser(parse))


class Parser:
    def __init__(self, parse):
        self.parse = parse


@pytest.mark.parametrize("error", MALFORMED)
def test_an_answer_that_the_sdks_parser_trips_over_costs_the_fact(reader, clients, s3, monkeypatch, error):
    break_parser(clients, monkeypatch, "s3", error)
    found = reason(bucket_fact(reader, "policy"))
    assert "said on purpose" in found
    assert "second line" not in found


@pytest.mark.parametrize("error", MALFORMED)
def test_a_listing_that_the_sdks_parser_trips_over_is_an_error(reader, clients, s3, monkeypatch, error):
    break_parser(clients, monkeypatch, "s3", error)
    with pytest.raises(LiveReadFailed, match="said on purpose"):
        reader.list_buckets()


@pytest.mark.parametrize(
    "body", [{"Keys": None}, {"Keys": 7}, {"Keys": [None]}, {"Keys": ["x"]}, {"Keys": [{"KeyArn": 7}]}, [], 7]
)
def test_a_malformed_list_of_keys_is_an_error(reader, monkeypatch, body):
    monkeypatch.setattr(KmsService, "on_list_keys", lambda *_: json_answer(body))
    with pytest.raises(LiveReadFailed):
        reader.list_keys()


@pytest.mark.parametrize("body", [{"KeyMetadata": None}, {"KeyMetadata": 7}, {"KeyMetadata": []}, [], None, 7])
@pytest.mark.parametrize("fact", ["metadata", "material_age_days"])
def test_malformed_key_metadata_is_unreadable(reader, monkeypatch, body, fact):
    monkeypatch.setattr(KmsService, "on_describe_key", lambda *_: json_answer(body))
    assert isinstance(key_fact(reader, "1", fact), Unreadable)


# clients


def test_a_fact_without_a_live_source_is_an_error(reader):
    with pytest.raises(LiveReadFailed, match="bucket fact `colour`"):
        reader.complete_bucket(reader.bucket("data", "us-east-1"), "colour")
    with pytest.raises(LiveReadFailed, match="key fact `colour`"):
        reader.complete_key(reader.key("1"), "colour")


def test_clients_retry_adaptively(aws):
    client = SessionClients(boto3.Session(), aws.endpoint).s3("us-east-1")
    assert client.meta.config.retries == {"mode": "adaptive", "total_max_attempts": 6}


def test_clients_are_made_once_for_all_threads(clients):
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda _: clients.s3("us-east-1"), range(16)))
    assert len({id(each) for each in found}) == 1


@pytest.mark.parametrize("code", ["ExpiredToken", "InvalidAccessKeyId", "UnrecognizedClientException"])
def test_unusable_credentials_are_no_fact_about_a_bucket(reader, aws, s3, code):
    aws.faults.fail("s3:GetBucketPolicy", Refused(code, "said on purpose", 403), times=None)
    with pytest.raises(LiveReadFailed, match=code):
        bucket_fact(reader, "policy")


def test_a_server_error_with_any_code_is_no_fact_about_a_bucket(reader, aws, s3):
    aws.faults.fail("s3:GetBucketPolicy", Refused("Whatever", "said on purpose", 500), times=None)
    with pytest.raises(LiveReadFailed, match="Whatever"):
        bucket_fact(reader, "policy")
