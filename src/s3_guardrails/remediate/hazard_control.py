"""Can the account, and whoever writes a change, still control a policy after it? Else nobody could ever mend it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Final

from s3_guardrails.encryption.bucket import Bucket
from s3_guardrails.encryption.key import Key
from s3_guardrails.encryption.key_access import KeyQuestions
from s3_guardrails.policy.authorize import Outcome, authorize
from s3_guardrails.policy.callers import Callers
from s3_guardrails.policy.document import Policy
from s3_guardrails.policy.domain import constants
from s3_guardrails.policy.prove import Proved, Question, Refuted, prove
from s3_guardrails.policy.request import Request
from s3_guardrails.policy.space import Group, Space
from s3_guardrails.policy.targets import bucket_actions, https, network
from s3_guardrails.remediate.change import Refusal
from s3_guardrails.remediate.hazard_evidence import Evidence, Finding

CONTROL: Final = ("GetBucketPolicy", "PutBucketPolicy", "DeleteBucketPolicy")
"""What must stay possible with a bucket's policy."""

_SESSION: Final = re.compile(r"arn:([^:]+):sts::([0-9]{12}):assumed-role/([^/]+)/.+")


def bucket_control(bucket: Bucket, before: Policy, after: Policy, evidence: Evidence) -> Iterator[Finding]:
    """Look for the account's root user, or the writing role, being denied the control of the bucket policy."""
    root = f"arn:{bucket.partition}:iam::{bucket.account}:root"
    for who in filter(None, (root, evidence.role)):
        if already := _denied(bucket, before, who):
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


def key_control(key: Key, before: Policy, after: Policy, evidence: Evidence) -> Iterator[Finding]:
    """Somebody of the account, and whoever writes the change, must still be able to change the key policy."""
    questions = KeyQuestions(own=key.account, key_arn=key.arn, partition=key.partition, since=key.as_of)
    root = f"arn:{key.partition}:iam::{key.account}:root"
    if isinstance(questions.locked_out(before), Proved):
        yield Refusal(
            "LOCKED_OUT",
            "nobody of the account may change the key policy as it is",
            "ask AWS Support to recover the key: KMS lets nobody else do it",
        )
        return
    for who in dict.fromkeys((root, evidence.role or root)):
        if _may_put(key, before, who) and not _may_put(key, after, who):
            yield Refusal(
                "WOULD_LOCK_OUT",
                f"after the change the key policy would no longer let {who} change it",
                "keep a statement that lets the account, or this principal, put key policies",
            )
    if not isinstance(questions.locked_out(after), Refuted):
        yield Refusal(
            "WOULD_LOCK_OUT",
            "after the change nobody of the account is known to be able to change the key policy",
            "keep a statement that lets the account put key policies",
        )


def _denied(bucket: Bucket, policy: Policy, who: str) -> tuple[str, ...]:
    """Return the actions that are denied whatever the request, or that are not known to be let through."""
    if not policy.denies:
        return ()
    asked = (who, *_roles(who, policy))
    return tuple(f"s3:{each}" for each in CONTROL if not all(_open(bucket, policy, one, each) for one in asked))


def _open(bucket: Bucket, policy: Policy, who: str, action: str) -> bool:
    """Is there a request over TLS that no Deny catches?"""
    callers = Callers(own=bucket.account, partition=bucket.partition, only=(who,), anonymous=False, services=False)
    transport = Group("transport", (https("1.2", "1.3"),))
    groups = (callers.group(policy), bucket_actions(bucket.arn, (action,)), network(), transport)
    own = constants(bucket.account)
    fixed = {"aws:resourceaccount": own, "s3:resourceaccount": own}
    return isinstance(prove(policy, Question((Space("s3", groups, bucket.as_of, fixed),))), Refuted)


def _may_put(key: Key, policy: Policy, who: str) -> bool:
    roles = _roles(who, policy) or (_SESSION.sub(r"arn:\1:iam::\2:role/\3", who),)
    return all(authorize(policy, _put(key, who, each)).outcome is Outcome.ALLOW for each in roles)


def _put(key: Key, who: str, role: str) -> Request:
    context = {
        "aws:PrincipalArn": role,
        "aws:PrincipalAccount": key.account,
        "kms:CallerAccount": key.account,
        "aws:SecureTransport": "true",
        "kms:BypassPolicyLockoutSafetyCheck": "false",
    }
    return Request(who, key.account, "kms:PutKeyPolicy", key.arn, context)


def _roles(who: str, policy: Policy) -> tuple[str, ...]:
    """Return the roles that a policy names and that a session may be of: it does not tell its role's path."""
    session = _SESSION.fullmatch(who)
    if not session:
        return ()
    role = rf'"(arn:{session[1]}:iam::{session[2]}:role/(?:[^"*?]*/)?{re.escape(session[3])})"'
    return tuple(dict.fromkeys(re.findall(role, json.dumps(policy.source))))
