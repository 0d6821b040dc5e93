"""Parts of a configuration item that may be JSON in a string, as the oversized and history shapes have them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from s3_guardrails.encryption.fact import ABSENT
from s3_guardrails.errors import PolicySyntaxError, UnreadableFact
from s3_guardrails.live import shape
from s3_guardrails.policy.strict_json import strict_json

ENCODINGS: Final = 3
"""Times that a value may be JSON in a string; captured items have it at most twice."""


class Section:
    """A part of an item that holds values by name, such as `supplementaryConfiguration`."""

    def __init__(self, item: Mapping[str, Any], name: str) -> None:
        """Remember where to look."""
        self._item, self._name = item, name

    @property
    def exists(self) -> bool:
        """Is there such a part, and is it not null?"""
        return self._item.get(self._name) is not None

    def path(self, name: str) -> str:
        """Return the path of a value, for messages."""
        return f"{self._name}.{name}"

    def read(self, fact: str, name: str) -> Any:
        """Return the decoded value, ABSENT if there is none; raise UnreadableFact where it is not JSON."""
        whole = decoded(fact, self._name, self._item.get(self._name, ABSENT))
        if not isinstance(whole, Mapping):
            raise UnreadableFact(fact, f"{self._name}: expected an object, found {shape.kind(whole)}")
        return decoded(fact, self.path(name), shape.element(whole, name))


def decoded(fact: str, path: str, value: Any) -> Any:
    """Return what a JSON text holds, however often encoded; other values as they are. Raise UnreadableFact."""
    for _ in range(ENCODINGS):
        if not isinstance(value, str):
            break
        try:
            value = strict_json(value)
        except PolicySyntaxError as error:
            raise UnreadableFact(fact, f"{path}: {error}") from None
    return value
