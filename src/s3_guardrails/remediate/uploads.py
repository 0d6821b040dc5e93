"""DenyWrongUploads: deny uploads that end in a mode or key which the bucket's data class does not accept."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any, Protocol

from s3_guardrails.decision import Decision
from s3_guardrails.encryption.bucket import Bucket
from s3_guardrails.encryption.fact import Unreadable
from s3_guardrails.encryption.upload_policy import UploadPolicy
from s3_guardrails.encryption.write import WriteQuestion
from s3_guardrails.policy.actions import actions
from s3_guardrails.policy.prove import Answer, Proved
from s3_guardrails.policy.space import Alternative, Group, Space
from s3_guardrails.policy.targets import bucket_actions
from s3_guardrails.remediate.blast import ANY_TRANSPORT, Replacement, harm, loosened, spared
from s3_guardrails.remediate.change import Concern, Proposal, Proposed, Refusal, State
from s3_guardrails.remediate.policy_plan import PolicyPlan
from s3_guardrails.remediate.statement import upload_statements


class UploadRule(Protocol):
    """S3_BUCKET_UPLOADS_ENCRYPTED with its parameters."""

    parameters: Any

    def judge(self, facts: Bucket) -> Decision:
        """Decide about one bucket."""
        ...

    def class_of(self, bucket: Bucket) -> str | None:
        """Return the bucket's data class."""
        ...

    def question(self, bucket: Bucket, data_class: str | None) -> WriteQuestion:
        """Return the question that is asked of the bucket's policy."""
        ...


def plan(rule: UploadRule, bucket: Bucket, state: State, *, accept_unknown_sse_c: bool) -> Proposal:
    """Plan the statements that a bucket policy (`{"policy": text | None}`) lacks for the rule to hold.

    `accept_unknown_sse_c`: deny SSE-C even though nothing shows that nobody uses it; then a person must approve.
    """
    policy = PolicyPlan.of(rule, bucket, state)
    settled = policy.settled()
    if settled is not None:
        return settled
    data_class = rule.class_of(bucket)
    question = rule.question(bucket, data_class)
    strictness: UploadPolicy = rule.parameters.upload_policy.of(data_class)

    def look(change: Replacement) -> Iterator[Concern | Refusal]:
        uploads = _Uploads(change, question)
        yield from harm(change, uploads.untouched(strictness))
        yield from uploads.customer_keys(accept=accept_unknown_sse_c)
        yield from uploads.habits(strictness)
        yield from loosened(change)

    return _noted(policy.with_fewest(upload_statements(question, strictness), look))


def _noted(proposal: Proposal) -> Proposal:
    """Say what a Deny of keys means for writers that name an accepted key by another name than its ARN."""
    if isinstance(proposal, Proposed) and any("Keys" in each for each in proposal.notes):
        note = "uploads that name a key by its id or an alias are denied, accepted or not: a policy compares texts"
        return replace(proposal, notes=(*proposal.notes, note))
    return proposal


class _Uploads:
    """The uploads that a change of the policy reaches."""

    def __init__(self, change: Replacement, question: WriteQuestion) -> None:
        self._change, self._question, self._everybody = change, question, change.callers()

    def untouched(self, strictness: UploadPolicy) -> Iterator[Space]:
        """Accepted uploads of everybody, whatever accepted callers upload, and every other action."""
        others = tuple(each.name for each in actions("s3") if each.name != "PutObject")
        group = bucket_actions(self._change.bucket.arn, others, future=True)
        yield self._change.space(self._everybody, group, ANY_TRANSPORT)
        writes = [*self._question.accepted_writes()]
        default = self._question.accepted.default(self._question.default)
        if default and strictness is not UploadPolicy.HEADER_REQUIRED:
            writes += self._question.by_default()
        yield self._writes(writes)
        accepted = spared(self._everybody, self._question.callers)
        if accepted:
            yield self._change.space(accepted, self._put_object(), ANY_TRANSPORT)

    def customer_keys(self, *, accept: bool) -> Iterator[Concern | Refusal]:
        """Ask for certainty that nobody uploads with SSE-C before that is denied."""
        if isinstance(self._newly_denied(self._question.with_customer_key()), Proved):
            return
        blocked = self._change.bucket.blocked_encryption_types
        if isinstance(blocked, frozenset) and "SSE-C" in blocked:
            return
        unread = f" (its blocked types: {blocked.reason})" if isinstance(blocked, Unreadable) else ""
        what = f"uploads with SSE-C would be denied, and nothing shows that nobody uses it on this bucket{unread}"
        if accept:
            yield Concern("SSE_C_USE_UNKNOWN", what)
        else:
            next_step = (
                "look for SSE-C in S3 Inventory or CloudTrail data events, then plan again with AcceptUnknownSseC"
            )
            yield Refusal("SSE_C_USE_UNKNOWN", what, next_step)

    def habits(self, strictness: UploadPolicy) -> Iterator[Concern]:
        """Tell of wanted denials that writers may not expect."""
        demanded = strictness is UploadPolicy.HEADER_REQUIRED
        if demanded and not isinstance(self._newly_denied(self._question.without_header()), Proved):
            what = "uploads without an encryption header would be denied: writers that rely on the default break"
            yield Concern("HEADER_DEMANDED", what)
        managed = self._question.resolved_managed_key(self._change.bucket.region)
        if not isinstance(self._newly_denied(managed), Proved):
            what = "uploads with the AWS managed key would be denied if S3 tells policies its ARN where none was sent"
            yield Concern("AWS_MANAGED_KEY_UNCLEAR", what)

    def _newly_denied(self, writes: Iterator[Alternative]) -> Answer:
        found = [*writes]
        return self._change.newly_denied(self._writes(found)) if found else Proved()

    def _writes(self, writes: list[Alternative]) -> Space:
        return self._change.space(self._everybody, self._put_object(), Group("encryption", tuple(writes)))

    def _put_object(self) -> Group:
        return bucket_actions(self._change.bucket.arn, ("PutObject",))
