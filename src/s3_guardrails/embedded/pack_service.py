"""Conformance packs: a template of rules and remediations, deployed by AWS Config itself.

A pack that cannot be deployed is there all the same, in the state CREATE_FAILED with the reason. Source: AWS Config
API Reference. That rules get a suffix is not said there; people report it.
"""

from __future__ import annotations

import json
import secrets
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from moto.config.models import config_backends

from s3_guardrails.embedded.call import Answer, Call, Refused, json_answer
from s3_guardrails.embedded.config_service import ConfigService
from s3_guardrails.embedded.function_service import FunctionService
from s3_guardrails.embedded.remediation_service import RemediationService
from s3_guardrails.embedded.stack.template import Resolver, Template, invalid

CONFIG: Final = "config.amazonaws.com"
RULE, REMEDIATION = "AWS::Config::ConfigRule", "AWS::Config::RemediationConfiguration"
MAX_BYTES: Final = 51_200
MAX_INPUTS: Final = 60
MAX_VALUE: Final = 4096
MAX_PAGE: Final = 20


@dataclass(slots=True)
class Pack:
    """A pack: the names of its rules as the template has them → as AWS Config has them, its state and the reason."""

    id: str = field(default_factory=lambda: f"conformance-pack-{secrets.token_hex(5)[:9]}")
    rules: dict[str, str] = field(default_factory=dict)
    state: str = "CREATE_COMPLETE"
    reason: str = ""
    updated: float = field(default_factory=time.time)
    tags: list[dict[str, str]] = field(default_factory=list)


@dataclass(slots=True)
class PackService:
    """The packs of one account and Region. Methods ``on_…`` answer operations."""

    config: ConfigService
    remediation: RemediationService
    functions: FunctionService
    packs: dict[str, Pack] = field(default_factory=dict)

    def on_put_conformance_pack(self, call: Call) -> Answer:
        """Deploy a pack, or change the one of that name; refuse what is no pack at all."""
        name = call.parameters["ConformancePackName"]
        template, inputs = _checked(call)
        pack = self.packs.setdefault(name, Pack())
        pack.updated, pack.tags = time.time(), call.parameters.get("Tags") or pack.tags
        try:
            self._deploy(call, pack, template, inputs)
            pack.state, pack.reason = "CREATE_COMPLETE", ""
        except Refused as refused:
            pack.state, pack.reason = "CREATE_FAILED", f"{refused.code}: {refused.message}"
        return json_answer({"ConformancePackArn": _arn(call, name, pack)})

    def on_delete_conformance_pack(self, call: Call) -> Answer:
        """Delete a pack with its rules and remediations."""
        pack = self._find(call.parameters["ConformancePackName"])
        self._forget(pack, list(pack.rules))
        del self.packs[call.parameters["ConformancePackName"]]
        return json_answer({})

    def on_describe_conformance_packs(self, call: Call) -> Answer:
        """List packs in pages of 20 at most."""
        return json_answer(self._page(call, "ConformancePackDetails", lambda name, pack: _described(call, name, pack)))

    def on_describe_conformance_pack_status(self, call: Call) -> Answer:
        """Tell the state of packs, and why it is what it is."""

        def status(name: str, pack: Pack) -> dict[str, Any]:
            why = {"ConformancePackStatusReason": pack.reason} if pack.reason else {}
            state = {"ConformancePackState": pack.state, "LastUpdateRequestedTime": pack.updated, **why}
            return {**_described(call, name, pack), "StackArn": "", **state}

        return json_answer(self._page(call, "ConformancePackStatusDetails", status))

    def on_list_tags_for_resource(self, call: Call) -> Answer:
        """List the tags of a pack; moto knows those of other resources."""
        for name, pack in self.packs.items():
            if call.parameters["ResourceArn"] == _arn(call, name, pack):
                return json_answer({"Tags": pack.tags})
        return call.forward()

    def _page(self, call: Call, member: str, tell: Any) -> dict[str, Any]:
        names = call.parameters.get("ConformancePackNames") or list(self.packs)
        start = int(call.parameters.get("NextToken") or 0)
        end = start + (call.parameters.get("Limit") or MAX_PAGE)
        more = {"NextToken": str(end)} if end < len(names) else {}
        return {member: [tell(name, self._find(name)) for name in names[start:end]], **more}

    def _find(self, name: str) -> Pack:
        if name not in self.packs:
            raise Refused("NoSuchConformancePackException", f"Conformance pack {name} does not exist")
        return self.packs[name]

    def _deploy(self, call: Call, pack: Pack, template: Template, inputs: Mapping[str, Any]) -> None:
        if not config_backends[call.account][call.region].recorders:
            message = "Configuration recorder is not available to put config rule."
            raise Refused("NoAvailableConfigurationRecorderException", message)
        found = list(_resources(template, inputs))
        rules = {each["ConfigRuleName"]: each for kind, each in found if kind == RULE}
        for name, rule in rules.items():
            self._refuse_uncallable(call, rule)
            pack.rules[name] = deployed = f"{name}-{pack.id}"
            given = {**rule, "ConfigRuleName": deployed, "InputParameters": json.dumps(rule.get("InputParameters", {}))}
            self.config.keep(call, given, created_by="config-conforms.amazonaws.com")
        self._forget(pack, [each for each in pack.rules if each not in rules])
        mended = [self._remediation(call, pack, each) for kind, each in found if kind == REMEDIATION]
        for name in pack.rules.values():
            if name not in mended:
                self.remediation.configurations.pop(name, None)

    def _remediation(self, call: Call, pack: Pack, given: Mapping[str, Any]) -> str:
        if given["ConfigRuleName"] not in pack.rules:
            raise invalid(f"the rule {given['ConfigRuleName']} is not in the pack")
        name = pack.rules[given["ConfigRuleName"]]
        self.remediation.keep(call, {**given, "ConfigRuleName": name})
        return name

    def _refuse_uncallable(self, call: Call, rule: Mapping[str, Any]) -> None:
        if rule["Source"]["Owner"] != "CUSTOM_LAMBDA":
            raise invalid(f"{rule['ConfigRuleName']}: only rules of CUSTOM_LAMBDA are played here")
        function = rule["Source"]["SourceIdentifier"]
        if not self.functions.callable_by(CONFIG, function, call.account):
            message = f"The AWS Lambda function {function} cannot be invoked. Check the specified function ARN, and "
            raise Refused("InsufficientPermissionsException", f"{message}check the function's permissions.")

    def _forget(self, pack: Pack, names: list[str]) -> None:
        for name in names:
            deployed = pack.rules.pop(name)
            self.remediation.configurations.pop(deployed, None)
            self.config.forget(deployed)


def _checked(call: Call) -> tuple[Template, dict[str, Any]]:
    given = call.parameters.get("ConformancePackInputParameters") or []
    inputs = {each["ParameterName"]: each["ParameterValue"] for each in given}
    text = call.parameters.get("TemplateBody", "")
    if not 1 <= len(text.encode()) <= MAX_BYTES:
        raise Refused("ConformancePackTemplateValidationException", f"TemplateBody: expected 1 to {MAX_BYTES} bytes")
    if len(inputs) > MAX_INPUTS or any(len(each) > MAX_VALUE for each in inputs.values()):
        message = f"expected at most {MAX_INPUTS} parameters of at most {MAX_VALUE} characters"
        raise Refused("InvalidParameterValueException", message)
    try:
        template = Template.parse(text)
        values = template.parameters(inputs)
        if other := sorted({each["Type"] for each in template.resources.values()} - {RULE, REMEDIATION}):
            raise invalid(f"expected rules and remediations alone, found {other}")
        template.order(template.conditions(values))
    except Refused as refused:
        raise Refused("ConformancePackTemplateValidationException", refused.message) from None
    return template, values


def _resources(template: Template, values: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Yield type and properties in the order of dependencies; a resource's Ref is its rule's name."""

    def look(logical: str, _: str | None) -> Any:
        return template.resources[logical]["Properties"]["ConfigRuleName"]

    conditions = template.conditions(values)
    resolve = Resolver(values, conditions, look)
    for name in template.order(conditions):
        yield template.resources[name]["Type"], resolve(template.resources[name]["Properties"])


def _arn(call: Call, name: str, pack: Pack) -> str:
    return f"arn:aws:config:{call.region}:{call.account}:conformance-pack/{name}/{pack.id}"


def _described(call: Call, name: str, pack: Pack) -> dict[str, Any]:
    return {
        "ConformancePackName": name,
        "ConformancePackArn": _arn(call, name, pack),
        "ConformancePackId": pack.id,
    }
