"""Organization policies that let only authorized roles change the guarded settings; shipped, never attached by us.

A service control policy (SCP) limits the principals of member accounts, whatever they touch; a resource control policy
(RCP) limits whoever touches the resources of member accounts. Neither holds in the management account. Source: AWS
Organizations User Guide, "Service control policies", "Resource control policies" and "SCP evaluation".
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any, Final

from s3_guardrails.encryption.key_access import KeyQuestions
from s3_guardrails.errors import InputError
from s3_guardrails.policy.callers import Callers
from s3_guardrails.policy.document import Policy, parse_policy
from s3_guardrails.policy.prove import Answer, Proved, Question, prove
from s3_guardrails.policy.space import Group, Space
from s3_guardrails.policy.targets import PLAIN_HTTP, TLS_VERSIONS, bucket_actions, https, network
from s3_guardrails.settings.guardrails import Guardrails

MAX_CHARACTERS: Final = 5_120
"""Of a service control policy, and of a resource control policy (AWS Organizations User Guide, quotas)."""

KINDS: Final = ("scp", "rcp")

GUARDED: Final[Mapping[str, tuple[str, ...]]] = {
    "s3": ("DeleteBucketPolicy", "PutBucketPolicy", "PutEncryptionConfiguration"),
    "kms": (
        "DeleteImportedKeyMaterial", "DisableKey", "DisableKeyRotation", "EnableKeyRotation", "PutKeyPolicy",
        "ScheduleKeyDeletion",
    ),
}  # fmt: skip
"""What changes the settings that the rules judge, or ends a key. CreateGrant is left out: AWS services make grants all
day with the permissions of whoever asks them for encrypted resources."""

_ACCOUNT: Final = "111122223333"
_BUCKET: Final = "arn:{}:s3:::any-bucket"


def perimeter(kind: str, settings: Guardrails) -> dict[str, Any]:
    """Return an SCP or RCP, proven: nobody else gets past it, and the authorized roles do. Raise InputError."""
    roles = settings.authorized_roles
    if not roles:
        raise InputError("authorized-roles: expected a role, or nobody could change these settings")
    policy = {"Version": "2012-10-17", "Statement": list(_statements(kind, settings))}
    text = json.dumps(policy, separators=(",", ":"))
    if len(text) > MAX_CHARACTERS:
        raise InputError(f"authorized-roles: the policy takes {len(text)} characters of {MAX_CHARACTERS}")
    for what, answer in proofs(kind, policy, roles):
        if not isinstance(answer, Proved):
            raise InputError(f"authorized-roles: it could not be proven that nobody else gets past the policy ({what})")
    return policy


def _statements(kind: str, settings: Guardrails) -> Iterator[dict[str, Any]]:
    """Yield the Deny; in an RCP another one for outsiders, since a role of any account may have an authorized name."""
    actions = [f"{service}:{name}" for service, names in GUARDED.items() for name in names]
    others = {"ArnNotLike": {"aws:PrincipalArn": list(settings.authorized_roles)}}
    whole = {"Sid": "OnlyAuthorizedRoles", "Effect": "Deny", "Action": actions, "Resource": "*"}
    if kind == "scp":
        yield {**whole, "Condition": others}
        return
    person = {"BoolIfExists": {"aws:PrincipalIsAWSService": "false"}}
    whole["Principal"] = "*"
    yield {**whole, "Condition": {**others, **person}}
    if settings.trusted_organizations:
        outsiders = {"StringNotEquals": {"aws:PrincipalOrgID": list(settings.trusted_organizations)}}
        yield {**whole, "Sid": "OnlyMembersOfTheOrganization", "Condition": {**outsiders, **person}}


def proofs(kind: str, policy: Mapping[str, Any], roles: tuple[str, ...]) -> Iterator[tuple[str, Answer]]:
    """Yield, for each partition and service, whether every guarded action of everybody else is denied."""
    parsed = _with_everybody(policy)
    for partition in sorted({each.split(":")[1] for each in roles}):
        callers = Callers(own=_ACCOUNT, partition=partition, services=False, anonymous=kind == "rcp", without=roles)
        group = callers.group(parsed)
        for service, space in (("s3", _buckets(group, partition)), ("kms", _keys(group, partition))):
            yield f"{service} in {partition}", prove(parsed, Question((space,)))


def _with_everybody(policy: Mapping[str, Any]) -> Policy:
    """Read an SCP as what it is: about every principal. It has no element for that."""
    statements = [{"Principal": "*", **each} for each in policy["Statement"]]
    return parse_policy({**policy, "Statement": statements})


def _buckets(group: Group, partition: str) -> Space:
    actions = bucket_actions(_BUCKET.format(partition), GUARDED["s3"])
    transport = Group("transport", (https(*TLS_VERSIONS), PLAIN_HTTP))
    return Space("s3", (group, actions, network(), transport))


def _keys(group: Group, partition: str) -> Space:
    return KeyQuestions(own=_ACCOUNT, partition=partition).space(group, frozenset(GUARDED["kms"]))
