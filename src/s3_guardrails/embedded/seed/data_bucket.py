"""Buckets of the company's own data, good and almost good."""

from __future__ import annotations

from typing import Final

from s3_guardrails.embedded.seed.bucket import AWS_MANAGED, BucketSeed, Default, kms
from s3_guardrails.embedded.seed.statement import (
    MODE,
    PLAIN_HTTP,
    Statement,
    allow,
    any_header_but,
    bucket_arn,
    deny,
    deny_uploads,
    guarded,
    no_customer_keys,
    objects,
    other_keys,
    tls_only,
    whole,
)
from s3_guardrails.embedded.seed.who import ACCOUNT, PARTNER, TELEMETRY, key_arn, key_id, root

ORDERS: Final = key_arn("orders")


def _teams(bucket: str, count: int) -> tuple[Statement, ...]:
    """One statement per team and its prefix: how a data lake's policy grows."""
    return tuple(
        allow(
            f"Team{number:02}",
            {"AWS": f"arn:aws:iam::{ACCOUNT}:role/team-{number:02}-analyst"},
            ["s3:GetObject", "s3:PutObject"],
            f"{bucket_arn(bucket)}/team-{number:02}/*",
        )
        for number in range(count)
    )


EVIDENCE: Final = BucketSeed(
    name="acme-guardrails-evidence",
    why="keeps the plans and pre-images of remediations, and is guarded like the model",
    data_class="confidential",
    default=kms("orders"),
    statements=guarded("acme-guardrails-evidence", ORDERS),
)

DATA_BUCKETS: Final = (
    EVIDENCE,
    BucketSeed(
        name="acme-orders",
        why="the model: approved key, Bucket Key, TLS, nothing else gets in",
        data_class="confidential",
        default=kms("orders"),
        statements=guarded("acme-orders", ORDERS),
    ),
    BucketSeed(
        name="acme-shipments",
        why="like the model, but without a Bucket Key: every request costs a call to KMS",
        data_class="confidential",
        default=kms("orders", bucket_key=False),
        statements=guarded("acme-shipments", ORDERS),
    ),
    BucketSeed(
        name="acme-invoices",
        why="guarded well, with a key that nobody approved",
        data_class="confidential",
        default=kms("legacy"),
        statements=guarded("acme-invoices", key_arn("legacy")),
    ),
    BucketSeed(
        name="acme-backups",
        why="its key was disabled: nothing is written or read any more, and no setting of the bucket shows it",
        data_class="confidential",
        default=kms("retired"),
        statements=guarded("acme-backups", key_arn("retired")),
    ),
    BucketSeed(
        name="acme-payroll",
        why="restricted data with DSSE-KMS; SSE-C is denied by the policy itself, as its class asks",
        data_class="restricted",
        default=Default("aws:kms:dsse", key_arn("payroll")),
        statements=(
            tls_only("acme-payroll"),
            any_header_but("acme-payroll", key_arn("payroll")),
            no_customer_keys("acme-payroll"),
        ),
    ),
    BucketSeed(
        name="acme-contracts",
        why="restricted data under the AWS managed key; SSE-C is blocked, but not denied by the policy",
        data_class="restricted",
        default=AWS_MANAGED,
        statements=(
            allow("AllowAuditors", {"AWS": root(PARTNER)}, "s3:GetObject", objects("acme-contracts")),
            tls_only("acme-contracts"),
            any_header_but("acme-contracts", key_arn("payroll")),
        ),
    ),
    BucketSeed(
        name="acme-reports",
        why="the default names an alias, which each writer's own account resolves for itself",
        data_class="internal",
        default=Default("aws:kms", "alias/orders"),
        statements=(tls_only("acme-reports"), other_keys("acme-reports", ORDERS)),
    ),
    BucketSeed(
        name="acme-crm",
        why="the default names a bare key id; the TLS statement forgets the objects",
        data_class="internal",
        default=Default("aws:kms", key_id("orders")),
        statements=(deny("DenyPlainHttp", "s3:*", bucket_arn("acme-crm"), PLAIN_HTTP),),
    ),
    BucketSeed(
        name="acme-newsletter",
        why="AWS managed key, no policy at all",
        logs_to=None,
        inventory=None,
        data_class="internal",
        default=AWS_MANAGED,
    ),
    BucketSeed(
        name="acme-telemetry",
        why="producers write and never read; multipart uploads make them decrypt through S3",
        data_class="restricted",
        default=kms("telemetry"),
        statements=(
            allow("AllowProducers", {"AWS": TELEMETRY}, "s3:PutObject", objects("acme-telemetry")),
            tls_only("acme-telemetry"),
            any_header_but("acme-telemetry", key_arn("telemetry")),
            no_customer_keys("acme-telemetry"),
        ),
    ),
    BucketSeed(
        name="acme-media",
        why="its key is bound to object ARNs, so the Bucket Key stays off; TLS is asked for by version only",
        data_class="internal",
        default=kms("media", bucket_key=False),
        statements=(
            other_keys("acme-media", key_arn("media")),
            deny("DenyOldTls", "s3:*", whole("acme-media"), {"NumericLessThan": {"s3:TlsVersion": "1.2"}}),
        ),
    ),
    BucketSeed(
        name="acme-genomics",
        logs_to="acme-genomics-2024",
        why="laboratories bring their own keys (SSE-C), and nothing says that they may",
        inventory={"IsEnabled": False},
        data_class="internal",
        sse_c="allowed",
        statements=(tls_only("acme-genomics"), other_keys("acme-genomics", ORDERS)),
    ),
    BucketSeed(
        name="acme-genomics-2024",
        logs_to="acme-genomics",
        why="SSE-C is allowed by the setting and denied by the policy",
        data_class="internal",
        sse_c="allowed",
        statements=(
            tls_only("acme-genomics-2024"),
            other_keys("acme-genomics-2024", ORDERS),
            no_customer_keys("acme-genomics-2024"),
        ),
    ),
    BucketSeed(
        name="acme-data-lake",
        why="a policy of nearly 20 KB: there is no room for one more statement",
        data_class="confidential",
        default=kms("orders"),
        statements=(*_teams("acme-data-lake", 93), *guarded("acme-data-lake", ORDERS)),
    ),
    BucketSeed(
        name="acme-hr",
        why="the policy's Statement is one object, not a list; it is about TLS only",
        inventory={"IncludedObjectVersions": "Current"},
        data_class="confidential",
        default=kms("orders"),
        statements=(tls_only("acme-hr"),),
        one_object=True,
    ),
    BucketSeed(
        name="acme-ledger",
        why="the well-known trap: it denies uploads without the header and lets every wrong header in",
        inventory={"Filter": {"Prefix": "2024/"}},
        data_class="confidential",
        default=kms("orders"),
        sse_c="untouched",
        statements=(
            tls_only("acme-ledger"),
            deny_uploads("acme-ledger", "DenyWrong", {"Null": {MODE: "true"}, "StringNotEquals": {MODE: "aws:kms"}}),
        ),
    ),
    BucketSeed(
        name="acme-stack",
        why="owned by a Terraform stack: what is changed here by hand, its next run changes back",
        inventory={"OptionalFields": ["Size", "EncryptionStatus"]},
        data_class="internal",
        statements=(tls_only("acme-stack"), other_keys("acme-stack", ORDERS)),
        tags={"managed-by": "terraform", "stack": "platform/storage"},
    ),
)
