"""What a log says of one request, and that a line could not be read for certain."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from s3_guardrails.policy.request import ANONYMOUS


class Source(StrEnum):
    """Which log told it. Only access logs tell plain HTTP, only CloudTrail tells what uploads asked for."""

    ACCESS_LOG = "server access logs"
    TRAIL = "CloudTrail data events"


@dataclass(frozen=True, slots=True)
class Upload:
    """The encryption headers of an upload as they were sent; None: not sent."""

    mode: str | None = None
    key: str | None = None
    customer: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SeenRequest:
    """One request to a bucket, on a day in UTC.

    `who`: an ARN (of a session without its name), an account, a service or `anonymous`. `over_http`: over plain HTTP;
    None where the log does not tell. `tls`: the version, such as `1.2`. `refused`: S3 answered that it may not be, or
    cannot be; nobody loses what never worked. `writes`: a data event of a write.
    """

    source: Source
    bucket: str
    day: date
    who: str
    over_http: bool | None = None
    tls: str | None = None
    refused: bool = False
    writes: bool = False
    upload: Upload | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Unread:
    """A line or event that cannot be read for certain; bucket and day where at least these are."""

    source: Source
    bucket: str | None = None
    day: date | None = None


Line = SeenRequest | Unread | None
"""What one line or event comes to; None: it is about no request to a bucket."""


def caller(name: str) -> str:
    """Return whom a log means: sessions lose their names, which are many and not what anybody grants.

    >>> caller("arn:aws:sts::111122223333:assumed-role/App/i-0123456789abcdef0")
    'arn:aws:sts::111122223333:assumed-role/App'
    """
    if name == "-":
        return ANONYMOUS
    head, mark, tail = name.partition(":assumed-role/")
    return f"{head}{mark}{tail.partition('/')[0]}" if mark else name.removeprefix("svc:")
