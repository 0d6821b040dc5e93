"""The demo: an account is filled, AWS Config is played on it, and its compliance view is shown.

Nothing leaves this machine: the AWS is embedded, and every handler runs in a Lambda runtime of its own.
"""

from __future__ import annotations

import json as jsonlib
import sys
import time
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import replace
from datetime import UTC, datetime
from typing import Final, TextIO

from rich.console import Console

from s3_guardrails.decision import Verdict
from s3_guardrails.discovery import Entry, find_rules
from s3_guardrails.embedded.compliance import Click, Played, rows
from s3_guardrails.embedded.exemption_life import Day, play_life
from s3_guardrails.embedded.item import Recorder
from s3_guardrails.embedded.operator import Operator
from s3_guardrails.embedded.player import ConfigPlayer, Invoke, deliver_all, in_lambda, in_process, runtime_of
from s3_guardrails.embedded.seed.account import BUCKETS, fill, items
from s3_guardrails.embedded.seed.data_bucket import EVIDENCE
from s3_guardrails.embedded.seed.key import KEYS
from s3_guardrails.embedded.seed.parameter import PARAMETERS
from s3_guardrails.embedded.server import EmbeddedAws
from s3_guardrails.embedded.view import show
from s3_guardrails.remediate.remediation import REMEDIATIONS

EXEMPT: Final = "acme-website"
EXEMPT_FROM: Final = "S3_BUCKET_TLS_ONLY"
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
    """Fill, deploy, deliver, read back, click and read again; without `lambdas` nobody clicks.

    Handlers are then called in this process.
    """
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
        clicks = _clicked(aws, player, invoke, stack) if lambdas else []
        mended = {entry.name: rows(player.results(entry.name), known) for entry in entries} if clicks else {}
        clock.append(time.monotonic())
        life = _life(aws, player) if lambdas else []
        clock.append(time.monotonic())
    names_of = ("account filled", "AWS Config played", "findings remediated", "an exemption lived")
    stages = zip(names_of, clock, clock[1:], strict=False)
    seconds = {name: round(after - before, 1) for name, before, after in stages}
    named = [replace(each, name=known.get(each.resource, (each.resource, ""))[0]) for each in clicks]
    return Played(aws.account, aws.region, found, player.invocations, player.failures, seconds, named, mended, life)


def _clicked(aws: EmbeddedAws, player: ConfigPlayer, invoke: Invoke, stack: ExitStack) -> list[Click]:
    """Click for every finding, one rule after the other, and let AWS Config look at what changed."""
    operator = Operator(aws, player.entries, EVIDENCE.name)
    operator.deploy(PARAMETERS, stack)
    clicks: list[Click] = []
    mendable = {entry.remediation: entry for entry in player.entries}
    for entry in (mendable[name] for name in REMEDIATIONS if name in mendable):
        found = rows(player.results(entry.name), {})
        clicks += operator.click(entry, [row for row in found if row.verdict is Verdict.NON_COMPLIANT])
    recorder = Recorder(aws.client("s3"), aws.client("kms"), aws.account, aws.region)
    for resource in dict.fromkeys(each.resource for each in clicks if each.plan):
        of_bucket = any(bucket.name == resource for bucket in BUCKETS)
        player.deliver(recorder.bucket(resource) if of_bucket else recorder.key(resource), invoke)
    player.schedule(invoke)
    return clicks


def _life(aws: EmbeddedAws, player: ConfigPlayer) -> list[Day]:
    """Exempt the website, which no remediation may mend, from TLS."""
    entry = next(each for each in player.entries if each.name == EXEMPT_FROM)
    recorder = Recorder(aws.client("s3"), aws.client("kms"), aws.account, aws.region)
    return play_life(aws, player, entry, recorder.bucket(EXEMPT), datetime.now(UTC).date())


def _lambdas(aws: EmbeddedAws, entries: tuple[Entry, ...], stack: ExitStack) -> Invoke:
    """Start every rule's Lambda; they load while the account is filled."""
    return in_lambda({entry.name: stack.enter_context(runtime_of(entry, aws)) for entry in entries})


def _known_buckets() -> dict[str, tuple[str, str]]:
    return {bucket.name: (bucket.name, bucket.why) for bucket in BUCKETS}


def _known_keys(names: Mapping[str, str]) -> dict[str, tuple[str, str]]:
    why = {key.name: key.why for key in KEYS}
    return {key_id: (f"alias/{name}", why.get(name, "the AWS managed key of S3")) for key_id, name in names.items()}
