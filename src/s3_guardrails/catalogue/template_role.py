"""Renders roles: who may assume one, and one statement for each thing that its grants are about."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from s3_guardrails.catalogue.permissions import Grant, On, by_kind
from s3_guardrails.catalogue.template_text import GetAtt, Node, Reasons, Ref, Sub

AUTOMATION_PATH: Final = "/s3-encryption-guardrails/automation/"
"""Of the roles that operators pass: CloudFormation shortens names, and a path is the same in every account."""

_REGIONAL: Final = "${AWS::Region}:${AWS::AccountId}"
_OWN: Final[Node] = {"StringEquals": {"aws:ResourceAccount": Ref("AWS::AccountId")}}
_VIA_S3: Final[Node] = {"StringEquals": {"kms:ViaService": Sub("s3.${AWS::Region}.${AWS::URLSuffix}")}}
_VIA_SNS: Final[Node] = {"StringEquals": {"kms:ViaService": Sub("sns.${AWS::Region}.${AWS::URLSuffix}")}}

_Patterns = tuple[tuple[str, ...], str]

_BUCKETS: Final[_Patterns] = ((Sub("arn:${AWS::Partition}:s3:::*"),), "any bucket of the account can be asked for")
_KEYS: Final[_Patterns] = (
    (Sub(f"arn:${{AWS::Partition}}:kms:{_REGIONAL}:key/*"),),
    "any key of the account and Region can be asked for",
)
_PRINCIPALS: Final = tuple(
    Sub(f"arn:${{AWS::Partition}}:iam::${{AWS::AccountId}}:{kind}/*") for kind in ("role", "user")
)
_RULES: Final = Sub(f"arn:${{AWS::Partition}}:config:{_REGIONAL}:config-rule/*")
_EXECUTIONS: Final = Sub(f"arn:${{AWS::Partition}}:ssm:{_REGIONAL}:automation-execution/*")
_ANY: Final[dict[On, _Patterns]] = {
    On.BUCKETS: _BUCKETS,
    On.KEYS: _KEYS,
    On.KEYS_OF_OTHERS: (
        (Sub("arn:${AWS::Partition}:kms:${AWS::Region}:*:key/*"),),
        "the key that a bucket's default names",
    ),
    On.ACCOUNT: (("*",), "these actions take no ARN"),
    On.CONFIG_RULES: ((_RULES,), "AWS Config makes up the id"),
    On.CONFIG_RULES_STARTED: ((_RULES,), "AWS Config makes up the id"),
    On.PRINCIPALS: (_PRINCIPALS, "whoever the key's policy names"),
    On.EXECUTIONS: ((_EXECUTIONS,), "Systems Manager makes up the id"),
    On.EVIDENCE: ((Sub("${EvidenceBucket.Arn}/remediation/*"),), "a folder for each plan"),
    On.BUCKETS_WRITTEN: _BUCKETS,
    On.KEYS_WRITTEN: _KEYS,
}
"""What can only be named by patterns, and why."""
_ONE: Final[dict[On, GetAtt | Ref]] = {
    On.EVIDENCE_BUCKET: GetAtt("EvidenceBucket.Arn"),
    On.EVIDENCE_KEY: GetAtt("EvidenceKey.Arn"),
    On.ALERTS: Ref("AlertTopic"),
    On.ALERT_KEY: GetAtt("AlertKey.Arn"),
}
_CONDITIONS: Final[dict[On, Node]] = {
    On.BUCKETS: _OWN,
    On.BUCKETS_WRITTEN: _OWN,
    On.EVIDENCE_KEY: _VIA_S3,
    On.ALERT_KEY: _VIA_SNS,
}
_SPARED: Final[dict[On, Any]] = {
    On.BUCKETS_WRITTEN: GetAtt("EvidenceBucket.Arn"),
    On.KEYS_WRITTEN: GetAtt("EvidenceKey.Arn"),
}
"""What is never written, whatever is asked for."""


def function_role(grants: Iterable[Grant], reasons: Reasons, logs: Any) -> Node:
    """Return the role of a Lambda function that writes to the log groups `logs` (ARNs that end in `:*`)."""
    statements = [
        each for kind, of_kind in by_kind(grants).items() for each in _statements(kind, of_kind, reasons, logs)
    ]
    return _role({"Service": "lambda.amazonaws.com"}, None, "function", statements)


def automation_role(function: str, reasons: Reasons) -> Node:
    """Return the role that an Automation document runs with."""
    invoke = {
        "Sid": "RunTheSteps",
        "Effect": "Allow",
        "Action": [reasons.beside("lambda:InvokeFunction", "every step but the approval is this function")],
        "Resource": GetAtt(f"{function}.Arn"),
    }
    source = {
        "StringEquals": {"aws:SourceAccount": Ref("AWS::AccountId")},
        "ArnLike": {"aws:SourceArn": _any(On.EXECUTIONS, reasons)},
    }
    role = _role({"Service": "ssm.amazonaws.com"}, source, "automation", [invoke])
    role["Properties"] = {"Path": AUTOMATION_PATH, **role["Properties"]}
    return role


def _statements(kind: On, grants: tuple[Grant, ...], reasons: Reasons, logs: Any) -> Iterable[Node]:
    yield {
        "Sid": kind.value,
        "Effect": "Allow",
        "Action": [reasons.beside(each.action, each.why) for each in grants],
        "Resource": logs if kind is On.LOGS else _ONE.get(kind) or _any(kind, reasons),
        **({"Condition": _CONDITIONS[kind]} if kind in _CONDITIONS else {}),
    }
    if kind in _SPARED:
        yield {
            "Sid": f"Never{kind.value}OfEvidence",
            "Effect": "Deny",
            "Action": [reasons.beside(each.action, "undoing relies on it") for each in grants],
            "Resource": _SPARED[kind],
        }


def _any(kind: On, reasons: Reasons) -> Any:
    patterns, why = _ANY[kind]
    marked = [reasons.beside(each, why) for each in patterns]
    return marked if len(marked) > 1 else marked[0]


def _role(principal: Node, condition: Node | None, name: str, statements: list[Node]) -> Node:
    trust = {"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole"}
    document = {"Version": "2012-10-17", "Statement": [{**trust, **({"Condition": condition} if condition else {})}]}
    policy = {"PolicyName": name, "PolicyDocument": {"Version": "2012-10-17", "Statement": statements}}
    return {
        "Type": "AWS::IAM::Role",
        "Properties": {"AssumeRolePolicyDocument": document, "Policies": [policy]},
    }
