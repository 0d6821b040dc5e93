"""Steps: every remediation clicked, and clicked again; what must be refused; every change taken back."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Final

from s3_guardrails.acceptance.change import BUCKET, CHANGES, KEY, Begin, clicked, ledger
from s3_guardrails.acceptance.execution import (
    APPROVER,
    WAITING,
    Execution,
    at_rest,
    document_name,
    failure,
    start,
    told,
)
from s3_guardrails.acceptance.outcome import Unlike
from s3_guardrails.acceptance.run import POLL_SECONDS, Run, differences, tried
from s3_guardrails.acceptance.seed import (
    DEFAULT,
    DUTIES,
    LEAST,
    TLS,
    WAIVED,
)
from s3_guardrails.acceptance.sow import key_id
from s3_guardrails.acceptance.step import Step
from s3_guardrails.errors import ChangeFailed
from s3_guardrails.remediate.approval import Asked, approved_by, same_person


@dataclass(frozen=True, slots=True)
class Refused:
    """A remediation that must be refused, and with which code."""

    what: str
    code: str
    begin: Begin


REFUSED: Final = (
    Refused("an exempt bucket", "EXEMPT", clicked(TLS, "RequireTls", BUCKET, lambda run: run.name(WAIVED))),
    Refused(
        "a default without a key to choose",
        "CHOOSE_KEY",
        clicked(DEFAULT, CHANGES["default-encryption"].document, BUCKET, ledger),
    ),
    Refused(
        "duties of nobody declared",
        "ROLE_UNDECLARED",
        clicked(LEAST, "RestrictKeyPolicy", KEY, partial(key_id, label=DUTIES)),
    ),
)


def refusals(run: Run) -> str:
    """Click where a remediation must refuse; its execution fails and says why."""
    rows = []
    for each in REFUSED:
        execution = at_rest(run, each.begin(run))
        said = failure(execution) if execution["AutomationExecutionStatus"] == "Failed" else "no refusal"
        rows.append((each.what, each.code, each.code if each.code in said else said))
    if differ := differences(rows):
        raise Unlike(differ)
    return f"{len(rows)} executions failed and said {', '.join(each.code for each in REFUSED)}"


def self_approval(run: Run) -> str:
    """Start a remediation, approve it as the same person: it must go on waiting."""
    bucket, ssm = run.name("archive"), run.client("ssm")
    execution = start(run, "RequireTls", ResourceId=bucket, Approval="always")
    if (status := at_rest(run, execution)["AutomationExecutionStatus"]) != WAITING:
        raise Unlike(f"expected that it waits for an approval, found {status}")
    signal = {"AutomationExecutionId": execution, "SignalType": "Approve"}
    answer = tried(lambda: ssm.send_automation_signal(**signal))
    run.clock.sleep(POLL_SECONDS)  # an approval that counts takes a while to show
    after = told(run, execution)
    ssm.stop_automation_execution(AutomationExecutionId=execution, Type="Cancel")
    policy = tried(lambda: run.client("s3").get_bucket_policy(Bucket=bucket))
    rows = [
        ("after the starter's own approval", WAITING, after["AutomationExecutionStatus"]),
        ("the bucket's policy", "NoSuchBucketPolicy", policy),
    ]
    if differ := differences(rows):
        raise Unlike(differ)
    return f"the starter's approval was answered with {answer}, the execution went on waiting, nothing was written"


def approval_told(run: Run) -> str:
    """Read who started and who approved, of a click in AWS Config and of an Automation of Systems Manager."""
    outputs, wrong = run.outputs(), []
    for document in ("RequireTls", "RestrictKeyPolicy"):
        execution: Execution = run.noted[f"execution {document}"]
        function = outputs[f"{document}RemediationFunctionArn"]
        asked = Asked(
            document=document_name(run, document),
            function=function,
            headline="",
            approvers=(run.role_arn(APPROVER),),
        )
        try:
            approved_by({name: each for name, each in execution.items() if name != "ExecutionEndTime"}, asked)
        except ChangeFailed as error:
            wrong.append(f"{document}: {error}")
        if not same_person(execution["ExecutedBy"], run.caller):
            wrong.append(f"{document} is told as started by {execution['ExecutedBy']}, and {run.caller} did")
    if wrong:
        raise Unlike("; ".join(wrong))
    return "both executions name who started them and who approved, in the form that is read"


def evidence(run: Run) -> str:
    """Read the pre-image of a change from the evidence bucket, and look what it is encrypted with."""
    outputs, plan = run.outputs(), run.noted["plan RequireTls"]
    at = {"Bucket": outputs["EvidenceBucketName"], "Key": f"remediation/{plan}/before.json"}
    found = run.client("s3").get_object(**at)
    if found.get("SSEKMSKeyId") != outputs["EvidenceKeyArn"]:
        raise Unlike(f"the pre-image is under {found.get('SSEKMSKeyId') or found.get('ServerSideEncryption')}")
    return f"the pre-image is {len(found['Body'].read())} bytes under the evidence key, in partition {run.partition}"


def _make(name: str, shows: str, *needs: str, settles: bool = False) -> Step:
    change = CHANGES[name]
    return Step(
        id=f"click-{name}",
        shows=f"{change.document} {shows}; clicked again, it writes nothing.",
        run=change.make,
        minutes=1.5,
        needs=("deploy", "seed", *needs),
        makes="evidence",
        settles=settles,
    )


def _undo(name: str, *needs: str) -> Step:
    change = CHANGES[name]
    return Step(
        id=f"undo-{name}",
        shows=f"UndoRemediation puts back what {change.document} found, byte by byte.",
        run=change.undo,
        minutes=1,
        needs=(f"click-{name}", *needs),
    )


STEPS: Final = (
    Step(
        id="refusals",
        shows="What must not be changed is refused, with the reason.",
        run=refusals,
        minutes=2,
        needs=("deploy", "seed"),
    ),
    Step(
        id="self-approval",
        shows="Whoever starts a remediation cannot approve it.",
        run=self_approval,
        minutes=1,
        needs=("deploy", "seed"),
    ),
    _make("default-encryption", "names the right key"),
    _make("tls", "makes the bucket refuse plain HTTP, started in AWS Config", settles=True),
    _make("uploads", "makes the bucket refuse wrong uploads", "click-default-encryption", "click-tls"),
    _make("block-sse-c", "has S3 refuse SSE-C"),
    _make("rotation", "lets the key rotate"),
    _make("key-policy", "takes one of two duties away"),
    Step(
        id="approval-told",
        shows="GetAutomationExecution tells who started and who approved.",
        run=approval_told,
        minutes=0.2,
        needs=("click-tls", "click-key-policy"),
        settles=True,
    ),
    Step(
        id="evidence",
        shows="The pre-image is in the evidence bucket, under its key.",
        run=evidence,
        minutes=0.2,
        needs=("click-tls",),
        settles=True,
    ),
)
BACK: Final = (
    _undo("uploads"),
    _undo("tls", "undo-uploads"),
    _undo("default-encryption", "undo-uploads"),
    _undo("block-sse-c"),
    _undo("rotation"),
    _undo("key-policy"),
)
