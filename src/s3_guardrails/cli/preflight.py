"""`preflight`: is everything there that a deployment needs? It reads, and never creates or changes anything."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from functools import partial
from typing import Final

import click

from s3_guardrails.cli.account import account_options
from s3_guardrails.cli.exit_code import ExitCode, worst
from s3_guardrails.cli.preflight_place import open_place
from s3_guardrails.cli.preflight_table import show_table
from s3_guardrails.cli.progress import tracked
from s3_guardrails.cli.text import pretty_json, say
from s3_guardrails.deploy.preflight_run import Place, Placed, Wanted, check_account, check_members, check_organization
from s3_guardrails.errors import InputError
from s3_guardrails.preflight.finding import Outcome

EXIT_CODES: Final = {Outcome.BLOCKS: ExitCode.FINDINGS, Outcome.UNREADABLE: ExitCode.UNDETERMINED}
_ROLE: Final = re.compile(r"([\w+=,.@-]+/)*[\w+=,.@-]{1,64}", re.ASCII)


@click.command()
@partial(account_options, region="Region to deploy to; repeatable [session's].")
@click.option("--organization", is_flag=True, help="Look at the account's organization and its accounts too.")
@click.option("--role", metavar="NAME", help="Role to look into the organization's other accounts with.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def preflight(
    profile: str | None,
    regions: tuple[str, ...],
    endpoint_url: str | None,
    organization: bool,
    role: str | None,
    as_json: bool,
) -> ExitCode:
    """Check before deploying whether an account and its Regions are ready; nothing is created or changed.

    Looks at AWS Config's recorder and delivery channel, service-linked roles, quotas, and CloudTrail's trails. What
    could not be read is listed as unreadable, never taken for fine.

    Exits 2 when it could not run, 1 when something blocks, 3 when something could not be read, 0 otherwise.
    """
    _check_role(role, organization)
    account, names = open_place(profile, regions, endpoint_url)
    home = account.regions[0]
    place = Place(account.id, account.readers[0].partition, account.clients, home, names, endpoint_url)
    wanted = Wanted.read()
    found = [*check_account(place, wanted), *(_organization(place, wanted, role) if organization else ())]
    findings = sorted(found, key=lambda each: list(Outcome).index(each.finding.outcome))
    counts = Counter(each.finding.outcome for each in findings)
    outcomes = {each.value: counts[each] for each in Outcome}
    if as_json:
        summary = {"account": account.id, "regions": list(names), "outcomes": outcomes}
        click.echo(pretty_json({**summary, "findings": [each.as_json() for each in findings]}))
    else:
        show_table((each.finding, (each.account, each.region)) for each in findings)
    say(f"account {account.id}, {', '.join(names)}: {', '.join(f'{count} {name}' for name, count in outcomes.items())}")
    return worst(EXIT_CODES.get(each, ExitCode.COMPLIANT) for each in counts)


def _organization(place: Place, wanted: Wanted, role: str | None) -> Iterator[Placed]:
    findings, others = check_organization(place, role)
    yield from findings
    if role is not None:
        for of_one in tracked(check_members(place, wanted, others, role), "checking accounts", len(others)):
            yield from of_one


def _check_role(role: str | None, organization: bool) -> None:
    if role is not None and not organization:
        raise InputError("--role: expected --organization with it")
    if role is not None and not _ROLE.fullmatch(role):
        raise InputError(f"--role `{role}`: expected the name of a role, with its path if it has one")
