"""AWS Config's answers → facts of a fleet; what is not understood raises, or is not known."""

import json
from datetime import UTC, datetime, timedelta, timezone

import pytest

from s3_guardrails.deploy import fleet_shape as shape
from s3_guardrails.encryption.fact import ABSENT, Unreadable
from s3_guardrails.errors import UnreadableFact

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        (NOON, NOON),
        (NOON.astimezone(timezone(timedelta(hours=9))), NOON),
        (NOON.replace(tzinfo=None), NOON),
        ("2026-11-21T12:00:00.000Z", NOON),
        ("2026-11-21T21:00:00+09:00", NOON),
        ("2026-11-21T12:00:00", NOON),
        (None, ABSENT),
        (1763726400, ABSENT),
    ],
)
def test_a_time_has_a_zone_or_is_none(told, expected):
    assert shape.moment(told) == expected


def test_a_text_that_is_no_time_is_not_understood():
    with pytest.raises(ValueError, match="yesterday"):
        shape.moment("yesterday")


def test_the_newest_failure_counts_and_its_error_is_one_line():
    found = {
        "LastFailedInvocationTime": NOON,
        "LastFailedEvaluationTime": NOON - timedelta(hours=1),
        "LastErrorCode": "E",
        "LastErrorMessage": "no\nsecret",
    }
    status = shape.rule_status(found)
    assert (status.failed, status.error, status.evaluated) == (NOON, "E: no", ABSENT)
    assert shape.rule_status({}).failed is ABSENT


def line(**told):
    return json.dumps({"resourceType": "AWS::S3::Bucket", "resourceId": "b", "awsRegion": "eu-west-1", **told})


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        ({"tags": [{"tag": "a=b", "key": "a", "value": "b"}]}, {"a": "b"}),
        ({"tags": []}, {}),
        ({}, Unreadable("tags", "the item tells no tags")),
        ({"tags": None}, Unreadable("tags", "the item tells no tags")),
        ({"tags": "a=b"}, Unreadable("tags", "tags: expected a mapping or a list, found a string")),
        ({"tags": [{"key": "a"}]}, Unreadable("tags", "tags: expected keys and values as strings")),
    ],
)
def test_tags_that_are_left_out_or_malformed_are_not_no_tags(told, expected):
    region, resource, item = shape.item(line(**told))
    assert (region, resource, item.tags, item.captured) == ("eu-west-1", ("AWS::S3::Bucket", "b"), expected, ABSENT)


@pytest.mark.parametrize(
    ("text", "error"),
    [("[]", UnreadableFact), ("{}", KeyError), ("{", ValueError), ('{"resourceType": "x"}', KeyError)],
)
def test_a_result_of_another_form_is_not_understood(text, error):
    with pytest.raises(error):
        shape.item(text)


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ([], "data-class"),
        ([{}], "data-class"),
        ([{"InputParameters": '{"DataClassTag": "team"}'}], "team"),
        ([{"InputParameters": "{}"}, {"InputParameters": '{"DataClassTag": "team"}'}], "team"),
        ([{"InputParameters": "{"}, {"InputParameters": '{"DataClassTag": "team"}'}], "team"),
        ([{"InputParameters": "[]"}, {"InputParameters": '{"DataClassTag": 1}'}], "data-class"),
        ([{"InputParameters": '{"DataClassTag": ""}'}], "data-class"),
    ],
)
def test_the_tag_of_data_classes_is_the_one_that_a_deployed_rule_names(given, expected):
    assert shape.class_tag(given) == expected


def test_a_query_asks_for_types_and_perhaps_one_account():
    assert shape.query({"B", "A"}).endswith("WHERE resourceType IN ('A', 'B')")
    assert shape.query({"A"}, "1").endswith("WHERE resourceType IN ('A') AND accountId = '1'")
