"""The journal of changes from a laptop: one line before a write and one after it, each on the disk before going on.

A process that is stopped anywhere leaves a journal from which the next run knows what is done, and what was under way.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, fields
from enum import StrEnum
from pathlib import Path
from typing import Any, Final

from s3_guardrails.errors import InputError
from s3_guardrails.remediate.store import PLAN_ID

NAME: Final = "journal.jsonl"


class Step(StrEnum):
    """What the journal says of a change. The write may have been made from APPLYING on."""

    APPLYING = "APPLYING"
    APPLIED = "APPLIED"
    VERIFIED = "VERIFIED"
    UNDONE = "UNDONE"
    FAILED = "FAILED"


UNDER_WAY: Final = frozenset({Step.APPLYING, Step.APPLIED})
DONE: Final = frozenset({Step.VERIFIED, Step.UNDONE})


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One line: what a change came to. `at` is a time in ISO 8601, `resource` an ARN, `said` a sentence or empty."""

    at: str
    account: str
    region: str
    resource: str
    rule: str
    plan_id: str
    status: Step
    said: str = ""

    @property
    def about(self) -> tuple[str, str, str]:
        """Which resource and rule; names of buckets say no account."""
        return self.account, self.resource, self.rule


class Journal:
    """One file; the last line about a resource and rule counts."""

    def __init__(self, folder: Path) -> None:
        """Read what is there; raise InputError for a line that is not one, naming it."""
        self.path = folder / NAME
        self._last: dict[tuple[str, str, str], Entry] = {}
        self._whole = 0
        for entry in self._entries(self._text()):
            self._last[entry.about] = entry

    def last(self, account: str, resource: str, rule: str) -> Entry | None:
        """Return the last entry about a resource and rule."""
        return self._last.get((account, resource, rule))

    def under_way(self) -> tuple[Entry, ...]:
        """Return the changes whose write may have been made and whose outcome nobody knows."""
        return tuple(each for each in self._last.values() if each.status in UNDER_WAY)

    def write(self, entry: Entry) -> None:
        """Append a line and have it on the disk; raise InputError where that is not certain."""
        line = json.dumps(asdict(entry), ensure_ascii=True).encode() + b"\n"
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            handle = os.open(self.path, os.O_RDWR | os.O_CREAT, 0o600)
            try:
                self._append(handle, line)
            finally:
                os.close(handle)
        except OSError as error:
            raise InputError(f"`{self.path}`: {error.strerror}") from None
        self._last[entry.about] = entry

    def _append(self, handle: int, line: bytes) -> None:
        """Write after the last whole line: a torn one is of a process that was stopped, and says nothing."""
        os.ftruncate(handle, self._whole)
        os.lseek(handle, 0, os.SEEK_END)
        while line:
            written = os.write(handle, line)
            line = line[written:]
            self._whole += written
        os.fsync(handle)

    def _text(self) -> bytes:
        try:
            found = self.path.read_bytes()
        except FileNotFoundError:
            return b""
        except OSError as error:
            raise InputError(f"`{self.path}`: {error.strerror}") from None
        self._whole = found.rfind(b"\n") + 1
        return found[: self._whole]

    def _entries(self, text: bytes) -> Iterator[Entry]:
        for number, line in enumerate(text.splitlines(), start=1):
            try:
                yield _entry(json.loads(line))
            except ValueError:
                what = "expected an entry of the journal; mend the line, or name another folder with --journal"
                raise InputError(f"`{self.path}` line {number}: {what}") from None


def _entry(data: Any) -> Entry:
    """Read an entry; raise ValueError."""
    names = {each.name for each in fields(Entry)}
    if not isinstance(data, Mapping) or set(data) != names or not all(isinstance(each, str) for each in data.values()):
        raise ValueError
    if not PLAN_ID.fullmatch(data["plan_id"]):
        raise ValueError
    return Entry(**{**data, "status": Step(data["status"])})
