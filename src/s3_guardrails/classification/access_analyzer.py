"""IAM Access Analyzer's answers: `list-findings`, which tells whether a finding is public, and `list-findings-v2`.

Shapes: service model of accessanalyzer in botocore. A finding tells who is let in, by any of policy, ACL or access
point. Archived and resolved findings say nothing; findings about other kinds of resources neither.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from s3_guardrails.classification.data_class import Purpose
from s3_guardrails.classification.evidence import SHARED_MODES, SSE_S3, Basis, Evidence
from s3_guardrails.classification.findings import Found, flag, listing, one_of, text
from s3_guardrails.encryption.mode import ANY_BUT_SSE_C
from s3_guardrails.errors import InputError
from s3_guardrails.policy.strict_json import kind, shown

COMMAND: Final = "aws accessanalyzer list-findings-v2"
STATUSES: Final = ("ACTIVE", "ARCHIVED", "RESOLVED")
FINDING_TYPES: Final = (
    "ExternalAccess",
    "UnusedIAMRole",
    "UnusedIAMUserAccessKey",
    "UnusedIAMUserPassword",
    "UnusedPermission",
    "InternalAccess",
)
_READ: Final = frozenset({"s3:getobject", "s3:getobjectversion", "s3:*", "*"})
_WRITE: Final = frozenset({"s3:putobject"})
_BUCKET: Final = "AWS::S3::Bucket"


def access_analyzer(document: Any) -> tuple[Found, ...]:
    """Read the output of either command; raise InputError with the place."""
    return tuple(_found(document))


def _found(document: Any) -> Iterator[Found]:
    for place, entry in listing(document, "findings", COMMAND):
        of, status = text(entry, place, "resourceType"), one_of(entry, place, "status", STATUSES)
        finding = text(entry, place, "id")
        if of != _BUCKET:
            continue
        bucket = _bucket(text(entry, place, "resource"), place)
        if status != "ACTIVE":
            continue
        if evidence := _meaning(entry, place, finding):
            yield Found(bucket, evidence)


def _bucket(arn: str, place: str) -> str:
    parts = arn.split(":", 5)
    if len(parts) != 6 or parts[0] != "arn" or parts[2] != "s3" or not parts[5] or "/" in parts[5]:
        raise InputError(f"{place}.resource: expected the ARN of a bucket, found {shown(arn)}")
    return parts[5]


def _meaning(entry: Mapping[str, Any], place: str, finding: str) -> Evidence | None:
    told = f"Access Analyzer's finding {finding}"
    if "error" in entry:
        what = f"{told}: the bucket could not be analysed ({text(entry, place, 'error')})"
        return Evidence(code="ANALYZER_ERROR", sentence=what, basis=Basis.FINDING)
    if "findingType" in entry:
        external = one_of(entry, place, "findingType", FINDING_TYPES) == "ExternalAccess"
        return _shared(f"{told}: somebody outside the zone of trust is let in") if external else None
    if not flag(entry, place, "isPublic"):
        return _shared(f"{told}: {_principals(entry, place)} outside the zone of trust is let in")
    actions = {each.lower() for each in _actions(entry, place)}
    reads, writes = bool(_READ & actions), bool(_WRITE & actions)
    return Evidence(
        code="ANALYZER_PUBLIC",
        sentence=f"{told}: everybody is let in{' to read objects' if reads else ''}; anonymous callers cannot use KMS",
        basis=Basis.FINDING,
        purpose=Purpose.PUBLIC if reads else None,
        needs=(SSE_S3,) if reads or writes else (),
        default=SSE_S3 if reads or writes else ANY_BUT_SSE_C,
    )


def _shared(what: str) -> Evidence:
    return Evidence(
        code="ANALYZER_EXTERNAL",
        sentence=f"{what}, who cannot use the AWS managed key",
        basis=Basis.FINDING,
        needs=(SHARED_MODES,),
        default=SHARED_MODES,
    )


def _actions(entry: Mapping[str, Any], place: str) -> list[str]:
    actions = entry.get("action", [])
    if not isinstance(actions, list) or not all(isinstance(each, str) for each in actions):
        raise InputError(f"{place}.action: expected a list of strings, found {kind(actions)}")
    return actions


def _principals(entry: Mapping[str, Any], place: str) -> str:
    principals = entry.get("principal", {})
    if not isinstance(principals, Mapping) or not all(isinstance(each, str) for each in principals.values()):
        raise InputError(f"{place}.principal: expected an object of strings, found {kind(principals)}")
    return ", ".join(str(each) for each in principals.values())[:200] or "somebody"
