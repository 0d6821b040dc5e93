"""S3 data events of CloudTrail: the only log that tells which encryption an upload asked for.

An event without `tlsDetails` is no proof of plain HTTP (calls that services make have none), and plain HTTP is told
nowhere else: such an event tells nothing of the transport. Sources: CloudTrail User Guide, "CloudTrail record contents"
and "userIdentity element"; S3 User Guide, "CloudTrail log file entries" and "Default encryption FAQ" (`SSEApplied`).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from s3_guardrails.logs.access_json import day_of
from s3_guardrails.logs.seen import Line, SeenRequest, Source, Unread, Upload, caller
from s3_guardrails.policy.request import ANONYMOUS

UPLOADS: Final = frozenset({"PutObject", "CopyObject", "CreateMultipartUpload", "PostObject"})
"""Events that carry the encryption headers; parts take what their upload was begun with."""

_MODE: Final = "x-amz-server-side-encryption"
_KEY: Final = f"{_MODE}-aws-kms-key-id"
_CUSTOMER: Final = f"{_MODE}-customer-algorithm"
_APPLIED: Final = {"SSE_S3": Upload(mode="AES256"), "SSE_C": Upload(customer="AES256")}
"""What the caller asked for by `SSEApplied`; of `SSE_KMS` it does not tell the key."""
_BUCKET: Final = re.compile(r"arn:aws[a-z-]*:s3:::([^/]+)")


def read_event(event: Any) -> Line:
    """Read one event; None where it is no data event of S3. It never raises."""
    if not isinstance(event, Mapping) or not isinstance(event.get("eventSource"), str):
        return Unread(source=Source.TRAIL)
    if event["eventSource"] != "s3.amazonaws.com" or not _is_data(event):
        return None
    bucket, day = _bucket(event), day_of(event.get("eventTime"))
    who = _who(_object(event, "userIdentity"))
    reads = event.get("readOnly")
    upload = _upload(event) if str(event.get("eventName")) in UPLOADS else None
    if bucket is None or day is None or who is None or isinstance(upload, str) or not isinstance(reads, bool):
        return Unread(source=Source.TRAIL, bucket=bucket, day=day)
    tls = _tls(event.get("tlsDetails"))
    return SeenRequest(
        source=Source.TRAIL,
        bucket=bucket,
        day=day,
        who=who,
        over_http=False if tls else None,
        tls=tls,
        refused=event.get("errorCode") == "AccessDenied",
        writes=not reads,
        upload=upload,
    )


def _is_data(event: Mapping[str, Any]) -> bool:
    """Events of networks are no management events either; the category is told since version 1.07 of the record."""
    category = event.get("eventCategory")
    return category == "Data" or (category is None and event.get("managementEvent") is False)


def _object(event: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    found = event.get(name)
    return found if isinstance(found, Mapping) else {}


def _bucket(event: Mapping[str, Any]) -> str | None:
    """Return the bucket that S3 says the request was for; an access point may stand in its place in the parameters."""
    named = _object(event, "requestParameters").get("bucketName")
    resources = event.get("resources")
    arns = [each.get("ARN") for each in resources if isinstance(each, Mapping)] if isinstance(resources, list) else []
    found = {match[1] for each in arns if isinstance(each, str) and (match := _BUCKET.fullmatch(each))}
    if isinstance(named, str) and (named in found or not found):
        return named if re.fullmatch(r"[A-Za-z0-9._-]+", named) else None
    return found.pop() if len(found) == 1 else None


def _who(identity: Mapping[str, Any]) -> str | None:
    """Return a role for its sessions, a service, an ARN, or at least an account."""
    if identity.get("type") == "AWSService":
        service = identity.get("invokedBy")
        return service if isinstance(service, str) else None
    role = identity.get("type") == "AssumedRole"  # the issuer of a federated user is somebody else
    issuer = _object(_object(identity, "sessionContext"), "sessionIssuer").get("arn") if role else None
    account = identity.get("accountId")
    if account == "ANONYMOUS_PRINCIPAL":
        return ANONYMOUS
    named = next((each for each in (issuer, identity.get("arn"), account) if isinstance(each, str) and each), None)
    return caller(named) if named and named != "-" else None


def _tls(details: Any) -> str | None:
    version = details.get("tlsVersion") if isinstance(details, Mapping) else None
    found = re.fullmatch(r"TLSV1(?:\.([0-3]))?", version.upper()) if isinstance(version, str) else None
    return f"1.{found[1] or 0}" if found else None


def _upload(event: Mapping[str, Any]) -> Upload | str:
    """Return the encryption headers, which are there only where the client sent them; a text where it is not certain.

    `SSEApplied` tells of headers that the parameters lack, such as those of a form.
    """
    sent = {str(name).lower(): value for name, value in _object(event, "requestParameters").items()}
    texts = {name: _text(sent.get(name)) for name in (_MODE, _KEY, _CUSTOMER)}
    if any(sent.get(name) is not None and text is None for name, text in texts.items()):
        return "headers"
    if any(text is not None for text in texts.values()):
        return Upload(texts[_MODE], texts[_KEY], texts[_CUSTOMER])
    applied = _object(event, "additionalEventData").get("SSEApplied")
    if applied is None or (isinstance(applied, str) and applied.startswith("Default_")):
        return Upload()
    return _APPLIED.get(applied, "SSEApplied") if isinstance(applied, str) else "SSEApplied"


def _text(value: Any) -> str | None:
    """Return a header's value; CloudTrail writes some as a list of one."""
    if isinstance(value, list) and len(value) == 1:
        value = value[0]
    return value if isinstance(value, str) else None
