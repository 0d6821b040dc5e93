"""--exemptions: the register that a command's findings are shown with, from a file or from S3."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

import click

from s3_guardrails.cli.account import Account
from s3_guardrails.decision import Decision
from s3_guardrails.encryption.fact import Unreadable
from s3_guardrails.errors import InputError
from s3_guardrails.exemption.excuse import excused
from s3_guardrails.exemption.register import MAX_BYTES, Register, read_register, read_signed
from s3_guardrails.live.exemptions import Place, fetch_register
from s3_guardrails.scan import Excusing, Resource, as_it_is

C = TypeVar("C", bound=Callable[..., Any])


@dataclass(frozen=True, slots=True)
class Exemptions:
    """Where the register is, as the command line says; nowhere: nothing is exempt."""

    location: str | None = None
    signing_key: str | None = None

    def register(self, account: Account) -> Register:
        """Read it; raise InputError: what was asked for and cannot be read is no empty register."""
        if self.location is None:
            if self.signing_key:
                raise click.UsageError("--exemptions-key: expected --exemptions")
            return Register()
        if not self.location.startswith("s3://"):
            return self._of_file(Path(self.location))
        found = fetch_register(account.clients, account.regions[0], Place.parse(self.location, self.signing_key))
        if isinstance(found, Unreadable):
            raise InputError(f"`{self.location}`: {found.reason}")
        return found

    def excusing(self, account: Account) -> Excusing:
        """Return what shows a finding with its exemption; raise InputError."""
        if self.location is None and not self.signing_key:
            return as_it_is
        register, today = self.register(account), datetime.now(UTC).date()

        def excuse(decision: Decision, rule: str, resource: Resource) -> Decision:
            return excused(decision, rule, resource, register, today)

        return excuse

    def _of_file(self, path: Path) -> Register:
        if self.signing_key:
            raise click.UsageError("--exemptions-key: expected --exemptions s3://…; a file of your own is not verified")
        try:
            with path.open("rb") as file:
                return read_register(read_signed(file.read(MAX_BYTES + 1)).text)
        except OSError as error:
            raise InputError(f"`{path}`: {error.strerror or error}") from None
        except InputError as error:
            raise InputError(f"`{path}`: {error}; `exemptions compile` writes it") from None


def exemptions_options(command: C) -> C:
    """Add --exemptions and --exemptions-key to a command."""
    for option in (
        click.option(
            "--exemptions-key", metavar="KEY-ARN", help="The KMS key that must have signed the register in S3."
        ),
        click.option("--exemptions", metavar="FILE|s3://…", help="The register that `exemptions compile` wrote."),
    ):
        command = option(command)
    return command
