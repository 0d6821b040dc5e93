"""`remediate`: plan, apply, verify and undo a remediation from a laptop."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import click

from s3_guardrails.cli.account import account_options, open_account
from s3_guardrails.cli.exit_code import ExitCode
from s3_guardrails.cli.remediate_consent import Consent, somebody_watches
from s3_guardrails.cli.remediate_one import remediate_one, write_code
from s3_guardrails.cli.remediate_orders import Wanted
from s3_guardrails.cli.remediate_place import Place, open_place
from s3_guardrails.cli.remediate_undo import undo
from s3_guardrails.cli.rules import parameters_option
from s3_guardrails.cli.targets import region_of

FOLDER: Final = "s3-guardrails-journal"


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """The command line, as it was given."""

    target: str | None
    rules: tuple[str, ...]
    apply: bool
    yes: bool
    approve: tuple[str, ...]
    undo_of: str | None
    options: tuple[str, ...]
    parameters: Path | None
    evidence_bucket: str | None
    folder: Path
    as_json: bool
    code: str | None
    profile: str | None
    regions: tuple[str, ...]
    endpoint_url: str | None

    def check(self) -> None:
        """Raise UsageError for what contradicts itself."""
        if (self.target is None) == (self.undo_of is None):
            raise click.UsageError("expected a BUCKET or KEY, or --undo")
        if self.undo_of and (self.rules or self.options or self.parameters):
            raise click.UsageError("--undo takes no --rule, --option or --parameters")
        if len(self.rules) > 1:
            raise click.UsageError("expected one --rule for one resource")
        if len(self.regions) > 1:
            raise click.UsageError("expected one --region: one resource is remediated")
        if self.code and (self.undo_of or self.apply or self.as_json):
            raise click.UsageError(f"--{self.code} takes no --apply, --undo or --json")
        if self.apply:
            self.consent().check()

    def consent(self) -> Consent:
        """Return who consents to the changes."""
        return Consent(yes=self.yes, approved=set(self.approve), asks=somebody_watches() and not self.as_json)

    def wanted(self) -> Wanted:
        """Return what is to hold."""
        return Wanted(rules=self.rules, parameters=self.parameters, options=self.options)

    def place(self) -> Place:
        """Open the account; raise InputError or LiveReadFailed."""
        region = region_of(self.target or "")
        account = open_account(self.profile, (region,) if region else self.regions, self.endpoint_url)
        return open_place(account, self.folder, self.evidence_bucket, writes=self.apply)


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
        click.option("--evidence-bucket", metavar="NAME", help="Keep pre-images in this bucket instead."),
        click.option(
            "--option", "options", multiple=True, metavar="NAME=VALUE", help="An option of the remediation; repeatable."
        ),
        click.option("--undo", "undo_of", metavar="PLAN_ID", help="Put back what this plan's change found."),
        click.option(
            "--approve", multiple=True, metavar="PLAN_ID", help="Apply this plan, its concerns included; repeatable."
        ),
        click.option("--yes", is_flag=True, help="Ask nothing; concerns still need --approve."),
        click.option("--apply", is_flag=True, help="Make the change; without it nothing is written anywhere."),
        click.option("--rule", "rules", multiple=True, metavar="NAME", help="The rule to make hold [the broken one]."),
    ):
        command = option(command)
    return command


@click.command()
@click.argument("target", metavar="[BUCKET|KEY]", required=False)
@_options
@parameters_option
@account_options
def remediate(**given: Any) -> ExitCode:
    """Make a rule hold of one bucket or key: plan, apply, verify, undo.

    A dry run unless --apply is given. What is applied is exactly the plan that was shown: where the resource has
    changed since, nothing is written. A plan with concerns needs a person at a terminal, or --approve with its id.

    Exits 2 when it could not run or a change failed, 1 when something is refused or left NON_COMPLIANT (also in a dry
    run that has something to change), 3 when a verdict is UNDETERMINED, 0 otherwise.
    """
    asked = Asked(**given)
    asked.check()
    if asked.undo_of:
        return undo(asked.place(), asked.undo_of, asked.consent(), as_json=asked.as_json)
    if asked.code:
        return write_code(asked.place(), asked.target or "", asked.wanted(), asked.code)
    return remediate_one(asked.place(), asked.target or "", asked.wanted(), asked.consent(), as_json=asked.as_json)
