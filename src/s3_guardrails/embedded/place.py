"""What AWS keeps apart by account and Region: of each place the services of this package that hold its state."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial

from s3_guardrails.embedded.automation_service import AutomationService, Connect
from s3_guardrails.embedded.code_store import CodeStore
from s3_guardrails.embedded.config_service import ConfigService
from s3_guardrails.embedded.function_service import Environment, FunctionService
from s3_guardrails.embedded.pack_service import PackService
from s3_guardrails.embedded.remediation_service import RemediationService
from s3_guardrails.embedded.s3_service import S3Service
from s3_guardrails.embedded.stack.service import StackService


class Place:
    """AWS Config, SSM Automation, Lambda and CloudFormation of one account and Region.

    `automation.functions` are what Automation can invoke: those that Lambda has, and those that a test puts there.
    """

    def __init__(self, connect: Connect, s3: S3Service, store: CodeStore, environment: Environment) -> None:
        """Begin with nothing in it."""
        self.config = ConfigService()
        self.automation = AutomationService(connect)
        self.remediation = RemediationService(self.automation, self.config)
        self.functions = FunctionService(s3, store, environment, self.automation.functions)
        self.packs = PackService(self.config, self.remediation, self.functions)
        self.stacks = StackService(connect)

    def stop(self) -> None:
        """End what runs."""
        self.automation.stop()
        self.functions.stop()


@dataclass(slots=True)
class Places:
    """Every place that anybody has looked at; each exists as soon as it is asked for."""

    connect: Connect
    s3: S3Service
    environment: Callable[[str, str], Mapping[str, str]]
    """Region and role → what leads a function's SDK here."""
    store: CodeStore = field(default_factory=CodeStore)
    _known: dict[tuple[str, str], Place] = field(default_factory=dict)

    def at(self, account: str, region: str) -> Place:
        """Return the place of an account and Region."""
        if (account, region) not in self._known:
            environment = partial(self.environment, region)
            self._known[account, region] = Place(self.connect, self.s3, self.store, environment)
        return self._known[account, region]

    def known(self) -> list[tuple[str, str]]:
        """Return account and Region of every place that there is."""
        return sorted(self._known)

    def __iter__(self) -> Iterator[Place]:
        """Yield the places that there are."""
        yield from list(self._known.values())

    def stop(self) -> None:
        """End what runs, everywhere."""
        for each in self:
            each.stop()
        self.store.close()


Held = ConfigService | AutomationService | RemediationService | FunctionService | PackService | StackService


@dataclass(frozen=True, slots=True)
class Regional:
    """Answers with the service of the place that a call is signed for."""

    of: Callable[[Place], Held]
    places: Places

    def at(self, account: str, region: str) -> Held:
        """Return the service of a place."""
        return self.of(self.places.at(account, region))
