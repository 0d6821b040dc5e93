"""What speaks against a bucket policy as it would be written: S3 refuses it, or nobody could change it any more."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from s3_guardrails.encryption.bucket import Bucket
from s3_guardrails.encryption.fact import Absent, Unreadable
from s3_guardrails.encryption.surroundings import PublicAccessBlock, Surroundings
from s3_guardrails.errors import PolicySyntaxError
from s3_guardrails.policy.callers import Callers
from s3_guardrails.policy.document import EMPTY, Policy, PrincipalKind, parse_policy
from s3_guardrails.policy.domain import constants
from s3_guardrails.policy.prove import Inconclusive, Proved, Question, prove
from s3_guardrails.policy.public import public_statements
from s3_guardrails.policy.space import Group, Space
from s3_guardrails.policy.targets import bucket_actions, https, network
from s3_guardrails.remediate.change import Refusal
from s3_guardrails.remediate.hazard_evidence import Evidence, Finding, listed, unreadable

CONTROL: Final = ("GetBucketPolicy", "PutBucketPolicy", "DeleteBucketPolicy")
"""What must stay possible, or a policy can never be mended."""


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
        yield from _locked(bucket, before, after, evidence)


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


def _locked(bucket: Bucket, before: Policy, after: Policy, evidence: Evidence) -> Iterator[Finding]:
    """Look for the account's root user, or the writing role, being denied the control of the policy."""
    root = f"arn:{bucket.partition}:iam::{bucket.account}:root"
    for who in filter(None, (root, evidence.role)):
        already = _denied(bucket, before, who)
        if already:
            yield Refusal(
                "LOCKED_OUT",
                f"the policy as it is denies {who} {', '.join(already)}",
                "let the account's root user delete or mend the policy: S3 never denies it that",
            )
        elif lost := _denied(bucket, after, who):
            yield Refusal(
                "WOULD_LOCK_OUT",
                f"after the change the policy would deny {who} {', '.join(lost)}",
                "look at the statements that deny these actions, and spare this principal",
            )


def _denied(bucket: Bucket, policy: Policy, who: str) -> tuple[str, ...]:
    """Return the actions that the caller is denied whatever the request, or that is not known to be let through."""
    if not policy.denies:
        return ()
    callers = Callers(own=bucket.account, partition=bucket.partition, only=(who,), anonymous=False, services=False)
    group, own = callers.group(policy), constants(bucket.account)
    fixed = {"aws:resourceaccount": own, "s3:resourceaccount": own}

    def open_to(action: str) -> bool:
        groups = (group, bucket_actions(bucket.arn, (action,)), network(), Group("transport", (https("1.2", "1.3"),)))
        answer = prove(policy, Question((Space("s3", groups, bucket.as_of, fixed),)))
        return not isinstance(answer, Proved | Inconclusive)

    return tuple(f"s3:{action}" for action in CONTROL if not open_to(action))
