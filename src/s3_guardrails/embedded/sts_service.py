"""Who may become a role: moto lets everybody become any role, in any account, and roles that do not exist.

The role's trust policy is judged by this package's own evaluator, with the caller's external id and source account;
what the caller's own policies say is not asked. Source: STS API Reference, AssumeRole.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final

from moto.iam.models import iam_backends

from s3_guardrails.embedded.call import Answer, Call, Refused
from s3_guardrails.embedded.identity import organization_of, principal_arn
from s3_guardrails.policy.authorize import Outcome, authorize
from s3_guardrails.policy.document import parse_policy
from s3_guardrails.policy.request import Request

ASSUME: Final = "sts:AssumeRole"


class StsService:
    """Methods ``on_…`` answer operations; the rest is moto's."""

    def on_assume_role(self, call: Call) -> Answer:
        """Refuse whom the role does not trust, and roles that do not exist."""
        context = {"sts:RoleSessionName": call.parameters["RoleSessionName"], **organization_of(call.account)}
        if external := call.parameters.get("ExternalId"):
            context["sts:ExternalId"] = external
        request = Request(principal_arn(call), call.account, ASSUME, call.resource, context)
        if not trusts(call.resource, request):
            message = f"User: {request.principal} is not authorized to perform: {ASSUME} on resource: {call.resource}"
            raise Refused("AccessDenied", message, 403)
        return call.forward()


def trusts(arn: str, request: Request) -> bool:
    """Does the role exist, and does its trust policy let the request through?"""
    role = find_role(arn)
    if role is None:
        return False
    found = role.assume_role_policy_document
    document: Mapping[str, Any] = json.loads(found) if isinstance(found, str) else found
    statements = document["Statement"] if isinstance(document["Statement"], list) else [document["Statement"]]
    policy = parse_policy({**document, "Statement": [{**each, "Resource": "*"} for each in statements]})
    return authorize(policy, request).outcome is Outcome.ALLOW


def find_role(arn: str) -> Any:
    """Return moto's role, or None."""
    account = arn.split(":")[4] if arn.count(":") >= 5 else ""
    if account not in iam_backends:
        return None
    return next((each for each in iam_backends[account]["aws"].roles.values() if each.arn == arn), None)
