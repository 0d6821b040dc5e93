"""Files that outlive a crash, and that one process at a time writes."""

from __future__ import annotations

import errno
import os
import shutil
import sys
from pathlib import Path


def put(path: Path, text: str) -> None:
    """Write a file whole or not at all, and have it on the disk; raise OSError.

    A link stays one, and a file keeps its mode; what is there and no file, such as a device, is refused.
    """
    path = Path(os.path.realpath(path))
    if path.exists() and not path.is_file():
        raise OSError(errno.EINVAL, "expected a regular file", str(path))
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    draft = path.with_name(f".{path.name}.{os.getpid()}.draft")  # no name of anybody's own file
    try:
        _write(draft, text)
        if path.exists():
            shutil.copymode(path, draft)
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)
    sync(path.parent)


def _write(path: Path, text: str) -> None:
    with path.open("w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())


def sync(folder: Path) -> None:
    """Have the names in a folder on the disk; raise OSError."""
    if sys.platform == "win32":
        return  # it opens no folders
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def locked(handle: int) -> bool:
    """Lock an open file until it is closed, or the process ends; False where another has it."""
    if sys.platform == "win32":
        return True  # its locks would keep others from reading, too
    import fcntl  # noqa: PLC0415  # not on every platform

    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
