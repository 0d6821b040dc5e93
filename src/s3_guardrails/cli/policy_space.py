"""All requests that two policies can be compared over: every caller and action, any network, with and without TLS."""

from __future__ import annotations

from s3_guardrails.policy.callers import Callers
from s3_guardrails.policy.document import Policy
from s3_guardrails.policy.domain import constants, texts
from s3_guardrails.policy.space import Group, Space
from s3_guardrails.policy.targets import (
    ONLY_TLS,
    PLAIN_HTTP,
    TLS_VERSIONS,
    bucket_actions,
    https,
    key_actions,
    network,
)


def bucket_space(old: Policy, new: Policy, bucket: str, own: str, partition: str, since: float) -> Space:
    """Return every S3 request on a bucket and its objects that either policy can tell from another."""
    callers = Callers(own=own, partition=partition).group(_both(old, new))
    transport = Group("transport", (https(*reversed(TLS_VERSIONS)), PLAIN_HTTP))
    groups = (callers, bucket_actions(f"arn:{partition}:s3:::{bucket}"), network(), transport)
    account = constants(own)
    return Space("s3", groups, since, {"aws:resourceaccount": account, "s3:resourceaccount": account})


def key_space(old: Policy, new: Policy, own: str, partition: str, since: float) -> Space:
    """Return every KMS request on a key of the account; KMS answers over TLS only, and nobody is anonymous there."""
    callers = Callers(own=own, partition=partition, anonymous=False).group(_both(old, new))
    key = texts(f"arn:{partition}:kms:us-east-1:{own}:key/?*", f"arn:{partition}:kms:*:{own}:key/?*")
    groups = (callers, key_actions(key), network(), Group("transport", (ONLY_TLS,)))
    return Space("kms", groups, since, {"aws:resourceaccount": constants(own)})


def _both(old: Policy, new: Policy) -> Policy:
    """One policy with the principals of both."""
    return Policy(new.version, (*old.statements, *new.statements))
