"""AWS Config remediation: a rule's configuration, and executions of its document for resources.

Only what a person starts is played: a configuration may be automatic, but nothing starts by itself. Source: AWS Config
API Reference. Whom Systems Manager records as having started an execution is not said there: here it is the caller.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from s3_guardrails.embedded.automation.execution import Execution, Status, StepRun
from s3_guardrails.embedded.automation_service import AutomationService, document_named
from s3_guardrails.embedded.call import Answer, Call, Refused, json_answer
from s3_guardrails.embedded.config_service import ConfigService, Resource

MAX_KEYS: Final = 100
MAX_VALUES: Final = 25
MAX_CHARACTERS: Final = 256
_AUTOMATIC: Final = ("MaximumAutomaticAttempts", "RetryAttemptSeconds")
_STATES: Final = {Status.SUCCESS: "SUCCEEDED", Status.IN_PROGRESS: "IN_PROGRESS", Status.WAITING: "IN_PROGRESS"}


@dataclass(slots=True)
class RemediationService:
    """Configurations by rule, and the last execution by rule and resource. Methods ``on_…`` answer operations."""

    automation: AutomationService
    config: ConfigService
    configurations: dict[str, dict[str, Any]] = field(default_factory=dict)
    executions: dict[tuple[str, Resource], tuple[str, float]] = field(default_factory=dict)

    def on_put_remediation_configurations(self, call: Call) -> Answer:
        """Keep configurations, all or none; their documents exist and have the parameters."""
        given = call.parameters["RemediationConfigurations"]
        for each in given:
            if "CreatedBy" in self.config.rules.get(each["ConfigRuleName"], {}):
                raise _invalid(f"the rule {each['ConfigRuleName']} belongs to a conformance pack")
            self._check(call, each)
        for each in given:
            self.keep(call, each)
        return json_answer({"FailedBatches": []})

    def keep(self, call: Call, given: Mapping[str, Any]) -> None:
        """Keep one configuration whose document exists and has its parameters; raise Refused."""
        self._check(call, given)
        arn = f"arn:aws:config:{call.region}:{call.account}:remediation-configuration/{given['ConfigRuleName']}"
        self.configurations[given["ConfigRuleName"]] = {"Automatic": False, **given, "Arn": arn}

    def on_describe_remediation_configurations(self, call: Call) -> Answer:
        """Return the configurations of the named rules that have one."""
        names = call.parameters["ConfigRuleNames"]
        found = [self.configurations[name] for name in names if name in self.configurations]
        return json_answer({"RemediationConfigurations": found})

    def on_delete_remediation_configuration(self, call: Call) -> Answer:
        """Forget a rule's configuration."""
        self._configuration(call)
        del self.configurations[call.resource]
        return json_answer({})

    def on_start_remediation_execution(self, call: Call) -> Answer:
        """Start the document once for each resource; one that still runs for a resource must end first."""
        configuration, keys = self._configuration(call), call.parameters["ResourceKeys"]
        if not 1 <= len(keys) <= MAX_KEYS:
            raise _invalid(f"ResourceKeys: expected 1 to {MAX_KEYS}, found {len(keys)}")
        failed, messages = [], []
        for key in keys:
            try:
                self._start(call, configuration, key)
            except Refused as refused:
                failed.append(key)
                messages.append(f"{key['resourceId']}: {refused.message}")
        return json_answer({"FailureMessage": "; ".join(messages), "FailedItems": failed} if failed else {})

    def on_describe_remediation_execution_status(self, call: Call) -> Answer:
        """Return the state of the last execution of each resource, with its steps."""
        self._configuration(call)
        keys = call.parameters.get("ResourceKeys")
        wanted = None if keys is None else {_resource(each) for each in keys}
        found = [
            self._status(resource, *execution)
            for (rule, resource), execution in self.executions.items()
            if rule == call.resource and (wanted is None or resource in wanted)
        ]
        return json_answer({"RemediationExecutionStatuses": found})

    def _configuration(self, call: Call) -> dict[str, Any]:
        if call.resource not in self.configurations:
            message = f"No RemediationConfiguration for rule {call.resource} exists"
            raise Refused("NoSuchRemediationConfigurationException", message)
        return self.configurations[call.resource]

    def _check(self, call: Call, given: Mapping[str, Any]) -> None:
        name = given["ConfigRuleName"]
        if name not in self.config.rules:
            raise _invalid(f"the rule {name} does not exist")
        try:
            _, document = document_named(call, given["TargetId"], given.get("TargetVersion"))
        except Refused as refused:
            raise _invalid(refused.message) from None
        parameters = given.get("Parameters", {})
        for parameter, value in parameters.items():
            if parameter not in document.parameters:
                raise _invalid(f"{given['TargetId']} has no parameter {parameter}")
            _check_value(parameter, value)
        for parameter, declared in document.parameters.items():
            if not declared.optional and parameter not in parameters:
                raise _invalid(f"{given['TargetId']} needs a value for {parameter}")
        if given.get("Automatic") and ("AutomationAssumeRole" not in parameters or not set(_AUTOMATIC) <= set(given)):
            raise _invalid(f"automatic remediation needs AutomationAssumeRole, {', '.join(_AUTOMATIC)}")

    def _start(self, call: Call, configuration: Mapping[str, Any], key: Mapping[str, str]) -> None:
        known = call.resource, _resource(key)
        if known in self.executions and self._execution(self.executions[known][0]).ended is None:
            raise _invalid("a remediation of this resource is still in progress")
        parameters = {
            name: [key["resourceId"]] if "ResourceValue" in value else list(value["StaticValue"]["Values"])
            for name, value in configuration.get("Parameters", {}).items()
        }
        version = configuration.get("TargetVersion")
        execution_id = self.automation.start(call, configuration["TargetId"], parameters, version)
        self.executions[known] = execution_id, time.time()

    def _execution(self, execution_id: str) -> Execution:
        return self.automation.refresh(execution_id).execution

    def _status(self, resource: Resource, execution_id: str, invoked: float) -> dict[str, Any]:
        execution = self._execution(execution_id)
        return {
            "ResourceKey": {"resourceType": resource[0], "resourceId": resource[1]},
            "State": _STATES.get(execution.status, "FAILED"),
            "StepDetails": [_step(each) for each in list(execution.steps)],
            "InvocationTime": invoked,
            "LastUpdatedTime": time.time(),
        }


def _resource(key: Mapping[str, str]) -> Resource:
    return key["resourceType"], key["resourceId"]


def _step(run: StepRun) -> dict[str, Any]:
    details = {
        "Name": run.step.name,
        "State": _STATES.get(run.status, "FAILED"),
        "StartTime": run.started.timestamp(),
        "StopTime": run.ended and run.ended.timestamp(),
        "ErrorMessage": run.failure,
    }
    return {name: value for name, value in details.items() if value}


def _check_value(name: str, value: Mapping[str, Any]) -> None:
    if len(value) != 1:
        raise _invalid(f"{name}: expected either ResourceValue or StaticValue")
    if "ResourceValue" in value:
        if value["ResourceValue"].get("Value") != "RESOURCE_ID":
            raise _invalid(f"{name}: expected RESOURCE_ID")
        return
    values = value["StaticValue"]["Values"]
    if not 1 <= len(values) <= MAX_VALUES or not all(1 <= len(each) <= MAX_CHARACTERS for each in values):
        raise _invalid(f"{name}: expected 1 to {MAX_VALUES} values of 1 to {MAX_CHARACTERS} characters")


def _invalid(message: str) -> Refused:
    return Refused("InvalidParameterValueException", message)
