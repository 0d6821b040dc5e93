"""What a deployment adds to an account and Region, counted in template.yaml and in the pack inside it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from s3_guardrails.errors import InputError

_FUNCTIONS: Final = frozenset({"AWS::Lambda::Function", "AWS::Serverless::Function"})


@dataclass(frozen=True, slots=True)
class Additions:
    """`rules`: their names. `reserved`: concurrent executions that the functions reserve together."""

    rules: frozenset[str]
    packs: int
    functions: int
    reserved: int
    roles: int


def additions(template: Mapping[str, Any], packs: Iterable[Mapping[str, Any]]) -> Additions:
    """Count in a template as parsed, and in the bodies of its conformance packs; raise InputError.

    SAM makes a role for each function that names none.
    """
    functions = _properties(template, *_FUNCTIONS)
    rules = [rule for pack in packs for rule in _properties(pack, "AWS::Config::ConfigRule")]
    found = Additions(
        rules=frozenset(each["ConfigRuleName"] for each in rules),
        packs=len(_properties(template, "AWS::Config::ConformancePack")),
        functions=len(functions),
        reserved=sum(each.get("ReservedConcurrentExecutions", 0) for each in functions),
        roles=len(_properties(template, "AWS::IAM::Role")) + sum("Role" not in each for each in functions),
    )
    if not (found.rules and found.packs and found.functions and found.roles):
        raise InputError("template: expected functions, roles and a conformance pack with rules")
    return found


def bodies(template: Mapping[str, Any]) -> list[str]:
    """Return the text of each conformance pack in a template, before Fn::Sub puts ARNs into it."""
    found = [each["TemplateBody"] for each in _properties(template, "AWS::Config::ConformancePack")]
    return [each if isinstance(each, str) else each["Fn::Sub"][0] for each in found]


def _properties(template: Mapping[str, Any], *types: str) -> list[Mapping[str, Any]]:
    return [each.get("Properties", {}) for each in template["Resources"].values() if each["Type"] in types]
