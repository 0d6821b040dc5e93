"""The embedded AWS as a whole: isolation, faults, and the end of it."""

import json
import os
from urllib.error import URLError
from urllib.request import urlopen

import boto3
import pytest
from botocore.exceptions import ClientError, HTTPClientError

from s3_guardrails.embedded.environment import only
from s3_guardrails.embedded.server import EmbeddedAws
from s3_guardrails.live.clients import SessionClients


def code_of(call, **parameters):
    with pytest.raises(ClientError) as caught:
        call(**parameters)
    return caught.value.response["Error"]["Code"]


def test_it_serves_on_loopback_and_ends_cleanly():
    with EmbeddedAws() as aws:
        endpoint = aws.endpoint
        assert endpoint.startswith("http://127.0.0.1:")
        aws.client("s3").create_bucket(Bucket="data")
    with pytest.raises(URLError):
        urlopen(endpoint, timeout=2)  # noqa: S310  # loopback
    with EmbeddedAws() as aws:
        assert aws.client("s3").list_buckets()["Buckets"] == []


def test_the_users_own_settings_never_lead_a_call_elsewhere(monkeypatch, aws):
    monkeypatch.setenv("AWS_PROFILE", "production")
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", "http://127.0.0.1:9")
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    with only(aws.environment()):
        assert "AWS_PROFILE" not in os.environ
        boto3.Session().client("s3").create_bucket(Bucket="data")
    assert os.environ["AWS_PROFILE"] == "production"
    assert [each["Name"] for each in aws.client("s3").list_buckets()["Buckets"]] == ["data"]


def test_a_denied_operation_is_denied_for_its_resource_only(aws):
    s3, kms = aws.client("s3"), aws.client("kms")
    for name in ("data", "logs"):
        s3.create_bucket(Bucket=name)
    first, second = (kms.create_key()["KeyMetadata"] for _ in range(2))
    aws.faults.deny("s3:GetBucketEncryption", "data")
    aws.faults.deny("kms:GetKeyPolicy", first["KeyId"])
    assert code_of(s3.get_bucket_encryption, Bucket="data") == "AccessDenied"
    assert s3.get_bucket_encryption(Bucket="logs")["ServerSideEncryptionConfiguration"]
    for named in (first["KeyId"], first["Arn"]):
        assert code_of(kms.get_key_policy, KeyId=named) == "AccessDeniedException"
    assert kms.get_key_policy(KeyId=second["KeyId"])["Policy"]
    aws.faults.clear()
    assert s3.get_bucket_encryption(Bucket="data")["ServerSideEncryptionConfiguration"]


def test_throttling_ends_after_its_times_and_hits_listings_too(aws):
    s3, kms = aws.client("s3"), aws.client("kms")
    aws.faults.throttle("s3:ListBuckets", times=2)
    aws.faults.throttle("kms:ListKeys")
    assert [code_of(s3.list_buckets) for _ in range(2)] == ["SlowDown", "SlowDown"]
    assert s3.list_buckets()["Buckets"] == []
    assert code_of(kms.list_keys) == "ThrottlingException"
    assert kms.list_keys()["Keys"] == []


def test_the_same_seed_gives_the_same_ids():
    ids = []
    for _ in range(2):
        with EmbeddedAws(seed=3) as aws:
            ids.append(aws.client("kms").create_key()["KeyMetadata"]["KeyId"])
    assert ids[0] == ids[1]


def test_services_without_corrections_are_motos(aws):
    assert aws.client("sts").get_caller_identity()["Account"] == aws.account
    s3 = aws.client("s3")
    s3.create_bucket(Bucket="data")
    s3.put_bucket_versioning(Bucket="data", VersioningConfiguration={"Status": "Enabled"})
    assert s3.get_bucket_versioning(Bucket="data")["Status"] == "Enabled"


def test_uploads_inherit_the_default_encryption_and_survive_multipart(aws):
    s3 = aws.client("s3")
    s3.create_bucket(Bucket="data")
    rule = {"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": "alias/aws/s3"}}
    s3.put_bucket_encryption(Bucket="data", ServerSideEncryptionConfiguration={"Rules": [rule]})
    upload = s3.create_multipart_upload(Bucket="data", Key="big file.bin")["UploadId"]
    etag = s3.upload_part(Bucket="data", Key="big file.bin", UploadId=upload, PartNumber=1, Body=b"x" * 1000)["ETag"]
    s3.complete_multipart_upload(
        Bucket="data",
        Key="big file.bin",
        UploadId=upload,
        MultipartUpload={"Parts": [{"ETag": etag, "PartNumber": 1}]},
    )
    found = s3.get_object(Bucket="data", Key="big file.bin")
    assert (found["ServerSideEncryption"], len(found["Body"].read())) == ("aws:kms", 1000)


def policy_of(bucket, sid):
    statement = {
        "Sid": sid,
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:*",
        "Resource": f"arn:aws:s3:::{bucket}",
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
    }
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


@pytest.fixture
def s3(aws):
    client = aws.client("s3")
    for name in ("data", "logs"):
        client.create_bucket(Bucket=name)
    return client


def test_a_conflicting_change_aborts_a_call_and_changes_nothing(aws, s3):
    aws.faults.conflict("s3:PutBucketPolicy", "data", times=1)
    s3.put_bucket_policy(Bucket="logs", Policy=policy_of("logs", "Ours"))
    assert code_of(s3.put_bucket_policy, Bucket="data", Policy=policy_of("data", "Ours")) == "OperationAborted"
    assert code_of(s3.get_bucket_policy, Bucket="data") == "NoSuchBucketPolicy"
    s3.put_bucket_policy(Bucket="data", Policy=policy_of("data", "Ours"))
    assert s3.get_bucket_policy(Bucket="data")["Policy"] == policy_of("data", "Ours")


def test_somebody_else_can_change_the_resource_between_a_read_and_a_write(aws, s3):
    def interfere():
        s3.put_bucket_policy(Bucket="data", Policy=policy_of("data", "Theirs"))
        seen.append(s3.get_bucket_policy(Bucket="data")["Policy"])

    seen = []
    aws.faults.before("s3:PutBucketPolicy", interfere, "data")
    s3.put_bucket_policy(Bucket="data", Policy=policy_of("data", "Ours"))
    assert seen == [policy_of("data", "Theirs")]
    assert s3.get_bucket_policy(Bucket="data")["Policy"] == policy_of("data", "Ours")


@pytest.mark.parametrize(("silently", "error"), [(False, ClientError), (True, HTTPClientError)])
def test_a_write_whose_answer_is_lost_has_taken_effect(aws, s3, silently, error):
    aws.faults.lose_answer("s3:PutBucketPolicy", "data", silently=silently)
    with pytest.raises(error):
        s3.put_bucket_policy(Bucket="data", Policy=policy_of("data", "Ours"))
    assert s3.get_bucket_policy(Bucket="data")["Policy"] == policy_of("data", "Ours")
    s3.put_bucket_policy(Bucket="data", Policy=policy_of("data", "Again"))


def test_a_call_that_is_refused_has_no_answer_to_lose(aws, s3):
    aws.faults.lose_answer("s3:PutBucketPolicy", "data")
    assert code_of(s3.put_bucket_policy, Bucket="data", Policy="no policy") == "MalformedPolicy"
    s3.delete_bucket_policy(Bucket="data")
    assert code_of(s3.put_bucket_policy, Bucket="data", Policy=policy_of("data", "Ours")) == "InternalError"


def test_the_accounts_public_access_block_is_found_at_an_address(aws):
    with only(aws.environment()):
        control = SessionClients().client("s3control", aws.region)
        with pytest.raises(ClientError, match="NoSuchPublicAccessBlockConfiguration"):
            control.get_public_access_block(AccountId=aws.account)
        block = {"BlockPublicPolicy": True}
        control.put_public_access_block(AccountId=aws.account, PublicAccessBlockConfiguration=block)
        found = control.get_public_access_block(AccountId=aws.account)["PublicAccessBlockConfiguration"]
    assert found["BlockPublicPolicy"] is True
