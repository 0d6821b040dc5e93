"""One run: where it is, what it has made, what its steps have noted for later ones."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Final, TypeVar

from botocore.exceptions import ClientError

from s3_guardrails.acceptance.clock import Clock
from s3_guardrails.acceptance.journal import Entry, Journal, Kind, Status
from s3_guardrails.acceptance.outcome import Stopped
from s3_guardrails.deploy.enter import enter
from s3_guardrails.encryption.fact import Unreadable
from s3_guardrails.live.call import THROTTLED
from s3_guardrails.live.clients import SessionClients

T = TypeVar("T")
TAG: Final = "s3-guardrails-acceptance"
POLL_SECONDS: Final = 15
ALLOWED: Final = "allowed"


@dataclass(slots=True, kw_only=True)
class Run:
    """Everything that a step may use. `plain_http` makes an S3 client without TLS; `sources` is the template."""

    clients: SessionClients
    account: str
    region: str
    partition: str
    organization: str
    caller: str
    journal: Journal
    clock: Clock
    plain_http: Callable[[], Any]
    sources: bytes
    endpoint_url: str | None = None
    noted: dict[str, Any] = field(default_factory=dict)

    @property
    def prefix(self) -> str:
        """How everything of this run is named."""
        return self.journal.owner.prefix

    def client(self, service: str) -> Any:
        """Return the client of a service in the Region of the run."""
        return self.clients.client(service, self.region)

    def name(self, label: str) -> str:
        """Return the name of something of this run."""
        return f"{self.prefix}-{label}"

    def arn(self, service: str, resource: str) -> str:
        """Return the ARN of something of this account and Region."""
        return f"arn:{self.partition}:{service}:{self.region}:{self.account}:{resource}"

    def role_arn(self, label: str) -> str:
        """Return the ARN of a role of this run."""
        return f"arn:{self.partition}:iam::{self.account}:role/{self.name(label)}"

    def tags(self, key: str = "Key", value: str = "Value") -> list[dict[str, str]]:
        """Return the tag of this run, as a list of objects with these members."""
        return [{key: TAG, value: self.prefix}]

    def make(self, kind: Kind, name: str, create: Callable[[], str]) -> str:
        """Note a resource, make it, note that it is made; return AWS's id, which `create` returns."""
        self.journal.write(Entry(kind=kind, name=name, status=Status.MAKING))
        made = create()
        self.journal.write(Entry(kind=kind, name=name, status=Status.MADE, id=made))
        return made

    def until(self, what: str, ask: Callable[[], T | None], minutes: float) -> T:
        """Ask until there is an answer that counts as true; raise Stopped when the minutes are over."""
        end = self.clock.now() + timedelta(minutes=minutes)
        while not (found := _patiently(ask)):
            if self.clock.now() >= end:
                raise Stopped(f"{what}: not within {minutes:g} minutes")
            self.clock.sleep(POLL_SECONDS)
        return found

    def as_role(self, label: str) -> SessionClients:
        """Return clients that sign as a session of a role of this run; a new role takes a while to be known."""

        def ask() -> SessionClients | None:
            arn = self.role_arn(label)
            found = enter(self.clients, arn, self.region, self.endpoint_url, self.prefix)
            return None if isinstance(found, Unreadable) else found

        return self.until(f"entering the role {self.name(label)}", ask, 3)

    def outputs(self) -> dict[str, str]:
        """Return the outputs of the stack."""
        [stack] = self.client("cloudformation").describe_stacks(StackName=self.name("guardrails"))["Stacks"]
        return {each["OutputKey"]: each["OutputValue"] for each in stack.get("Outputs", ())}

    def resources(self, stack: str = "guardrails") -> list[dict[str, str]]:
        """List the resources of a stack."""
        pages = self.client("cloudformation").get_paginator("list_stack_resources")
        found = pages.paginate(StackName=self.name(stack))
        return [each for page in found for each in page["StackResourceSummaries"]]


def _patiently(ask: Callable[[], T | None]) -> T | None:
    """Ask once; a service that throttles gave no answer."""
    try:
        return ask()
    except ClientError as error:
        if code_of(error) not in THROTTLED:
            raise
    return None


def code_of(error: ClientError) -> str:
    """Return AWS's code of a refusal."""
    return str(error.response.get("Error", {}).get("Code", "unknown"))


def tried(call: Callable[[], Any]) -> str:
    """Make a call; return `allowed`, or the code with which it was refused."""
    try:
        call()
    except ClientError as error:
        return code_of(error)
    return ALLOWED


def differences(expected: Sequence[tuple[str, str, str]]) -> str:
    """Return what differs, of (what, expected, found), as a sentence; empty where nothing does."""
    return "; ".join(f"{what}: expected {one}, found {other}" for what, one, other in expected if one != other)
