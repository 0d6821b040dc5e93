"""A key policy of least privilege out of declared duties, proven by the rule before anybody sees it.

Sources: KMS Developer Guide, "Key policies" and "Default key policy"; S3 User Guide, "Using SSE-KMS" and "Multipart
upload and permissions"; for services those of `remediate.key_policy_services`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from s3_guardrails.decision import Verdict
from s3_guardrails.encryption.key import Key, KeyMetadata
from s3_guardrails.encryption.question import ask
from s3_guardrails.errors import InputError
from s3_guardrails.policy.document import parse_policy
from s3_guardrails.remediate.key_policy_services import binding
from s3_guardrails.rule import Rule
from s3_guardrails.settings.guardrails import DeclaredKey, Guardrails
from s3_guardrails.settings.parameters import rule_parameters

RULE: Final = "KMS_KEY_POLICY_LEAST_PRIVILEGE"
MAX_BYTES: Final = 32_768
"""Bytes that KMS takes as a key policy."""

ADMINISTRATION: Final = tuple(
    f"kms:{name}"
    for name in (
        "CancelKeyDeletion", "CreateAlias", "DeleteAlias", "DescribeKey", "DisableKey", "DisableKeyRotation",
        "EnableKey", "EnableKeyRotation", "GetKeyPolicy", "GetKeyRotationStatus", "ListGrants", "ListKeyPolicies",
        "ListKeyRotations", "ListResourceTags", "PutKeyPolicy", "RevokeGrant", "RotateKeyOnDemand",
        "ScheduleKeyDeletion", "TagResource", "UntagResource", "UpdateAlias", "UpdateKeyDescription",
    )
)  # fmt: skip
"""What administers a key; no CreateGrant, by which an administrator could let somebody use it."""

_READ: Final = ("kms:Decrypt",)
_WRITE: Final = ("kms:GenerateDataKey",)
_USE: Final = ("kms:Decrypt", "kms:Encrypt", "kms:GenerateDataKey")
_OF_SERVICES: Final = ("kms:Decrypt", "kms:DescribeKey", "kms:GenerateDataKey*")
_OF_LOGS: Final = ("kms:Decrypt", "kms:DescribeKey", "kms:Encrypt", "kms:GenerateDataKey*", "kms:ReEncrypt*")

_ARN: Final = re.compile(r"arn:(aws[a-z-]*):kms:([a-z0-9-]+):([0-9]{12}):(key|alias)/(.+)")


@dataclass(frozen=True, slots=True)
class Rendered:
    """A key policy as JSON data, for a key of an account and Region, and what to know besides."""

    declared: DeclaredKey
    key: Key
    policy: Mapping[str, Any]
    notes: tuple[str, ...]

    @property
    def alias(self) -> str | None:
        """The alias without its prefix, None where the key itself is named."""
        found = _ARN.fullmatch(self.declared.key)
        return found[5] if found and found[4] == "alias" else None


def render_key_policy(declared: DeclaredKey, settings: Guardrails, rules: Iterable[type[Rule[Any]]]) -> Rendered:
    """Render and prove the policy of one declared key; raise InputError with what the rule says against it."""
    key = _key(declared)
    statements = list(_statements(declared, key, settings))
    policy = {"Version": "2012-10-17", "Id": "s3-encryption-guardrails", "Statement": statements}
    _prove(policy, key, settings, tuple(rules))
    return Rendered(declared, key, policy, tuple(_notes(declared, key)))


def _key(declared: DeclaredKey) -> Key:
    found = _ARN.fullmatch(declared.key)
    if found is None:
        raise InputError(f"`{declared.key}`: expected the ARN of a key or alias")
    name = found[5] if found[4] == "key" else "of-the-alias"
    metadata = KeyMetadata(manager="CUSTOMER", state="Enabled")
    return Key(key_id=name, account=found[3], region=found[2], partition=found[1], metadata=metadata)


def _statements(declared: DeclaredKey, key: Key, settings: Guardrails) -> Iterator[dict[str, Any]]:
    root = f"arn:{key.partition}:iam::{key.account}:root"
    yield _allow("AdministrationByIdentityPolicies", {"AWS": root}, ADMINISTRATION)
    for sid, arns, actions in (
        ("Administrators", declared.administrators, ADMINISTRATION),
        ("UsersThroughS3", declared.users, _USE),
        ("ReadersThroughS3", declared.readers, _READ),
        ("WritersThroughS3", declared.write_only, _WRITE),
        ("MultipartWritersThroughS3", declared.write_only_multipart, (*_READ, *_WRITE)),
    ):
        if arns:
            condition = _through_s3(key) if sid.endswith("ThroughS3") else None
            yield _allow(sid, {"AWS": sorted(arns)}, actions, condition)
    for service in sorted(declared.services):
        yield _of_service(service, key, settings)


def _allow(
    sid: str, principal: Mapping[str, Any], actions: tuple[str, ...], condition: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    whole = {"Sid": sid, "Effect": "Allow", "Principal": dict(principal), "Action": list(actions), "Resource": "*"}
    return whole if condition is None else {**whole, "Condition": dict(condition)}


def _through_s3(key: Key) -> dict[str, Any]:
    """Bind use to S3 in the key's Region; in China the documentation has S3's name with and without the country."""
    name = f"s3.{key.region}.amazonaws.com"
    return {"StringEquals": {"kms:ViaService": [name, f"{name}.cn"] if key.partition == "aws-cn" else name}}


def _of_service(service: str, key: Key, settings: Guardrails) -> dict[str, Any]:
    sid = "".join(part.capitalize() for part in re.split(r"[.-]", service.partition(".amazonaws.com")[0])) + "Service"
    actions = _OF_LOGS if service.startswith("logs.") else _OF_SERVICES
    bound = binding(service, key, (key.account,))
    if bound is not None:
        value = bound.values[0] if len(bound.values) == 1 else list(bound.values)
        return _allow(sid, {"Service": service}, actions, {bound.operator: {bound.key: value}})
    if service in settings.accepted_services:
        return _allow(sid, {"Service": service}, actions)
    raise InputError(
        f"services: no documentation shows what binds `{service}` to your accounts; accept it without, in "
        f"keys.accepted-services, or leave it out"
    )


def _prove(policy: Mapping[str, Any], key: Key, settings: Guardrails, rules: tuple[type[Rule[Any]], ...]) -> None:
    text = json.dumps(policy)
    if len(text.encode()) > MAX_BYTES:
        raise InputError(f"`{key.arn}`: the policy takes {len(text.encode())} bytes of {MAX_BYTES}")
    parsed = parse_policy(text)
    rule = next(each for each in rules if each.__name__ == RULE)
    parameters = {**rule_parameters(settings, rules)[RULE], "KeyScope": "all"}
    given = Key(key_id=key.key_id, account=key.account, region=key.region, partition=key.partition,
                metadata=key.metadata, policy=parsed)  # fmt: skip
    decision = rule(rule.Parameters.from_config(parameters)).judge(given)
    if decision.verdict is not Verdict.COMPLIANT:
        told = "; ".join(f"{each.code}: {each.sentence}{_short(each.evidence)}" for each in decision.reasons)
        raise InputError(f"`{key.arn}`: what is declared is not of least privilege: {told}")
    answer = ask("kms-lockout", parsed, bucket=None, own=key.account, params={}, partition=key.partition)
    if answer.verdict != "proved":
        raise InputError(f"`{key.arn}`: nobody might be able to change the policy again")


def _short(evidence: Mapping[str, Any]) -> str:
    short = evidence.get("short")
    return f" ({short})" if isinstance(short, str) else ""


def _notes(declared: DeclaredKey, key: Key) -> Iterator[str]:
    holders = (*declared.users, *declared.readers, *declared.write_only, *declared.write_only_multipart)
    foreign = sorted({each.split(":")[4] for each in holders} - {key.account})
    if foreign:
        yield (
            f"accounts {', '.join(foreign)}: their own identity policies must allow the same KMS actions on this key; "
            "that is not checked here"
        )
    if declared.write_only:
        yield "write-only writers cannot upload in parts: a multipart upload needs kms:Decrypt"
