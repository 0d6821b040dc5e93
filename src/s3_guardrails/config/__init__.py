"""The AWS Config shell: events and configuration items come in, evaluations go out through rdklib.

A rule module takes its `lambda_handler` from here. Importing this package loads neither rdklib nor the SDK (about
0.15 s of CPU, boto3 nearly all of it), so that a catalogue or a test reads rules for nothing. Inside Lambda both are
loaded at import instead: there the initialization runs on a full CPU, while the first event has only the share that
the function's memory buys.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from typing import Any

from s3_guardrails.rule import Rule

Handler = Callable[[Mapping[str, Any], Any], list[dict[str, Any]]]


def lambda_handler_for(rule: type[Rule[Any]]) -> Handler:
    """Return the Lambda handler of a rule: event and context → the evaluations sent; raises EvaluationFailed."""

    def lambda_handler(event: Mapping[str, Any], context: Any) -> list[dict[str, Any]]:  # noqa: ARG001  # Lambda's form
        from s3_guardrails.config.handler import evaluate  # noqa: PLC0415  # rdklib loads at the first call

        return evaluate(rule, event)

    if "AWS_LAMBDA_RUNTIME_API" in os.environ:
        from s3_guardrails.config.handler import warm_up  # noqa: PLC0415  # inside Lambda, load while starting

        warm_up()
    return lambda_handler
