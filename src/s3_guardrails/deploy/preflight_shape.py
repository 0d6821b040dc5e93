"""AWS Config's answers about recorder and delivery channel → facts; what is not understood is unreadable."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import Any, TypeVar

from s3_guardrails.errors import UnreadableFact
from s3_guardrails.preflight.facts import Delivery, Frequency, LastStatus, Recorder, RecorderStatus, Selection

E = TypeVar("E", bound=StrEnum)
_DELIVERIES = {
    "history": "configHistoryDeliveryInfo",
    "snapshot": "configSnapshotDeliveryInfo",
    "stream": "configStreamDeliveryInfo",
}


def own(found: Iterable[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Leave out recorders of other services and of other clouds: rules wait for the account's own."""
    return [each for each in found if not (each.get("servicePrincipal") or each.get("connectorArn"))]


def recorder(found: Mapping[str, Any]) -> Recorder:
    """Read an entry of DescribeConfigurationRecorders; raise UnreadableFact."""
    group, mode = found.get("recordingGroup") or {}, found.get("recordingMode") or {}
    selection = _selection(group)
    excluded = (group.get("exclusionByResourceTypes") or {}).get("resourceTypes")
    types = excluded if selection is Selection.EXCEPT else group.get("resourceTypes")
    overrides = {
        each: _known("recorder", "recordingFrequency", Frequency, override["recordingFrequency"])
        for override in mode.get("recordingModeOverrides") or ()
        for each in override["resourceTypes"]
    }
    frequency = mode.get("recordingFrequency", Frequency.CONTINUOUS)
    return Recorder(
        name=found["name"],
        selection=selection,
        types=frozenset(types or ()),
        frequency=_known("recorder", "recordingFrequency", Frequency, frequency),
        overrides=overrides,
    )


def _selection(group: Mapping[str, Any]) -> Selection:
    """Read the strategy; recorders from before there were strategies say it with allSupported alone."""
    strategy = (group.get("recordingStrategy") or {}).get("useOnly")
    if strategy:
        return _known("recorder", "recordingStrategy.useOnly", Selection, strategy)
    return Selection.ALL if group.get("allSupported") else Selection.ONLY


def recorder_status(found: Mapping[str, Any]) -> RecorderStatus:
    """Read an entry of DescribeConfigurationRecorderStatus; raise UnreadableFact."""
    return RecorderStatus(found["recording"] is True, _last("recorder_status", found), _error(found))


def deliveries(found: Mapping[str, Any]) -> tuple[Delivery, ...]:
    """Read an entry of DescribeDeliveryChannelStatus; raise UnreadableFact."""
    infos = {kind: found.get(name) or {} for kind, name in _DELIVERIES.items()}
    return tuple(Delivery(kind, _last("delivery_status", info), _error(info)) for kind, info in infos.items())


def _last(name: str, found: Mapping[str, Any]) -> LastStatus:
    """Read a lastStatus: the API Reference writes `Not_Applicable`, the service `NOT_APPLICABLE`."""
    spelling = str(found.get("lastStatus", LastStatus.NEVER)).replace("_", "").upper()
    return _known(name, "lastStatus", LastStatus, spelling)


def _error(found: Mapping[str, Any]) -> str:
    return ": ".join(str(found[name]) for name in ("lastErrorCode", "lastErrorMessage") if found.get(name))


def _known(name: str, member: str, kind: type[E], value: Any) -> E:
    if value not in set(kind):
        raise UnreadableFact(name, f"{member}: expected one of {', '.join(kind)}, found `{value}`")
    return kind(value)
