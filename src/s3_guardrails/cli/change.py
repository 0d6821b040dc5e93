"""`change`: records of changes, each bound to the plan that was looked at."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, Final

import click
from rich.table import Table
from rich.text import Text

from s3_guardrails.cli.exit_code import ExitCode
from s3_guardrails.cli.table import show
from s3_guardrails.cli.text import pretty_json, printable, say
from s3_guardrails.errors import InputError, PolicySyntaxError
from s3_guardrails.policy.strict_json import strict_json
from s3_guardrails.remediate.durable import put
from s3_guardrails.settings.changes import (
    ChangeRecord,
    Request,
    Stage,
    change_of,
    closed_text,
    new_change,
    read_change,
    with_outcome,
)
from s3_guardrails.settings.schema import InvalidFile
from s3_guardrails.settings.strict_yaml import read_yaml

FOLDER: Final = "changes"
_FILE: Final = click.Path(path_type=Path, exists=True, dir_okay=False)
_FOLDER: Final = click.Path(path_type=Path, file_okay=False)
_DAY: Final = click.DateTime(["%Y-%m-%d"])


@click.group()
def change() -> None:
    """Change records: purpose, blast radius, plan, approvals, rollback."""


@change.command()
@click.argument("change_id", metavar="ID")
@click.option("--plan", type=_FILE, required=True, help="What `remediate TARGET --json` printed.")
@click.option("--purpose", required=True, help="Why the change is made.")
@click.option("--requested-by", required=True, metavar="WHO", help="Who asks for it.")
@click.option("--rollback", metavar="TEXT", help="How it is taken back [the undo of the plan].")
@click.option("--until", type=_DAY, metavar="YYYY-MM-DD", help="A temporary change: the day by which it is undone.")
@click.option("--folder", type=_FOLDER, default=FOLDER, show_default=True, help="Where records are.")
def new(
    change_id: str,
    plan: Path,
    purpose: str,
    requested_by: str,
    rollback: str | None,
    until: datetime | None,
    folder: Path,
) -> ExitCode:
    """Write the record ID for a plan; what the plan found out is computed, nobody types it.

    Exits 2 where the plan is none or the record is there already.
    """
    path = folder / f"{change_id}.yaml"
    if path.parent != folder:
        raise InputError(f"`{change_id}`: expected an id such as CHG-1077")
    if path.exists():
        raise InputError(f"`{path}`: is there already")
    end = until.date() if until else None
    asked = Request(id=change_id, purpose=purpose, requested_by=requested_by, rollback=rollback, until=end)
    try:
        text = new_change(asked, _result(plan), _today())
    except KeyError as error:
        raise InputError(f"`{plan}`: expected {error} of a plan") from None
    _put_checked(path, text)
    say(f"wrote {path}; have it reviewed, and `approvals` filled in by somebody else")
    return ExitCode.COMPLIANT


@change.command()
@click.argument("folder", type=click.Path(path_type=Path, exists=True, file_okay=False), default=FOLDER)
@click.option("--on", type=_DAY, metavar="YYYY-MM-DD", help="As of that day [today].")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def check(folder: Path, on: datetime | None, as_json: bool) -> ExitCode:
    """Check the records of FOLDER [changes], and which temporary changes should have been undone.

    Exits 2 where a record has an error, 1 where a temporary change is past its end, 0 otherwise.
    """
    today = on.date() if on else _today()
    records, errors = _read_all(folder)
    if as_json:
        click.echo(pretty_json({"errors": errors, "changes": [_row(each, today) for each in records]}))
    else:
        _show(records, today)
    for each in errors:
        say(each)
    overdue = [each for each in records if each.stage(today) is Stage.OVERDUE]
    for record in overdue:
        say(f"{record.path}: {record.id} was to be undone by {record.until}: remediate --undo {record.plan_id}")
    if errors:
        return ExitCode.COULD_NOT_RUN
    return ExitCode.FINDINGS if overdue else ExitCode.COMPLIANT


@change.command()
@click.argument("file", type=_FILE)
@click.option("--result", type=_FILE, help="What `remediate --apply --json` or `--undo --json` printed.")
@click.option("--withdraw", is_flag=True, help="It was not made and will not be.")
def close(file: Path, result: Path | None, withdraw: bool) -> ExitCode:
    """Say in the record FILE what became of the change: VERIFIED or UNDONE by the result, or withdrawn.

    Exits 2 where the result is of another plan, or nothing was made.
    """
    if (result is None) != withdraw:
        raise click.UsageError("expected one of --result and --withdraw")
    record, text = read_change(file), file.read_text(encoding="utf-8")
    if result is None:
        changed = with_outcome(record, text, "WITHDRAWN", _today())
    else:
        changed = closed_text(record, text, _result(result), _today())
    _put_checked(file, changed)
    say(f"{record.id}: {read_change(file).outcome}")
    return ExitCode.COMPLIANT


def _today() -> date:
    return datetime.now(UTC).date()


def _result(path: Path) -> Mapping[str, Any]:
    try:
        data = strict_json(path.read_text(encoding="utf-8-sig"))
    except (PolicySyntaxError, OSError, UnicodeDecodeError) as error:
        raise InputError(f"`{path}`: {error}") from None
    if not isinstance(data, Mapping):
        raise InputError(f"`{path}`: expected one JSON object")
    return data


def _put_checked(path: Path, text: str) -> None:
    """Write a record that reads back, and no other."""
    try:
        change_of(read_yaml(text.encode()), path)
        path.parent.mkdir(parents=True, exist_ok=True)
        put(path, text)
    except InvalidFile as error:
        (_, sentence), *_ = error.errors
        raise InputError(f"`{path}`: {sentence}") from None
    except InputError as error:
        raise InputError(f"`{path}`: it would not read back: {error}") from None
    except OSError as error:
        raise InputError(f"`{path}`: {error.strerror or error}") from None


def _read_all(folder: Path) -> tuple[list[ChangeRecord], list[str]]:
    records: list[ChangeRecord] = []
    errors: list[str] = []
    for path in sorted(each for each in folder.iterdir() if each.suffix in {".yaml", ".yml"}):
        try:
            records.append(read_change(path))
        except InvalidFile as error:
            errors += [f"{error.name}:{line}: {sentence}" for line, sentence in error.errors]
        except InputError as error:
            errors.append(str(error))
    by_plan: dict[str, str] = {}
    for record in records:
        if record.plan_id in by_plan and record.outcome is None:
            errors.append(f"{record.path}:1: {by_plan[record.plan_id]} is about the plan {record.plan_id} already")
        by_plan.setdefault(record.plan_id, record.id)
    return records, errors


def _row(each: ChangeRecord, today: date) -> dict[str, Any]:
    return {
        "id": each.id,
        "stage": each.stage(today).value,
        "purpose": each.purpose,
        "rule": each.plan["rule"],
        "resource": each.plan["resource"],
        "plan_id": each.plan_id,
        "requested_by": each.requested_by,
        "approvals": list(each.approvals),
        "until": each.until.isoformat() if each.until else None,
        "outcome": each.outcome,
    }


_STYLES: Final = {Stage.OVERDUE: "bold red", Stage.DRAFT: "yellow", Stage.APPROVED: "green", Stage.CLOSED: "dim"}


def _show(records: list[ChangeRecord], today: date) -> None:
    table = Table("id", "stage", "until", "rule", "resource", "purpose", box=None, pad_edge=False, header_style="bold")
    for each in records:
        stage = each.stage(today)
        texts = (each.id, stage.value, str(each.until or ""), each.plan["rule"], each.plan["resource"], each.purpose)
        table.add_row(*(Text(printable(cell), overflow="fold") for cell in texts), style=_STYLES[stage])
    show(table)
