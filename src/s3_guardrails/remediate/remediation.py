"""The remediations: for each document, which setting it changes and how it proposes the change."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Final, Generic, TypeVar

from s3_guardrails.decision import Decision
from s3_guardrails.encryption.bucket import Bucket
from s3_guardrails.encryption.fact import Unreadable, known
from s3_guardrails.encryption.key import Key
from s3_guardrails.errors import InputError
from s3_guardrails.live.reader import LiveReader
from s3_guardrails.parameters import Parameters, flag, parameter, text
from s3_guardrails.remediate.change import Proposal, State
from s3_guardrails.remediate.default_encryption import KeyChoice, plan_default_encryption
from s3_guardrails.remediate.rotation import plan_rotation
from s3_guardrails.remediate.state import Setting
from s3_guardrails.rule import Rule

F = TypeVar("F", Bucket, Key)


@dataclass(frozen=True, slots=True, kw_only=True)
class Case(Generic[F]):
    """One resource that a remediation looks at: its facts as they are now, and what it may ask further."""

    rule: Rule[F]
    facts: F
    state: State
    reader: LiveReader
    options: Any

    def judge(self, facts: F) -> Decision:
        """Let the rule decide about the resource as it is, or as it would be."""
        complete: Any = self.reader.complete_bucket if isinstance(facts, Bucket) else self.reader.complete_key
        return self.rule.judge(facts, complete)


class Remediation(ABC):
    """One document. `Options` are what an operator may set beside the resource."""

    setting: ClassVar[Setting]
    Options: ClassVar[type[Parameters]] = Parameters

    @abstractmethod
    def propose(self, case: Case[Any]) -> Proposal:
        """Plan the change, by what the policies and settings say; what surrounds the resource is looked at apart."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DefaultEncryptionOptions(Parameters):
    """What an operator may say about the default encryption."""

    kms_key_arn: str = parameter("", "ARN of the customer managed key to set; empty: the only approved one.", text)


class SetBucketDefaultEncryption(Remediation):
    """Set the bucket's default encryption to the least change that its data class accepts.

    Never an alias or the AWS managed key; what the bucket blocks stays blocked, its Bucket Key as it is unless the
    class requires one.
    """

    setting = Setting.ENCRYPTION
    Options = DefaultEncryptionOptions

    def propose(self, case: Case[Bucket]) -> Proposal:
        """Choose the least change."""
        rule, bucket = case.rule.parameters, case.facts
        data_class = known(bucket.tags).get(rule.data_class_tag, "").strip() or None
        default = known(bucket.default_encryption)
        present = case.reader.resolver.arn_of(default.key, bucket.region) if default.key else None
        accepted = rule.accepted_modes.by_class.get(data_class or "", frozenset())
        choice = KeyChoice(
            approved=rule.approved_keys,
            accepted=accepted,
            describe=lambda arn: _metadata(case.reader, arn),
            named=case.options.kms_key_arn,
            present=None if isinstance(present, Unreadable) else present,
        )
        return plan_default_encryption(case.judge, bucket, case.state, choice)


class EnableKeyRotation(Remediation):
    """Rotate the key every year, or more often where the rule asks; a key that cannot rotate is left alone."""

    setting = Setting.ROTATION

    def propose(self, case: Case[Key]) -> Proposal:
        """Take the period that the key has, if the rule accepts it."""
        return plan_rotation(case.judge, case.facts, case.state, case.rule.parameters.maximum_days)


@dataclass(frozen=True, slots=True, kw_only=True)
class UploadOptions(Parameters):
    """What an operator may say about uploads."""

    accept_unknown_sse_c: bool = parameter(
        "false", "Deny SSE-C though nothing shows whether anybody uses it; a person must approve.", flag
    )


REMEDIATIONS: Final[Mapping[str, Remediation]] = {
    type(each).__name__: each for each in (SetBucketDefaultEncryption(), EnableKeyRotation())
}
"""Name of the document → what it does."""


def remediation_named(name: str) -> Remediation:
    """Return a remediation; raise InputError."""
    if name not in REMEDIATIONS:
        raise InputError(f"unknown remediation `{name[:80]}`: expected one of {', '.join(REMEDIATIONS)}")
    return REMEDIATIONS[name]


def _metadata(reader: LiveReader, arn: str) -> Any:
    return reader.complete_key(reader.key(arn), "metadata").metadata
