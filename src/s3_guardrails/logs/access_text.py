"""Lines of S3 server access logs in their classic form: fields between blanks.

Request-URI, referer and user agent hold whatever the caller sent: neither blanks nor quotes are escaped, and an absent
one is `-` or `"-"`. So what stands before the URI is read from the left, what stands after the last quote from the
right, and the status between them only where every way to find it says the same. Callers can make a line unreadable,
never make it say something else. (The host header stands after the last quote; S3 finds the bucket by it, so it is a
name.)
"""

from __future__ import annotations

import re
from datetime import date
from functools import lru_cache
from typing import Final

from s3_guardrails.logs.access import NIL, Fields, Outcome, refused, seen
from s3_guardrails.logs.seen import Line, Source, Unread, caller

_HEAD: Final = re.compile(
    r"[^ ]+ ([A-Za-z0-9._-]+) \[([0-9]{2}/[A-Z][a-z]{2}/[0-9]{4}):[0-9:]{8} \+0000\] [^ ]+ "
    r"([^ \"]+) [^ ]+ ([A-Za-z0-9._]+) [^ ]+ (?=-|\")"
)
"""Owner, bucket, time, address, requester, request id, operation, key (URL-encoded): none of it holds a blank."""

_OUTCOME: Final = r"([0-9]{3}|-) ([A-Za-z0-9._-]+) (?:[0-9]+|-) (?:[0-9]+|-) (?:[0-9]+|-) (?:[0-9]+|-) ()(?=-|\")"
"""Status, error code, bytes sent, object size, total time, turn-around time; and where they end."""
_AFTER_URI: Final = re.compile(f'" (?={_OUTCOME})')
_WITHOUT_URI: Final = re.compile(f"- {_OUTCOME}")

_TAIL: Final = re.compile(
    r"[^ ]+ [^ ]+ (?:SigV[0-9]A?|-) (-|[A-Z][A-Za-z0-9_-]+) (?:AuthHeader|QueryString|-) "
    r"([A-Za-z0-9.:_\[\]-]+) (-|[Tt][Ll][Ss][Vv][0-9.]+) (?:arn:[^ ]+|-) (?:Yes|No|-)(?: [^ ]+)*"
)
"""Version id, host id, signature version, cipher suite, authentication type, host header, TLS version, access point,
whether an ACL was needed; the source Region and fields to come."""

_MONTHS: Final = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def is_access_line(text: str) -> bool:
    """Does the line begin as one of an access log?"""
    return _HEAD.match(text) is not None


def read_access_line(text: str) -> Line:
    """Read one line, decoded as Latin-1 so that no byte is lost; it never raises."""
    head = _HEAD.match(text)
    if head is None:
        return Unread(source=Source.ACCESS_LOG)
    bucket, day, requester, operation = head.groups()
    when = _day(day)
    found = _outcome(text, head.end(), operation) if when else None
    tail = _tail(text.rstrip(" \r\n"), found[1]) if found else None
    if when is None or found is None or tail is None:
        return Unread(source=Source.ACCESS_LOG, bucket=bucket, day=when)
    return seen(Fields(bucket, when, caller(requester), operation, found[0], *tail))


@lru_cache(maxsize=1024)
def _day(text: str) -> date | None:
    day, month, year = text.split("/")
    try:
        return date(int(year), _MONTHS.index(month) + 1, int(day))
    except ValueError:
        return None


def _outcome(text: str, start: int, operation: str) -> tuple[Outcome, int] | None:
    """Return the outcome and where the referer begins, None unless it is certain whether S3 refused.

    Where a URI is written, it is one of those found; the caller may have written the others. The last one begins no
    earlier than the true one, and no quote of the caller's comes after the user agent.
    """
    if text[start] == NIL:
        plain = _WITHOUT_URI.match(text, start)
        return (Outcome(plain[1], plain[2]), plain.end()) if plain else None
    several = [(Outcome(each[1], each[2]), each.end(3)) for each in _AFTER_URI.finditer(text, start)]
    if not several or len({refused(operation, each) for each, _ in several}) > 1:
        return None
    return several[-1]


def _tail(text: str, begin: int) -> tuple[str, str, str] | None:
    """Return cipher, host and TLS version after referer and user agent; None unless there is one way to read them."""
    quote = text.rfind('"', begin)
    if quote < 0:
        return _fields(text, begin + 4) if text.startswith("- - ", begin) else None
    first = _fields(text, quote + 2) if text.startswith(" ", quote + 1) else None
    if not text.startswith(" - ", quote + 1):
        return first
    second = _fields(text, quote + 4)  # the user agent may be a `-` without quotes
    return first or second if first is None or second is None or first == second else None


def _fields(text: str, begin: int) -> tuple[str, str, str] | None:
    found = _TAIL.fullmatch(text, begin)
    return (found[1], found[2], found[3]) if found else None
