"""Makes the buckets and keys of the seed, and the roles that play a part in it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any, Final

from botocore.exceptions import ClientError

from s3_guardrails.acceptance.making import make_bucket, make_key, make_role
from s3_guardrails.acceptance.run import Run, code_of
from s3_guardrails.acceptance.seed import AWS_MANAGED, BUCKETS, CLASS, KEYS, LEDGER, BucketSeed, KeySeed

READER: Final = "reader"
PIPELINE: Final = "pipeline"
SSE_C_BLOCKED: Final = {"EncryptionType": ["SSE-C"]}
NOTHING_BLOCKED: Final = {"EncryptionType": ["NONE"]}
MODE: Final = "s3:x-amz-server-side-encryption"
_USES_AND_ADMINISTERS: Final = ("kms:Decrypt", "kms:DescribeKey", "kms:GenerateDataKey", "kms:PutKeyPolicy")


def sow(run: Run) -> str:
    """Make roles, keys and buckets."""
    read = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": f"arn:{run.partition}:s3:::{run.prefix}-*/*"}
    make_role(run, READER, read)
    make_role(run, PIPELINE)
    for key in KEYS:
        run.noted[f"key {key.label}"] = run.until(f"the key {key.label}", partial(_key, run, key), 3)
    for bucket in BUCKETS:
        _bucket(run, bucket)
    return f"{len(BUCKETS)} buckets and {len(KEYS)} keys, named {run.prefix}-…"


def key_arn(run: Run, label: str) -> str:
    """Return the ARN of a key of the seed."""
    return str(run.noted[f"key {label}"])


def key_id(run: Run, label: str) -> str:
    """Return the id of a key of the seed."""
    return key_arn(run, label).rpartition("/")[2]


def _key(run: Run, seed: KeySeed) -> str | None:
    """Make a key; None as long as KMS does not know the role that its policy names."""
    try:
        arn = make_key(run, seed.label, {"Version": "2012-10-17", "Statement": list(_statements(run, seed))})
    except ClientError as error:
        if code_of(error) != "MalformedPolicyDocumentException":
            raise
        return None
    kms = run.client("kms")
    if seed.rotates:
        kms.enable_key_rotation(KeyId=arn)
    if not seed.enabled:
        kms.disable_key(KeyId=arn)
    return arn


def _statements(run: Run, seed: KeySeed) -> Iterator[dict[str, Any]]:
    root = f"arn:{run.partition}:iam::{run.account}:root"
    yield {"Sid": "Account", "Effect": "Allow", "Principal": {"AWS": root}, "Action": "kms:*", "Resource": "*"}
    if seed.mixed:
        who = {"Principal": {"AWS": run.role_arn(PIPELINE)}, "Action": list(_USES_AND_ADMINISTERS)}
        yield {"Sid": "Pipeline", "Effect": "Allow", **who, "Resource": "*"}


def _bucket(run: Run, seed: BucketSeed) -> None:
    s3 = run.client("s3")
    name = make_bucket(run, seed.label, {**({CLASS: seed.data_class} if seed.data_class else {}), **seed.tags})
    blocked = NOTHING_BLOCKED if seed.takes_sse_c else SSE_C_BLOCKED
    rule = {"ApplyServerSideEncryptionByDefault": _default(run, seed), "BlockedEncryptionTypes": blocked}
    s3.put_bucket_encryption(Bucket=name, ServerSideEncryptionConfiguration={"Rules": [rule]})
    if seed.guarded:
        s3.put_bucket_policy(Bucket=name, Policy=json.dumps(guarding(run, name, key_arn(run, seed.key or ""))))
    if seed.takes_sse_c:
        s3.put_bucket_policy(Bucket=name, Policy=json.dumps(_taking_sse_s3(run, name)))
    if seed.label == LEDGER:
        s3.put_bucket_policy(Bucket=name, Policy=_written_by_hand(run, name))


def _default(run: Run, seed: BucketSeed) -> dict[str, str]:
    match seed.key:
        case None:
            return {"SSEAlgorithm": "AES256"}
        case label if label == AWS_MANAGED:
            return {"SSEAlgorithm": "aws:kms"}
        case label:
            return {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": key_arn(run, label)}


def guarding(run: Run, bucket: str, key: str) -> dict[str, Any]:
    """Return a bucket policy that takes TLS and one key only, as the evidence bucket's does."""
    arn = f"arn:{run.partition}:s3:::{bucket}"
    uploads = {"Action": "s3:PutObject", "Resource": f"{arn}/*"}
    no_tls = {"Action": "s3:*", "Resource": [arn, f"{arn}/*"]}
    denied: tuple[tuple[Mapping[str, Any], Mapping[str, Any]], ...] = (
        (no_tls, {"Bool": {"aws:SecureTransport": "false"}}),
        (uploads, {"StringNotEquals": {MODE: "aws:kms"}}),
        (uploads, {"StringNotEquals": {f"{MODE}-aws-kms-key-id": key}}),
        (uploads, {"Null": {f"{MODE}-customer-algorithm": "false"}}),
    )
    statements = [{"Effect": "Deny", "Principal": "*", **what, "Condition": when} for what, when in denied]
    return {"Version": "2012-10-17", "Statement": statements}


def _taking_sse_s3(run: Run, bucket: str) -> dict[str, Any]:
    """Return a bucket policy that denies every header but SSE-S3's; SSE-C has headers of its own."""
    upload = {"Action": "s3:PutObject", "Resource": f"arn:{run.partition}:s3:::{bucket}/*"}
    when = {"StringNotEquals": {MODE: "AES256"}, "Null": {MODE: "false"}}
    statement = {"Effect": "Deny", "Principal": "*", **upload, "Condition": when}
    return {"Version": "2012-10-17", "Statement": [statement]}


def _written_by_hand(run: Run, bucket: str) -> str:
    """Return a policy whose blanks and single statement no program would write: an undo must bring them back."""
    principal = f"arn:{run.partition}:iam::{run.account}:root"
    action = f'"Action":   "s3:GetObject" , "Resource":"arn:{run.partition}:s3:::{bucket}/*"'
    statement = f'{{"Effect":"Allow", "Principal":{{"AWS":"{principal}"}}, {action}}}'
    return f'{{ "Version" : "2012-10-17",\n "Statement": {statement} }}'
