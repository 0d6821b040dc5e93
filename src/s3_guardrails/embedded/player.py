"""AWS Config played on an embedded AWS: rules are deployed, items delivered, handlers invoked, evaluations stored.

The handlers are the real ones and the events have the shapes of captured ones. Where a handler fails, the failure is
kept and the play goes on, as AWS Config goes on.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

from s3_guardrails.discovery import Entry
from s3_guardrails.embedded.config_event import Event, change_event, scheduled_event
from s3_guardrails.embedded.environment import only
from s3_guardrails.embedded.item import Item, in_history
from s3_guardrails.embedded.runtime import LambdaRuntime
from s3_guardrails.embedded.server import EmbeddedAws

Invoke = Callable[[Entry, Event], None]
"""Runs a rule's handler; raises where Lambda would count a failure."""


@dataclass(frozen=True, slots=True)
class Failure:
    """An invocation that did not succeed."""

    rule: str
    resource: str
    error: str


@dataclass(slots=True)
class ConfigPlayer:
    """One Region's AWS Config; `failures` collects what went wrong."""

    aws: EmbeddedAws
    entries: tuple[Entry, ...]
    failures: list[Failure] = field(default_factory=list)
    invocations: int = 0

    def deploy(self, parameters: Mapping[str, Mapping[str, str]]) -> None:
        """Create the recorder and the rules, each with its input parameters."""
        config = self.aws.client("config")
        role = f"arn:aws:iam::{self.aws.account}:role/aws-service-role/config.amazonaws.com/AWSServiceRoleForConfig"
        config.put_configuration_recorder(ConfigurationRecorder={"name": "default", "roleARN": role})
        for entry in self.entries:
            function = f"arn:aws:lambda:{self.aws.region}:{self.aws.account}:function:{entry.name}"
            rule = {
                "ConfigRuleName": entry.name,
                "Description": entry.rule.description(),
                "Source": {"Owner": "CUSTOM_LAMBDA", "SourceIdentifier": function},
                "InputParameters": json.dumps(parameters.get(entry.name, {})),
            }
            config.put_config_rule(ConfigRule=rule)

    def deliver(self, item: Item, invoke: Invoke) -> None:
        """Record an item and invoke the change-triggered rules of its type."""
        self.aws.config.record(in_history(item))
        for entry in self.entries:
            if entry.rule.trigger.on_change and entry.rule.resource_type == item["resourceType"]:
                self._invoke(
                    entry, item["resourceId"], change_event(self.aws.config, self.aws.account, entry.name, item), invoke
                )

    def schedule(self, invoke: Invoke) -> None:
        """Invoke the periodic rules, as AWS Config does every 24 hours."""
        for entry in self.entries:
            if entry.rule.trigger.scheduled:
                self._invoke(entry, "", scheduled_event(self.aws.config, self.aws.account, entry.name), invoke)

    def results(self, rule: str) -> list[dict[str, Any]]:
        """Return what AWS Config says of the rule, read through its API."""
        paginator = self.aws.client("config").get_paginator("get_compliance_details_by_config_rule")
        pages = paginator.paginate(ConfigRuleName=rule, PaginationConfig={"PageSize": 100})
        return [each for page in pages for each in page["EvaluationResults"]]

    def _invoke(self, entry: Entry, resource: str, event: Event, invoke: Invoke) -> None:
        self.invocations += 1
        try:
            invoke(entry, event)
        except Exception as error:  # noqa: BLE001  # a handler may fail in any way
            self.failures.append(Failure(entry.name, resource, f"{type(error).__name__}: {error}"))


def in_process(aws: EmbeddedAws) -> Invoke:
    """Invoke handlers by calling them; the rule modules are those that the catalogue loaded."""
    context = SimpleNamespace(function_name="guardrail", get_remaining_time_in_millis=lambda: 60_000)

    def invoke(entry: Entry, event: Event) -> None:
        with only(aws.environment()):
            sys.modules[entry.name].lambda_handler(event, context)

    return invoke


class InvocationFailed(RuntimeError):
    """Lambda would count the invocation as failed."""


def in_lambda(runtimes: Mapping[str, LambdaRuntime]) -> Invoke:
    """Invoke handlers through the Lambda runtime client, one warm process per rule."""

    def invoke(entry: Entry, event: Event) -> None:
        invocation = runtimes[entry.name].invoke(event)
        if not invocation.succeeded:
            raise InvocationFailed(f"{invocation.ending}: {invocation.body or invocation.log[-1000:]}")

    return invoke


def runtime_of(entry: Entry, aws: EmbeddedAws) -> LambdaRuntime:
    """Return the Lambda of a rule, to be entered."""
    return LambdaRuntime(f"{entry.name}.lambda_handler", entry.folder, aws.environment())


def deliver_all(player: ConfigPlayer, items: Iterable[Item], invoke: Invoke) -> None:
    """Deliver items in order, then invoke the periodic rules."""
    for item in items:
        player.deliver(item, invoke)
    player.schedule(invoke)
