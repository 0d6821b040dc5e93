"""Steps: every remediation clicked, and clicked again; what must be refused; every change taken back."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

from botocore.exceptions import ClientError

from s3_guardrails.acceptance.execution import (
    APPROVER,
    WAITING,
    Execution,
    at_rest,
    click,
    ended,
    failure,
    output,
    start,
    succeeded,
    told,
)
from s3_guardrails.acceptance.outcome import Unlike
from s3_guardrails.acceptance.run import POLL_SECONDS, Run, code_of, differences, tried
from s3_guardrails.acceptance.seed import DEFAULT, DUTIES, IDLE, LEAST, LEDGER, MAIN, ROTATION, TLS, UPLOADS, WAIVED
from s3_guardrails.acceptance.sow import PIPELINE, key_arn, key_id
from s3_guardrails.acceptance.step import Step
from s3_guardrails.errors import ChangeFailed
from s3_guardrails.remediate.approval import Asked, approved_by, same_person

BUCKET: Final = "AWS::S3::Bucket"
KEY: Final = "AWS::KMS::Key"
Read = Callable[[Run], Any]
Begin = Callable[[Run], str]
"""Starts an execution; returns its id."""


def bucket_policy(run: Run) -> str:
    """Return the text of the ledger's policy, empty where there is none."""
    try:
        return str(run.client("s3").get_bucket_policy(Bucket=run.name(LEDGER))["Policy"])
    except ClientError as error:
        if code_of(error) != "NoSuchBucketPolicy":
            raise
    return ""


def default_encryption(run: Run) -> Any:
    """Return the ledger's default encryption."""
    return run.client("s3").get_bucket_encryption(Bucket=run.name(LEDGER))["ServerSideEncryptionConfiguration"]


def rotation(run: Run) -> Any:
    """Return whether the idle key rotates."""
    return run.client("kms").get_key_rotation_status(KeyId=key_id(run, IDLE))["KeyRotationEnabled"]


def key_policy(run: Run) -> str:
    """Return the text of the policy with mixed duties."""
    return str(run.client("kms").get_key_policy(KeyId=key_id(run, DUTIES))["Policy"])


def _click(rule: str, document: str, kind: str, resource: Callable[[Run], str]) -> Begin:
    return lambda run: click(run, rule, document, kind, resource(run))


def _start(document: str, resource: Callable[[Run], str], **given: Callable[[Run], str]) -> Begin:
    def begin(run: Run) -> str:
        return start(run, document, ResourceId=resource(run), **{name: each(run) for name, each in given.items()})

    return begin


@dataclass(frozen=True, slots=True)
class Change:
    """A remediation of the seed: how it is started, and what it changes."""

    document: str
    what: str
    begin: Begin
    read: Read

    def make(self, run: Run) -> str:
        """Start it, approve it, and start it again: the second time nothing may be written."""
        before = run.noted[f"before {self.document}"] = self.read(run)
        first = ended(run, self.begin(run))
        run.noted[f"plan {self.document}"] = plan = succeeded(first)
        run.noted[f"execution {self.document}"] = first
        after = run.noted[f"after {self.document}"] = self.read(run)
        if after == before:
            raise Unlike(f"{self.what} did not change")
        again = at_rest(run, self.begin(run))
        status = output(again, "Plan.Status") or failure(again)
        rows = [
            ("clicked again", "NOTHING_TO_DO", status),
            (f"{self.what} after the second click", str(after), str(self.read(run))),
        ]
        if differ := differences(rows):
            raise Unlike(differ)
        return f"changed by the plan {plan}; clicked again, nothing was written"

    def undo(self, run: Run) -> str:
        """Take the change back, and compare with what was there before, byte by byte."""
        succeeded(ended(run, start(run, "UndoRemediation", PlanId=run.noted[f"plan {self.document}"])))
        if (now := self.read(run)) != run.noted[f"before {self.document}"]:
            raise Unlike(f"{self.what} is not what it was: {now}")
        return f"{self.what} is what it was, byte by byte"


def _ledger(run: Run) -> str:
    return run.name(LEDGER)


CHANGES: Final = {
    "default-encryption": Change(
        "SetBucketDefaultEncryption",
        "the default encryption",
        _start("SetBucketDefaultEncryption", _ledger, KmsKeyArn=partial(key_arn, label=MAIN)),
        default_encryption,
    ),
    "tls": Change("RequireTls", "the bucket policy", _click(TLS, "RequireTls", BUCKET, _ledger), bucket_policy),
    "uploads": Change(
        "DenyWrongUploads", "the bucket policy", _click(UPLOADS, "DenyWrongUploads", BUCKET, _ledger), bucket_policy
    ),
    "rotation": Change(
        "EnableKeyRotation",
        "the rotation",
        _click(ROTATION, "EnableKeyRotation", KEY, partial(key_id, label=IDLE)),
        rotation,
    ),
    "key-policy": Change(
        "RestrictKeyPolicy",
        "the key policy",
        _start(
            "RestrictKeyPolicy",
            partial(key_id, label=DUTIES),
            Users=lambda run: run.name(PIPELINE),
        ),
        key_policy,
    ),
}


@dataclass(frozen=True, slots=True)
class Refused:
    """A remediation that must be refused, and with which code."""

    what: str
    code: str
    begin: Begin


REFUSED: Final = (
    Refused("an exempt bucket", "EXEMPT", _click(TLS, "RequireTls", BUCKET, lambda run: run.name(WAIVED))),
    Refused(
        "a default without a key to choose",
        "CHOOSE_KEY",
        _click(DEFAULT, CHANGES["default-encryption"].document, BUCKET, _ledger),
    ),
    Refused(
        "duties of nobody declared",
        "ROLE_UNDECLARED",
        _click(LEAST, "RestrictKeyPolicy", KEY, partial(key_id, label=DUTIES)),
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
            document=outputs[f"{document}Document"],
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
    _undo("rotation"),
    _undo("key-policy"),
)
