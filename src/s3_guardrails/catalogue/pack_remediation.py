"""The pack's remediations: AWS Config's button starts the rule's Automation document for one resource.

PutRemediationConfigurations takes no rule of a conformance pack, so remediations live in the pack (AWS Config API
Reference). Only the resource's id and static values of at most 256 characters reach the document.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from s3_guardrails.discovery import Entry

Node = dict[str, Any]

ENABLED: Final = "RemediationEnabled"
"""The condition: some Regions have no remediation (AWS::Config::RemediationConfiguration, CloudFormation registry)."""

APPROVER: Final = "RemediationApproverArn"

REMEDIATION_CONDITIONS: Final[Node] = {ENABLED: {"Fn::Equals": [{"Ref": "EnableRemediation"}, "true"]}}


def remediation_parameters(entries: Iterable[Entry]) -> Node:
    """Return the pack's inputs for remediations: who approves, and for each its document, function and role."""
    found = {
        "EnableRemediation": {
            "Type": "String",
            "Default": "true",
            "AllowedValues": ["true", "false"],
            "Description": "Offer remediations; false in Regions where AWS Config has none.",
        },
        APPROVER: {
            "Type": "String",
            "Description": "ARN of the user or role that may approve remediations; whoever starts one cannot.",
        },
    }
    for name in (entry.remediation for entry in entries if entry.remediation):
        for part, what in _PARTS.items():
            found[f"{name}{part}"] = {"Type": "String", "Description": f"{what} of {name}"}
    return found


_PARTS: Final = {
    "Document": "Name of the Automation document",
    "RemediationFunctionArn": "ARN of the Lambda function",
    "RoleArn": "ARN of the automation role",
}


def remediations(entries: Mapping[str, Entry]) -> Node:
    """Return an AWS::Config::RemediationConfiguration for each rule that has a document, by the rules' logical ids."""
    return {
        f"{rule}Remediation": _remediation(entry, rule, entry.remediation)
        for rule, entry in entries.items()
        if entry.remediation
    }


def _remediation(entry: Entry, rule: str, name: str) -> Node:
    """A person starts it."""
    return {
        "Type": "AWS::Config::RemediationConfiguration",
        "Condition": ENABLED,
        "DependsOn": rule,
        "Properties": {
            "ConfigRuleName": entry.name,
            "ResourceType": entry.rule.resource_type,
            "TargetType": "SSM_DOCUMENT",
            "TargetId": {"Ref": f"{name}Document"},
            "Automatic": False,
            "Parameters": {
                "ResourceId": {"ResourceValue": {"Value": "RESOURCE_ID"}},
                "AutomationAssumeRole": _static(f"{name}RoleArn"),
                "FunctionArn": _static(f"{name}RemediationFunctionArn"),
                "Approvers": _static(APPROVER),
            },
        },
    }


def _static(parameter: str) -> Node:
    return {"StaticValue": {"Values": [{"Ref": parameter}]}}
