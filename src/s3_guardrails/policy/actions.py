"""The actions that a bucket policy or a key policy can judge, with the condition keys each carries.

Data: actions.json, rendered from the Service Authorization Reference by tools/render_actions.py.
"""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple


class Action(NamedTuple):
    """One action, such as `s3:PutObject`: kinds of resource (`bucket`, `object`, `key`) and its service's keys."""

    service: str
    name: str
    on: tuple[str, ...]
    keys: frozenset[str]

    @property
    def full_name(self) -> str:
        """The name as policies write it."""
        return f"{self.service}:{self.name}"


@cache
def catalogue() -> dict[str, Any]:
    """Return the rendered catalogue: `source`, `read_on`, `s3`, `kms`, `keys`."""
    data: dict[str, Any] = json.loads(Path(__file__).with_name("actions.json").read_text(encoding="utf-8"))
    return data


@cache
def actions(service: str) -> tuple[Action, ...]:
    """Return the actions of `s3` or `kms`, in alphabetical order."""
    return tuple(
        Action(service, name, tuple(row["on"]), frozenset(row["keys"])) for name, row in catalogue()[service].items()
    )
