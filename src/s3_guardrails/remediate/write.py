"""Make the calls of a change: compare-and-set with retries, and never blind after an error."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from botocore import xform_name
from botocore.exceptions import BotoCoreError, ClientError

from s3_guardrails.errors import ChangeFailed
from s3_guardrails.live.call import BROKEN, THROTTLED, sentence
from s3_guardrails.live.clients import SessionClients
from s3_guardrails.remediate.change import ApiCall, State
from s3_guardrails.remediate.state import Resource, Setting, read_state, same

WRITES: Final = frozenset(
    {
        ("s3", "PutBucketPolicy"),
        ("s3", "DeleteBucketPolicy"),
        ("s3", "PutBucketEncryption"),
        ("s3", "DeleteBucketEncryption"),
        ("kms", "EnableKeyRotation"),
        ("kms", "DisableKeyRotation"),
        ("kms", "PutKeyPolicy"),
    }
)
"""Every write that this package can make."""

BUSY: Final = frozenset({"OperationAborted", "ConflictException"}) | THROTTLED | BROKEN
"""Codes after which the same call may succeed: another change is under way, or the service asks to wait."""

ATTEMPTS: Final = 5
PAUSE: Final = 2.0
"""Seconds before the second attempt; each further pause is twice as long."""

Sleep = Callable[[float], None]


@dataclass(frozen=True, slots=True)
class Target:
    """What is changed: one setting of one resource, and what to wait with between attempts.

    `writers` send each call once: a call that the SDK repeats unseen could overwrite what came in between.
    """

    clients: SessionClients
    writers: SessionClients
    setting: Setting
    resource: Resource
    sleep: Sleep = time.sleep

    def read(self) -> State:
        """Return the setting as it is now."""
        return read_state(self.setting, self.clients, self.resource)


def compare_and_set(target: Target, before: State, after: State, calls: tuple[ApiCall, ...]) -> State:
    """Write if the setting is still `before`; return what is then read back, which means the same as `after`.

    S3 and KMS have no conditional write for these settings: the re-read just before the call leaves a window of
    milliseconds, and what is read back afterwards shows whether anybody used it.
    """
    trouble: str | None = ""
    for attempt in range(ATTEMPTS + 1):
        found = target.read()
        if attempt and same(target.setting, found, after):
            return found  # an earlier attempt got through, though its answer did not
        if found != before:
            raise ChangeFailed("STATE_CHANGED", "the setting was changed by someone else since it was read; plan again")
        if attempt == ATTEMPTS:
            break
        trouble = _try(target, calls)
        if trouble is None:
            return _read_back(target, after)
        target.sleep(PAUSE * 2**attempt)
    raise ChangeFailed("WRITE_FAILED", f"{trouble}; {ATTEMPTS} attempts were made, nothing was changed")


def _try(target: Target, calls: tuple[ApiCall, ...]) -> str | None:
    """Make the calls; return what is worth another attempt, raise ChangeFailed for what is not."""
    for call in calls:
        if (call.service, call.operation) not in WRITES:
            raise ChangeFailed("NOT_A_WRITE", f"{call.service}:{call.operation} is no write of a remediation")
        client: Any = target.writers.client(call.service, target.resource.region)
        try:
            getattr(client, xform_name(call.operation))(**call.parameters)
        except ClientError as error:
            code, status = _code(error), error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 400)
            if code not in BUSY and status not in {409, 429} and status < 500:
                raise ChangeFailed("WRITE_REFUSED", sentence(error)) from error
            return sentence(error)
        except BotoCoreError as error:
            return sentence(error)
    return None


def _read_back(target: Target, after: State) -> State:
    """Read until the setting is as written: S3's settings may take seconds to be seen everywhere."""
    for attempt in range(ATTEMPTS):
        found = target.read()
        if same(target.setting, found, after):
            return found
        target.sleep(PAUSE * 2**attempt)
    raise ChangeFailed("LOST_UPDATE", "what was written is not what is read back: someone else wrote at the same time")


def _code(error: ClientError) -> str:
    return str(error.response.get("Error", {}).get("Code", ""))
