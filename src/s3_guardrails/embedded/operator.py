"""The operator of the demo: remediations as the pack configures them, a click per finding, and a second person's yes.

Documents, roles and functions have the names that a deployment would give them; every step runs in the Lambda runtime.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from contextlib import ExitStack
from typing import Any, Final

import yaml

from s3_guardrails.catalogue.documents import render_documents
from s3_guardrails.catalogue.pack import render_pack
from s3_guardrails.discovery import Entry, rules_folder
from s3_guardrails.embedded.automation.execution import Status
from s3_guardrails.embedded.compliance import Click, Row
from s3_guardrails.embedded.identity import assume
from s3_guardrails.embedded.runtime import LambdaRuntime
from s3_guardrails.embedded.server import EmbeddedAws
from s3_guardrails.remediate.remediation import REMEDIATIONS

HANDLER: Final = "s3_guardrails.remediate.handler.lambda_handler"
APPROVER: Final = "security-approver"
STEP_SECONDS: Final = 60


class Operator:
    """Deploys the remediations of the rules and clicks."""

    def __init__(self, aws: EmbeddedAws, entries: tuple[Entry, ...], evidence: str) -> None:
        """`evidence` is the bucket that keeps plans and pre-images."""
        self._aws, self._entries, self._evidence = aws, entries, evidence
        self._approver = f"arn:aws:iam::{aws.account}:role/{APPROVER}"

    def deploy(self, parameters: Mapping[str, Mapping[str, str]], stack: ExitStack) -> None:
        """Create documents and functions, then the remediation configurations of the pack."""
        by_remediation = {entry.remediation: parameters.get(entry.name, {}) for entry in self._entries}
        for name, text in render_documents().items():
            self._aws.client("ssm").create_document(
                Name=name, Content=text, DocumentType="Automation", DocumentFormat="YAML"
            )
            if name in by_remediation:
                environment = self._environment(name, by_remediation[name])
                runtime = LambdaRuntime(HANDLER, rules_folder(), environment, name=name)
                self._aws.automation.functions.deploy(name, stack.enter_context(runtime))
        configurations = [self._configuration(each) for each in _remediations(self._entries)]
        self._aws.client("config").put_remediation_configurations(RemediationConfigurations=configurations)

    def click(self, entry: Entry, found: Iterable[Row]) -> list[Click]:
        """Start the rule's remediation for each resource, approve what waits, and tell what became of it."""
        rows = {row.id: row for row in found}
        if not rows:
            return []
        keys = [{"resourceType": entry.rule.resource_type, "resourceId": each} for each in rows]
        self._aws.client("config").start_remediation_execution(ConfigRuleName=entry.name, ResourceKeys=keys)
        return [self._ended(entry, row) for row in rows.values()]

    def _ended(self, entry: Entry, row: Row) -> Click:
        execution_id, _ = self._aws.remediation.executions[entry.name, (row.type, row.id)]
        approved = self._aws.automation.wait(execution_id, STEP_SECONDS) is Status.WAITING
        if approved:
            key = assume(self._aws.account, self._aws.region, self._approver, "on-call")
            self._aws.client("ssm", access_key=key).send_automation_signal(
                AutomationExecutionId=execution_id, SignalType="Approve"
            )
            self._aws.automation.wait(execution_id, STEP_SECONDS)
        told = self._aws.client("ssm").get_automation_execution(AutomationExecutionId=execution_id)
        execution = told["AutomationExecution"]
        succeeded = execution["AutomationExecutionStatus"] == "Success"
        failure = "" if succeeded else _failure(execution)
        return Click(entry.name, row.id, row.name, succeeded, approved, self._plan(execution), failure)

    def _plan(self, execution: Mapping[str, Any]) -> Mapping[str, Any] | None:
        """Return the plan as it was kept before the write, None where nothing was written."""
        planned = execution.get("Outputs", {}).get("Plan.PlanId") or [""]
        if not planned[0]:
            return None
        place = {"Bucket": self._evidence, "Key": f"remediation/{planned[0]}/plan.json"}
        found: Mapping[str, Any] = json.loads(self._aws.client("s3").get_object(**place)["Body"].read())
        return found

    def _environment(self, name: str, parameters: Mapping[str, str]) -> dict[str, str]:
        return {
            **self._aws.environment(),
            "GUARDRAILS_REMEDIATION": name,
            "GUARDRAILS_PARAMETERS": json.dumps(dict(parameters)),
            "GUARDRAILS_EVIDENCE_BUCKET": self._evidence,
            "GUARDRAILS_DOCUMENT": name,
            "GUARDRAILS_APPROVERS": self._approver,
        }

    def _configuration(self, properties: Mapping[str, Any]) -> dict[str, Any]:
        """Resolve what the pack leaves to a deployment."""
        values = {"RemediationApproverArn": self._approver}
        for name in REMEDIATIONS:
            function = f"arn:aws:lambda:{self._aws.region}:{self._aws.account}:function:{name}"
            role = f"arn:aws:iam::{self._aws.account}:role/{name}"
            values |= {f"{name}Document": name, f"{name}RemediationFunctionArn": function, f"{name}RoleArn": role}
        resolved: dict[str, Any] = _resolved(properties, values)
        return resolved


def _remediations(entries: tuple[Entry, ...]) -> list[Mapping[str, Any]]:
    resources = yaml.safe_load(render_pack(entries))["Resources"].values()
    return [each["Properties"] for each in resources if each["Type"] == "AWS::Config::RemediationConfiguration"]


def _resolved(node: Any, values: Mapping[str, str]) -> Any:
    match node:
        case {"Ref": name}:
            return values[name]
        case dict():
            return {name: _resolved(each, values) for name, each in node.items()}
        case list():
            return [_resolved(each, values) for each in node]
    return node


def _failure(execution: Mapping[str, Any]) -> str:
    """Return why the execution failed: what its failed step says."""
    steps = execution.get("StepExecutions", ())
    messages = [each["FailureMessage"] for each in steps if each.get("FailureMessage")]
    return str(messages[0] if messages else execution.get("FailureMessage", ""))
