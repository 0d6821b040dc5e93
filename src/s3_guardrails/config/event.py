"""What AWS Config hands to a rule's Lambda: checked once, with the path of whatever is missing."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from s3_guardrails.errors import EvaluationFailed, PolicySyntaxError
from s3_guardrails.live.shape import kind
from s3_guardrails.policy.strict_json import strict_json

CHANGE: Final = "ConfigurationItemChangeNotification"
OVERSIZED: Final = "OversizedConfigurationItemChangeNotification"
SCHEDULED: Final = "ScheduledNotification"


@dataclass(frozen=True, slots=True)
class Invocation:
    """One event. `role` is what to assume before asking AWS anything, None for the function's own credentials."""

    event: Mapping[str, Any]
    message: Mapping[str, Any]
    parameters: Mapping[str, Any]
    account: str
    region: str
    role: str | None

    @property
    def message_type(self) -> str:
        """The kind of notification."""
        return str(self.message.get("messageType"))

    @property
    def left_scope(self) -> bool:
        """Did the resource leave the rule's scope?"""
        return self.event.get("eventLeftScope") in (True, "true", "True")

    def item(self, name: str) -> Mapping[str, Any]:
        """Return `configurationItem` or `configurationItemSummary` with what every evaluation needs."""
        item = self.message.get(name)
        if not isinstance(item, Mapping):
            raise EvaluationFailed(f"invokingEvent.{name}: expected an object, found {kind(item)}")
        for element in ("resourceType", "resourceId", "configurationItemCaptureTime", "configurationItemStatus"):
            required(item, element, f"invokingEvent.{name}")
        return item


def read_event(event: Any) -> Invocation:
    """Check an event of AWS Config; raise EvaluationFailed with the path of what is not as expected."""
    if not isinstance(event, Mapping):
        raise EvaluationFailed(f"event: expected an object, found {kind(event)}")
    required(event, "resultToken", "event")
    message = _object(event, "invokingEvent")
    parameters = _object(event, "ruleParameters") if event.get("ruleParameters") else {}
    account = message.get("awsAccountId") or event.get("accountId")
    return Invocation(
        event=event,
        message=message,
        parameters=parameters,
        account=account if isinstance(account, str) else "",
        region=_region(event, parameters),
        role=_role(event, parameters),
    )


def _role(event: Mapping[str, Any], parameters: Mapping[str, Any]) -> str | None:
    """Return the role to assume, by rdklib's parameters; without any, none.

    rdklib would assume executionRoleArn by default: the recorder's service-linked role, which no Lambda can assume.
    """
    name = parameters.get("ExecutionRoleName")
    mode = str(parameters.get("AssumeRoleMode", bool(name))).lower()
    if mode not in {"true", "false"}:
        raise EvaluationFailed("ruleParameters.AssumeRoleMode: expected `true` or `false`")
    if mode == "false":
        return None
    role = required(event, "executionRoleArn", "event")
    return f"{role.split('/', 1)[0]}/{str(name).lstrip('/')}" if name else role


def _region(event: Mapping[str, Any], parameters: Mapping[str, Any]) -> str:
    arn = str(event.get("configRuleArn", "")).split(":")
    candidates = (
        parameters.get("ExecutionRoleRegion"),
        os.environ.get("AWS_REGION"),
        os.environ.get("AWS_DEFAULT_REGION"),
        arn[3] if len(arn) > 3 else None,
    )
    region = next((each for each in candidates if each), "")
    if not re.fullmatch(r"[a-z0-9-]+", str(region)):
        raise EvaluationFailed("event.configRuleArn: expected an ARN that names the Region")
    return str(region)


def _object(event: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    try:
        found = strict_json(required(event, name, "event"))
    except PolicySyntaxError as error:
        raise EvaluationFailed(f"event.{name}: {error}") from None
    if not isinstance(found, Mapping):
        raise EvaluationFailed(f"event.{name}: expected an object, found {kind(found)}")
    return found


def required(source: Mapping[str, Any], name: str, path: str) -> str:
    """Return a text that must be there; raise EvaluationFailed with its path."""
    value = source.get(name)
    if not isinstance(value, str) or not value:
        expected = "a non-empty string, found an empty one" if value == "" else f"a string, found {kind(value)}"
        raise EvaluationFailed(f"{path}.{name}: expected {expected}")
    return value
