"""What deployed functions and automations may do: what the policies of their role say, judged call by call.

Only sessions of functions that Lambda runs are judged, and automations of roles that exist; other callers count as
administrators. Source: Service Authorization Reference; of copies only the target is asked about.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Final

from moto.kms.models import kms_backends
from moto.s3.models import s3_backends

from s3_guardrails.embedded.call import Call, Refused
from s3_guardrails.embedded.config_service import ConfigService
from s3_guardrails.embedded.iam_service import identity_policy
from s3_guardrails.embedded.identity import principal_arn
from s3_guardrails.policy.authorize import Outcome, authorize
from s3_guardrails.policy.request import Request

ACTIONS: Final = {
    "s3:GetBucketEncryption": "s3:GetEncryptionConfiguration",
    "s3:GetBucketInventoryConfiguration": "s3:GetInventoryConfiguration",
    "s3:GetBucketReplication": "s3:GetReplicationConfiguration",
    "s3:GetObjectLockConfiguration": "s3:GetBucketObjectLockConfiguration",
    "s3:GetPublicAccessBlock": "s3:GetBucketPublicAccessBlock",
    "s3:ListBucketInventoryConfigurations": "s3:GetInventoryConfiguration",
    "s3:ListBuckets": "s3:ListAllMyBuckets",
    "s3:PutBucketEncryption": "s3:PutEncryptionConfiguration",
    "s3control:GetPublicAccessBlock": "s3:GetAccountPublicAccessBlock",
}
"""Operations, as an SDK or this gateway names them, whose action has another name."""
UNCONDITIONAL: Final = frozenset({"sts:GetCallerIdentity"})
"""No policy can refuse these (IAM User Guide)."""

Asked = tuple[str, str]
"""Action, and the ARN of what is acted on."""


@dataclass(slots=True)
class RoleAccess:
    """`rules`: account and Region → AWS Config there. `seen`: role → what its sessions asked for."""

    rules: Callable[[str, str], ConfigService]
    seen: dict[str, set[Asked]] = field(default_factory=dict)
    _sessions: dict[str, str] = field(default_factory=dict)

    def bind(self, access_key: str, role: str) -> None:
        """Judge the calls of a session by the policies of its role."""
        self._sessions[access_key] = role

    def admit(self, call: Call) -> None:
        """Raise Refused for what the caller's role does not let through."""
        role = self._sessions.get(call.access_key)
        for action, resource in self._asked(call) if role else ():
            if action in UNCONDITIONAL:
                continue
            self.seen.setdefault(str(role), set()).add((action, resource))
            if not allows(str(role), principal_arn(call), Request("", call.account, action, resource, _context(call))):
                code = "AccessDenied" if call.service in {"s3", "s3control", "iam", "sts"} else "AccessDeniedException"
                message = f"User: {principal_arn(call)} is not authorized to perform: {action} on resource: {resource}"
                raise Refused(code, message, 403 if code == "AccessDenied" else 400)

    def _asked(self, call: Call) -> Iterator[Asked]:
        action = ACTIONS.get(call.name, call.name)
        known = self.rules(call.account, call.region).rules
        match call.service, call.parameters:
            case "s3", _ if call.resource:
                yield action, f"arn:aws:s3:::{call.resource}" + (f"/{call.key}" if call.key else "")
            case "kms", {"KeyId": str(key)}:
                yield action, _key(call, key)
            case "ssm", {"AutomationExecutionId": execution}:
                yield action, f"arn:aws:ssm:{call.region}:{call.account}:automation-execution/{execution}"
            case "config", {"ConfigRuleNames": list(names)}:
                yield from ((action, known[name]["ConfigRuleArn"]) for name in names if name in known)
            case "config", {"ConfigRuleName": name} if name in known:
                yield action, known[name]["ConfigRuleArn"]
            case "sns", {"TopicArn": topic}:
                yield action, topic
            case "iam", {"PolicySourceArn": principal}:
                yield action, principal
            case _:
                yield action, "*"


def allows(role: str, caller: str, asked: Request) -> bool:
    """Do the policies of a role (its ARN) let a request of one of its sessions through?"""
    policy = identity_policy(role)
    request = Request(caller, asked.account, asked.action, asked.resource, {**asked.context, "aws:PrincipalArn": role})
    return authorize(policy, request).outcome is Outcome.ALLOW


def _context(call: Call) -> dict[str, str]:
    _, owner = s3_backends.bucket_accounts.get(call.resource, (None, None)) if call.service == "s3" else (None, None)
    return {
        "aws:ResourceAccount": str(owner or call.account),
        "aws:PrincipalAccount": call.account,
        "aws:RequestedRegion": call.region,
        "aws:SecureTransport": "true",
    }


def _key(call: Call, named: str) -> str:
    """Return the ARN of a key, an alias as the key that it stands for: that is what policies are asked about."""
    if named.startswith("alias/"):
        named = kms_backends[call.account][call.region].get_key_id_from_alias(named) or named
    return named if named.startswith("arn:") else f"arn:aws:kms:{call.region}:{call.account}:key/{named}"
