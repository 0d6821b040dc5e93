"""AWS Config's compliance type and annotation → verdict and codes: what `config.annotation` writes, read back.

The annotation holds 256 characters. The verdict and the first code are always whole; further codes and the advisory
UNCLASSIFIED may have found no room, so what rests on them is a lower bound.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from s3_guardrails.decision import Verdict

UNKNOWN_COMPLIANCE: Final = "COMPLIANCE_UNKNOWN"

_PREFIX: Final = f"{Verdict.UNDETERMINED.value} "
_CODES: Final = re.compile(r"(?:^|; (?:advisory )?)([A-Z][A-Z0-9_]+(?:, [A-Z][A-Z0-9_]+)*)(?=:|;|$)")
_VERDICTS: Final = {each.value: each for each in Verdict if each is not Verdict.UNDETERMINED}


@dataclass(frozen=True, slots=True)
class Told:
    """The verdict, and the codes of reasons and advisories that the annotation had room for."""

    verdict: Verdict
    codes: tuple[str, ...]


def read_annotation(compliance: str, annotation: str) -> Told:
    """Read an evaluation; a compliance type that is none of ours is UNDETERMINED, never compliant."""
    if compliance not in _VERDICTS:
        return Told(Verdict.UNDETERMINED, (UNKNOWN_COMPLIANCE,))
    undetermined = annotation.startswith(_PREFIX)
    codes = tuple(code for found in _CODES.findall(annotation.removeprefix(_PREFIX)) for code in found.split(", "))
    return Told(Verdict.UNDETERMINED if undetermined else _VERDICTS[compliance], codes)
