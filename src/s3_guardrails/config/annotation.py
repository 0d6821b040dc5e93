"""A decision → AWS Config's compliance type and annotation: an exemption, reason code, fact, and the proof in short.

AWS Config takes annotations of 1 to 256 characters (service model, PutEvaluations) and knows no UNDETERMINED: it is
reported as NON_COMPLIANT with an annotation that begins `UNDETERMINED`, since a stale COMPLIANT would be worse.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from s3_guardrails.decision import Decision, Reason, Verdict
from s3_guardrails.escape import printable

MAX_ANNOTATION: Final = 256
"""Characters of an annotation. Counted in UTF-16 units, so that the text fits however the service counts."""

_ELLIPSIS: Final = "…"
_CODES: Final = 120
"""Units that the codes of further reasons may take in front of the first sentence."""
_EXCUSE: Final = 100
"""Units that an exemption may take in front of them."""


def annotate(decision: Decision) -> tuple[str, str]:
    """Return the compliance type and an annotation of 1 to 256 characters; codes are never cut."""
    undecided = decision.verdict is Verdict.UNDETERMINED
    compliance = Verdict.NON_COMPLIANT if undecided else decision.verdict
    prefix = f"{Verdict.UNDETERMINED.value} " if undecided else _excuse(decision)
    statements = prefix + "; ".join(_statement(each.code, each) for each in decision.reasons)
    if _length(statements) > MAX_ANNOTATION:
        first, *others = decision.reasons
        statements = _cut(prefix + _statement(_codes(first, others), first))
    return compliance.value, _advised(statements, decision.advisories)


def _excuse(decision: Decision) -> str:
    """Return the exemption in front of the reasons; an owner's name may be long, the codes behind it are never cut."""
    if decision.excuse is None:
        return ""
    told = printable(decision.excuse.sentence)
    return f"{_cut(told, _EXCUSE)}; "


def _statement(code: str, reason: Reason) -> str:
    """Return code, sentence and, where a rule gives one, the short form of the proof (evidence `short`)."""
    short = reason.evidence.get("short")
    proof = f" ({short})" if isinstance(short, str) and short else ""
    return printable(f"{code}: {reason.sentence}{proof}")


def _codes(first: Reason, others: Iterable[Reason]) -> str:
    """Return the first code and, in front of its sentence, as many of the others as there is room for."""
    codes = first.code
    for code in dict.fromkeys(each.code for each in others if each.code != first.code):
        longer = f"{codes}, {code}"
        if _length(longer) > _CODES:
            return codes
        codes = longer
    return codes


def _advised(text: str, advisories: Iterable[Reason]) -> str:
    """Append each advisory, or else its code, or else nothing."""
    for each in advisories:
        pieces = (f"; advisory {_statement(each.code, each)}", f"; advisory {each.code}")
        text += next((piece for piece in pieces if _length(text + piece) <= MAX_ANNOTATION), "")
    return text


def _cut(text: str, most: int = MAX_ANNOTATION) -> str:
    if _length(text) <= most:
        return text
    text = text[:most]
    while _length(text) >= most:
        text = text[:-1]
    return text.rstrip() + _ELLIPSIS


def _length(text: str) -> int:
    return len(text.encode("utf-16-le")) // 2
