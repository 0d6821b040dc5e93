"""`history`: keeps states of policies, key policies, default encryption and rotation, and lists them."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import click
from rich.table import Table

from s3_guardrails.cli.account import Account, account_options, open_account
from s3_guardrails.cli.exit_code import ExitCode
from s3_guardrails.cli.progress import tracked
from s3_guardrails.cli.remediate_place import evidence_bucket_of
from s3_guardrails.cli.table import show
from s3_guardrails.cli.targets import find, region_of, targets
from s3_guardrails.cli.text import number_of, pretty_json, say
from s3_guardrails.deploy.history import (
    BucketShelf,
    FolderShelf,
    Recorded,
    Shelf,
    record,
    recorded,
    settings_of,
    state_of,
)
from s3_guardrails.encryption.fact import known
from s3_guardrails.encryption.key import Key
from s3_guardrails.errors import ChangeFailed, LiveReadFailed, UnreadableFact
from s3_guardrails.live.reader import LiveReader
from s3_guardrails.rule import BucketRule, KeyRule
from s3_guardrails.scan import Resource

FOLDER: Final = "guardrails-history"


def utc_now() -> datetime:
    """Return the second that names a state."""
    return datetime.now(UTC)


def _place(command: Any) -> Any:
    for option in (
        click.option("--evidence-bucket", metavar="NAME", help="Keep it in this bucket of the account instead."),
        click.option(
            "--folder",
            type=click.Path(path_type=Path, file_okay=False),
            default=FOLDER,
            show_default=True,
            help="Keep it in this folder.",
        ),
    ):
        command = option(command)
    return command


@click.group()
def history() -> None:
    """The history of policies, key policies, default encryption and rotation, with digests."""


@history.command("record")
@account_options
@_place
@click.option("--bucket", "buckets", multiple=True, metavar="NAME", help="Only this bucket; repeatable.")
@click.option("--key", "keys", multiple=True, metavar="ID|ARN|ALIAS", help="Only this key; repeatable.")
def record_(
    profile: str | None,
    regions: tuple[str, ...],
    endpoint_url: str | None,
    folder: Path,
    evidence_bucket: str | None,
    buckets: tuple[str, ...],
    keys: tuple[str, ...],
) -> ExitCode:
    """Keep what has changed since the last time; run it every day, or when EventBridge tells of a change.

    Exits 2 when it could not run or a listing failed, 3 when a setting could not be read, 0 otherwise.
    """
    account = open_account(profile, regions, endpoint_url)
    shelf, failures = _shelf(account, folder, evidence_bucket), list[str]()
    batches = targets(account, {BucketRule.resource_type, KeyRule.resource_type}, buckets, keys, failures)
    resources = [(reader, each) for reader, of_reader in batches for each in of_reader]
    new, unread, now = 0, list[str](), utc_now()
    for reader, each in tracked(iter(resources), "recording", len(resources)):
        kept, refused = _kept(shelf, account, reader, each, now)
        new, unread = new + kept, [*unread, *refused]
    for sentence in (*failures, *unread):
        say(f"not recorded: {sentence}")
    say(f"account {account.id}: {number_of(resources, 'resource')}, {number_of(new, 'new state')}")
    if failures:
        return ExitCode.COULD_NOT_RUN
    return ExitCode.UNDETERMINED if unread else ExitCode.COMPLIANT


@history.command("list")
@click.argument("target", metavar="BUCKET|KEY")
@account_options
@_place
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object, the states themselves included.")
def list_(
    target: str,
    profile: str | None,
    regions: tuple[str, ...],
    endpoint_url: str | None,
    folder: Path,
    evidence_bucket: str | None,
    as_json: bool,
) -> ExitCode:
    """List the states of one bucket or key that were kept, the newest last; each is checked against its digest.

    Exits 2 where it could not run, or a document was changed.
    """
    region = region_of(target)
    account = open_account(profile, (region,) if region else regions, endpoint_url)
    resource = find(account.readers[0], target)
    shelf = _shelf(account, folder, evidence_bucket)
    found = [each for setting in settings_of(resource) for each in recorded(shelf, resource, setting)]
    states = [_row(each) | {"state": state_of(shelf, each)} for each in sorted(found, key=lambda each: each.time)]
    if as_json:
        click.echo(pretty_json({"resource": resource.arn, "history": states}))
    else:
        table = Table("recorded", "setting", "sha256", box=None, pad_edge=False, header_style="bold")
        for each in states:
            table.add_row(each["recorded"], each["setting"], each["sha256"])
        show(table)
    return ExitCode.COMPLIANT


def _row(each: Recorded) -> dict[str, Any]:
    return {"recorded": each.time, "setting": each.setting.value, "sha256": each.sha256}


def _shelf(account: Account, folder: Path, evidence_bucket: str | None) -> Shelf:
    if evidence_bucket is None:
        return FolderShelf(folder)
    bucket = evidence_bucket_of(account, evidence_bucket)
    return BucketShelf(account.clients, bucket.name, account.id, bucket.region)


def _kept(
    shelf: Shelf, account: Account, reader: LiveReader, resource: Resource, now: datetime
) -> tuple[int, list[str]]:
    """Keep every setting of a resource; return how many states are new, and what could not be read."""
    new, unread = 0, list[str]()
    for setting in settings_of(resource):
        try:
            if isinstance(resource, Key) and _of_aws(reader, resource):
                break
            new += record(shelf, account.clients, resource, setting, now)
        except (ChangeFailed, UnreadableFact, LiveReadFailed) as error:
            unread.append(f"{resource.arn}: {setting.value}: {error}")
    return new, unread


def _of_aws(reader: LiveReader, key: Key) -> bool:
    """Does AWS manage the key? Its policy and rotation cannot be changed."""
    return known(reader.complete_key(key, "metadata").metadata).manager == "AWS"
