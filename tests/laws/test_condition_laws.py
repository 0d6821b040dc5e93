"""The laws of condition operators, each with the sentence of AWS's that it rests on."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from laws.strategies import CONTEXTS, KEYS, NEGATED, POSITIVE, one_or_more
from s3_guardrails.policy.condition import holds
from s3_guardrails.policy.document import parse_policy

OPERATORS = {**POSITIVE, **NEGATED}
TRUE_KEY = "aws:SourceVpc"


def evaluate(operator, values, context, *, key=TRUE_KEY, version="2012-10-17"):
    statement = {
        "Effect": "Deny",
        "Principal": "*",
        "Action": "*",
        "Resource": "*",
        "Condition": {operator: {key: values}},
    }
    (read,) = parse_policy({"Version": version, "Statement": [statement]}).statements
    return holds(read.conditions[0], {name.lower(): value for name, value in context.items()}, read.variables)


@pytest.mark.parametrize("operator", POSITIVE)
@given(st.data())
def test_a_missing_key_fails_a_positive_operator(operator, data):
    """IAM User Guide: "If the key that you specify in a policy condition is not present in the request context, the
    values do not match and the condition is false."."""
    assert evaluate(operator, data.draw(one_or_more(POSITIVE[operator])), {}) is False


@pytest.mark.parametrize("operator", NEGATED)
@given(st.data())
def test_a_missing_key_satisfies_a_negated_operator(operator, data):
    """IAM User Guide: "If the policy condition requires that the key is not matched, such as StringNotLike or
    ArnNotLike, and the right key is not present, the condition is true."."""
    assert evaluate(operator, data.draw(one_or_more(NEGATED[operator])), {}) is True


@pytest.mark.parametrize("operator", OPERATORS)
@given(st.data())
def test_if_exists_is_satisfied_by_a_missing_key(operator, data):
    """IAM User Guide: "If the condition key is not present in the request, evaluate the condition element as true."."""
    assert evaluate(f"{operator}IfExists", data.draw(one_or_more(OPERATORS[operator])), {}) is True


@pytest.mark.parametrize("operator", OPERATORS)
@given(st.data())
def test_if_exists_changes_nothing_where_the_key_is_there(operator, data):
    """IAM User Guide: "If the condition key is present in the context of the request, process the key as specified"."""
    wanted = data.draw(one_or_more(OPERATORS[operator]))
    context = {TRUE_KEY: data.draw(st.sampled_from([*OPERATORS[operator], "a", "1", "10.0.0.1", "2026-01-01"]))}
    assert evaluate(f"{operator}IfExists", wanted, context) is evaluate(operator, wanted, context)


@given(CONTEXTS, st.sampled_from(KEYS))
def test_null_tells_whether_the_key_is_missing(context, key):
    """IAM User Guide: "Use a Null condition operator to check if a condition key is absent at the time of
    authorization"; "true" where it is."""
    assert evaluate("Null", "true", context, key=key) is (key not in context)
    assert evaluate("Null", "false", context, key=key) is (key in context)
    assert evaluate("Null", ["true", "false"], context, key=key) is True


@pytest.mark.parametrize("operator", OPERATORS)
@given(st.data())
def test_for_all_values_is_true_of_a_missing_key(operator, data):
    """IAM User Guide: ForAllValues "also returns true if there are no context keys in the request"."""
    wanted = data.draw(one_or_more(OPERATORS[operator]))
    assert evaluate(f"ForAllValues:{operator}", wanted, {}) is True
    assert evaluate(f"ForAllValues:{operator}", wanted, {TRUE_KEY: ()}) is True


@pytest.mark.parametrize("operator", OPERATORS)
@given(st.data())
def test_for_any_value_is_false_of_a_missing_key(operator, data):
    """IAM User Guide: for no matching context key, ForAnyValue "returns false"; IfExists adds nothing."""
    wanted = data.draw(one_or_more(OPERATORS[operator]))
    for suffix in ("", "IfExists"):
        assert evaluate(f"ForAnyValue:{operator}{suffix}", wanted, {}) is False
        assert evaluate(f"ForAnyValue:{operator}{suffix}", wanted, {TRUE_KEY: ()}) is False


@pytest.mark.parametrize("operator", OPERATORS)
@given(st.data())
def test_for_all_and_for_any_are_what_they_say(operator, data):
    """IAM User Guide: every, or at least one, member of the request's set matches."""
    wanted = data.draw(one_or_more(OPERATORS[operator]))
    pool = [*OPERATORS[operator], "a", "zz", "10.0.0.1"]
    several = tuple(data.draw(st.lists(st.sampled_from(pool), min_size=1, max_size=4)))
    each = [evaluate(operator, wanted, {TRUE_KEY: value}) for value in several]
    assert evaluate(f"ForAllValues:{operator}", wanted, {TRUE_KEY: several}) is all(each)
    assert evaluate(f"ForAnyValue:{operator}", wanted, {TRUE_KEY: several}) is any(each)


@pytest.mark.parametrize("operator", POSITIVE)
@given(st.data())
def test_several_values_are_alternatives(operator, data):
    """IAM User Guide: "If a condition operator includes multiple values, they are evaluated using a logical OR"."""
    values = data.draw(st.lists(st.sampled_from(POSITIVE[operator]), min_size=1, max_size=3))
    context = {TRUE_KEY: data.draw(st.sampled_from([*POSITIVE[operator], "a", "5", "true"]))}
    assert evaluate(operator, values, context) is any(evaluate(operator, each, context) for each in values)


@pytest.mark.parametrize("operator", NEGATED)
@given(st.data())
def test_several_values_under_a_negated_operator_are_none_of_them(operator, data):
    """IAM User Guide: "multiple values of a negated matching condition operator are evaluated using a logical NOR"."""
    values = data.draw(st.lists(st.sampled_from(NEGATED[operator]), min_size=1, max_size=3))
    context = {TRUE_KEY: data.draw(st.sampled_from([*NEGATED[operator], "b", "5", "10.0.0.1"]))}
    assert evaluate(operator, values, context) is all(evaluate(operator, each, context) for each in values)


@pytest.mark.parametrize("operator", [each for each in POSITIVE if each.replace("String", "StringNot") in NEGATED])
@given(st.data())
def test_a_negated_operator_is_the_opposite_on_one_value(operator, data):
    """IAM User Guide: StringNotEquals is "negated matching"."""
    values = data.draw(one_or_more(POSITIVE[operator]))
    context = {TRUE_KEY: data.draw(st.sampled_from([*POSITIVE[operator], "b"]))}
    opposite = operator.replace("String", "StringNot")
    assert evaluate(opposite, values, context) is not evaluate(operator, values, context)


@given(st.sampled_from(sorted(OPERATORS)), st.data())
def test_names_of_keys_are_not_sensitive_to_case(operator, data):
    """IAM User Guide: "Context key names are not case-sensitive"."""
    wanted = data.draw(one_or_more(OPERATORS[operator]))
    context = {TRUE_KEY: data.draw(st.sampled_from(OPERATORS[operator]))}
    assert evaluate(operator, wanted, context, key=TRUE_KEY.swapcase()) is evaluate(operator, wanted, context)


def test_values_are_sensitive_to_case_unless_the_operator_says_otherwise():
    """IAM User Guide: StringEquals is "exact matching, case sensitive"; StringEqualsIgnoreCase ignores case."""
    assert evaluate("StringEquals", "vpc-A", {TRUE_KEY: "vpc-a"}) is False
    assert evaluate("StringLike", "vpc-A*", {TRUE_KEY: "vpc-ab"}) is False
    assert evaluate("StringEqualsIgnoreCase", "VPC-a", {TRUE_KEY: "vpc-A"}) is True


@pytest.mark.parametrize("operator", POSITIVE)
def test_an_operator_without_a_set_prefix_does_not_match_several_values(operator):
    """IAM User Guide: "To use a multivalued context key you must use the ForAllValues or ForAnyValue set operators"."""
    assert evaluate(operator, POSITIVE[operator], {TRUE_KEY: tuple(POSITIVE[operator][:1] * 2)}) is False


@pytest.mark.parametrize(
    "name", ["StringSoundsLike", "ForSomeValues:StringEquals", "NullIfExists", "ForAllValues:Null", ""]
)
@given(CONTEXTS)
def test_an_unknown_operator_is_neither_true_nor_false(name, context):
    """What is not understood decides nothing."""
    assert evaluate(name, "a", context) is None
