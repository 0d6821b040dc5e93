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
from s3_guardrails.remediate.durable import locked, sync
from s3_guardrails.remediate.store import PLAN_ID

NAME: Final = "journal.jsonl"


class Step(StrEnum):
    """What the journal says of a change. The write may have been made from APPLYING (or UNDOING) on."""

    APPLYING = "APPLYING"
    APPLIED = "APPLIED"
    VERIFIED = "VERIFIED"
    UNDOING = "UNDOING"
    UNDONE = "UNDONE"
    FAILED = "FAILED"


UNDER_WAY: Final = frozenset({Step.APPLYING, Step.APPLIED})
TAKEN_BACK: Final = frozenset({Step.UNDOING, Step.UNDONE})
DONE: Final = TAKEN_BACK | {Step.VERIFIED}


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
    """One file; the last line about a resource and rule counts. Only one run at a time writes it."""

    def __init__(self, folder: Path, *, writes: bool = True) -> None:
        """Read what is there; raise InputError for a line that is not one, naming it. A dry run keeps no line."""
        self.path = folder / NAME
        self._last: dict[tuple[str, str, str], Entry] = {}
        self._writes = writes
        self._handle: int | None = None
        text = self._text()
        self._size, self._whole = len(text), text.rfind(b"\n") + 1
        for entry in self._entries(text):
            self._last[entry.about] = entry

    def close(self) -> None:
        """Let another run write."""
        if self._handle is not None:
            os.close(self._handle)
            self._handle = None

    def last(self, account: str, resource: str, rule: str) -> Entry | None:
        """Return the last entry about a resource and rule."""
        return self._last.get((account, resource, rule))

    def open(self, account: str, resource: str, rule: str) -> bool:
        """May a write have been made whose outcome nobody knows?"""
        last = self.last(account, resource, rule)
        return last is not None and last.status in UNDER_WAY

    def write(self, entry: Entry) -> None:
        """Append a line and have it on the disk; raise InputError where that is not certain, or another run writes."""
        line = json.dumps(asdict(entry), ensure_ascii=True).encode() + b"\n"
        try:
            if self._writes:
                self._append(self._opened(), line)
        except OSError as error:
            raise InputError(f"`{self.path}`: {error.strerror}") from None
        self._last[entry.about] = entry

    def _opened(self) -> int:
        """Open the file for the rest of the process, locked; raise InputError if another run got in between."""
        if self._handle is None:
            self.path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            handle = os.open(self.path, os.O_RDWR | os.O_CREAT, 0o600)
            if not locked(handle) or os.fstat(handle).st_size != self._size:
                os.close(handle)
                raise InputError(f"`{self.path}`: another run writes this journal; run again when it is done")
            self._handle = handle
            sync(self.path.parent)
        return self._handle

    def _append(self, handle: int, line: bytes) -> None:
        """Write after the last whole line: a torn one is of a process that was stopped, and says nothing."""
        os.ftruncate(handle, self._whole)
        os.lseek(handle, self._whole, os.SEEK_SET)
        left = line
        while left:
            left = left[os.write(handle, left) :]
        os.fsync(handle)
        self._whole += len(line)

    def _text(self) -> bytes:
        try:
            return self.path.read_bytes()
        except FileNotFoundError:
            return b""
        except OSError as error:
            raise InputError(f"`{self.path}`: {error.strerror}") from None

    def _entries(self, text: bytes) -> Iterator[Entry]:
        *lines, torn = text.split(b"\n")
        for number, line in enumerate(lines, start=1):
            try:
                yield _entry(json.loads(line))
            except (ValueError, RecursionError):
                raise self._foreign(number) from None
        if torn[: len(_START)] != _START[: len(torn)]:
            raise self._foreign(len(lines) + 1)

    def _foreign(self, number: int) -> InputError:
        what = "expected an entry of the journal; mend the line, or name another folder with --journal"
        return InputError(f"`{self.path}` line {number}: {what}")


_START: Final = b'{"at": "'
"""How every line begins; one that does not is no torn line of ours."""


def _entry(data: Any) -> Entry:
    """Read an entry; raise ValueError."""
    names = {each.name for each in fields(Entry)}
    if not isinstance(data, Mapping) or set(data) != names or not all(isinstance(each, str) for each in data.values()):
        raise ValueError
    if not PLAN_ID.fullmatch(data["plan_id"]):
        raise ValueError
    return Entry(**{**data, "status": Step(data["status"])})
