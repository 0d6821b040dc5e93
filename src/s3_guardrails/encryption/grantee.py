"""Whom a bucket policy lets read or write objects, read out of principals and of conditions that name callers."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from s3_guardrails.encryption.bucket import Bucket
from s3_guardrails.encryption.service_writer import LOAD_BALANCER_ACCOUNTS, lets
from s3_guardrails.policy.document import Condition, Policy, Principal, PrincipalKind, Statement
from s3_guardrails.policy.operator import TEXT, Comparison, Quantifier
from s3_guardrails.policy.public import grants_to_everyone, public_statements


class Form(StrEnum):
    """What kind of caller is meant."""

    PRINCIPAL = "principal"
    ACCOUNT = "account"
    ORGANIZATION = "organization"
    EVERYONE = "everyone"
    ORIGIN_ACCESS_IDENTITY = "CloudFront origin access identity"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Grantee:
    """A caller that a statement lets in: an ARN, an account, an organization id, or a text where it is not known who.

    `account` is the caller's, where the statement tells. `kms_actions`: what the caller needs of the key to do the same
    with objects under SSE-KMS; a multipart upload decrypts the parts it has written.
    """

    form: Form
    value: str
    account: str | None
    statement: str
    kms_actions: frozenset[str]


NEEDS: Final[Mapping[str, frozenset[str]]] = {
    "s3:GetObject": frozenset({"kms:Decrypt"}),
    "s3:GetObjectVersion": frozenset({"kms:Decrypt"}),
    "s3:PutObject": frozenset({"kms:GenerateDataKey", "kms:Decrypt"}),
    "s3:ReplicateObject": frozenset({"kms:Encrypt"}),
}
"""S3 User Guide, "Using SSE-KMS", "Multipart upload and permissions", "Replicating encrypted objects"."""

_ARN: Final = re.compile(r"arn:[^:]*:(?:iam|sts)::([0-9]{12}):(.+)")
_ACCOUNT: Final = re.compile(r"[0-9]{12}")
_ORGANIZATION: Final = re.compile(r"(o-[a-z0-9]{10,32})(?:/.*)?")
_IDENTITY: Final = re.compile(r"arn:[^:]+:iam::cloudfront:user/.+")


def grantees(bucket: Bucket, policy: Policy) -> tuple[Grantee, ...]:
    """Return every caller that an Allow lets at the bucket's objects; AWS services are not among them."""
    public = frozenset(map(id, public_statements(policy)))
    found = (each for one in policy.allows for each in _of(bucket, one, public=id(one) in public))
    return tuple(dict.fromkeys(found))


def _of(bucket: Bucket, statement: Statement, *, public: bool) -> Iterator[Grantee]:
    needs = _needs(bucket, statement)
    if not needs:
        return

    def meant(form: Form, value: str, account: str | None = None) -> Grantee:
        return Grantee(form, value, account, statement.label, needs)

    if statement.defects or statement.not_principal:
        yield meant(Form.UNKNOWN, f"whoever {statement.label} lets in")
        return
    if grants_to_everyone(statement):
        somebody = (Form.EVERYONE, "everyone") if public else (Form.UNKNOWN, f"whoever {statement.label} lets in")
        yield from (meant(*each) for each in _by_conditions(statement.conditions) or (somebody,))
    yield from (meant(*one) for each in statement.principals if (one := _principal(each)))


Meant = tuple[Form, str, str | None]


def _principal(principal: Principal) -> Meant | None:
    match principal.kind:
        case PrincipalKind.EVERYONE | PrincipalKind.SERVICE | PrincipalKind.DELETED:
            return None
        case PrincipalKind.ACCOUNT:
            ours = principal.value in LOAD_BALANCER_ACCOUNTS
            return None if ours else (Form.ACCOUNT, principal.value, principal.value)
        case PrincipalKind.ARN:
            if _IDENTITY.fullmatch(principal.value):
                return Form.ORIGIN_ACCESS_IDENTITY, principal.value, None
            found = _ARN.fullmatch(principal.value)
            return (Form.PRINCIPAL, principal.value, found[1]) if found else (Form.UNKNOWN, principal.value, None)
        case PrincipalKind.ARN_PATTERN | PrincipalKind.FEDERATED | PrincipalKind.CANONICAL_USER:
            return Form.UNKNOWN, principal.value, None


def _by_conditions(conditions: tuple[Condition, ...]) -> tuple[Meant, ...]:
    """Read who is meant out of the most precise condition that tells; of those that do not, the first."""
    unknown: tuple[Meant, ...] = ()
    for name, read in _CALLERS:
        for condition in conditions:
            if condition.name == name and _fixes(condition):
                found = tuple(map(read, condition.values))
                if all(form is not Form.UNKNOWN for form, _, _ in found):
                    return found
                unknown = unknown or found
    return unknown


def _by_arn(value: str) -> Meant:
    found = _ARN.fullmatch(value)
    if not found:
        return Form.UNKNOWN, value, None
    wild = any(character in found[2] for character in "*?$")
    return (Form.ACCOUNT, found[1], found[1]) if wild else (Form.PRINCIPAL, value, found[1])


def _by_account(value: str) -> Meant:
    known = _ACCOUNT.fullmatch(value)
    return (Form.ACCOUNT, value, value) if known else (Form.UNKNOWN, value, None)


def _by_organization(value: str) -> Meant:
    found = _ORGANIZATION.fullmatch(value)
    return (Form.ORGANIZATION, found[1], None) if found else (Form.UNKNOWN, value, None)


_CALLERS: Final = (
    ("aws:principalarn", _by_arn),
    ("aws:principalaccount", _by_account),
    ("aws:principalorgid", _by_organization),
    ("aws:principalorgpaths", _by_organization),
)


def _fixes(condition: Condition) -> bool:
    operator = condition.operator
    loose = operator.negated or operator.if_exists or operator.quantifier is Quantifier.ALL or condition.unclear
    return not loose and operator.comparison in {*TEXT, Comparison.ARN_PATTERN}


def _needs(bucket: Bucket, statement: Statement) -> frozenset[str]:
    if not _about_objects(bucket, statement):
        return frozenset()
    allowed = (NEEDS[action] for action in NEEDS if lets(statement, action))
    return frozenset[str]().union(*allowed)


def _about_objects(bucket: Bucket, statement: Statement) -> bool:
    return statement.not_resource or not statement.resources or any(each != bucket.arn for each in statement.resources)
