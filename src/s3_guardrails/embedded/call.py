"""One API call as the embedded AWS sees it, and what it answers.

Which operation a request means: S3's method and subresource (Amazon S3 API Reference), the `X-Amz-Target` header of
the JSON services (KMS, AWS Config, Systems Manager), the `Action` of the query protocol (IAM, STS).
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import parse_qsl, unquote
from xml.etree import ElementTree as ET
from xml.sax.saxutils import escape

from s3_guardrails.errors import GuardrailError

XML_NAMESPACE: Final = "http://s3.amazonaws.com/doc/2006-03-01/"


@dataclass(frozen=True, slots=True)
class Answer:
    """What goes back to the caller."""

    status: int
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)


class Refused(GuardrailError):
    """The service refuses a call, with AWS's error code, message and HTTP status."""

    def __init__(self, code: str, message: str, status: int = 400) -> None:
        """Keep the parts apart: S3 renders them as XML, the others as JSON."""
        super().__init__(f"{code}: {message}")
        self.code, self.message, self.status = code, message, status


@dataclass(frozen=True, slots=True)
class Call:
    """One call. `resource` is the bucket, or the key or rule as the caller wrote it; empty where there is none.

    `parameters` are the JSON body's members, or S3's query parameters; names of `headers` are in lower case.
    `forward` gives moto's own answer, to the body as it came or to another one; it may be asked once. `access_key` is
    the key that signed the call, empty if none did; `key` is the object's, for calls about one.
    """

    service: str
    operation: str
    account: str
    region: str
    resource: str
    parameters: Mapping[str, Any]
    headers: Mapping[str, str]
    body: bytes
    forward: Callable[..., Answer]
    access_key: str = ""
    key: str = ""

    @property
    def name(self) -> str:
        """``service:Operation``."""
        return f"{self.service}:{self.operation}"


def json_answer(data: Any) -> Answer:
    """Answer as the JSON services do."""
    return Answer(200, json.dumps(data).encode(), {"Content-Type": "application/x-amz-json-1.1"})


def xml_answer(root: ET.Element, status: int = 200) -> Answer:
    """Answer as S3 does."""
    root.set("xmlns", XML_NAMESPACE)
    body = ET.tostring(root, encoding="utf-8", xml_declaration=True)
    return Answer(status, body, {"Content-Type": "application/xml"})


def refusal(call_service: str, refused: Refused) -> Answer:
    """Render an error in the protocol of its service."""
    if call_service in {"cloudformation", "iam", "sns", "sts"}:
        text = f"<Error><Code>{escape(refused.code)}</Code><Message>{escape(refused.message)}</Message></Error>"
        return Answer(refused.status, f"<ErrorResponse>{text}</ErrorResponse>".encode(), {"Content-Type": "text/xml"})
    if call_service in {"s3", "s3control"}:
        text = f"<Error><Code>{escape(refused.code)}</Code><Message>{escape(refused.message)}</Message></Error>"
        return Answer(refused.status, text.encode(), {"Content-Type": "application/xml"})
    body = {"__type": refused.code, "message": refused.message}
    return Answer(refused.status, json.dumps(body).encode(), {"Content-Type": "application/x-amz-json-1.1"})


_SCOPE: Final = re.compile(r"([^/=,& ]+)/[0-9]{8}/([^/]+)/([^/]+)/aws4_request")


@dataclass(frozen=True, slots=True)
class Signature:
    """Who signed, for which Region and service; unsigned requests count as S3's."""

    access_key: str = ""
    region: str = "us-east-1"
    service: str = "s3"

    @classmethod
    def read(cls, authorization: str, query: str = "") -> Signature:
        """Read the Authorization header or, in a presigned URL, the query (of Signature Version 4 or 2)."""
        if found := _SCOPE.search(authorization) or _SCOPE.search(unquote(query)):
            return cls(*found.groups())
        return cls(dict(parse_qsl(query)).get("AWSAccessKeyId", ""))


def json_operation(headers: Mapping[str, str], body: bytes) -> tuple[str, str, dict[str, Any]]:
    """Return operation, resource and parameters of a JSON service's request."""
    parameters = json.loads(body or b"{}")
    names = ("KeyId", "TargetKeyId", "AliasName", "ConfigRuleName", "resourceId", "DocumentName")
    resource = next((parameters[name] for name in names if isinstance(parameters.get(name), str)), "")
    return headers["x-amz-target"].rpartition(".")[2], resource, parameters


def query_operation(body: bytes) -> tuple[str, str, dict[str, Any]]:
    """Return operation, resource and parameters of a request in the query protocol (IAM, STS)."""
    parameters = dict(parse_qsl(body.decode(errors="replace"), keep_blank_values=True))
    resource = parameters.get("PolicySourceArn") or parameters.get("RoleArn") or ""
    return parameters.get("Action", ""), resource, parameters


_SUBRESOURCES: Final = {
    "accelerate": "BucketAccelerateConfiguration",
    "acl": "BucketAcl",
    "cors": "BucketCors",
    "encryption": "BucketEncryption",
    "inventory": "BucketInventoryConfiguration",
    "lifecycle": "BucketLifecycleConfiguration",
    "location": "BucketLocation",
    "logging": "BucketLogging",
    "notification": "BucketNotificationConfiguration",
    "object-lock": "ObjectLockConfiguration",
    "ownershipControls": "BucketOwnershipControls",
    "policy": "BucketPolicy",
    "policyStatus": "BucketPolicyStatus",
    "publicAccessBlock": "PublicAccessBlock",
    "replication": "BucketReplication",
    "requestPayment": "BucketRequestPayment",
    "tagging": "BucketTagging",
    "versioning": "BucketVersioning",
    "website": "BucketWebsite",
}
_VERBS: Final = {"GET": "Get", "PUT": "Put", "DELETE": "Delete", "HEAD": "Head", "POST": "Post"}
_PLAIN_BUCKET: Final = {"GET": "ListObjects", "PUT": "CreateBucket", "DELETE": "DeleteBucket", "HEAD": "HeadBucket"}


def s3_operation(method: str, path: str, query: str, headers: Mapping[str, str]) -> tuple[str, str, dict[str, Any]]:
    """Return operation, bucket and query parameters of a path-style S3 request."""
    parameters = dict(parse_qsl(query, keep_blank_values=True))
    bucket, _, key = unquote(path).lstrip("/").partition("/")
    verb = _VERBS.get(method, method.title())
    if not bucket:
        return "ListBuckets", "", parameters
    if key:
        return _object_operation(verb, parameters, headers), bucket, parameters
    for name, noun in _SUBRESOURCES.items():
        if name in parameters:
            return verb + noun, bucket, parameters
    return _PLAIN_BUCKET.get(method, verb), bucket, parameters


_OBJECT_SUBRESOURCES: Final = {
    "acl": "ObjectAcl",
    "attributes": "ObjectAttributes",
    "legal-hold": "ObjectLegalHold",
    "retention": "ObjectRetention",
    "tagging": "ObjectTagging",
    "torrent": "ObjectTorrent",
}
_UPLOAD: Final = {"Post": "CompleteMultipartUpload", "Delete": "AbortMultipartUpload", "Get": "ListParts"}


def _object_operation(verb: str, parameters: Mapping[str, str], headers: Mapping[str, str]) -> str:
    copied = "x-amz-copy-source" in headers
    if verb == "Put" and "partNumber" in parameters:
        return "UploadPartCopy" if copied else "UploadPart"
    if verb == "Put" and copied:
        return "CopyObject"
    if verb == "Put" and "encryption" in parameters:
        return "UpdateObjectEncryption"
    if verb == "Post" and "uploads" in parameters:
        return "CreateMultipartUpload"
    if "uploadId" in parameters:
        return _UPLOAD.get(verb, verb)
    return verb + next((noun for name, noun in _OBJECT_SUBRESOURCES.items() if name in parameters), "Object")
