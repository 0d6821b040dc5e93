"""How many requests a bucket gets in a month: a file of numbers, or CloudWatch's request metrics; none is assumed.

`{"my-bucket": 1200000}`, or the output of `aws cloudwatch get-metric-data` whose queries have the label
`${PROP('Dim.BucketName')}` and sum GetRequests, PutRequests and PostRequests (S3 User Guide, "Amazon S3 request
metrics"). Its values are added up and taken for a month, so they must not reach over more than 31 days.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final

from s3_guardrails.classification.findings import listing, one_of, text
from s3_guardrails.errors import InputError
from s3_guardrails.policy.strict_json import kind, shown

MONTH: Final = timedelta(days=31)
MOST: Final = 10**15
"""More requests than any bucket gets; a larger number is a mistake."""

COMMAND: Final = "aws cloudwatch get-metric-data"
_RESULTS: Final = "MetricDataResults"


def requests_per_month(document: Any) -> Mapping[str, int]:
    """Return requests a month by bucket's name; raise InputError with the place."""
    if not isinstance(document, Mapping):
        raise InputError(f"expected an object of buckets and numbers, or of {COMMAND}, found {kind(document)}")
    if _RESULTS in document:
        return _metrics(document)
    return {name: _count(value, name[:80]) for name, value in document.items()}


def _count(value: Any, place: str) -> int:
    whole = isinstance(value, int) or (isinstance(value, float) and value.is_integer())
    if isinstance(value, bool) or not whole or not 0 <= value <= MOST:
        found = str(value)[:40] if isinstance(value, int | float) and not isinstance(value, bool) else kind(value)
        raise InputError(f"{place}: expected a whole number of requests a month, found {found}")
    return int(value)


def _metrics(document: Mapping[str, Any]) -> Mapping[str, int]:
    if document.get("NextToken"):
        raise InputError("NextToken: the answer is cut short: expected all of it")
    found: dict[str, int] = {}
    for place, entry in listing(document, _RESULTS, COMMAND):
        if one_of(entry, place, "StatusCode", STATUS_CODES) != "Complete":
            raise InputError(f"{place}.StatusCode: expected `Complete`: a part of the values is no month")
        bucket = text(entry, place, "Label")
        _within_a_month(_list(entry, place, "Timestamps"), f"{place}.Timestamps")
        values = _list(entry, place, "Values")
        if not values:
            continue
        counts = (_count(each, f"{place}.Values[{index}]") for index, each in enumerate(values))
        found[bucket] = found.get(bucket, 0) + sum(counts)
    return found


STATUS_CODES: Final = ("Complete", "InternalError", "PartialData", "Forbidden")


def _within_a_month(stamps: list[Any], place: str) -> None:
    moments = [_moment(each, f"{place}[{index}]") for index, each in enumerate(stamps)]
    if moments and max(moments) - min(moments) > MONTH:
        raise InputError(f"{place}: expected values of one month, found {(max(moments) - min(moments)).days} days")


def _moment(value: Any, place: str) -> datetime:
    try:
        moment = datetime.fromisoformat(value)
    except (TypeError, ValueError):
        raise InputError(f"{place}: expected a time as 2026-11-01T00:00:00+00:00, found {shown(value)}") from None
    if moment.tzinfo is None:
        raise InputError(f"{place}: expected a time with its zone, found {shown(value)}")
    return moment


def _list(entry: Mapping[str, Any], place: str, name: str) -> list[Any]:
    values = entry.get(name)
    if not isinstance(values, list):
        raise InputError(f"{place}.{name}: expected a list, found {kind(values)}")
    return values
