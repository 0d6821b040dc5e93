"""What an execution needs from outside: clients, functions, a clock. The embedder gives them."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol

from s3_guardrails.embedded.automation.failure import StepFailed


class Clock(Protocol):
    """Time for an execution."""

    def now(self) -> datetime:
        """Return the time, in UTC."""

    def sleep(self, seconds: float) -> None:
        """Let time pass."""


class WallClock:
    """Real time."""

    def now(self) -> datetime:
        """Return the time, in UTC."""
        return datetime.now(UTC)

    def sleep(self, seconds: float) -> None:
        """Let time pass."""
        time.sleep(seconds)


class QuickClock(WallClock):
    """Real time, except that waiting takes none: the clock is put forward instead."""

    def __init__(self) -> None:
        """Begin with the real time."""
        self._ahead = timedelta()

    def now(self) -> datetime:
        """Return the time, in UTC."""
        return super().now() + self._ahead

    def sleep(self, seconds: float) -> None:
        """Put the clock forward."""
        self._ahead += timedelta(seconds=seconds)


@dataclass(frozen=True, slots=True)
class Reply:
    """What a function answered: its payload as plain data, ``Handled`` or ``Unhandled`` if it failed, and its log."""

    payload: Any
    function_error: str | None = None
    log: str = ""


Invoke = Callable[[str, Any], Reply]
"""Invokes a function, by name or ARN, with a payload."""


def no_function(name: str, _payload: Any) -> Reply:
    """Stand where no functions are deployed."""
    raise StepFailed(f"Function not found: {name} (ResourceNotFoundException)")


@dataclass(frozen=True, slots=True)
class World:
    """The account in which an execution runs.

    `client` gives the boto3 client of a service; `environment` is all that a script's process sees of the environment.
    """

    account: str
    region: str
    client: Callable[[str], Any]
    invoke: Invoke = no_function
    partition: str = "aws"
    clock: Clock = field(default_factory=WallClock)
    environment: Mapping[str, str] = field(default_factory=dict)
