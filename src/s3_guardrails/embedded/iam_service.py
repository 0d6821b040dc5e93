"""IAM's policy simulator, which moto lacks: what identity policies say, judged by this package's own evaluator.

Source: IAM API Reference, SimulatePrincipalPolicy. Of a role or user the inline and attached policies count, of a user
those of its groups too; permissions boundaries and service control policies are not kept here.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, Final
from xml.etree import ElementTree as ET

from moto.iam.models import iam_backends

from s3_guardrails.embedded.call import Answer, Call, Refused
from s3_guardrails.policy.authorize import Outcome, authorize
from s3_guardrails.policy.document import Policy, parse_policy
from s3_guardrails.policy.request import Request

NAMESPACE: Final = "https://iam.amazonaws.com/doc/2010-05-08/"
_DECISIONS: Final = {Outcome.ALLOW: "allowed", Outcome.EXPLICIT_DENY: "explicitDeny"}


class IamService:
    """Methods ``on_…`` answer operations; the rest is moto's."""

    def on_simulate_principal_policy(self, call: Call) -> Answer:
        """Judge each action on each resource."""
        arn = call.parameters["PolicySourceArn"]
        policy = identity_policy(arn)
        context = {
            call.parameters[f"{name}.ContextKeyName"]: call.parameters[f"{name}.ContextKeyValues.member.1"]
            for name in _members(call, "ContextEntries", "ContextKeyName")
        }
        root = ET.Element("SimulatePrincipalPolicyResponse", xmlns=NAMESPACE)
        result = ET.SubElement(root, "SimulatePrincipalPolicyResult")
        ET.SubElement(result, "IsTruncated").text = "false"
        results = ET.SubElement(result, "EvaluationResults")
        for resource in _values(call, "ResourceArns") or ["*"]:
            for action in _values(call, "ActionNames"):
                _result(results, policy, Request(arn, call.account, action, resource, context))
        return Answer(200, ET.tostring(root), {"Content-Type": "text/xml"})


def _result(results: ET.Element, policy: Policy, request: Request) -> None:
    used = {condition.key for each in policy.statements for condition in each.conditions}
    given = {key.lower() for key in request.context}
    member = ET.SubElement(results, "member")
    ET.SubElement(member, "EvalActionName").text = request.action
    ET.SubElement(member, "EvalResourceName").text = request.resource
    ET.SubElement(member, "EvalDecision").text = _DECISIONS.get(authorize(policy, request).outcome, "implicitDeny")
    missing = ET.SubElement(member, "MissingContextValues")
    for key in sorted(each for each in used if each.lower() not in given):
        ET.SubElement(missing, "member").text = key


def identity_policy(arn: str) -> Policy:
    """Return what the policies of a role or user say, as one policy; raise Refused where there is none such."""
    statements = list(_statements(arn.split(":")[4], arn))
    return parse_policy({"Version": "2012-10-17", "Statement": statements})


def _statements(account: str, arn: str) -> Iterator[dict[str, Any]]:
    """Yield the statements of a principal's policies as if they were a resource policy's, for everybody."""
    for document in _documents(account, arn):
        statements = json.loads(document)["Statement"]
        for each in statements if isinstance(statements, list) else [statements]:
            yield {**each, "Principal": "*"}


def _documents(account: str, arn: str) -> Iterator[str]:
    backend: Any = iam_backends[account]["aws"]
    holders = [each for each in (*backend.roles.values(), *backend.users.values()) if each.arn == arn]
    if not holders:
        raise Refused("NoSuchEntity", f"The principal {arn} cannot be found", 404)
    groups = [each for each in backend.groups.values() if any(user.arn == arn for user in each.users)]
    for holder in (*holders, *groups):
        yield from holder.policies.values()
        yield from (_in_force(each) for each in holder.managed_policies.values())


def _in_force(managed: Any) -> str:
    found: str = next(each.document for each in managed.versions if each.version_id == managed.default_version_id)
    return found


def _members(call: Call, name: str, field: str) -> list[str]:
    """Return the prefixes of a list's members in the query protocol: ``Name.member.1``."""
    found, index = [], 1
    while f"{name}.member.{index}.{field}" in call.parameters:
        found.append(f"{name}.member.{index}")
        index += 1
    return found


def _values(call: Call, name: str) -> list[str]:
    found, index = [], 1
    while (value := call.parameters.get(f"{name}.member.{index}")) is not None:
        found.append(value)
        index += 1
    return found
