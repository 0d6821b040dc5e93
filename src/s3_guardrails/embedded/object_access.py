"""Requests for objects, judged by the bucket's policy: what a caller of S3 would see after a remediation.

The caller is the signing identity, or nobody. Identities of the bucket's account count as allowed everything, so that
only a Deny refuses them; others need an Allow of the policy as well. Requests count as HTTPS, though loopback is not:
the header ``x-embedded-transport: http`` makes one plain HTTP.

Source: Service Authorization Reference, "Actions, resources, and condition keys for Amazon S3". How the parts of an
upload are judged is not said there: here like the request that began it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Final
from urllib.parse import unquote

from s3_guardrails.embedded.call import Call, Refused
from s3_guardrails.embedded.identity import organization_of, principal_arn
from s3_guardrails.policy.authorize import Outcome, authorize, denied
from s3_guardrails.policy.document import Policy
from s3_guardrails.policy.request import ANONYMOUS, Request

TRANSPORT: Final = "x-embedded-transport"
CUSTOMER: Final = "x-amz-server-side-encryption-customer-algorithm"
MODE: Final = "x-amz-server-side-encryption"
KEYS_OF_HEADERS: Final = (
    MODE,
    CUSTOMER,
    "x-amz-server-side-encryption-aws-kms-key-id",
    "x-amz-acl",
    "x-amz-content-sha256",
    "x-amz-copy-source",
    "x-amz-metadata-directive",
    "x-amz-storage-class",
)
"""Headers that are condition keys, written ``s3:`` and the name."""

_WRITES: Final = frozenset({"PutObject", "CopyObject", "CreateMultipartUpload", "UploadPart", "UploadPartCopy"})
_ACTIONS: Final = {
    **dict.fromkeys([*_WRITES, "CompleteMultipartUpload"], "s3:PutObject"),
    "GetObject": "s3:GetObject",
    "HeadObject": "s3:GetObject",
    "DeleteObject": "s3:DeleteObject",
    "AbortMultipartUpload": "s3:AbortMultipartUpload",
    "ListObjects": "s3:ListBucket",
    "HeadBucket": "s3:ListBucket",
}
_SESSION: Final = re.compile(r"arn:([^:]+):sts::([0-9]{12}):assumed-role/([^/]+)/.+")

Headers = Mapping[str, str]
Asked = tuple[str, str, str]
"""Bucket, action, and ARN of what is acted on."""


def asks(call: Call) -> Iterator[Asked]:
    """Return every question that a call puts to a bucket's policy; a copy asks the source's too."""
    action = _ACTIONS.get(call.operation)
    if action is None:
        return
    if "versionId" in call.parameters and action in {"s3:GetObject", "s3:DeleteObject"}:
        action += "Version"
    yield call.resource, action, _arn(call.resource, call.key)
    if call.operation in {"CopyObject", "UploadPartCopy"}:
        source, _, version = unquote(call.headers["x-amz-copy-source"]).lstrip("/").partition("?versionId=")
        bucket, _, key = source.partition("/")
        yield bucket, "s3:GetObjectVersion" if version else "s3:GetObject", _arn(bucket, key)


def refuse_blocked(call: Call, blocked: tuple[str, ...]) -> None:
    """Refuse a write with SSE-C to a bucket that blocks it (API reference, BlockedEncryptionTypes)."""
    if call.operation in _WRITES and CUSTOMER in call.headers and "SSE-C" in blocked:
        raise _denied()


def refuse_insecure(call: Call) -> None:
    """Refuse a write that names KMS or a key of the caller over plain HTTP (S3 User Guide)."""
    plain = call.headers.get(TRANSPORT) == "http"
    if plain and (CUSTOMER in call.headers or call.headers.get(MODE, "").startswith("aws:kms")):
        message = "Requests specifying Server Side Encryption with these keys must be made over a secure connection."
        raise Refused("InvalidRequest", message)


def refuse_denied(call: Call, asked: Asked, policy: Policy | None, owner: str, begun: Headers) -> None:
    """Refuse what the policy of a bucket (of the account `owner`) refuses; `begun`: headers that began an upload."""
    _, action, resource = asked
    request = _request(call, action, resource, owner, begun)
    if request.account == owner:
        refused = policy is not None and denied(policy, request) is not False  # what is not understood is refused
    else:
        refused = policy is None or authorize(policy, request).outcome is not Outcome.ALLOW
    if refused:
        raise _denied()


def refuse_key_denied(call: Call, key: str, policy: Policy, owner: str) -> None:
    """Refuse a decryption through S3 that the policy of a key (its ARN, of the account `owner`) does not let through.

    In the key's own account identity policies count as allowing it, where the key's policy lets the account.
    """
    request = _request(call, "kms:Decrypt", key, owner, {})
    through = {"kms:ViaService": f"s3.{call.region}.amazonaws.com", "kms:CallerAccount": call.account}
    if authorize(policy, replace(request, context={**request.context, **through})).outcome is not Outcome.ALLOW:
        raise _denied()


def _request(call: Call, action: str, resource: str, owner: str, begun: Headers) -> Request:
    secure = call.headers.get(TRANSPORT) != "http"
    headers = {**begun, **call.headers} if call.operation in _WRITES | {"CompleteMultipartUpload"} else call.headers
    context: dict[str, str | tuple[str, ...]] = {
        "aws:SecureTransport": str(secure).lower(),
        "aws:SourceIp": "127.0.0.1",
        "aws:RequestedRegion": call.region,
        "aws:ResourceAccount": owner,
        "aws:ViaAWSService": "false",
        "aws:PrincipalIsAWSService": "false",
        **({"s3:TlsVersion": "1.3"} if secure else {}),
        **{f"s3:{name}": headers[name] for name in KEYS_OF_HEADERS if name in headers},
    }
    if not call.access_key:
        return Request(ANONYMOUS, None, action, resource, {**context, "aws:PrincipalType": "Anonymous"})
    arn = principal_arn(call)
    session = _SESSION.fullmatch(arn)
    context |= {
        "aws:PrincipalArn": f"arn:{session[1]}:iam::{session[2]}:role/{session[3]}" if session else arn,
        "aws:PrincipalAccount": call.account,
        **organization_of(call.account),
        "aws:PrincipalType": "AssumedRole" if session else "User",
        "s3:signatureversion": "AWS4-HMAC-SHA256",
    }
    return Request(arn, call.account, action, resource, context)


def _arn(bucket: str, key: str) -> str:
    return f"arn:aws:s3:::{bucket}/{key}" if key else f"arn:aws:s3:::{bucket}"


def _denied() -> Refused:
    return Refused("AccessDenied", "Access Denied", 403)
