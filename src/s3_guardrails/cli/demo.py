"""`demo`: an AWS on this machine, AWS Config played on it; the extra `demo` brings what that needs."""

from __future__ import annotations

import sys

import click

from s3_guardrails.cli.exit_code import ExitCode
from s3_guardrails.errors import InputError


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def demo(as_json: bool) -> ExitCode:
    """Fill an embedded AWS, play AWS Config on it through the real handlers, and show its compliance view.

    Nothing leaves this machine. Exits 0 when everything ran, whatever was found, and 2 when it could not.
    """
    try:
        from s3_guardrails.embedded.demo import run_demo  # noqa: PLC0415  # needs the extra `demo`
    except ModuleNotFoundError as error:
        missing = (error.name or "").partition(".")[0]
        if missing == "s3_guardrails":
            raise
        raise InputError(
            f"the demo needs `{missing}`: install it with pip install 's3-encryption-guardrails[demo]'"
        ) from None
    return ExitCode(run_demo(as_json, sys.stdout))
