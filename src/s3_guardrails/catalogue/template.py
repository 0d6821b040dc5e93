"""Renders what of template.yaml is derived, between marks; all the rest of it is written by hand.

The pack is embedded as text, as it can be deployed alone too. It builds no ARN: they are its input parameters.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

import yaml

from s3_guardrails.catalogue.pack import logical_id, pack_inputs
from s3_guardrails.catalogue.template_functions import documents, parameters, remediations, rule_functions
from s3_guardrails.catalogue.template_monitoring import monitoring
from s3_guardrails.catalogue.template_text import GetAtt, Line, Reasons, Ref, block
from s3_guardrails.discovery import Entry
from s3_guardrails.remediate.undo import NAME as UNDO

INPUTS: Final = ("EnableRemediation", "RemediationApproverArn")
"""Parameters that template and pack share beside those of the rules."""


def render_template(template: str, entries: Iterable[Entry], pack: str) -> str:
    """Return the template with every block rendered; raise MalformedRule where a mark is missing."""
    entries = tuple(entries)
    for name, body in (
        ("rule parameters", parameters(entries)),
        ("rules", rule_functions(entries)),
        ("remediations", remediations(entries)),
        ("documents", documents()),
        ("monitoring", monitoring(entries)),
        ("pack", _pack(entries, pack)),
        ("outputs", _outputs(entries)),
    ):
        template = block(template, name, body)
    return template


def _pack(entries: tuple[Entry, ...], text: str) -> str:
    values = {**{name: Ref(name) for name in (*pack_inputs(entries), *INPUTS)}, **_made(entries)}
    given = [Line(ParameterName=name, ParameterValue=values[name]) for name in yaml.safe_load(text)["Parameters"]]
    properties = {
        "ConformancePackName": Ref("AWS::StackName"),
        "ConformancePackInputParameters": given,
        "TemplateBody": text,
    }
    permissions = [f"{logical_id(entry.name)}Permission" for entry in entries]
    pack = {"Type": "AWS::Config::ConformancePack", "DependsOn": permissions, "Properties": properties}
    return Reasons().text({"Pack": pack})


def _outputs(entries: tuple[Entry, ...]) -> str:
    """Return what the pack takes from this template, for who deploys it apart, and how to start an undo."""
    made = {**_made(entries), f"{UNDO}Document": Ref(f"{UNDO}Document")}
    return Reasons().text({name: Line(Value=value) for name, value in made.items()})


def _made(entries: tuple[Entry, ...]) -> dict[str, Any]:
    """Return each input of the pack that is a resource of the template."""
    made: dict[str, Any] = {}
    for entry in entries:
        made[f"{logical_id(entry.name)}FunctionArn"] = GetAtt(f"{logical_id(entry.name)}Function.Arn")
        name = entry.rule.remediation
        made[f"{name}Document"] = Ref(f"{name}Document")
        made[f"{name}RemediationFunctionArn"] = GetAtt(f"{name}Function.Arn")
        made[f"{name}RoleArn"] = GetAtt(f"{name}AutomationRole.Arn")
    return made
