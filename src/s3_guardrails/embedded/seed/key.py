"""The account's keys: each stands for something that a rule about keys meets in production."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from s3_guardrails.embedded.seed.statement import (
    USE,
    WRITE,
    Statement,
    account_root,
    administrators,
    allow,
    service_use,
    users,
)
from s3_guardrails.embedded.seed.who import (
    ACCOUNT,
    ADMIN,
    APP,
    ORGANIZATION,
    OTHER_REGION,
    PARTNER,
    PIPELINE,
    REGION,
    STRANGER,
    TELEMETRY,
    root,
)

THROUGH_S3: Final = {"StringEquals": {"kms:ViaService": f"s3.{REGION}.amazonaws.com"}}


@dataclass(frozen=True, slots=True, kw_only=True)
class KeySeed:
    """One key and why it exists. `rotation` is the period in days, None where rotation is off.

    `how`: parameters of CreateKey. `after`: KMS operations that follow its creation. `age_days`: of imported material.
    `refused`: operations that our role may not call on it. `replica_of`: the Region of the primary, for a replica.
    """

    name: str
    why: str
    rotation: int | None = 365
    statements: tuple[Statement, ...] = ()
    how: Mapping[str, Any] = field(default_factory=dict)
    after: tuple[str, ...] = ()
    age_days: int | None = None
    refused: tuple[str, ...] = ()
    replica_of: str | None = None


def _key(name: str, why: str, *statements: Statement, **settings: Any) -> KeySeed:
    return KeySeed(name=name, why=why, statements=(account_root(), *statements), **settings)


_ANYONE: Final = {"AWS": "*"}
_TRAIL: Final = f"arn:aws:cloudtrail:{REGION}:{ACCOUNT}:trail/acme"

KEYS: Final = (
    _key(
        "orders", "the model: administrators, users, rotation every year", administrators(ADMIN), users(APP, PIPELINE)
    ),
    _key("payroll", "rotates twice a year", administrators(ADMIN), users(PIPELINE), rotation=180),
    _key("legacy", "made by hand years ago, never rotated, approved by nobody", rotation=None),
    _key(
        "archive",
        "every account of the organization may write with it; its period of two years is too long",
        allow("AllowOrganization", _ANYONE, WRITE, when={"StringEquals": {"aws:PrincipalOrgID": ORGANIZATION}}),
        rotation=730,
    ),
    _key(
        "code-signing",
        "asymmetric: cannot rotate",
        how={"KeySpec": "ECC_NIST_P256", "KeyUsage": "SIGN_VERIFY"},
        rotation=None,
    ),
    _key(
        "webhooks",
        "HMAC: cannot rotate",
        how={"KeySpec": "HMAC_256", "KeyUsage": "GENERATE_VERIFY_MAC"},
        rotation=None,
    ),
    _key(
        "imported", "the company's own material, 900 days old", how={"Origin": "EXTERNAL"}, rotation=None, age_days=900
    ),
    _key("awaiting-material", "an import that was never finished", how={"Origin": "EXTERNAL"}, rotation=None),
    _key(
        "cloudhsm",
        "lives in a custom key store: cannot rotate",
        how={"Origin": "AWS_CLOUDHSM", "CustomKeyStoreId": "cks-1234567890abcdef0"},
        rotation=None,
    ),
    _key("retired", "disabled, kept to read old backups", after=("disable_key",)),
    _key("leaving", "scheduled for deletion", after=("schedule_key_deletion",)),
    _key("global-sessions", "a replica: its primary is judged in its own Region", replica_of=OTHER_REGION),
    _key("global-archive", "a multi-Region primary, the key of replicated buckets", how={"MultiRegion": True}),
    _key(
        "open-to-all",
        "anyone in the world may decrypt: a demo policy that stayed",
        allow("AllowAll", _ANYONE, "kms:Decrypt"),
    ),
    _key(
        "through-s3",
        "anyone may use it through S3: kms:ViaService names the service, not the account",
        allow("AllowThroughS3", _ANYONE, USE, when=THROUGH_S3),
    ),
    _key("vendor", "a former vendor's account may still use it", users(root(STRANGER))),
    _key("partner-shared", "the contractor's account may use it, and is trusted", users(root(PARTNER))),
    _key(
        "access-logs",
        "S3 log delivery may use it for any account's logs (no aws:SourceAccount)",
        service_use("logging.s3.amazonaws.com"),
    ),
    _key(
        "trail",
        "CloudTrail may use it for one trail only",
        service_use("cloudtrail.amazonaws.com", {"StringEquals": {"aws:SourceArn": _TRAIL}}),
    ),
    _key("devops", "one role administers and uses it", administrators(PIPELINE), users(PIPELINE)),
    _key(
        "console",
        "as the console makes it, with grants for AWS resources",
        administrators(ADMIN),
        users(APP),
        allow(
            "AllowGrantsForResources",
            {"AWS": APP},
            ["kms:CreateGrant", "kms:ListGrants", "kms:RevokeGrant"],
            when={"Bool": {"kms:GrantIsForAWSResource": "true"}},
        ),
    ),
    _key("everything", "a pipeline holds kms:*", allow("AllowEverything", {"AWS": PIPELINE}, "kms:*")),
    _key("sealed", "our role may not read its policy", refused=("kms:GetKeyPolicy",)),
    _key("hidden", "our role may not read its rotation status", refused=("kms:GetKeyRotationStatus",)),
    _key(
        "telemetry",
        "producers write big files: multipart needs kms:Decrypt, here through S3 only",
        administrators(ADMIN),
        users(APP),
        allow("AllowProducers", {"AWS": TELEMETRY}, ["kms:GenerateDataKey", "kms:Decrypt"], when=THROUGH_S3),
    ),
    _key(
        "telemetry-2019",
        "its producers can decrypt anything, by any way",
        allow("AllowProducers", {"AWS": TELEMETRY}, ["kms:GenerateDataKey", "kms:Decrypt"]),
        rotation=None,
    ),
    _key(
        "media",
        "its users are bound to object ARNs: turning a Bucket Key on would break them",
        allow(
            "AllowUseForObjects",
            {"AWS": APP},
            USE,
            when={"StringLike": {"kms:EncryptionContext:aws:s3:arn": "arn:aws:s3:::acme-media/*"}},
        ),
    ),
)
