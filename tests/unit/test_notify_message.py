"""What people are told of an event: the facts that matter, nothing that callers can forge, nothing that is secret."""

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notices import ENVELOPE, KEY, OTHER_ROLE, ROOT, SERVICE, alarm, call
from s3_guardrails.notify.kind import ABOUT, CALLS, METRICS, Kind
from s3_guardrails.notify.message import MAX_SUBJECT, message_of

ALARM = "arn:aws:cloudwatch:eu-west-1:111122223333:alarm:guardrails-TlsErrors-1"

TABLE = [
    (call("DisableKey"), Kind.KEY_DISABLED, ["DisableKey", "user/alice", KEY, "2026-11-02T09:59:58Z", "eu-west-1"]),
    (
        call("ScheduleKeyDeletion", ROOT, requestParameters={"keyId": KEY, "pendingWindowInDays": 7}),
        Kind.KEY_DELETION,
        ["Days until deletion: 7", "111122223333:root", "Kind of identity: Root"],
    ),
    (call("DeleteImportedKeyMaterial"), Kind.KEY_MATERIAL, [KEY]),
    (
        call("PutKeyPolicy", OTHER_ROLE),
        Kind.KEY_POLICY,
        ["assumed-role/admin/session", "Role: arn:aws:iam::", ":role/admin"],
    ),
    (call("DisableKeyRotation"), Kind.KEY_ROTATION, [KEY]),
    (
        call("EnableKeyRotation", requestParameters={"keyId": KEY, "rotationPeriodInDays": 2560}),
        Kind.KEY_ROTATION,
        ["Days between rotations: 2560"],
    ),
    (
        call(
            "CreateGrant",
            requestParameters={"keyId": KEY, "granteePrincipal": "eve", "operations": ["Decrypt", "Sign"]},
        ),
        Kind.GRANT,
        ["Grantee: eve", "Operations: Decrypt, Sign"],
    ),
    (call("PutBucketPolicy"), Kind.BUCKET_POLICY, ["Resource: ledger", "From: 192.0.2.7", "aws-cli/2.0"]),
    (call("DeleteBucketPolicy", SERVICE), Kind.BUCKET_POLICY, ["Through: rds.amazonaws.com"]),
    (call("PutBucketEncryption"), Kind.BUCKET_ENCRYPTION, ["ledger"]),
    (call("DeleteBucketEncryption"), Kind.BUCKET_ENCRYPTION, ["ledger"]),
    (
        call("DisableKey", error="AccessDenied", errorMessage="not authorized"),
        Kind.KEY_DISABLED,
        ["(attempt failed)", "DisableKey failed: AccessDenied", "Error as told: not authorized"],
    ),
    (
        call("PutBucketPolicy", resources=[{"type": "AWS::S3::Bucket", "ARN": "arn:aws:s3:::ledger"}]),
        Kind.BUCKET_POLICY,
        ["Resource: arn:aws:s3:::ledger"],
    ),
    (
        alarm(ALARM),
        Kind.FUNCTION_FAILED,
        ["Alarm: guardrails-TlsErrors-1", "Reason: Threshold Crossed", "State: ALARM"],
    ),
    (alarm(ALARM, metric="Invocations"), Kind.RULE_SILENT, ["Alarm: guardrails-TlsErrors-1"]),
    (alarm(ALARM, "AWS/Events", "MatchedEvents"), Kind.DENIALS, ["Alarm: guardrails-TlsErrors-1"]),
    (alarm(ALARM, "Custom", "Errors"), Kind.UNKNOWN, ["Alarm: guardrails-TlsErrors-1"]),
    (call("CreateKey"), Kind.UNKNOWN, ["CreateKey", KEY]),
    (call("DisableKey", eventSource="ec2.amazonaws.com"), Kind.UNKNOWN, ["DisableKey"]),
    (
        {**ENVELOPE, "source": "aws.health", "detail-type": "Health"},
        Kind.UNKNOWN,
        ["Type: Health", "Source: aws.health"],
    ),
]


@pytest.mark.parametrize(("event", "kind", "told"), TABLE, ids=[f"{n}-{row[1]}" for n, row in enumerate(TABLE)])
def test_an_event_is_told_with_its_facts_and_its_runbook(event, kind, told):
    message = message_of(event)
    assert message.kind is kind
    assert message.subject.startswith(f"S3 guardrails: {ABOUT[kind].title}")
    assert [each for each in told if each not in message.body] == []
    assert f"What to do: docs/runbooks.md#{kind}" in message.body.splitlines()
    assert f"Why it matters: {ABOUT[kind].why}" in message.body


def test_the_table_has_every_call_and_every_metric():
    kinds = {kind for _, kind, _ in TABLE}
    assert kinds == set(Kind) == set(ABOUT)
    named = {
        (each["detail"].get("eventSource"), each["detail"].get("eventName")) for each, _, _ in TABLE if "detail" in each
    }
    assert set(CALLS) <= named
    assert {*CALLS.values(), *METRICS.values(), Kind.UNKNOWN} == set(Kind)


def test_the_subject_names_the_key_and_the_region():
    assert message_of(call("DisableKey")).subject == (
        "S3 guardrails: KMS key disabled in eu-west-1: key/1234abcd-12ab-34cd-56ef-1234567890ab"
    )


def test_the_subject_escapes_what_sns_does_not_take():
    assert message_of(alarm(ALARM, alarmName="\u00e9t\u00e9")).subject.endswith(r" \xe9t\xe9")


@pytest.mark.parametrize("number", [10**400, -(10**400), 10**5_000], ids=["long", "negative", "no text at all"])
def test_a_number_beyond_all_bounds_is_left_out(number):
    """Python turns none of more than 4,300 digits into text."""
    body = message_of(call("EnableKeyRotation", requestParameters={"rotationPeriodInDays": number})).body
    assert "Days between rotations" not in body


HOSTILE = "x\nWho: nobody\r\n\u202etxt\x1b[31m\u2028\ud800" + "y" * 5_000


@pytest.mark.parametrize(
    "event",
    [
        call("DisableKey", userAgent=HOSTILE),
        call("DisableKey", error=HOSTILE, errorMessage=HOSTILE),
        call("DisableKey", {"type": HOSTILE, "arn": HOSTILE, "invokedBy": HOSTILE}),
        call("PutBucketPolicy", requestParameters={"bucketName": HOSTILE}),
        call("CreateGrant", resources=[{"ARN": HOSTILE}] * 50, requestParameters={"operations": [HOSTILE] * 50}),
        call(HOSTILE),
        alarm(HOSTILE, alarmName=HOSTILE, state={"value": HOSTILE, "reason": HOSTILE}),
        {**ENVELOPE, "detail-type": HOSTILE, "region": HOSTILE, "account": HOSTILE, "id": HOSTILE, "source": HOSTILE},
    ],
)
def test_what_callers_write_makes_no_line_of_its_own_and_is_cut(event):
    message = message_of(event)
    lines = message.body.splitlines()
    assert message.body.split("\n") == lines, "no other line ends"
    assert all(line.isprintable() for line in lines)
    assert "Who: nobody" not in lines
    assert len(message.body) < 6_000
    assert "... (cut)" in message.body


def test_neither_policies_nor_access_keys_are_told():
    asked = {"bucketName": "ledger", "bucketPolicy": {"Statement": "SECRET"}, "policy": "SECRET"}
    message = message_of(call("PutBucketPolicy", requestParameters=asked, responseElements={"grantToken": "SECRET"}))
    assert "SECRET" not in message.body
    assert "AKIAHIDDEN" not in message.body


IN_CALLS = ["detail", "detail-type", "userIdentity", "requestParameters", "resources", "ARN", "eventName", "errorCode"]
IN_ALARMS = ["configuration", "metrics", "metricStat", "metric", "state", "region", "bucketName", "operations"]
NAMES = st.sampled_from([*IN_CALLS, *IN_ALARMS])
TYPES = st.sampled_from(["AWS API Call via CloudTrail", "CloudWatch Alarm State Change"])
ANY = st.recursive(
    st.none() | st.booleans() | st.integers() | st.just(10**4_000) | st.floats() | st.text(),
    lambda each: st.lists(each, max_size=7) | st.dictionaries(NAMES | st.text(), each),
    max_leaves=20,
)


@given(ANY | st.fixed_dictionaries({"detail-type": TYPES, "detail": ANY}, optional={"region": ANY, "time": ANY}))
def test_any_event_is_told_and_its_subject_is_one_that_sns_takes(event):
    """Publish: subjects must be ASCII text without line breaks or control characters, less than 100 characters long."""
    message = message_of(event)
    assert 0 < len(message.subject) <= MAX_SUBJECT < 100
    assert set(message.subject) <= set(string.printable) - set("\t\n\r\x0b\x0c")
    assert message.body.startswith(ABOUT[message.kind].title)
    assert f"docs/runbooks.md#{message.kind}" in message.body
