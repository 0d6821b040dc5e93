"""`settings`: checks the guardrails file, and renders the rules' parameters from it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import click
import yaml

from s3_guardrails.cli.exit_code import ExitCode
from s3_guardrails.cli.text import pretty_json, say
from s3_guardrails.discovery import find_rules
from s3_guardrails.errors import InputError
from s3_guardrails.settings.guardrails import FILE_NAME, Guardrails, read_guardrails
from s3_guardrails.settings.inputs import deployed_inputs
from s3_guardrails.settings.parameters import Rendered, rule_parameters
from s3_guardrails.settings.perimeter import KINDS, MAX_CHARACTERS, perimeter
from s3_guardrails.settings.schema import InvalidFile, schema_text

SCHEMAS: Final = ("guardrails", "exemption", "change")

file_argument = click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False), default=FILE_NAME)


@click.group()
def settings() -> None:
    """Check guardrails.yaml, and render the rules' parameters from it."""


@settings.command()
@file_argument
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def check(file: Path, as_json: bool) -> ExitCode:
    """Check FILE [guardrails.yaml]: its schema, what contradicts itself, and whether the rules take it.

    Exits 2 where it is not a guardrails file, 0 otherwise.
    """
    try:
        found, rendered = _read(file)
    except InvalidFile as error:
        if not as_json:
            raise _told(error) from None
        return _as_json(error.errors)
    except InputError as error:
        if not as_json:
            raise
        return _as_json([(None, str(error))])
    summary = _summary(found, rendered)
    if as_json:
        click.echo(pretty_json({"errors": [], **summary}))
    else:
        say(f"{file}: {summary['classes']} data classes, {summary['tenants']} tenants, {len(rendered)} rules")
    return ExitCode.COMPLIANT


@settings.command()
@file_argument
@click.option(
    "--for",
    "what",
    type=click.Choice(["rules", "sam", "cloudformation", *KINDS]),
    default="rules",
    show_default=True,
    help="Parameters by rule; a file for `sam deploy --parameter-overrides file://…`; one for `--parameters file://…`; "
    "or a service or resource control policy.",
)
def render(file: Path, what: str) -> ExitCode:
    """Print the parameters that FILE [guardrails.yaml] means."""
    try:
        found, rendered = _read(file)
    except InvalidFile as error:
        raise _told(error) from None
    if what in KINDS:
        click.echo(_fitting(_perimeter(file, what, found)))
        return ExitCode.COMPLIANT
    if what == "rules":
        click.echo(pretty_json(rendered))
        return ExitCode.COMPLIANT
    inputs = deployed_inputs(rendered, find_rules())
    if what == "sam":
        click.echo(yaml.safe_dump(inputs, default_style="'", allow_unicode=True, width=10_000), nl=False)
    else:
        click.echo(pretty_json([{"ParameterKey": name, "ParameterValue": value} for name, value in inputs.items()]))
    return ExitCode.COMPLIANT


@settings.command()
@click.argument("name", type=click.Choice(SCHEMAS), default=SCHEMAS[0])
def schema(name: str) -> ExitCode:
    """Print the JSON Schema of a file, for editors."""
    click.echo(schema_text(name), nl=False)
    return ExitCode.COMPLIANT


def _perimeter(file: Path, kind: str, found: Guardrails) -> dict[str, Any]:
    try:
        return perimeter(kind, found)
    except InputError as error:
        raise InputError(f"{file}: {error}") from None


def _fitting(policy: Mapping[str, Any]) -> str:
    """Return the policy on many lines where it fits so: unlike the console, the command line of AWS counts spaces."""
    text = pretty_json(policy)
    return text if len(text) < MAX_CHARACTERS else json.dumps(policy, separators=(",", ":"))


def _read(file: Path) -> tuple[Guardrails, Rendered]:
    found = read_guardrails(file)
    try:
        rendered = rule_parameters(found, (entry.rule for entry in find_rules()))
        deployed_inputs(rendered, find_rules())
    except InputError as error:
        raise InputError(f"{file}: {error}") from None
    return found, rendered


def _as_json(errors: Sequence[tuple[int | None, str]]) -> ExitCode:
    click.echo(pretty_json({"errors": [{"line": line, "error": sentence} for line, sentence in errors]}))
    return ExitCode.COULD_NOT_RUN


def _told(error: InvalidFile) -> InputError:
    """Tell every error, each on a line of its own."""
    *first, last = (f"{error.name}:{line}: {sentence}" for line, sentence in error.errors)
    for each in first:
        say(each)
    return InputError(last)


def _summary(found: Guardrails, rendered: Rendered) -> dict[str, Any]:
    return {
        "classes": len(found.classes),
        "tenants": len(found.tenants.owners),
        "characters": {rule: sum(map(len, values.values())) for rule, values in rendered.items()},
    }
