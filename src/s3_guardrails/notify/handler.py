"""The Lambda function that EventBridge calls: it publishes one message for each event.

An error is raised: Lambda tries twice more, counts it, and the function's own alarm says so. The environment says
`GUARDRAILS_TOPIC` (ARN of the topic).
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import boto3

from s3_guardrails.errors import InputError
from s3_guardrails.notify.message import message_of


def lambda_handler(event: Any, _: Any) -> Mapping[str, str]:
    """Publish; return kind and id of the message. It raises InputError without a topic, and what the SDK raises."""
    topic = os.environ.get("GUARDRAILS_TOPIC")
    if not topic:
        raise InputError("environment variable GUARDRAILS_TOPIC: expected the ARN of a topic")
    message = message_of(event)
    sent = _sns(os.environ.get("AWS_ENDPOINT_URL")).publish(
        TopicArn=topic, Subject=message.subject, Message=message.body
    )
    return {"kind": message.kind.value, "messageId": sent["MessageId"]}


@lru_cache(maxsize=1)
def _sns(endpoint_url: str | None) -> Any:
    """Making a client takes longer than most calls; Region and credentials are those of the function."""
    return boto3.client("sns", endpoint_url=endpoint_url)
