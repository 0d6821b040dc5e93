"""The remediations of the seed: how each is started, what it changes, and that it is taken back byte by byte."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

from botocore.exceptions import ClientError

from s3_guardrails.acceptance.execution import (
    at_rest,
    click,
    ended,
    failure,
    output,
    start,
    succeeded,
)
from s3_guardrails.acceptance.outcome import Unlike
from s3_guardrails.acceptance.run import Run, code_of, differences
from s3_guardrails.acceptance.seed import (
    DELIVERY,
    DUTIES,
    IDLE,
    LEDGER,
    MAIN,
    ROTATION,
    TLS,
    UPLOADS,
)
from s3_guardrails.acceptance.sow import PIPELINE, key_arn, key_id

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


def default_encryption(run: Run, label: str = LEDGER) -> Any:
    """Return the default encryption of a bucket, and what it blocks."""
    return run.client("s3").get_bucket_encryption(Bucket=run.name(label))["ServerSideEncryptionConfiguration"]


def rotation(run: Run) -> Any:
    """Return whether the idle key rotates."""
    return run.client("kms").get_key_rotation_status(KeyId=key_id(run, IDLE))["KeyRotationEnabled"]


def key_policy(run: Run) -> str:
    """Return the text of the policy with mixed duties."""
    return str(run.client("kms").get_key_policy(KeyId=key_id(run, DUTIES))["Policy"])


def clicked(rule: str, document: str, kind: str, resource: Callable[[Run], str]) -> Begin:
    """Start by a click in AWS Config."""
    return lambda run: click(run, rule, document, kind, resource(run))


def started(document: str, resource: Callable[[Run], str], **given: Callable[[Run], str]) -> Begin:
    """Start in Systems Manager, with parameters."""

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


def ledger(run: Run) -> str:
    """Return the name of the bucket that everything is done to."""
    return run.name(LEDGER)


CHANGES: Final = {
    "default-encryption": Change(
        "SetBucketDefaultEncryption",
        "the default encryption",
        started("SetBucketDefaultEncryption", ledger, KmsKeyArn=partial(key_arn, label=MAIN)),
        default_encryption,
    ),
    "tls": Change("RequireTls", "the bucket policy", clicked(TLS, "RequireTls", BUCKET, ledger), bucket_policy),
    "uploads": Change(
        "DenyWrongUploads", "the bucket policy", clicked(UPLOADS, "DenyWrongUploads", BUCKET, ledger), bucket_policy
    ),
    "block-sse-c": Change(
        "BlockSseC",
        "the default encryption",
        started("BlockSseC", lambda run: run.name(DELIVERY), AcceptUnknownSseC=lambda _: "true"),
        partial(default_encryption, label=DELIVERY),
    ),
    "rotation": Change(
        "EnableKeyRotation",
        "the rotation",
        clicked(ROTATION, "EnableKeyRotation", KEY, partial(key_id, label=IDLE)),
        rotation,
    ),
    "key-policy": Change(
        "RestrictKeyPolicy",
        "the key policy",
        started(
            "RestrictKeyPolicy",
            partial(key_id, label=DUTIES),
            Users=lambda run: run.name(PIPELINE),
        ),
        key_policy,
    ),
}
