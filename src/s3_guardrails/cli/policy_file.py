"""Options and reading of the commands that take a file with policies: a bare policy, a template, a plan."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, BinaryIO, Final, TypeVar

import click

from s3_guardrails.cli.text import say
from s3_guardrails.errors import GuardrailError, InputError
from s3_guardrails.template.found import File, Options
from s3_guardrails.template.loading import MAX_BYTES
from s3_guardrails.template.reading import read_file

C = TypeVar("C", bound=Callable[..., Any])
PARTITIONS: Final = ("aws", "aws-cn", "aws-us-gov")
STDIN: Final = "stdin"


def deployment_options(command: C) -> C:
    """Add what the user can say about where a policy is going; the command takes them as `options`."""
    for option in (
        click.option("--parameter", "parameters", multiple=True, metavar="NAME=VALUE", help="A template's parameter."),
        click.option("--partition", type=click.Choice(PARTITIONS), default="aws", help="AWS partition [aws]."),
        click.option("--region", metavar="REGION", help="Region of the deployment."),
        click.option("--account", metavar="ID", help="Account of the deployment, 12 digits."),
        click.option("--bucket", metavar="NAME", help="Name of the bucket, where the file does not say it."),
    ):
        command = option(command)
    return command


def options_of(
    bucket: str | None, account: str | None, region: str | None, partition: str, parameters: tuple[str, ...]
) -> Options:
    """Check the options; raise InputError."""
    if account is not None and not re.fullmatch("[0-9]{12}", account):
        raise InputError(f"--account: expected an account id of 12 digits, found `{account}`")
    if bucket is not None and not re.fullmatch("[A-Za-z0-9._-]{1,255}", bucket):
        raise InputError(f"--bucket: expected the name of a bucket, found `{bucket[:40]}`")
    if region is not None and not re.fullmatch("[a-z0-9-]+", region):
        raise InputError(f"--region: expected a Region such as us-east-1, found `{region[:40]}`")
    pairs = [each.partition("=") for each in parameters]
    for name, equals, _ in pairs:
        if not (name and equals):
            raise InputError(f"--parameter: expected NAME=VALUE, found `{name}{equals}`")
    given = {name: value for name, _, value in pairs}
    return Options(account=account, region=region, bucket=bucket, partition=partition, parameters=given)


def name_of(file: BinaryIO) -> str:
    """Return a file's name as the user gave it."""
    name = getattr(file, "name", "-")
    return STDIN if name in {"-", "<stdin>", 0} else str(name)


def read(file: BinaryIO, options: Options) -> File:
    """Read the policies of a file; raise InputError that names it. Notes go to stderr."""
    name = name_of(file)
    try:
        found = read_file(file.read(MAX_BYTES + 1), options)
    except (GuardrailError, OSError) as error:
        raise InputError(f"`{name}`: {error}") from None
    for note in found.notes:
        say(f"{name}: {note}")
    return found
