"""Logs in files and folders, perhaps compressed: read once, line by line, whatever they are about."""

from __future__ import annotations

import gzip
import os
import zlib
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from datetime import date
from pathlib import Path
from typing import BinaryIO, Final, NoReturn, cast

from s3_guardrails.errors import InputError
from s3_guardrails.logs.book import LogBook
from s3_guardrails.logs.reading import read_log

_GZIP: Final = b"\x1f\x8b"
_BESIDE: Final = frozenset({"CloudTrail-Digest", "CloudTrail-Insight"})
"""Folders that CloudTrail keeps beside its logs, and that tell of no request."""


def read_logs(paths: Sequence[Path], today: date) -> LogBook | None:
    """Read all logs below the paths, None where there are no paths; raise InputError with the path.

    In a folder, what is no log is told in the book; a file that was named must be one.
    """
    if not paths:
        return None
    book, logs = LogBook(today), 0
    for path in paths:
        for file in _files(path):
            if _is_taken(file, book):
                logs += 1
            elif file == path:
                raise InputError(f"--logs {path}: {_EXPECTED}")
            else:
                book.strange.append(str(file))
    if not logs:
        raise InputError(f"--logs {paths[0]}: holds no log; {_EXPECTED}")
    return book


_EXPECTED: Final = "expected server access logs of S3 or logs of CloudTrail, perhaps compressed by gzip"


def _files(path: Path) -> Iterator[Path]:
    """Yield a file, or every file below a folder; links to folders are not followed."""
    if not path.is_dir():
        yield path
        return
    for folder, folders, names in os.walk(path, onerror=_fail):
        folders[:] = sorted(set(folders) - _BESIDE)
        yield from (Path(folder, each) for each in sorted(names))


def _fail(error: OSError) -> NoReturn:
    raise InputError(f"--logs {error.filename}: {error.strerror}") from None


def _is_taken(file: Path, book: LogBook) -> bool:
    """Take one file into the book; return False where it is no log."""
    try:
        if not file.is_file():
            return False
        with ExitStack() as stack:
            found = read_log(_opened(file, stack))
            for source, line in found or ():
                book.add(source, line)
            return found is not None
    except (OSError, EOFError, zlib.error) as error:
        what = getattr(error, "strerror", None) or str(error)
        raise InputError(f"--logs {file}: {what}") from None
    except InputError as error:
        raise InputError(f"--logs {file}: {error}") from None


def _opened(file: Path, stack: ExitStack) -> BinaryIO:
    raw = stack.enter_context(file.open("rb"))
    if not raw.peek(len(_GZIP)).startswith(_GZIP):
        return raw
    return cast("BinaryIO", stack.enter_context(gzip.open(raw, "rb")))
