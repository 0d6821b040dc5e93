"""The Deny statements that make the rules about bucket policies COMPLIANT, made from the question that a rule asks.

Each denies nothing but what its rule wants denied; which of them a policy lacks is for the rule to say.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from s3_guardrails.encryption.mode import DSSE_KMS_HEADER, SSE_KMS_HEADER, SSE_S3_HEADER, EncryptionMode
from s3_guardrails.encryption.transport import TransportQuestion
from s3_guardrails.encryption.upload_policy import UploadPolicy
from s3_guardrails.encryption.write import CUSTOMER, KEY, MANAGED_KEY_ALIASES, MANAGERS, MODE, Accepted, WriteQuestion
from s3_guardrails.policy.callers import Callers

Statement = dict[str, Any]
Block = dict[str, dict[str, Any]]
"""A Condition element."""

HEADERS: Final = (SSE_S3_HEADER, SSE_KMS_HEADER, DSSE_KMS_HEADER)
"""Values of `x-amz-server-side-encryption` that S3 takes for a general purpose bucket."""


def tls_statements(question: TransportQuestion) -> tuple[Statement, ...]:
    """Deny plain HTTP, and TLS below the minimum version where there is one."""
    spared = exemptions(question.callers)
    found = [_tls("S3GuardrailsRequireTls", question, {"Bool": {"aws:SecureTransport": "false"}} | spared)]
    if question.minimum:
        older = {"NumericLessThan": {"s3:TlsVersion": question.minimum}}
        found.append(_tls("S3GuardrailsRequireTlsVersion", question, older | spared))
    return tuple(found)


def upload_statements(question: WriteQuestion, strictness: UploadPolicy) -> tuple[Statement, ...]:
    """Deny modes, keys and SSE-C that are not accepted, and where it is asked for uploads without a header.

    They overlap. Those that a policy can do without are best left out in this order.
    """
    blocks = [("S3GuardrailsDenySseC", {"Null": {CUSTOMER: "false"}})]
    headers = [each for each in HEADERS if _takes(question.accepted, each)]
    if len(headers) < len(HEADERS):
        named = {"StringNotEquals": {MODE: _values(headers)}}
        blocks.append(("S3GuardrailsDenyWrongModes", {**named, "Null": {MODE: "false"}}))
    if strictness is UploadPolicy.HEADER_REQUIRED:
        blocks.append(("S3GuardrailsRequireHeader", {"Null": {MODE: "true"}}))
        if len(headers) < len(HEADERS):
            blocks.append(("S3GuardrailsRequireMode", named))
    blocks += _keys(question.accepted)
    spared = exemptions(question.callers)
    objects = f"{question.bucket_arn}/*"
    return tuple(_deny(sid, "s3:PutObject", objects, block | spared) for sid, block in blocks)


def exemptions(callers: Callers) -> Block:
    """Return the conditions that spare whoever the question leaves out."""
    flags = {
        "aws:PrincipalIsAWSService": callers.services,
        "aws:ViaAWSService": callers.via_services,
    }
    found: Block = {}
    if not all(flags.values()):
        found["BoolIfExists"] = {key: "false" for key, asked in flags.items() if not asked}
    if callers.without:
        found[_not_like(callers.without)] = {"aws:PrincipalArn": _values(callers.without)}
    return found


def _not_like(patterns: tuple[str, ...]) -> str:
    """ARN operators compare segment by segment; a wildcard that reaches over colons needs the other operator."""
    arns = all(each.count(":") >= 5 and not set("*?") & set("".join(each.split(":")[:5])) for each in patterns)
    return "ArnNotLike" if arns else "StringNotLike"


def _tls(sid: str, question: TransportQuestion, condition: Block) -> Statement:
    return _deny(sid, "s3:*", [question.bucket_arn, f"{question.bucket_arn}/*"], condition)


def _deny(sid: str, action: str, resource: Any, condition: Block) -> Statement:
    return {
        "Sid": sid,
        "Effect": "Deny",
        "Principal": "*",
        "Action": action,
        "Resource": resource,
        "Condition": condition,
    }


def _takes(accepted: Accepted, header: str) -> bool:
    return any(mode.header == header for mode in accepted.modes)


def _keys(accepted: Accepted) -> Iterator[tuple[str, Block]]:
    """Deny keys per header, or in one statement where only customer managed keys are accepted at all.

    A header without a key id has no key to compare, which a negated operator takes for a wrong one.
    """
    by_header = {header: _key_block(accepted, header) for header in MANAGERS if _takes(accepted, header)}
    blocks = {header: block for header, block in by_header.items() if block}
    customer_only = {EncryptionMode.SSE_KMS_CMK, EncryptionMode.DSSE_KMS_CMK}
    same = len({str(block) for block in by_header.values()}) == 1
    if blocks and same and accepted.modes <= customer_only:
        yield "S3GuardrailsDenyWrongKeys", _with_null(next(iter(blocks.values())), {MODE: "false"})
    elif blocks and same:
        scope = {"StringEquals": {MODE: _values(list(blocks))}}
        yield "S3GuardrailsDenyWrongKeys", scope | next(iter(blocks.values()))
    else:
        for header, block in blocks.items():
            name = "Dsse" if header == DSSE_KMS_HEADER else "Sse"
            yield f"S3GuardrailsDenyWrong{name}Keys", {"StringEquals": {MODE: header}} | block


def _key_block(accepted: Accepted, header: str) -> Block:
    """Which keys are wrong with a header that is accepted; empty where none is."""
    aws, customer = (mode in accepted.modes for mode in MANAGERS[header])
    if customer and accepted.keys is None:
        return {}
    named = (*(accepted.keys or () if customer else ()), *(MANAGED_KEY_ALIASES if aws else ()))
    wrong: Block = {"StringNotLike": {KEY: _values(named)}} if named else {"Null": {MODE: "false"}}
    return _with_null(wrong, {KEY: "false"}) if aws else wrong


def _with_null(block: Block, null: dict[str, Any]) -> Block:
    return {**block, "Null": {**block.get("Null", {}), **null}}


def _values(several: tuple[str, ...] | list[str]) -> Any:
    return several[0] if len(several) == 1 else list(several)
