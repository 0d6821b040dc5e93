"""The laws of wildcards, ARN segments and policy variables."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from laws.test_condition_laws import evaluate
from s3_guardrails.policy.authorize import applies, authorize
from s3_guardrails.policy.document import parse_policy
from s3_guardrails.policy.pattern import matches
from s3_guardrails.policy.request import Request

PLAIN = st.text(st.characters(exclude_characters="*?${}"), max_size=8)
ANY_TEXT = st.text(max_size=8)


@given(PLAIN)
def test_a_pattern_without_wildcards_matches_itself_alone(text):
    """IAM User Guide: `*` and `?` are the only wildcards."""
    assert matches(text, text)
    assert not matches(text, text + "x")
    assert not matches(f"x{text}", text)


@given(ANY_TEXT)
def test_a_star_matches_everything_and_a_question_mark_one_character(text):
    """IAM User Guide: "an asterisk (*) represents any combination of zero or more characters and a question mark (?)
    represents any single character"."""
    assert matches("*", text)
    assert matches("?" * len(text), text)
    assert not matches("?" * (len(text) + 1), text)


@given(PLAIN, ANY_TEXT, PLAIN)
def test_a_star_stands_for_any_middle(head, middle, tail):
    assert matches(f"{head}*{tail}", head + middle + tail)


@given(st.text("ab1/-", max_size=3), st.integers(0, 4))
def test_a_wildcard_of_arn_like_stays_in_its_segment_and_one_of_string_like_does_not(text, index):
    """IAM User Guide: "Each of the six colon-delimited components of the ARN is checked separately and each can include
    multi-character match wildcards (*) or single-character match wildcards (?)"."""
    segments = [f"{number}{text}" for number in range(6)]
    pattern = ":".join([*segments[:index], "*", *segments[index + 1 :]])
    crossing = ":".join([*segments[:index], "x:y", *segments[index + 1 :]])
    for value, arn_like in ((":".join(segments), True), (crossing, False)):
        assert evaluate("ArnLike", pattern, {"aws:SourceVpc": value}) is arn_like
        assert evaluate("ArnNotLike", pattern, {"aws:SourceVpc": value}) is not arn_like
        assert evaluate("StringLike", pattern, {"aws:SourceVpc": value}) is True


@pytest.mark.parametrize("operator", ["ArnLike", "ArnEquals"])
def test_the_last_segment_of_an_arn_may_hold_colons(operator):
    """IAM User Guide: ArnEquals and ArnLike behave identically."""
    context = {"aws:SourceVpc": "arn:aws:logs:us-east-1:111122223333:log-group:x:y"}
    assert evaluate(operator, "arn:aws:logs:*:111122223333:*", context) is True
    assert evaluate(operator, "arn:aws:*:111122223333:log-group:*", context) is False
    assert evaluate("StringLike", "arn:aws:*:111122223333:log-group:*", context) is True


@given(st.sampled_from(["*", "?", "$"]), PLAIN)
def test_an_escaped_character_is_the_character(char, text):
    """IAM User Guide: "${*} - use where you need an * (asterisk) character", likewise ${?} and ${$}."""
    assert matches(f"{text}${{{char}}}", text + char, {})
    assert not matches(f"{text}${{{char}}}", text + "x", {})
    assert not matches(f"{text}${{{char}}}", text, {})


@given(PLAIN.filter(bool), st.sampled_from(["StringEquals", "StringLike"]))
def test_a_variable_stands_for_its_value_and_nothing_in_the_value_is_a_wildcard(name, operator):
    """IAM User Guide: the variable is replaced with the value from the request context."""
    assert evaluate(operator, "${aws:username}", {"aws:username": name, "aws:SourceVpc": name}) is True
    assert evaluate(operator, "${aws:username}", {"aws:username": "*", "aws:SourceVpc": name}) is (name == "*")


def test_a_variable_without_a_value_matches_nothing():
    """IAM User Guide: a variable that cannot be resolved makes the text match nothing; a default helps."""
    assert evaluate("StringLike", "${aws:username}*", {"aws:SourceVpc": ""}) is False
    assert evaluate("StringNotLike", "${aws:username}*", {"aws:SourceVpc": ""}) is True
    assert evaluate("StringLike", "${aws:username, 'ann'}*", {"aws:SourceVpc": "anna"}) is True


@pytest.mark.parametrize(
    ("condition", "truth"),
    [
        ({"StringLike": {"aws:SourceVpc": "${aws:username}*"}}, False),
        ({"StringNotLike": {"aws:SourceVpc": "${aws:username}*"}}, None),
        ({"StringLike": {"aws:SourceVpc": ["*", "${aws:username}"]}}, None),
        ({"StringNotLike": {"aws:SourceVpc": "${aws:username, 'ann'}*"}}, True),
        ({"StringNotLike": {"aws:SourceVpc": "${aws:TagKeys}"}}, None),
        ({"StringNotLike": {"aws:SourceVpc": "${aws:RequestedRegion}"}}, True),
    ],
)
def test_a_variable_without_a_value_makes_its_statement_open(condition, truth):
    """IAM User Guide: "If AWS cannot resolve a variable, this might cause the entire statement to be invalid."."""
    context = {"aws:SourceVpc": "vpc-1", "aws:RequestedRegion": "us-east-1", "aws:TagKeys": ("vpc-1",)}
    request_ = Request("anonymous", None, "s3:GetObject", "arn:aws:s3:::b/x", context)
    statement = {"Effect": "Deny", "Principal": "*", "Action": "*", "Resource": "*", "Condition": condition}
    (read,) = parse_policy({"Version": "2012-10-17", "Statement": [statement]}).statements
    assert applies(read, request_) is truth


@given(PLAIN.filter(bool))
def test_a_variable_is_literal_text_in_the_old_version(name):
    """IAM User Guide: in 2008-10-17 "the variables such as ${aws:username} are treated as literal strings"."""
    context = {"aws:username": name, "aws:SourceVpc": name}
    literal = {**context, "aws:SourceVpc": "${aws:username}"}
    assert evaluate("StringEquals", "${aws:username}", context, version="2008-10-17") is False
    assert evaluate("StringEquals", "${aws:username}", literal, version="2008-10-17") is True


def decides(request_: Request, **element: str) -> bool:
    statement = {"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*", **element}
    return bool(authorize(parse_policy({"Version": "2012-10-17", "Statement": statement}), request_).determining)


@given(st.sampled_from(["s3:GetObject", "s3:Get*", "S3:GET?BJECT", "*", "s3:*t"]), st.booleans())
def test_names_of_actions_are_not_sensitive_to_case(action, upper):
    """IAM User Guide: "The prefix and the action name are case insensitive."."""
    request_ = Request("anonymous", None, "s3:GetObject", "arn:aws:s3:::b/x")
    assert decides(request_, Action=action.upper() if upper else action.lower())


def test_resources_are_sensitive_to_case():
    """IAM User Guide: in the Resource element names are case-sensitive."""
    request_ = Request("anonymous", None, "s3:GetObject", "arn:aws:s3:::b/X")
    assert decides(request_, Resource="arn:aws:s3:::b/X")
    assert not decides(request_, Resource="arn:aws:s3:::b/x")


def test_a_star_at_the_end_of_a_segment_of_a_resource_may_run_on():
    """IAM User Guide, Resource: "If the * wildcard is the last character of a resource ARN segment, it can expand to
    match beyond the colon boundaries."."""
    request_ = Request("anonymous", None, "s3:GetObject", "arn:aws:s3:::b/x:y:z")
    assert decides(request_, Resource="arn:aws:*:b/x:y:z")
    assert not decides(request_, Resource="arn:aws:*3:b/x:y:z")
