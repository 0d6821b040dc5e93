"""Ask IAM what identity policies let principals do with a key: SimulatePrincipalPolicy, read-only.

It sees the identity policies, the permissions boundary and service control policies of a role or user of the account,
and neither the key's policy nor the session's (IAM API Reference, SimulatePrincipalPolicy).
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from typing import Any, Final

from s3_guardrails.encryption.fact import Unreadable
from s3_guardrails.encryption.key import Key
from s3_guardrails.errors import UnreadableFact
from s3_guardrails.live.call import answer, gather
from s3_guardrails.live.clients import Clients

ACTIONS: Final = ("kms:Decrypt", "kms:GenerateDataKey")
"""What reading and writing objects under SSE-KMS needs."""

_SESSION: Final = re.compile(r"arn:([^:]+):sts::([0-9]{12}):assumed-role/([^/]+)/.+")


def simulate_key_use(
    clients: Clients, key: Key, principals: Iterable[str], actions: Collection[str] = ACTIONS
) -> Mapping[str, Mapping[str, bool] | Unreadable]:
    """Return principal's ARN → action → allowed by identity policies, through S3 in the key's Region."""
    asked = tuple(dict.fromkeys(principals))
    return dict(zip(asked, gather(lambda each: _simulate(clients, key, each, actions), asked), strict=True))


def _simulate(clients: Clients, key: Key, principal: str, actions: Collection[str]) -> Mapping[str, bool] | Unreadable:
    name = "identity_policies"
    if _SESSION.fullmatch(principal):
        return Unreadable(name, "a role session's role cannot be told for certain: its path is not in the session")

    def ask() -> Mapping[str, bool]:
        pages = clients.client("iam", key.region).get_paginator("simulate_principal_policy")
        found = pages.paginate(
            PolicySourceArn=principal,
            ActionNames=list(actions),
            ResourceArns=[key.arn],
            ContextEntries=_context(key, principal),
        )
        said = {each["EvalActionName"]: _allowed(each) for page in found for each in page["EvaluationResults"]}
        if set(said) != set(actions):
            raise UnreadableFact(name, "the simulation did not answer for every action")
        return said

    return answer(name, ask)


def _allowed(result: Mapping[str, Any]) -> bool:
    """Only `allowed` is yes; a condition on a key that the simulation was not given is not known to hold."""
    if result["EvalDecision"] != "allowed" and result.get("MissingContextValues"):
        missing = ", ".join(result["MissingContextValues"])
        raise UnreadableFact("identity_policies", f"it depends on {missing}")
    return bool(result["EvalDecision"] == "allowed")


def _context(key: Key, principal: str) -> list[dict[str, Any]]:
    domain = "amazonaws.com.cn" if key.partition == "aws-cn" else "amazonaws.com"
    values = {
        "kms:ViaService": f"s3.{key.region}.{domain}",
        "kms:CallerAccount": principal.split(":")[4],
        "aws:SecureTransport": "true",
    }
    return [
        {
            "ContextKeyName": name,
            "ContextKeyValues": [value],
            "ContextKeyType": "boolean" if value == "true" else "string",
        }
        for name, value in values.items()
    ]
