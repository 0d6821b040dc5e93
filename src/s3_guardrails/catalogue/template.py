"""Renders what of template.yaml is derived, between marks; all the rest of it is written by hand.

The pack is embedded with the ARNs and names that this template makes written out, as AWS Config documents no functions
in a remediation's role; deployed alone, the pack takes them as parameters. A test proves that both are the same pack.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from s3_guardrails import __version__
from s3_guardrails.catalogue.pack import HEADER, VERSION, logical_id, pack_inputs, pack_node, pack_text
from s3_guardrails.catalogue.pack_remediation import APPROVER
from s3_guardrails.catalogue.template_exemptions import exemptions
from s3_guardrails.catalogue.template_functions import APPROVER as APPROVER_ARN
from s3_guardrails.catalogue.template_functions import documents, parameters, remediations, rule_functions
from s3_guardrails.catalogue.template_monitoring import monitoring
from s3_guardrails.catalogue.template_text import GetAtt, Line, Node, Reasons, Ref, block, if_else
from s3_guardrails.discovery import Entry
from s3_guardrails.errors import MalformedRule
from s3_guardrails.preflight.region import WITHOUT_REMEDIATION
from s3_guardrails.remediate.undo import NAME as UNDO

OFFERED: Final = "RemediationOffered"
_APPROVER: Final = "Approver"


def render_template(template: str, entries: Iterable[Entry]) -> str:
    """Return the template with every block rendered; raise MalformedRule where a mark is missing."""
    entries = tuple(entries)
    for name, body in (
        ("rule parameters", parameters(entries)),
        ("regions", _regions()),
        ("rules", rule_functions(entries)),
        ("remediations", remediations(entries)),
        ("documents", documents()),
        ("monitoring", monitoring(entries)),
        ("exemptions", exemptions()),
        ("pack", _pack(entries)),
        ("outputs", _outputs(entries)),
    ):
        template = block(template, name, body)
    return template


def _regions() -> str:
    """Return the condition under which AWS Config is given remediations."""
    wanted = Line({"Fn::Equals": [Ref("EnableRemediation"), "true"]})
    without = [Line({"Fn::Equals": [Ref("AWS::Region"), region]}) for region in sorted(WITHOUT_REMEDIATION)]
    return Reasons().text({OFFERED: {"Fn::And": [wanted, {"Fn::Not": [{"Fn::Or": without}]}]}})


def _pack(entries: tuple[Entry, ...]) -> str:
    text, node = _embedded(entries)
    values: Node = {name: Ref(name) for name in pack_inputs(entries)}
    values |= {VERSION: __version__, "EnableRemediation": if_else(OFFERED, "true", "false")}
    properties = {
        "ConformancePackName": Ref("AWS::StackName"),
        "ConformancePackInputParameters": [
            Line(ParameterName=name, ParameterValue=values[name]) for name in node["Parameters"]
        ],
        "TemplateBody": {"Fn::Sub": [text, {_APPROVER: APPROVER_ARN}]},
    }
    permissions = [f"{logical_id(entry.name)}Permission" for entry in entries]
    pack = {"Type": "AWS::Config::ConformancePack", "DependsOn": permissions, "Properties": properties}
    return Reasons().text({"Pack": pack})


def _embedded(entries: tuple[Entry, ...]) -> tuple[str, Node]:
    """Return the pack with what the template makes written out, as text for Fn::Sub and as a node."""
    made = {name: f"${{{value}}}" for name, value in {**_made(entries), APPROVER: _APPROVER}.items()}
    node = pack_node(entries)
    node["Parameters"] = {name: each for name, each in node["Parameters"].items() if name not in made}
    if "${" in pack_text(node, len(entries)):
        raise MalformedRule("conformance-pack.yaml: expected no `${`, which the template would replace")
    node = _written_out(node, made)
    return HEADER + pack_text(node, len(entries)), node


def _written_out(node: Any, made: Mapping[str, str]) -> Any:
    match node:
        case {"Ref": str(name), **rest} if not rest and name in made:
            return made[name]
        case dict():
            return {name: _written_out(each, made) for name, each in node.items()}
        case list():
            return [_written_out(each, made) for each in node]
    return node


def _outputs(entries: tuple[Entry, ...]) -> str:
    """Return what the pack takes from this template, for who deploys it apart, and how to start an undo."""
    made = {**_made(entries), f"{UNDO}Document": Ref(f"{UNDO}Document")}
    return Reasons().text({name: Line(Value=value) for name, value in made.items()})


def _made(entries: tuple[Entry, ...]) -> dict[str, Any]:
    """Return each input of the pack that is a resource of the template."""
    made: dict[str, Any] = {}
    for entry in entries:
        made[f"{logical_id(entry.name)}FunctionArn"] = GetAtt(f"{logical_id(entry.name)}Function.Arn")
        if not (name := entry.remediation):
            continue
        made[f"{name}Document"] = Ref(f"{name}Document")
        made[f"{name}RemediationFunctionArn"] = GetAtt(f"{name}Function.Arn")
        made[f"{name}RoleArn"] = GetAtt(f"{name}AutomationRole.Arn")
    return made
