"""The command `s3-guardrails`: data on stdout, sentences on stderr, the answer in the exit status."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import TextIO

import click

from s3_guardrails import __version__
from s3_guardrails.cli.build import build
from s3_guardrails.cli.catalogue import catalogue
from s3_guardrails.cli.change import change
from s3_guardrails.cli.classify import classify
from s3_guardrails.cli.demo import demo
from s3_guardrails.cli.diff_policy import diff_policy
from s3_guardrails.cli.exemptions import exemptions
from s3_guardrails.cli.exit_code import ExitCode
from s3_guardrails.cli.explain import explain
from s3_guardrails.cli.explain_policy import explain_policy
from s3_guardrails.cli.fleet import fleet
from s3_guardrails.cli.history import history
from s3_guardrails.cli.key_policy import key_policy
from s3_guardrails.cli.preflight import preflight
from s3_guardrails.cli.prove import prove
from s3_guardrails.cli.remediate import remediate
from s3_guardrails.cli.scan import scan
from s3_guardrails.cli.settings import settings
from s3_guardrails.cli.simulate import simulate
from s3_guardrails.cli.text import say
from s3_guardrails.errors import GuardrailError

PROGRAM = "s3-guardrails"


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, prog_name=PROGRAM)
def command() -> None:
    """Judge S3 buckets and KMS keys by every request that their policies let through.

    Exit status: 2 could not run, 1 findings, 3 undetermined, 0 compliant; the first that holds wins.
    """


for each in (
    preflight,
    scan,
    fleet,
    explain,
    remediate,
    prove,
    explain_policy,
    diff_policy,
    simulate,
    classify,
    settings,
    exemptions,
    change,
    history,
    key_policy,
    demo,
    catalogue,
    build,
):
    command.add_command(each)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command with its arguments (the process's own by default); return the exit status, never a traceback."""
    if not _opened():
        return ExitCode.COULD_NOT_RUN
    code = ExitCode.COULD_NOT_RUN
    with suppress(OSError):  # not even stderr takes a sentence
        code = ExitCode(_run(list(sys.argv[1:] if arguments is None else arguments)))
    delivered = [_flushed(stream) for stream in (sys.stdout, sys.stderr)]
    return code if all(delivered) else ExitCode.COULD_NOT_RUN


def _run(arguments: list[str]) -> int:
    try:
        with command.make_context(PROGRAM, arguments) as context:
            return int(command.invoke(context))
    except click.exceptions.Exit as done:
        return done.exit_code
    except click.ClickException as error:
        error.show()
    except GuardrailError as error:
        say(f"Error: {error}")
    except (BrokenPipeError, SystemExit):  # the reader left; rich says so with SystemExit(1), which means findings here
        _silence(sys.stdout)
    except (KeyboardInterrupt, click.Abort):
        say("interrupted")
    except Exception as error:  # noqa: BLE001  # the last resort: a traceback would exit with 1, which means findings
        say(f"Error: {type(error).__name__}: {error}")
    return ExitCode.COULD_NOT_RUN


def _opened() -> bool:
    """Make the streams fit for use; without stdout nobody would get the answer. Closed streams are None."""
    if sys.stdin is None:
        sys.stdin = Path(os.devnull).open(encoding="utf-8")  # noqa: SIM115  # open as long as the process
    if sys.stderr is None:
        sys.stderr = Path(os.devnull).open("w", encoding="utf-8")  # noqa: SIM115
    for stream in (sys.stdout, sys.stderr):
        if reconfigure := getattr(stream, "reconfigure", None):
            reconfigure(errors="backslashreplace")  # a name that the terminal's encoding lacks is no reason to stop
    if sys.stdout is None:
        with suppress(OSError):
            say("Error: stdout is closed")
        return False
    return True


def _flushed(stream: TextIO) -> bool:
    try:
        stream.flush()
    except (OSError, ValueError):  # the disk is full, or the stream is closed
        _silence(stream)
        return False
    return True


def _silence(stream: TextIO) -> None:
    """Send what is left in the stream's buffer nowhere: flushing it at exit would fail."""
    with suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
