"""The remediations: for each document, which setting it changes and how it proposes the change."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Final, Generic, TypeVar

from s3_guardrails.classified import class_of, value_for
from s3_guardrails.decision import Decision
from s3_guardrails.encryption.bucket import Bucket, DefaultEncryption
from s3_guardrails.encryption.fact import Unreadable, given_up, known
from s3_guardrails.encryption.key import Key
from s3_guardrails.encryption.mode import SSE_S3_HEADER
from s3_guardrails.errors import InputError
from s3_guardrails.live.reader import LiveReader
from s3_guardrails.parameters import Parameters, flag, parameter, text
from s3_guardrails.remediate import key_policy, tls, uploads
from s3_guardrails.remediate.block_sse_c import only_blocked, plan_block
from s3_guardrails.remediate.change import Proposal, State
from s3_guardrails.remediate.default_encryption import KeyChoice, plan_default_encryption
from s3_guardrails.remediate.judged import before_change
from s3_guardrails.remediate.key_policy_roles import DeclaredRoles, seen_in_use
from s3_guardrails.remediate.rotation import plan_rotation
from s3_guardrails.remediate.state import Setting
from s3_guardrails.rule import Rule

F = TypeVar("F", Bucket, Key)


@dataclass(frozen=True, slots=True, kw_only=True)
class Case(Generic[F]):
    """One resource that a remediation looks at: its facts as they are now, and what it may ask further.

    `caller`: ARN of who would make the change.
    """

    rule: Rule[F]
    facts: F
    state: State
    reader: LiveReader
    options: Any
    caller: str | None = None

    def judge(self, facts: F) -> Decision:
        """Let the rule decide about the resource as it is, or as it would be."""
        complete: Any = self.reader.complete_bucket if isinstance(facts, Bucket) else self.reader.complete_key
        return self.rule.judge(facts, complete)


class Remediation(ABC):
    """One document. `Options` are what an operator may set beside the resource."""

    setting: ClassVar[Setting]
    Options: ClassVar[type[Parameters]] = Parameters

    def narrowed(self, rule: Rule[Any]) -> Rule[Any]:
        """Return what of the rule the change makes hold: all of it, unless a remediation is about a part."""
        return rule

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
        settled = before_change(case.judge(case.facts))  # an unreadable fact is told as every rule tells it
        if settled is not None:
            return settled
        rule, bucket = case.rule.parameters, case.facts
        data_class = class_of(bucket, rule.data_class_tag)
        default = known(bucket.default_encryption)
        present = case.reader.resolver.arn_of(default.key, bucket.region) if default.key else None
        accepted = rule.accepted_modes.by_class.get(data_class or "", frozenset())
        choice = KeyChoice(
            approved=rule.approved_keys.of(data_class),
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
        rule = case.rule.parameters
        longest = value_for(rule.maximum_days, case.facts, rule.data_class_tag)
        return plan_rotation(case.judge, case.facts, case.state, longest)


@dataclass(frozen=True, slots=True, kw_only=True)
class UploadOptions(Parameters):
    """What an operator may say about uploads."""

    accept_unknown_sse_c: bool = parameter(
        "false", "Deny SSE-C though nothing shows whether anybody uses it; a person must approve.", flag
    )


class DenyWrongUploads(Remediation):
    """Deny, in the bucket policy, uploads that end in a mode or key which the bucket's data class does not accept.

    Statements of others stay byte for byte; whatever else was let through still is, and that is proved before a write.
    """

    setting = Setting.POLICY
    Options = UploadOptions

    def propose(self, case: Case[Bucket]) -> Proposal:
        """Add the fewest statements."""
        rule: Any = case.rule
        accept, bucket = case.options.accept_unknown_sse_c, case.facts
        default = bucket.default_encryption
        if isinstance(default, DefaultEncryption) and default.algorithm == SSE_S3_HEADER:
            bucket = case.reader.complete_bucket(bucket, "logs_from")  # a log target may have to keep it
        bucket = replace(bucket, logs_from=given_up(bucket.logs_from))
        return uploads.plan(rule, bucket, case.state, accept_unknown_sse_c=accept)


class BlockSseC(Remediation):
    """Have S3 refuse uploads with SSE-C on the bucket; default, key and Bucket Key stay as they are.

    Refused while anybody uses SSE-C, or where that is not known. What is stored with SSE-C can still be read.
    """

    setting = Setting.ENCRYPTION
    Options = UploadOptions

    def narrowed(self, rule: Rule[Bucket]) -> Rule[Bucket]:
        """Ask for the blocked encryption types alone."""
        return only_blocked(rule)

    def propose(self, case: Case[Bucket]) -> Proposal:
        """Block it beside what is blocked already."""
        accept = case.options.accept_unknown_sse_c
        return plan_block(case.judge, case.facts, case.state, accept_unknown=accept)


class RequireTls(Remediation):
    """Deny, in the bucket policy, requests without TLS or below the least version that the rule asks for.

    Statements of others stay byte for byte; whatever else was let through still is, and that is proved before a write.
    """

    setting = Setting.POLICY

    def propose(self, case: Case[Bucket]) -> Proposal:
        """Add the fewest statements."""
        rule: Any = case.rule
        return tls.plan(rule, case.facts, case.state)


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyPolicyOptions(Parameters):
    """Who has which duty; nothing in a policy says it."""

    administrators: str = parameter(
        "", "Who administers the key: ARNs, or names of roles of the key's account, separated by commas.", text
    )
    users: str = parameter("", "Who uses the key: ARNs, role names or services, separated by commas.", text)
    seen_in_use: str = parameter(
        "",
        "Who CloudTrail showed using the key: ARNs or services, separated by commas; `nobody` where somebody looked "
        "and saw nobody; empty: nobody looked.",
        text,
    )

    def check(self) -> None:
        """Raise ParameterError where the duties contradict each other, or what was seen is nobody."""
        DeclaredRoles.from_text(self.administrators, self.users)
        seen_in_use(self.seen_in_use)


class RestrictKeyPolicy(Remediation):
    """Narrow the key policy to least privilege: administrators apart from users, services bound to the account.

    Statements that are not at fault stay byte for byte, the account root keeps its own, and a person must approve.
    """

    setting = Setting.KEY_POLICY
    Options = KeyPolicyOptions

    def propose(self, case: Case[Key]) -> Proposal:
        """Propose the smallest change."""
        roles = DeclaredRoles.from_text(case.options.administrators, case.options.users)
        seen = seen_in_use(case.options.seen_in_use)
        return key_policy.plan(
            case.rule, case.facts, case.state, roles, seen=seen, caller=case.caller, judge=case.judge
        )


REMEDIATIONS: Final[Mapping[str, Remediation]] = {
    type(each).__name__: each
    for each in (
        SetBucketDefaultEncryption(),
        DenyWrongUploads(),
        BlockSseC(),
        RequireTls(),
        EnableKeyRotation(),
        RestrictKeyPolicy(),
    )
}
"""Name of the document → what it does."""


def remediation_named(name: str) -> Remediation:
    """Return a remediation; raise InputError."""
    if name not in REMEDIATIONS:
        raise InputError(f"unknown remediation `{name[:80]}`: expected one of {', '.join(REMEDIATIONS)}")
    return REMEDIATIONS[name]


def _metadata(reader: LiveReader, arn: str) -> Any:
    return reader.complete_key(reader.key(arn), "metadata").metadata
