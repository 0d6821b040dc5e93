"""Special uses of a bucket: who writes to it and reads it, by its policy and by what services say, never by its name.

Sources as in `encryption.service_writer`, and: S3 User Guide, "Website endpoints", "Replicating encrypted objects";
CloudTrail User Guide, "Encrypting CloudTrail log files" (SSE-S3 without a key of the trail, digests always); AWS Config
Developer Guide, "Permissions for the KMS key".
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Final

from s3_guardrails.classification.callers import callers, let_in_openly, lets_everybody, readers, shared
from s3_guardrails.classification.data_class import Purpose
from s3_guardrails.classification.evidence import CUSTOMER_KEY, LOG_MODES, SSE_S3, Basis, Evidence, Modes, listed
from s3_guardrails.encryption.access_log import AccessLogging
from s3_guardrails.encryption.approval import ApprovedKeys
from s3_guardrails.encryption.bucket import Bucket, DefaultEncryption
from s3_guardrails.encryption.default_key import true_mode
from s3_guardrails.encryption.fact import Unreadable, known
from s3_guardrails.encryption.key_service import lets_service
from s3_guardrails.encryption.mode import ANY_BUT_SSE_C, EncryptionMode
from s3_guardrails.encryption.service_writer import (
    ACCESS_LOGS,
    CONFIG,
    TRAILS,
    VENDED_LOGS,
    ServiceWriter,
    service_writers,
)
from s3_guardrails.encryption.surroundings import Replication, ReplicationRule, Surroundings
from s3_guardrails.errors import UnreadableFact
from s3_guardrails.policy.document import EMPTY, Policy

_NONE_BY_NAME: Final = ApprovedKeys.parse("")


def observed(bucket: Bucket, surroundings: Surroundings) -> Iterator[Evidence]:
    """Yield what readable facts show; `unknown` tells of the others."""
    policy = _policy(bucket)
    yield from _settings(bucket, surroundings)
    yield from _writers(bucket, policy, surroundings)
    yield from readers(policy)
    yield from callers(bucket, policy, surroundings)


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
        *((bucket.default_key_policy,) if _key_matters(bucket, surroundings) else ()),
        *((let_in_openly(surroundings),) if lets_everybody(bucket) else ()),
    )
    return tuple(each for each in facts if isinstance(each, Unreadable))


def takes_logs(bucket: Bucket, surroundings: Surroundings) -> bool:
    """Does S3 deliver logs here with the bucket's default? Then it matters whether a key's policy lets it."""
    sources = surroundings.logs_from
    let_in = (each.principal.removesuffix(".cn") for each in _let_in(bucket, _policy(bucket)))
    return (isinstance(sources, frozenset) and bool(sources)) or any(each in _BY_DEFAULT for each in let_in)


def present_mode(bucket: Bucket) -> EncryptionMode | Unreadable:
    """Return the mode of the default encryption, whoever manages the key that it names."""
    try:
        return true_mode(bucket, known(bucket.default_encryption), _NONE_BY_NAME)
    except UnreadableFact as error:
        return Unreadable(error.fact, error.reason)


def _settings(bucket: Bucket, surroundings: Surroundings) -> Iterator[Evidence]:
    if surroundings.logs_from and isinstance(surroundings.logs_from, frozenset):
        yield _log_target(bucket, surroundings.logs_from)
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


def _log_target(bucket: Bucket, sources: frozenset[str]) -> Evidence:
    """Buckets that log to each other show nothing of what they are for."""
    logging, of = bucket.access_logging, listed(sorted(sources))
    if isinstance(logging, AccessLogging) and logging.target in {bucket.name, *sources}:
        what = f"takes the server access logs of {of}, and its own logs go there: a loop"
        return replace(_by_default(bucket, "LOG_LOOP", what, ACCESS_LOGS, Basis.SETTING), purpose=None)
    what = f"takes the server access logs of {of}"
    return _by_default(bucket, "ACCESS_LOG_TARGET", what, ACCESS_LOGS, Basis.SETTING)


def _by_default(bucket: Bucket, code: str, sentence: str, service: str, basis: Basis) -> Evidence:
    """Logs that are written with the bucket's default: a key of today works only if its policy lets the service."""
    found = _logs(code, sentence, LOG_MODES, basis)
    key, policy = _default_key(bucket), bucket.default_key_policy
    if not key or not isinstance(policy, Policy) or lets_service(policy, key, service, _WRITE, bucket.account):
        return found
    closed = f"{sentence}, which cannot arrive: the policy of the key {key} does not let {service} use it"
    return replace(found, sentence=closed, default=SSE_S3)


def _default_key(bucket: Bucket) -> str | None:
    key = bucket.default_encryption
    return key.key if isinstance(key, DefaultEncryption) and ":key/" in (key.key or "") else None


def _key_matters(bucket: Bucket, surroundings: Surroundings) -> bool:
    return _default_key(bucket) is not None and takes_logs(bucket, surroundings)


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


_WRITE: Final = "GenerateDataKey"
_BY_DEFAULT: Final = frozenset({ACCESS_LOGS, VENDED_LOGS})
_LOG_SERVICES: Final = {
    ACCESS_LOGS: "ACCESS_LOG_TARGET",
    VENDED_LOGS: "VENDED_LOGS",
    CONFIG: "CONFIG_DELIVERY",
    TRAILS: "CLOUDTRAIL_DELIVERY",
}


def _writers(bucket: Bucket, policy: Policy, surroundings: Surroundings) -> Iterator[Evidence]:
    """Services that the policy lets write; those that settings show were told already, and more exactly."""
    told = {each.principal for each in service_writers(bucket, EMPTY, surroundings)}
    for writer in _let_in(bucket, policy):
        if writer.principal.removesuffix(".cn") not in told:
            yield _writer(bucket, writer)


def _let_in(bucket: Bucket, policy: Policy) -> tuple[ServiceWriter, ...]:
    return service_writers(bucket, policy, Surroundings())


def _policy(bucket: Bucket) -> Policy:
    return bucket.policy if isinstance(bucket.policy, Policy) else EMPTY


def _writer(bucket: Bucket, writer: ServiceWriter) -> Evidence:
    code = _LOG_SERVICES.get(writer.principal.removesuffix(".cn"))
    if writer.sse_s3_only:
        what = f"the policy lets {writer.name} write, which works with SSE-S3 only"
        return _logs("LOAD_BALANCER_LOGS", what, SSE_S3, Basis.POLICY)
    what = f"the policy lets {writer.name} write its logs"
    if writer.principal.removesuffix(".cn") in _BY_DEFAULT and code:
        return _by_default(bucket, code, what, writer.principal, Basis.POLICY)
    if code:
        unseen = f"{what}, and no setting that was seen tells whether with a key of its own"
        return replace(_logs(code, unseen, LOG_MODES, Basis.POLICY), might=(SSE_S3, CUSTOMER_KEY))
    what = f"the policy lets {writer.name} write, which can use a customer managed key that lets it, and no other"
    return shared("SERVICE_WRITER", what)
