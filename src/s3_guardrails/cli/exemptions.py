"""`exemptions`: checks the files, lists them, and compiles them to the register that rules and remediations read."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, Final

import click
from rich.table import Table
from rich.text import Text

from s3_guardrails.cli.account import account_options, open_account
from s3_guardrails.cli.exit_code import ExitCode
from s3_guardrails.cli.table import show
from s3_guardrails.cli.text import number_of, pretty_json, printable, say
from s3_guardrails.decision import Verdict
from s3_guardrails.deploy.publish import publish, sign
from s3_guardrails.discovery import find_rules
from s3_guardrails.errors import InputError
from s3_guardrails.exemption.record import State
from s3_guardrails.exemption.register import Register, Signed, read_register, read_signed, text_of
from s3_guardrails.live.exemptions import Place
from s3_guardrails.remediate.durable import put
from s3_guardrails.settings.exemptions import Checked, ExemptionFile, check_folder
from s3_guardrails.settings.guardrails import FILE_NAME, Guardrails, read_guardrails

FOLDER: Final = "exemptions"


_on_option: Final = click.option(
    "--on", type=click.DateTime(["%Y-%m-%d"]), metavar="YYYY-MM-DD", help="As of that day [today]."
)


def _options(command: Any) -> Any:
    for option in (
        click.option(
            "--guardrails",
            type=click.Path(path_type=Path, dir_okay=False),
            help=f"Limits and owners [{FILE_NAME}, and the built-in limits where there is none].",
        ),
        click.argument("folder", type=click.Path(path_type=Path, exists=True, file_okay=False), default=FOLDER),
    ):
        command = option(command)
    return command


@click.group()
def exemptions() -> None:
    """Recorded, owned, expiring permissions to deviate: one YAML file each."""


@exemptions.command()
@_options
@_on_option
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def check(folder: Path, guardrails: Path | None, on: datetime | None, as_json: bool) -> ExitCode:
    """Check the files of FOLDER [exemptions], one by one and against one another.

    Warns of those that end within 30 days. Exits 2 where a file has an error, 1 where one has expired, 0 otherwise.
    """
    found = _checked(folder, _settings(guardrails), on)
    if as_json:
        click.echo(pretty_json({"errors": found.errors, "warnings": found.warnings, "exemptions": len(found.files)}))
    else:
        _tell(found)
        errors, warnings = number_of(found.errors, "error"), number_of(found.warnings, "warning")
        say(f"{folder}: {number_of(found.files, 'exemption')}, {errors}, {warnings}")
    return ExitCode.COULD_NOT_RUN if found.errors else _outcome(found, _day(on))


@exemptions.command("list")
@_options
@_on_option
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def list_(folder: Path, guardrails: Path | None, on: datetime | None, as_json: bool) -> ExitCode:
    """List the exemptions of FOLDER [exemptions] and where in their lives they are.

    Exits 2 where a file has an error, 1 where one has expired, 0 otherwise.
    """
    found, today = _checked(folder, _settings(guardrails), on), _day(on)
    rows = sorted(found.files, key=lambda each: (each.exemption.expires, each.exemption.id))
    if as_json:
        states = Counter(each.exemption.state(today).value for each in rows)
        listed = [_row(each, today) for each in rows]
        click.echo(pretty_json({"on": today.isoformat(), "states": dict(states), "exemptions": listed}))
    else:
        _show(rows, today)
    for each in found.errors:
        say(each)
    return ExitCode.COULD_NOT_RUN if found.errors else _outcome(found, today)


@exemptions.command("compile")
@_options
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False), help="Write the register to this file.")
@click.option("--publish", "location", metavar="s3://BUCKET/KEY", help="Put it there; the bucket must keep versions.")
@click.option("--sign-with", metavar="KEY-ARN", help="Sign it with this KMS key (ECC_NIST_P256, SIGN_VERIFY).")
@account_options
def compile_(
    folder: Path,
    guardrails: Path | None,
    out: Path | None,
    location: str | None,
    sign_with: str | None,
    profile: str | None,
    regions: tuple[str, ...],
    endpoint_url: str | None,
) -> ExitCode:
    """Compile FOLDER [exemptions] to one register, which rules and remediations read.

    Nothing is written where a file has an error (exit status 2). The same files give the same register.
    """
    if not (out or location):
        raise click.UsageError("expected --out or --publish")
    place = Place.parse(location, sign_with) if location else None
    if sign_with:
        Place.parse("s3://any/thing", sign_with)
    settings = _settings(guardrails)
    found = _checked(folder, settings, None)
    if found.errors:
        _tell(found)
        raise InputError(f"`{folder}`: {number_of(found.errors, 'error')}; nothing was compiled")
    verdict = Verdict(settings.exempted_verdict)
    signed = Signed(text_of((each.exemption for each in found.files), verdict))
    if not found.files:
        say(f"warning: there is no exemption in `{folder}`: whoever reads the register loses all that it had")
    account = open_account(profile, regions, endpoint_url) if place or sign_with else None
    if sign_with and account:
        signed = sign(account.clients, signed, sign_with)
    else:
        say("warning: the register is not signed; whoever may write the object may exempt what they like")
    register = _readable(folder, signed)
    if out:
        _written(out, signed.dumps())
    version = publish(account.clients, account.regions[0], place, signed.dumps()) if place and account else None
    summary = {"exemptions": len(register.exemptions), "sha256": register.sha256, "signed": sign_with is not None}
    click.echo(pretty_json({**summary, "file": str(out) if out else None, "location": location, "version": version}))
    return ExitCode.COMPLIANT


def _readable(folder: Path, signed: Signed) -> Register:
    """Return the register as a reader has it; raise InputError for one that no reader would take."""
    try:
        return read_register(read_signed(signed.dumps().encode()).text)
    except InputError as error:
        raise InputError(f"`{folder}`: {error}") from None


def _written(path: Path, text: str) -> None:
    try:
        put(path, text)
    except OSError as error:
        raise InputError(f"`{path}`: {error.strerror or error}") from None


def _checked(folder: Path, settings: Guardrails, on: datetime | None) -> Checked:
    rules = {entry.name: entry.rule for entry in find_rules()}
    return check_folder(folder, rules, settings, _day(on))


def _settings(path: Path | None) -> Guardrails:
    """Return the guardrails file; the built-in limits where none was asked for and none has the usual name."""
    usual = Path(FILE_NAME)
    return read_guardrails(path or usual) if path or usual.exists() else Guardrails(classes={})


def _day(on: datetime | None) -> date:
    return on.date() if on else datetime.now(UTC).date()


def _outcome(found: Checked, today: date) -> ExitCode:
    expired = any(each.exemption.state(today) is State.EXPIRED for each in found.files)
    return ExitCode.FINDINGS if expired else ExitCode.COMPLIANT


def _tell(found: Checked) -> None:
    for each in found.errors:
        say(each)
    for each in found.warnings:
        say(f"warning: {each}")


def _row(each: ExemptionFile, today: date) -> dict[str, Any]:
    one, scope = each.exemption, each.exemption.scope
    return {
        "id": one.id,
        "state": one.state(today).value,
        "days_left": one.days_left(today),
        "rule": one.rule,
        "severity": each.severity.value,
        "account": scope.account,
        "region": scope.region,
        "bucket": scope.bucket,
        "key": scope.key,
        "prefix": scope.prefix,
        "tenant": each.tenant,
        "owner": one.owner,
        "approver": each.approver,
        "ticket": each.ticket,
        "reason": each.reason,
        "created": one.created.isoformat(),
        "expires": one.expires.isoformat(),
    }


_STYLES: Final = {State.EXPIRED: "bold red", State.ENDING: "yellow", State.OPEN: "green", State.PENDING: "dim"}


def _show(rows: list[ExemptionFile], today: date) -> None:
    table = Table("id", "state", "until", "rule", "scope", "owner", box=None)
    for each in rows:
        one, state = each.exemption, each.exemption.state(today)
        left = f" ({one.days_left(today)} d)" if state.holds else ""
        texts = (one.id, state.value, f"{one.expires}{left}", one.rule, str(one.scope), one.owner)
        table.add_row(*(Text(printable(cell), overflow="fold") for cell in texts), style=_STYLES[state])
    show(table)
