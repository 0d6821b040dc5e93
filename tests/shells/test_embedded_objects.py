"""Requests for objects of the embedded AWS are judged by the bucket's policy, where that is asked for."""

import json
from urllib.request import urlopen

import pytest
from remediation import refusal_of

ARN = "arn:aws:s3:::data"
KEY = "arn:aws:kms:us-east-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab"
WRITER, FOREIGN = "arn:aws:iam::123456789012:role/writer", "arn:aws:iam::111122223333:role/partner"
KMS = {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": KEY}
SSE_C = {"SSECustomerAlgorithm": "AES256", "SSECustomerKey": "0" * 32}


def deny(action, condition, **more):
    return {
        "Effect": "Deny",
        "Principal": "*",
        "Action": action,
        "Resource": f"{ARN}/*",
        "Condition": condition,
        **more,
    }


TLS_ONLY = deny("s3:*", {"Bool": {"aws:SecureTransport": "false"}}, Resource=[ARN, f"{ARN}/*"])
ONLY_KMS = deny(
    "s3:PutObject",
    {
        "StringNotEquals": {"s3:x-amz-server-side-encryption": "aws:kms"},
        "Null": {"s3:x-amz-server-side-encryption": "false"},
    },
)
ONLY_KEY = deny("s3:PutObject", {"ArnNotEqualsIfExists": {"s3:x-amz-server-side-encryption-aws-kms-key-id": KEY}})
NAMED = deny("s3:PutObject", {"Null": {"s3:x-amz-server-side-encryption": "true"}})
NO_SSE_C = deny("s3:PutObject", {"Null": {"s3:x-amz-server-side-encryption-customer-algorithm": "false"}})
READ = {"Effect": "Allow", "Principal": {"AWS": FOREIGN}, "Action": "s3:GetObject", "Resource": f"{ARN}/*"}


@pytest.fixture
def s3(aws):
    aws.s3.enforcing = True
    client = aws.client("s3")
    for name in ("data", "source"):
        client.create_bucket(Bucket=name)
        client.put_object(Bucket=name, Key="a", Body=b"text")
    return client


def protect(s3, *statements, bucket="data"):
    text = json.dumps({"Version": "2012-10-17", "Statement": list(statements)}).replace(ARN, f"arn:aws:s3:::{bucket}")
    s3.put_bucket_policy(Bucket=bucket, Policy=text)


def put(s3, **headers):
    return refusal_of(s3.put_object, Bucket="data", Key="b", Body=b"text", **headers)


@pytest.mark.parametrize(
    ("statements", "headers", "refused"),
    [
        ([], {}, False),
        ([ONLY_KMS], {}, False),
        ([ONLY_KMS], KMS, False),
        ([ONLY_KMS], {"ServerSideEncryption": "AES256"}, True),
        ([ONLY_KMS], {"ServerSideEncryption": "aws:kms:dsse"}, True),
        ([NAMED], {}, True),
        ([NAMED], {"ServerSideEncryption": "AES256"}, False),
        ([ONLY_KEY], KMS, False),
        ([ONLY_KEY], {**KMS, "SSEKMSKeyId": KEY[:-1] + "c"}, True),
        ([NO_SSE_C], SSE_C, True),
        ([NO_SSE_C], {}, False),
    ],
)
def test_an_upload_is_let_through_or_refused_by_its_headers(s3, statements, headers, refused):
    if statements:
        protect(s3, *statements)
    assert put(s3, **headers) == ("AccessDenied" if refused else None)


def test_an_upload_without_a_header_takes_the_default_and_one_with_the_wrong_mode_is_refused(s3):
    rule = {"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": KEY}}
    s3.put_bucket_encryption(Bucket="data", ServerSideEncryptionConfiguration={"Rules": [rule]})
    protect(s3, ONLY_KMS)
    assert put(s3) is None
    found = s3.head_object(Bucket="data", Key="b")
    assert (found["ServerSideEncryption"], found["SSEKMSKeyId"]) == ("aws:kms", KEY)
    assert put(s3, ServerSideEncryption="AES256") == "AccessDenied"


def test_plain_http_is_refused_where_tls_is_required_and_only_there(aws, s3):
    plain = aws.client("s3", plain_http=True)
    calls = [
        (plain.get_object, {"Key": "a"}),
        (plain.put_object, {"Key": "b", "Body": b""}),
        (plain.delete_object, {"Key": "b"}),
        (plain.list_objects_v2, {}),
    ]
    assert [refusal_of(call, Bucket="data", **more) for call, more in calls] == [None] * 4
    protect(s3, TLS_ONLY)
    assert [refusal_of(call, Bucket="data", **more) for call, more in calls] == ["AccessDenied"] * 4
    assert refusal_of(plain.head_object, Bucket="data", Key="a") == "403"
    assert s3.get_object(Bucket="data", Key="a")["Body"].read() == b"text"


def test_kms_and_customer_keys_are_never_accepted_over_plain_http(aws, s3):
    plain = aws.client("s3", plain_http=True)
    assert put(plain, **KMS) == "InvalidRequest"
    assert put(plain, ServerSideEncryption="AES256") is None


def test_a_bucket_that_blocks_sse_c_refuses_it_without_any_policy(aws, s3):
    aws.s3.enforcing = False
    assert put(s3, **SSE_C) is None
    rule = {"BlockedEncryptionTypes": {"EncryptionType": ["SSE-C"]}}
    s3.put_bucket_encryption(Bucket="data", ServerSideEncryptionConfiguration={"Rules": [rule]})
    assert put(s3, **SSE_C) == "AccessDenied"
    assert refusal_of(s3.create_multipart_upload, Bucket="data", Key="c", **SSE_C) == "AccessDenied"
    assert put(s3) is None


def test_parts_of_an_upload_are_judged_like_its_beginning(s3):
    protect(s3, NAMED)
    assert refusal_of(s3.create_multipart_upload, Bucket="data", Key="c") == "AccessDenied"
    upload = s3.create_multipart_upload(Bucket="data", Key="c", **KMS)["UploadId"]
    part = {"Bucket": "data", "Key": "c", "UploadId": upload}
    etag = s3.upload_part(**part, PartNumber=1, Body=b"text")["ETag"]
    s3.complete_multipart_upload(**part, MultipartUpload={"Parts": [{"ETag": etag, "PartNumber": 1}]})
    assert s3.get_object(Bucket="data", Key="c")["ServerSideEncryption"] == "aws:kms"


def test_a_copy_asks_the_policy_of_its_source_too(aws, s3):
    writer = aws.client("s3", access_key=aws.assume(WRITER))
    copy = {"Bucket": "data", "Key": "copy", "CopySource": {"Bucket": "source", "Key": "a"}}
    assert refusal_of(writer.copy_object, **copy) is None
    protect(s3, {**deny("s3:GetObject", {}), "Principal": {"AWS": WRITER}}, bucket="source")
    assert refusal_of(writer.copy_object, **copy) == "AccessDenied"
    assert refusal_of(s3.copy_object, **copy) is None
    protect(s3, NAMED)
    assert refusal_of(s3.copy_object, **copy) == "AccessDenied"


def test_other_accounts_and_nobody_need_an_allow(aws, s3):
    partner, nobody = aws.client("s3", access_key=aws.assume(FOREIGN)), aws.client("s3", access_key="")
    get = {"Bucket": "data", "Key": "a"}
    assert [refusal_of(each.get_object, **get) for each in (s3, partner, nobody)] == [
        None,
        "AccessDenied",
        "AccessDenied",
    ]
    protect(s3, READ)
    assert [refusal_of(each.get_object, **get) for each in (s3, partner, nobody)] == [None, None, "AccessDenied"]
    protect(s3, {**READ, "Principal": "*"}, TLS_ONLY)
    assert [refusal_of(each.get_object, **get) for each in (s3, partner, nobody)] == [None, None, None]
    assert put(nobody) == "AccessDenied"


def test_a_presigned_request_is_its_signers(aws, s3):
    protect(s3, {**READ, "Principal": {"AWS": FOREIGN}})
    partner = aws.client("s3", access_key=aws.assume(FOREIGN))
    url = partner.generate_presigned_url("get_object", Params={"Bucket": "data", "Key": "a"})
    assert urlopen(url, timeout=5).read() == b"text"  # noqa: S310  # loopback


def test_keys_are_matched_as_they_are_written(s3):
    protect(s3, {**deny("s3:PutObject", {}), "Resource": f"{ARN}/größe 100%/*"})
    assert refusal_of(s3.put_object, Bucket="data", Key="größe 100%/a", Body=b"") == "AccessDenied"
    assert refusal_of(s3.put_object, Bucket="data", Key="größe/a", Body=b"") is None


def test_without_enforcement_only_what_s3_refuses_by_itself_is_refused(aws, s3):
    aws.s3.enforcing = False
    protect(s3, TLS_ONLY, NAMED)
    assert put(s3) is None
    assert refusal_of(aws.client("s3", plain_http=True).get_object, Bucket="data", Key="a") is None
