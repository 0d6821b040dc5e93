"""Renders what of the monitoring depends on rules and remediations: the notifier, alarms of functions, two rules.

All goes one way: an event, EventBridge, the notifier, the topic. Alarms have no actions of their own: their changes of
state are events too, so that no AWS service needs the topic's key.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from s3_guardrails.catalogue.pack import logical_id
from s3_guardrails.catalogue.permissions import LIVE, NOTIFIER, REMEDIATORS
from s3_guardrails.catalogue.template_exemptions import NAME as REFRESH
from s3_guardrails.catalogue.template_functions import LOGS, evaluator, function_stanza, rule_permission
from s3_guardrails.catalogue.template_role import function_role
from s3_guardrails.catalogue.template_text import GetAtt, Line, Node, Reasons, Ref, if_else
from s3_guardrails.discovery import Entry

NAME: Final = "Notifier"
HANDLER: Final = "s3_guardrails.notify.handler.lambda_handler"
TIMEOUT: Final = 60
CONDITION: Final = "Monitored"
REFRESH_CONDITION: Final = "ExemptionsAreWatched"
DENIALS: Final = "UseOfKeysDenied"
"""The alarm that is written by hand."""
FOREIGN: Final = {
    "s3.amazonaws.com": ("PutBucketPolicy", "DeleteBucketPolicy", "PutBucketEncryption", "DeleteBucketEncryption"),
    "kms.amazonaws.com": ("EnableKeyRotation",),
}
"""Changes that are told unless a remediation makes them; those that are always told are written by hand."""


def monitoring(entries: Iterable[Entry]) -> str:
    """Return the notifier, an alarm for each function and each scheduled rule, and the rules that name these."""
    entries, reasons = tuple(entries), Reasons()
    alarms = {**_errors(entries), **_silences(entries)}
    refresh = f"{REFRESH}Errors"
    stanzas = [
        _notifier(reasons),
        *({name: each} for name, each in alarms.items()),
        {refresh: {**_failing(REFRESH), "Condition": REFRESH_CONDITION}},
        _told("ChangedElsewhere", "Policies and encryption changed by others than the remediations", _foreign()),
        _told("Alarm", "An alarm of this stack goes off", _alarms([DENIALS, *alarms], refresh)),
    ]
    return "\n".join(map(reasons.text, stanzas))


def _notifier(reasons: Reasons) -> Node:
    about = "Tells people what happens to keys, policies and functions."
    stanza = {
        f"{NAME}Logs": LOGS,
        f"{NAME}FunctionRole": function_role(NOTIFIER, reasons, GetAtt(f"{NAME}Logs.Arn")),
        f"{NAME}Function": function_stanza(
            NAME, HANDLER, about, f"{NAME}FunctionRole", TIMEOUT, {"GUARDRAILS_TOPIC": Ref("AlertTopic")}
        ),
    }
    return {name: _monitored(each) for name, each in stanza.items()}


def _monitored(stanza: Node) -> Node:
    """Return a resource that is there only where monitoring is switched on."""
    return {"Type": stanza["Type"], "Condition": CONDITION, **stanza}


def _errors(entries: Iterable[Entry]) -> dict[str, Node]:
    names = [*(logical_id(entry.name) for entry in entries), *REMEDIATORS, NAME]
    return {f"{name}Errors": _failing(name) for name in names}


def _failing(name: str) -> Node:
    about = "The function ended with an error."
    return _alarm(about, "Errors", name, Period=300, EvaluationPeriods=1, Threshold=0, **_ABOVE)


def _silences(entries: Iterable[Entry]) -> dict[str, Node]:
    """A scheduled rule is asked once a day; 26 hours leave room for one that is late."""
    about = "The rule was not asked for 26 hours."
    return {
        f"{logical_id(entry.name)}Silent": _alarm(
            about, "Invocations", logical_id(entry.name), Period=3600, EvaluationPeriods=26, Threshold=1, **_BELOW
        )
        for entry in entries
        if evaluator(entry) == LIVE
    }


_ABOVE: Final = {"ComparisonOperator": "GreaterThanThreshold", "TreatMissingData": "notBreaching"}
_BELOW: Final = {"ComparisonOperator": "LessThanThreshold", "TreatMissingData": "breaching"}


def _alarm(about: str, metric: str, name: str, **settings: Any) -> Node:
    properties = {
        "AlarmDescription": about,
        "Namespace": "AWS/Lambda",
        "MetricName": metric,
        "Dimensions": [Line(Name="FunctionName", Value=Ref(f"{name}Function"))],
        "Statistic": "Sum",
        **settings,
    }
    return _monitored({"Type": "AWS::CloudWatch::Alarm", "Properties": properties})


def _told(name: str, about: str, pattern: Node) -> Node:
    """Return a rule that calls the notifier, and its permission: the rule's ARN names account and Region."""
    rule = {
        "Description": about,
        "EventPattern": pattern,
        "Targets": [Line(Id=NAME, Arn=GetAtt(f"{NAME}Function.Arn"))],
    }
    return {
        f"{name}Rule": _monitored({"Type": "AWS::Events::Rule", "Properties": rule}),
        f"{name}Permission": _monitored(rule_permission(f"{NAME}Function", f"{name}Rule")),
    }


def _foreign() -> Node:
    """`anything-but` never matches what is absent, and users, root and services have no session issuer."""
    roles = [GetAtt(f"{name}FunctionRole.Arn") for name in REMEDIATORS]
    return {
        "source": [f"aws.{service.partition('.')[0]}" for service in FOREIGN],
        "detail-type": ["AWS API Call via CloudTrail"],
        "detail": {
            "eventSource": list(FOREIGN),
            "eventName": [name for names in FOREIGN.values() for name in names],
            "errorCode": [Line(exists=False)],
            "$or": [_issuer(Line(exists=False)), _issuer({"anything-but": roles})],
        },
    }


def _issuer(wanted: Node) -> Node:
    return {"userIdentity": {"sessionContext": {"sessionIssuer": {"arn": [wanted]}}}}


def _alarms(names: Iterable[str], refresh: str) -> Node:
    """Return the pattern of these alarms going off, and of one that is not there in every stack."""
    sometimes = if_else(REFRESH_CONDITION, GetAtt(f"{refresh}.Arn"), Ref("AWS::NoValue"))
    return {
        "source": ["aws.cloudwatch"],
        "detail-type": ["CloudWatch Alarm State Change"],
        "resources": [*(GetAtt(f"{name}.Arn") for name in names), sometimes],
        "detail": {"state": {"value": ["ALARM"]}},
    }
