"""`preflight`: is everything there that a deployment needs? It reads, and never creates or changes anything."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

import click

from s3_guardrails.cli.account import Account, account_options
from s3_guardrails.cli.exit_code import ExitCode, worst
from s3_guardrails.cli.preflight_place import open_place
from s3_guardrails.cli.preflight_table import show_table
from s3_guardrails.cli.progress import tracked
from s3_guardrails.cli.text import pretty_json, say
from s3_guardrails.deploy.preflight import read_account, read_opt_status, read_region
from s3_guardrails.deploy.preflight_quota import read_additions, read_room
from s3_guardrails.deploy.preflight_trails import read_trails
from s3_guardrails.discovery import find_rules
from s3_guardrails.live.call import gather
from s3_guardrails.preflight.account import judge_account
from s3_guardrails.preflight.additions import Additions
from s3_guardrails.preflight.finding import Finding, Outcome
from s3_guardrails.preflight.quota import judge_room
from s3_guardrails.preflight.region import judge_opt_status, judge_region
from s3_guardrails.preflight.trail import judge_trails

EXIT_CODES: Final = {Outcome.BLOCKS: ExitCode.FINDINGS, Outcome.UNREADABLE: ExitCode.UNDETERMINED}


@dataclass(frozen=True, slots=True)
class Placed:
    """A finding and where it holds; an empty Region means the account as a whole."""

    account: str
    region: str
    finding: Finding

    def as_json(self) -> dict[str, Any]:
        """Return plain data: `account`, `region`, then the finding's fields."""
        return {"account": self.account, "region": self.region, **self.finding.as_json()}


@click.command()
@partial(account_options, region="Region to deploy to; repeatable [session's].")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def preflight(profile: str | None, regions: tuple[str, ...], endpoint_url: str | None, as_json: bool) -> ExitCode:
    """Check before deploying whether an account and its Regions are ready; nothing is created or changed.

    Looks at AWS Config's recorder and delivery channel, service-linked roles, quotas, and CloudTrail's trails. What
    could not be read is listed as unreadable, never taken for fine.

    Exits 2 when it could not run, 1 when something blocks, 3 when something could not be read, 0 otherwise.
    """
    account, names = open_place(profile, regions, endpoint_url)
    findings = sorted(_findings(account, names), key=lambda each: list(Outcome).index(each.finding.outcome))
    counts = Counter(each.finding.outcome for each in findings)
    outcomes = {each.value: counts[each] for each in Outcome}
    if as_json:
        summary = {"account": account.id, "regions": list(names), "outcomes": outcomes}
        click.echo(pretty_json({**summary, "findings": [each.as_json() for each in findings]}))
    else:
        show_table((each.finding, (each.account, each.region)) for each in findings)
    say(f"account {account.id}, {', '.join(names)}: {', '.join(f'{count} {name}' for name, count in outcomes.items())}")
    return worst(EXIT_CODES.get(each, ExitCode.COMPLIANT) for each in counts)


def _findings(account: Account, regions: Sequence[str]) -> Iterator[Placed]:
    adding = read_additions()
    types = sorted({entry.rule.resource_type for entry in find_rules()})
    found = gather(lambda region: _in_region(account, region, types, adding), regions)
    further = 0
    for region, (findings, deployed) in tracked(zip(regions, found, strict=True), "checking", len(regions)):
        yield from (Placed(account.id, region, finding) for finding in findings)
        further += not deployed
    for finding in judge_account(read_account(account.clients, account.regions[0]), adding, further):
        yield Placed(account.id, "", finding)


def _in_region(
    account: Account, region: str, types: Sequence[str], adding: Additions
) -> tuple[tuple[Finding, ...], bool]:
    """Judge one Region, and tell whether this project is deployed there.

    Of a Region that the account does not have, nothing else can be read.
    """
    opted = judge_opt_status(read_opt_status(account.clients, region, account.regions[0]))
    if opted.outcome is Outcome.BLOCKS:
        return (opted,), False
    clients, partition = account.clients, account.readers[0].partition
    room = read_room(clients, region)
    found = (*judge_region(read_region(clients, region), types), *judge_room(room, adding))
    trails = judge_trails(read_trails(clients, region), region, partition)
    return (opted, *found, *trails), room.deployed(adding)
