"""`remediate`: plan, apply, verify and undo a remediation from a laptop."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

from s3_guardrails.cli.account import account_options, open_account
from s3_guardrails.cli.exempting import Exemptions, exemptions_options
from s3_guardrails.cli.exit_code import ExitCode
from s3_guardrails.cli.log_files import read_logs
from s3_guardrails.cli.remediate_consent import Consent, somebody_watches
from s3_guardrails.cli.remediate_many import Bounds, remediate_all
from s3_guardrails.cli.remediate_one import remediate_one, write_code
from s3_guardrails.cli.remediate_orders import Wanted
from s3_guardrails.cli.remediate_place import FOLDER, Place, open_place
from s3_guardrails.cli.remediate_reviewed import reviewed
from s3_guardrails.cli.remediate_undo import undo
from s3_guardrails.cli.rules import parameters_option
from s3_guardrails.cli.scan import MAX_CONCURRENCY
from s3_guardrails.cli.targets import region_of
from s3_guardrails.settings.changes import read_change


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """The command line, as it was given."""

    target: str | None
    rules: tuple[str, ...]
    apply: bool
    yes: bool
    approve: tuple[str, ...]
    reviewed: Path | None
    change: Path | None
    all: bool
    limit: int | None
    stop_after: int
    concurrency: int
    undo_of: str | None
    options: tuple[str, ...]
    document: str | None
    parameters: Path | None
    exemptions: str | None
    exemptions_key: str | None
    evidence_bucket: str | None
    logs: tuple[Path, ...]
    folder: Path
    as_json: bool
    code: str | None
    profile: str | None
    regions: tuple[str, ...]
    endpoint_url: str | None

    def check(self) -> None:
        """Raise UsageError for what contradicts itself."""
        if [self.target is not None, self.all, self.undo_of is not None].count(True) != 1:
            raise click.UsageError("expected one of BUCKET or KEY, --all, --undo")
        if self.undo_of is not None and (self.rules or self.options or self.parameters or self.logs):
            raise click.UsageError("--undo takes no --rule, --option, --parameters or --logs")
        if self.code and (self.target is None or self.apply or self.as_json):
            raise click.UsageError(f"--{self.code} takes one BUCKET or KEY, and no --apply or --json")
        if self.change and (not self.apply or self.yes or self.approve or self.reviewed):
            raise click.UsageError("--change: expected --apply with it, and no --yes, --approve or --reviewed")
        self._check_number()
        if self.apply:
            self.consent().check()

    def _check_number(self) -> None:
        """Raise UsageError for what is about one resource and given about many, or the other way round."""
        if self.all and self.options and len(self.rules) != 1:
            raise click.UsageError("--option with --all: expected one --rule, whose remediation has it")
        if self.document and len(self.rules) != 1:
            raise click.UsageError("--document: expected one --rule, whose document it is")
        if not self.all and len(self.rules) > 1:
            raise click.UsageError("expected one --rule for one resource")
        if not self.all and len(self.regions) > 1:
            raise click.UsageError("expected one --region: one resource is remediated")
        if not self.all and self.limit is not None:
            raise click.UsageError("--limit: expected --all")

    def consent(self) -> Consent:
        """Return who consents to the changes; raise InputError."""
        approved = {*self.approve, *(reviewed(self.reviewed) if self.reviewed else ())}
        if self.change is not None:
            record = read_change(self.change)
            record.may_be_made(datetime.now(UTC).date())
            return Consent(yes=False, approved={record.plan_id}, asks=False, record=record)
        asks = somebody_watches() and not (self.as_json or self.yes)
        return Consent(yes=self.yes, approved=approved, asks=asks)

    def bounds(self) -> Bounds:
        """Return how far a run over all goes."""
        return Bounds(limit=self.limit, failures=self.stop_after, concurrency=self.concurrency)

    def wanted(self) -> Wanted:
        """Return what is to hold."""
        return Wanted(rules=self.rules, parameters=self.parameters, options=self.options, document=self.document)

    def place(self) -> Place:
        """Open the account; raise InputError or LiveReadFailed."""
        region = region_of(self.target or "")
        account = open_account(self.profile, (region,) if region else self.regions, self.endpoint_url)
        place = open_place(account, self.folder, self.evidence_bucket, writes=self.apply)
        register = Exemptions(self.exemptions, self.exemptions_key).register(account)
        return replace(place, exemptions=register, logs=read_logs(self.logs, datetime.now(UTC).date()))


def _options(command: Callable[..., Any]) -> Callable[..., Any]:
    folder = click.Path(path_type=Path, file_okay=False)
    for option in (
        click.option("--json", "as_json", is_flag=True, help="Print one JSON object."),
        click.option(
            "--cloudformation", "code", flag_value="cloudformation", help="Print the change as CloudFormation instead."
        ),
        click.option("--terraform", "code", flag_value="terraform", help="Print the change as Terraform instead."),
        click.option(
            "--journal",
            "folder",
            type=folder,
            default=FOLDER,
            show_default=True,
            metavar="FOLDER",
            help="Keep pre-images and the journal of changes here.",
        ),
        click.option(
            "--logs",
            multiple=True,
            type=click.Path(path_type=Path, exists=True),
            help="Look for callers in these S3 access logs and CloudTrail logs; repeatable.",
        ),
        click.option("--evidence-bucket", metavar="NAME", help="Keep pre-images in this bucket instead."),
        click.option(
            "--option", "options", multiple=True, metavar="NAME=VALUE", help="An option of the remediation; repeatable."
        ),
        click.option("--document", metavar="NAME", help="Another document of the rule, such as BlockSseC."),
        click.option("--undo", "undo_of", metavar="PLAN_ID", help="Put back what this plan's change found."),
        click.option(
            "--approve", multiple=True, metavar="PLAN_ID", help="Apply this plan, its concerns included; repeatable."
        ),
        click.option(
            "--reviewed",
            type=click.Path(path_type=Path, exists=True, dir_okay=False),
            help="Approve every plan in this JSON of a dry run.",
        ),
        click.option(
            "--change",
            type=click.Path(path_type=Path, exists=True, dir_okay=False),
            help="Apply the plan of this approved change record, and no other.",
        ),
        click.option("--yes", is_flag=True, help="Ask nothing; plans with concerns still need approval."),
        click.option("--apply", is_flag=True, help="Make the change; without it nothing is written anywhere."),
        click.option(
            "--concurrency",
            type=click.IntRange(1, MAX_CONCURRENCY),
            default=8,
            show_default=True,
            metavar="N",
            help="With --all: resources read at a time; changes are made one after the other.",
        ),
        click.option(
            "--stop-after",
            type=click.IntRange(1),
            default=1,
            show_default=True,
            metavar="N",
            help="With --all: stop when so many changes failed.",
        ),
        click.option("--limit", type=click.IntRange(1), metavar="N", help="With --all: plan at most so many changes."),
        click.option("--all", is_flag=True, help="Remediate whatever breaks a rule in the account."),
        click.option(
            "--rule",
            "rules",
            multiple=True,
            metavar="NAME",
            help="The rule to make hold [the broken one]; repeatable with --all.",
        ),
    ):
        command = option(command)
    return command


@click.command()
@click.argument("target", metavar="[BUCKET|KEY]", required=False)
@_options
@parameters_option
@exemptions_options
@account_options
def remediate(**given: Any) -> ExitCode:
    """Make a rule hold of one bucket or key, or of all: plan, apply, verify, undo.

    A dry run unless --apply is given. What is applied is exactly the plan that was shown: where the resource has
    changed since, nothing is written. A plan with concerns needs a person at a terminal, --approve with its id, or
    --reviewed with the JSON of the dry run. A run over all goes on where an earlier one stopped.

    Exits 2 when it could not run, stopped or a change failed, 1 when something is refused or left NON_COMPLIANT (also
    in a dry run that has something to change), 3 when a verdict is UNDETERMINED, 0 otherwise.
    """
    asked = Asked(**given)
    asked.check()
    consent, as_json = asked.consent(), asked.as_json
    if asked.undo_of is not None:
        return undo(asked.place(), asked.undo_of, consent, as_json=as_json)
    if asked.all:
        return remediate_all(asked.place(), asked.wanted(), consent, asked.bounds(), as_json=as_json)
    if asked.code:
        return write_code(asked.place(), asked.target or "", asked.wanted(), asked.code)
    return remediate_one(asked.place(), asked.target or "", asked.wanted(), consent, as_json=as_json)
