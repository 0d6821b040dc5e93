"""AWS services whose deliveries a change would stop, most of them silently: logs, AWS Config, CloudTrail."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from s3_guardrails.encryption.bucket import Bucket
from s3_guardrails.encryption.fact import Unreadable
from s3_guardrails.encryption.key_service import no_use_by_service
from s3_guardrails.encryption.service_writer import ServiceWriter, lets, service_writers
from s3_guardrails.encryption.surroundings import Surroundings
from s3_guardrails.encryption.write import MODE
from s3_guardrails.policy.authorize import denied
from s3_guardrails.policy.document import Policy, PrincipalKind
from s3_guardrails.policy.prove import Answer
from s3_guardrails.policy.prove import Refuted as Granted
from s3_guardrails.policy.request import Request
from s3_guardrails.remediate.change import Refusal
from s3_guardrails.remediate.hazard_evidence import Evidence, Finding, unreadable
from s3_guardrails.remediate.hazard_policy import policy_after, policy_before
from s3_guardrails.remediate.hazard_setting import KEY_ARN, NewDefault

CODE: Final = "SERVICE_WRITER_WOULD_STOP"


def denied_writers(bucket: Bucket, surroundings: Surroundings, text: str | None) -> Iterator[Finding]:
    """Look for deliveries that the policy lets through today and would deny."""
    before, after = policy_before(bucket), policy_after(text)
    yield from _closed(surroundings)
    if not (isinstance(before, Policy) and isinstance(after, Policy)):
        return  # both are refused where the policy is judged
    for writer in service_writers(bucket, before, surroundings):
        for request in _deliveries(bucket, before, writer):
            if denied(before, request) is False and denied(after, request) is not False:
                header = request.context.get(MODE)
                how = f"with the header {header}" if header else "without an encryption header"
                yield Refusal(
                    CODE,
                    f"{writer.name} writes to the bucket {how}, and the changed policy would deny it",
                    "let the data class accept what the service writes, or move its deliveries to another bucket",
                )
                break


def stopped_writers(
    bucket: Bucket, surroundings: Surroundings, change: NewDefault, evidence: Evidence
) -> Iterator[Finding]:
    """Look for services that take the bucket's default and cannot use the key that it will name."""
    policy = policy_before(bucket)
    yield from _closed(surroundings)
    if isinstance(policy, Refusal):
        yield policy
        return
    if not change.another_key:
        return
    yield from _readers(policy, change, evidence)
    for writer in service_writers(bucket, policy, surroundings):
        if writer.sse_s3_only:
            yield Refusal(
                CODE,
                f"{writer.name} can write with SSE-S3 only: its logs would stop",
                "let the data class accept SSE-S3 for this bucket, or move the logs to a bucket of their own",
            )
        elif not writer.own_key and not isinstance(
            _use(change, writer.principal, "GenerateDataKey", evidence), Granted
        ):
            yield Refusal(
                CODE,
                f"{writer.name} writes with the bucket's default, and the policy of the key {change.after.key} does not"
                " let it use the key: its deliveries would stop",
                f"grant {writer.name} kms:GenerateDataKey and kms:Decrypt there, bound to its source, then plan again",
            )


def _closed(surroundings: Surroundings) -> Iterator[Finding]:
    for fact in (surroundings.logs_from, surroundings.delivery_channels, surroundings.trails):
        if isinstance(fact, Unreadable):
            yield unreadable(fact, "deliveries of an AWS service to this bucket might stop")


def _readers(policy: Policy, change: NewDefault, evidence: Evidence) -> Iterator[Finding]:
    """Services that read objects decrypt them with their own principal: CloudFront with origin access control, say."""
    named = (each for one in policy.allows if lets(one, "s3:GetObject") for each in one.principals)
    for name in dict.fromkeys(each.value for each in named if each.kind is PrincipalKind.SERVICE):
        if not isinstance(_use(change, name, "Decrypt", evidence), Granted):
            yield Refusal(
                "SERVICE_READER_WOULD_STOP",
                f"{name} reads the bucket, and the policy of the key {change.after.key} does not let it decrypt",
                f"grant {name} kms:Decrypt there, bound to its source, then plan again",
            )


def _use(change: NewDefault, service: str, action: str, evidence: Evidence) -> Answer | None:
    """Ask the key policy: is there no request by which the service uses the key so? Refuted is the good answer."""
    target = evidence.target
    arn = KEY_ARN.fullmatch(change.after.key or "")
    if target is None or isinstance(target.policy, Unreadable) or not arn or target.arn != change.after.key:
        return None
    return no_use_by_service(target.policy, target.arn, service, action, target.as_of)


def _deliveries(bucket: Bucket, policy: Policy, writer: ServiceWriter) -> Iterator[Request]:
    """Yield uploads as the service makes them, one for each place that the policy lets it write to."""
    for place in _places(bucket, policy, writer):
        for header in writer.headers:
            yield Request(writer.principal, writer.account, "s3:PutObject", place, _context(bucket, writer, header))


def _context(bucket: Bucket, writer: ServiceWriter, header: str) -> dict[str, str]:
    service = {
        "aws:PrincipalIsAWSService": "true",
        "aws:PrincipalServiceName": writer.principal,
        "aws:SourceAccount": bucket.account,
    }
    account = {
        "aws:PrincipalIsAWSService": "false",
        "aws:PrincipalArn": writer.principal,
        "aws:PrincipalAccount": writer.account or "",
    }
    return {
        "aws:SecureTransport": "true",
        "s3:TlsVersion": "1.2",
        "aws:ViaAWSService": "false",
        "aws:ResourceAccount": bucket.account,
        "s3:ResourceAccount": bucket.account,
        "s3:x-amz-acl": "bucket-owner-full-control",
        **(account if writer.account else service),
        **({MODE: header} if header else {}),
    }


def _places(bucket: Bucket, policy: Policy, writer: ServiceWriter) -> tuple[str, ...]:
    usual = f"{bucket.arn}/AWSLogs/{bucket.account}/x"
    resources = (
        resource.replace("*", "x").replace("?", "x") if resource.startswith(f"{bucket.arn}/") else usual
        for each in policy.allows
        if lets(each, "s3:PutObject") and not each.not_resource
        if any(one.value in {writer.principal, writer.account} for one in each.principals)
        for resource in each.resources
        if resource != bucket.arn
    )
    return tuple(dict.fromkeys(resources)) or (usual,)
