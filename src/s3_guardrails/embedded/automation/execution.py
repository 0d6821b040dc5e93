"""One execution of a document: which step comes next, what it is given, what becomes of the execution.

Source: AWS Systems Manager User Guide, "Properties shared by all actions": a failed critical step fails the execution
even where it goes on, isCritical is true unless onFailure is Continue, a timeout counts after the last attempt.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, Final

from s3_guardrails.embedded.automation.action import ACTIONS
from s3_guardrails.embedded.automation.approval import Approval
from s3_guardrails.embedded.automation.choice import holds
from s3_guardrails.embedded.automation.document import Document, Step
from s3_guardrails.embedded.automation.failure import StepFailed, StepTimedOut
from s3_guardrails.embedded.automation.fields import REFERENCE, DocumentError, checked, whole_reference
from s3_guardrails.embedded.automation.perform import implicit_outputs, perform
from s3_guardrails.embedded.automation.selector import NothingSelected, select
from s3_guardrails.embedded.automation.values import TYPES
from s3_guardrails.embedded.automation.world import World

MAX_STEPS: Final = 1000
"""Steps after which an execution that runs in circles is failed; AWS's own bound is not documented."""

MAX_ITEMS: Final = 100
"""Items of a list that an output keeps."""


class Status(StrEnum):
    """Of an execution and of a step."""

    IN_PROGRESS = "InProgress"
    WAITING = "Waiting"
    SUCCESS = "Success"
    FAILED = "Failed"
    TIMED_OUT = "TimedOut"
    CANCELLED = "Cancelled"


@dataclass(slots=True)
class StepRun:
    """What happened to one step; `approval` while and after it waited for people."""

    step: Step
    started: datetime
    id: str = field(default_factory=lambda: str(uuid.uuid4()))
    status: Status = Status.IN_PROGRESS
    inputs: dict[str, Any] = field(default_factory=dict)
    outputs: dict[str, Any] = field(default_factory=dict)
    failure: str = ""
    ended: datetime | None = None
    approval: Approval | None = None


class Execution:
    """An execution: `run` until it ends or waits, `decide` or `expire` what it waits for, then `run` again."""

    def __init__(self, document: Document, parameters: Mapping[str, Any], world: World, *, execution_id: str) -> None:
        """Take the parameters' values, all of them and checked."""
        self.document, self.parameters, self.id = document, dict(parameters), execution_id
        self.steps: list[StepRun] = []
        self.status = Status.IN_PROGRESS
        self.failure = ""
        self.started = world.clock.now()
        self.ended: datetime | None = None
        self.outputs: dict[str, Any] = {}
        self._world, self._order = world, list(document.steps)
        self._next: str | None = self._order[0]
        self._ends_as, self._cancelling = Status.SUCCESS, False
        self._scope = self._first_scope()

    @property
    def variables(self) -> dict[str, Any]:
        """The values of the document's variables."""
        return {name: self._scope[f"variable:{name}"] for name in self.document.variables}

    def run(self) -> None:
        """Run steps until the execution ends or waits for people."""
        while self.status is Status.IN_PROGRESS:
            if self._cancelling:
                self._divert()
            elif self._next is None:
                self._end(self._ends_as)
            elif len(self.steps) >= MAX_STEPS:
                self.failure = f"more than {MAX_STEPS} steps"
                self._end(Status.FAILED)
            else:
                self._enter(self.document.steps[self._next])

    def decide(self, sender: str, decision: str, comment: str = "") -> None:
        """Give the step that waits a decision; raise NotAnApprover. Without such a step there is nothing to call."""
        run = self.steps[-1]
        if self.status is Status.WAITING and run.approval is not None:
            run.approval.decide(sender, decision, comment, self._world.clock.now())
            self._settle(run, run.approval)

    def expire(self) -> bool:
        """Time out the step that waits if its time is over, and tell whether it did: then `run` again."""
        run = self.steps[-1] if self.steps else None
        if self.status is not Status.WAITING or run is None or run.approval is None:
            return False
        if self._world.clock.now() < run.approval.deadline:
            return False
        self._publish(run, run.approval.outputs)
        self.status = Status.IN_PROGRESS
        self._after_failure(run, StepTimedOut(f"no decision within {run.step.timeout} s"))
        return True

    def cancel(self) -> None:
        """Stop after the current step, at once where it waits; its onCancel may name a further step to run."""
        self._cancelling = True
        if self.status is Status.WAITING:
            self.steps[-1].status, self.steps[-1].ended = Status.CANCELLED, self._world.clock.now()
            self.status = Status.IN_PROGRESS

    def _divert(self) -> None:
        on_cancel = self.steps[-1].step.on_cancel if self.steps else "Abort"
        self._next = None if on_cancel == "Abort" else on_cancel.removeprefix("step:")
        self._ends_as, self._cancelling = Status.CANCELLED, False

    def _enter(self, step: Step) -> None:
        run = StepRun(step, self._world.clock.now())
        self.steps.append(run)
        failure: StepFailed | None = None
        for _ in range(step.max_attempts):
            try:
                self._attempt(run)
            except StepFailed as failed:
                failure = failed
            else:
                return
        if failure is not None:
            self._after_failure(run, failure)

    def _attempt(self, run: StepRun) -> None:
        step = run.step
        if step.action == "aws:branch":
            self._succeed(run, self._branch(step))
            return
        run.inputs = self._inputs(step)
        match step.action:
            case "aws:approve":
                run.approval = Approval.asked(run.inputs, run.started, step.timeout)
                run.status = self.status = Status.WAITING
            case "aws:updateVariable":
                self._update(run.inputs["Name"], run.inputs["Value"])
                self._succeed(run, self._following(step))
            case _:
                response = perform(step.action, run.inputs, self._world, step.timeout)
                declared = {each.name: _selected(each.selector, each.type, response) for each in step.outputs}
                self._publish(run, {**implicit_outputs(step.action, response), **declared})
                self._succeed(run, self._following(step))

    def _inputs(self, step: Step) -> dict[str, Any]:
        inputs = {name: self._resolve(value) for name, value in step.inputs.items()}
        action = ACTIONS[step.action]
        try:
            checked("inputs", inputs, action.required, action.optional, open_ended=action.open_ended)
        except DocumentError as error:
            raise StepFailed(str(error)) from None
        return inputs

    def _branch(self, step: Step) -> str | None:
        for choice in step.inputs["Choices"]:
            if holds({name: value for name, value in choice.items() if name != "NextStep"}, self._resolve):
                return str(choice["NextStep"])
        return step.inputs.get("Default") or self._following(step)

    def _settle(self, run: StepRun, approval: Approval) -> None:
        if approval.status == "Waiting":
            return
        self._publish(run, approval.outputs)
        self.status = Status.IN_PROGRESS
        if approval.status == "Approved":
            self._succeed(run, self._following(run.step))
        else:
            last = approval.decisions[-1]
            comment = f": {last['Comment']}" if last["Comment"] else ""
            self._after_failure(run, StepFailed(f"rejected by {last['Approver']}{comment}"))

    def _succeed(self, run: StepRun, following: str | None) -> None:
        run.status, run.ended = Status.SUCCESS, self._world.clock.now()
        self._next = following

    def _after_failure(self, run: StepRun, failure: StepFailed) -> None:
        run.status = Status.TIMED_OUT if isinstance(failure, StepTimedOut) else Status.FAILED
        run.failure, run.ended = str(failure), self._world.clock.now()
        handler = run.step.on_failure
        if run.step.is_critical or handler == "Abort":
            self._ends_as = self._ends_as if self._ends_as is Status.CANCELLED else run.status
            self.failure = self.failure or f"Step {run.step.name} failed: {failure}"
        if handler.startswith("step:"):
            self._next = None if run.step.is_end else handler.removeprefix("step:")
        else:
            self._next = self._following(run.step) if handler == "Continue" else None

    def _following(self, step: Step) -> str | None:
        if step.is_end:
            return None
        later = self._order[self._order.index(step.name) + 1 :]
        return step.next_step or next(iter(later), None)

    def _end(self, status: Status) -> None:
        self.status, self.ended = status, self._world.clock.now()
        names = [whole_reference(each) or each for each in self.document.outputs]
        self.outputs = {name: self._scope[name] for name in names if name in self._scope}

    def _publish(self, run: StepRun, outputs: Mapping[str, Any]) -> None:
        kept = {name: each[:MAX_ITEMS] if isinstance(each, list) else each for name, each in outputs.items()}
        run.outputs = kept
        self._scope |= {f"{run.step.name}.{name}": value for name, value in kept.items()}

    def _update(self, name: str, value: Any) -> None:
        declared = self.document.variables[name.removeprefix("variable:")]
        if not TYPES[declared.type](value):
            raise StepFailed(f"{name} is a {declared.type}, found `{value}`")
        self._scope[name] = value

    def _resolve(self, value: Any) -> Any:
        """Replace references: a whole one by the value with its type, one inside text by text."""
        if isinstance(value, Mapping):
            return {name: self._resolve(each) for name, each in value.items()}
        if isinstance(value, list):
            return [self._resolve(each) for each in value]
        if not isinstance(value, str):
            return value
        name = whole_reference(value)
        return self._look_up(name) if name else REFERENCE.sub(lambda found: _as_text(self._look_up(found[1])), value)

    def _look_up(self, name: str) -> Any:
        if name not in self._scope:
            raise StepFailed(f"{{{{ {name} }}}} has no value: its step has not run")
        return self._scope[name]

    def _first_scope(self) -> dict[str, Any]:
        return {
            **self.parameters,
            **{f"variable:{name}": each.attributes["default"] for name, each in self.document.variables.items()},
            "global:ACCOUNT_ID": self._world.account,
            "global:AWS_PARTITION": self._world.partition,
            "global:DATE": f"{self.started:%Y-%m-%d}",
            "global:DATE_TIME": f"{self.started:%Y-%m-%d_%H.%M.%S}",
            "global:REGION": self._world.region,
            "automation:EXECUTION_ID": self.id,
        }


def _selected(selector: str, declared: str, response: Any) -> Any:
    """Select an output; whether AWS fails a step whose selector finds nothing is not documented: here it fails."""
    try:
        value = select(selector, response)
    except NothingSelected:
        raise StepFailed(f"{selector} is not in the response") from None
    if not TYPES[declared](value):
        raise StepFailed(f"{selector} is not a {declared}")
    return value


def _as_text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)
