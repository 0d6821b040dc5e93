"""Server access logging: where a bucket's logs go, and what stops them there.

Sources: S3 User Guide, "Logging requests with server access logging" and "Enabling Amazon S3 server access logging"
(target in the same Region and account, no default retention, SSE-S3); Security Hub User Guide, S3.9.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

from s3_guardrails.decision import Reason
from s3_guardrails.encryption.default import DefaultEncryption
from s3_guardrails.encryption.fact import Absent, Unreadable, known
from s3_guardrails.encryption.key_service import lets_service
from s3_guardrails.encryption.mode import SSE_S3_HEADER
from s3_guardrails.policy.authorize import denied
from s3_guardrails.policy.document import Policy
from s3_guardrails.policy.request import Request

LOG_DELIVERY = "logging.s3.amazonaws.com"


@dataclass(frozen=True, slots=True)
class AccessLogging:
    """The setting: the name of the bucket that takes the logs, and the prefix of their keys."""

    target: str
    prefix: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class LogTarget:
    """The bucket that takes the logs. Facts that were not obtained are Unreadable as `log_target`.

    `region` is None where the account has no such bucket. `onward`: the buckets through which the target's own logs go,
    in order, up to the first that logs no further or that was there before. `locked`: Object Lock has a default
    retention. `key_policy`: of the key that the default encryption names by its ARN, Absent where it names none.
    """

    region: str | None
    onward: tuple[str, ...] | Unreadable = Unreadable("log_target", "not read")
    locked: bool | Unreadable = Unreadable("log_target", "not read")
    default_encryption: DefaultEncryption | Unreadable = Unreadable("log_target", "not read")
    key_policy: Policy | Absent | Unreadable = Unreadable("log_target", "not read")
    policy: Policy | Absent | Unreadable = Unreadable("log_target", "not read")


class Source(NamedTuple):
    """The bucket whose logs are meant."""

    name: str
    account: str
    region: str
    partition: str


def target_flaws(source: Source, logging: AccessLogging, target: LogTarget) -> Iterator[Reason]:
    """Yield what is wrong with where the logs go, beginning with what makes the rest pointless."""
    name, region = source.name, source.region
    if logging.target == name:
        yield Reason("LOGS_TO_ITSELF", "the bucket takes its own access logs, each of which makes further ones")
        return
    if target.region is None:
        what = f"the account has no bucket {logging.target}: the logs are lost, or go to whoever made one of that name"
        yield Reason("TARGET_NOT_OWNED", what)
        return
    if target.region != region:
        what = f"{logging.target} is in {target.region}, the bucket in {region}: S3 delivers no logs across Regions"
        yield Reason("TARGET_IN_ANOTHER_REGION", what)
        return
    onward = known(target.onward)
    if name in onward:
        way = " → ".join((name, logging.target, *onward[: onward.index(name) + 1]))
        yield Reason("LOG_LOOP", f"the logs go round, each delivery making further ones: {way}", {"way": way})
    if known(target.locked):
        what = f"Object Lock of {logging.target} has a default retention: S3 delivers no logs to it"
        yield Reason("TARGET_LOCKED", what)
    yield from _encryption_flaw(logging.target, source.account, target)
    policy = known(target.policy)
    if isinstance(policy, Policy) and denied(policy, _delivery(source, logging)):
        what = f"the policy of {logging.target} denies what S3's log delivery sends, an upload without a header"
        yield Reason("TARGET_DENIES_LOGS", what)


def _delivery(source: Source, logging: AccessLogging) -> Request:
    """An upload as S3's log delivery makes it."""
    context = {
        "aws:PrincipalIsAWSService": "true",
        "aws:PrincipalServiceName": LOG_DELIVERY,
        "aws:SecureTransport": "true",
        "s3:TlsVersion": "1.3",
        "aws:ViaAWSService": "false",
        "aws:SourceAccount": source.account,
        "aws:SourceArn": f"arn:{source.partition}:s3:::{source.name}",
        "aws:ResourceAccount": source.account,
        "s3:ResourceAccount": source.account,
    }
    place = f"arn:{source.partition}:s3:::{logging.target}/{logging.prefix}2026-11-21-00-00-00-0123456789ABCDEF"
    return Request(LOG_DELIVERY, None, "s3:PutObject", place, context)


def _encryption_flaw(name: str, account: str, target: LogTarget) -> Iterator[Reason]:
    """S3's log delivery writes with the default; with KMS it needs a key whose policy lets it."""
    default = known(target.default_encryption)
    if default.algorithm == SSE_S3_HEADER:
        return
    if default.names_aws_managed_key:
        what = f"{name} encrypts with the AWS managed key, which S3's log delivery cannot use: no logs arrive"
        yield Reason("TARGET_KEY_CLOSED", what)
        return
    policy, key = known(target.key_policy), default.key or ""
    if not isinstance(policy, Policy) or not lets_service(policy, key, LOG_DELIVERY, "GenerateDataKey", account):
        what = f"{name} encrypts with a key whose policy does not let {LOG_DELIVERY} use it: no logs arrive"
        yield Reason("TARGET_KEY_CLOSED", what, {"key": default.key, "short": f"key {default.key}"})
