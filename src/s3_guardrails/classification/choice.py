"""Which class evidence points to: one, or why it is none."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from s3_guardrails.classification.data_class import DataClass, Purpose
from s3_guardrails.classification.evidence import Evidence, Modes


class Outcome(StrEnum):
    """What becomes of a bucket's class."""

    KEEP = "keep"
    PROPOSE = "propose"
    CONFLICT = "conflict"
    NO_EVIDENCE = "no evidence"
    SEVERAL = "several classes"
    CLASS_MISSING = "class missing"
    NOT_KNOWN = "not known"


@dataclass(frozen=True, slots=True)
class NoChoice:
    """Why no class is chosen, and in a sentence what a person has to decide."""

    outcome: Outcome
    sentence: str


def choose(classes: Sequence[DataClass], evidence: Sequence[Evidence]) -> DataClass | NoChoice:
    """Return the one class that evidence points to; where it points to several or to none, no class."""
    named = sorted({each.named for each in evidence if each.named})
    wanted = frozenset(each.purpose for each in evidence if each.purpose)
    if named:
        return _named(classes, evidence, named)
    if not wanted and not any(each.asks_for_sse_s3 for each in evidence):
        possible = _names(each for each in classes if fits(each, evidence))
        what = f"nothing that was seen speaks for one class; possible are {possible}"
        return NoChoice(Outcome.NO_EVIDENCE, what)
    return _by_purpose(classes, evidence, wanted or frozenset({Purpose.GENERAL}))


def fits(data_class: DataClass, evidence: Iterable[Evidence]) -> bool:
    """Can everybody who was seen write and read what the class accepts, and whatever they might write?"""
    return all(data_class.accepts & need for each in evidence for need in (*each.needs, *each.might))


def _named(classes: Sequence[DataClass], evidence: Sequence[Evidence], named: list[str]) -> DataClass | NoChoice:
    if len(named) > 1:
        return NoChoice(Outcome.CONFLICT, f"tags name different classes ({', '.join(named)}): a person decides")
    [chosen] = (each for each in classes if each.name == named[0])
    if against := [each.code for each in evidence if each.contradicts(chosen)]:
        what = f"a tag names {chosen.name}, against which speaks {', '.join(dict.fromkeys(against))}: a person decides"
        return NoChoice(Outcome.CONFLICT, what)
    return chosen


def _by_purpose(
    classes: Sequence[DataClass], evidence: Sequence[Evidence], wanted: frozenset[Purpose]
) -> DataClass | NoChoice:
    fitting = [each for each in classes if fits(each, evidence)]
    meant = [each for each in fitting if wanted <= each.purposes]
    if not meant and len(wanted) > 1:
        return NoChoice(Outcome.CONFLICT, f"what was seen shows {_words(wanted)} data at once: a person decides")
    if not meant and wanted == {Purpose.SENSITIVE} and any(wanted <= each.purposes for each in classes):
        what = "the data is sensitive, and no class for such data works for everybody who writes or reads"
        return NoChoice(Outcome.CONFLICT, f"{what}: a person decides")
    if not meant and Purpose.SENSITIVE not in wanted:
        general = [each for each in fitting if Purpose.GENERAL in each.purposes and wanted == {Purpose.LOGS}]
        meant = general or _only(fitting)
    if not meant:
        return _missing(evidence, wanted, fitting)
    return _best(meant, wanted)


def _only(fitting: list[DataClass]) -> list[DataClass]:
    """A class that nothing says the purpose of is meant where no other one would work."""
    unsaid = [each for each in fitting if not each.purposes]
    return unsaid if len(fitting) == len(unsaid) == 1 else []


def _best(meant: list[DataClass], wanted: frozenset[Purpose]) -> DataClass | NoChoice:
    """Of several classes take the least strict for sensitive data, the strictest for logs; else a person decides."""
    ends = [each for each in meant if all(_before(each, other, wanted) for other in meant)]
    if len(ends) == 1:
        return ends[0]
    return NoChoice(Outcome.SEVERAL, f"several classes are possible ({_names(meant)}): a person decides")


def _before(one: DataClass, other: DataClass, wanted: frozenset[Purpose]) -> bool:
    if one is other:
        return True
    if wanted == {Purpose.SENSITIVE}:
        return one.accepts > other.accepts
    return wanted == {Purpose.LOGS} and one.accepts < other.accepts


def _missing(evidence: Sequence[Evidence], wanted: frozenset[Purpose], fitting: list[DataClass]) -> NoChoice:
    needs = dict.fromkeys(need for each in evidence for need in (*each.needs, *each.might))
    also = f"; {_names(fitting)} would work, and what such a class is meant for is not said" if fitting else ""
    accepts = f" that accepts {' and '.join(_either(each) for each in needs)}" if needs else ""
    return NoChoice(Outcome.CLASS_MISSING, f"no class for {_words(wanted)} data{accepts}{also}")


def _either(modes: Modes) -> str:
    return " or ".join(sorted(each.value for each in modes))


def _names(classes: Iterable[DataClass]) -> str:
    return ", ".join(each.name for each in classes) or "none"


def _words(purposes: Iterable[Purpose]) -> str:
    return " and ".join(sorted(each.value for each in purposes))
