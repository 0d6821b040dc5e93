"""What many logs say of each bucket in the days that count: who was seen, and what they do not cover."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Final, NamedTuple

from s3_guardrails.logs.seen import Line, SeenRequest, Source, Unread, Upload

WINDOW: Final = timedelta(days=30)
"""How many days before today count."""


class Kind(NamedTuple):
    """What alike requests have in common, in the words of `SeenRequest`."""

    who: str
    over_http: bool | None
    tls: str | None
    upload: Upload | None


@dataclass(slots=True)
class Times:
    """How often alike requests came, and the last day."""

    count: int
    last: date


@dataclass(slots=True)
class Told:
    """What one source says of one bucket: requests that were let through, days it covers, lines not read for certain.

    A day is covered where a request was logged (in data events: a write): a day without one may lack its logs.
    """

    seen: dict[Kind, Times] = field(default_factory=dict)
    days: set[date] = field(default_factory=set)
    unread: int = 0

    def note(self, line: SeenRequest) -> None:
        """Take in one request."""
        if line.source is Source.ACCESS_LOG or line.writes:
            self.days.add(line.day)
        if line.refused:
            return
        kind = Kind(line.who, line.over_http, line.tls, line.upload)
        times = self.seen.get(kind)
        if times is None:
            self.seen[kind] = Times(1, line.day)
        else:
            times.count += 1
            times.last = max(times.last, line.day)


@dataclass(slots=True)
class BySource:
    """What one source says: of each bucket, and the number of lines that could not be read and tell no bucket."""

    source: Source
    buckets: dict[str, Told] = field(default_factory=dict)
    unread: int = 0
    found: bool = False

    def told(self, bucket: str) -> Told:
        """Return what it says of a bucket, perhaps nothing."""
        return self.buckets.get(bucket) or Told()

    def add(self, line: Line) -> None:
        """Take in what one line says."""
        self.found = True
        if line is None:
            return
        if line.bucket is None:
            self.unread += 1
            return
        told = self.buckets.get(line.bucket)
        if told is None:
            told = self.buckets[line.bucket] = Told()
        if isinstance(line, Unread):
            told.unread += 1
        else:
            told.note(line)


class LogBook:
    """What logs say of the days from `today` back; memory grows with the callers that differ, not with the lines.

    `strange`: names of files that are no logs.
    """

    def __init__(self, today: date) -> None:
        """Begin with nothing."""
        self.today = today
        self.access, self.trail = BySource(Source.ACCESS_LOG), BySource(Source.TRAIL)
        self.strange: list[str] = []
        self._first = today - WINDOW

    def add(self, source: Source, line: Line) -> None:
        """Take in one line of a source; what is older than the window does not count."""
        if line is not None and line.day is not None and line.day < self._first:
            line = None
        (self.access if source is Source.ACCESS_LOG else self.trail).add(line)

    def gaps(self, part: BySource, bucket: str) -> Iterator[str]:
        """Yield what keeps a part of the book from showing that nobody was there: days, lines and files that lack."""
        told = part.told(bucket)
        days = (self.today - timedelta(days=each) for each in range(WINDOW.days, 0, -1))
        missing = [each for each in days if each not in told.days]
        if missing:
            what = "request" if part.source is Source.ACCESS_LOG else "write"
            yield f"{part.source} show no {what} on {len(missing)} of {WINDOW.days} days ({_spans(missing)})"
        if told.unread:
            yield f"{told.unread} of their lines about the bucket could not be read for certain"
        if part.unread:
            yield f"{part.unread} of their lines could not be read, and tell no bucket"
        if self.strange:
            yield f"{len(self.strange)} of the files are no logs, such as {self.strange[0]}"


def _spans(days: Sequence[date]) -> str:
    """Write days in order, those that follow each other as a span."""
    spans: list[list[date]] = []
    for day in days:
        if spans and day - spans[-1][-1] == timedelta(days=1):
            spans[-1][1:] = [day]
        else:
            spans.append([day])
    return ", ".join(" to ".join(map(str, each)) for each in spans)
