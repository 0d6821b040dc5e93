"""What a run makes, on the disk before it is made: a run that is cut off anywhere can be cleaned up.

The first line says whose run it is, each further one what became of one resource; the last line about it counts.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any, Final

from s3_guardrails.errors import InputError
from s3_guardrails.remediate.durable import locked, sync

PREFIX: Final = re.compile(r"s3ga-[0-9a-f]{8}")
"""How everything of one run is named."""


class Kind(StrEnum):
    """What a run makes."""

    AGGREGATOR = "aggregator"
    BUCKET = "bucket"
    KEY = "key"
    PACK = "conformance pack"
    QUEUE = "queue"
    ROLE = "role"
    STACK = "stack"


class Status(StrEnum):
    """MAKING is written before the call: the resource may be there, or not."""

    MAKING = "MAKING"
    MADE = "MADE"
    GONE = "GONE"


@dataclass(frozen=True, slots=True, kw_only=True)
class Owner:
    """Whose run it is."""

    account: str
    region: str
    prefix: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One resource. `name` is ours; `id` is AWS's where that is another one, known once it is made."""

    kind: Kind
    name: str
    status: Status
    id: str = ""

    @property
    def about(self) -> tuple[Kind, str]:
        """Which resource."""
        return self.kind, self.name


class Journal:
    """One file, of one run; use `begin` or `read`."""

    def __init__(self, path: Path, owner: Owner, entries: Mapping[tuple[Kind, str], Entry]) -> None:
        """Open the file and keep it locked; raise InputError where another run has it."""
        self.path, self.owner, self._last = path, owner, dict(entries)
        try:
            self._handle = os.open(path, os.O_RDWR | os.O_APPEND)
        except OSError as error:
            raise InputError(f"`{path}`: {error.strerror}") from None
        if not locked(self._handle):
            os.close(self._handle)
            raise InputError(f"`{path}`: another run writes this journal")

    @classmethod
    def begin(cls, path: Path, owner: Owner) -> Journal:
        """Begin a new one; raise InputError where there is a file."""
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except FileExistsError:
            raise InputError(
                f"`{path}`: a journal is there; clean up with --clean-up, or name another with --journal"
            ) from None
        except OSError as error:
            raise InputError(f"`{path}`: {error.strerror}") from None
        os.write(handle, _line(asdict(owner)))
        os.fsync(handle)
        os.close(handle)
        sync(path.parent)
        return cls(path, owner, {})

    @classmethod
    def read(cls, path: Path) -> Journal:
        """Read what a run has left; raise InputError for anything that is no journal. A torn last line says nothing."""
        try:
            *lines, torn = path.read_bytes().split(b"\n")
        except OSError as error:
            raise InputError(f"`{path}`: {error.strerror}") from None
        if not lines:
            raise InputError(f"`{path}`: expected a journal of an acceptance run")
        owner = _parsed(path, 1, lines[0], _owner)
        found = [_parsed(path, number, line, _entry) for number, line in enumerate(lines[1:], start=2)]
        if torn:
            os.truncate(path, path.stat().st_size - len(torn))
        return cls(path, owner, {each.about: each for each in found})

    def write(self, entry: Entry) -> None:
        """Add a line and have it on the disk."""
        os.write(self._handle, _line(asdict(entry)))
        os.fsync(self._handle)
        self._last.pop(entry.about, None)
        self._last[entry.about] = entry

    def pending(self) -> list[Entry]:
        """Return what may be there, in the order in which it was made."""
        return [each for each in self._last.values() if each.status is not Status.GONE]

    def close(self) -> None:
        """Let others have the file."""
        os.close(self._handle)


def _line(data: Mapping[str, Any]) -> bytes:
    return json.dumps(data, ensure_ascii=True).encode() + b"\n"


def _parsed(path: Path, number: int, line: bytes, read: Any) -> Any:
    try:
        return read(json.loads(line))
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        raise InputError(f"`{path}` line {number}: expected a line of the journal of an acceptance run") from None


def _owner(data: Any) -> Owner:
    owner = Owner(**data)
    if not PREFIX.fullmatch(owner.prefix) or not re.fullmatch(r"[0-9]{12}", owner.account):
        raise ValueError
    return owner


def _entry(data: Any) -> Entry:
    if not all(isinstance(each, str) for each in data.values()):
        raise TypeError
    return Entry(**{**data, "kind": Kind(data["kind"]), "status": Status(data["status"])})
