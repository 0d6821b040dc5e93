"""Steps: messages. A key is scheduled for deletion, somebody is told, and it is taken back."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any, Final

from s3_guardrails.acceptance.journal import Kind
from s3_guardrails.acceptance.outcome import Unlike
from s3_guardrails.acceptance.removal import DAYS, queue_url
from s3_guardrails.acceptance.run import Run, differences
from s3_guardrails.acceptance.seed import SPENT
from s3_guardrails.acceptance.sow import key_id
from s3_guardrails.acceptance.step import Step
from s3_guardrails.acceptance.steps_deploy import needs_trail

QUEUE: Final = "messages"


def subscribe(run: Run) -> str:
    """Subscribe a queue of the run to the topic of messages."""
    topic, name, sqs = run.outputs()["AlertTopicArn"], run.name(QUEUE), run.client("sqs")
    arn = run.arn("sqs", name)
    statement = {"Effect": "Allow", "Principal": {"Service": "sns.amazonaws.com"}, "Action": "sqs:SendMessage"}
    scope = {"Resource": arn, "Condition": {"ArnEquals": {"aws:SourceArn": topic}}}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [{**statement, **scope}]})

    def create() -> str:
        sqs.create_queue(
            QueueName=name, Attributes={"Policy": policy}, tags={each["Key"]: each["Value"] for each in run.tags()}
        )
        return ""

    run.make(Kind.QUEUE, name, create)
    run.client("sns").subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn)
    return "the queue is subscribed; the subscription goes with the stack's topic"


def deletion_told(run: Run) -> str:
    """Schedule a key's deletion, wait for the message about it, cancel."""
    needs_trail(run)
    kms, key = run.client("kms"), key_id(run, SPENT)
    kms.schedule_key_deletion(KeyId=key, PendingWindowInDays=DAYS)
    try:
        message = run.until("the message", lambda: next((each for each in _messages(run) if key in each), None), 15)
    finally:
        kms.cancel_key_deletion(KeyId=key)
    if "deletion" not in message.lower():
        raise Unlike(f"the message says {message[:200]}")
    state = kms.describe_key(KeyId=key)["KeyMetadata"]["KeyState"]
    return (
        f"the message came, so EventBridge may call the notifier and SNS asks KMS for it; cancelled, the key is {state}"
    )


def _messages(run: Run) -> Iterator[str]:
    sqs, url = run.client("sqs"), queue_url(run, run.name(QUEUE))
    for each in sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages", ()):
        sqs.delete_message(QueueUrl=url, ReceiptHandle=each["ReceiptHandle"])
        told = json.loads(each["Body"])
        yield f"{told.get('Subject', '')}: {told.get('Message', '')}"


USER: Final = {"type": "IAMUser", "arn": "arn:aws:iam::111122223333:user/alice"}
SESSION: Final = {
    "type": "AssumedRole",
    "sessionContext": {"sessionIssuer": {"arn": "arn:aws:iam::111122223333:role/admin"}},
}
SERVICE: Final = {"type": "AWSService", "invokedBy": "rds.amazonaws.com"}
MENDING: Final = "RequireTlsFunctionRole"
"""A role of the stack, whose changes nobody is told of."""
PATTERNS: Final[tuple[tuple[str, str, Any, str | None, bool], ...]] = (
    ("KeyAtRiskRule", "ScheduleKeyDeletion", USER, None, True),
    ("KeyAtRiskRule", "ScheduleKeyDeletion", USER, "AccessDenied", False),
    ("GrantRule", "CreateGrant", USER, None, True),
    ("GrantRule", "CreateGrant", SERVICE, None, False),
    ("UseOfKeysDeniedRule", "Decrypt", USER, "AccessDenied", True),
    ("UseOfKeysDeniedRule", "Decrypt", USER, None, False),
    ("ChangedElsewhereRule", "PutBucketPolicy", USER, None, True),
    ("ChangedElsewhereRule", "PutBucketPolicy", SESSION, None, True),
    ("ChangedElsewhereRule", "PutBucketPolicy", MENDING, None, False),
)
"""Rule, call, caller and error → whether the rule's pattern matches the event."""


def event_patterns(run: Run) -> str:
    """Ask EventBridge whether the deployed patterns match events."""
    events, rows = run.client("events"), []
    rules = {each["LogicalResourceId"]: each["PhysicalResourceId"].rpartition("|")[2] for each in run.resources()}
    for rule, call, who, error, matches in PATTERNS:
        caller = _session(run, rules[who]) if isinstance(who, str) else who
        pattern, event = events.describe_rule(Name=rules[rule])["EventPattern"], _event(run, call, caller, error)
        answer = events.test_event_pattern(EventPattern=pattern, Event=json.dumps(event))
        what = f"{rule} about {call} by {caller['type']}{f', {error}' if error else ''}"
        rows.append((what, str(matches), str(answer["Result"])))
    if differ := differences(rows):
        raise Unlike(differ)
    return f"{len(rows)} events match, or do not, as expected"


def _session(run: Run, role: str) -> Mapping[str, Any]:
    arn = f"arn:{run.partition}:iam::{run.account}:role/{role}"
    return {"type": "AssumedRole", "sessionContext": {"sessionIssuer": {"arn": arn}}}


def _event(run: Run, call: str, who: Any, error: str | None) -> dict[str, Any]:
    service = "s3" if "Bucket" in call else "kms"
    detail = {"eventSource": f"{service}.amazonaws.com", "eventName": call, "userIdentity": who}
    return {
        "version": "0",
        "id": "c4c1c1c9-6542-e61b-6ef0-8c4d36933a92",
        "account": run.account,
        "region": run.region,
        "time": "2026-11-02T10:00:00Z",
        "source": f"aws.{service}",
        "detail-type": "AWS API Call via CloudTrail",
        "resources": [],
        "detail": {**detail, **({"errorCode": error} if error else {})},
    }


STEPS: Final = (
    Step(
        id="subscribe",
        shows="A queue is subscribed to the topic of messages.",
        run=subscribe,
        minutes=0.2,
        needs=("deploy",),
        makes="a queue",
    ),
    Step(
        id="key-deletion-told",
        shows="A message about a key's scheduled deletion arrives; the deletion is cancelled.",
        run=deletion_told,
        minutes=4,
        needs=("subscribe", "seed"),
        settles=True,
    ),
    Step(
        id="event-patterns",
        shows="EventBridge matches events as expected.",
        run=event_patterns,
        minutes=0.2,
        needs=("deploy",),
        settles=True,
    ),
)
