"""Bundles as files: unpacked, as a zip of the same bytes on every machine, with modules compiled for the runtime."""

from __future__ import annotations

import hashlib
import os
import subprocess
import tempfile
import zipfile
from pathlib import Path
from typing import Final

from s3_guardrails.deploy.bundle import Bundle
from s3_guardrails.errors import InputError

RUNTIME_VERSION: Final = "3.13"
"""The functions' Python; what another one compiles is of no use to it."""
_DATE: Final = (2020, 1, 1, 0, 0, 0)
_COMPILE: Final = ("-m", "compileall", "-q", "--invalidation-mode", "unchecked-hash")


def digest(bundle: Bundle) -> str:
    """Return a SHA-256 of paths and contents: a name under which other code is another object."""
    sha = hashlib.sha256()
    for path, content in bundle.items():
        sha.update(f"{path}\0{len(content)}\0".encode() + content)
    return sha.hexdigest()


def write_zip(bundle: Bundle, path: Path) -> None:
    """Write a zip without dates, owners or anything else of this machine."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for name, content in bundle.items():
            info = zipfile.ZipInfo(name, _DATE)
            info.create_system, info.external_attr = 3, 0o644 << 16
            info.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(info, content)


def unpack(bundle: Bundle, folder: Path) -> None:
    """Write the files below a folder, which must be new or empty; raise InputError."""
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise InputError(f"{folder}: expected a new or an empty folder")
    for name, content in bundle.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)


def compiled(bundle: Bundle, python: str) -> Bundle:
    """Add every module compiled by a Python of the runtime's version; raise InputError where it is another one.

    A function's folder cannot be written, so without this each cold start compiles some 200 modules.
    """
    if (found := _version(python)) != RUNTIME_VERSION:
        raise InputError(f"{python}: expected Python {RUNTIME_VERSION}, found {found or 'none'}")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        unpack(bundle, folder)
        environment = {**os.environ, "PYTHONHASHSEED": "0"}
        subprocess.run([python, *_COMPILE, "-s", name, folder], check=True, capture_output=True, env=environment)
        files = {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*.pyc")}
    return dict(sorted({**bundle, **files}.items()))


def _version(python: str) -> str:
    program = "import sys; print('%d.%d' % sys.version_info[:2])"
    try:
        return subprocess.run([python, "-c", program], check=True, capture_output=True, text=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return ""
