"""AWS Config's compliance type and annotation → verdict and codes: what `config.annotation` writes, read back.

The annotation holds 256 characters. The verdict and the first code are always whole; further codes and the advisory
UNCLASSIFIED may have found no room, so what rests on them is a lower bound.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from typing import Final

from s3_guardrails.decision import Verdict

UNKNOWN_COMPLIANCE: Final = "COMPLIANCE_UNKNOWN"

_PREFIX: Final = f"{Verdict.UNDETERMINED.value} "
_CODES: Final = re.compile(r"(?:^|; (?:advisory )?)([A-Z][A-Z0-9_]+(?:, [A-Z][A-Z0-9_]+)*)(?=:|;|$)")
_EXEMPTION: Final = re.compile(
    r"(?P<told>[^\s:;,]+ (?P<state>until|ends|expired) (?P<day>[0-9]{4}-[0-9]{2}-[0-9]{2}), [^\s,;]*); "
)
_VERDICTS: Final = {each.value: each for each in Verdict if each is not Verdict.UNDETERMINED}


@dataclass(frozen=True, slots=True)
class Told:
    """The verdict, and the codes of reasons and advisories that the annotation had room for.

    `exemption`: it in a few words, empty where there is none. `until`: the day on which it no longer holds, None where
    it had expired already when that was written.
    """

    verdict: Verdict
    codes: tuple[str, ...]
    exemption: str = ""
    until: date | None = None

    def exempt(self, today: date) -> bool:
        """Is the deviation permitted on that day? The annotation may be older."""
        return self.until is not None and today < self.until


def read_annotation(compliance: str, annotation: str) -> Told:
    """Read an evaluation; a compliance type that is none of ours is UNDETERMINED, never compliant."""
    if compliance not in _VERDICTS:
        return Told(Verdict.UNDETERMINED, (UNKNOWN_COMPLIANCE,))
    found = _exemption(annotation)
    reasons = annotation[found.end() :] if found else annotation.removeprefix(_PREFIX)
    codes = tuple(code for each in _CODES.findall(reasons) for code in each.split(", "))
    verdict = Verdict.UNDETERMINED if annotation.startswith(_PREFIX) else _VERDICTS[compliance]
    if found is None:
        return Told(verdict, codes)
    until = None if found["state"] == "expired" else date.fromisoformat(found["day"])
    return Told(verdict, codes, found["told"], until)


def _exemption(annotation: str) -> re.Match[str] | None:
    found = _EXEMPTION.match(annotation)
    try:
        return found if found and date.fromisoformat(found["day"]) else None
    except ValueError:
        return None
