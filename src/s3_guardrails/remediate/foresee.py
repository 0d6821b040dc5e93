"""What would break if a bucket had another class and mode: the planner and the hazards of its default, in dry run."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from s3_guardrails.encryption.bucket import Bucket
from s3_guardrails.encryption.data_class import AcceptedModes
from s3_guardrails.encryption.fact import known
from s3_guardrails.encryption.mode import EncryptionMode
from s3_guardrails.encryption.surroundings import Surroundings
from s3_guardrails.errors import GuardrailError
from s3_guardrails.remediate.around import Around
from s3_guardrails.remediate.change import Concern, NothingToDo, Proposed, Refusal, Refused
from s3_guardrails.remediate.hazard_evidence import collected
from s3_guardrails.remediate.hazard_owner import owned
from s3_guardrails.remediate.remediation import Case, DefaultEncryptionOptions, SetBucketDefaultEncryption
from s3_guardrails.remediate.state import Setting, read_state
from s3_guardrails.rule import Rule

NAME = SetBucketDefaultEncryption.__name__


@dataclass(frozen=True, slots=True)
class Foreseen:
    """What speaks against the change, and what a person must approve first."""

    refusals: tuple[Refusal, ...] = ()
    concerns: tuple[Concern, ...] = ()


def foresee(
    around: Around, rule: Rule[Any], bucket: Bucket, surroundings: Surroundings, data_class: str, mode: EncryptionMode
) -> Foreseen:
    """Plan the default encryption as if the bucket had the class, and the class accepted that mode only; no write.

    Of the bucket it needs every fact that a plan reads; where planning fails, that is what speaks against it.
    """
    tagged = replace(bucket, tags={**known(bucket.tags), rule.parameters.data_class_tag: data_class})
    try:
        state = read_state(Setting.ENCRYPTION, around.clients, bucket)
        case: Case[Any] = Case(
            rule=_accepting(rule, data_class, mode),
            facts=tagged,
            state=state,
            reader=around.reader,
            options=DefaultEncryptionOptions(),
        )
        return _judged(around, case, surroundings)
    except GuardrailError as error:
        what = Refusal("NOT_PLANNED", f"the change could not be planned: {error}", "run the command again")
        return Foreseen((what,))


def _accepting(rule: Rule[Any], data_class: str, mode: EncryptionMode) -> Rule[Any]:
    accepted = rule.parameters.accepted_modes
    only = AcceptedModes({**accepted.by_class, data_class: frozenset({mode})}, accepted.text)
    return type(rule)(replace(rule.parameters, accepted_modes=only))


def _judged(around: Around, case: Case[Any], surroundings: Surroundings) -> Foreseen:
    proposal = SetBucketDefaultEncryption().propose(case)
    match proposal:
        case NothingToDo():
            return Foreseen()
        case Refused():
            owners = collected(owned(case.facts.tags, around.today, case.facts.name))
            return Foreseen((*proposal.refusals, *owners.refusals), owners.concerns)
        case Proposed():
            found = around.hazards(NAME, case, proposal, surroundings)
            return Foreseen(found.refusals, found.concerns)
