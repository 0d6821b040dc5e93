"""--ledger: whose each finding is, since when it is there and when it is due, kept from run to run in a file."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, TypeVar

import click

from s3_guardrails.decision import Verdict
from s3_guardrails.errors import InputError
from s3_guardrails.remediate.durable import locked, put
from s3_guardrails.scan import Finding
from s3_guardrails.settings.guardrails import Guardrails, read_guardrails
from s3_guardrails.settings.tracking import Ledger, Sighting, Tracked

C = TypeVar("C", bound=Callable[..., Any])

Names = Mapping[str, Tracked]
"""Name of a finding → what is known of it; empty where nobody keeps a ledger."""


def ledger_option(command: C) -> C:
    """Add --ledger to a command."""
    return click.option(
        "--ledger",
        type=click.Path(path_type=Path, dir_okay=False),
        help="Keep in this file since when each finding is there; tells owners and due dates.",
    )(command)


def guardrails_of(parameters: Path | None) -> Guardrails:
    """Return the guardrails file that was given as parameters, the built-in settings where none was."""
    yaml = parameters is not None and parameters.suffix in {".yaml", ".yml"}
    return read_guardrails(parameters) if parameters and yaml else Guardrails(classes={})


@dataclass(frozen=True, slots=True)
class Tracking:
    """The ledger's file (None: no tracking), and who owns what."""

    ledger: Path | None
    settings: Guardrails

    @property
    def facts(self) -> tuple[str, ...]:
        """The facts that it needs beside those of the rules."""
        return ("tags",) if self.ledger else ()

    def track(self, sightings: Sequence[Sighting], today: date) -> Names:
        """Enter what was seen into the ledger and return what is known of each finding; raise InputError."""
        if self.ledger is None:
            return {}
        with _held(self.ledger):
            ledger = _read(self.ledger)
            ledger.observe(sightings, today)
            _write(self.ledger, ledger)
        found = ((each.name, ledger.tracked(each, self.settings, today)) for each in sightings)
        return {name: each for name, each in found if each}


def sighting(finding: Finding) -> Sighting:
    """Return what a ledger wants to know of a finding; one with an exemption is broken, however it is shown."""
    decision, resource = finding.decision, finding.resource
    broken = (
        None
        if decision.verdict is Verdict.UNDETERMINED
        else bool(decision.excuse) or (decision.verdict is Verdict.NON_COMPLIANT)
    )
    return Sighting(
        account=resource.account,
        region=resource.region,
        rule=finding.name,
        severity=finding.rule.severity,
        resource_id=finding.resource_id,
        broken=broken,
        exempt=decision.excuse is not None and decision.excuse.holds,
        tags=resource.tags,
    )


@contextmanager
def _held(path: Path) -> Iterator[None]:
    """Keep other runs from the ledger between reading and writing it."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.with_name(f"{path.name}.lock").open("a") as lock:
            if not locked(lock.fileno()):
                raise InputError(f"`{path}`: another run is writing it; try again")
            yield
    except OSError as error:
        raise InputError(f"`{path}`: {error.strerror or error}") from None


def _read(path: Path) -> Ledger:
    if not path.exists():
        return Ledger()
    try:
        return Ledger.loads(path.read_text(encoding="utf-8"))
    except UnicodeDecodeError:
        raise InputError(f"`{path}`: expected UTF-8") from None
    except InputError as error:
        raise InputError(f"`{path}`: {error}") from None


def _write(path: Path, ledger: Ledger) -> None:
    put(path, ledger.dumps())
