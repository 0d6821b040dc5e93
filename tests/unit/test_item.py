"""Configuration items become facts: pushed or from the history, in either casing, and nothing is guessed."""

import copy
import json
from pathlib import Path

import pytest

from s3_guardrails.config.item import partition_of, read_item
from s3_guardrails.encryption.bucket import DefaultEncryption
from s3_guardrails.encryption.fact import ABSENT, Unreadable
from s3_guardrails.encryption.key import KeyMetadata
from s3_guardrails.errors import ConfigurationItemError

EVENTS = Path(__file__).parents[1] / "events"
BUCKET = json.loads((EVENTS / "change_bucket.json").read_text())["invokingEvent"]["configurationItem"]
KEY = json.loads((EVENTS / "change_key.json").read_text())["invokingEvent"]["configurationItem"]
HISTORY = json.loads((EVENTS / "history_bucket.json").read_text())
POLICY = {"Version": "2012-10-17", "Statement": {"Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": "*"}}
ARN = "arn:aws:kms:us-east-1:123456789012:key/1"


def with_section(item, name, value):
    """The item with one value of supplementaryConfiguration replaced; `...` takes it away."""
    changed = copy.deepcopy(item)
    if value is ...:
        del changed["supplementaryConfiguration"][name]
    else:
        changed["supplementaryConfiguration"][name] = value
    return changed


def encryption(*rules, name="rules"):
    return read_item(with_section(BUCKET, "ServerSideEncryptionConfiguration", {name: list(rules)}))


def by_default(**settings):
    return {"applyServerSideEncryptionByDefault": settings}


def reason(fact):
    assert isinstance(fact, Unreadable), fact
    return fact.reason


def test_the_captured_bucket_is_read_whole():
    bucket = read_item(BUCKET)
    assert (bucket.name, bucket.account, bucket.region, bucket.partition) == (
        "cf-templates-1abc",
        "123456789012",
        "us-east-1",
        "aws",
    )
    assert bucket.tags == {"application_id": "ADM"}
    assert bucket.default_encryption == DefaultEncryption("AES256")
    assert bucket.policy is ABSENT
    assert "says nothing of blocked" in reason(bucket.blocked_encryption_types)
    assert isinstance(bucket.default_key_manager, Unreadable)


def test_the_history_shape_says_the_same_as_the_pushed_shape():
    pushed, history = read_item(BUCKET), read_item(HISTORY)
    for name in ("name", "account", "region", "partition", "tags", "default_encryption", "blocked_encryption_types"):
        assert getattr(history, name) == getattr(pushed, name), name
    assert [each.sid for each in history.policy.statements] == ["DenyPlainHttp"]


def test_a_whole_section_may_be_one_json_string():
    item = {**BUCKET, "supplementaryConfiguration": json.dumps(BUCKET["supplementaryConfiguration"])}
    assert read_item(item).default_encryption == DefaultEncryption("AES256")
    assert read_item(item).policy is ABSENT


@pytest.mark.parametrize(
    "section",
    [
        {"policyText": POLICY},
        {"policyText": json.dumps(POLICY)},
        {"policyText": json.dumps(json.dumps(POLICY))},
        json.dumps({"policyText": json.dumps(POLICY)}),
        json.dumps(json.dumps({"policyText": POLICY})),
        {"PolicyText": json.dumps(POLICY)},
    ],
)
def test_a_bucket_policy_is_read_however_often_it_is_encoded(section):
    [statement] = read_item(with_section(BUCKET, "BucketPolicy", section)).policy.statements
    assert statement.actions == ("s3:*",)


@pytest.mark.parametrize("section", [{"policyText": None}, '{"policyText": null}'])
def test_a_null_policy_text_is_a_bucket_without_a_policy(section):
    assert read_item(with_section(BUCKET, "BucketPolicy", section)).policy is ABSENT


@pytest.mark.parametrize(
    ("section", "expected"),
    [
        (..., "supplementaryConfiguration.BucketPolicy: expected an object, found nothing"),
        (None, "supplementaryConfiguration.BucketPolicy: expected an object, found null"),
        ([], "supplementaryConfiguration.BucketPolicy: expected an object, found a list"),
        ({}, "supplementaryConfiguration.BucketPolicy.policyText: expected a policy, found nothing"),
        ({"policyText": ""}, "supplementaryConfiguration.BucketPolicy.policyText: not JSON"),
        ({"policyText": "{"}, "supplementaryConfiguration.BucketPolicy.policyText: not JSON"),
        ({"policyText": "null"}, "supplementaryConfiguration.BucketPolicy.policyText: expected a policy, found null"),
        ({"policyText": 7}, "supplementaryConfiguration.BucketPolicy.policyText: expected a policy, found a number"),
        ({"policyText": "[" * 5000}, "supplementaryConfiguration.BucketPolicy.policyText: "),
        (
            {"policyText": '{"Statement": [{"Effect": "Perhaps"}]}'},
            "supplementaryConfiguration.BucketPolicy.policyText: Statement[0].Effect: expected Allow or Deny",
        ),
    ],
)
def test_a_bucket_policy_that_is_not_there_or_not_one_is_unreadable_with_its_path(section, expected):
    assert reason(read_item(with_section(BUCKET, "BucketPolicy", section)).policy).startswith(expected)


@pytest.mark.parametrize(
    "rule",
    [
        {"applyServerSideEncryptionByDefault": {"sseAlgorithm": "aws:kms", "kmsMasterKeyID": ARN}},
        {"applyServerSideEncryptionByDefault": {"sseAlgorithm": "aws:kms", "kmsMasterKeyId": ARN}},
        {"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": ARN}},
    ],
)
@pytest.mark.parametrize("name", ["rules", "Rules"])
@pytest.mark.parametrize("flag", ["bucketKeyEnabled", "BucketKeyEnabled"])
def test_default_encryption_is_read_in_every_casing(rule, name, flag):
    assert encryption({**rule, flag: True}, name=name).default_encryption == DefaultEncryption("aws:kms", ARN, True)


def test_a_null_key_names_none():
    default = encryption(by_default(sseAlgorithm="aws:kms", kmsMasterKeyID=None)).default_encryption
    assert default == DefaultEncryption("aws:kms", None, bucket_key=False)


def test_a_missing_encryption_section_is_unknown_and_never_unencrypted():
    bucket = read_item(with_section(BUCKET, "ServerSideEncryptionConfiguration", ...))
    assert "found nothing" in reason(bucket.default_encryption)
    assert "found nothing" in reason(bucket.blocked_encryption_types)


@pytest.mark.parametrize(
    ("rules", "expected"),
    [
        ([], "Rules: expected one default, found 0"),
        ([{"blockedEncryptionTypes": {"encryptionType": ["SSE-C"]}}], "Rules: expected one default, found 0"),
        ([by_default(sseAlgorithm="AES256"), by_default(sseAlgorithm="aws:kms")], "expected one default, found 2"),
        (["AES256"], "Rules[0]: expected an object, found a string"),
        ([by_default(kmsMasterKeyID=ARN)], "ByDefault.SSEAlgorithm: expected a string, found nothing"),
        ([by_default(sseAlgorithm=None)], "ByDefault.SSEAlgorithm: expected a string, found null"),
        ([by_default(sseAlgorithm="aws:kms", kmsMasterKeyID=[ARN])], "KMSMasterKeyID: expected a string or null"),
        ([{**by_default(sseAlgorithm="AES256"), "bucketKeyEnabled": "yes"}], "BucketKeyEnabled: expected true or"),
    ],
)
def test_malformed_encryption_is_unreadable_with_its_path(rules, expected):
    assert expected in reason(encryption(*rules).default_encryption)


@pytest.mark.parametrize(
    "blocked",
    [
        {"blockedEncryptionTypes": {"encryptionType": ["SSE-C"]}},
        {"BlockedEncryptionTypes": {"EncryptionType": ["SSE-C"]}},
        {"blockedEncryptionTypes": ["SSE-C"]},
        {"blockedEncryptionTypes": {"encryptionType": "SSE-C"}},
    ],
)
def test_blocked_encryption_types_are_taken_from_an_item_that_has_them(blocked):
    bucket = encryption({**by_default(sseAlgorithm="AES256"), **blocked})
    assert bucket.blocked_encryption_types == {"SSE-C"}
    assert bucket.default_encryption == DefaultEncryption("AES256")


def test_blocked_types_in_an_entry_without_a_default_count():
    blocked = {"blockedEncryptionTypes": {"encryptionType": ["SSE-C"]}}
    assert encryption(blocked, by_default(sseAlgorithm="AES256")).blocked_encryption_types == {"SSE-C"}


@pytest.mark.parametrize("blocked", [7, {"encryptionType": [7]}, {"types": []}])
def test_malformed_blocked_types_are_unreadable(blocked):
    bucket = encryption({**by_default(sseAlgorithm="AES256"), "blockedEncryptionTypes": blocked})
    assert "BlockedEncryptionTypes: expected a list of strings" in reason(bucket.blocked_encryption_types)


@pytest.mark.parametrize("rules", [[["SSE-C", "NONE"]], [["SSE-C"], ["NONE"]]])
def test_blocked_types_that_are_both_none_and_some_are_unreadable(rules):
    entries = [{"blockedEncryptionTypes": {"encryptionType": each}} for each in rules]
    bucket = encryption(by_default(sseAlgorithm="AES256"), *entries)
    assert "`NONE` beside other types" in reason(bucket.blocked_encryption_types)
    assert bucket.default_encryption == DefaultEncryption("AES256")


def test_null_blocked_types_are_left_to_a_live_read():
    bucket = encryption({**by_default(sseAlgorithm="AES256"), "blockedEncryptionTypes": None})
    assert isinstance(bucket.blocked_encryption_types, Unreadable)


def tagged(top, sets=...):
    item = with_section(BUCKET, "BucketTaggingConfiguration", ... if sets is ... else {"tagSets": sets})
    return read_item({name: value for name, value in item.items() if name != "tags"} | top).tags


def test_bucket_tags_come_from_the_top_or_from_the_tagging_configuration():
    assert tagged({"tags": {"a": "1"}}) == {"a": "1"}
    assert tagged({"tags": {}}, []) == {}
    assert tagged({"tags": {}}, None) == {}
    assert tagged({}, [{"tags": {"a": "1"}}]) == {"a": "1"}
    assert tagged({"tags": None}, [{"tags": {"a": "1"}}]) == {"a": "1"}
    assert tagged({}, []) == {}
    assert tagged({}, None) == {}
    assert tagged({"tags": [{"key": "a", "value": "1"}]}) == {"a": "1"}


def test_bucket_tags_that_are_nowhere_or_contradict_each_other_are_unreadable():
    assert reason(tagged({})) == "the item does not tell whether there are tags"
    assert "contradict" in reason(tagged({"tags": {"a": "1"}}, [{"tags": {"a": "2"}}]))
    assert "expected keys and values as strings" in reason(tagged({"tags": {"a": None}}))
    assert "tags: expected a mapping or a list" in reason(tagged({"tags": 7}))
    assert "tagSets: expected a list" in reason(tagged({"tags": {}}, 7))


@pytest.mark.parametrize("section", [..., None, {}, {"BucketTaggingConfiguration": None}])
def test_an_empty_top_level_map_does_not_say_that_a_bucket_has_no_tags(section):
    item = {**BUCKET, "tags": {}, "supplementaryConfiguration": section}
    if section is ...:
        del item["supplementaryConfiguration"]
    assert reason(read_item(item).tags) == "the item does not tell whether there are tags"
    assert read_item({**item, "tags": {"a": "1"}}).tags == {"a": "1"}


def test_an_empty_tagging_section_is_a_bucket_recorded_without_tags():
    assert read_item(with_section(BUCKET, "BucketTaggingConfiguration", {}) | {"tags": {}}).tags == {}


def test_the_captured_customer_key_is_read():
    key = read_item(KEY)
    assert (key.key_id, key.account, key.region) == (KEY["resourceId"], "123456789012", "us-east-1")
    assert key.metadata == KeyMetadata(manager="CUSTOMER", state="Enabled")
    assert key.tags == {"ConfigTesting": "Test"}
    assert [each.sid for each in key.policy.statements] == ["Enable IAM User Permissions"]
    assert key.material_age_days is ABSENT
    assert "rotation period" in reason(key.rotation)
    assert isinstance(key.buckets, Unreadable)


def key_with(**configuration):
    return read_item({**KEY, "configuration": {**KEY["configuration"], **configuration}})


def test_the_newer_spec_counts_before_the_older_one():
    assert key_with(keySpec="RSA_2048", customerMasterKeySpec="SYMMETRIC_DEFAULT").metadata.spec == "RSA_2048"


def test_a_replica_names_its_primary():
    other = "arn:aws:kms:eu-west-1:123456789012:key/mrk-1"
    configuration = {"multiRegionKeyType": "REPLICA", "primaryKey": {"arn": other, "region": "eu-west-1"}}
    metadata = key_with(multiRegion=True, multiRegionConfiguration=configuration).metadata
    assert (metadata.multi_region, metadata.primary_arn) == ("REPLICA", other)


def test_a_multi_region_key_that_does_not_say_which_is_unreadable():
    assert "MultiRegionConfiguration" in reason(key_with(multiRegion=True).metadata)
    assert "MultiRegionConfiguration" in reason(read_item({**KEY, "resourceId": "mrk-1"}).metadata)


@pytest.mark.parametrize("name", ["keyManager", "keyState", "origin", "customerMasterKeySpec"])
def test_key_metadata_without_one_of_its_parts_is_unreadable(name):
    assert "expected a string, found null" in reason(key_with(**{name: None}).metadata)


def test_only_a_symmetric_key_need_not_say_its_usage():
    assert key_with(keyUsage=None).metadata.usage == "ENCRYPT_DECRYPT"
    assert "KeyUsage: expected a string, found null" in reason(key_with(keyUsage=None, keySpec="RSA_2048").metadata)


@pytest.mark.parametrize("configuration", [None, 7, "null", "{"])
def test_a_key_without_a_configuration_has_unreadable_metadata_and_material(configuration):
    key = read_item({**KEY, "configuration": configuration})
    assert reason(key.metadata).startswith("configuration: ")
    assert isinstance(key.material_age_days, Unreadable)


def test_the_age_of_imported_material_is_left_to_a_live_read():
    assert isinstance(key_with(origin="EXTERNAL").material_age_days, Unreadable)


def test_an_empty_top_level_map_does_not_say_that_a_key_has_no_tags():
    item = {**with_section(KEY, "Tags", ...), "tags": {}}
    assert isinstance(read_item(item).tags, Unreadable)
    assert read_item({**item, "tags": {"a": "1"}}).tags == {"a": "1"}
    assert read_item(with_section(KEY, "Tags", [])).tags == {}


def test_a_key_policy_may_be_text_or_an_object_or_missing():
    assert read_item(with_section(KEY, "Policy", POLICY)).policy.statements
    assert read_item(with_section(KEY, "Policy", json.dumps(json.dumps(POLICY)))).policy.statements
    assert "found nothing" in reason(read_item(with_section(KEY, "Policy", ...)).policy)
    assert "found null" in reason(read_item(with_section(KEY, "Policy", None)).policy)


@pytest.mark.parametrize("item", [BUCKET, KEY])
@pytest.mark.parametrize("section", [..., None, [], "", "7"])
def test_an_item_without_its_supplement_still_says_who_it_is_about(item, section):
    changed = {name: value for name, value in item.items() if name != "supplementaryConfiguration"}
    if section is not ...:
        changed["supplementaryConfiguration"] = section
    facts = read_item(changed)
    assert facts.account == "123456789012"
    assert "supplementaryConfiguration" in reason(facts.policy)


def test_facts_are_as_of_the_capture_time():
    assert read_item(BUCKET).as_of == 1610514023.319
    assert read_item(KEY).as_of == 1621534441.12
    assert read_item({**BUCKET, "configurationItemCaptureTime": None}).as_of == 0


def test_unknown_keys_are_ignored():
    item = with_section(BUCKET, "AbacStatus", {"status": "Enabled"}) | {"recordingFrequency": "CONTINUOUS"}
    assert read_item(item) == read_item(BUCKET)


def test_what_an_item_leaves_out_of_its_identity_comes_from_its_arn_or_the_event():
    bare = {name: KEY[name] for name in ("resourceType", "resourceId")}
    assert read_item({**bare, "ARN": KEY["ARN"]}).arn == KEY["ARN"]
    key = read_item(bare, "111122223333", "us-gov-west-1")
    assert key.arn == f"arn:aws-us-gov:kms:us-gov-west-1:111122223333:key/{KEY['resourceId']}"


@pytest.mark.parametrize(
    ("change", "path"),
    [
        ({"resourceId": None, "resourceName": ""}, "configurationItem.resourceId"),
        ({"awsAccountId": "12", "ARN": ""}, "configurationItem.awsAccountId"),
        ({"awsRegion": None}, "configurationItem.awsRegion"),
        ({"awsRegion": "us-east-1/../x"}, "configurationItem.awsRegion"),
        ({"resourceType": "AWS::EC2::Volume"}, "configurationItem.resourceType"),
    ],
)
def test_an_item_without_identity_is_refused_with_its_path(change, path):
    with pytest.raises(ConfigurationItemError, match=path):
        read_item({**BUCKET, **change})


@pytest.mark.parametrize("item", [None, [], "item", 7])
def test_something_else_than_an_item_is_refused(item):
    with pytest.raises(ConfigurationItemError, match="configurationItem: expected an object"):
        read_item(item)


@pytest.mark.parametrize(
    ("region", "partition"),
    [
        ("eu-west-1", "aws"),
        ("cn-north-1", "aws-cn"),
        ("us-gov-east-1", "aws-us-gov"),
        ("us-iso-east-1", "aws-iso"),
        ("us-isob-east-1", "aws-iso-b"),
        ("eusc-de-east-1", "aws-eusc"),
    ],
)
def test_a_partition_follows_from_the_region(region, partition):
    assert partition_of(region) == partition
