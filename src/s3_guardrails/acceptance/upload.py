"""Uploads as people make them, right and wrong, and what S3 says to each."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

from s3_guardrails.acceptance.outcome import Unlike
from s3_guardrails.acceptance.run import ALLOWED, Run, differences, tried
from s3_guardrails.acceptance.seed import LEDGER, MAIN
from s3_guardrails.acceptance.sow import key_arn

DENIED: Final = "AccessDenied"
Send = Callable[[Run, str], Any]
"""Run and bucket → the upload is made, or refused."""


def _put(run: Run, bucket: str, **given: Any) -> Any:
    return run.client("s3").put_object(Bucket=bucket, Key="object", Body=b"data", **given)


def _by_http(run: Run, bucket: str) -> Any:
    return run.plain_http().put_object(Bucket=bucket, Key="object", Body=b"data")


def _with_sse_c(run: Run, bucket: str) -> Any:
    return _put(run, bucket, SSECustomerAlgorithm="AES256", SSECustomerKey=os.urandom(32))


def _right(run: Run, bucket: str) -> Any:
    return _put(run, bucket, ServerSideEncryption="aws:kms", SSEKMSKeyId=key_arn(run, MAIN))


def _in_parts(run: Run, bucket: str, **given: str) -> Any:
    s3, where = run.client("s3"), {"Bucket": bucket, "Key": "parts"}
    upload = {**where, "UploadId": s3.create_multipart_upload(**where, **given)["UploadId"]}
    part = s3.upload_part(**upload, PartNumber=1, Body=b"data")
    return s3.complete_multipart_upload(**upload, MultipartUpload={"Parts": [{"ETag": part["ETag"], "PartNumber": 1}]})


@dataclass(frozen=True, slots=True)
class Upload:
    """An upload, and what is expected before and after the bucket is remediated."""

    what: str
    send: Send
    before: str = ALLOWED
    after: str = DENIED


UPLOADS: Final = (
    Upload("plain HTTP", _by_http),
    Upload("AES256", lambda run, bucket: _put(run, bucket, ServerSideEncryption="AES256")),
    Upload("the wrong key, AWS's", lambda run, bucket: _put(run, bucket, ServerSideEncryption="aws:kms")),
    Upload("SSE-C, which the bucket blocks", _with_sse_c, before=DENIED),
    Upload("in parts, AES256", lambda run, bucket: _in_parts(run, bucket, ServerSideEncryption="AES256")),
    Upload("in parts, no header", _in_parts, after=ALLOWED),
    Upload("the right key", _right, after=ALLOWED),
    Upload("no header", _put, after=ALLOWED),
)


def uploads_before(run: Run) -> str:
    """Make every upload to the bucket that nothing was done about."""
    bucket = run.name(LEDGER)
    _compare([(each.what, each.before, tried(partial(each.send, run, bucket))) for each in UPLOADS])
    return f"{len(UPLOADS)} uploads: all were let through but SSE-C, which S3 blocks on the bucket"


def uploads_after(run: Run) -> str:
    """Make every upload again; what is let through has to end under the right key."""
    bucket, s3 = run.name(LEDGER), run.client("s3")
    rows = [(each.what, each.after, tried(partial(each.send, run, bucket))) for each in UPLOADS]
    for name in ("object", "parts"):
        head = s3.head_object(Bucket=bucket, Key=name)
        rows.append(
            (f"the key of `{name}`", key_arn(run, MAIN), str(head.get("SSEKMSKeyId", head["ServerSideEncryption"])))
        )
    _compare(rows)
    denied = sum(each.after == DENIED for each in UPLOADS)
    return f"{denied} of {len(UPLOADS)} uploads were denied; what was let through is under the bucket's key"


def _compare(rows: list[tuple[str, str, str]]) -> None:
    if differ := differences(rows):
        raise Unlike(differ)
