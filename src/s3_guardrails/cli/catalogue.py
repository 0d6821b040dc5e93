"""`catalogue`: renders what is derived from the rules, or says what is stale."""

from __future__ import annotations

from pathlib import Path

import click

from s3_guardrails.catalogue.rendering import check as stale_lines
from s3_guardrails.catalogue.rendering import write as write_all
from s3_guardrails.cli.exit_code import ExitCode
from s3_guardrails.cli.text import pretty_json, printable, say


@click.command()
@click.option("--write", "mode", flag_value="write", help="Bring the files up to date.")
@click.option("--check", "mode", flag_value="check", help="Fail with a diff when a file is stale.")
@click.option(
    "--root",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    default=".",
    show_default="the current folder",
    help="The checkout.",
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object: the files written, or the diff.")
def catalogue(mode: str | None, root: Path, as_json: bool) -> ExitCode:
    """Render what is derived from the rules: parameters.json, the conformance pack, docs/rules.md, README's table."""
    match mode:
        case "write":
            return _write(root, as_json)
        case "check":
            return _check(root, as_json)
    raise click.UsageError("expected --write or --check")


def _write(root: Path, as_json: bool) -> ExitCode:
    written = [path.as_posix() for path in write_all(root)]
    if as_json:
        click.echo(pretty_json({"written": written}))
    for path in written:
        say(f"wrote {path}")
    return ExitCode.COMPLIANT


def _check(root: Path, as_json: bool) -> ExitCode:
    lines = stale_lines(root)
    if as_json:
        click.echo(pretty_json({"diff": lines}))
    else:
        for line in lines:
            click.echo(printable(line))
    if lines:
        say("stale; run `s3-guardrails catalogue --write` and commit the result")
    return ExitCode.FINDINGS if lines else ExitCode.COMPLIANT
