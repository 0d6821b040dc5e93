"""The notifier against moto's SNS: each event is one message on the topic, and what goes wrong is an error."""

import pytest
from moto.sns.models import sns_backends

from notices import call
from s3_guardrails.embedded.environment import only
from s3_guardrails.errors import InputError
from s3_guardrails.notify import handler
from s3_guardrails.notify.message import message_of


@pytest.fixture
def topic(aws, monkeypatch):
    arn = aws.client("sns").create_topic(Name="alerts")["TopicArn"]
    monkeypatch.setenv("GUARDRAILS_TOPIC", arn)
    handler._sns.cache_clear()
    return arn


def told(aws, event):
    with only(aws.environment()):
        return handler.lambda_handler(event, None)


def sent(aws, topic):
    return sns_backends[aws.account][aws.region].topics[topic].sent_notifications


@pytest.mark.parametrize("event", [call("DisableKey"), {}, None, [], "nonsense"])
def test_each_event_is_one_message_with_subject_and_body(aws, topic, event):
    answer, message = told(aws, event), message_of(event)
    [(number, body, subject, *_)] = sent(aws, topic)
    assert answer == {"kind": message.kind.value, "messageId": number}
    assert (subject, body) == (message.subject, message.body)


def test_a_topic_that_is_gone_fails_the_invocation(aws, topic):
    aws.client("sns").delete_topic(TopicArn=topic)
    with pytest.raises(Exception, match="NotFound"):
        told(aws, call("DisableKey"))


def test_a_function_without_a_topic_fails_the_invocation(monkeypatch):
    monkeypatch.delenv("GUARDRAILS_TOPIC", raising=False)
    with pytest.raises(InputError, match="GUARDRAILS_TOPIC: expected the ARN of a topic"):
        handler.lambda_handler(call("DisableKey"), None)
