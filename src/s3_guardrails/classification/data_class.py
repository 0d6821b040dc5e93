"""The data classes of one guardrails file: what each accepts, and for which kind of data it is meant."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from s3_guardrails.encryption.data_class import AcceptedModes
from s3_guardrails.encryption.mode import EncryptionMode


class Purpose(StrEnum):
    """The kind of data that a class is meant for, as far as facts can tell kinds apart."""

    LOGS = "log-delivery"
    PUBLIC = "public"
    GENERAL = "general"
    SENSITIVE = "sensitive"


@dataclass(frozen=True, slots=True)
class DataClass:
    """A class by its name, the modes it accepts, and its purposes: none where nothing says what it is meant for."""

    name: str
    accepts: frozenset[EncryptionMode]
    purposes: frozenset[Purpose]


BY_NAME: Final[Mapping[str, Purpose]] = {
    "public": Purpose.PUBLIC,
    "internal": Purpose.GENERAL,
    "confidential": Purpose.SENSITIVE,
    "restricted": Purpose.SENSITIVE,
    "log-delivery": Purpose.LOGS,
}
"""What the built-in classes are meant for; a file whose class has such a name means the same, or says otherwise."""


def data_classes(accepted: AcceptedModes, declared: Mapping[str, frozenset[Purpose]]) -> tuple[DataClass, ...]:
    """Return the classes in the order of the file; `declared`: class name → what the file says it is meant for."""
    return tuple(
        DataClass(name, modes, declared.get(name) or _purposes(name, modes))
        for name, modes in accepted.by_class.items()
    )


def _purposes(name: str, modes: frozenset[EncryptionMode]) -> frozenset[Purpose]:
    """A name of the built-in classes tells; else modes do where they leave one answer."""
    if name in BY_NAME:
        return frozenset({BY_NAME[name]})
    if modes == {EncryptionMode.SSE_S3}:
        return frozenset({Purpose.LOGS})
    if all(each.uses_kms for each in modes):
        return frozenset({Purpose.SENSITIVE})
    return frozenset()
