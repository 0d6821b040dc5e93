"""`BlockSseC`: have S3 refuse uploads with SSE-C, by the setting that stands beside the default encryption."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from s3_guardrails.decision import Decision, compliant, non_compliant
from s3_guardrails.encryption.bucket import Bucket
from s3_guardrails.encryption.fact import known
from s3_guardrails.encryption.mode import SSE_S3_HEADER
from s3_guardrails.remediate.change import Concern, Proposal, Proposed, State
from s3_guardrails.remediate.judged import Judge, before_change
from s3_guardrails.remediate.state import put_encryption
from s3_guardrails.rule import BucketRule, Rule

_BLOCKED: Final = "BlockedEncryptionTypes"
_DEFAULT: Final = "ApplyServerSideEncryptionByDefault"
_SSE_C: Final = "SSE-C"


class _OnlyBlocked(BucketRule, abstract=True):
    """What of the rule about uploads this change makes hold: whether the bucket blocks SSE-C."""

    def decide(self, bucket: Bucket) -> Decision:
        if _SSE_C in known(bucket.blocked_encryption_types):
            return compliant("SSE_C_BLOCKED", "the bucket blocks SSE-C")
        return non_compliant("SSE_C_NOT_BLOCKED", "the bucket does not block SSE-C")


def only_blocked(rule: Rule[Bucket]) -> Rule[Bucket]:
    """Narrow the rule; plans, exemptions and journals go on to know it by the name of its class."""
    narrowed: type[Rule[Bucket]] = type(type(rule).__name__, (_OnlyBlocked,), {}, abstract=True)
    return narrowed(rule.parameters)


def plan_block(judge: Judge[Bucket], bucket: Bucket, state: State, *, accept_unknown: bool) -> Proposal:
    """Plan the setting; default, key and Bucket Key stay as they are. `accept_unknown`: a person must approve then."""
    settled = before_change(judge(bucket))
    if settled is not None:
        return settled
    after = {**(state["encryption"] or {}), "Rules": list(_rules(state["encryption"] or {}))}
    what = "uploads with SSE-C would be refused, and nothing shows that nobody makes them on this bucket"
    concerns = (Concern("SSE_C_USE_UNKNOWN", what),) if accept_unknown else ()
    note = "objects that are stored with SSE-C already can still be read"
    call = put_encryption(bucket, after)
    return Proposed(after={"encryption": after}, calls=(call,), concerns=concerns, notes=(note,))


def _rules(before: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield the entries, the one that names the default blocking SSE-C beside what is blocked already."""
    rules = [dict(each) for each in before.get("Rules", ())] or [{_DEFAULT: {"SSEAlgorithm": SSE_S3_HEADER}}]
    place = next((index for index, each in enumerate(rules) if _DEFAULT in each), 0)
    for index, each in enumerate(rules):
        types = [name for name in each.get(_BLOCKED, {}).get("EncryptionType", ()) if name != "NONE"]
        if index == place:
            types = [*types, *(() if _SSE_C in types else (_SSE_C,))]
        kept = {name: value for name, value in each.items() if name != _BLOCKED}
        yield {**kept, **({_BLOCKED: {"EncryptionType": types}} if types else {})}
