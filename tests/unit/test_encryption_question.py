"""The bulk interface of questions: topics, parameters, and the field that is at fault."""

import pytest

from s3_guardrails.encryption.question import TOPICS, ask
from s3_guardrails.errors import InputError
from s3_guardrails.policy.document import parse_policy

EMPTY = parse_policy({"Version": "2012-10-17", "Statement": []})
OWN = "111122223333"
FAULTS = [
    ("TLS", {}, "topic: expected one of tls, sse, uploads"),
    ("tls", {"service": False}, "params.service: expected one of "),
    ("tls", {"services": "false"}, "params.services: expected true or false"),
    ("tls", {"minimum": "1.5"}, "params.minimum: expected one of 1.0, 1.1, 1.2, 1.3, found `1.5`"),
    ("tls", {"minimum": 1.2}, "params.minimum: expected a string"),
    ("tls", {"principals": "x"}, "params.principals: expected a list of strings"),
    ("sse", {}, "params.modes: expected at least one mode"),
    ("sse", {"modes": ["SSE-KMS"]}, "params.modes: expected AES256, aws:kms, aws:kms:dsse, SSE-C, found `SSE-KMS`"),
    (
        "uploads",
        {"modes": ["AES256"], "default": "none"},
        "params.default: expected one of AES256, aws:kms, aws:kms:dsse",
    ),
    ("kms-writeonly", {}, "params.principals: expected at least one principal ARN"),
    ("kms-outside", {"inside": [111122223333]}, "params.inside: expected a list of strings"),
]


@pytest.mark.parametrize(("topic", "params", "message"), FAULTS)
def test_a_fault_is_named_by_its_field(topic, params, message):
    with pytest.raises(InputError) as error:
        ask(topic, EMPTY, bucket="b", own=OWN, params=params)
    assert message in str(error.value)


@pytest.mark.parametrize("topic", ["tls", "sse"])
def test_a_question_about_a_bucket_needs_its_name(topic):
    with pytest.raises(InputError, match="bucket: expected a bucket name"):
        ask(topic, EMPTY, bucket=None, own=OWN, params={"modes": ["AES256"]} if topic == "sse" else {})


def test_uploads_is_another_name_of_sse():
    assert TOPICS["uploads"] == TOPICS["sse"]


def test_nothing_is_denied_without_a_statement_and_nothing_is_allowed():
    assert ask("tls", EMPTY, bucket="b", own=OWN, params={}).verdict == "refuted"
    for topic in ("kms-outside", "kms-both", "kms-wildcard"):
        assert ask(topic, EMPTY, bucket=None, own=OWN, params={}).verdict == "proved"
