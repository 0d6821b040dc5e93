"""What the fields of an S3 server access log mean, whichever form they came in.

Source: S3 User Guide, "Amazon S3 server access log format" and "Log format in CloudWatch Logs".
"""

from __future__ import annotations

import re
from datetime import date
from functools import lru_cache
from typing import Final, NamedTuple

from s3_guardrails.logs.seen import Line, SeenRequest, Source, Unread

NIL: Final = "-"
_INTERNAL: Final = "S3."
"""How operations of S3 itself begin (lifecycle, checksums): they come over no network."""
_WORKED: Final = frozenset({"404", "409", "412", "416"})
"""Errors of requests that were let through."""
_TLS: Final = re.compile(r"TLSV1(?:\.([0-3]))?")


class Outcome(NamedTuple):
    """HTTP status and error code."""

    status: str
    error: str


class Fields(NamedTuple):
    """The fields that count, as texts; `-` where there is none. `who`: as `caller` says it."""

    bucket: str
    day: date
    who: str
    operation: str
    outcome: Outcome
    cipher: str
    host: str
    tls: str


@lru_cache(maxsize=1 << 14)  # most lines of a log are alike in these fields
def seen(fields: Fields) -> Line:
    """Say what the fields mean; cipher and TLS version must agree, or nothing is certain."""
    internal = fields.operation.startswith(_INTERNAL)
    version = _TLS.fullmatch(fields.tls.upper())
    plain = fields.cipher == NIL
    if not internal and (plain != (fields.tls == NIL) or (plain and fields.host == NIL) or not (plain or version)):
        return Unread(source=Source.ACCESS_LOG, bucket=fields.bucket, day=fields.day)
    return SeenRequest(
        source=Source.ACCESS_LOG,
        bucket=fields.bucket,
        day=fields.day,
        who=fields.who,
        over_http=plain and not internal,
        tls=f"1.{version[1] or 0}" if version else None,
        refused=refused(fields.operation, fields.outcome),
    )


def refused(operation: str, outcome: Outcome) -> bool:
    """Did S3 refuse it, send it elsewhere, or answer it whatever the policy says?

    What works otherwise (404) or failed inside S3 counts as let through. The CORS rules alone answer a preflight
    (S3 API reference, "OPTIONS object"); the website endpoint of a bucket without a website answers anybody alike.

    >>> [refused("REST.GET.OBJECT", Outcome(each, "-")) for each in ("200", "403", "404", "307", "503", "-")]
    [False, True, False, True, False, False]
    """
    status, error = outcome
    anyhow = operation.startswith("REST.OPTIONS.") or (operation.startswith("WEBSITE.") and error == _NO_WEBSITE)
    return anyhow or (status.startswith("4") and status not in _WORKED) or status in {"301", "307", "308"}


_NO_WEBSITE: Final = "NoSuchWebsiteConfiguration"
