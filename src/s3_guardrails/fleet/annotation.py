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
_EXEMPTION: Final = re.compile(r"(?P<told>[^\s:;,]+ (?P<state>until|ends|expired) \d{4}-\d{2}-\d{2}, [^\s,;]*); ")
_VERDICTS: Final = {each.value: each for each in Verdict if each is not Verdict.UNDETERMINED}


@dataclass(frozen=True, slots=True)
class Told:
    """The verdict, and the codes of reasons and advisories that the annotation had room for.

    `exemption`: it in a few words, empty where there is none; `exempt`: whether it held when that was written.
    """

    verdict: Verdict
    codes: tuple[str, ...]
    exemption: str = ""
    exempt: bool = False


def read_annotation(compliance: str, annotation: str) -> Told:
    """Read an evaluation; a compliance type that is none of ours is UNDETERMINED, never compliant."""
    if compliance not in _VERDICTS:
        return Told(Verdict.UNDETERMINED, (UNKNOWN_COMPLIANCE,))
    found = _EXEMPTION.match(annotation)
    reasons = annotation[found.end() :] if found else annotation.removeprefix(_PREFIX)
    codes = tuple(code for each in _CODES.findall(reasons) for code in each.split(", "))
    verdict = Verdict.UNDETERMINED if annotation.startswith(_PREFIX) else _VERDICTS[compliance]
    return Told(verdict, codes, found["told"], found["state"] != "expired") if found else Told(verdict, codes)
