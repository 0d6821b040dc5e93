"""Takes away what a journal lists, the last thing first; whatever does not carry the run's tag is left alone."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from botocore.exceptions import BotoCoreError, ClientError

from s3_guardrails.acceptance.journal import Entry, Kind, Status
from s3_guardrails.acceptance.outcome import Stopped
from s3_guardrails.acceptance.removal import DAYS, REMOVALS
from s3_guardrails.acceptance.run import TAG, Run, code_of
from s3_guardrails.live.call import CREDENTIALS, MALFORMED, sentence


def clean_up(run: Run, say: Callable[[str], None]) -> list[str]:
    """Delete everything, go on where one thing fails; return a sentence for each that is left."""
    left: dict[tuple[Kind, str], str] = {}
    while entries := [each for each in run.journal.pending() if each.about not in left]:
        entry = entries[-1]
        try:
            said = _remove(run, entry)
        except (ClientError, BotoCoreError, Stopped, *MALFORMED) as error:
            why = str(error) if isinstance(error, Stopped) else sentence(error)
            left[entry.about] = f"{entry.kind} {entry.name}: {why}"
            if isinstance(error, ClientError) and code_of(error) in CREDENTIALS:
                return [f"{len(run.journal.pending())} resources: {sentence(error)}"]
        else:
            run.journal.write(replace(entry, status=Status.GONE))
            say(f"{entry.kind} {entry.name}: {said}")
    return list(left.values())


def remove(run: Run, kind: Kind, name: str) -> None:
    """Take away one thing before the others; whatever fails is left for the clean-up."""
    entry = next(each for each in run.journal.pending() if each.about == (kind, name))
    _remove(run, entry)
    run.journal.write(replace(entry, status=Status.GONE))


def _remove(run: Run, entry: Entry) -> str:
    removal = REMOVALS[entry.kind]
    tags = removal.tags(run, entry)
    if tags is None:
        return "not there, or on its way already"
    if tags.get(TAG) != run.prefix:
        raise Stopped(f"is there and does not carry the tag {TAG}={run.prefix}: left alone")
    removal.delete(run, entry)
    return f"deletion scheduled, {DAYS} days" if entry.kind is Kind.KEY else "deleted"
