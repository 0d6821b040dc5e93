"""What speaks against one change of one resource: refusals, and concerns that a person must approve.

Pure: facts in, words out. Special buckets are recognised by their policy's principals, tags, configuration and what the
services that write to them say, never by a name. A fact that a check needs and that is unreadable refuses the change.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date
from typing import Final

from s3_guardrails.encryption.bucket import Bucket
from s3_guardrails.encryption.key import Key
from s3_guardrails.encryption.surroundings import Surroundings
from s3_guardrails.remediate.change import Proposed
from s3_guardrails.remediate.hazard_access import access
from s3_guardrails.remediate.hazard_callers import customer_keys, http_callers, website, wrong_uploaders
from s3_guardrails.remediate.hazard_evidence import NO_EVIDENCE, Evidence, Finding, Hazards, collected
from s3_guardrails.remediate.hazard_key import changed_key_policy, key_in_use, target_key
from s3_guardrails.remediate.hazard_owner import owned
from s3_guardrails.remediate.hazard_policy import bucket_policy
from s3_guardrails.remediate.hazard_replication import replication
from s3_guardrails.remediate.hazard_setting import NewDefault, new_default
from s3_guardrails.remediate.hazard_writer import denied_writers, stopped_writers

REQUIRE_TLS: Final = "RequireTls"
DENY_WRONG_UPLOADS: Final = "DenyWrongUploads"
BLOCK_SSE_C: Final = "BlockSseC"

_OF_POLICY: Final = ("policy_is_public", "public_access_block", "account_public_access_block")
_WRITERS: Final = ("logs_from", "delivery_channels", "trails")
NEEDED: Final[Mapping[str, tuple[str, ...]]] = {
    REQUIRE_TLS: ("website", *_OF_POLICY),
    DENY_WRONG_UPLOADS: (*_OF_POLICY, *_WRITERS),
    "SetBucketDefaultEncryption": ("replication", *_WRITERS),
    BLOCK_SSE_C: (),
}
"""Remediation → the facts of `Surroundings` that `bucket_hazards` looks at."""

ALL_NEEDED: Final = tuple(dict.fromkeys(fact for facts in NEEDED.values() for fact in facts))
"""What any other change of a bucket needs, such as undoing one."""


def needed(remediation: str) -> tuple[str, ...]:
    """Return the facts of `Surroundings` to read before `bucket_hazards` is asked."""
    return NEEDED.get(remediation, ALL_NEEDED)


def bucket_hazards(
    remediation: str,
    bucket: Bucket,
    surroundings: Surroundings,
    proposal: Proposed,
    today: date,
    evidence: Evidence = NO_EVIDENCE,
) -> Hazards:
    """Judge one change of a bucket's policy or default encryption; the bucket's own facts are those before it.

    Of the bucket it needs `tags`, `policy`, and for an encryption change `default_encryption` and
    `blocked_encryption_types`; of the surroundings what `needed` says.
    """

    def found() -> Iterator[Finding]:
        yield from owned(bucket.tags, today, bucket.name)
        if "policy" in proposal.after:
            yield from bucket_policy(bucket, surroundings, proposal.after["policy"], evidence)
        if "policy" in proposal.after and remediation == REQUIRE_TLS:
            yield from website(surroundings)
            yield from http_callers(evidence, today)
        elif "policy" in proposal.after:
            yield from denied_writers(bucket, surroundings, proposal.after["policy"])
        if "policy" in proposal.after and remediation == DENY_WRONG_UPLOADS:
            yield from wrong_uploaders(evidence, today)
        if "encryption" in proposal.after:
            yield from _encryption(bucket, surroundings, proposal, evidence, today)

    return collected(found())


def key_hazards(key: Key, proposal: Proposed, today: date, evidence: Evidence = NO_EVIDENCE) -> Hazards:
    """Judge one change of a key's policy or rotation; of the key it needs `tags`, `metadata` and `policy`."""

    def found() -> Iterator[Finding]:
        yield from owned(key.tags, today, key.key_id)
        yield from key_in_use(key)
        if "key_policy" in proposal.after:
            yield from changed_key_policy(key, proposal.after["key_policy"], evidence)

    return collected(found())


def _encryption(
    bucket: Bucket, surroundings: Surroundings, proposal: Proposed, evidence: Evidence, today: date
) -> Iterator[Finding]:
    change = new_default(bucket, proposal.after["encryption"])
    if not isinstance(change, NewDefault):
        yield change
        return
    if change.newly_blocks_sse_c:
        yield from customer_keys(change.blocked_before, evidence, today)
    if not change.matters:
        return
    yield from target_key(bucket, change, evidence)
    yield from stopped_writers(bucket, surroundings, change, evidence)
    yield from replication(bucket, surroundings, change, evidence)
    yield from access(bucket, change, evidence)
