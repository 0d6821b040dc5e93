"""What to remediate: the rule that was named or is broken, its parameters, the remediation's options."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from s3_guardrails.cli.rules import chosen_rules, given_parameters
from s3_guardrails.decision import Verdict
from s3_guardrails.discovery import Entry, find_rules
from s3_guardrails.errors import InputError, ParameterError
from s3_guardrails.remediate.engine import Order, document_of, order
from s3_guardrails.remediate.remediation import remediation_named
from s3_guardrails.rule import NoRemediation, Rule
from s3_guardrails.scan import RESOURCE_TYPES, Finding, Resource, Subject


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """The rules to make hold (none named: the broken one), and what the user said about them."""

    rules: tuple[str, ...]
    parameters: Path | None
    options: tuple[str, ...]
    document: str | None = None

    def chosen(self) -> list[Rule[Any]]:
        """Return the rules named, all that can be mended if none is; raise InputError or ParameterError."""
        chosen = chosen_rules(self.rules, self.parameters)
        if not self.rules:
            return [each for each in chosen if not isinstance(each.remediation, NoRemediation)]
        by_name = {type(each).__name__: each for each in chosen}
        return [by_name[name] for name in dict.fromkeys(self.rules)]

    def order(self, name: str, resource: Resource) -> Order:
        """Return the order to make one rule hold of one resource with nothing read; raise ParameterError."""
        entry = _entry(name)
        if entry.rule.resource_type != RESOURCE_TYPES[type(resource)]:
            raise InputError(f"{resource.arn}: rule `{name}` is about {entry.rule.resource_type}")
        options = self._options(entry)
        return order(entry, resource, given_parameters(self.parameters).get(name, {}), options, self.document)

    def _options(self, entry: Entry) -> dict[str, str]:
        found: dict[str, str] = {}
        for each in self.options:
            name, equals, value = each.partition("=")
            if not (name and equals) or name in found:
                raise click.UsageError(f"--option `{each}`: expected NAME=VALUE, each name once")
            found[name] = value
        try:
            remediation_named(document_of(entry, self.document)).Options.from_config(found)
        except ParameterError as error:
            raise ParameterError(f"--option: {error}".replace("rule parameter", "option")) from None
        return found


def judged(subject: Subject, rules: Sequence[Rule[Any]]) -> list[Finding]:
    """Judge one resource by the rules that are about such resources; raise InputError if none is."""
    found = subject.judge(rules)
    if not found:
        raise InputError(f"{subject.resource.arn}: no rule named is about such a resource")
    return found


def broken(findings: Sequence[Finding]) -> str | None:
    """Return the one rule that is broken, None if none is; raise InputError naming them where several are."""
    names = [each.name for each in findings if each.decision.verdict is Verdict.NON_COMPLIANT]
    if len(names) > 1:
        raise InputError(f"{len(names)} rules are NON_COMPLIANT, pass --rule with one of {', '.join(names)}")
    return names[0] if names else None


def _entry(name: str) -> Entry:
    return next(entry for entry in find_rules() if entry.name == name)
