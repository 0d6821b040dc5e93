"""S3 of the embedded AWS answers as S3 answers, through an ordinary client."""

import json

import pytest
from botocore.exceptions import ClientError

OWN = "arn:aws:s3:::plain-bucket"
TLS_ONLY = {
    "Sid": "DenyPlainHttp",
    "Effect": "Deny",
    "Principal": "*",
    "Action": "s3:*",
    "Resource": [OWN, f"{OWN}/*"],
    "Condition": {"Bool": {"aws:SecureTransport": "false"}},
}
PUBLIC_READ = {"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": f"{OWN}/*"}


@pytest.fixture
def s3(aws):
    client = aws.client("s3")
    client.create_bucket(Bucket="plain-bucket")
    return client


def document(*statements):
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def code_of(call, **parameters):
    with pytest.raises(ClientError) as caught:
        call(**parameters)
    return caught.value.response["Error"]["Code"]


def rule_of(s3, bucket="plain-bucket"):
    [rule] = s3.get_bucket_encryption(Bucket=bucket)["ServerSideEncryptionConfiguration"]["Rules"]
    return rule


def put_rule(s3, **rule):
    s3.put_bucket_encryption(Bucket="plain-bucket", ServerSideEncryptionConfiguration={"Rules": [rule]})


def by_default(algorithm, key=None):
    return {"SSEAlgorithm": algorithm} | ({"KMSMasterKeyID": key} if key else {})


def test_an_unconfigured_bucket_has_sse_s3_and_blocks_nothing(s3):
    assert rule_of(s3) == {
        "ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"},
        "BucketKeyEnabled": False,
    }


def test_an_account_with_the_default_of_2026_blocks_sse_c_on_new_buckets(aws, s3):
    aws.s3.sse_c_blocked_at_creation = True
    s3.create_bucket(Bucket="newer-bucket")
    assert rule_of(s3, "newer-bucket")["BlockedEncryptionTypes"] == {"EncryptionType": ["SSE-C"]}
    assert "BlockedEncryptionTypes" not in rule_of(s3)


@pytest.mark.parametrize("algorithm", ["aws:kms", "aws:kms:dsse"])
def test_a_setting_comes_back_as_it_was_put(s3, algorithm):
    rule = {
        "ApplyServerSideEncryptionByDefault": by_default(algorithm, "alias/orders"),
        "BucketKeyEnabled": True,
        "BlockedEncryptionTypes": {"EncryptionType": ["SSE-C"]},
    }
    put_rule(s3, **rule)
    assert rule_of(s3) == rule


def test_blocked_types_that_a_setting_does_not_name_stay_and_none_unblocks(s3):
    put_rule(
        s3,
        BlockedEncryptionTypes={"EncryptionType": ["SSE-C"]},
        ApplyServerSideEncryptionByDefault=by_default("AES256"),
    )
    put_rule(s3, ApplyServerSideEncryptionByDefault=by_default("aws:kms"))
    assert rule_of(s3)["BlockedEncryptionTypes"] == {"EncryptionType": ["SSE-C"]}
    put_rule(
        s3,
        BlockedEncryptionTypes={"EncryptionType": ["NONE"]},
        ApplyServerSideEncryptionByDefault=by_default("aws:kms"),
    )
    assert rule_of(s3)["BlockedEncryptionTypes"] == {"EncryptionType": ["NONE"]}


def test_a_rule_may_only_block_types_and_then_has_no_default(s3):
    put_rule(s3, BlockedEncryptionTypes={"EncryptionType": ["SSE-C"]})
    assert "ApplyServerSideEncryptionByDefault" not in rule_of(s3)


def test_deleting_the_setting_leads_back_to_sse_s3(s3):
    put_rule(s3, ApplyServerSideEncryptionByDefault=by_default("aws:kms"))
    s3.delete_bucket_encryption(Bucket="plain-bucket")
    assert rule_of(s3)["ApplyServerSideEncryptionByDefault"] == {"SSEAlgorithm": "AES256"}


@pytest.mark.parametrize(
    ("default", "code"),
    [(by_default("rot13"), "MalformedXML"), (by_default("AES256", "alias/orders"), "InvalidArgument")],
)
def test_a_setting_that_s3_refuses_changes_nothing(s3, default, code):
    configuration = {"Rules": [{"ApplyServerSideEncryptionByDefault": default}]}
    found = code_of(s3.put_bucket_encryption, Bucket="plain-bucket", ServerSideEncryptionConfiguration=configuration)
    assert found == code
    assert rule_of(s3)["ApplyServerSideEncryptionByDefault"] == {"SSEAlgorithm": "AES256"}


def test_two_rules_and_unknown_blocked_types_are_malformed(s3):
    rule = {"ApplyServerSideEncryptionByDefault": by_default("AES256")}
    blocked = {**rule, "BlockedEncryptionTypes": {"EncryptionType": ["SSE-X"]}}
    for rules in ([rule, rule], [blocked]):
        configuration = {"Rules": rules}
        found = code_of(
            s3.put_bucket_encryption, Bucket="plain-bucket", ServerSideEncryptionConfiguration=configuration
        )
        assert found == "MalformedXML"


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("Allow everything", "MalformedPolicy"),
        ('{"Version": "2012-10-17", "Statement": [}', "MalformedPolicy"),
        ('{"Version": "2012-10-17", "Statement": []}', "MalformedPolicy"),
        (document({k: v for k, v in TLS_ONLY.items() if k != "Principal"}), "MalformedPolicy"),
        (document({**TLS_ONLY, "Resource": "arn:aws:s3:::another-bucket/*"}), "MalformedPolicy"),
        (document({**TLS_ONLY, "Resource": "*"}), "MalformedPolicy"),
        (document({**TLS_ONLY, "Action": "kms:Decrypt"}), "MalformedPolicy"),
        (document({**TLS_ONLY, "Condition": {"Boolean": {"aws:SecureTransport": "false"}}}), "MalformedPolicy"),
        (document({**TLS_ONLY, "Principal": {"AWS": "arn:aws:iam::111122223333:role/*"}}), "MalformedPolicy"),
        (document({**TLS_ONLY, "Sid": "x" * 20_480}), "PolicyTooLarge"),
    ],
)
def test_what_s3_refuses_as_a_policy_is_not_stored(s3, text, code):
    assert code_of(s3.put_bucket_policy, Bucket="plain-bucket", Policy=text) == code
    assert code_of(s3.get_bucket_policy, Bucket="plain-bucket") == "NoSuchBucketPolicy"


def test_statements_that_share_a_sid_are_stored_as_live_buckets_have_them(s3):
    s3.put_bucket_policy(Bucket="plain-bucket", Policy=document(TLS_ONLY, TLS_ONLY))
    assert s3.get_bucket_policy(Bucket="plain-bucket")["Policy"] == document(TLS_ONLY, TLS_ONLY)


@pytest.mark.parametrize("gone", ["AROAEXAMPLEEXAMPLE12", "AIDAEXAMPLEEXAMPLE12"])
def test_a_policy_that_names_a_deleted_principal_is_refused(s3, gone):
    text = document({**TLS_ONLY, "Principal": {"AWS": ["arn:aws:iam::111122223333:root", gone]}})
    assert code_of(s3.put_bucket_policy, Bucket="plain-bucket", Policy=text) == "MalformedPolicy"


def test_a_policy_that_names_a_principal_that_does_not_exist_is_refused(aws, s3):
    role = "arn:aws:iam::111122223333:role/writer"
    aws.s3.principals = frozenset({role})
    for named, refused in ((role, False), (f"{role}s", True), ("111122223333", False), ("*", False)):
        text = document({**TLS_ONLY, "Principal": {"AWS": named}})
        if refused:
            assert code_of(s3.put_bucket_policy, Bucket="plain-bucket", Policy=text) == "MalformedPolicy"
        else:
            s3.put_bucket_policy(Bucket="plain-bucket", Policy=text)


def test_changing_the_encryption_of_an_object_is_refused_and_leaves_the_object(s3):
    s3.put_object(Bucket="plain-bucket", Key="a", Body=b"text")
    key = "arn:aws:kms:us-east-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab"
    wanted = {"SSEKMS": {"KMSKeyArn": key}}
    found = code_of(s3.update_object_encryption, Bucket="plain-bucket", Key="a", ObjectEncryption=wanted)
    assert found == "NotImplemented"
    assert s3.get_object(Bucket="plain-bucket", Key="a")["Body"].read() == b"text"


def test_a_policy_comes_back_to_the_character_and_can_be_deleted(s3):
    text = '{ "Version": "2012-10-17",\n  "Statement": ' + json.dumps(TLS_ONLY) + " }"
    s3.put_bucket_policy(Bucket="plain-bucket", Policy=text)
    assert s3.get_bucket_policy(Bucket="plain-bucket")["Policy"] == text
    s3.delete_bucket_policy(Bucket="plain-bucket")
    assert code_of(s3.get_bucket_policy, Bucket="plain-bucket") == "NoSuchBucketPolicy"


@pytest.mark.parametrize(
    ("statement", "public"),
    [
        (PUBLIC_READ, True),
        ({**PUBLIC_READ, "Condition": {"StringLike": {"aws:PrincipalOrgID": "o-*"}}}, True),
        ({**PUBLIC_READ, "Condition": {"IpAddress": {"aws:SourceIp": "0.0.0.0/0"}}}, True),
        ({**PUBLIC_READ, "Condition": {"StringEqualsIfExists": {"aws:SourceVpce": "vpce-1"}}}, True),
        ({**PUBLIC_READ, "Condition": {"StringEquals": {"aws:PrincipalOrgID": "o-abcdefghij"}}}, False),
        ({**PUBLIC_READ, "Principal": {"AWS": "111122223333"}}, False),
        (TLS_ONLY, False),
    ],
)
def test_a_public_policy_is_refused_where_public_policies_are_blocked(s3, statement, public):
    block = {"BlockPublicPolicy": True}
    s3.put_public_access_block(Bucket="plain-bucket", PublicAccessBlockConfiguration=block)
    if public:
        code = code_of(s3.put_bucket_policy, Bucket="plain-bucket", Policy=document(statement))
        assert code == "AccessDenied"
        s3.delete_public_access_block(Bucket="plain-bucket")
    s3.put_bucket_policy(Bucket="plain-bucket", Policy=document(statement))
    assert s3.get_bucket_policy_status(Bucket="plain-bucket")["PolicyStatus"]["IsPublic"] is public


def test_a_conditional_deny_does_not_refuse_calls_that_it_does_not_mean(s3):
    s3.put_bucket_policy(Bucket="plain-bucket", Policy=document(TLS_ONLY))
    s3.put_object(Bucket="plain-bucket", Key="a", Body=b"text")
    assert s3.get_object(Bucket="plain-bucket", Key="a")["Body"].read() == b"text"


def test_statements_may_share_a_sid(s3):
    s3.put_bucket_policy(Bucket="plain-bucket", Policy=document(TLS_ONLY, TLS_ONLY))
    assert s3.get_bucket_policy(Bucket="plain-bucket")["Policy"] == document(TLS_ONLY, TLS_ONLY)


def test_calls_that_expect_another_owner_are_refused(s3):
    for call in (s3.get_bucket_encryption, s3.get_bucket_policy, s3.get_bucket_tagging, s3.get_public_access_block):
        assert code_of(call, Bucket="plain-bucket", ExpectedBucketOwner="111122223333") == "AccessDenied"


def test_a_bucket_made_again_starts_anew(s3):
    put_rule(s3, ApplyServerSideEncryptionByDefault=by_default("aws:kms"))
    s3.put_bucket_policy(Bucket="plain-bucket", Policy=document(TLS_ONLY))
    s3.delete_bucket(Bucket="plain-bucket")
    assert code_of(s3.get_bucket_encryption, Bucket="plain-bucket") == "NoSuchBucket"
    s3.create_bucket(Bucket="plain-bucket")
    assert rule_of(s3)["ApplyServerSideEncryptionByDefault"] == {"SSEAlgorithm": "AES256"}
    assert code_of(s3.get_bucket_policy, Bucket="plain-bucket") == "NoSuchBucketPolicy"


def test_a_listing_in_pages_is_complete_and_names_regions(aws, s3):
    aws.client("s3", "eu-west-1").create_bucket(
        Bucket="irish-bucket", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"}
    )
    for number in range(5):
        s3.create_bucket(Bucket=f"bucket-{number}")
    pages = list(s3.get_paginator("list_buckets").paginate(PaginationConfig={"PageSize": 3}))
    found = {each["Name"]: each["BucketRegion"] for page in pages for each in page["Buckets"]}
    assert len(pages) == 3
    assert found == {f"bucket-{number}": "us-east-1" for number in range(5)} | {
        "irish-bucket": "eu-west-1",
        "plain-bucket": "us-east-1",
    }
    irish = s3.list_buckets(BucketRegion="eu-west-1")["Buckets"]
    assert [each["Name"] for each in irish] == ["irish-bucket"]
