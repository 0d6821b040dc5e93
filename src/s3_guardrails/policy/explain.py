"""Put a counterexample into words: who calls what, the context that matters, and how each Deny let it through."""

from __future__ import annotations

import json
from typing import Any, Final

from s3_guardrails.policy.authorize import applies, clauses
from s3_guardrails.policy.document import Effect, Policy, Statement
from s3_guardrails.policy.request import ANONYMOUS, Request

_IMPLIED: Final = frozenset(
    {
        "aws:principalarn",
        "aws:principalaccount",
        "aws:principaltype",
        "aws:principalisawsservice",
        "aws:viaawsservice",
        "aws:userid",
        "aws:username",
        "kms:calleraccount",
        "aws:securetransport",
        "s3:tlsversion",
        "aws:resourceaccount",
        "s3:resourceaccount",
    }
)
"""Keys that the sentence says in other words, or that follow from who calls."""

_HEADERS: Final = {
    "s3:x-amz-server-side-encryption": "x-amz-server-side-encryption",
    "s3:x-amz-server-side-encryption-aws-kms-key-id": "x-amz-server-side-encryption-aws-kms-key-id",
    "s3:x-amz-server-side-encryption-customer-algorithm": "x-amz-server-side-encryption-customer-algorithm",
}


def who(request: Request) -> str:
    """Name the caller the way a person would."""
    if request.principal == ANONYMOUS:
        return "an anonymous caller"
    if request.values.get("aws:principalisawsservice") == "true":
        return f"the AWS service {request.principal}"
    if ":assumed-role/" in request.principal:
        return f"the session {request.principal}"
    return request.principal


def how(request: Request) -> str:
    """Say over what the request comes, empty where that is ordinary TLS."""
    values = request.values
    if values.get("aws:securetransport") == "false":
        return " over plain HTTP"
    version = values.get("s3:tlsversion")
    return f" over TLS {version}" if isinstance(version, str) and version < "1.2" else ""


def short(request: Request) -> str:
    """Return the request in about a hundred characters."""
    name = request.principal.rpartition("/")[2] if "/" in request.principal else request.principal
    caller = {"": "someone", ANONYMOUS: "anonymous"}.get(request.principal, f"{_kind(request)}{name}")
    where = f" of {request.account}" if request.account else ""
    return f"{caller}{where} may {request.action}{how(request)}{_with(request)}"


def _kind(request: Request) -> str:
    for kind in ("role", "user"):
        if f":{kind}/" in request.principal:
            return f"{kind} "
    return ""


def _with(request: Request) -> str:
    shown = [f"{key}={_text(value)}" for key, value in _context(request)]
    return f" with {', '.join(shown)}" if shown else ""


def sentence(request: Request) -> str:
    """Return the request as one sentence without its full stop."""
    extra = _with(request)
    header = "x-amz-server-side-encryption"
    bare = request.action == "s3:PutObject" and not any(key.startswith(header) for key, _ in _context(request))
    lacking = ", without an encryption header" if bare else ""
    return f"{who(request)} may call {request.action} on {request.resource}{how(request)}{extra}{lacking}"


def _context(request: Request) -> list[tuple[str, Any]]:
    return [
        (_HEADERS.get(key.lower(), key), value)
        for key, value in sorted(request.context.items())
        if key.lower() not in _IMPLIED
    ]


def passages(policy: Policy, request: Request) -> list[dict[str, Any]]:
    """For each Deny the first element that lets the request through, and each Allow that applies.

    A row is ``{"statement", "effect", "applies", "because"}``.
    """
    rows = []
    for each in policy.statements:
        truth = applies(each, request)
        if each.effect is Effect.DENY or truth:
            row = {"statement": each.label, "effect": each.effect.value, "applies": truth}
            rows.append({**row, "because": "every element matches" if truth else _because(each, request)})
    return rows


def _because(statement: Statement, request: Request) -> str:
    for name, truth in clauses(statement, request):
        if truth is False:
            return _failed(statement, name, request)
    return "a part of the statement is not understood"


def _failed(statement: Statement, name: str, request: Request) -> str:
    operator, _, key = name.partition(" ")
    if not key:
        covered = "does not cover" if not name.startswith("Not") else "excepts"
        subject = {"Principal": who(request), "Action": request.action, "Resource": request.resource}
        return f"{name} {_text(statement.source.get(name))} {covered} {subject[name.removeprefix('Not')]}"
    value = request.values.get(key.lower())
    wanted = _text(statement.source["Condition"][operator][key])
    found = f"the request has no {key}" if value is None else f"the request has {key} = {_text(value)}"
    return f"{operator} {key} {wanted} is false: {found}"


def _text(value: Any) -> str:
    if isinstance(value, str):
        return value
    return json.dumps(list(value) if isinstance(value, tuple) else value, ensure_ascii=False)
