"""What each function may do on AWS, and why: the source of the roles in template.yaml.

Tests record the calls that the functions make and compare them with these grants, both ways: nothing is missing, and
nothing is granted that is not used. Actions and their resource types: Service Authorization Reference.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from s3_guardrails.remediate.undo import NAME as UNDO


class On(StrEnum):
    """What a grant is about; one statement of a role's policy for each."""

    BUCKETS = "ReadBuckets"
    KEYS = "ReadKeys"
    KEYS_OF_OTHERS = "ReadKeysOfOthers"
    ACCOUNT = "ReadWhatHasNoArn"
    CONFIG_RULES = "ReadOwnResults"
    CONFIG_RULES_STARTED = "EvaluateAgain"
    PRINCIPALS = "SimulatePrincipals"
    EXECUTIONS = "ReadApprovals"
    EVIDENCE = "KeepEvidence"
    EVIDENCE_BUCKET = "FindEvidence"
    EVIDENCE_KEY = "EncryptEvidence"
    BUCKETS_WRITTEN = "WriteBuckets"
    KEYS_WRITTEN = "WriteKeys"
    ALERTS = "SendMessages"
    ALERT_KEY = "EncryptMessages"
    EXEMPTIONS = "ReadExemptions"
    EXEMPTIONS_KEY = "DecryptExemptions"
    SIGNING_KEY = "VerifyExemptions"
    LOGS = "WriteLogs"


@dataclass(frozen=True, slots=True)
class Grant:
    """One action, what it may be done to, and the reason in a few words."""

    action: str
    on: On
    why: str


def _on(kind: On, **whys: str) -> tuple[Grant, ...]:
    return tuple(Grant(action.replace("_", ":", 1), kind, why) for action, why in whys.items())


_BUCKET: Final = _on(
    On.BUCKETS,
    s3_GetBucketTagging="the data class",
    s3_GetBucketPolicy="what is denied today",
    s3_GetEncryptionConfiguration="the default encryption and what is blocked",
) + _on(On.KEYS, kms_DescribeKey="who manages the key that the default names")
_APPROVED: Final = _on(
    On.ACCOUNT,
    kms_ListAliases="approved keys given as alias/name",
    kms_ListKeys="approved keys given as tag:Key=Value",
) + _on(On.KEYS, kms_ListResourceTags="approved keys given as tag:Key=Value")
_ROTATION: Final = _on(
    On.KEYS,
    kms_DescribeKey="state, manager and origin of the key",
    kms_GetKeyRotationStatus="whether and how often the key rotates",
    kms_ListResourceTags="the scope `tagged`",
    kms_ListKeyRotations="how old imported key material is",
)
_KEY: Final = _ROTATION + _on(On.KEYS, kms_GetKeyPolicy="who can use and administer the key")
_BUCKET_KEYS: Final = _on(
    On.ACCOUNT, s3_ListAllMyBuckets="the scope `bucket-keys`", kms_ListAliases="the scope `bucket-keys`"
) + _on(
    On.BUCKETS,
    s3_GetEncryptionConfiguration="the scope `bucket-keys`",
    s3_GetBucketLocation="a bucket whose Region the listing leaves out",
)
_RECORDS: Final = _on(
    On.BUCKETS,
    s3_GetBucketLogging="where access logs go, and whether others' come here",
    s3_GetBucketObjectLockConfiguration="whether logs can be written to their target",
    s3_GetInventoryConfiguration="which inventories there are",
) + _on(On.KEYS, kms_GetKeyPolicy="whom the key of a bucket lets use it")
_SHARED: Final = _on(On.BUCKETS, s3_GetBucketPolicy="whom of other accounts a bucket lets in")
_OVERSIZED: Final = _on(On.ACCOUNT, config_GetResourceConfigHistory="an item that is too large for its notification")
_LOGS: Final = _on(On.LOGS, logs_CreateLogStream="the function's log", logs_PutLogEvents="the function's log")

CHANGE: Final = "Change"
LIVE: Final = "Live"
EVALUATORS: Final[Mapping[str, tuple[Grant, ...]]] = {
    CHANGE: (
        *_BUCKET,
        *_APPROVED,
        *_on(On.KEYS, kms_GetKeyPolicy="a key policy that the item leaves out"),
        *_BUCKET_KEYS,
        *_on(
            On.BUCKETS,
            s3_GetBucketLogging="whether access logs come here, which need SSE-S3",
            s3_GetBucketWebsite="website endpoints speak plain HTTP only",
        ),
        *_OVERSIZED,
        *_on(On.ACCOUNT, config_PutEvaluations="the verdict"),
        *_LOGS,
    ),
    LIVE: (
        *_ROTATION,
        *_BUCKET_KEYS,
        *_RECORDS,
        *_SHARED,
        *_OVERSIZED,
        *_on(On.KEYS_OF_OTHERS, kms_DescribeKey="a bucket's key may be another account's, whose policy has the say"),
        *_on(On.ACCOUNT, kms_ListKeys="the keys to judge", config_PutEvaluations="the verdicts"),
        *_on(On.CONFIG_RULES, config_GetComplianceDetailsByConfigRule="results of keys that are gone"),
        *_LOGS,
    ),
}
"""The roles that rules share: those about changes, and those that read a whole account on schedule."""

_EVIDENCE: Final = _on(On.EVIDENCE, s3_PutObject="plans and pre-images, before anything is written") + _on(
    On.EVIDENCE_KEY, kms_GenerateDataKey="the evidence bucket's default encryption"
)
_APPROVAL: Final = _on(On.EXECUTIONS, ssm_GetAutomationExecution="who started the execution and who approved")
_COMMON: Final = (*_EVIDENCE, *_APPROVAL, *_LOGS)
_REGION: Final = _on(On.BUCKETS, s3_GetBucketLocation="S3 answers for a bucket of another Region too")
_POLICY_TAKEN: Final = _on(
    On.BUCKETS,
    s3_GetBucketPolicyStatus="S3 refuses changes of a public policy",
    s3_GetBucketPublicAccessBlock="S3 refuses changes of a public policy",
) + _on(On.ACCOUNT, s3_GetAccountPublicAccessBlock="S3 refuses changes of a public policy")
_WRITERS: Final = _on(
    On.BUCKETS,
    s3_GetBucketLogging="whether access logs are written to the bucket",
    s3_GetBucketLocation="a bucket whose Region the listing leaves out",
) + _on(
    On.ACCOUNT,
    s3_ListAllMyBuckets="whether access logs are written to the bucket",
    config_DescribeDeliveryChannels="whether AWS Config writes to the bucket",
    cloudtrail_DescribeTrails="whether CloudTrail writes to the bucket",
)
_IMPACT: Final = _on(On.PRINCIPALS, iam_SimulatePrincipalPolicy="who could no longer use the key")

REMEDIATORS: Final[Mapping[str, tuple[Grant, ...]]] = {
    "SetBucketDefaultEncryption": (
        *_BUCKET,
        *_REGION,
        *_APPROVED,
        *_on(On.KEYS, kms_GetKeyPolicy="who may use the key that the default will name"),
        *_on(On.BUCKETS, s3_GetReplicationConfiguration="replication breaks where it does not cover the key"),
        *_WRITERS,
        *_IMPACT,
        *_on(On.BUCKETS_WRITTEN, s3_PutEncryptionConfiguration="the change itself"),
        *_COMMON,
    ),
    "DenyWrongUploads": (
        *_BUCKET,
        *_REGION,
        *_APPROVED,
        *_POLICY_TAKEN,
        *_WRITERS,
        *_on(On.BUCKETS_WRITTEN, s3_PutBucketPolicy="the change itself"),
        *_COMMON,
    ),
    "BlockSseC": (
        *_BUCKET,
        *_REGION,
        *_APPROVED,
        *_on(On.BUCKETS_WRITTEN, s3_PutEncryptionConfiguration="the change itself"),
        *_COMMON,
    ),
    "RequireTls": (
        *_BUCKET,
        *_REGION,
        *_POLICY_TAKEN,
        *_on(On.BUCKETS, s3_GetBucketWebsite="website endpoints speak plain HTTP only"),
        *_on(On.BUCKETS_WRITTEN, s3_PutBucketPolicy="the change itself"),
        *_COMMON,
    ),
    "EnableKeyRotation": (
        *_KEY,
        *_BUCKET_KEYS,
        *_on(On.KEYS_WRITTEN, kms_EnableKeyRotation="the change itself"),
        *_on(On.ACCOUNT, config_DescribeConfigRules="which rules call the function that judges rotation"),
        *_on(On.CONFIG_RULES_STARTED, config_StartConfigRulesEvaluation="a scheduled verdict is a day old otherwise"),
        *_COMMON,
    ),
    "RestrictKeyPolicy": (
        *_KEY,
        *_BUCKET_KEYS,
        *_IMPACT,
        *_on(On.KEYS_WRITTEN, kms_PutKeyPolicy="the change itself"),
        *_COMMON,
    ),
    UNDO: (
        *_on(
            On.BUCKETS,
            s3_GetBucketPolicy="the policy as it is now",
            s3_GetEncryptionConfiguration="the default encryption as it is now",
        ),
        *_on(
            On.KEYS,
            kms_DescribeKey="whether the key of the default before still works",
            kms_GetKeyPolicy="the key policy as it is now",
            kms_GetKeyRotationStatus="the rotation as it is now",
        ),
        *_on(
            On.BUCKETS_WRITTEN,
            s3_PutBucketPolicy="a policy that was there before",
            s3_DeleteBucketPolicy="no policy was there before",
            s3_PutEncryptionConfiguration="the default encryption that was there before",
        ),
        *_on(
            On.KEYS_WRITTEN,
            kms_PutKeyPolicy="the key policy that was there before",
            kms_EnableKeyRotation="the rotation period that was there before",
            kms_DisableKeyRotation="the key did not rotate before",
        ),
        *_on(On.EVIDENCE, s3_GetObject="the pre-image"),
        *_on(On.EVIDENCE_BUCKET, s3_ListBucket="S3 tells a missing object from a refusal to none but who may list"),
        *_on(On.EVIDENCE_KEY, kms_Decrypt="the pre-image"),
        *_COMMON,
    ),
}
"""Name of the document → what its function may do. One function writes one kind of setting; Undo puts any back."""

NOTIFIER: Final = (
    *_on(On.ALERTS, sns_Publish="the message itself"),
    *_on(
        On.ALERT_KEY,
        kms_GenerateDataKey="SNS encrypts the message, for the publisher",
        kms_Decrypt="SNS uses a data key again, for the publisher",
    ),
    *_LOGS,
)
"""The function that tells people what happens."""

EXEMPTION_READERS: Final[Mapping[On, tuple[Grant, ...]]] = {
    On.EXEMPTIONS: _on(On.EXEMPTIONS, s3_GetObject="the register of exemptions"),
    On.EXEMPTIONS_KEY: _on(On.EXEMPTIONS_KEY, kms_Decrypt="S3 decrypts the register, for the caller"),
    On.SIGNING_KEY: _on(On.SIGNING_KEY, kms_Verify="whether the register is signed by that key"),
}
"""What every function that judges or remediates may do besides, where a register is given, encrypted and signed."""

REFRESHER: Final = (
    *_on(On.ACCOUNT, config_DescribeConfigRules="the names that the rules have in the conformance pack"),
    *_on(On.CONFIG_RULES_STARTED, config_StartConfigRulesEvaluation="an exemption began or ended"),
    *_LOGS,
)
"""The function that has AWS Config judge again."""


def by_kind(grants: Iterable[Grant]) -> Mapping[On, tuple[Grant, ...]]:
    """Return the grants by what they are about, in the order of `On`; an action is told once, with its first reason."""
    found: dict[On, dict[str, Grant]] = {each: {} for each in On}
    for grant in grants:
        found[grant.on].setdefault(grant.action, grant)
    return {kind: tuple(of_kind.values()) for kind, of_kind in found.items() if of_kind}
