"""Which rules a command applies, and with which parameters."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar

import click

from s3_guardrails.discovery import find_rules
from s3_guardrails.errors import InputError, ParameterError, PolicySyntaxError
from s3_guardrails.policy.strict_json import strict_json
from s3_guardrails.rule import Rule
from s3_guardrails.settings.guardrails import read_guardrails
from s3_guardrails.settings.parameters import rule_parameters
from s3_guardrails.settings.schema import InvalidFile

C = TypeVar("C", bound=Callable[..., Any])


def parameters_option(command: C) -> C:
    """Add --parameters to a command."""
    return click.option(
        "--parameters",
        type=click.Path(path_type=Path, exists=True, dir_okay=False),
        help='Rule parameters: guardrails.yaml, or JSON: {"RULE": {"Parameter": "value"}}.',
    )(command)


def chosen_rules(names: tuple[str, ...], parameters: Path | None) -> list[Rule[Any]]:
    """Return the rules named (all by default), each with its parameters; raise InputError or ParameterError."""
    known = {entry.name: entry.rule for entry in find_rules()}
    given = given_parameters(parameters)
    for name in (*names, *given):
        if name not in known:
            raise InputError(f"unknown rule `{name}`: expected one of {', '.join(known)}")
    return [_rule(rule, given.get(name, {})) for name, rule in known.items() if not names or name in names]


def _rule(rule: type[Rule[Any]], given: Mapping[str, Any]) -> Rule[Any]:
    try:
        return rule(rule.Parameters.from_config(given))
    except ParameterError as error:
        raise ParameterError(f"{rule.__name__}: {error}") from None


def given_parameters(path: Path | None) -> Mapping[str, Mapping[str, Any]]:
    """Return a file's parameters by rule, none without a file; raise InputError."""
    if path is None:
        return {}
    if path.suffix in {".yaml", ".yml"}:
        return _of_guardrails(path)
    try:
        data = strict_json(path.read_text(encoding="utf-8-sig"))
    except (PolicySyntaxError, OSError, UnicodeDecodeError) as error:
        raise InputError(f"`{path}`: {error}") from None
    if not isinstance(data, Mapping):
        raise InputError(f"`{path}`: expected an object of rules")
    for name, value in data.items():
        if not isinstance(value, Mapping):
            raise InputError(f"`{path}`: {name}: expected an object of parameters")
    return data


def _of_guardrails(path: Path) -> Mapping[str, Mapping[str, Any]]:
    try:
        return rule_parameters(read_guardrails(path), (entry.rule for entry in find_rules()))
    except InvalidFile:
        raise
    except InputError as error:
        raise InputError(f"`{path}`: {error}") from None
