"""Renders ``rules/<NAME>/parameters.json`` in the shape of the AWS Config Rule Development Kit.

Shape as written by `rdk create` 1.0.0: InputParameters, OptionalParameters and Tags are JSON *in strings*. Every
parameter of ours has a default, so all are optional ones.
"""

from __future__ import annotations

import json
from typing import Any, Final

from s3_guardrails.discovery import Entry
from s3_guardrails.parameters import input_parameters

RUNTIME: Final = "python3.13-lib"
"""RDK's word for a rule that uses rdklib on that Lambda runtime."""

RDKLIB: Final = {"AssumeRoleMode": "False"}
"""The function judges with its own role; rdklib would otherwise assume the recorder's, which it may not.

A string: rdklib calls `.lower()` on it.
"""


def defaults(entry: Entry) -> dict[str, str]:
    """Return the rule's parameters as AWS Config would send them when nobody sets any; empty ones are not sent."""
    return {each.name: each.default for each in entry.rule.Parameters.documented() if each.default}


def render_parameters(entry: Entry) -> str:
    """Return the file's text; raise ParameterError when the defaults alone exceed AWS Config's limit."""
    input_parameters({**defaults(entry), **RDKLIB})
    parameters: dict[str, Any] = {
        "RuleName": entry.name,
        "Description": entry.rule.description(),
        "SourceRuntime": RUNTIME,
        "EvaluationMode": "DETECTIVE",
        "CodeKey": f"{entry.name}.zip",
        "InputParameters": json.dumps(RDKLIB),
        "OptionalParameters": json.dumps({each.name: each.default for each in entry.rule.Parameters.documented()}),
    }
    if entry.rule.trigger.on_change:
        parameters["SourceEvents"] = entry.rule.resource_type
    if entry.rule.trigger.scheduled:
        parameters["SourcePeriodic"] = "TwentyFour_Hours"
    return json.dumps({"Version": "1.0", "Parameters": parameters, "Tags": "[]"}, indent=2) + "\n"
