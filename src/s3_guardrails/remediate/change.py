"""What a remediation proposes: calls with their effect, what speaks against them, and what a person must approve."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

State = Mapping[str, Any]
"""What a remediation changes, as JSON data, exactly as AWS answered it; also its pre-image.

`{"policy": text | None}` (bucket policy), `{"encryption": ServerSideEncryptionConfiguration | None}`,
`{"rotation": {"enabled": bool, "days": int | None} | None}`, `{"key_policy": text}`.
"""


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why nothing may be changed: a stable code, a sentence, and what to do instead."""

    code: str
    sentence: str
    next_step: str


@dataclass(frozen=True, slots=True)
class Concern:
    """Why a person must look before the change is made: a stable code and a sentence."""

    code: str
    sentence: str


@dataclass(frozen=True, slots=True)
class ApiCall:
    """One write: `service` and `operation` as botocore spells them (`s3`, `PutBucketPolicy`), and its parameters."""

    service: str
    operation: str
    parameters: Mapping[str, Any]

    def as_json(self) -> dict[str, Any]:
        """Return plain data."""
        return {"service": self.service, "operation": self.operation, "parameters": dict(self.parameters)}


@dataclass(frozen=True, slots=True, kw_only=True)
class NothingToDo:
    """The resource is as it should be; no write."""

    because: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """The change is refused, for every reason found, not just the first."""

    refusals: tuple[Refusal, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposed:
    """The change: the state after it, the calls that make it, and what needs a person's approval (often nothing)."""

    after: State
    calls: tuple[ApiCall, ...]
    concerns: tuple[Concern, ...] = ()
    notes: tuple[str, ...] = ()


Proposal = NothingToDo | Refused | Proposed


def digest(value: Any) -> str:
    """Return the SHA-256 of JSON data in its canonical form, as 64 hexadecimal digits."""
    canonical = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hashlib.sha256(canonical.encode()).hexdigest()
