"""Numbers, times and addresses: the points that the prover tries against a dense choice of values."""

import ipaddress
from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from s3_guardrails.policy.condition import holds
from s3_guardrails.policy.condition_literal import ConditionLiteral
from s3_guardrails.policy.demand import Caller, Reading
from s3_guardrails.policy.document import parse_policy
from s3_guardrails.policy.domain import addresses, numbers, times
from s3_guardrails.policy.search import Budget
from s3_guardrails.policy.value import value_in

ROLE = Caller("role", frozenset(), frozenset())
KEY = "aws:key"
STEMS = ["Equals", "NotEquals", "LessThan", "LessThanEquals", "GreaterThan", "GreaterThanEquals"]
SUFFIX = st.sampled_from(["", "", "IfExists"])
NUMBERS = st.sampled_from(["0", "1", "1.2", "1.25", "-3", "100", "1e6", "0.5", "99999999999"])
SINCE = 1_795_000_000.0
TIMES = st.sampled_from(
    [
        *("2020-01-01T00:00:00Z", "1795000000", "1795000000.5", "1795000001", "1795000000250", "2099-01-01"),
        *("2026-11-18T15:06:41Z",),
    ]
)
NETWORKS = st.sampled_from(
    [
        *("10.0.0.0/8", "10.0.0.0/9", "10.128.0.0/9", "0.0.0.0/0", "0.0.0.0/1", "128.0.0.0/1", "255.255.255.255"),
        *("203.0.113.0/24", "203.0.113.77", "::/0", "::/1", "8000::/1", "2001:db8::/32", "::ffff:0:0/96", "10.1.2.3/8"),
    ]
)


def operators(kind: str) -> st.SearchStrategy[str]:
    return st.builds("{}{}{}".format, st.just(kind), st.sampled_from(STEMS), SUFFIX)


def demands(lines):
    condition = [{"Condition": {name: {KEY: values}}} for name, values, _ in lines]
    whole = {"Effect": "Deny", "Principal": "*", "Action": "*", "Resource": "*"}
    policy = parse_policy({"Version": "2012-10-17", "Statement": [{**whole, **each} for each in condition]})
    wanted = [truth for _, _, truth in lines]
    return [
        (ConditionLiteral(statement, Reading(), statement.conditions[0]), truth)
        for statement, truth in zip(policy.statements, wanted, strict=True)
    ]


def check(domain, lines, candidates):
    asked = demands(lines)

    def meets(value):
        context = {} if value is None else {KEY: value}
        return all(holds(literal.condition, context, True) == truth for literal, truth in asked)

    found = value_in(domain, ROLE, asked, Budget())
    if found is None:
        fitting = [each for each in candidates if meets(each)]
        assert not fitting, (fitting[:3], lines)
        assert not (domain.absent and meets(None))
    else:
        assert meets(found[0]), (found, lines)
        assert found[0] is not None or domain.absent
        assert domain.least is None or found[0] is None or float(found[0]) >= domain.least


def lines_of(names, values):
    return st.lists(st.tuples(names, st.lists(values, min_size=1, max_size=3), st.booleans()), min_size=1, max_size=5)


@given(lines_of(operators("Numeric"), NUMBERS), st.booleans())
def test_a_number_is_found_wherever_there_is_one(lines, absent):
    near = {
        float(value) + step
        for _, values, _ in lines
        for value in values
        for step in (-1000, -1, -0.01, 0, 0.01, 1, 1e6)
    }
    check(numbers(absent=absent), lines, [repr(each) for each in near])


@given(lines_of(operators("Date"), TIMES))
def test_a_time_is_found_wherever_there_is_one_from_the_earliest_on(lines):
    at = {_seconds(value) for _, values, _ in lines for value in values} | {SINCE}
    near = {each + step for each in at for step in (-100, -1, -0.01, 0, 0.01, 0.3, 1, 1e6, 3e9)}
    check(times(SINCE), lines, [repr(each) for each in near if each >= SINCE])


def _seconds(text: str) -> float:
    if text.replace(".", "").isdigit():
        return float(text) / (1000 if len(text) == 13 else 1)
    read = datetime.fromisoformat(text)
    return (read if read.tzinfo else read.replace(tzinfo=UTC)).timestamp()


@given(
    lines_of(st.builds("{}{}".format, st.sampled_from(["IpAddress", "NotIpAddress"]), SUFFIX), NETWORKS), st.booleans()
)
def test_an_address_is_found_wherever_there_is_one(lines, absent):
    ends = {ipaddress.ip_address(each) for each in ("203.0.113.77", "2001:db8::77", "9.9.9.9", "fe80::1", "::")}
    for _, values, _ in lines:
        for network in (ipaddress.ip_network(value, strict=False) for value in values):
            ends |= {network.network_address, network.broadcast_address}
    near = [
        type(each)(int(each) + step) for each in ends for step in (-1, 0, 1) if 0 <= int(each) + step <= _most(each)
    ]
    check(addresses(absent=absent), lines, [str(each) for each in near])


def _most(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> int:
    return (1 << address.max_prefixlen) - 1
