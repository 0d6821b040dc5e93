"""Amazon Macie's answers: findings (`get-findings`) and buckets with their sensitivity (`describe-buckets`).

Shapes: service model of macie2 in botocore. Scores from 51 are of sensitive buckets, 50 of those not analysed yet
(macie2 API, BucketStatisticsBySensitivity). Sample findings and archived ones say nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from s3_guardrails.classification.data_class import Purpose
from s3_guardrails.classification.evidence import SHARED_MODES, SSE_S3, Basis, Evidence
from s3_guardrails.classification.findings import Found, flag, listing, one_of, text
from s3_guardrails.errors import InputError
from s3_guardrails.policy.strict_json import kind

SENSITIVE_FROM: Final = 51
COMMAND: Final = "aws macie2 get-findings"
BUCKETS: Final = "aws macie2 describe-buckets"

_SENSITIVE: Final = "SensitiveData:S3Object/"
_PUBLIC: Final = "Policy:IAMUser/S3BucketPublic"
_SHARED: Final = "Policy:IAMUser/S3BucketSharedExternally"
TYPES: Final = (
    *(f"{_SENSITIVE}{each}" for each in ("Multiple", "Financial", "Personal", "Credentials", "CustomIdentifier")),
    _PUBLIC,
    _SHARED,
    "Policy:IAMUser/S3BucketReplicatedExternally",
    "Policy:IAMUser/S3BucketEncryptionDisabled",
    "Policy:IAMUser/S3BlockPublicAccessDisabled",
    "Policy:IAMUser/S3BucketSharedWithCloudFront",
)


def macie(document: Any) -> tuple[Found, ...]:
    """Read the output of either command; raise InputError with the place."""
    if isinstance(document, Mapping) and "buckets" in document:
        return tuple(_scores(document))
    return tuple(_findings(document))


def _findings(document: Any) -> Iterator[Found]:
    for place, entry in listing(document, "findings", COMMAND):
        found = one_of(entry, place, "type", TYPES)
        bucket = text(entry, place, "resourcesAffected", "s3Bucket", "name")
        finding = text(entry, place, "id")
        if flag(entry, place, "archived") or flag(entry, place, "sample"):
            continue
        if evidence := _meaning(found, f"Macie's finding {finding} ({found})"):
            yield Found(bucket, evidence)


def _meaning(found: str, told: str) -> Evidence | None:
    if found.startswith(_SENSITIVE):
        return _sensitive(f"{told}: an object holds sensitive data")
    if found == _PUBLIC:
        return Evidence(
            code="MACIE_PUBLIC",
            sentence=f"{told}: the bucket is open to everybody, and anonymous callers cannot use KMS",
            basis=Basis.FINDING,
            purpose=Purpose.PUBLIC,
            needs=(SSE_S3,),
            default=SSE_S3,
        )
    if found == _SHARED:
        return Evidence(
            code="MACIE_SHARED",
            sentence=f"{told}: somebody outside the organization is let in, who cannot use the AWS managed key",
            basis=Basis.FINDING,
            needs=(SHARED_MODES,),
            default=SHARED_MODES,
        )
    return None


def _sensitive(sentence: str) -> Evidence:
    return Evidence(code="MACIE_SENSITIVE", sentence=sentence, basis=Basis.FINDING, purpose=Purpose.SENSITIVE)


def _scores(document: Any) -> Iterator[Found]:
    for place, entry in listing(document, "buckets", BUCKETS):
        bucket, score = text(entry, place, "bucketName"), entry.get("sensitivityScore")
        if score is None:
            continue
        if isinstance(score, bool) or not isinstance(score, int) or not -1 <= score <= 100:
            said = score if isinstance(score, int) and not isinstance(score, bool) else kind(score)
            raise InputError(f"{place}.sensitivityScore: expected a number from -1 to 100, found {str(said)[:40]}")
        if score >= SENSITIVE_FROM:
            yield Found(bucket, _sensitive(f"Macie's sensitivity score of the bucket is {score} of 100"))
