"""The events by which AWS Config invokes a rule's function, in the shapes of captured ones."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final

from s3_guardrails.embedded.config_service import ConfigService
from s3_guardrails.embedded.item import Item

MAX_PUSHED: Final = 256 * 1024
"""Bytes of an item that AWS Config pushes (those of an Amazon SNS message); a larger one is only announced."""

Event = dict[str, Any]
_NOT_IN_SUMMARY: Final = {"configuration", "supplementaryConfiguration", "tags", "relationships", "relatedEvents"}


def change_event(config: ConfigService, account: str, rule: str, item: Item) -> Event:
    """Return the event for an item: pushed, or announced where it is too large."""
    notification: dict[str, Any] = {"notificationCreationTime": _now(), "recordVersion": "1.3"}
    if len(json.dumps(item)) > MAX_PUSHED:
        summary = {name: value for name, value in item.items() if name not in _NOT_IN_SUMMARY}
        notification["messageType"] = "OversizedConfigurationItemChangeNotification"
        notification["configurationItemSummary"] = {"changeType": "UPDATE", **summary}
    else:
        notification["messageType"] = "ConfigurationItemChangeNotification"
        notification |= {"configurationItemDiff": None, "configurationItem": item}
    return _event(config, account, rule, notification)


def scheduled_event(config: ConfigService, account: str, rule: str) -> Event:
    """Return the event of a periodic rule."""
    notification = {"awsAccountId": account, "notificationCreationTime": _now(), "recordVersion": "1.0"}
    return _event(config, account, rule, {**notification, "messageType": "ScheduledNotification"})


def _event(config: ConfigService, account: str, rule: str, notification: Mapping[str, Any]) -> Event:
    stored = config.rules[rule]
    return {
        "version": "1.0",
        "invokingEvent": json.dumps(notification),
        "ruleParameters": stored["InputParameters"],
        "resultToken": config.issue_token(rule),
        "eventLeftScope": False,
        "executionRoleArn": f"arn:aws:iam::{account}:role/config-role",
        "configRuleArn": stored["ConfigRuleArn"],
        "configRuleName": rule,
        "configRuleId": stored["ConfigRuleId"],
        "accountId": account,
    }


def _now() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z")
