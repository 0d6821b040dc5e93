"""Policies and requests for the laws: a pool of nasty values mixed with generated ones."""

from typing import Any

from hypothesis import strategies as st

from s3_guardrails.policy.document import Policy, parse_policy
from s3_guardrails.policy.request import Request

OWN = "111122223333"
ROLE = f"arn:aws:iam::{OWN}:role/app"

POSITIVE = {
    "StringEquals": ["a", "B", "", "*", "${aws:username}", "\u00e9", "\ud800", "x" * 300],
    "StringEqualsIgnoreCase": ["a", "A", "ab"],
    "StringLike": ["a*", "?", "*", "a", "${*}", "\x00"],
    "ArnEquals": [ROLE, "arn:aws:iam::*:role/*"],
    "ArnLike": [ROLE, "arn:*:iam::1111*:*", "arn:aws:s3:::b"],
    "NumericEquals": ["1", "1.0", "-2"],
    "NumericLessThan": ["1.2", "1e3"],
    "NumericLessThanEquals": ["1.2"],
    "NumericGreaterThan": ["0"],
    "NumericGreaterThanEquals": ["10"],
    "DateEquals": ["2026-01-01T00:00:00Z"],
    "DateLessThan": ["2026-01-01", "1767225600"],
    "DateLessThanEquals": ["2026-01-01T00:00:00+01:00"],
    "DateGreaterThan": ["2020-01-01T00:00:00Z"],
    "DateGreaterThanEquals": ["1767225600000"],
    "Bool": ["true", "false", "True"],
    "BinaryEquals": ["Zg=="],
    "IpAddress": ["10.0.0.0/8", "::/0", "192.0.2.1"],
}
NEGATED = {
    "StringNotEquals": ["a", "*", ""],
    "StringNotEqualsIgnoreCase": ["a"],
    "StringNotLike": ["a*", "*"],
    "ArnNotEquals": [ROLE],
    "ArnNotLike": ["arn:aws:iam::*:role/*"],
    "NumericNotEquals": ["1"],
    "DateNotEquals": ["2026-01-01"],
    "NotIpAddress": ["10.0.0.0/8"],
}
KEYS = [
    "aws:username",
    "aws:SourceVpc",
    "aws:SecureTransport",
    "s3:prefix",
    "aws:TagKeys",
    "custom:key",
    "aws:PrincipalArn",
]
ACTIONS = ["s3:GetObject", "s3:PutObject", "s3:Get*", "S3:getOBJECT", "s3:*", "*", "kms:Decrypt", "s3:?etObject"]
RESOURCES = [
    "arn:aws:s3:::b",
    "arn:aws:s3:::b/*",
    "*",
    "arn:aws:s3:::b/a?",
    "arn:aws:s3:::B/x",
    "arn:aws:s3:::b/${aws:username}",
]
PRINCIPALS: list[Any] = [
    "*",
    {"AWS": "*"},
    {"AWS": OWN},
    {"AWS": [ROLE, f"arn:aws:iam::{OWN}:user/ann"]},
    {"Service": "logs.amazonaws.com"},
    {"Federated": "idp"},
    {"AWS": f"arn:aws:sts::{OWN}:assumed-role/app/s"},
    {"CanonicalUser": "79a59df900b949e5"},
]


def one_or_more(values: list[Any]) -> st.SearchStrategy[Any]:
    chosen = st.lists(st.sampled_from(values), min_size=1, max_size=3)
    return st.one_of(st.sampled_from(values), chosen)


@st.composite
def conditions(draw: st.DrawFn) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for _ in range(draw(st.integers(0, 2))):
        name, pool = draw(st.sampled_from([*POSITIVE.items(), *NEGATED.items()]))
        name = draw(st.sampled_from(["", "", "", "ForAllValues:", "ForAnyValue:"])) + name
        name += draw(st.sampled_from(["", "", "IfExists"]))
        key = draw(st.sampled_from(KEYS))
        found.setdefault(name, {})[key] = draw(one_or_more(pool))
    if draw(st.booleans()):
        found["Null"] = {draw(st.sampled_from(KEYS)): draw(st.sampled_from(["true", "false", True]))}
    return found


@st.composite
def statements(draw: st.DrawFn, effect: str | None = None) -> dict[str, Any]:
    """A statement with all of its elements in any of their forms."""
    negation = st.sampled_from(["", "", "", "Not"])
    return {
        "Effect": effect or draw(st.sampled_from(["Allow", "Deny"])),
        draw(negation) + "Principal": draw(st.sampled_from(PRINCIPALS)),
        draw(negation) + "Action": draw(one_or_more(ACTIONS)),
        draw(negation) + "Resource": draw(one_or_more(RESOURCES)),
        "Condition": draw(conditions()),
    }


def documents(*, most: int = 4) -> st.SearchStrategy[dict[str, Any]]:
    version = st.sampled_from(["2012-10-17", "2012-10-17", "2008-10-17"])
    return st.fixed_dictionaries({"Version": version, "Statement": st.lists(statements(), max_size=most)})


def policies() -> st.SearchStrategy[Policy]:
    return documents().map(parse_policy)


VALUES = sorted({value for pool in (*POSITIVE.values(), *NEGATED.values()) for value in pool if "\ud800" not in value})
CONTEXTS = st.dictionaries(
    st.sampled_from(KEYS),
    st.one_of(st.sampled_from([*VALUES, "ann", "10.1.2.3", "abc"]), st.just(("a", "b")), st.just(())),
    max_size=5,
)
CALLERS = [
    (ROLE, OWN),
    (f"arn:aws:sts::{OWN}:assumed-role/app/s", OWN),
    (f"arn:aws:iam::{OWN}:user/ann", OWN),
    ("arn:aws:iam::999999999999:root", "999999999999"),
    ("anonymous", None),
    ("logs.amazonaws.com", None),
]


@st.composite
def requests(draw: st.DrawFn) -> Request:
    principal, account = draw(st.sampled_from(CALLERS))
    context = dict(draw(CONTEXTS))
    if principal.endswith(".amazonaws.com"):
        context["aws:PrincipalIsAWSService"] = "true"
    action = draw(st.sampled_from(["s3:GetObject", "s3:PutObject", "kms:Decrypt", "s3:getobject"]))
    resource = draw(st.sampled_from(["arn:aws:s3:::b", "arn:aws:s3:::b/a1", "arn:aws:s3:::b/ann", "arn:aws:s3:::B/x"]))
    return Request(principal, account, action, resource, context)
