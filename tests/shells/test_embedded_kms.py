"""KMS of the embedded AWS answers as KMS answers, through an ordinary client."""

import json

import pytest
from botocore.exceptions import ClientError

ROOT = {
    "Sid": "EnableIamPolicies",
    "Effect": "Allow",
    "Principal": {"AWS": "arn:aws:iam::123456789012:root"},
    "Action": "kms:*",
    "Resource": "*",
}


@pytest.fixture
def kms(aws):
    return aws.client("kms")


def document(*statements):
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def code_of(call, **parameters):
    with pytest.raises(ClientError) as caught:
        call(**parameters)
    return caught.value.response["Error"]["Code"]


def create(kms, **parameters):
    return kms.create_key(**parameters)["KeyMetadata"]


def status(kms, key_id):
    answer = kms.get_key_rotation_status(KeyId=key_id)
    return answer["KeyRotationEnabled"], answer.get("RotationPeriodInDays")


def test_a_key_tells_that_it_is_of_one_region_and_the_customers(kms):
    metadata = create(kms)
    assert (metadata["MultiRegion"], metadata["KeyManager"]) == (False, "CUSTOMER")
    assert "MultiRegionConfiguration" not in metadata


def test_the_key_behind_an_aws_alias_is_managed_by_aws_and_always_rotates(kms):
    metadata = kms.describe_key(KeyId="alias/aws/s3")["KeyMetadata"]
    assert metadata["KeyManager"] == "AWS"
    assert status(kms, metadata["KeyId"]) == (True, 365)
    assert code_of(kms.disable_key_rotation, KeyId=metadata["KeyId"]) == "AccessDeniedException"
    assert code_of(kms.put_key_policy, KeyId=metadata["KeyId"], Policy=document(ROOT)) == "AccessDeniedException"
    policy = json.loads(kms.get_key_policy(KeyId=metadata["KeyId"])["Policy"])
    assert policy["Statement"][0]["Condition"]["StringEquals"]["kms:ViaService"] == "s3.us-east-1.amazonaws.com"


def test_rotation_keeps_its_period(kms):
    key_id = create(kms)["KeyId"]
    assert status(kms, key_id) == (False, None)
    kms.enable_key_rotation(KeyId=key_id)
    assert status(kms, key_id) == (True, 365)
    kms.enable_key_rotation(KeyId=key_id, RotationPeriodInDays=730)
    assert status(kms, key_id) == (True, 730)
    kms.disable_key_rotation(KeyId=key_id)
    assert status(kms, key_id) == (False, None)


def test_a_period_out_of_range_is_refused(kms):
    key_id = create(kms)["KeyId"]  # a period below 90 days does not pass the SDK
    assert code_of(kms.enable_key_rotation, KeyId=key_id, RotationPeriodInDays=2561) == "ValidationException"


@pytest.mark.parametrize(
    "how",
    [
        {"KeySpec": "RSA_2048", "KeyUsage": "ENCRYPT_DECRYPT"},
        {"KeySpec": "ECC_NIST_P256", "KeyUsage": "SIGN_VERIFY"},
        {"KeySpec": "HMAC_256", "KeyUsage": "GENERATE_VERIFY_MAC"},
        {"Origin": "EXTERNAL"},
        {"Origin": "AWS_CLOUDHSM", "CustomKeyStoreId": "cks-1234567890abcdef0"},
        {"Origin": "EXTERNAL_KEY_STORE", "XksKeyId": "1", "CustomKeyStoreId": "cks-1234567890abcdef0"},
    ],
)
def test_keys_that_cannot_rotate_have_no_rotation_status(kms, how):
    metadata = create(kms, **how)
    assert code_of(kms.get_key_rotation_status, KeyId=metadata["Arn"]) == "UnsupportedOperationException"
    assert metadata.get("CustomKeyStoreId") == how.get("CustomKeyStoreId")


def test_a_key_for_imported_material_waits_for_it(kms):
    metadata = create(kms, Origin="EXTERNAL")
    assert (metadata["KeyState"], metadata["Enabled"], metadata["Origin"]) == ("PendingImport", False, "EXTERNAL")
    assert code_of(kms.enable_key_rotation, KeyId=metadata["KeyId"]) == "KMSInvalidStateException"


def test_states_that_no_call_reaches_can_be_set(aws, kms):
    metadata = create(kms)
    aws.kms.overrides[metadata["Arn"]] = {"KeyState": "Unavailable", "Enabled": False}
    assert kms.describe_key(KeyId=metadata["KeyId"])["KeyMetadata"]["KeyState"] == "Unavailable"


def test_a_disabled_key_keeps_its_status_and_refuses_changes(kms):
    key_id = create(kms)["KeyId"]
    kms.enable_key_rotation(KeyId=key_id)
    kms.disable_key(KeyId=key_id)
    assert status(kms, key_id) == (True, 365)
    assert code_of(kms.disable_key_rotation, KeyId=key_id) == "DisabledException"


def test_a_key_pending_deletion_reports_no_rotation(kms):
    key_id = create(kms)["KeyId"]
    kms.enable_key_rotation(KeyId=key_id)
    kms.schedule_key_deletion(KeyId=key_id, PendingWindowInDays=7)
    assert status(kms, key_id) == (False, None)
    assert code_of(kms.enable_key_rotation, KeyId=key_id) == "KMSInvalidStateException"


def test_a_replica_follows_its_primary(aws, kms):
    primary = create(kms, MultiRegion=True)
    kms.replicate_key(KeyId=primary["KeyId"], ReplicaRegion="eu-west-1")
    there = aws.client("kms", "eu-west-1")
    kinds = [
        client.describe_key(KeyId=primary["KeyId"])["KeyMetadata"]["MultiRegionConfiguration"]
        for client in (there, kms)
    ]
    assert [each["MultiRegionKeyType"] for each in kinds] == ["REPLICA", "PRIMARY"]
    assert {each["PrimaryKey"]["Arn"] for each in kinds} == {primary["Arn"]}
    kms.enable_key_rotation(KeyId=primary["KeyId"], RotationPeriodInDays=180)
    assert status(there, primary["KeyId"]) == (True, 180)
    assert code_of(there.enable_key_rotation, KeyId=primary["KeyId"]) == "UnsupportedOperationException"


def test_only_operations_that_take_an_alias_find_a_key_by_one(kms):
    metadata = create(kms)
    kms.create_alias(AliasName="alias/orders", TargetKeyId=metadata["KeyId"])
    assert kms.describe_key(KeyId="alias/orders")["KeyMetadata"]["Arn"] == metadata["Arn"]
    assert code_of(kms.get_key_rotation_status, KeyId="alias/orders") == "NotFoundException"
    assert code_of(kms.get_key_policy, KeyId="alias/orders") == "NotFoundException"


def test_keys_of_other_accounts_and_regions_are_out_of_reach(kms):
    there = "arn:aws:kms:us-east-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab"
    assert code_of(kms.describe_key, KeyId=there) == "AccessDeniedException"
    moved = create(kms)["Arn"].replace("us-east-1", "eu-west-1")
    assert code_of(kms.describe_key, KeyId=moved) == "NotFoundException"


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("garbage", "MalformedPolicyDocumentException"),
        (document({**ROOT, "Action": "kms:Decrypt"}), "MalformedPolicyDocumentException"),
        (document(ROOT, {**ROOT, "Effect": "Deny", "Action": "kms:Put*"}), "MalformedPolicyDocumentException"),
        (document({**ROOT, "Principal": {"AWS": "AIDACKCEVSQ6C2EXAMPLE"}}), "MalformedPolicyDocumentException"),
        (document({**ROOT, "Sid": "x" * 32_768}), "LimitExceededException"),
    ],
)
def test_what_kms_refuses_as_a_policy_is_not_stored(kms, text, code):
    key_id = create(kms, Policy=document(ROOT))["KeyId"]
    assert code_of(kms.put_key_policy, KeyId=key_id, Policy=text) == code
    assert json.loads(kms.get_key_policy(KeyId=key_id)["Policy"]) == {"Version": "2012-10-17", "Statement": [ROOT]}
    assert code_of(kms.create_key, Policy=text) == code


def test_the_lockout_check_can_be_bypassed_as_in_kms(kms):
    locked = document({**ROOT, "Action": "kms:Decrypt"})
    key_id = create(kms)["KeyId"]
    kms.put_key_policy(KeyId=key_id, Policy=locked, BypassPolicyLockoutSafetyCheck=True)
    assert kms.get_key_policy(KeyId=key_id)["Policy"] == locked


def test_a_conditional_deny_of_describe_key_does_not_close_the_key(kms):
    deny = {**ROOT, "Sid": "Deny", "Effect": "Deny", "Action": ["kms:*"], "Principal": "*"}
    policy = document(ROOT, {**deny, "Condition": {"StringEquals": {"aws:SourceVpce": "vpce-1"}}})
    key_id = create(kms, Policy=policy)["KeyId"]
    assert kms.describe_key(KeyId=key_id)["KeyMetadata"]["KeyId"] == key_id


def test_listings_come_in_pages_and_predefined_aliases_may_have_no_key(kms):
    created = {create(kms)["KeyId"] for _ in range(5)}
    pages = list(kms.get_paginator("list_keys").paginate(PaginationConfig={"PageSize": 2}))
    assert [len(page["Keys"]) for page in pages] == [2, 2, 1]
    assert {each["KeyId"] for page in pages for each in page["Keys"]} == created
    key_id = created.pop()
    kms.create_alias(AliasName="alias/orders", TargetKeyId=key_id)
    pages = kms.get_paginator("list_aliases").paginate(PaginationConfig={"PageSize": 4})
    targets = {each["AliasName"]: each.get("TargetKeyId") for page in pages for each in page["Aliases"]}
    assert (targets["alias/orders"], targets["alias/aws/s3"]) == (key_id, None)
    assert [each["AliasName"] for each in kms.list_aliases(KeyId=key_id)["Aliases"]] == ["alias/orders"]


def test_a_fresh_key_can_be_given_an_id_of_ones_choice(aws, kms):
    metadata = create(kms, MultiRegion=True)
    arn = aws.kms.rename(metadata["Arn"], "mrk-11112222-3333-4444-5555-666677778888")
    assert kms.describe_key(KeyId=arn)["KeyMetadata"]["MultiRegionConfiguration"]["PrimaryKey"]["Arn"] == arn
    assert code_of(kms.describe_key, KeyId=metadata["Arn"]) == "NotFoundException"
