"""--ledger: whose each finding is, since when it is there and when it is due, kept from run to run in a file."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any, TypeVar

import click

from s3_guardrails.decision import Severity, Verdict
from s3_guardrails.errors import InputError
from s3_guardrails.fleet.row import Row
from s3_guardrails.remediate.durable import locked, put
from s3_guardrails.scan import Finding
from s3_guardrails.settings.guardrails import Guardrails, read_guardrails
from s3_guardrails.settings.tracking import Ledger, Sighting, Tracked, finding_name

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

    def known(self) -> frozenset[str]:
        """Return the names of the findings that the ledger has; raise InputError."""
        return frozenset(_read(self.ledger).first_seen) if self.ledger else frozenset()

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
    return Sighting(
        account=resource.account,
        region=resource.region,
        rule=finding.name,
        severity=finding.rule.severity,
        resource_id=finding.resource_id,
        broken=_broken(decision.verdict, excused=decision.excuse is not None),
        exempt=decision.excuse is not None and decision.excuse.holds,
        tags=resource.tags,
    )


def _broken(verdict: Verdict, *, excused: bool) -> bool | None:
    return None if verdict is Verdict.UNDETERMINED else excused or verdict is Verdict.NON_COMPLIANT


def row_sighting(row: Row, severity: Severity) -> Sighting:
    """Return what a ledger wants to know of a row of a fleet; an exempt one is broken, however it is shown."""
    return Sighting(
        account=row.account,
        region=row.region,
        rule=row.rule,
        severity=severity,
        resource_id=row.resource_id,
        broken=_broken(row.verdict, excused=bool(row.exemption)),
        exempt=row.exempt,
        tags=row.tags,
    )


def counted(names: Names) -> dict[str, int]:
    """Return how many findings are overdue and without an owner; nothing where nobody keeps a ledger."""
    if not names:
        return {}
    found = names.values()
    return {"overdue": sum(each.overdue for each in found), "without_owner": sum(each.owner is None for each in found)}


def name_of(row: Row) -> str:
    """Return the name that a row has in a ledger."""
    return finding_name(row.account, row.region, row.rule, row.resource_id)


@dataclass(slots=True)
class FleetTracking:
    """Tracks the findings of many accounts; of what holds, only what the ledger has is kept, so memory stays small."""

    tracking: Tracking
    severities: Mapping[str, Severity]
    seen: list[Sighting] = field(default_factory=list)
    of_ledger: frozenset[str] = frozenset()

    def __post_init__(self) -> None:
        """Read the ledger before anything is looked at; raise InputError."""
        self.of_ledger = self.tracking.known()

    def see(self, rows: Iterable[Row]) -> None:
        """Take in the rows of one account."""
        if self.tracking.ledger is None:
            return
        found = (row_sighting(row, self.severities[row.rule]) for row in rows)
        self.seen.extend(each for each in found if each.broken or each.name in self.of_ledger)

    def names(self, today: date) -> Names:
        """Write the ledger and return what is known of each finding; raise InputError."""
        return self.tracking.track(self.seen, today)


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
    try:
        if not path.exists():
            return Ledger()
        return Ledger.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise InputError(f"`{path}`: {error.strerror or error}") from None
    except UnicodeDecodeError:
        raise InputError(f"`{path}`: expected UTF-8") from None
    except InputError as error:
        raise InputError(f"`{path}`: {error}") from None


def _write(path: Path, ledger: Ledger) -> None:
    put(path, ledger.dumps())
