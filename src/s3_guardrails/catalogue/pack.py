"""Renders ``conformance-pack.yaml``: a ConfigRule per rule, and the remediation that an operator can start for it.

Limits of AWS Config: a template body of 51,200 bytes, 60 input parameters and 130 rules for a custom pack, 1,024
characters of InputParameters per rule, values as strings. Function ARNs are parameters because packs build none.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from textwrap import wrap
from typing import Any, Final

import yaml

from s3_guardrails import __version__
from s3_guardrails.catalogue.pack_remediation import REMEDIATION_CONDITIONS, remediation_parameters, remediations
from s3_guardrails.catalogue.parameters_json import RDKLIB, defaults
from s3_guardrails.discovery import Entry
from s3_guardrails.errors import MalformedRule
from s3_guardrails.parameters import Documented, input_parameters
from s3_guardrails.rule import NoRemediation, Trigger

MAX_BYTES: Final = 51_200
MAX_PARAMETERS: Final = 60
MAX_RULES: Final = 130

HEADER: Final = "# Rendered by `s3-guardrails catalogue --write` from rules/; edit the rules, not this file.\n"

ALLOWED: Final = r"[ -!#-\[\]-~]*"
"""What template.yaml takes as an input's value: it is put into JSON there, so no quotes and no backslashes."""
VERSION: Final = "PackVersion"

Node = dict[str, Any]


def render_pack(entries: Iterable[Entry]) -> str:
    """Return the pack's text; raise MalformedRule or ParameterError where a limit of AWS Config is passed."""
    entries = tuple(entries)
    return HEADER + "".join(_unmended(entries)) + pack_text(pack_node(entries), len(entries))


def pack_text(pack: Node, rules: int) -> str:
    """Return a pack as YAML; raise MalformedRule where a limit of AWS Config is passed."""
    text: str = yaml.safe_dump(pack, sort_keys=False, allow_unicode=True, width=120)
    _check_limits(HEADER + text, len(pack["Parameters"]), rules)
    return text


def pack_node(entries: Iterable[Entry]) -> Node:
    """Return the pack as it can be deployed alone: whatever a deployment makes is a parameter."""
    entries = tuple(entries)
    inputs = pack_inputs(entries)
    parameters = {_function(entry): _function_parameter(entry) for entry in entries}
    parameters |= {name: _parameter(each) for name, each in sorted(inputs.items())}
    parameters[VERSION] = {"Type": "String", "Default": __version__, "Description": _RELEASE}
    parameters |= remediation_parameters(entries)
    conditions = {_given(name): _is_given(name) for name, each in sorted(inputs.items()) if not each.default}
    rules = {logical_id(entry.name): _rule(entry, inputs) for entry in entries}
    by_id = {logical_id(entry.name): entry for entry in entries}
    return {
        "Parameters": parameters,
        "Conditions": {**conditions, **REMEDIATION_CONDITIONS},
        "Resources": {**rules, **remediations(by_id)},
    }


_RELEASE: Final = "Release of the guardrails. AWS Config evaluates every rule again when it changes."


def logical_id(name: str) -> str:
    """Return CloudFormation's name for a rule.

    >>> logical_id("S3_BUCKET_TLS_ONLY")
    'S3BucketTlsOnly'
    """
    return "".join(part.capitalize() for part in name.split("_"))


def pack_inputs(entries: Iterable[Entry]) -> dict[str, Documented]:
    """Return the inputs of the pack: one for all rules that mean the same by a parameter, else one per rule."""
    inputs: dict[str, Documented] = {}
    meanings: dict[str, set[Documented]] = {}
    for each in (each for entry in entries for each in entry.rule.Parameters.documented()):
        meanings.setdefault(each.name, set()).add(each)
    for entry in entries:
        for each in entry.rule.Parameters.documented():
            shared = len(meanings[each.name]) == 1
            inputs[each.name if shared else f"{logical_id(entry.name)}{each.name}"] = each
    return inputs


def input_name(entry: Entry, each: Documented, inputs: Mapping[str, Documented]) -> str:
    """Return which input of the pack is a rule's parameter."""
    return each.name if each.name in inputs else f"{logical_id(entry.name)}{each.name}"


def _unmended(entries: Iterable[Entry]) -> Iterator[str]:
    """Say why a rule has no remediation: the pack has no other place for what is not there."""
    for entry in entries:
        if isinstance(entry.rule.remediation, NoRemediation):
            why = f"{entry.name} has no remediation, because {entry.rule.remediation.because}."
            yield from (f"# {line}\n" for line in wrap(why, 117))


def _function(entry: Entry) -> str:
    return f"{logical_id(entry.name)}FunctionArn"


def _function_parameter(entry: Entry) -> Node:
    return {"Type": "String", "Description": f"ARN of the Lambda function of {entry.name}"}


def _parameter(each: Documented) -> Node:
    return {"Type": "String", "Default": each.default, "Description": each.doc.replace("…", "...")}


def _given(name: str) -> str:
    return f"{name}Given"


def _is_given(name: str) -> Node:
    return {"Fn::Not": [{"Fn::Equals": [{"Ref": name}, ""]}]}


def _rule(entry: Entry, inputs: Mapping[str, Documented]) -> Node:
    input_parameters({**defaults(entry), **RDKLIB, VERSION: __version__})
    properties: Node = {"ConfigRuleName": entry.name, "Description": entry.rule.description()}
    if entry.rule.trigger.on_change:
        properties["Scope"] = {"ComplianceResourceTypes": [entry.rule.resource_type]}
    properties["InputParameters"] = {
        **RDKLIB,
        VERSION: {"Ref": VERSION},
        **{each.name: _value(each, input_name(entry, each, inputs)) for each in entry.rule.Parameters.documented()},
    }
    properties["Source"] = {
        "Owner": "CUSTOM_LAMBDA",
        "SourceIdentifier": {"Ref": _function(entry)},
        "SourceDetails": list(_details(entry.rule.trigger)),
    }
    return {"Type": "AWS::Config::ConfigRule", "Properties": properties}


def _value(each: Documented, name: str) -> Node:
    """Leave a parameter out when it is empty: AWS Config takes no blank values."""
    value = {"Ref": name}
    return value if each.default else {"Fn::If": [_given(name), value, {"Ref": "AWS::NoValue"}]}


def _details(trigger: Trigger) -> Iterable[Node]:
    if trigger.on_change:
        yield {"EventSource": "aws.config", "MessageType": "ConfigurationItemChangeNotification"}
        yield {"EventSource": "aws.config", "MessageType": "OversizedConfigurationItemChangeNotification"}
    if trigger.scheduled:
        yield {
            "EventSource": "aws.config",
            "MessageType": "ScheduledNotification",
            "MaximumExecutionFrequency": "TwentyFour_Hours",
        }


def _check_limits(text: str, parameters: int, rules: int) -> None:
    for what, found, limit in (
        ("bytes", len(text.encode()), MAX_BYTES),
        ("input parameters", parameters, MAX_PARAMETERS),
        ("rules", rules, MAX_RULES),
    ):
        if found > limit:
            raise MalformedRule(f"conformance-pack.yaml: expected at most {limit} {what}, found {found}")
    if not text.isascii():  # CloudFormation keeps other characters as question marks
        strange = next(each for each in text if not each.isascii())
        raise MalformedRule(f"conformance-pack.yaml: expected ASCII, found `{strange}`")
