"""One question of a preflight: it goes on whatever the answer is."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeVar

from s3_guardrails.encryption.fact import Unreadable
from s3_guardrails.errors import LiveReadFailed
from s3_guardrails.live.call import answer

T = TypeVar("T")


def tried(name: str, ask: Callable[[], T], otherwise: Mapping[str, T] | None = None) -> T | Unreadable:
    """Return a fact, `otherwise` by error code, or why it could not be read: refused, malformed, no answer at all."""
    try:
        return answer(name, ask, otherwise)
    except LiveReadFailed as error:
        return Unreadable(name, str(error))
