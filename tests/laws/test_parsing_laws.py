"""The laws of parsing: any JSON is a policy or a PolicySyntaxError with a place; nothing is dropped."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from laws.strategies import documents
from s3_guardrails.errors import PolicySyntaxError
from s3_guardrails.policy.document import Policy, parse_policy

NASTY = st.sampled_from(
    [
        *(None, True, False, 0, -1, 1.5, 10**400, 1e308, float("inf"), float("nan")),
        *("", "*", "\x00", "\ud800", "\u00e9", "x" * 999, "a\nb"),
    ]
)
WORDS = st.sampled_from(
    [
        *("Version", "Statement", "Effect", "Principal", "NotPrincipal", "Action", "NotAction", "Resource", "Sid"),
        *("Condition", "Allow", "Deny", "2012-10-17", "AWS", "Service", "StringEquals", "Null", "Bool", "s3:*", "x"),
    ]
)
NAMES = st.one_of(WORDS, st.text(max_size=3))
JSON: st.SearchStrategy[Any] = st.recursive(
    st.one_of(NASTY, WORDS, st.text(max_size=5), st.integers(), st.floats()),
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(NAMES, inner, max_size=4)),
    max_leaves=12,
)


def parsed_or_refused(document: Any) -> Policy | PolicySyntaxError:
    try:
        return parse_policy(document)
    except PolicySyntaxError as error:
        return error


@given(JSON)
def test_any_json_value_is_a_policy_or_a_syntax_error(value):
    parsed_or_refused(value)
    parsed_or_refused(json.dumps(value))


@given(st.text(max_size=40))
def test_any_text_is_a_policy_or_a_syntax_error(text):
    parsed_or_refused(text)


@given(documents(), JSON, st.randoms(use_true_random=False))
def test_a_policy_with_any_part_replaced_is_a_policy_or_a_syntax_error(document, value, random):
    broken = json.loads(json.dumps(document))
    place: Any = broken
    while True:
        keys = list(place) if isinstance(place, dict) else list(range(len(place)))
        if not keys:
            break
        key = random.choice(keys)
        if not isinstance(place[key], dict | list) or random.random() < 0.3:
            place[key] = value
            break
        place = place[key]
    parsed_or_refused(broken)
    parsed_or_refused(json.dumps(broken))


DEPTHS = [10, 500, 900, 950, 980, 990, 1000, 5000, 100_000]


@pytest.mark.parametrize("depth", DEPTHS)
@pytest.mark.parametrize(("head", "tail"), [("[", "]"), ('{"a":', "}"), ('{"Statement":', "}")])
def test_nested_text_is_a_syntax_error(head, tail, depth):
    assert isinstance(parsed_or_refused(head * depth + "1" + tail * depth), PolicySyntaxError)


@pytest.mark.parametrize("depth", DEPTHS)
@pytest.mark.parametrize("version", ["2012-10-17", "2049-01-01"])
@pytest.mark.parametrize("element", ["Extra", "Condition", "Principal", "Action", "Sid"])
def test_a_nested_element_is_a_syntax_error_or_a_defect(element, version, depth):
    start = f'{{"Version": "{version}", "Statement": {{"Effect": "Deny", "{element}": '
    text = start + '{"${x}":' * depth + "1" + "}" * depth + "}}"
    read = parsed_or_refused(text)
    assert isinstance(read, PolicySyntaxError) or read.defects


@pytest.mark.parametrize("depth", DEPTHS)
def test_a_nested_object_is_a_syntax_error_or_a_defect(depth):
    nested: Any = "x"
    for _ in range(depth):
        nested = [nested]
    statement = {"Effect": "Deny", "Principal": "*", "Action": "*", "Resource": "*"}
    for version in ("2012-10-17", "2049-01-01"):
        read = parsed_or_refused({"Version": version, "Statement": {**statement, "Extra": nested}})
        assert isinstance(read, PolicySyntaxError) or read.defects
        condition = {**statement, "Condition": {"Bool": {"a": nested}}}
        assert isinstance(parsed_or_refused({"Version": version, "Statement": condition}), PolicySyntaxError)
        assert isinstance(parsed_or_refused({"Version": version, "Statement": nested}), PolicySyntaxError)


HUGE = {"400 digits": 10**400, "5000 digits": 10**5000, "minus": -(10**5000), "inf": float("inf"), "nan": float("nan")}


@pytest.mark.parametrize("number", list(HUGE))
def test_a_huge_number_is_a_value_or_a_syntax_error(number):
    statement = {"Effect": "Deny", "Principal": "*", "Action": "*", "Resource": "*"}
    condition = {"NumericEquals": {"a": HUGE[number]}}
    parsed_or_refused({"Version": "2012-10-17", "Statement": {**statement, "Condition": condition}})
    for element in ("Version", "Sid", "Effect", "Principal", "Action", "Resource"):
        read = parsed_or_refused({"Version": "2012-10-17", "Statement": {**statement, element: HUGE[number]}})
        assert isinstance(read, PolicySyntaxError) or (element == "Version") or read.defects


@pytest.mark.parametrize("constant", ["NaN", "Infinity", "-Infinity"])
def test_what_is_no_json_number_is_a_syntax_error(constant):
    with pytest.raises(PolicySyntaxError, match="no JSON number"):
        parse_policy(f'{{"Version": "2012-10-17", "Statement": [], "Id": {constant}}}')


@pytest.mark.parametrize(
    "text", ['{"Statement": [], "Statement": []}', '{"Statement": [{"Effect": "Allow", "Effect": "Deny"}]}']
)
def test_a_repeated_key_is_a_syntax_error(text):
    """Readers of JSON keep the last of repeated keys, so what a person sees first would be dropped."""
    with pytest.raises(PolicySyntaxError, match="repeated"):
        parse_policy(text)


def test_a_megabyte_of_keys_with_the_last_repeated_is_refused():
    keys = ",".join(f'"k{number}":1' for number in range(60_000))
    with pytest.raises(PolicySyntaxError, match="`k59999` is repeated"):
        parse_policy(f'{{{keys},"k59999":1}}')


def test_a_text_without_end_is_refused_unread():
    with pytest.raises(PolicySyntaxError, match="at most"):
        parse_policy(" " * (1 << 21))


@given(documents())
def test_text_and_object_are_read_alike(document):
    one, other = parse_policy(document), parse_policy(json.dumps(document))
    for left, right in zip(one.statements, other.statements, strict=True):
        assert (left.principals, left.actions, left.resources) == (right.principals, right.actions, right.resources)
        assert (left.conditions, left.effect, left.defects) == (right.conditions, right.effect, right.defects)


@given(documents(), st.sampled_from(["Efect", "principal", "Conditions", "x"]), st.integers(0, 9))
def test_an_unknown_element_is_kept_as_a_defect_with_its_place(document, name, index):
    if not document["Statement"]:
        return
    place = index % len(document["Statement"])
    document["Statement"][place][name] = "anything"
    assert f"Statement[{place}].{name}: unknown element" in parse_policy(document).defects


@given(documents())
def test_nothing_that_is_written_is_dropped(document):
    """Every value of the document is in the statement that was read from it."""
    for source, read in zip(document["Statement"], parse_policy(document).statements, strict=True):
        values = [value for block in source["Condition"].values() for each in block.values() for value in _list(each)]
        assert [value for each in read.conditions for value in each.values] == [
            str(value).lower() if isinstance(value, bool) else value for value in values
        ]
        assert read.actions == tuple(_list(source.get("Action", source.get("NotAction"))))
        assert read.resources == tuple(_list(source.get("Resource", source.get("NotResource"))))
        assert read.source == source
        assert not read.defects or "expected" in read.defects[0]


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]
