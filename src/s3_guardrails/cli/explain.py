"""`explain`: the facts of one bucket or key, every rule's verdict, and the whole reasoning."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from s3_guardrails.cli.account import account_options, open_account
from s3_guardrails.cli.exempting import Exemptions, exemptions_options
from s3_guardrails.cli.exit_code import ExitCode, worst
from s3_guardrails.cli.facts import facts_json, unread
from s3_guardrails.cli.request_text import passage, request_lines, shown
from s3_guardrails.cli.rules import chosen_rules, parameters_option
from s3_guardrails.cli.scan import outcome
from s3_guardrails.cli.table import sorted_findings
from s3_guardrails.cli.targets import find, region_of
from s3_guardrails.cli.text import pretty_json, printable
from s3_guardrails.decision import Reason
from s3_guardrails.encryption.fact import Unreadable
from s3_guardrails.errors import LiveReadFailed
from s3_guardrails.rule import Rule
from s3_guardrails.scan import Finding, Resource, Subject


@click.command()
@click.argument("target", metavar="BUCKET|KEY")
@account_options
@parameters_option
@exemptions_options
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def explain(
    target: str,
    profile: str | None,
    regions: tuple[str, ...],
    endpoint_url: str | None,
    parameters: Path | None,
    exemptions: str | None,
    exemptions_key: str | None,
    as_json: bool,
) -> ExitCode:
    """Explain every verdict about one bucket or key, down to the request that breaks the guardrail.

    BUCKET is a name or an ARN; KEY is a key id, a key ARN, an alias or an alias ARN. A bucket whose name looks like a
    key id is meant by its ARN. Exits as scan does.
    """
    rules = chosen_rules((), parameters)
    region = region_of(target)
    if len(regions) > 1:
        raise click.UsageError("expected one --region: one resource is explained")
    account = open_account(profile, (region,) if region else regions, endpoint_url)
    excuse = Exemptions(exemptions, exemptions_key).excusing(account)
    subject = Subject(find(account.readers[0], target), account.readers[0], excuse)
    findings = sorted_findings(explained(subject, rules))
    if as_json:
        click.echo(pretty_json({**_identity(subject.resource), **_as_json(subject.resource, findings)}))
    else:
        for line in _lines(subject.resource, findings):
            click.echo(printable(line))
    return worst(outcome(each.decision) for each in findings)


def explained(subject: Subject, rules: Sequence[Rule[Any]]) -> list[Finding]:
    """Judge the resource, then read what no rule had asked for."""
    findings = subject.judge(rules)
    for name in unread(subject.resource):
        try:
            subject.complete(subject.resource, name)
        except LiveReadFailed as error:
            subject.resource = _without(subject.resource, name, str(error))
        except Exception as error:  # noqa: BLE001  # a defect of one read costs this fact only
            subject.resource = _without(subject.resource, name, f"{type(error).__name__}: {error}")
    return findings


def _without(resource: Resource, name: str, reason: str) -> Resource:
    given: Any = {name: Unreadable(name, reason)}
    return replace(resource, **given)


def _identity(resource: Resource) -> dict[str, str]:
    return {"arn": resource.arn, "account": resource.account, "region": resource.region}


def _as_json(resource: Resource, findings: Sequence[Finding]) -> dict[str, Any]:
    return {"facts": facts_json(resource), "findings": [each.as_json() for each in findings]}


def _lines(resource: Resource, findings: Sequence[Finding]) -> Iterator[str]:
    yield f"{resource.arn}, account {resource.account}, {resource.region}"
    yield ""
    yield "Facts"
    for name, value in facts_json(resource).items():
        yield from _fact(name, value)
    for finding in findings:
        yield ""
        yield f"{finding.decision.verdict}  {finding.name}  ({finding.rule.severity})"
        if finding.decision.excuse:
            yield f"  exemption {finding.decision.excuse.sentence}"
        for reason in finding.decision.reasons:
            yield from _reason(f"{reason.code}: {reason.sentence}", reason)
        for advisory in finding.decision.advisories:
            yield from _reason(f"advisory {advisory.code}: {advisory.sentence}", advisory)


def _fact(name: str, fact: Mapping[str, Any]) -> Iterator[str]:
    title = name.replace("_", " ")
    if "value" not in fact:
        yield f"  {title}: " + (f"unreadable: {fact['unreadable']}" if "unreadable" in fact else "absent")
    elif name == "policy":
        yield f"  {title}:"
        yield from (f"    {line}" for line in pretty_json(fact["value"]).splitlines())
    else:
        yield f"  {title}: {shown(fact['value'])}"


def _reason(title: str, reason: Reason) -> Iterator[str]:
    yield f"  {title}"
    for name, value in reason.evidence.items():
        match name:
            case "short":  # `request` says the same at length
                continue
            case "statements" if not value:
                continue
            case "counterexample" if "requests" not in reason.evidence:
                yield "    counterexample:"
                yield from (f"      {line}" for line in request_lines(value))
            case "counterexample":  # the first of `requests`
                continue
            case "requests":
                for number, request in enumerate(value, start=1):
                    yield f"    counterexample, request {number} of {len(value)}:"
                    yield from (f"      {line}" for line in request_lines(request))
            case "passages":
                yield from (f"    {line}" for line in map(passage, value))
            case _:
                yield f"    {name.replace('_', ' ')}: {shown(value)}"
