"""Renders ``remediation/<VerbNoun>.yaml``: Systems Manager Automation documents, one form for all remediations.

Plan → (Approve) → Apply → Verify. Every step but the approval calls the remediation's Lambda function; there is no
logic in the documents but which step is next. Source: Systems Manager User Guide, "Systems Manager Automation actions
reference"; a document has at most 64 KB.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import yaml

from s3_guardrails.errors import MalformedRule
from s3_guardrails.parameters import Documented, Parameters
from s3_guardrails.remediate.plan import Status
from s3_guardrails.remediate.remediation import REMEDIATIONS, Remediation
from s3_guardrails.remediate.undo import NAME as UNDO

MAX_BYTES: Final = 65_536
STEP_SECONDS: Final = 300
"""The longest that aws:invokeLambdaFunction waits."""
WEEK: Final = 7 * 24 * 3600

HEADER: Final = (
    "# Rendered by `s3-guardrails catalogue --write` from src/s3_guardrails/remediate; edit the classes there.\n"
)

Node = dict[str, Any]


def render_documents() -> Mapping[str, str]:
    """Return the text of every document by its name; raise MalformedRule where a limit is passed."""
    found = {name: _document(_about(each), _subject(each), each.Options) for name, each in REMEDIATIONS.items()}
    found[UNDO] = _document(_UNDOES, _PLAN_ID, Parameters)
    return {name: _text(name, document) for name, document in found.items()}


def _text(name: str, document: Node) -> str:
    text = HEADER + yaml.dump(document, Dumper=_Plain, sort_keys=False, allow_unicode=True, width=120)
    if len(text.encode()) > MAX_BYTES:
        raise MalformedRule(f"remediation/{name}.yaml: expected at most {MAX_BYTES} bytes, found {len(text.encode())}")
    return text


class _Plain(yaml.SafeDumper):
    """Writes equal lists and maps out, each time."""

    def ignore_aliases(self, _: Any) -> bool:
        """Never write an anchor."""
        return True


def _about(remediation: Remediation) -> str:
    return " ".join((type(remediation).__doc__ or "").split())


def _subject(remediation: Remediation) -> tuple[str, str, str]:
    bucket = remediation.setting.of_bucket
    return _BUCKET if bucket else _KEY


_BUCKET: Final = ("ResourceId", "Name of the bucket.", r"^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$")
_KEY: Final = (
    "ResourceId",
    "Id or ARN of the key.",
    r"^(arn:aws[a-z-]*:kms:[a-z0-9-]+:[0-9]{12}:key/)?(mrk-)?[A-Za-z0-9-]{1,64}$",
)
_PLAN_ID: Final = ("PlanId", "The plan to take back, as its Apply step gave it.", r"^[A-Za-z]{3,64}-[0-9a-f]{24}$")
_UNDOES: Final = (
    "Put back what a remediation found before it wrote, byte for byte, if nothing was changed since; a policy or a "
    "rotation that was not there is taken away again. A person must approve."
)


def _document(about: str, subject: tuple[str, str, str], options: type[Parameters]) -> Node:
    name, what, pattern = subject
    declared = tuple(options.documented())
    return {
        "schemaVersion": "0.3",
        "description": f"{about}\n\nPlan, approve where a person must look, apply if nothing changed since, verify. "
        "See docs/remediation.md.",
        "assumeRole": "{{ AutomationAssumeRole }}",
        "parameters": {
            name: {"type": "String", "description": what, "allowedPattern": pattern},
            **_COMMON,
            **{each.name: _option(each) for each in declared},
        },
        "mainSteps": _steps(name, declared),
        "outputs": ["Plan.Status", "Plan.PlanId", "Verify.Verdict"],
    }


_COMMON: Final[Node] = {
    "AutomationAssumeRole": {
        "type": "String",
        "description": "ARN of the role that the automation runs with: it may call the function and nothing else.",
        "allowedPattern": r"^arn:aws[a-z-]*:iam::[0-9]{12}:role/[A-Za-z0-9+=,.@_/-]{1,512}$",
    },
    "FunctionArn": {
        "type": "String",
        "description": "ARN of the remediation's Lambda function.",
        "allowedPattern": r"^arn:aws[a-z-]*:lambda:[a-z0-9-]+:[0-9]{12}:function:[A-Za-z0-9_-]{1,64}$",
    },
    "Approvers": {
        "type": "StringList",
        "description": "ARNs of users or roles, any one of which can approve, if the function was deployed with it; "
        "whoever starts the execution cannot.",
        "minItems": 1,
        "maxItems": 10,
    },
    "Approval": {
        "type": "String",
        "description": "auto: approval where the plan asks for it; always: approval before every change.",
        "default": "auto",
        "allowedValues": ["auto", "always"],
    },
}


def _option(each: Documented) -> Node:
    return {
        "type": "String",
        "description": each.doc,
        "default": each.default,
        "allowedPattern": r"^(true|false)$" if each.default in {"true", "false"} else r"^[A-Za-z0-9:/_.,=+@-]{0,512}$",
    }


def _steps(subject: str, options: tuple[Documented, ...]) -> list[Node]:
    chosen = {each.name: f"{{{{ {each.name} }}}}" for each in options}
    about = {"resource": f"{{{{ {subject} }}}}", **chosen}
    planned = {"planId": "{{ Plan.PlanId }}"}
    run = {"executionId": "{{ automation:EXECUTION_ID }}", "approval": "{{ Approval }}"}
    answers = {"Status": "status", "PlanId": "planId", "NeedsApproval": "needsApproval", "Message": "message"}
    return [
        _call("Plan", {"step": "plan", **about}, answers, attempts=2),
        _branch("AfterPlan", _AFTER_PLAN, "Unexpected"),
        _APPROVE,
        _call("Apply", {"step": "apply", **about, **planned, **run}, {"Status": "status", "PlanId": "planId"}),
        _branch("AfterApply", [_status("Apply", each, "Verify") for each in _WRITTEN], "Unexpected"),
        _call("Verify", {"step": "verify", **about, **planned}, {"Status": "status", "Verdict": "verdict"}, attempts=2),
        _branch("AfterVerify", [{"Not": _is("Verify.Status", Status.VERIFIED), "NextStep": "Unexpected"}], None),
        {**_call("Unexpected", {"step": "fail", "status": "{{ Plan.Status }}"}, {}), "isEnd": True},
    ]


def _call(name: str, payload: Mapping[str, str], answers: Mapping[str, str], *, attempts: int = 1) -> Node:
    step: Node = {
        "name": name,
        "action": "aws:invokeLambdaFunction",
        "maxAttempts": attempts,
        "timeoutSeconds": STEP_SECONDS,
        "onFailure": "Abort",
        "inputs": {"FunctionName": "{{ FunctionArn }}", "InputPayload": dict(payload)},
    }
    outputs = [{"Name": name, "Selector": f"$.Payload.{key}", "Type": "String"} for name, key in answers.items()]
    return {**step, "outputs": outputs} if outputs else step


def _branch(name: str, choices: list[Node], default: str | None) -> Node:
    inputs: Node = {"Choices": choices, **({"Default": default} if default else {})}
    return {"name": name, "action": "aws:branch", "inputs": inputs, **({} if default else {"isEnd": True})}


def _is(variable: str, value: str) -> Node:
    return {"Variable": f"{{{{ {variable} }}}}", "StringEquals": str(value)}


def _status(step: str, status: Status, then: str) -> Node:
    return {**_is(f"{step}.Status", status), "NextStep": then}


_WRITTEN: Final = (Status.APPLIED, Status.NOTHING_TO_DO)
_ASKED: Final[Node] = {"Or": [_is("Plan.NeedsApproval", "true"), _is("Approval", "always")]}
_AFTER_PLAN: Final[list[Node]] = [
    _status("Plan", Status.NOTHING_TO_DO, "Verify"),
    {"And": [_is("Plan.Status", Status.PLANNED), _ASKED], "NextStep": "Approve"},
    _status("Plan", Status.PLANNED, "Apply"),
]
_APPROVE: Final[Node] = {
    "name": "Approve",
    "action": "aws:approve",
    "timeoutSeconds": WEEK,
    "onFailure": "Abort",
    "inputs": {"Approvers": "{{ Approvers }}", "MinRequiredApprovals": 1, "Message": "{{ Plan.Message }}"},
}
