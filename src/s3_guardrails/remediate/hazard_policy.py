"""What speaks against a bucket policy as it would be written: S3 refuses it, or nobody could change it any more."""

from __future__ import annotations

from collections.abc import Iterator

from s3_guardrails.encryption.bucket import Bucket
from s3_guardrails.encryption.fact import Absent, Unreadable
from s3_guardrails.encryption.surroundings import PublicAccessBlock, Surroundings
from s3_guardrails.errors import PolicySyntaxError
from s3_guardrails.policy.document import EMPTY, Policy, PrincipalKind, parse_policy
from s3_guardrails.policy.public import public_statements
from s3_guardrails.remediate.change import Refusal
from s3_guardrails.remediate.hazard_control import bucket_control
from s3_guardrails.remediate.hazard_evidence import Evidence, Finding, listed, unreadable


def policy_after(text: str | None) -> Policy | Refusal:
    """Return the policy that would be written; None deletes it."""
    if text is None:
        return EMPTY
    try:
        return parse_policy(text)
    except PolicySyntaxError as error:
        return unreadable(Unreadable("policy", str(error)), "it is what would be written")


def policy_before(bucket: Bucket) -> Policy | Refusal:
    """Return the bucket's policy as it is."""
    if isinstance(bucket.policy, Unreadable):
        return unreadable(bucket.policy, "nobody can say what it lets through today")
    return EMPTY if isinstance(bucket.policy, Absent) else bucket.policy


def bucket_policy(
    bucket: Bucket, surroundings: Surroundings, text: str | None, evidence: Evidence
) -> Iterator[Finding]:
    """Judge the policy as a whole: S3 takes or refuses all of it, foreign statements included."""
    after, before = policy_after(text), policy_before(bucket)
    for each in (after, before):
        if isinstance(each, Refusal):
            yield each
    if isinstance(after, Policy):
        yield from deleted_principals(after)
    if isinstance(after, Policy) and isinstance(before, Policy):
        yield from _public(before, after, surroundings)
        yield from bucket_control(bucket, before, after, evidence)


def deleted_principals(policy: Policy) -> Iterator[Finding]:
    """AWS shows a deleted role or user as its id, and refuses to write a policy that names one."""
    gone = [
        f"{principal.value} ({each.label})"
        for each in policy.statements
        for principal in each.principals
        if principal.kind is PrincipalKind.DELETED
    ]
    if gone:
        yield Refusal(
            "DELETED_PRINCIPALS",
            f"the policy names principals that no longer exist, and AWS refuses to write it: {listed(gone)}",
            "take them out of the policy, then plan again",
        )


def _public(before: Policy, after: Policy, surroundings: Surroundings) -> Iterator[Finding]:
    """A policy that is public, by S3's word or by the documented meaning, cannot be written under BlockPublicPolicy.

    S3's word is about the policy as it is, and counts for the one after if that has no further public statement.
    """
    said = surroundings.policy_is_public
    statements = public_statements(after)
    known = [each.source for each in public_statements(before)]
    more = any(each.source not in known for each in statements)
    if not after.statements or (said is not True and not isinstance(said, Unreadable) and not more):
        return
    blocks = (surroundings.public_access_block, surroundings.account_public_access_block)
    if all(
        isinstance(each, Absent) or (isinstance(each, PublicAccessBlock) and not each.block_policy) for each in blocks
    ):
        return
    if not any(isinstance(each, PublicAccessBlock) and each.block_policy for each in blocks):
        closed = next(each for each in blocks if isinstance(each, Unreadable))
        yield unreadable(closed, "S3 refuses the whole policy if it is public and the block is on")
    elif isinstance(said, Unreadable):
        yield unreadable(said, "S3 refuses the whole policy if it is public, as BlockPublicPolicy is on")
    else:
        which = listed(each.label for each in statements) or "S3 does not say which statement"
        yield Refusal(
            "PUBLIC_UNDER_BLOCK",
            f"the policy is public ({which}) and BlockPublicPolicy is on: S3 refuses to write any of it",
            "narrow or remove the public statement, then plan again",
        )
