"""Read CloudTrail's trails; basic event selectors are read as the advanced ones that say the same."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any, Final, TypeVar

from s3_guardrails.deploy.preflight_call import tried
from s3_guardrails.encryption.fact import Unreadable
from s3_guardrails.errors import UnreadableFact
from s3_guardrails.live.clients import Clients
from s3_guardrails.preflight.trail import ARN, Field, Matches, Operator, Selector, Trail

T = TypeVar("T")
_READ_ONLY: Final[Mapping[str, tuple[str, ...]]] = {"All": (), "ReadOnly": ("true",), "WriteOnly": ("false",)}
_NOT: Final = "Not"


def read_trails(clients: Clients, region: str) -> tuple[Trail, ...] | Unreadable:
    """Return every trail that the Region shows, those of other Regions and of the organization too."""

    def ask() -> list[tuple[str, str, bool]]:
        found = clients.client("cloudtrail", region).describe_trails(includeShadowTrails=True)["trailList"]
        return [(each["TrailARN"], each["HomeRegion"], each["IsMultiRegionTrail"]) for each in found]

    found = tried("trails", ask)
    return found if isinstance(found, Unreadable) else tuple(_trail(clients, region, *each) for each in found)


def _trail(clients: Clients, region: str, arn: str, home: str, multi_region: bool) -> Trail:
    """Read one trail: its status in this Region, its selectors in its own."""

    def status() -> tuple[bool, str]:
        found = clients.client("cloudtrail", region).get_trail_status(Name=arn)
        return found["IsLogging"], found.get("LatestDeliveryError") or ""

    logs = _of(arn, tried("trail_status", status))
    selectors = _of(arn, tried("event_selectors", lambda: _selectors(clients.client("cloudtrail", home), arn)))
    logging, error = (logs, "") if isinstance(logs, Unreadable) else logs
    return Trail(arn, home, multi_region, logging, selectors, error)


def _of(name: str, found: T | Unreadable) -> T | Unreadable:
    """Say of which trail something could not be read."""
    return replace(found, reason=f"`{name}`: {found.reason}") if isinstance(found, Unreadable) else found


def _selectors(cloudtrail: Any, arn: str) -> tuple[Selector, ...]:
    found = cloudtrail.get_event_selectors(TrailName=arn)
    basic = [each for selector in found.get("EventSelectors") or () for each in _basic(selector)]
    return (*basic, *(_advanced(each) for each in found.get("AdvancedEventSelectors") or ()))


def _basic(selector: Mapping[str, Any]) -> Iterator[Selector]:
    kind = selector.get("ReadWriteType", "All")
    if kind not in _READ_ONLY:
        raise UnreadableFact("event_selectors", f"ReadWriteType: expected All, ReadOnly or WriteOnly, found `{kind}`")
    narrowed = (Field("readOnly", _equal(_READ_ONLY[kind])),)
    if selector.get("IncludeManagementEvents", True):
        excluded = Field("eventSource", unwanted=_equal(selector.get("ExcludeManagementEventSources") or ()))
        yield (Field("eventCategory", _equal(["Management"])), excluded, *narrowed)
    for each in selector.get("DataResources") or ():
        about = Field("resources.type", _equal([each["Type"]]))
        for value in each.get("Values") or ():
            begins = Field(ARN, ((Operator.STARTS_WITH, value),))
            yield (Field("eventCategory", _equal(["Data"])), about, begins, *narrowed)


def _advanced(selector: Mapping[str, Any]) -> Selector:
    return tuple(_field(each) for each in selector["FieldSelectors"])


def _field(found: Mapping[str, Any]) -> Field:
    given = {name: values for name, values in found.items() if name != "Field" and values}
    wanted = [(_operator(name), each) for name, values in given.items() if not name.startswith(_NOT) for each in values]
    unwanted = [
        (_operator(name.removeprefix(_NOT)), each)
        for name, values in given.items()
        if name.startswith(_NOT)
        for each in values
    ]
    return Field(found["Field"], tuple(wanted), tuple(unwanted))


def _operator(name: str) -> Operator:
    if name not in set(Operator):
        raise UnreadableFact("event_selectors", f"expected the operators {', '.join(Operator)}, found `{name}`")
    return Operator(name)


def _equal(values: Iterable[str]) -> Matches:
    return tuple((Operator.EQUALS, each) for each in values)
