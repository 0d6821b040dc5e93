"""What a policy with open values is read as holds whatever those values turn out to be.

The values that are tried are texts with wildcards, policy variables, colons and slashes, and whole elements.
"""

import json
import sys
from functools import cache
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

sys.path.insert(0, str(Path(__file__).parents[1] / "cases"))
sys.path.insert(0, str(Path(__file__).parent))
from labelled import SINCE, Labelled, labelled
from template_trees import get, paths, put

from s3_guardrails.encryption.question import ask
from s3_guardrails.errors import GuardrailError
from s3_guardrails.policy.authorize import Outcome, authorize
from s3_guardrails.policy.document import parse_policy
from s3_guardrails.policy.request import Request
from s3_guardrails.template.condition_bounds import Never, bounded_conditions
from s3_guardrails.template.found import Options, assignments
from s3_guardrails.template.open_policy import read_policy
from s3_guardrails.template.reading import read_file
from s3_guardrails.template.statement_bounds import narrow, wide
from s3_guardrails.template.value import Text, Unknown, joined

CASES = list(labelled("tls", "uploads", "key_policy"))
TEXTS = st.sampled_from(
    [
        *(
            "*",
            "",
            "?",
            "s3:*",
            "kms:*",
            "arn:aws:s3:::*/*",
            "aws:kms",
            "true",
            "false",
            "444455556666",
            "x:y",
            "a/b",
            "1.2",
        ),
        *("arn:aws:iam::111122223333:role/x", "${aws:PrincipalArn}", "bucket", "role/x", "111122223333:role/app"),
    ]
)


def document_of(case):
    return case.policy if isinstance(case.policy, dict) else json.loads(case.policy)


def verdict(case, policy):
    return ask(case.topic, policy, bucket=case.bucket, own=case.own, params=case.params, since=SINCE).verdict


def verdict_in_template(case, document):
    """The answer about a template whose policy is the document; its parameter P has no value."""
    about_key = case.topic.startswith("kms-")
    properties = {"KeyPolicy": document} if about_key else {"Bucket": case.bucket, "PolicyDocument": document}
    resource = {"Type": "AWS::KMS::Key" if about_key else "AWS::S3::BucketPolicy", "Properties": properties}
    template = {"Parameters": {"P": {"Type": "String"}}, "Resources": {"R": resource}}
    [found] = read_file(json.dumps(template).encode(), Options(account=case.own)).policies
    worlds = [found.at(each) for each in assignments(found.choices)]
    told = {verdict(case, each) for world in worlds for each in (world.policy, world.callers) if each}
    return told.pop() if len(told) == 1 else "inconclusive"


@cache
def answer(case_id):
    case = next(each for each in CASES if each.id == case_id)
    return verdict(case, parse_policy(document_of(case)))


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_a_template_that_is_known_throughout_gets_the_answer_of_its_policy(case):
    assert verdict_in_template(case, document_of(case)) == answer(case.id)


@given(data=st.data())
def test_opening_any_one_value_never_flips_an_answer(data):
    case: Labelled = data.draw(st.sampled_from(CASES))
    document = document_of(case)
    at = data.draw(st.sampled_from(list(paths(document))))
    written = get(document, at)
    opened = {"Ref": "P"}
    cut = None
    if isinstance(written, str) and data.draw(st.booleans()):
        start, end = sorted(data.draw(st.tuples(*[st.integers(0, len(written))] * 2)))
        cut = (written[:start], written[end:])
        opened = {"Fn::Join": ["", [cut[0], {"Ref": "P"}, cut[1]]]}
    told = verdict_in_template(case, put(document, at, opened))
    assert told in {answer(case.id), "inconclusive"}, (case.id, at, opened)
    if told == "inconclusive":
        return
    subtrees = st.sampled_from([get(document, each) for each in paths(document)])
    for _ in range(3):
        text = data.draw(TEXTS)
        value = cut[0] + text + cut[1] if cut else data.draw(st.one_of(st.just(text), st.just([text]), subtrees))
        try:
            deployed = verdict(case, parse_policy(json.dumps(put(document, at, value))))
        except GuardrailError:
            continue  # AWS would refuse that policy
        assert deployed in {told, "inconclusive"}, (case.id, at, opened, value)


OPEN = Unknown("anything")
ELEMENTS = {
    "Principal": [
        "*",
        {"AWS": ["arn:aws:iam::111122223333:role/a"]},
        {"AWS": ["111122223333"]},
        {"Service": ["s.amazonaws.com"]},
    ],
    "Action": [["s3:GetObject"], ["s3:Put*", "s3:GetObject"]],
    "Resource": [["arn:aws:s3:::b/*"], ["arn:aws:s3:::b/k", "arn:aws:s3:::c/*"]],
}
NAMES = (
    *("StringEquals", "StringNotEquals", "StringLike", "StringNotLike", "StringEqualsIgnoreCase", "ArnLike"),
    *(
        "ArnNotEquals",
        "Bool",
        "NumericLessThan",
        "IpAddress",
        "NotIpAddress",
        "DateGreaterThan",
        "Null",
        "BinaryEquals",
    ),
)
OPERATORS = [
    f"{quantifier}{name}{suffix}"
    for name in (
        "StringEquals",
        "StringNotEquals",
        "StringLike",
        "StringNotLike",
        "ArnLike",
        "ArnNotEquals",
        "Bool",
        "StringEqualsIgnoreCase",
        "NumericLessThan",
        "IpAddress",
        "NotIpAddress",
        "DateGreaterThan",
        "Null",
        "BinaryEquals",
    )
    for quantifier, suffix in (("", ""), ("", "IfExists"), ("ForAllValues:", ""), ("ForAnyValue:", ""))
]
VALUES = [
    "x",
    "x*",
    "a?",
    "arn:aws:iam::111122223333:role/a",
    "arn:aws:s3:::b/k",
    "true",
    "10",
    "10.0.0.0/8",
    "${aws:username}",
]
KEYS = ["aws:PrincipalArn", "aws:SourceArn", "s3:prefix", "aws:SourceIp", "aws:TagKeys"]
REQUEST_VALUES = [
    "x",
    "xy",
    "x*",
    "ab",
    "a?",
    "arn:aws:iam::111122223333:role/a",
    "arn:aws:s3:::b/k",
    "true",
    "9",
    "10.1.1.1",
]


@st.composite
def opened(draw, text):
    """The text with a part of it, or all of it, open; and what it is with a value put there."""
    value = draw(st.sampled_from(["*", "", "x", "y:z", "role/a", "${aws:username}", "?", "b/k", "arn:aws:s3:::b/k"]))
    start, end = sorted(draw(st.tuples(*[st.integers(0, len(text))] * 2)))
    head, tail = (text[:start], text[end:]) if draw(st.booleans()) else ("", "")
    return joined(head, OPEN, tail), head + value + tail


@st.composite
def statements(draw):
    """A statement with open values, and one that it may turn out to be."""
    mine, real = ({"Effect": draw(st.sampled_from(["Allow", "Deny"]))} for _ in range(2))
    real["Effect"] = mine["Effect"]
    for name, choices in ELEMENTS.items():
        written = draw(st.sampled_from(choices))
        form = f"{draw(st.sampled_from(['', 'Not']))}{name}"
        mine[form], real[form] = draw(entries(written))
    block = draw(
        st.dictionaries(
            st.sampled_from(OPERATORS),
            st.dictionaries(
                st.sampled_from(KEYS), st.lists(st.sampled_from(VALUES), min_size=1, max_size=2), min_size=1, max_size=2
            ),
            max_size=2,
        )
    )
    mine["Condition"], real["Condition"] = {}, {}
    for operator, lines in block.items():
        for key, values in lines.items():
            one, other = draw(entries(values))
            mine["Condition"].setdefault(operator, {})[key] = one
            real["Condition"].setdefault(operator, {})[key] = other
    return mine, real


@st.composite
def entries(draw, written):
    """A list or object of texts, any of them open, and what it may turn out to be."""
    if isinstance(written, dict):
        pairs = {name: draw(entries(values)) for name, values in written.items()}
        return {name: one for name, (one, _) in pairs.items()}, {name: other for name, (_, other) in pairs.items()}
    if isinstance(written, str):
        return written, written
    pairs = [draw(opened(each)) if draw(st.booleans()) else (each, each) for each in written]
    if draw(st.booleans()):
        pairs.append((OPEN, draw(st.sampled_from(written))))
    return [one for one, _ in pairs], [other for _, other in pairs]


@st.composite
def requests(draw):
    context = draw(
        st.dictionaries(
            st.sampled_from(["aws:SourceArn", "s3:prefix", "aws:SourceIp", "aws:username"]),
            st.sampled_from(REQUEST_VALUES),
        )
    )
    if draw(st.booleans()):
        context["aws:TagKeys"] = tuple(draw(st.lists(st.sampled_from(REQUEST_VALUES), max_size=2)))
    principal = draw(
        st.sampled_from(["arn:aws:iam::111122223333:role/a", "arn:aws:iam::444455556666:user/u", "s.amazonaws.com"])
    )
    if principal.startswith("arn:"):
        context["aws:PrincipalArn"] = principal
    else:
        context["aws:PrincipalIsAWSService"] = "true"
    return Request(
        principal,
        principal.split(":")[4] if principal.startswith("arn:") else None,
        draw(st.sampled_from(["s3:GetObject", "s3:PutObject"])),
        draw(st.sampled_from(["arn:aws:s3:::b/k", "arn:aws:s3:::b/x", "arn:aws:s3:::c/k"])),
        context,
    )


@given(statement=statements(), version=st.sampled_from(["2012-10-17", "2008-10-17"]), request_=requests())
def test_what_is_certain_of_an_open_statement_is_so_whatever_its_values_are(statement, version, request_):
    mine, real = statement
    certain = authorize(read_policy({"Version": version, "Statement": [mine]}), request_).outcome
    outcome = authorize(parse_policy({"Version": version, "Statement": [real]}), request_).outcome
    assert Outcome.UNDETERMINED in {certain, outcome} or certain is outcome


@given(statement=statements(), request_=requests())
def test_an_open_version_settles_nothing_that_a_version_decides(statement, request_):
    _, real = statement
    certain = authorize(read_policy({"Version": OPEN, "Statement": [real]}), request_).outcome
    for version in ("2012-10-17", "2008-10-17"):
        outcome = authorize(parse_policy({"Version": version, "Statement": [real]}), request_).outcome
        assert Outcome.UNDETERMINED in {certain, outcome} or certain is outcome


def test_what_is_open_is_named_and_what_is_not_keeps_its_name_and_place():
    document = {
        "Version": "2012-10-17",
        "Statement": [
            {"Effect": "Allow", "Principal": "*", "Action": "s3:*", "Resource": "*"},
            {"Sid": "Half", "Effect": "Deny", "Principal": "*", "Action": ["s3:*", OPEN], "Resource": "*"},
            {"Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": Text(("arn:aws:s3:::", OPEN))},
        ],
    }
    policy = read_policy(document)
    labels = [(each.label, each.index, each.defects) for each in policy.statements]
    assert labels == [
        ("Statement[0]", 0, ()),
        ("Half", 1, ()),
        ("Half (open)", 1, ("anything",)),
        ("Statement[2] (open)", 2, ("anything",)),
    ]


@pytest.mark.parametrize(
    ("statements_", "path"),
    [
        ([{"Effect": "Deny", "Principal": OPEN, "Action": [1], "Resource": "*"}], "Statement[0].Action[0]"),
        ([OPEN, OPEN, {"Effect": "Deny", "Condition": []}], "Statement[2].Condition"),
        ([{"Effect": "Maybe", "Action": OPEN}], "Statement[0].Effect"),
    ],
)
def test_a_malformed_statement_is_told_by_its_place_in_the_file(statements_, path):
    with pytest.raises(GuardrailError, match=f"^{path.replace('[', '.').replace(']', '.')}"):
        read_policy({"Version": "2012-10-17", "Statement": statements_})


PART = Text(("ab*", OPEN))
ROLE = Text(("arn:aws:iam::111122223333:role/", OPEN))


@pytest.mark.parametrize(
    ("written", "certain", "possible"),
    [
        ({"Action": ["s3:Get*", OPEN]}, {"Action": ["s3:Get*"]}, {"Action": "*"}),
        ({"Action": Text(("s3:", OPEN))}, None, {"Action": ["s3:*"]}),
        ({"NotAction": ["s3:Get*", OPEN]}, None, {"NotAction": ["s3:Get*"]}),
        ({"NotAction": [Text(("s3:", OPEN))]}, {"NotAction": ["s3:*"]}, {"Action": "*"}),
        ({"Resource": Text(("arn:aws:s3:::", OPEN, "/*"))}, None, {"Resource": ["arn:aws:s3:::*/*"]}),
        ({"Resource": Text(("arn:aws:kms:", OPEN, ":1:key/*"))}, None, {"Resource": ["arn:aws:kms:*"]}),
        ({"Resource": Text(("arn:aws:s3:::b/${aws:", OPEN, "}"))}, None, {"Resource": "*"}),
        ({"Resource": Text(("arn:aws:s3:::b/$", OPEN))}, None, {"Resource": "*"}),
        ({"Resource": Text(("arn:aws:s3:::", OPEN, "/${aws:username}/*"))}, None, {"Resource": ["arn:aws:s3:::*/*"]}),
        ({"Resource": Text(("arn:aws:s3:::", OPEN, "/a/", OPEN, "/b"))}, None, {"Resource": ["arn:aws:s3:::*/b"]}),
        ({"Principal": {"AWS": ROLE}}, None, {"Principal": "*"}),
        (
            {"NotPrincipal": {"AWS": [ROLE]}},
            {"NotPrincipal": {"AWS": ["arn:aws:iam::111122223333:role/*"]}},
            {"Principal": "*"},
        ),
        (
            {"Principal": {"AWS": "111122223333", "Service": OPEN}},
            {"Principal": {"AWS": ["111122223333"]}},
            {"Principal": "*"},
        ),
        ({"NotPrincipal": {"AWS": "1", "Service": OPEN}}, None, {"NotPrincipal": {"AWS": ["1"]}}),
    ],
    ids=str,
)
def test_the_bounds_of_the_elements_of_a_deny(written, certain, possible):
    statement = {"Effect": "Deny", **written}
    expected = certain and {"Effect": "Deny", **certain}
    assert narrow(statement, variables=True) == expected
    assert wide(statement, variables=True) == [{"Effect": "Deny", **possible}]


def test_a_role_of_a_known_account_bounds_an_allow_but_not_its_exceptions():
    pattern = ["arn:aws:iam::111122223333:role/*"]
    assert wide({"Effect": "Allow", "Principal": {"AWS": ROLE}}, variables=True)[0]["Principal"] == {"AWS": pattern}
    assert narrow({"Effect": "Allow", "NotPrincipal": {"AWS": ROLE}}, variables=True) is None


PRESENT, ABSENT = {"Null": {"k": "false"}}, {"Null": {"k": "true"}}


@pytest.mark.parametrize(
    ("operator", "values", "variables", "certain", "possible"),
    [
        ("StringEquals", ["a", OPEN], True, {"StringEquals": {"k": ["a"]}}, {"StringLike": {"k": ["a", "*"]}}),
        ("StringEquals", [PART], True, None, {"StringLike": {"k": ["ab${*}*"]}}),
        ("StringEquals", [PART], False, None, PRESENT),
        ("StringEqualsIfExists", OPEN, True, ABSENT, {"StringLikeIfExists": {"k": ["*"]}}),
        ("StringNotEquals", ["a", OPEN], True, {"StringNotLike": {"k": ["a", "*"]}}, {"StringNotEquals": {"k": ["a"]}}),
        ("StringNotEquals", PART, False, ABSENT, {}),
        (
            "StringNotEquals",
            Text((OPEN, ":PrincipalTag/x}/y")),
            True,
            {"StringNotLike": {"k": ["*/y"]}},
            {},
        ),
        ("StringNotLike", [PART], True, {"StringNotLike": {"k": ["ab**"]}}, {}),
        ("ForAllValues:StringLike", [PART], True, ABSENT, {"ForAllValues:StringLike": {"k": ["ab**"]}}),
        ("ForAnyValue:StringEquals", OPEN, True, None, {"ForAnyValue:StringLike": {"k": ["*"]}}),
        ("ForAnyValue:StringNotEqualsIgnoreCase", OPEN, True, None, PRESENT),
        ("ArnLike", [ROLE], True, None, {"ArnLike": {"k": ["arn:aws:iam::111122223333:role/*"]}}),
        ("ArnLike", [Text(("arn:aws:iam::", OPEN, ":role/x"))], True, None, PRESENT),
        ("ArnNotEquals", OPEN, True, ABSENT, {}),
        ("Bool", OPEN, True, None, PRESENT),
        ("BoolIfExists", OPEN, True, ABSENT, {}),
        ("NumericLessThan", ["1", OPEN], True, {"NumericLessThan": {"k": ["1"]}}, PRESENT),
        ("NotIpAddress", ["10.0.0.0/8", OPEN], True, ABSENT, {"NotIpAddress": {"k": ["10.0.0.0/8"]}}),
        ("Null", OPEN, True, None, {}),
        ("NobodyKnows", OPEN, True, None, {}),
    ],
)
def test_the_bounds_of_a_condition(operator, values, variables, certain, possible):
    block = {operator: {"k": values}}
    assert bounded_conditions(block, wide=True, variables=variables) == possible
    if certain is None:
        with pytest.raises(Never):
            bounded_conditions(block, wide=False, variables=variables)
    else:
        assert bounded_conditions(block, wide=False, variables=variables) == certain


def test_a_bound_that_another_line_leaves_no_room_for_is_widened_or_given_up():
    block = {"StringEquals": {"k": OPEN}, "StringLike": {"K": "a*"}, "Bool": {"x": OPEN}, "Null": {"x": "true"}}
    assert bounded_conditions(block, wide=True, variables=True) == {
        "StringLike": {"K": "a*"},
        "Null": {"x": "true", "k": "false"},
    }
    with pytest.raises(Never):
        bounded_conditions({"BoolIfExists": {"x": OPEN}, "Null": {"x": "false"}}, wide=False, variables=True)
