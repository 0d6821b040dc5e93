"""Two readings of a condition that share no code: the prover's literal and the plain evaluator, on the same value."""

from hypothesis import given
from hypothesis import strategies as st

from s3_guardrails.policy.condition import holds
from s3_guardrails.policy.condition_literal import ConditionLiteral
from s3_guardrails.policy.demand import Caller, Reading
from s3_guardrails.policy.document import parse_policy

NAMES = [
    *("StringEquals", "StringNotEquals", "StringEqualsIgnoreCase", "StringNotEqualsIgnoreCase", "StringLike"),
    *("StringNotLike", "ArnEquals", "ArnLike", "ArnNotEquals", "ArnNotLike", "Bool", "BinaryEquals"),
    *("NumericEquals", "NumericNotEquals", "NumericLessThan", "NumericLessThanEquals", "NumericGreaterThan"),
    *("NumericGreaterThanEquals", "DateEquals", "DateNotEquals", "DateLessThan", "DateLessThanEquals"),
    *("DateGreaterThan", "DateGreaterThanEquals", "IpAddress", "NotIpAddress", "Null"),
]
OPERATORS = st.builds(
    "{}{}{}".format,
    st.sampled_from(["", "", "ForAllValues:", "ForAnyValue:", "forallvalues:"]),
    st.sampled_from(NAMES).flatmap(lambda name: st.sampled_from([name, name, name.lower(), name.upper()])),
    st.sampled_from(["", "", "IfExists"]),
)
TEXTS = [
    *("a", "A", "ab", "a*", "*", "?", "", "b", "a:b", "a/b", "${*}", "${?}", "${$}", "${", "${aws:username", "true"),
    *("TRUE", "false", "yes", "1", "1.0", "1.2", "-1", "1e3", "0x10", "1_000", " 1", "10", "20", "10.0.0.1", "::1"),
    *("10.0.0.0/8", "::/0", "10.0.0.0/33", "2026-01-01T00:00:00Z", "2026-01-01", "2026-01-01T01:00:00+01:00"),
    *("1767225600", "1767225600000", "arn:aws:iam::111122223333:role/app", "arn:aws:iam::*:role/*", "arn:*"),
    *("arn:*:iam::1111????3333:*", "arn:aws:iam::111122223333:role/a:b", "arn:a*:role/app", "${aws:username}"),
    *("${AWS:UserName}x", "${aws:missing}", "${aws:missing, 'a'}", "${aws:missing,'b'}", "${aws:list}", "Zg=="),
    *("${aws:username}*", "ann", "anna", "ann*", "\u00e9", "\n"),
]
VALUES = st.one_of(st.sampled_from(TEXTS), st.text("ab*?$'{}:/ 1.", max_size=6))
CONTEXTS = st.fixed_dictionaries(
    {"aws:username": st.sampled_from(["ann", "a*", "*", "ANN"]), "aws:list": st.just(("a", "b"))},
    optional={"aws:key": st.one_of(VALUES, st.lists(VALUES, max_size=3).map(tuple))},
)
ROLE = Caller("role", frozenset(), frozenset())


@given(OPERATORS, st.lists(VALUES, min_size=1, max_size=3), CONTEXTS, st.sampled_from(["2012-10-17", "2008-10-17"]))
def test_both_readings_of_a_condition_agree_on_every_value(name, wanted, context, version):
    check(name, wanted, context, version)


def test_bytes_hold_no_policy_variables():
    """IAM User Guide: policy variables can be used in string operators and in ARN operators."""
    check("BinaryEquals", ["${aws:username}"], {"aws:username": "ann", "aws:key": "ann"}, "2012-10-17")


def check(name, wanted, context, version):
    condition = {name: {"aws:Key": wanted}}
    source = {"Effect": "Deny", "Principal": "*", "Action": "*", "Resource": "*", "Condition": condition}
    (statement,) = parse_policy({"Version": version, "Statement": source}).statements
    (line,) = statement.conditions
    truth = holds(line, context, statement.variables)
    single = {key: value for key, value in context.items() if isinstance(value, str)}
    literal = ConditionLiteral(statement, Reading(single), line)
    value = context.get("aws:key")
    if truth is None:
        assert not literal.can_be(True, value, ROLE)
        assert not literal.can_be(False, value, ROLE)
    else:
        assert literal.can_be(truth, value, ROLE)
        assert not literal.can_be(not truth, value, ROLE)
