"""Special uses of a bucket: who writes to it and reads it, by its policy and by what services say, never by its name.

Sources as in `encryption.service_writer`, and: S3 User Guide, "Website endpoints", "Replicating encrypted objects";
CloudFront Developer Guide, "Restricting access to an Amazon S3 origin"; CloudTrail User Guide, "Encrypting CloudTrail
log files" (SSE-S3 without a key of the trail, digests always); AWS Config Developer Guide, "Permissions for the KMS
key".
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from s3_guardrails.classification.data_class import Purpose
from s3_guardrails.classification.evidence import CUSTOMER_KEY, LOG_MODES, SHARED_MODES, SSE_S3, Basis, Evidence, Modes
from s3_guardrails.encryption.approval import ApprovedKeys
from s3_guardrails.encryption.bucket import Bucket
from s3_guardrails.encryption.default_key import true_mode
from s3_guardrails.encryption.fact import Absent, Unreadable, known
from s3_guardrails.encryption.grantee import Form, Grantee, grantees
from s3_guardrails.encryption.mode import ANY_BUT_SSE_C, EncryptionMode
from s3_guardrails.encryption.service_writer import (
    ACCESS_LOGS,
    CONFIG,
    TRAILS,
    VENDED_LOGS,
    ServiceWriter,
    lets,
    service_writers,
)
from s3_guardrails.encryption.surroundings import PublicAccessBlock, Replication, ReplicationRule, Surroundings
from s3_guardrails.errors import UnreadableFact
from s3_guardrails.policy.document import EMPTY, Policy, PrincipalKind

_NONE_BY_NAME: Final = ApprovedKeys.parse("")

SHOWN: Final = 5
"""Names in a sentence before the rest is counted."""


def observed(bucket: Bucket, surroundings: Surroundings) -> Iterator[Evidence]:
    """Yield what readable facts show; `unknown` tells of the others."""
    policy = bucket.policy if isinstance(bucket.policy, Policy) else EMPTY
    yield from _settings(surroundings)
    yield from _writers(bucket, policy, surroundings)
    yield from _readers(policy)
    yield from _callers(bucket, policy, surroundings)


def unknown(bucket: Bucket, surroundings: Surroundings) -> tuple[Unreadable, ...]:
    """Return the unreadable facts that might hide evidence, or that a proposal starts from."""
    facts = (
        bucket.tags,
        bucket.policy,
        present_mode(bucket),
        surroundings.website,
        surroundings.replication,
        surroundings.logs_from,
        surroundings.delivery_channels,
        surroundings.trails,
        *((_open(surroundings),) if _everyone(bucket) else ()),
    )
    return tuple(each for each in facts if isinstance(each, Unreadable))


def present_mode(bucket: Bucket) -> EncryptionMode | Unreadable:
    """Return the mode of the default encryption, whoever manages the key that it names."""
    try:
        return true_mode(bucket, known(bucket.default_encryption), _NONE_BY_NAME)
    except UnreadableFact as error:
        return Unreadable(error.fact, error.reason)


def _settings(surroundings: Surroundings) -> Iterator[Evidence]:
    if surroundings.logs_from and isinstance(surroundings.logs_from, frozenset):
        of = listed(sorted(surroundings.logs_from))
        yield _logs("ACCESS_LOG_TARGET", f"takes the server access logs of {of}", LOG_MODES)
    channels = surroundings.delivery_channels
    for channel in channels if isinstance(channels, tuple) else ():
        what = f"the AWS Config delivery channel {channel.name} delivers here, {_with(channel.key)}"
        yield _delivery("CONFIG_DELIVERY", what, channel.key, ())
    trails = surroundings.trails
    for trail in trails if isinstance(trails, tuple) else ():
        digests = ", and digests with SSE-S3" if trail.key and trail.digests else ""
        what = f"the trail {trail.name} delivers here, {_with(trail.key)}{digests}"
        yield _delivery("CLOUDTRAIL_DELIVERY", what, trail.key, (SSE_S3,) if digests else ())
    if surroundings.website is True:
        yield Evidence(
            code="WEBSITE",
            sentence="serves a static website, whose anonymous visitors cannot use KMS",
            basis=Basis.SETTING,
            purpose=Purpose.PUBLIC,
            needs=(SSE_S3,),
            default=SSE_S3,
        )
    if isinstance(surroundings.replication, Replication):
        yield from map(_replicated, surroundings.replication.rules)


def _with(key: str | None) -> str:
    return f"with the key {key}" if key else "without a key of its own, that is with SSE-S3"


def _logs(code: str, sentence: str, modes: Modes, basis: Basis = Basis.SETTING) -> Evidence:
    return Evidence(code=code, sentence=sentence, basis=basis, purpose=Purpose.LOGS, needs=(modes,), default=modes)


def _delivery(code: str, sentence: str, key: str | None, more: tuple[Modes, ...]) -> Evidence:
    """A delivery with a key of its own names it, and the bucket's default does not matter to it."""
    return Evidence(
        code=code,
        sentence=sentence,
        basis=Basis.SETTING,
        purpose=Purpose.LOGS,
        needs=(CUSTOMER_KEY if key else SSE_S3, *more),
        default=ANY_BUT_SSE_C if key else LOG_MODES,
    )


def _replicated(rule: ReplicationRule) -> Evidence:
    does = "takes objects under KMS keys along" if rule.kms_objects else "leaves objects under KMS keys out"
    return Evidence(
        code="REPLICATION_SOURCE",
        sentence=f"the replication rule `{rule.id}` to {rule.destination} {does}",
        basis=Basis.SETTING,
        needs=() if rule.kms_objects else (SSE_S3,),
        default=ANY_BUT_SSE_C if rule.kms_objects else SSE_S3,
    )


_LOG_SERVICES: Final = {
    ACCESS_LOGS: "ACCESS_LOG_TARGET",
    VENDED_LOGS: "VENDED_LOGS",
    CONFIG: "CONFIG_DELIVERY",
    TRAILS: "CLOUDTRAIL_DELIVERY",
}


def _writers(bucket: Bucket, policy: Policy, surroundings: Surroundings) -> Iterator[Evidence]:
    """Services that the policy lets write; those that settings show were told already, and more exactly."""
    told = {each.principal for each in service_writers(bucket, EMPTY, surroundings)}
    for writer in service_writers(bucket, policy, Surroundings()):
        if writer.principal.removesuffix(".cn") not in told:
            yield _writer(writer)


def _writer(writer: ServiceWriter) -> Evidence:
    code = _LOG_SERVICES.get(writer.principal.removesuffix(".cn"))
    if writer.sse_s3_only:
        what = f"the policy lets {writer.name} write, which works with SSE-S3 only"
        return _logs("LOAD_BALANCER_LOGS", what, SSE_S3, Basis.POLICY)
    if code:
        return _logs(code, f"the policy lets {writer.name} write its logs", LOG_MODES, Basis.POLICY)
    what = f"the policy lets {writer.name} write, which can use a customer managed key that lets it, and no other"
    return _shared("SERVICE_WRITER", what)


def _readers(policy: Policy) -> Iterator[Evidence]:
    readers = (each for one in policy.allows if lets(one, "s3:GetObject") for each in one.principals)
    names = sorted({each.value for each in readers if each.kind is PrincipalKind.SERVICE})
    if names:
        what = f"the policy lets {listed(names)} read, which can use a customer managed key that lets it, and no other"
        yield _shared("SERVICE_READER", what)


def _callers(bucket: Bucket, policy: Policy, surroundings: Surroundings) -> Iterator[Evidence]:
    everybody = grantees(bucket, policy)
    if _everyone(bucket) and _open(surroundings) is True:
        yield _public(any("kms:Decrypt" in each.kms_actions for each in _of(everybody, Form.EVERYONE)))
    if identities := _of(everybody, Form.ORIGIN_ACCESS_IDENTITY):
        named = listed(sorted(each.value for each in identities))
        yield Evidence(
            code="ORIGIN_ACCESS_IDENTITY",
            sentence=f"CloudFront reads with an origin access identity ({named}), which cannot use KMS",
            basis=Basis.POLICY,
            needs=(SSE_S3,),
            default=SSE_S3,
        )
    apart = {Form.EVERYONE, Form.ORIGIN_ACCESS_IDENTITY}
    others = [each for each in everybody if each.form not in apart and each.account != bucket.account]
    if others:
        named = listed(sorted({each.value for each in others}))
        yield _shared("CROSS_ACCOUNT", f"the policy lets {named} in, who cannot use the AWS managed key")
    replicating = (one for one in policy.allows if _replicates(one.actions))
    if replicators := sorted({each.value for one in replicating for each in one.principals}):
        yield Evidence(
            code="REPLICATION_DESTINATION",
            sentence=f"the policy lets {listed(replicators)} replicate objects here, with the key that its rule names",
            basis=Basis.POLICY,
        )


def _shared(code: str, sentence: str) -> Evidence:
    return Evidence(code=code, sentence=sentence, basis=Basis.POLICY, needs=(SHARED_MODES,), default=SHARED_MODES)


def _public(read: bool) -> Evidence:
    """Whether everybody should be let in is another question, and a person's."""
    return Evidence(
        code="PUBLIC_READ" if read else "PUBLIC_WRITE",
        sentence=f"the policy lets everybody {'read' if read else 'write'}, and nothing blocks that; "
        "anonymous callers cannot use KMS",
        basis=Basis.POLICY,
        purpose=Purpose.PUBLIC if read else None,
        needs=(SSE_S3,),
        default=SSE_S3,
    )


def _everyone(bucket: Bucket) -> bool:
    return isinstance(bucket.policy, Policy) and bool(_of(grantees(bucket, bucket.policy), Form.EVERYONE))


def _of(found: tuple[Grantee, ...], form: Form) -> list[Grantee]:
    return [each for each in found if each.form is form]


def _open(surroundings: Surroundings) -> bool | Unreadable:
    """Does S3 let everybody in whom the policy lets in? The bucket's block or the account's may say no."""
    public = surroundings.policy_is_public
    if isinstance(public, Absent) or public is False:
        return False
    for block in (surroundings.public_access_block, surroundings.account_public_access_block):
        if isinstance(block, PublicAccessBlock) and block.restrict_buckets:
            return False
    facts = (public, surroundings.public_access_block, surroundings.account_public_access_block)
    return next((each for each in facts if isinstance(each, Unreadable)), True)


def _replicates(actions: Iterable[str]) -> bool:
    """By its name: `s3:*` lets replicate too, and says nothing about it."""
    return any(each.lower() == "s3:replicateobject" for each in actions)


def listed(names: Sequence[str]) -> str:
    """Name the first of several, and say how many more there are."""
    more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    return ", ".join(names[:SHOWN]) + more
