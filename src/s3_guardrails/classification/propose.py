"""Facts and findings about one bucket → a proposal: class, mode, why, and how sure. Pure; nothing is guessed."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from s3_guardrails.classification.choice import NoChoice, Outcome, choose
from s3_guardrails.classification.data_class import DataClass, Purpose
from s3_guardrails.classification.evidence import Basis, Evidence
from s3_guardrails.classification.observed import observed, present_mode, unknown
from s3_guardrails.classification.tags import present_class, tagged
from s3_guardrails.encryption.bucket import Bucket
from s3_guardrails.encryption.fact import Unreadable, known
from s3_guardrails.encryption.mode import ANY_BUT_SSE_C, EncryptionMode
from s3_guardrails.encryption.surroundings import Surroundings

STATED: Final = "stated by the owner, and nothing that was seen contradicts it"
FITTING: Final = "weak: it works for everybody who was seen, and nothing says that it is meant"
UNDECIDED: Final = "none: a person decides"


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """What is proposed for one bucket.

    `present`: the class's tag as it is, "" without one. `data_class`, `mode`: None where nothing is proposed.
    `points_to`: a class that evidence points to and that is not proposed. `note`: what a person has to decide.
    """

    bucket: Bucket
    outcome: Outcome
    present: str
    present_mode: EncryptionMode | None
    data_class: str | None
    mode: EncryptionMode | None
    confidence: str
    evidence: tuple[Evidence, ...]
    unknown: tuple[Unreadable, ...] = ()
    points_to: str | None = None
    note: str = ""

    @property
    def moves(self) -> bool:
        """Would the bucket's tag change?"""
        return self.outcome is Outcome.PROPOSE


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """What is known of one bucket, and the classes that there are."""

    bucket: Bucket
    surroundings: Surroundings
    tag: str
    classes: tuple[DataClass, ...]
    findings: tuple[Evidence, ...] = ()


def propose(case: Case) -> Proposal:
    """Return the proposal for a bucket; an unreadable fact, or evidence that contradicts itself, leaves none."""
    closed = unknown(case.bucket, case.surroundings)
    evidence = _gathered(case)
    if closed:
        what = "; ".join(f"{each.fact.replace('_', ' ')} could not be read ({each.reason})" for each in closed)
        return _undecided(case, evidence, NoChoice(Outcome.NOT_KNOWN, what), unknown=closed)
    present = present_class(known(case.bucket.tags), case.tag, case.classes)
    if present:
        return _kept(case, evidence, present)
    chosen = _chosen(case, evidence)
    if isinstance(chosen, NoChoice):
        return _undecided(case, evidence, chosen)
    return _with_mode(case, evidence, chosen, Outcome.PROPOSE, _confidence(evidence, chosen))


def _chosen(case: Case, evidence: tuple[Evidence, ...]) -> DataClass | NoChoice:
    """Prefer a class that accepts the KMS mode of today, where that works: nothing is proposed that turns it off."""
    now = present_mode(case.bucket)
    if isinstance(now, EncryptionMode) and now.uses_kms and all(now in each.default for each in evidence):
        kept = choose([each for each in case.classes if now in each.accepts], evidence)
        if isinstance(kept, DataClass):
            return kept
    return choose(case.classes, evidence)


def _gathered(case: Case) -> tuple[Evidence, ...]:
    tags = case.bucket.tags
    said = () if isinstance(tags, Unreadable) else tagged(tags, case.tag, case.classes)
    found = (*said, *observed(case.bucket, case.surroundings), *case.findings)
    return tuple(dict.fromkeys(found))


def _kept(case: Case, evidence: tuple[Evidence, ...], present: DataClass) -> Proposal:
    against = [each.code for each in evidence if each.contradicts(present) or _works_today(case, each, present)]
    if not against:
        return _with_mode(case, evidence, present, Outcome.KEEP, STATED)
    chosen = choose(case.classes, evidence)
    what = f"the bucket is tagged {present.name}, against which speaks {', '.join(dict.fromkeys(against))}"
    found = NoChoice(Outcome.CONFLICT, f"{what}: a person decides")
    return _undecided(case, evidence, found, points_to=None if isinstance(chosen, NoChoice) else chosen.name)


def _works_today(case: Case, evidence: Evidence, present: DataClass) -> bool:
    """Do logs arrive with SSE-S3, which the class does not accept? To move them to a key is no small change."""
    now = present_mode(case.bucket) is EncryptionMode.SSE_S3 and EncryptionMode.SSE_S3 not in present.accepts
    return now and evidence.purpose is Purpose.LOGS and evidence.default != ANY_BUT_SSE_C


def _with_mode(
    case: Case, evidence: tuple[Evidence, ...], chosen: DataClass, outcome: Outcome, confidence: str
) -> Proposal:
    now = present_mode(case.bucket)
    mode = mode_for(chosen, evidence, None if isinstance(now, Unreadable) else now)
    if mode is None:
        what = f"{chosen.name} accepts no mode that works for everybody who was seen and that can be set"
        return _undecided(case, evidence, NoChoice(Outcome.CONFLICT, f"{what}: a person decides"))
    return Proposal(
        bucket=case.bucket,
        outcome=outcome,
        present=_present(case),
        present_mode=None if isinstance(now, Unreadable) else now,
        data_class=chosen.name,
        mode=mode,
        confidence=confidence,
        evidence=evidence,
    )


def mode_for(chosen: DataClass, evidence: Iterable[Evidence], now: EncryptionMode | None) -> EncryptionMode | None:
    """Return the mode for a bucket of the class: the present one where it works, never a new use of aws/s3."""
    usable = chosen.accepts.intersection(*(each.default for each in evidence))
    if now in usable:
        return now
    plain = chosen.purposes & {Purpose.LOGS, Purpose.PUBLIC}
    order = [EncryptionMode.SSE_KMS_CMK, EncryptionMode.DSSE_KMS_CMK]
    order.insert(0 if plain else len(order), EncryptionMode.SSE_S3)
    return next((each for each in order if each in usable), None)


def _undecided(
    case: Case,
    evidence: tuple[Evidence, ...],
    why: NoChoice,
    unknown: tuple[Unreadable, ...] = (),
    points_to: str | None = None,
) -> Proposal:
    now = present_mode(case.bucket)
    return Proposal(
        bucket=case.bucket,
        outcome=why.outcome,
        present=_present(case),
        present_mode=None if isinstance(now, Unreadable) else now,
        data_class=None,
        mode=None,
        confidence=UNDECIDED,
        evidence=evidence,
        unknown=unknown,
        points_to=points_to,
        note=why.sentence,
    )


def _present(case: Case) -> str:
    tags = case.bucket.tags
    return "" if isinstance(tags, Unreadable) else tags.get(case.tag, "").strip()


def _confidence(evidence: Sequence[Evidence], chosen: DataClass) -> str:
    """Name the strongest evidence for the class; without any, it merely fits."""
    speaking = {each.basis for each in evidence if each.named == chosen.name or each.purpose in chosen.purposes}
    return next((each.value for each in Basis if each in speaking), FITTING)
