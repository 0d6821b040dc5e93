"""RequireTls: deny requests without sufficient TLS in the bucket policy."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol

from s3_guardrails.decision import Decision
from s3_guardrails.encryption.bucket import Bucket
from s3_guardrails.encryption.transport import TransportQuestion
from s3_guardrails.policy.domain import constants
from s3_guardrails.policy.space import Alternative, Group, Space
from s3_guardrails.policy.targets import PLAIN_HTTP, TLS_VERSIONS
from s3_guardrails.remediate.blast import Replacement, harm, loosened, spared
from s3_guardrails.remediate.change import Concern, Proposal, Refusal, Refused, State
from s3_guardrails.remediate.policy_plan import PolicyPlan
from s3_guardrails.remediate.statement import tls_statements


class TlsRule(Protocol):
    """S3_BUCKET_TLS_ONLY with its parameters."""

    def judge(self, facts: Bucket) -> Decision:
        """Decide about one bucket."""
        ...

    def question(self, bucket: Bucket) -> TransportQuestion:
        """Return the question that is asked of the bucket's policy."""
        ...


def plan(rule: TlsRule, bucket: Bucket, state: State) -> Proposal:
    """Plan the statements that a bucket policy (`{"policy": text | None}`) lacks for the rule to hold."""
    policy = PolicyPlan.of(rule, bucket, state)
    settled = policy.settled()
    if settled is not None:
        return settled
    question = rule.question(bucket)
    sessions = tuple(_sessions(question.callers.without))
    if sessions:
        return Refused(refusals=sessions)

    def look(change: Replacement) -> Iterator[Concern | Refusal]:
        yield from harm(change, _untouched(change, question))
        yield from loosened(change)

    return policy.with_fewest(tls_statements(question), look)


def _sessions(patterns: tuple[str, ...]) -> Iterator[Refusal]:
    """A condition can name the role of a session only."""
    for each in patterns:
        if ":assumed-role/" in each:
            what = f"the accepted principal `{each}` is a session, which no condition of a Deny can spare"
            yield Refusal("SESSION_ACCEPTED", what, "name the session's role in AcceptPrincipals instead")


def _untouched(change: Replacement, question: TransportQuestion) -> Iterator[Space]:
    """Everything over sufficient TLS, and whatever accepted callers send."""
    everybody = change.callers()
    oldest = TLS_VERSIONS.index(question.minimum) if question.minimum else 0
    yield change.space(everybody, change.every_action(), _over_tls(TLS_VERSIONS[oldest:]))
    accepted = spared(everybody, question.callers)
    if accepted:
        insufficient = Group("transport", (*_over_tls(TLS_VERSIONS[:oldest]).alternatives, PLAIN_HTTP))
        yield change.space(accepted, change.every_action(), insufficient)


def _over_tls(versions: tuple[str, ...]) -> Group:
    """Over TLS of these versions, or of a version that the request does not tell."""
    domains = {"aws:securetransport": constants("true"), "s3:tlsversion": constants(*versions, absent=True)}
    return Group("transport", (Alternative("over TLS", domains),))
