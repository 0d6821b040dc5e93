"""Buckets about which something is not known, or not as it should be in AWS's records."""

from __future__ import annotations

import json
from typing import Final

from s3_guardrails.embedded.seed.bucket import BucketSeed, Recorded, kms
from s3_guardrails.embedded.seed.statement import guarded, other_keys, tls_only, whole
from s3_guardrails.embedded.seed.who import key_arn

ORDERS: Final = key_arn("orders")

_UNKNOWN_OPERATOR: Final = {
    "Sid": "DenyPlainHttp",
    "Effect": "Deny",
    "Principal": "*",
    "Action": "s3:*",
    "Resource": whole("acme-heirloom"),
    "Condition": {"Boolean": {"aws:SecureTransport": "false"}},
}

ODD_BUCKETS: Final = (
    BucketSeed(name="acme-scratch", why="nobody classified it, nobody gave it a policy", logs_to=None, inventory=None),
    BucketSeed(
        name="acme-experiments",
        why="classified with a word that no parameter knows",
        data_class="topsecret",
        statements=(tls_only("acme-experiments"),),
    ),
    BucketSeed(
        name="acme-sealed",
        why="a Deny in its policy keeps our role from reading the policy",
        data_class="internal",
        statements=(tls_only("acme-sealed"),),
        refused=("s3:GetBucketPolicy",),
    ),
    BucketSeed(
        name="acme-dark",
        why="our role may not read its encryption, and AWS Config's may not either",
        data_class="internal",
        statements=(tls_only("acme-dark"),),
        refused=("s3:GetBucketEncryption", "s3:GetBucketInventoryConfiguration"),
    ),
    BucketSeed(
        name="acme-heirloom",
        why="its policy has an operator that does not exist; what does not depend on it is still decided",
        data_class="internal",
        policy_text=json.dumps(
            {"Version": "2012-10-17", "Statement": [_UNKNOWN_OPERATOR, other_keys("acme-heirloom", ORDERS)]}
        ),
    ),
    BucketSeed(
        name="acme-torn",
        why="the text of its policy breaks off",
        data_class="internal",
        policy_text='{"Version": "2012-10-17", "Statement": [{"Effect": "Deny", "Principal": "*", "Act',
    ),
    BucketSeed(
        name="acme-before-2023",
        why="last recorded when buckets could be unencrypted: today's answer comes from S3",
        data_class="internal",
        statements=(tls_only("acme-before-2023"), other_keys("acme-before-2023", ORDERS)),
        recorded=Recorded.BEFORE_2023,
    ),
    BucketSeed(
        name="acme-notifications",
        why="so many event notifications that its item is too large to be pushed",
        data_class="confidential",
        default=kms("orders"),
        statements=guarded("acme-notifications", ORDERS),
        recorded=Recorded.ANNOUNCED,
    ),
    BucketSeed(
        name="acme-gone",
        why="deleted a moment ago",
        data_class="internal",
        recorded=Recorded.DELETED,
    ),
)
