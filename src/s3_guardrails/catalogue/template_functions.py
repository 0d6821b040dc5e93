"""Renders the stanzas of template.yaml: one per rule, one per remediation, all of one form; then the documents."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

import yaml

from s3_guardrails.catalogue.documents import render_documents
from s3_guardrails.catalogue.pack import ALLOWED, input_name, logical_id, pack_inputs
from s3_guardrails.catalogue.permissions import CHANGE, EVALUATORS, LIVE, REMEDIATORS
from s3_guardrails.catalogue.template_role import automation_role, function_role
from s3_guardrails.catalogue.template_text import GetAtt, Node, Reasons, Ref, Sub, if_else
from s3_guardrails.discovery import Entry
from s3_guardrails.parameters import Documented
from s3_guardrails.rule import Trigger

HANDLER: Final = "s3_guardrails.remediate.handler.lambda_handler"
TIMEOUTS: Final = {CHANGE: 120, LIVE: 900}
"""Seconds. A scheduled rule reads every key of the account; Lambda ends any function after 900 seconds."""
REMEDIATION_TIMEOUT: Final = 230
"""Seconds; Systems Manager waits 300 for a step (Automation actions reference, aws:invokeLambdaFunction)."""

MEMORY: Final = {"RestrictKeyPolicy": 1769}
"""MB, where the template's global is too little: Lambda gives a whole processor from 1,769 on, and half a hundred
administrators take most of a minute of one."""


def rule_functions(entries: Iterable[Entry]) -> str:
    """Return the functions of the rules, and the two roles that they share."""
    entries, reasons = tuple(entries), Reasons()
    stanzas: list[Node] = []
    for kind, grants in EVALUATORS.items():
        names = [logical_id(each.name) for each in entries if evaluator(each) == kind]
        logs = [GetAtt(f"{name}Logs.Arn") for name in names]
        stanzas.append({f"{kind}EvaluatorRole": function_role(grants, reasons, logs[0] if len(logs) == 1 else logs)})
    return _text([*stanzas, *map(_rule, entries)], reasons)


def remediations(entries: Iterable[Entry]) -> str:
    """Return function, the function's role and the automation's role of every remediation."""
    entries, reasons = tuple(entries), Reasons()
    inputs = pack_inputs(entries)
    rules = {name: entry for entry in entries for name in entry.documents}
    stanzas = [
        _remediation(name, yaml.safe_load(text), _of_rule(rules.get(name), inputs), reasons)
        for name, text in render_documents().items()
    ]
    return _text(stanzas, reasons)


def documents() -> str:
    """Return every remediation document as a resource."""
    found = render_documents()
    after = chained(tuple(found))
    return _text((_document(name, yaml.safe_load(text), after.get(name)) for name, text in found.items()), Reasons())


def chained(names: Sequence[str]) -> dict[str, str]:
    """Return name → the name that it is made after: five at a time where there are more than ten.

    CloudFormation makes what it can at once, and Systems Manager refuses when asked for many documents.
    """
    return dict(zip(names[AT_ONCE:], names, strict=False)) if len(names) > MANY else {}


AT_ONCE: Final = 5
MANY: Final = 10


def parameters(entries: Iterable[Entry]) -> str:
    """Return the template's parameters that are handed to rules and remediations alike."""
    inputs = sorted(pack_inputs(entries).items())
    return Reasons().text({name: _parameter(each) for name, each in inputs})


def _text(stanzas: Iterable[Node], reasons: Reasons) -> str:
    return "\n".join(map(reasons.text, stanzas))


def evaluator(entry: Entry) -> str:
    """Return which of the shared roles a rule's function has."""
    return LIVE if entry.rule.trigger.scheduled else CHANGE


LOGS: Final[Node] = {
    "Type": "AWS::Logs::LogGroup",
    "Properties": {
        "RetentionInDays": Ref("LogRetentionDays"),
        "KmsKeyId": if_else("LogsHaveAKey", Ref("LogKeyArn"), Ref("AWS::NoValue")),
    },
}
APPROVER: Final = if_else(
    "ApproverIsNamed",
    Sub("arn:${AWS::Partition}:iam::${AWS::AccountId}:role/${RemediationApproverRole}"),
    Ref("RemediationApproverArn"),
)
"""Who approves: a role of the account's own by its name, which one stack set can say for all accounts, or an ARN."""


def _rule(entry: Entry) -> Node:
    name, kind = logical_id(entry.name), evaluator(entry)
    handler, about = f"{entry.name}.lambda_handler", entry.rule.description()
    return {
        f"{name}Logs": LOGS,
        f"{name}Function": function_stanza(name, handler, about, f"{kind}EvaluatorRole", TIMEOUTS[kind]),
        f"{name}Permission": _permission(f"{name}Function"),
    }


def function_stanza(
    name: str, handler: str, about: str, role: str, timeout: int, environment: Mapping[str, Any] | None = None
) -> Node:
    """Return a Lambda function, which writes to the log group of its name."""
    properties: Node = {
        "Handler": handler,
        "Description": about,
        "Role": GetAtt(f"{role}.Arn"),
        "Timeout": timeout,
        **({"MemorySize": MEMORY[name]} if name in MEMORY else {}),
        "LoggingConfig": {"LogGroup": Ref(f"{name}Logs")},
        **({"Environment": {"Variables": dict(environment)}} if environment else {}),
    }
    return {"Type": "AWS::Serverless::Function", "Metadata": {"BuildMethod": "makefile"}, "Properties": properties}


def _permission(function: str) -> Node:
    """Let AWS Config call the function, for this account only: any account's rule could name it otherwise."""
    properties = {
        "FunctionName": Ref(function),
        "Action": "lambda:InvokeFunction",
        "Principal": "config.amazonaws.com",
        "SourceAccount": Ref("AWS::AccountId"),
    }
    return {"Type": "AWS::Lambda::Permission", "Properties": properties}


def rule_permission(function: str, rule: str) -> Node:
    """Let one rule of EventBridge call the function; the rule's ARN names account and Region."""
    properties = {
        "FunctionName": Ref(function),
        "Action": "lambda:InvokeFunction",
        "Principal": "events.amazonaws.com",
        "SourceArn": GetAtt(f"{rule}.Arn"),
    }
    return {"Type": "AWS::Lambda::Permission", "Properties": properties}


_DOCUMENT: Final = "${{AWS::StackName}}-{}"
"""A document's name, which its function is told: a reference would go round in a circle."""


def _remediation(name: str, document: Node, of_rule: Node, reasons: Reasons) -> Node:
    environment = {
        "GUARDRAILS_REMEDIATION": name,
        **of_rule,
        "GUARDRAILS_EVIDENCE_BUCKET": Ref("EvidenceBucket"),
        "GUARDRAILS_EVIDENCE_KEY": GetAtt("EvidenceKey.Arn"),
        "GUARDRAILS_DOCUMENT": Sub(_DOCUMENT.format(name)),
        "GUARDRAILS_APPROVERS": APPROVER,
    }
    about, function = document["description"].partition("\n")[0], f"{name}Function"
    return {
        f"{name}Logs": LOGS,
        f"{name}FunctionRole": function_role(REMEDIATORS[name], reasons, GetAtt(f"{name}Logs.Arn")),
        function: function_stanza(name, HANDLER, about, f"{name}FunctionRole", REMEDIATION_TIMEOUT, environment),
        f"{name}AutomationRole": automation_role(function, reasons),
    }


def _document(name: str, content: Node, after: str | None) -> Node:
    """Embed a document; who starts one by hand then needs to say the resource and nothing else."""
    defaults = {
        "AutomationAssumeRole": GetAtt(f"{name}AutomationRole.Arn"),
        "FunctionArn": GetAtt(f"{name}Function.Arn"),
        "Approvers": [APPROVER],
    }
    for parameter, value in defaults.items():
        content["parameters"][parameter]["default"] = value
    properties = {
        "Name": Sub(_DOCUMENT.format(name)),
        "DocumentType": "Automation",
        "DocumentFormat": "YAML",
        "UpdateMethod": "NewVersion",
        "Content": content,
    }
    order = {"DependsOn": f"{after}Document"} if after else {}
    return {f"{name}Document": {"Type": "AWS::SSM::Document", **order, "Properties": properties}}


def _of_rule(entry: Entry | None, inputs: Mapping[str, Documented]) -> Node:
    """Return the rule's parameters as JSON of the template's (no value can hold a quote or a backslash).

    A periodic rule's function goes along: after a change AWS Config is asked to call it again.
    """
    if entry is None:
        return {}
    named = {each.name: f"${{{input_name(entry, each, inputs)}}}" for each in entry.rule.Parameters.documented()}
    given: Node = {"GUARDRAILS_PARAMETERS": Sub(json.dumps(named, separators=(",", ":")))}
    if entry.rule.trigger is Trigger.PERIODIC:
        given["GUARDRAILS_RULE_FUNCTION"] = GetAtt(f"{logical_id(entry.name)}Function.Arn")
    return given


def _parameter(each: Documented) -> Node:
    return {
        "Type": "String",
        "Default": each.default,
        "AllowedPattern": ALLOWED,
        "ConstraintDescription": "expected printable ASCII without quotes and backslashes",
        "Description": each.doc.replace("…", "..."),
    }
