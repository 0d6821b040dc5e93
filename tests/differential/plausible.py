"""Is a counterexample a request that can be sent, and one that the question is about? Checked without the prover."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from differential.hunt import CUSTOMER, KEY_ID, MODE, accepted, is_outside
from differential.people import OF_A_PERSON
from s3_guardrails.encryption.key_access import ADMINISTRATION, CRYPTOGRAPHY, DECRYPTION, TAGGING
from s3_guardrails.policy.actions import actions
from s3_guardrails.policy.request import Request

_ARN = re.compile(r"arn:aws:(iam|sts)::(\d{12}):(role|user|root|federated-user|assumed-role)(/.+)?")


def faults(topic: str, request: Request, own: str, params: Mapping[str, Any]) -> list[str]:
    """Say what is wrong with a counterexample; nothing where all is well."""
    checks = [*_caller(request), *_keys(request, "s3" if topic in {"tls", "sse"} else "kms")]
    return [text for wrong, text in (*checks, *_ABOUT[topic](request, own, params)) if wrong]


def _caller(request: Request) -> Iterator[tuple[bool, str]]:
    values = request.values
    arn, service = values.get("aws:principalarn"), values.get("aws:principalisawsservice") == "true"
    if service or request.principal == "anonymous":
        nobody = [f"aws:principal{each}" for each in ("arn", "orgid", "orgpaths")]
        yield any(each in nobody or OF_A_PERSON.match(each) for each in values), "nobody's keys are present"
        yield request.account is not None, "an account of nobody"
        yield not request.principal, "the service has no name"
        yield values.get("aws:principalservicename", request.principal) != request.principal and service, "two services"
        return
    named = _ARN.fullmatch(request.principal)
    whole = _ARN.fullmatch(arn) if isinstance(arn, str) else None
    if whole is None:
        yield named is not None, "a caller without an ARN"
        return
    yield whole[2] != request.account, "the account is not that of the ARN"
    yield named is not None and named[2] != whole[2], "the principal's account is not that of the ARN"
    for key in ("aws:principalaccount", "kms:calleraccount"):
        yield values.get(key, whole[2]) != whole[2], f"{key} is not that of the ARN"
    name = values.get("aws:username")
    yield name is not None and (whole[3] != "user" or name != arn.rpartition("/")[2]), "a name of somebody else"
    path, organization = values.get("aws:principalorgpaths"), values.get("aws:principalorgid")
    yield bool(path and organization) and path[0].split("/")[0] != organization, "a path in another organization"
    yield any(key.startswith("aws:source") and key[10:] in {"account", "arn", "orgid"} for key in values), "a source"


def _keys(request: Request, service: str) -> Iterator[tuple[bool, str]]:
    values = request.values
    yield not request.action.startswith(f"{service}:"), "an action of another service"
    yield "aws:sourceip" in values and bool({"aws:sourcevpc", "aws:sourcevpce"} & values.keys()), "two networks"
    yield values.get("aws:securetransport") == "false" and "s3:tlsversion" in values, "a TLS version on plain HTTP"
    keys = next(each.keys for each in actions(service) if each.full_name == request.action)
    for key in values:
        if key.startswith(f"{service}:") and key not in {"kms:calleraccount", "s3:tlsversion"}:
            stem = key.partition("/")[0] + "/"
            context = "kms:encryptioncontext:" if key.startswith("kms:encryptioncontext:") else ""
            yield not {key, stem, context} & keys, f"{request.action} does not carry {key}"


def _tls(request: Request, own: str, params: Mapping[str, Any]) -> Iterator[tuple[bool, str]]:
    values = request.values
    old = params.get("minimum") and values.get("s3:tlsversion", "9") < params["minimum"]
    yield not (values.get("aws:securetransport") == "false" or old), "sufficient TLS"
    yield from _exempt(request, params)


def _exempt(request: Request, params: Mapping[str, Any]) -> Iterator[tuple[bool, str]]:
    values = request.values
    yield not params.get("services", True) and values.get("aws:principalisawsservice") == "true", "a service"
    yield not params.get("via", True) and values.get("aws:viaawsservice") == "true", "via a service"
    yield bool({*params.get("principals", ())} & {values.get("aws:principalarn"), request.principal}), "exempt"


def _sse(request: Request, own: str, params: Mapping[str, Any]) -> Iterator[tuple[bool, str]]:
    values = request.values
    mode, key, customer = values.get(MODE), values.get(KEY_ID), values.get(CUSTOMER)
    yield request.action != "s3:PutObject", "no upload"
    yield bool(customer and (mode or key)), "SSE-C with other headers"
    http = values.get("aws:securetransport") == "false"
    yield http and (bool(customer) or mode in {"aws:kms", "aws:kms:dsse"}), "refused over plain HTTP"
    managed = key is None or key.endswith(("alias/aws/s3", "key/aws-managed-s3-key"))
    ends_in = (
        (mode, None if managed or mode == "AES256" else key) if mode else (params["default"], params.get("default_key"))
    )
    yield not customer and accepted(ends_in, params), f"ends in {ends_in}, which is accepted"
    yield bool(customer) and "SSE-C" in params.get("blocked", ()), "SSE-C is blocked"
    yield from _exempt(request, params)


def _outside(request: Request, own: str, params: Mapping[str, Any]) -> Iterator[tuple[bool, str]]:
    trusted = {own, *params.get("inside", ())}
    yield not is_outside(request.values, request.account, request.principal, trusted, params), "not outside"
    wanted = ADMINISTRATION | CRYPTOGRAPHY | TAGGING | {"CreateGrant"}
    yield request.action.removeprefix("kms:") not in wanted, "neither use nor administration"
    yield request.principal == "anonymous", "KMS knows no anonymous caller"


def _both(request: Request, own: str, params: Mapping[str, Any]) -> Iterator[tuple[bool, str]]:
    yield request.action.removeprefix("kms:") not in ADMINISTRATION | CRYPTOGRAPHY, "neither use nor administration"
    yield request.principal.endswith(":root"), "a root user"


def _wildcard(request: Request, own: str, params: Mapping[str, Any]) -> Iterator[tuple[bool, str]]:
    yield request.values.get("aws:principalarn") == f"arn:aws:iam::{own}:root", "the account root"


def _writeonly(request: Request, own: str, params: Mapping[str, Any]) -> Iterator[tuple[bool, str]]:
    declared = {*params["principals"]} & {request.values.get("aws:principalarn"), request.principal}
    yield not declared, "a principal that is not declared"
    yield request.action.removeprefix("kms:") not in DECRYPTION, "not decryption"
    through = request.values.get("kms:viaservice") or ""
    yield bool(params.get("multipart")) and str(through).startswith("s3."), "through S3"


def _service(request: Request, own: str, params: Mapping[str, Any]) -> Iterator[tuple[bool, str]]:
    yield request.values.get("aws:principalisawsservice") != "true", "no service"
    yield from _outside(request, own, params)


def _lockout(request: Request, own: str, params: Mapping[str, Any]) -> Iterator[tuple[bool, str]]:
    yield request.account != own, "not of the account"
    yield request.action != "kms:PutKeyPolicy", "does not change the policy"


_ABOUT = {
    "tls": _tls,
    "sse": _sse,
    "kms-outside": _outside,
    "kms-both": _both,
    "kms-wildcard": _wildcard,
    "kms-writeonly": _writeonly,
    "kms-service": _service,
    "kms-lockout": _lockout,
}
