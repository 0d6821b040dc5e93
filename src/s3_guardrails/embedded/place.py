"""What AWS keeps apart by account and Region: of each place the services of this package that hold its state."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from s3_guardrails.embedded.automation_service import AutomationService, Connect
from s3_guardrails.embedded.config_service import ConfigService
from s3_guardrails.embedded.remediation_service import RemediationService


class Place:
    """AWS Config and SSM Automation of one account and Region; `automation.functions` are its functions."""

    def __init__(self, connect: Connect) -> None:
        """Begin with nothing in it."""
        self.config = ConfigService()
        self.automation = AutomationService(connect)
        self.remediation = RemediationService(self.automation, self.config)


@dataclass(slots=True)
class Places:
    """Every place that anybody has looked at; each exists as soon as it is asked for."""

    connect: Connect
    _known: dict[tuple[str, str], Place] = field(default_factory=dict)

    def at(self, account: str, region: str) -> Place:
        """Return the place of an account and Region."""
        return self._known.setdefault((account, region), Place(self.connect))

    def known(self) -> list[tuple[str, str]]:
        """Return account and Region of every place that there is."""
        return sorted(self._known)

    def __iter__(self) -> Iterator[Place]:
        """Yield the places that there are."""
        yield from list(self._known.values())


@dataclass(frozen=True, slots=True)
class Regional:
    """Answers with the service of the place that a call is signed for: account, Region → service."""

    at: Callable[[str, str], ConfigService | AutomationService | RemediationService]
