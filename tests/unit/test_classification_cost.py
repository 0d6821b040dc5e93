"""What KMS costs in a month: the arithmetic against a slow twin, the price list, and files of requests."""

from __future__ import annotations

import json
from decimal import Decimal
from fractions import Fraction
from importlib.resources import files

import pytest
from hypothesis import given
from hypothesis import strategies as st

from s3_guardrails.classification.cost import MILLION, built_in, cost, read_prices
from s3_guardrails.classification.requests import requests_per_month
from s3_guardrails.encryption.mode import EncryptionMode
from s3_guardrails.errors import InputError

CMK, AWS, DSSE = EncryptionMode.SSE_KMS_CMK, EncryptionMode.SSE_KMS_AWS, EncryptionMode.DSSE_KMS_CMK
RAW = json.loads((files("s3_guardrails.classification") / "prices.json").read_text(encoding="utf-8"))


def group(**more):
    return RAW["groups"][0] | more


def prices(*groups, percent=99):
    return read_prices(
        {"read": "2026-11", "bucket_keys": {"saves_at_most_percent": percent, "source": "s"}, "groups": [*groups]}
    )


@pytest.mark.parametrize(
    ("mode", "requests", "told"),
    [
        (CMK, 1_000_000, ("3.00 USD", "0.03 USD", "1.00 USD")),
        (AWS, 1_000_000, ("3.00 USD", "0.03 USD", "nothing")),
        (CMK, None, ("3.00 USD per million requests", "0.03 USD per million requests", "1.00 USD")),
        (DSSE, 10_000, ("0.03 USD", "no Bucket Keys for DSSE-KMS", "1.00 USD")),
        (CMK, 0, ("0.00 USD", "0.00 USD", "1.00 USD")),
        (CMK, 1, ("less than 0.0001 USD", "less than 0.0001 USD", "1.00 USD")),
        (EncryptionMode.SSE_S3, 10**9, ("nothing", "nothing", "nothing")),
    ],
)  # fmt: skip
def test_the_table_of_costs(mode, requests, told):
    found = cost(built_in(), "aws", "eu-west-1", mode, requests)
    assert (found.requests_cost, found.at_best, found.key) == told
    assert ("is not known" in found.basis) == (requests is None and mode.uses_kms)


def twin(price, requests, percent):
    """Pay every request by itself, as a fraction; with a Bucket Key so many of a hundred."""
    each = Fraction(price) / 10_000
    return sum([each * requests], Fraction(0)), each * requests * (100 - percent) / 100


@given(st.integers(0, 10**12), st.decimals(0, 100, places=4), st.integers(0, 100))
def test_the_arithmetic_is_that_of_its_twin(requests, price, percent):
    listed = prices(group(per_10000_requests=str(price)), percent=percent)
    found = cost(listed, "aws", "eu-west-1", CMK, requests)
    for text, exact in zip((found.requests_cost, found.at_best), twin(price, requests, percent), strict=True):
        if text.startswith("less than"):
            assert 0 < exact < Fraction(1, 10_000)
        else:
            assert abs(Fraction(Decimal(text.removesuffix(" USD"))) - exact) <= Fraction(1, 20_000)


def test_a_partition_without_a_quoted_price_has_no_cost():
    found = cost(built_in(), "aws-us-gov", "us-gov-west-1", CMK, 1_000_000)
    assert (found.requests_cost, found.at_best, found.key) == ("not known",) * 3
    assert found.basis == "no price is quoted for us-gov-west-1 of the partition aws-us-gov: pass --prices"


def test_a_group_that_names_the_region_wins():
    listed = prices(group(), group(regions=["eu-west-1"], per_10000_requests="0.05"))
    assert cost(listed, "aws", "eu-west-1", CMK, 10_000).requests_cost == "0.05 USD"
    assert cost(listed, "aws", "eu-west-2", CMK, 10_000).requests_cost == "0.03 USD"


def test_the_price_list_says_where_it_is_from_and_when_it_was_read():
    assert all(each["source"] and each["quoted_for"] for each in RAW["groups"])
    assert len(RAW["read"].split("-")) == 2
    assert MILLION == 10**6


@pytest.mark.parametrize(
    ("document", "place"),
    [
        ([], "prices: expected an object, found a list"),
        ({}, "bucket_keys: expected it, found nothing"),
        (RAW | {"more": 1}, "more: unknown"),
        (RAW | {"groups": {}}, "groups: expected a list, found an object"),
        (
            RAW | {"groups": [group(), group(per_10000_requests=0.03)]},
            "groups[1].per_10000_requests: expected a string",
        ),
        (RAW | {"groups": [group(per_10000_requests="0,03")]}, "groups[0].per_10000_requests: expected an amount"),
        (RAW | {"groups": [group(per_key_and_month="-1")]}, "groups[0].per_key_and_month: expected an amount"),
        (RAW | {"groups": [group(regions="eu-west-1")]}, "groups[0].regions: expected a list of strings"),
        (RAW | {"bucket_keys": {"saves_at_most_percent": 101, "source": "s"}}, "bucket_keys.saves_at_most_percent: "),
    ],
)
def test_a_price_list_that_is_none_is_an_error_with_its_place(document, place):
    with pytest.raises(InputError) as error:
        read_prices(document)
    assert str(error.value).startswith(place)


def metrics(**more):
    entry = {
        "Id": "m",
        "Label": "b",
        "StatusCode": "Complete",
        "Timestamps": ["2026-10-01T00:00:00+00:00"],
        "Values": [7.0],
    }
    return {"MetricDataResults": [entry | more]}


@pytest.mark.parametrize(
    ("document", "found"),
    [
        ({"a": 0, "b": 12}, {"a": 0, "b": 12}),
        ({}, {}),
        (metrics(), {"b": 7}),
        ({"MetricDataResults": metrics()["MetricDataResults"] * 2}, {"b": 14}),
        (metrics(Timestamps=[], Values=[]), {}),
    ],
)
def test_requests_are_read_from_numbers_or_metrics(document, found):
    assert requests_per_month(document) == found


LONG = ["2026-10-01T00:00:00+00:00", "2026-11-02T00:00:00+00:00"]


@pytest.mark.parametrize(
    ("document", "place"),
    [
        (7, "expected an object of buckets and numbers"),
        ({"b": "12"}, "b: expected a whole number of requests a month, found a string"),
        ({"b": -1}, "b: expected a whole number of requests a month, found -1"),
        ({"b": 1.5}, "b: expected a whole number"),
        ({"b": True}, "b: expected a whole number of requests a month, found a truth value"),
        ({"b": 10**400}, "b: expected a whole number"),
        ({"b" * 999: None}, "b" * 80 + ": expected"),
        (metrics(StatusCode="PartialData"), "MetricDataResults[0].StatusCode: expected `Complete`"),
        (metrics(StatusCode="?"), "MetricDataResults[0].StatusCode: expected one of"),
        (metrics(Timestamps=LONG), "MetricDataResults[0].Timestamps: expected values of one month, found 32 days"),
        (metrics(Timestamps=["yesterday"]), "MetricDataResults[0].Timestamps[0]: expected a time"),
        (metrics(Timestamps=["2026-10-01"]), "MetricDataResults[0].Timestamps[0]: expected a time with its zone"),
        (metrics(Values="7"), "MetricDataResults[0].Values: expected a list, found a string"),
        (metrics(Values=[None]), "MetricDataResults[0].Values[0]: expected a whole number"),
        (metrics(Label=None), "MetricDataResults[0].Label: expected a string"),
        (metrics() | {"NextToken": "more"}, "NextToken: the answer is cut short"),
    ],
)
def test_requests_that_are_none_are_an_error_with_their_place(document, place):
    with pytest.raises(InputError) as error:
        requests_per_month(document)
    assert str(error.value).startswith(place)
    assert len(str(error.value)) < 400
