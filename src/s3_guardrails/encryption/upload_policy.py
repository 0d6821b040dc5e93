"""How strictly a data class asks for encrypted uploads, and the questions that each strictness asks."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from s3_guardrails.decision import Reason
from s3_guardrails.encryption.bucket import Bucket
from s3_guardrails.encryption.data_class import parse_table
from s3_guardrails.encryption.fact import Unreadable, wanted
from s3_guardrails.encryption.finding import undecided, violation
from s3_guardrails.encryption.write import Flaw, WriteQuestion
from s3_guardrails.errors import ParameterError
from s3_guardrails.policy.document import Policy
from s3_guardrails.policy.prove import Answer, Inconclusive, Proved, Refuted


class UploadPolicy(StrEnum):
    """`outcome`: no write ends in something not accepted; the others ask for that and for a form of the policy."""

    OUTCOME = "outcome"
    EXPLICIT_DENY = "explicit-deny"
    HEADER_REQUIRED = "header-required"


@dataclass(frozen=True, slots=True)
class UploadPolicies:
    """Data class → strictness; a class that is not listed asks for the outcome."""

    by_class: Mapping[str, UploadPolicy]

    @classmethod
    def parse(cls, text: str) -> UploadPolicies:
        """Read ``restricted=explicit-deny;secret=header-required``; raise ParameterError."""
        table = parse_table(text, "UploadPolicy")
        for name, value in table.items():
            if value not in tuple(UploadPolicy):
                raise ParameterError(f"class `{name}`: expected one of {', '.join(UploadPolicy)}, found `{value}`")
        return cls({name: UploadPolicy(value) for name, value in table.items()})

    def of(self, data_class: str | None) -> UploadPolicy:
        """Return the strictness of a class."""
        return self.by_class.get(data_class or "", UploadPolicy.OUTCOME)


_FLAWS: Final = {
    Flaw.DEFAULT: ("DEFAULT_NOT_ACCEPTED", "an upload without a header takes a default that is not accepted"),
    Flaw.MODE: ("MODE_NOT_DENIED", "an upload that names a mode that is not accepted gets past the policy"),
    Flaw.KEY: ("KEY_NOT_DENIED", "an upload that names a key that is not accepted gets past the policy"),
}


def flaws(policy: Policy, question: WriteQuestion) -> Iterator[tuple[bool, Reason]]:
    """Yield what lets a wrong write through, and whether that is certain; SSE-C is asked about apart."""
    for flaw, (code, what) in _FLAWS.items():
        yield from _reasons(code, what, policy, question.ask(policy, (flaw,)))


def customer_keys(
    policy: Policy, bucket: Bucket, question: WriteQuestion, *, by_policy: bool
) -> Iterator[tuple[bool, Reason]]:
    """Ask about SSE-C: denied by the policy, or unless `by_policy` blocked on the bucket.

    The bucket's blocked encryption types are looked at only where the policy does not settle it.
    """
    answer = question.ask(policy, (Flaw.CUSTOMER,))
    if isinstance(answer, Proved):
        return
    if not by_policy:
        blocked: frozenset[str] | Unreadable = wanted(bucket.blocked_encryption_types)
        if isinstance(blocked, Unreadable):
            what = f"blocked encryption types could not be read: {blocked.reason}"
            yield False, Reason("BLOCKED_ENCRYPTION_TYPES_UNREADABLE", what)
            return
        if "SSE-C" in blocked:
            return
    code = "NO_EXPLICIT_DENY" if by_policy else "SSE_C_NOT_BLOCKED"
    what = "SSE-C uploads get past the policy" if by_policy else "SSE-C is neither denied by the policy nor blocked"
    yield from _reasons(code, what, policy, answer)


def without_header(policy: Policy, question: WriteQuestion) -> Iterator[tuple[bool, Reason]]:
    """Ask whether uploads without an encryption header are denied."""
    what = "uploads without an encryption header are let through"
    yield from _reasons("HEADER_NOT_REQUIRED", what, policy, question.headerless_denied(policy))


def header_demanded(policy: Policy, question: WriteQuestion) -> Reason | None:
    """Return an advisory where the policy demands the header though nothing asks for that."""
    if isinstance(question.headerless_denied(policy), Proved):
        what = (
            "the policy denies every upload without an encryption header, which breaks writers that rely on the default"
        )
        return Reason("HEADER_DEMANDED", what)
    return None


def other_writers(policy: Policy, question: WriteQuestion) -> Reason | None:
    """Return an advisory where replication or UpdateObjectEncryption can do what uploads cannot."""
    free = [
        action
        for action in ("ReplicateObject", "UpdateObjectEncryption")
        if isinstance(question._replace(action=action).ask(policy, (Flaw.MODE, Flaw.KEY)), Refuted)
    ]
    if not free:
        return None
    return Reason("OTHER_WRITERS", f"s3:{' and s3:'.join(free)} can still lead to a mode or key that is not accepted")


def _reasons(code: str, what: str, policy: Policy, answer: Answer) -> Iterator[tuple[bool, Reason]]:
    match answer:
        case Refuted():
            yield True, violation(code, what, policy, answer)
        case Inconclusive():
            yield False, undecided("UPLOADS_UNDECIDED", f"it is open whether {what}", answer)
        case Proved():
            return
