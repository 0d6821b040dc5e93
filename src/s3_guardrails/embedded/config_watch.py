"""AWS Config at work in one account and Region: it records what changes and invokes deployed rules through Lambda.

Which rules are invoked for what is for each rule's source and scope to say, not for this package's catalogue; a rule
whose function AWS Config may not call fails, as do functions that raise.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final

from s3_guardrails.embedded.config_event import Event, change_event, scheduled_event
from s3_guardrails.embedded.item import BUCKET, Recorder, in_history
from s3_guardrails.embedded.pack_service import CONFIG
from s3_guardrails.embedded.place import Place
from s3_guardrails.embedded.player import Failure
from s3_guardrails.embedded.server import EmbeddedAws

CHANGED: Final = "ConfigurationItemChangeNotification"
SCHEDULED: Final = "ScheduledNotification"


@dataclass(slots=True)
class ConfigWatch:
    """Records and evaluates; `failures` collects invocations that went wrong, `invocations` counts all."""

    aws: EmbeddedAws
    account: str
    region: str
    failures: list[Failure] = field(default_factory=list)
    invocations: int = 0

    @property
    def place(self) -> Place:
        """AWS Config and Lambda of this account and Region."""
        return self.aws.places.at(self.account, self.region)

    def warm(self) -> None:
        """Start the functions of all rules: one, which compiles the modules for all, then the others at once."""
        first, *others = [_function(rule) for rule in self.place.config.rules.values()]
        self.place.functions.start(first).wait_loaded()
        for each in others:
            self.place.functions.start(each)

    def changed(self, kind: str, name: str) -> None:
        """Record a bucket or key as it is now, and invoke the rules that look at changes of its type."""
        recorder = self._recorder()
        item = recorder.bucket(name) if kind == BUCKET else recorder.key(name)
        self.place.config.record(in_history(item))
        for rule in self._rules(CHANGED):
            if kind in self.place.config.rules[rule]["Scope"]["ComplianceResourceTypes"]:
                self._invoke(rule, name, change_event(self.place.config, self.account, rule, item))

    def scheduled(self, beginning: str = "") -> None:
        """Invoke the periodic rules, or of them those whose names begin so."""
        for rule in self._rules(SCHEDULED):
            if rule.startswith(beginning):
                self._invoke(rule, "", scheduled_event(self.place.config, self.account, rule))

    def _rules(self, message: str) -> Iterator[str]:
        for name, rule in list(self.place.config.rules.items()):
            if any(each["MessageType"] == message for each in rule["Source"]["SourceDetails"]):
                yield name

    def _recorder(self) -> Recorder:
        role = f"arn:aws:iam::{self.account}:role/aws-service-role/config.amazonaws.com/AWSServiceRoleForConfig"
        key = self.aws.assume(role, "recorder")
        s3, kms = (self.aws.client(service, self.region, key) for service in ("s3", "kms"))
        return Recorder(s3, kms, self.account, self.region)

    def _invoke(self, name: str, resource: str, event: Event) -> None:
        self.invocations += 1
        rule, functions = self.place.config.rules[name], self.place.functions
        if not functions.callable_by(CONFIG, rule["Source"]["SourceIdentifier"], self.account):
            self.failures.append(Failure(name, resource, "AWS Config may not invoke the function"))
            return
        invocation = functions.invoke(_function(rule), event)
        if not invocation.succeeded:
            self.failures.append(Failure(name, resource, f"{invocation.ending}: {invocation.body or invocation.log}"))


def _function(rule: dict[str, Any]) -> str:
    return str(rule["Source"]["SourceIdentifier"]).rpartition(":")[2]
