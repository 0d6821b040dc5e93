"""Records of S3 server access logs in their JSON form, as CloudWatch delivers them: nulls where the text has `-`."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date
from typing import Any, Final

from s3_guardrails.logs.access import NIL, Fields, Outcome, seen
from s3_guardrails.logs.seen import Line, Source, Unread, caller

_TIME: Final = re.compile(r"([0-9]{4}-[0-9]{2}-[0-9]{2})T[0-9:.]{8,}Z")
_TEXTS: Final = ("bucket_name", "requester", "operation", "cipher_suite", "host_header", "tls_version", "error_code")


def is_access_record(record: Any) -> bool:
    """Is it an object with the fields of such a record?"""
    return isinstance(record, Mapping) and {"bucket_name", "request_time", "operation"} <= set(record)


def read_access_record(record: Any) -> Line:
    """Read one record; it never raises."""
    if not is_access_record(record):
        return Unread(source=Source.ACCESS_LOG)
    texts = {name: NIL if record.get(name) is None else record[name] for name in _TEXTS}
    bucket, day, status = texts["bucket_name"], day_of(record["request_time"]), record.get("http_status")
    if not isinstance(bucket, str) or bucket == NIL:
        return Unread(source=Source.ACCESS_LOG, day=day)
    known = all(isinstance(each, str) for each in texts.values()) and {"cipher_suite", "tls_version"} <= set(record)
    if day is None or not known or not (status is None or (type(status) is int and 100 <= status < 1000)):
        return Unread(source=Source.ACCESS_LOG, bucket=bucket, day=day)
    return seen(
        Fields(
            bucket=bucket,
            day=day,
            who=caller(texts["requester"]),
            operation=texts["operation"],
            outcome=Outcome(NIL if status is None else str(status), texts["error_code"]),
            cipher=texts["cipher_suite"],
            host=texts["host_header"],
            tls=texts["tls_version"],
        )
    )


def day_of(time: Any) -> date | None:
    """Return the day of a time in UTC such as `2026-06-01T12:00:00Z`, None where it is none."""
    found = _TIME.fullmatch(time) if isinstance(time, str) else None
    try:
        return date.fromisoformat(found[1]) if found else None
    except ValueError:
        return None
