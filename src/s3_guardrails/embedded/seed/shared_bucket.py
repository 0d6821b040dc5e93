"""Buckets that somebody else reads or writes: the public, a partner, replication, a scanner."""

from __future__ import annotations

from typing import Final

from s3_guardrails.embedded.seed.bucket import BucketSeed, Default, kms
from s3_guardrails.embedded.seed.statement import (
    KEY,
    KMS_MODES,
    MODE,
    PLAIN_HTTP,
    Statement,
    allow,
    deny,
    deny_uploads,
    guarded,
    objects,
    other_keys,
    other_modes,
    tls_only,
    whole,
)
from s3_guardrails.embedded.seed.who import ACCOUNT, PARTNER, PARTNER_KEY, PARTNER_WRITER, key_arn, root


def _public_read(bucket: str) -> Statement:
    return allow("AllowPublicRead", "*", "s3:GetObject", objects(bucket))


def _partner_writes(bucket: str) -> Statement:
    owned = {"StringEquals": {"s3:x-amz-acl": "bucket-owner-full-control"}}
    return allow("AllowPartner", {"AWS": PARTNER_WRITER}, "s3:PutObject", objects(bucket), owned)


SHARED_BUCKETS: Final = (
    BucketSeed(
        name="acme-partner-exchange",
        why="default key of the contractor's account; the contractor is exempt from TLS by NotPrincipal",
        data_class="confidential",
        default=Default("aws:kms", PARTNER_KEY, bucket_key=True),
        statements=(
            _partner_writes("acme-partner-exchange"),
            other_modes("acme-partner-exchange", *KMS_MODES),
            {
                "Sid": "DenyPlainHttp",
                "Effect": "Deny",
                "NotPrincipal": {"AWS": [PARTNER_WRITER, root(PARTNER)]},
                "Action": "s3:*",
                "Resource": whole("acme-partner-exchange"),
                "Condition": PLAIN_HTTP,
            },
        ),
    ),
    BucketSeed(
        name="acme-vendor-dropbox",
        why="one condition block for mode and key: both must be wrong before it denies",
        data_class="confidential",
        default=kms("partner-shared"),
        statements=(
            _partner_writes("acme-vendor-dropbox"),
            tls_only("acme-vendor-dropbox"),
            deny_uploads(
                "acme-vendor-dropbox",
                "DenyOtherKeys",
                {"StringNotEquals": {MODE: "aws:kms", KEY: key_arn("partner-shared")}},
            ),
        ),
    ),
    BucketSeed(
        name="acme-website",
        why="a static website: its endpoint speaks HTTP only, so a TLS statement would take it down",
        data_class="public",
        statements=(_public_read("acme-website"),),
        website=True,
    ),
    BucketSeed(
        name="acme-assets",
        why="a CloudFront origin (origin access control): KMS keys would answer 403 to every visitor",
        data_class="public",
        statements=(
            allow(
                "AllowCloudFront",
                {"Service": "cloudfront.amazonaws.com"},
                "s3:GetObject",
                objects("acme-assets"),
                {"StringEquals": {"aws:SourceArn": f"arn:aws:cloudfront::{ACCOUNT}:distribution/E2EXAMPLE"}},
            ),
            tls_only("acme-assets"),
            other_modes("acme-assets", "AES256"),
        ),
    ),
    BucketSeed(
        name="acme-open-data",
        why="already public, on purpose: a policy change with BlockPublicPolicy on would be refused",
        data_class="public",
        statements=(
            _public_read("acme-open-data"),
            tls_only("acme-open-data"),
            other_modes("acme-open-data", "AES256"),
        ),
    ),
    BucketSeed(
        name="acme-replica-source",
        why="replicated elsewhere; plain HTTP is still open through a VPC endpoint",
        data_class="confidential",
        default=kms("orders"),
        statements=(
            *guarded("acme-replica-source", key_arn("orders"))[1:],
            deny(
                "DenyPlainHttp",
                "s3:*",
                whole("acme-replica-source"),
                {**PLAIN_HTTP, "StringNotEquals": {"aws:SourceVpce": "vpce-0123456789abcdef0"}},
            ),
        ),
    ),
    BucketSeed(
        name="acme-replica-target",
        why="receives replicas under a multi-Region key",
        data_class="confidential",
        default=kms("global-archive"),
        statements=(
            allow(
                "AllowReplication",
                {"AWS": f"arn:aws:iam::{ACCOUNT}:role/replication"},
                ["s3:ReplicateObject", "s3:ReplicateDelete"],
                objects("acme-replica-target"),
            ),
            *guarded("acme-replica-target", key_arn("global-archive")),
        ),
    ),
    BucketSeed(
        name="acme-scans",
        why="GuardDuty's malware scan tags its objects; TLS is asked of our own account only",
        data_class="internal",
        default=kms("orders"),
        statements=(
            allow(
                "AllowMalwareScan",
                {"AWS": f"arn:aws:iam::{ACCOUNT}:role/guardduty-malware-protection"},
                ["s3:GetObject", "s3:PutObjectTagging"],
                objects("acme-scans"),
            ),
            other_keys("acme-scans", key_arn("orders")),
            deny("DenyPlainHttp", "s3:*", whole("acme-scans"), PLAIN_HTTP, {"AWS": root()}),
        ),
    ),
)
