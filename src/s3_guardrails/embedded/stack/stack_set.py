"""Stack sets of an organization: one stack per account and Region, put there, changed and taken away by operations.

Source: CloudFormation API Reference, StackSetOperation, StackInstance, OperationPreferences. An operation runs in a
thread of its own; accounts of a Region follow one another.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from threading import Thread
from typing import Any, Final

from s3_guardrails.embedded.stack.kind import World
from s3_guardrails.embedded.stack.stack import Stack
from s3_guardrails.embedded.stack.template import Template

CANCELLED: Final = "Cancelled since failure tolerance has exceeded"
Target = tuple[str, str]
"""Account and Region."""
Work = Callable[["StackSet", Target], "Outcome"]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one target: a status of StackSetOperationResultSummary, and the reason."""

    status: str
    reason: str = ""


@dataclass(slots=True)
class Instance:
    """A stack instance; `outdated` where it is not what the stack set says."""

    stack: Stack
    unit: str
    outdated: bool = False
    outcome: Outcome = field(default_factory=lambda: Outcome("PENDING"))


@dataclass(slots=True)
class Operation:
    """An operation: results by target, in the order in which they came."""

    action: str
    id: str = field(default_factory=lambda: str(uuid.uuid4()))
    status: str = "QUEUED"
    results: dict[Target, Outcome] = field(default_factory=dict)
    began: float = field(default_factory=time.time)


@dataclass(slots=True)
class StackSet:
    """A service-managed stack set. `regions` by unit: where accounts of a unit get a stack."""

    name: str
    template: Template
    parameters: Mapping[str, str]
    automatic: bool = False
    retain: bool = False
    id: str = ""
    instances: dict[Target, Instance] = field(default_factory=dict)
    units: dict[str, list[str]] = field(default_factory=dict)
    operations: dict[str, Operation] = field(default_factory=dict)
    threads: list[Thread] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Make up an id."""
        self.id = self.id or f"{self.name}:{uuid.uuid4()}"

    def begin(
        self, action: str, targets: Iterable[Target], work: Work, regions: Sequence[str], tolerance: float
    ) -> Operation:
        """Start an operation over the targets, Region by Region; `tolerance` is a number of accounts per Region."""
        operation, wanted = Operation(action), list(dict.fromkeys(targets))
        self.operations[operation.id] = operation
        before = self.threads[-1] if self.threads else None

        def run() -> None:
            if before is not None:
                before.join()
            operation.status = "RUNNING"
            within = True
            for region in regions:
                within = self._region(
                    operation, [each for each in wanted if each[1] == region], work, tolerance, within
                )
            operation.status = "SUCCEEDED" if within else "FAILED"

        thread = Thread(target=run, daemon=True)
        self.threads.append(thread)
        thread.start()
        return operation

    def _region(self, operation: Operation, targets: list[Target], work: Work, tolerance: float, within: bool) -> bool:
        """Work on the targets of one Region until more failed than is tolerated; return whether that is so."""
        failed = 0
        for target in targets:
            going = within and failed <= tolerance
            outcome = work(self, target) if going else Outcome("CANCELLED", CANCELLED)
            failed += outcome.status == "FAILED"
            operation.results[target] = outcome
            if target in self.instances:
                instance = self.instances[target]
                instance.outcome, instance.outdated = outcome, outcome.status != "SUCCEEDED"
        return within and failed <= tolerance

    def wait(self) -> None:
        """Wait until every operation has ended."""
        for each in list(self.threads):
            each.join()

    def tolerated(self, preferences: Mapping[str, Any], accounts: int) -> float:
        """Return how many accounts of a Region may fail."""
        if "FailureTolerancePercentage" in preferences:
            return int(preferences["FailureTolerancePercentage"]) * accounts // 100
        return int(preferences.get("FailureToleranceCount", 0))


def put(connect: Callable[[Target], Callable[[str], Any]], unit_of: Callable[[str], str]) -> Work:
    """Return the work that creates or updates a target's stack.

    `connect`: target → clients of StackSets' role there.
    """

    def work(stack_set: StackSet, target: Target) -> Outcome:
        instance = stack_set.instances.get(target)
        if instance is None or instance.stack.status == "ROLLBACK_COMPLETE":
            name = f"StackSet-{stack_set.name}-{uuid.uuid4()}"
            instance = Instance(Stack(World(*target, name, connect(target))), unit_of(target[0]))
            stack_set.instances[target] = instance
            done = instance.stack.create(stack_set.template, stack_set.parameters)
        else:
            done = instance.stack.update(stack_set.template, stack_set.parameters)
        return Outcome("SUCCEEDED") if done else Outcome("FAILED", instance.stack.reason)

    return work


def take_away(*, retain: bool) -> Work:
    """Return the work that deletes a target's stack, or with `retain` only lets go of it."""

    def work(stack_set: StackSet, target: Target) -> Outcome:
        stack = stack_set.instances[target].stack
        if not retain and not stack.delete():
            return Outcome("FAILED", stack.reason)
        del stack_set.instances[target]
        return Outcome("SUCCEEDED")

    return work
