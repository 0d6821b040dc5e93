"""Buckets that AWS services write to: stricter is not safer here, a wrong setting silently stops the logs."""

from __future__ import annotations

from typing import Final

from s3_guardrails.embedded.seed.bucket import AWS_MANAGED, BucketSeed, kms
from s3_guardrails.embedded.seed.statement import (
    MODE,
    PLAIN_HTTP,
    Conditions,
    Statement,
    allow,
    any_header_but,
    bucket_arn,
    deny,
    deny_uploads,
    objects,
    other_keys,
    other_modes,
    tls_only,
    whole,
)
from s3_guardrails.embedded.seed.who import ACCOUNT, REGION, key_arn

_OUR_ACCOUNT: Final[Conditions] = {"StringEquals": {"aws:SourceAccount": ACCOUNT}}


def _delivery(bucket: str, service: str) -> Statement:
    return allow("AllowDelivery", {"Service": service}, "s3:PutObject", objects(bucket), _OUR_ACCOUNT)


def _acl_check(bucket: str, service: str) -> Statement:
    return allow("AllowAclCheck", {"Service": service}, "s3:GetBucketAcl", bucket_arn(bucket), _OUR_ACCOUNT)


def _tls_but_for_services(bucket: str) -> Statement:
    people: Conditions = {**PLAIN_HTTP, "BoolIfExists": {"aws:PrincipalIsAWSService": "false"}}
    return deny("DenyPlainHttp", "s3:*", whole(bucket), people)


_TOWER: Final = f"aws-controltower-logs-{ACCOUNT}-{REGION}"

LOG_BUCKETS: Final = (
    BucketSeed(
        name="acme-access-logs",
        why="target of S3 server access logs, which arrive with SSE-S3 and no header",
        logs_to=None,
        data_class="log-delivery",
        statements=(
            _delivery("acme-access-logs", "logging.s3.amazonaws.com"),
            other_modes("acme-access-logs", "AES256"),
            tls_only("acme-access-logs"),
        ),
    ),
    BucketSeed(
        name="acme-alb-logs",
        why="load balancers write with SSE-S3 only; nothing keeps others from writing with KMS keys",
        logs_to="acme-alb-logs",
        data_class="log-delivery",
        statements=(
            _delivery("acme-alb-logs", "logdelivery.elasticloadbalancing.amazonaws.com"),
            tls_only("acme-alb-logs"),
        ),
    ),
    BucketSeed(
        name="acme-alb-logs-hardened",
        why="somebody hardened it with SSE-KMS, and the load balancer's logs stopped",
        data_class="log-delivery",
        default=kms("orders"),
        statements=(tls_only("acme-alb-logs-hardened"),),
    ),
    BucketSeed(
        name="acme-flow-logs",
        why="plain HTTP is denied to people only: the exemption of AWS services is not agreed on",
        logs_to="acme-alb-logs-hardened",
        data_class="log-delivery",
        statements=(
            _delivery("acme-flow-logs", "delivery.logs.amazonaws.com"),
            other_modes("acme-flow-logs", "AES256"),
            _tls_but_for_services("acme-flow-logs"),
        ),
    ),
    BucketSeed(
        name="acme-config-delivery",
        why="AWS Config's own delivery bucket; its TLS statement forgets the bucket itself",
        data_class="internal",
        statements=(
            _acl_check("acme-config-delivery", "config.amazonaws.com"),
            _delivery("acme-config-delivery", "config.amazonaws.com"),
            deny("DenyPlainHttp", "s3:*", objects("acme-config-delivery"), PLAIN_HTTP),
        ),
    ),
    BucketSeed(
        name="acme-cloudtrail",
        why="the trail names its key with every write; TLS is asked for with BoolIfExists, which is as good",
        data_class="confidential",
        default=kms("trail"),
        statements=(
            _acl_check("acme-cloudtrail", "cloudtrail.amazonaws.com"),
            _delivery("acme-cloudtrail", "cloudtrail.amazonaws.com"),
            any_header_but("acme-cloudtrail", key_arn("trail")),
            deny(
                "DenyPlainHttp",
                "s3:*",
                whole("acme-cloudtrail"),
                {"BoolIfExists": {"aws:SecureTransport": "false"}},
            ),
        ),
    ),
    BucketSeed(
        name=_TOWER,
        why="the log archive of AWS Control Tower: nobody may tag it, nobody blocked SSE-C",
        sse_c="untouched",
        statements=(_delivery(_TOWER, "config.amazonaws.com"), tls_only(_TOWER, "AllowSSLRequestsOnly")),
    ),
    BucketSeed(
        name="acme-athena-results",
        why="query results: writers send no header and the bucket has no policy",
        logs_to=None,
        inventory=None,
        data_class="internal",
        sse_c="untouched",
    ),
    BucketSeed(
        name="acme-firehose-landing",
        why="Firehose delivers with the key's ARN; the TLS statement is about uploads only",
        data_class="internal",
        default=kms("orders", bucket_key=False),
        statements=(
            allow(
                "AllowFirehose",
                {"AWS": f"arn:aws:iam::{ACCOUNT}:role/firehose-delivery"},
                ["s3:PutObject", "s3:AbortMultipartUpload"],
                objects("acme-firehose-landing"),
            ),
            deny("DenyPlainHttp", "s3:PutObject", objects("acme-firehose-landing"), PLAIN_HTTP),
            other_keys("acme-firehose-landing", key_arn("orders")),
        ),
    ),
    BucketSeed(
        name="acme-terraform-state",
        why="demands the header on every write: state is safe, and every tool that relies on the default breaks",
        data_class="confidential",
        default=kms("orders"),
        sse_c="allowed",
        statements=(
            tls_only("acme-terraform-state"),
            deny_uploads("acme-terraform-state", "DenyWithoutKms", {"StringNotEquals": {MODE: "aws:kms"}}),
            other_keys("acme-terraform-state", key_arn("orders")),
        ),
    ),
    BucketSeed(
        name=f"cdk-hnb659fds-assets-{ACCOUNT}-{REGION}",
        why="made by the CDK's bootstrap stack, which tags no data class",
        default=AWS_MANAGED,
        statements=(tls_only(f"cdk-hnb659fds-assets-{ACCOUNT}-{REGION}", "AllowSSLRequestsOnly"),),
    ),
)
