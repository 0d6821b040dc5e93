"""An event of EventBridge → subject and body; pure, and it raises for no event, whatever is in it.

Only members named here are told, never the whole event: requests carry policies, and identities access key ids. What
callers wrote is escaped and cut. Sources: CloudTrail User Guide, "CloudTrail record contents"; CloudWatch User Guide,
"Alarm events and EventBridge"; SNS API Reference, Publish (subject: ASCII, no line ends, less than 100 characters).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from s3_guardrails.escape import printable
from s3_guardrails.notify.kind import ABOUT, CALLS, METRICS, Kind

MAX_SUBJECT: Final = 99
MAX_TEXT: Final = 300
"""Characters of one value in the body."""
MAX_LISTED: Final = 5
MAX_NUMBER: Final = 10**9
RUNBOOKS: Final = "docs/runbooks.md"

_REQUEST: Final = {
    "granteePrincipal": "Grantee",
    "operations": "Operations",
    "pendingWindowInDays": "Days until deletion",
    "rotationPeriodInDays": "Days between rotations",
}
"""Members of a request that are told."""

Row = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Message:
    """What is published. `subject`: printable ASCII, at most MAX_SUBJECT characters; `body`: printable lines."""

    kind: Kind
    subject: str
    body: str


def message_of(event: Any) -> Message:
    """Return the message about an event; one that is not understood is told as such."""
    match _text(event, "detail-type"):
        case "AWS API Call via CloudTrail":
            return _message(_call_kind(event), event, _short(_resource(event)), _call_rows(event))
        case "CloudWatch Alarm State Change":
            return _message(_alarm_kind(event), event, _text(event, "detail", "alarmName"), _alarm_rows(event))
        case other:
            return _message(Kind.UNKNOWN, event, other, [("Type", other), ("Source", _text(event, "source"))])


def _message(kind: Kind, event: Any, name: str, rows: list[Row]) -> Message:
    place = _text(event, "region")
    about = ABOUT[kind]
    title = f"{about.title} (attempt failed)" if _text(event, "detail", "errorCode") else about.title
    known = [
        *rows,
        ("Account", _text(event, "account")),
        ("Region", place),
        ("Event", _text(event, "id")),
        ("Why it matters", about.why),
        ("What to do", f"{RUNBOOKS}#{kind.value}"),
    ]
    lines = [f"{title}.", "", *(f"{label}: {value}" for label, value in known if value)]
    return Message(kind, _subject(title, name, place), "\n".join(lines))


def _subject(title: str, name: str, place: str) -> str:
    """Return title, Region and name; the name comes last, as it is what may be cut."""
    where = f" in {place}" if place else ""
    whole = f"S3 guardrails: {title}{where}{': ' if name else ''}{name}"
    ascii_only = whole.encode("ascii", "backslashreplace").decode()
    return ascii_only if len(ascii_only) <= MAX_SUBJECT else f"{ascii_only[: MAX_SUBJECT - 3]}..."


def _call_kind(event: Any) -> Kind:
    call = _text(event, "detail", "eventSource"), _text(event, "detail", "eventName")
    return CALLS.get(call, Kind.UNKNOWN)


def _call_rows(event: Any) -> list[Row]:
    name, error = _text(event, "detail", "eventName"), _text(event, "detail", "errorCode")
    rows = [
        ("What", f"{name} failed: {error}" if error else name),
        ("Error as told", _text(event, "detail", "errorMessage")),
        ("Who", _text(event, "detail", "userIdentity", "arn") or _text(event, "detail", "userIdentity", "accountId")),
        ("Kind of identity", _text(event, "detail", "userIdentity", "type")),
        ("Role", _text(event, "detail", "userIdentity", "sessionContext", "sessionIssuer", "arn")),
        ("Through", _text(event, "detail", "userIdentity", "invokedBy")),
        ("When", _text(event, "detail", "eventTime") or _text(event, "time")),
        ("Resource", _resource(event)),
    ]
    rows += [(label, _text(event, "detail", "requestParameters", name)) for name, label in _REQUEST.items()]
    rows += [
        ("From", _text(event, "detail", "sourceIPAddress")),
        ("User agent, as the caller says", _text(event, "detail", "userAgent")),
    ]
    return rows


def _resource(event: Any) -> str:
    """Return the ARNs that CloudTrail names, or else what was asked for."""
    resources = _at(event, "detail", "resources")
    arns = [_text(each, "ARN") for each in resources[:MAX_LISTED]] if isinstance(resources, list) else []
    request = (_text(event, "detail", "requestParameters", name) for name in ("bucketName", "keyId"))
    return ", ".join(filter(None, arns)) or next(filter(None, request), "")


def _short(resources: str) -> str:
    """Return what follows account and Region in the first ARN."""
    return resources.partition(", ")[0].rpartition(":")[2]


def _alarm_kind(event: Any) -> Kind:
    return next((kind for each in _metrics(event) if (kind := METRICS.get(each))), Kind.UNKNOWN)


def _alarm_rows(event: Any) -> list[Row]:
    return [
        ("Alarm", _text(event, "detail", "alarmName")),
        ("About", _text(event, "detail", "configuration", "description")),
        ("State", _text(event, "detail", "state", "value")),
        ("Reason", _text(event, "detail", "state", "reason")),
        ("When", _text(event, "detail", "state", "timestamp") or _text(event, "time")),
    ]


def _metrics(event: Any) -> Iterator[tuple[str, str]]:
    metrics = _at(event, "detail", "configuration", "metrics")
    for each in metrics[:MAX_LISTED] if isinstance(metrics, list) else []:
        yield _text(each, "metricStat", "metric", "namespace"), _text(each, "metricStat", "metric", "name")


def _at(node: Any, *path: str) -> Any:
    for name in path:
        node = node.get(name) if isinstance(node, Mapping) else None
    return node


def _text(node: Any, *path: str) -> str:
    """Return the value at a place as text to be shown; an absent one, or one of another type, as an empty text."""
    match _at(node, *path):
        case bool() | None:
            return ""
        case str() as value:
            return _shown(value)
        case int() as value:
            return str(value) if abs(value) < MAX_NUMBER else ""
        case list() as values:
            return ", ".join(_shown(each) for each in values[:MAX_LISTED] if isinstance(each, str))
        case _:
            return ""


def _shown(text: str) -> str:
    """Return a text escaped and cut; it is cut first, as escapes are at most ten times as long."""
    shown = printable(text[: MAX_TEXT + 1])
    return shown if len(shown) <= MAX_TEXT else f"{shown[:MAX_TEXT]}... (cut)"
