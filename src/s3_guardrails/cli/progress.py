"""A progress bar on stderr, where a person watches."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from typing import TypeVar

from rich.console import Console
from rich.progress import Progress

T = TypeVar("T")


def tracked(items: Iterable[T], doing: str, total: int) -> Iterator[T]:
    """Pass items on, and show how many of `total` came."""
    console = Console(file=sys.stderr, force_terminal=sys.stderr.isatty())
    with Progress(console=console, transient=True, disable=not sys.stderr.isatty()) as progress:
        task = progress.add_task(doing, total=total)
        for each in items:
            progress.advance(task)
            yield each
