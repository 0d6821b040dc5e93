"""Renders what reads the register of exemptions: who may, and the function that has AWS Config look again each day."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from s3_guardrails.catalogue.permissions import EVALUATORS, EXEMPTION_READERS, REFRESHER, REMEDIATORS, Grant, On
from s3_guardrails.catalogue.template_functions import LOGS, function_stanza, rule_permission
from s3_guardrails.catalogue.template_role import function_role
from s3_guardrails.catalogue.template_text import GetAtt, Line, Node, Reasons, Ref, Sub
from s3_guardrails.live.exemptions import LOCATION

NAME: Final = "ExemptionRefresh"
HANDLER: Final = "s3_guardrails.config.refresh.lambda_handler"
TIMEOUT: Final = 60
CONDITION: Final = "ExemptionsAreGiven"
AT: Final = "cron(20 0 * * ? *)"
"""Days are UTC days, and an exemption ends when its last one has."""

PLACE: Final = Sub("s3://${ExemptionsBucket}/${ExemptionsObject}")
"""It is there wherever the function is; the others are told by the template's globals."""

_ABOUT: Final[dict[On, tuple[str, Any]]] = {
    On.EXEMPTIONS: (CONDITION, Sub("arn:${AWS::Partition}:s3:::${ExemptionsBucket}/${ExemptionsObject}")),
    On.EXEMPTIONS_KEY: ("ExemptionsAreEncrypted", Ref("ExemptionsEncryptionKey")),
    On.SIGNING_KEY: ("ExemptionsAreSigned", Ref("ExemptionsSigningKey")),
}
"""What a grant is about, and where it is given."""


def exemptions() -> str:
    """Return the policies that let every reader read and verify the register, and the function's stanzas."""
    reasons = Reasons()
    policies = {f"May{kind.value}": _policy(kind, grants, reasons) for kind, grants in EXEMPTION_READERS.items()}
    return "\n".join(reasons.text({name: each}) for name, each in {**policies, **_refresh(reasons)}.items())


def readers() -> list[Any]:
    """Return the roles of all functions that read the register."""
    names = (*(f"{kind}EvaluatorRole" for kind in EVALUATORS), *(f"{name}FunctionRole" for name in REMEDIATORS))
    return [Ref(name) for name in (*names, f"{NAME}FunctionRole")]


def _policy(kind: On, grants: Iterable[Grant], reasons: Reasons) -> Node:
    condition, resource = _ABOUT[kind]
    statement = {
        "Sid": kind.value,
        "Effect": "Allow",
        "Action": [reasons.beside(each.action, each.why) for each in grants],
        "Resource": resource,
        **({"Condition": _through_s3(reasons)} if kind is On.EXEMPTIONS_KEY else {}),
    }
    properties = {
        "PolicyName": kind.value,
        "Roles": readers(),
        "PolicyDocument": {"Version": "2012-10-17", "Statement": [statement]},
    }
    return {"Type": "AWS::IAM::Policy", "Condition": condition, "Properties": properties}


def _through_s3(reasons: Reasons) -> Node:
    place = reasons.beside(Sub("s3.*.${AWS::URLSuffix}"), "the register's Region need not be this one")
    return {"StringLike": {"kms:ViaService": place}}


def _refresh(reasons: Reasons) -> Node:
    about = "Has AWS Config judge again where an exemption began, ended or was changed."
    role = f"{NAME}FunctionRole"
    schedule = {
        "Description": about,
        "ScheduleExpression": AT,
        "Targets": [Line(Id=NAME, Arn=GetAtt(f"{NAME}Function.Arn"))],
    }
    stanzas = {
        f"{NAME}Logs": LOGS,
        role: function_role(REFRESHER, reasons, GetAtt(f"{NAME}Logs.Arn")),
        f"{NAME}Function": function_stanza(NAME, HANDLER, about, role, TIMEOUT, {LOCATION: PLACE}),
        f"{NAME}Rule": {"Type": "AWS::Events::Rule", "Properties": schedule},
        f"{NAME}Permission": rule_permission(f"{NAME}Function", f"{NAME}Rule"),
    }
    return {name: {"Type": each["Type"], "Condition": CONDITION, **each} for name, each in stanzas.items()}
