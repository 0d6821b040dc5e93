"""Data classes: the owner's classification of a bucket, and the *set* of encryption modes each class accepts.

A set, not a minimum: load-balancer logs work with SSE-S3 only, so a "stronger" mode can break a writer.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from s3_guardrails.encryption.mode import ANY_BUT_SSE_C, NAMES, EncryptionMode
from s3_guardrails.errors import ParameterError


def parse_table(text: str, what: str) -> dict[str, str]:
    """Read ``class=value;class=value``; an empty text is an empty table.

    >>> parse_table("public=SSE-S3; secret=DSSE-KMS", "AcceptedModes")
    {'public': 'SSE-S3', 'secret': 'DSSE-KMS'}
    """
    table: dict[str, str] = {}
    for entry in filter(None, (part.strip() for part in text.split(";"))):
        name, equals, value = (part.strip() for part in entry.partition("="))
        if not (name and equals and value):
            raise ParameterError(f"{what}: expected `class=value`, found `{entry}`")
        if name in table:
            raise ParameterError(f"{what}: data class `{name}` is listed twice")
        table[name] = value
    return table


@dataclass(frozen=True, slots=True)
class AcceptedModes:
    """Data class name → accepted modes; `text` is the parameter as written."""

    by_class: Mapping[str, frozenset[EncryptionMode]]
    text: str

    @classmethod
    def parse(cls, text: str) -> AcceptedModes:
        """Read ``public=SSE-S3,SSE-KMS;restricted=DSSE-KMS-CMK``; raise ParameterError naming class and word."""
        table = parse_table(text, "AcceptedModes")
        return cls({name: _modes(name, value) for name, value in table.items()}, text)

    def of(self, data_class: str | None) -> frozenset[EncryptionMode]:
        """Return what the class accepts; an unclassified bucket accepts any mode but SSE-C."""
        return ANY_BUT_SSE_C if data_class is None else self.by_class[data_class]

    def __str__(self) -> str:
        """Return the parameter as written."""
        return self.text


def _modes(name: str, value: str) -> frozenset[EncryptionMode]:
    modes: frozenset[EncryptionMode] = frozenset()
    for word in (part.strip() for part in value.split(",")):
        if word not in NAMES:
            raise ParameterError(f"AcceptedModes: class `{name}`: expected one of {', '.join(NAMES)}, found `{word}`")
        modes |= NAMES[word]
    return modes
