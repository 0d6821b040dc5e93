"""Code of functions on disk, by its SHA-256: many functions of many places run from one folder."""

from __future__ import annotations

import hashlib
import io
import zipfile
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory


@dataclass(slots=True)
class CodeStore:
    """Zips by digest, unpacked at first use below a folder that goes with the store."""

    _zips: dict[str, bytes] = field(default_factory=dict)
    _root: TemporaryDirectory[str] | None = None

    def keep(self, content: bytes) -> str:
        """Keep a zip; return its digest."""
        digest = hashlib.sha256(content).hexdigest()
        self._zips[digest] = content
        return digest

    def folder(self, digest: str) -> Path:
        """Return the folder with the code."""
        self._root = self._root or TemporaryDirectory(prefix="functions-")
        folder = Path(self._root.name) / digest
        if not folder.exists():
            with zipfile.ZipFile(io.BytesIO(self._zips[digest])) as archive:
                archive.extractall(folder)
        return folder

    def close(self) -> None:
        """Forget the folders."""
        if self._root is not None:
            self._root.cleanup()
            self._root = None
