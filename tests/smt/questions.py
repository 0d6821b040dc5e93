"""The questions, each a search for requests that violate it, by the topics of the command line."""

from collections.abc import Mapping
from typing import Any

from smt import buckets, keys
from smt.case import Policy

QUESTIONS = {
    "tls": buckets.tls,
    "sse": buckets.sse,
    "kms-outside": keys.outside,
    "kms-both": keys.both,
    "kms-wildcard": keys.wildcard,
    "kms-writeonly": keys.writeonly,
    "kms-service": keys.service,
    "kms-lockout": keys.lockout,
}


def decide(topic: str, policy: Policy, *, own: str, params: Mapping[str, Any], since: float, bucket: str = "") -> str:
    """Say `proved` (no request violates it), `refuted` (one does, whatever an unclear part means), or `open`."""
    return QUESTIONS[topic](policy, own, params, since, bucket)
