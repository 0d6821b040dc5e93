"""What is known of condition keys: how AWS writes them, their type, and whether a request always carries them.

Global keys: IAM User Guide, "AWS global condition context keys", read 2026-04. Keys of S3 and KMS: actions.json.
"""

from __future__ import annotations

from enum import StrEnum
from functools import cache
from typing import Final, NamedTuple

from s3_guardrails.policy.actions import catalogue


class Type(StrEnum):
    """What values of a key look like."""

    TEXT = "text"
    BOOLEAN = "boolean"
    NUMBER = "number"
    DATE = "date"
    ADDRESS = "address"


class ConditionKey(NamedTuple):
    """A condition key; `many`: its value is a list, `always`: every signed request has it."""

    name: str
    type: Type = Type.TEXT
    always: bool = False
    many: bool = False


_GLOBAL: Final = (
    ConditionKey("aws:SecureTransport", Type.BOOLEAN, always=True),
    ConditionKey("aws:ViaAWSService", Type.BOOLEAN, always=True),
    ConditionKey("aws:CurrentTime", Type.DATE, always=True),
    ConditionKey("aws:EpochTime", Type.DATE, always=True),
    ConditionKey("aws:RequestedRegion", always=True),
    ConditionKey("aws:UserAgent", always=True),
    ConditionKey("aws:PrincipalAccount"),
    ConditionKey("aws:PrincipalType"),
    ConditionKey("aws:userid"),
    ConditionKey("aws:username"),
    ConditionKey("aws:PrincipalArn"),
    ConditionKey("aws:PrincipalIsAWSService", Type.BOOLEAN),
    ConditionKey("aws:PrincipalServiceName"),
    ConditionKey("aws:PrincipalServiceNamesList", many=True),
    ConditionKey("aws:PrincipalOrgID"),
    ConditionKey("aws:PrincipalOrgPaths", many=True),
    ConditionKey("aws:PrincipalTag/"),
    ConditionKey("aws:FederatedProvider"),
    ConditionKey("aws:CalledVia", many=True),
    ConditionKey("aws:CalledViaFirst"),
    ConditionKey("aws:CalledViaLast"),
    ConditionKey("aws:SourceIp", Type.ADDRESS),
    ConditionKey("aws:VpcSourceIp", Type.ADDRESS),
    ConditionKey("aws:SourceVpc"),
    ConditionKey("aws:SourceVpcArn"),
    ConditionKey("aws:SourceVpce"),
    ConditionKey("aws:VpceAccount"),
    ConditionKey("aws:VpceOrgID"),
    ConditionKey("aws:VpceOrgPaths", many=True),
    ConditionKey("aws:SourceAccount"),
    ConditionKey("aws:SourceArn"),
    ConditionKey("aws:SourceOwner"),
    ConditionKey("aws:SourceOrgID"),
    ConditionKey("aws:SourceOrgPaths", many=True),
    ConditionKey("aws:SourceIdentity"),
    ConditionKey("aws:ResourceAccount"),
    ConditionKey("aws:ResourceOrgID"),
    ConditionKey("aws:ResourceOrgPaths", many=True),
    ConditionKey("aws:ResourceTag/"),
    ConditionKey("aws:RequestTag/"),
    ConditionKey("aws:TagKeys", many=True),
    ConditionKey("aws:MultiFactorAuthPresent", Type.BOOLEAN),
    ConditionKey("aws:MultiFactorAuthAge", Type.NUMBER),
    ConditionKey("aws:TokenIssueTime", Type.DATE),
    ConditionKey("aws:Ec2InstanceSourceVpc"),
    ConditionKey("aws:Ec2InstanceSourcePrivateIPv4", Type.ADDRESS),
    ConditionKey("aws:Referer"),
)

_TYPES: Final = {
    "Bool": Type.BOOLEAN,
    "Boolean": Type.BOOLEAN,
    "Numeric": Type.NUMBER,
    "Date": Type.DATE,
    "IPAddress": Type.ADDRESS,
}


@cache
def _known() -> dict[str, ConditionKey]:
    known = {each.name.lower(): each for each in _GLOBAL}
    for name, (written, kind) in catalogue()["keys"].items():
        known[name] = ConditionKey(written, _TYPES.get(kind, Type.TEXT), many=kind.startswith("ArrayOf"))
    return known


def family(name: str) -> str:
    """Return the catalogue's name of a key: ``aws:principaltag/`` for ``aws:principaltag/team``.

    >>> family("aws:principaltag/team")
    'aws:principaltag/'
    """
    if name in _known():
        return name
    stem = name.partition("/")[0] + "/"
    if stem in _known():
        return stem
    context = "kms:encryptioncontext:"
    return context if name.startswith(context) else name


def condition_key(name: str) -> ConditionKey | None:
    """Return what is known of a key in lower case, None where nothing is."""
    return _known().get(family(name))


def written(name: str, as_used: str) -> str:
    """Return a key as AWS writes it; families keep the member as the policy wrote it."""
    known = condition_key(name)
    if known is None:
        return as_used
    return known.name + as_used[len(known.name) :]
