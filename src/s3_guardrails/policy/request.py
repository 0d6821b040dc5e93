"""One concrete request: who calls which action on what, with which context keys.

As JSON: ``{"principal", "account", "action", "resource", "context"}``. `principal` is an ARN, the name of an AWS
service, an identity provider, or `anonymous`; `account` is the caller's account or null; `context` maps condition keys
to a string or a list of strings, and a key that is not in it is absent from the request.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from s3_guardrails.errors import InputError
from s3_guardrails.policy.pattern import Context

ANONYMOUS: Final = "anonymous"
_SESSION: Final = r"arn:([^:]+):sts::([0-9]{12}):assumed-role/([^/]+)/.+"


@dataclass(frozen=True, slots=True)
class Request:
    """One request. `context` keeps the names of keys as AWS writes them; look-ups go through `values`."""

    principal: str
    account: str | None
    action: str
    resource: str
    context: Mapping[str, str | tuple[str, ...]] = field(default_factory=dict)

    @property
    def values(self) -> Context:
        """The context with its keys in lower case."""
        return {name.lower(): value for name, value in self.context.items()}

    @property
    def arns(self) -> frozenset[str]:
        """The ARNs that a Principal element may name to mean this caller: its own, and a session's role."""
        arns = {self.principal}
        role = self.values.get("aws:principalarn")
        if isinstance(role, str):
            arns.add(role)
        elif session := re.fullmatch(_SESSION, self.principal):
            arns.add(f"arn:{session[1]}:iam::{session[2]}:role/{session[3]}")
        return frozenset(arns)

    def as_json(self) -> dict[str, Any]:
        """Return plain data, as `from_json` reads it."""
        context = {name: list(value) if isinstance(value, tuple) else value for name, value in self.context.items()}
        return {
            "principal": self.principal,
            "account": self.account,
            "action": self.action,
            "resource": self.resource,
            "context": context,
        }

    @classmethod
    def from_json(cls, data: Any) -> Request:
        """Read a request from plain data; raise InputError naming the field."""
        if not isinstance(data, Mapping):
            raise InputError("request: expected an object")
        for name in ("principal", "action", "resource"):
            if not isinstance(data.get(name), str):
                raise InputError(f"request.{name}: expected a string")
        if not isinstance(data.get("account"), str | None):
            raise InputError("request.account: expected a string or null")
        context = data.get("context", {})
        if not isinstance(context, Mapping):
            raise InputError("request.context: expected an object")
        values = {name: _value(name, value) for name, value in context.items()}
        return cls(data["principal"], data.get("account"), data["action"], data["resource"], values)


def _value(name: str, value: Any) -> str | tuple[str, ...]:
    if isinstance(value, str):
        return value
    if isinstance(value, list | tuple) and all(isinstance(each, str) for each in value):
        return tuple(value)
    raise InputError(f"request.context.{name}: expected a string or a list of strings")
