"""What is known of the surroundings of one account and Region: values, absent, or unreadable with the reason."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from s3_guardrails.encryption.fact import Absent, Unreadable
from s3_guardrails.preflight.quota import Roles


class Selection(StrEnum):
    """How a recorder chooses resource types: RecordingStrategy.useOnly in the AWS Config API Reference."""

    ALL = "ALL_SUPPORTED_RESOURCE_TYPES"
    ONLY = "INCLUSION_BY_RESOURCE_TYPES"
    EXCEPT = "EXCLUSION_BY_RESOURCE_TYPES"


class Frequency(StrEnum):
    """How often a recorder notes changes (RecordingMode)."""

    CONTINUOUS = "CONTINUOUS"
    DAILY = "DAILY"


@dataclass(frozen=True, slots=True)
class Recorder:
    """The customer managed configuration recorder of a Region.

    `types`: those that are recorded (ONLY) or left out (EXCEPT). `overrides`: the frequency of single types.
    """

    name: str
    selection: Selection = Selection.ALL
    types: frozenset[str] = frozenset()
    frequency: Frequency = Frequency.CONTINUOUS
    overrides: Mapping[str, Frequency] = field(default_factory=dict)

    def records(self, resource_type: str) -> bool:
        """Is a type recorded? Including global types (of IAM) or not makes no difference to buckets and keys."""
        match self.selection:
            case Selection.ALL:
                return True
            case Selection.ONLY:
                return resource_type in self.types
            case Selection.EXCEPT:
                return resource_type not in self.types

    def frequency_of(self, resource_type: str) -> Frequency:
        """Return how often changes of a type are recorded."""
        return self.overrides.get(resource_type, self.frequency)


class LastStatus(StrEnum):
    """How the last attempt of a recorder or delivery ended; AWS's spellings without underscores, in capitals."""

    SUCCESS = "SUCCESS"
    FAILURE = "FAILURE"
    PENDING = "PENDING"
    NEVER = "NOTAPPLICABLE"


@dataclass(frozen=True, slots=True)
class RecorderStatus:
    """Whether the recorder is on, and how its last recording ended; `error` is AWS's code and message."""

    recording: bool
    last: LastStatus
    error: str = ""


@dataclass(frozen=True, slots=True)
class Delivery:
    """The last delivery of one kind (`history`, `snapshot`, `stream`); `error` is AWS's code and message."""

    kind: str
    last: LastStatus
    error: str = ""


@dataclass(frozen=True, slots=True)
class RegionFacts:
    """The surroundings in one Region. `delivery_channel` is its name."""

    region: str
    recorder: Recorder | Absent | Unreadable
    recorder_status: RecorderStatus | Unreadable
    delivery_channel: str | Absent | Unreadable
    delivery_status: tuple[Delivery, ...] | Unreadable


@dataclass(frozen=True, slots=True)
class AccountFacts:
    """The surroundings that do not depend on a Region. `service_roles`: services that have a service-linked role."""

    service_roles: frozenset[str] | Unreadable
    roles: Roles | Unreadable
