"""The command of an acceptance run: `python deploy/acceptance`."""

from __future__ import annotations

import secrets
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import boto3
import click

from s3_guardrails.acceptance.admit import organization_of, refuse_other, size_of
from s3_guardrails.acceptance.clean_up import clean_up
from s3_guardrails.acceptance.clock import SystemClock
from s3_guardrails.acceptance.journal import Journal, Owner
from s3_guardrails.acceptance.outcome import Outcome, Result
from s3_guardrails.acceptance.report import as_json, as_markdown
from s3_guardrails.acceptance.run import Run
from s3_guardrails.acceptance.step import Step, run_steps, selected
from s3_guardrails.acceptance.steps import STEPS
from s3_guardrails.cli.account import Account, open_account
from s3_guardrails.cli.exit_code import ExitCode, worst
from s3_guardrails.cli.text import pretty_json, say
from s3_guardrails.discovery import template_file
from s3_guardrails.errors import GuardrailError, InputError
from s3_guardrails.live.clients import SessionClients

EXIT_CODES: Final = {Outcome.FAILED: ExitCode.FINDINGS, Outcome.STOPPED: ExitCode.UNDETERMINED}


@dataclass(frozen=True, slots=True)
class Orders:
    """What the command line says, besides where."""

    journal: Path
    report: Path
    keep: bool
    cleans_up: bool
    steps: Sequence[Step]


@click.command(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.option("--account", "named", metavar="ID", help="The scratch account; the credentials must belong to it.")
@click.option("--yes-this-is-a-scratch-account", "confirmed", is_flag=True, help="Nothing in it is of any worth.")
@click.option("--profile", metavar="NAME", help="Profile of the shared AWS configuration.")
@click.option("--region", metavar="REGION", help="Region to run in [session's].")
@click.option("--endpoint-url", metavar="URL", help="Send every call there.")
@click.option("--only", multiple=True, metavar="STEP", help="Only this step and what it needs; repeatable.")
@click.option(
    "--journal",
    type=click.Path(path_type=Path, dir_okay=False),
    default="acceptance/journal.jsonl",
    show_default=True,
    help="What the run makes, written before it is made.",
)
@click.option(
    "--report",
    type=click.Path(path_type=Path, file_okay=False),
    default="acceptance",
    show_default=True,
    help="Folder of report.json and report.md.",
)
@click.option("--keep", is_flag=True, help="Leave everything there; take it away later with --clean-up.")
@click.option("--clean-up", "cleans_up", is_flag=True, help="Run nothing; take away what the journal lists.")
@click.option(
    "--list", "lists", is_flag=True, help="Show the steps, how long they take and what they make; call nothing."
)
def acceptance(  # noqa: PLR0913, PLR0917  # one argument per option
    named: str | None,
    confirmed: bool,
    profile: str | None,
    region: str | None,
    endpoint_url: str | None,
    only: tuple[str, ...],
    journal: Path,
    report: Path,
    keep: bool,
    cleans_up: bool,
    lists: bool,
) -> ExitCode:
    """Deploy to a scratch AWS account, try everything, take it away again, and report what was seen.

    Exits 2 when it could not run or something is left, 1 when a step FAILED, 3 when one STOPPED, 0 otherwise.
    """
    orders = Orders(journal, report, keep, cleans_up, selected(STEPS, only))
    if lists:
        return show(orders.steps)
    account = open_account(profile, (region,) if region else (), endpoint_url)
    refuse_other(account.id, named, confirmed)
    run = opened(account, orders, profile, endpoint_url)
    return cleaned(run) if cleans_up else rehearsed(run, orders)


def show(steps: Sequence[Step]) -> ExitCode:
    """Print the steps."""
    for each in steps:
        needs = f"; needs {', '.join(each.needs)}" if each.needs else ""
        makes = f"; makes {each.makes}" if each.makes else ""
        click.echo(f"{each.id:26} {each.minutes:4g} min  {each.shows}{makes}{needs}")
    say(f"{len(steps)} steps, about {sum(each.minutes for each in steps):.0f} minutes")
    return ExitCode.COMPLIANT


def opened(account: Account, orders: Orders, profile: str | None, endpoint_url: str | None) -> Run:
    """Admit the account, begin a journal or read the one that is there, and return the run."""
    [region], clients = account.regions, account.clients
    organization = organization_of(clients.client("organizations", region), account.id)
    if orders.cleans_up:
        journal = Journal.read(orders.journal)
        if (journal.owner.account, journal.owner.region) != (account.id, region):
            raise InputError(f"`{orders.journal}` is of account {journal.owner.account} in {journal.owner.region}")
    else:
        size = size_of(clients.s3(region), clients.kms(region))
        say(f"this costs about ${size.dollars:.2f} at most, and makes keys whose deletion takes 7 days or more")
        owner = Owner(account=account.id, region=region, prefix=f"s3ga-{secrets.token_hex(4)}")
        journal = Journal.begin(orders.journal, owner)
        say(f"everything is named {owner.prefix}-…; what is made is listed in {orders.journal}")
    partition = account.readers[0].partition
    suffix = "amazonaws.com.cn" if partition == "aws-cn" else "amazonaws.com"
    plain = endpoint_url or f"http://s3.{region}.{suffix}"
    return Run(
        clients=clients,
        account=account.id,
        region=region,
        partition=partition,
        organization=organization,
        caller=account.caller,
        journal=journal,
        clock=SystemClock(),
        plain_http=lambda: SessionClients(boto3.Session(profile_name=profile), plain).s3(region),
        sources=template_file().read_bytes(),
        endpoint_url=endpoint_url,
    )


def rehearsed(run: Run, orders: Orders) -> ExitCode:
    """Run the steps, clean up, write the report."""
    results, began = [], run.clock.now().isoformat(timespec="seconds")
    for each in run_steps(run, orders.steps):
        results.append(each)
        say(f"{each.outcome:8} {each.id}: {each.answer}")
    where = {"account": run.account, "region": run.region, "partition": run.partition, "began": began}
    report = as_json(results, where, [f"everything: {run.journal.path} lists it"])
    written(orders.report, report)  # whatever becomes of the clean-up
    left = [] if orders.keep else clean_up(run, say)
    if not orders.keep:
        report = as_json(results, where, left)
        written(orders.report, report)
    click.echo(pretty_json(report["outcomes"]))
    run.journal.close()
    if not run.journal.pending():
        run.journal.path.unlink()
    return ended(results, left)


def ended(results: Sequence[Result], left: Sequence[str]) -> ExitCode:
    """Return the exit status, and say what is left."""
    return worst([*_remaining(left), *(EXIT_CODES.get(each.outcome, ExitCode.COMPLIANT) for each in results)])


def _remaining(left: Sequence[str]) -> Iterator[ExitCode]:
    for each in left:
        say(f"left: {each}")
        yield ExitCode.COULD_NOT_RUN


def written(folder: Path, report: dict[str, Any]) -> None:
    """Write the report twice, for machines and for people; where that fails only say so: the clean-up comes next."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "report.json").write_text(pretty_json(report) + "\n", encoding="utf-8")
        (folder / "report.md").write_text(as_markdown(report), encoding="utf-8")
        say(f"wrote {folder / 'report.json'} and report.md")
    except OSError as error:
        say(f"{error.filename or folder}: {error.strerror}; the report is not written")


def cleaned(run: Run) -> ExitCode:
    """Take away what the journal lists; the journal goes last."""
    left = clean_up(run, say)
    run.journal.close()
    if not left:
        run.journal.path.unlink()
        say("nothing is left but keys that wait for their deletion")
    return ended([], left)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; return the exit status, never a traceback."""
    try:
        with acceptance.make_context("acceptance", list(sys.argv[1:] if arguments is None else arguments)) as context:
            return int(acceptance.invoke(context))
    except click.exceptions.Exit as done:
        return done.exit_code
    except click.ClickException as error:
        error.show()
    except (GuardrailError, OSError) as error:
        say(f"Error: {error}")
    except (KeyboardInterrupt, click.Abort):
        say("interrupted: run again with --clean-up")
    return ExitCode.COULD_NOT_RUN
