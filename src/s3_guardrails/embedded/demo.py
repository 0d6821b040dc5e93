"""The demo: an account is filled, AWS Config is played on it, and its compliance view is shown.

Nothing leaves this machine: the AWS is embedded, and every handler runs in a Lambda runtime of its own.
"""

from __future__ import annotations

import json as jsonlib
import sys
import time
from collections.abc import Mapping
from contextlib import ExitStack
from typing import Final, TextIO

from rich.console import Console

from s3_guardrails.discovery import Entry, find_rules
from s3_guardrails.embedded.compliance import Played, rows
from s3_guardrails.embedded.player import ConfigPlayer, Invoke, deliver_all, in_lambda, in_process, runtime_of
from s3_guardrails.embedded.seed.account import BUCKETS, fill, items
from s3_guardrails.embedded.seed.key import KEYS
from s3_guardrails.embedded.seed.parameter import PARAMETERS
from s3_guardrails.embedded.server import EmbeddedAws
from s3_guardrails.embedded.view import show

RAN: Final = 0
COULD_NOT_RUN: Final = 2


def run_demo(json: bool, out: TextIO) -> int:
    """Play the demo and print its compliance view, or with `json` one object.

    Returns 0 when everything ran, whatever was found, and 2 when an invocation failed.
    """
    with Console(stderr=True, force_terminal=sys.stderr.isatty()).status(
        "filling an embedded AWS and playing AWS Config on it"
    ):
        played = play()
    if json:
        out.write(jsonlib.dumps(played.as_json(), indent=2) + "\n")
    else:
        show(played, out)
    return COULD_NOT_RUN if played.failures else RAN


def play(*, lambdas: bool = True) -> Played:
    """Fill, deploy, deliver and read back; without `lambdas` the handlers are called in this process."""
    entries = find_rules()
    clock = [time.monotonic()]
    with EmbeddedAws() as aws, ExitStack() as stack:
        invoke = _lambdas(aws, entries, stack) if lambdas else in_process(aws)
        names = fill(aws)
        clock.append(time.monotonic())
        player = ConfigPlayer(aws, entries)
        player.deploy(PARAMETERS)
        deliver_all(player, items(aws, list(names)), invoke)
        known = {**_known_buckets(), **_known_keys(names)}
        found = {entry.name: rows(player.results(entry.name), known) for entry in entries}
        clock.append(time.monotonic())
    stages = zip(("account filled", "AWS Config played"), clock, clock[1:], strict=False)
    seconds = {name: round(after - before, 1) for name, before, after in stages}
    return Played(aws.account, aws.region, found, player.invocations, player.failures, seconds)


def _lambdas(aws: EmbeddedAws, entries: tuple[Entry, ...], stack: ExitStack) -> Invoke:
    """Start every rule's Lambda; they load while the account is filled."""
    return in_lambda({entry.name: stack.enter_context(runtime_of(entry, aws)) for entry in entries})


def _known_buckets() -> dict[str, tuple[str, str]]:
    return {bucket.name: (bucket.name, bucket.why) for bucket in BUCKETS}


def _known_keys(names: Mapping[str, str]) -> dict[str, tuple[str, str]]:
    why = {key.name: key.why for key in KEYS}
    return {key_id: (f"alias/{name}", why.get(name, "the AWS managed key of S3")) for key_id, name in names.items()}
