"""What speaks for or against a data class: a code, a sentence, and what follows from it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from s3_guardrails.classification.data_class import DataClass, Purpose
from s3_guardrails.encryption.mode import ANY_BUT_SSE_C, EncryptionMode

Modes = frozenset[EncryptionMode]

SSE_S3: Final[Modes] = frozenset({EncryptionMode.SSE_S3})
CUSTOMER_KEY: Final[Modes] = frozenset({EncryptionMode.SSE_KMS_CMK})
LOG_MODES: Final[Modes] = SSE_S3 | CUSTOMER_KEY
"""What S3's log delivery can write with; dual-layer encryption is not documented for it."""
SHARED_MODES: Final[Modes] = LOG_MODES | {EncryptionMode.DSSE_KMS_CMK}
"""What a caller of elsewhere can be let use: nobody outside the account can use the AWS managed key."""


SHOWN: Final = 5
"""Names in a sentence before the rest is counted."""


class Basis(StrEnum):
    """Where evidence comes from, the strongest first."""

    TAG = "a tag of the owner says so"
    SETTING = "settings of AWS services show it"
    POLICY = "the bucket's policy points to it"
    FINDING = "findings that were given point to it"


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """One piece of evidence.

    `purpose`: the kind of data that it shows. `named`: the class that it names. `needs`: for each kind of object that
    is written or read here, the modes with which that works; a class must accept one of each. `might`: the same of what
    is perhaps written; a class that no tag names must accept that too. `default`: the modes of the bucket's default
    encryption with which it works.
    """

    code: str
    sentence: str
    basis: Basis
    purpose: Purpose | None = None
    named: str | None = None
    needs: tuple[Modes, ...] = ()
    might: tuple[Modes, ...] = ()
    default: Modes = ANY_BUT_SSE_C

    @property
    def asks_for_sse_s3(self) -> bool:
        """Does it work with SSE-S3 only?"""
        return SSE_S3 in self.needs

    def contradicts(self, data_class: DataClass) -> bool:
        """Can the class not be the right one, if this is as it seems?"""
        if self.named not in {None, data_class.name} or not all(data_class.accepts & each for each in self.needs):
            return True
        telling = self.purpose in {Purpose.PUBLIC, Purpose.SENSITIVE}
        return telling and bool(data_class.purposes) and self.purpose not in data_class.purposes


def listed(names: Sequence[str]) -> str:
    """Name the first of several, and say how many more there are."""
    more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    return ", ".join(names[:SHOWN]) + more
