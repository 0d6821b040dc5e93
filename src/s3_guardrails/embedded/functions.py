"""The account's Lambda functions, by name, as SSM Automation invokes them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from threading import Lock
from typing import Any

from s3_guardrails.embedded.automation.world import Reply, no_function
from s3_guardrails.embedded.runtime import Ending, Invocation, LambdaRuntime

Function = Callable[[Any], Reply]


@dataclass(slots=True)
class Functions:
    """What is deployed. ``deploy`` takes a warm runtime, or any callable from payload to Reply."""

    _deployed: dict[str, Function] = field(default_factory=dict)

    def deploy(self, name: str, function: LambdaRuntime | Function) -> None:
        """Deploy a function under a name, or replace it."""
        self._deployed[name] = _in_runtime(function) if isinstance(function, LambdaRuntime) else function

    def remove(self, name: str) -> None:
        """Forget a function."""
        self._deployed.pop(name, None)

    def invoke(self, named: str, payload: Any) -> Reply:
        """Invoke by name or ARN; raise StepFailed where there is no such function."""
        name = named.partition(":function:")[2].partition(":")[0] or named
        function = self._deployed.get(name)
        return function(payload) if function else no_function(named, payload)


def reply_of(invocation: Invocation) -> Reply:
    """Return what the Invoke API makes of an invocation."""
    if invocation.succeeded:
        return Reply(invocation.body, None, invocation.log)
    if invocation.ending is Ending.ERROR:
        return Reply(invocation.body, "Unhandled", invocation.log)
    return Reply({"errorType": "Runtime.Failure", "errorMessage": str(invocation.ending)}, "Unhandled", invocation.log)


def _in_runtime(runtime: LambdaRuntime) -> Function:
    lock = Lock()  # one environment serves one invocation at a time

    def invoke(payload: Any) -> Reply:
        with lock:
            return reply_of(runtime.invoke(payload))

    return invoke
