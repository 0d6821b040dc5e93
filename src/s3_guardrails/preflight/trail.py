"""CloudTrail: is it noted who changed a bucket's or key's settings, who used a key, and who touched objects?

Source: CloudTrail User Guide, "Logging management events", "Logging data events"; an event is logged where one selector
of one trail selects it, and a selector selects what passes each of its fields.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import product
from typing import Final

from s3_guardrails.encryption.fact import Unreadable
from s3_guardrails.preflight.finding import Finding, advises, blocks, fine, unreadable

Event = Mapping[str, str]
"""Fields of a CloudTrail event, as advanced event selectors name them."""

SOURCES: Final = ("kms.amazonaws.com", "s3.amazonaws.com")
ARN: Final = "resources.ARN"
_READ_ONLY: Final = ("true", "false")


class Operator(StrEnum):
    """How a field is compared with a text; each has a negation."""

    EQUALS = "Equals"
    STARTS_WITH = "StartsWith"
    ENDS_WITH = "EndsWith"

    def holds(self, value: str, wanted: str) -> bool:
        """Compare an event's value."""
        match self:
            case Operator.EQUALS:
                return value == wanted
            case Operator.STARTS_WITH:
                return value.startswith(wanted)
            case Operator.ENDS_WITH:
                return value.endswith(wanted)


Matches = tuple[tuple[Operator, str], ...]


@dataclass(frozen=True, slots=True)
class Field:
    """One condition of a selector: at least one of `wanted` holds, if there are any, and none of `unwanted`."""

    name: str
    wanted: Matches = ()
    unwanted: Matches = ()

    def passes(self, event: Event) -> bool:
        """Does every event of this kind pass? A field that the kind leaves open lets only some of them pass."""
        value = event.get(self.name)
        if value is None:
            return not (self.wanted or self.unwanted)
        if self.name == ARN:
            return not self.unwanted and (not self.wanted or self._begins_all(value))
        return not self._any(self.unwanted, value) and (not self.wanted or self._any(self.wanted, value))

    def _begins_all(self, prefix: str) -> bool:
        return any(operator is Operator.STARTS_WITH and prefix.startswith(value) for operator, value in self.wanted)

    @staticmethod
    def _any(matches: Matches, value: str) -> bool:
        return any(operator.holds(value, wanted) for operator, wanted in matches)


Selector = tuple[Field, ...]


@dataclass(frozen=True, slots=True)
class Trail:
    """One trail that a Region shows; `home` is where it was made. `delivery_error` is AWS's own word for it."""

    name: str
    home: str
    multi_region: bool
    logging: bool | Unreadable
    selectors: tuple[Selector, ...] | Unreadable
    delivery_error: str = ""

    def covers(self, region: str) -> bool:
        """Does the trail log events of the Region?"""
        return self.multi_region or self.home == region

    def closed(self) -> list[Unreadable]:
        """Return what of it could not be read; of a trail that is off nothing more is wanted."""
        wanted = (self.logging,) if self.logging is False else (self.logging, self.selectors)
        return [each for each in wanted if isinstance(each, Unreadable)]

    def selects(self, event: Event) -> bool:
        """Is every event of this kind logged, as far as is known?"""
        known = () if isinstance(self.selectors, Unreadable) else self.selectors
        return self.logging is True and any(all(each.passes(event) for each in selector) for selector in known)


def judge_trails(trails: Sequence[Trail] | Unreadable, region: str, partition: str) -> Iterator[Finding]:
    """Judge the trails that a Region shows."""
    if isinstance(trails, Unreadable):
        yield unreadable(trails)
        return
    here = [each for each in trails if each.covers(region)]
    closed = [each for trail in here for each in trail.closed()]
    missing = [each for each in _management() if not any(trail.selects(each) for trail in here)]
    objects = [each for each in _objects(partition) if not any(trail.selects(each) for trail in here)]
    if closed and (missing or objects):
        yield from map(unreadable, closed)
    if not missing:
        yield fine("MANAGEMENT_EVENTS_LOGGED", "management events of S3 and KMS are logged, reads and writes")
    elif not closed:
        yield _not_logged(here, missing)
    if not objects:
        yield fine("DATA_EVENTS_LOGGED", "data events of all objects are logged, reads and writes")
    elif not closed:
        sentence = "data events of S3 objects are not logged, or not of all buckets: who uses objects stays open"
        yield advises("DATA_EVENTS_MISSING", sentence, "log data events of type AWS::S3::Object where it matters")
    yield from map(_delivery, (each for each in here if each.logging is True and each.delivery_error))


def _not_logged(here: Sequence[Trail], missing: Sequence[Event]) -> Finding:
    if not here:
        sentence = "no CloudTrail trail covers the Region: nobody can say who changed a bucket or key"
        return blocks("TRAIL_ABSENT", sentence, "create a multi-Region trail, or let the organization's cover it")
    if not any(each.logging is True for each in here):
        names = ", ".join(f"`{each.name}`" for each in here)
        return blocks("TRAIL_STOPPED", f"logging is off: {names}", "start logging")
    parts = ", ".join(
        f"{'reads' if each['readOnly'] == 'true' else 'writes'} of {each['eventSource']}" for each in missing
    )
    if all(each["eventSource"] == "kms.amazonaws.com" for each in missing):
        sentence = f"no trail logs all {parts}: nobody can say who used a key"
        return blocks("KMS_EVENTS_EXCLUDED", sentence, "let a trail's management events not exclude kms.amazonaws.com")
    step = "let a trail log all management events, reads and writes"
    return blocks("MANAGEMENT_EVENTS_MISSING", f"no trail logs all {parts}", step)


def _delivery(trail: Trail) -> Finding:
    sentence = f"the last delivery of `{trail.name}` failed: {trail.delivery_error}"
    return advises("TRAIL_DELIVERY_FAILED", sentence, "mend the policy of its bucket or key")


def _management() -> Iterator[Event]:
    for source, read_only in product(SOURCES, _READ_ONLY):
        yield {"eventCategory": "Management", "eventSource": source, "readOnly": read_only}


def _objects(partition: str) -> Iterator[Event]:
    """Yield kinds of events about all objects; the ARN is the beginning that all of theirs share."""
    kind = {"eventCategory": "Data", "resources.type": "AWS::S3::Object", "eventSource": "s3.amazonaws.com"}
    for read_only in _READ_ONLY:
        yield {**kind, "readOnly": read_only, ARN: f"arn:{partition}:s3:::"}
