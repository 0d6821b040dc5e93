"""Where a policy is no policy, and what of one is not understood: the exact place and what was expected."""

import json

import pytest

from s3_guardrails.errors import PolicySyntaxError
from s3_guardrails.policy.document import PrincipalKind, parse_policy

DENY = {"Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": "*"}


def policy(**changed):
    return {"Version": "2012-10-17", "Statement": [DENY, {**DENY, **changed}]}


SYNTAX = [
    ([], "expected an object with Version and Statement, found a list"),
    ("null", "expected an object with Version and Statement, found null"),
    ("", "not JSON: Expecting value at line 1 column 1"),
    ("{", "not JSON: Expecting property name enclosed in double quotes at line 1 column 2"),
    ('{"a": 1, "a": 2}', "the key `a` is repeated in one object"),
    ('{"a": NaN}', "not JSON: `NaN` is no JSON number"),
    ("[" * 100_000, "nested too deeply"),
    ({"Version": "2012-10-17"}, "expected an element Statement"),
    ({"Version": 2012, "Statement": []}, "Version: expected 2012-10-17 or 2008-10-17, found a number"),
    ({"Statement": "x"}, "Statement: expected an object, found a string"),
    ({"Statement": [DENY, None]}, "Statement[1]: expected an object, found null"),
    ({"Statement": {**DENY, "Effect": "deny"}}, "Statement.Effect: expected Allow or Deny, found `deny`"),
    (policy(Effect=None), "Statement[1].Effect: expected Allow or Deny, found null"),
    (policy(Sid=7), "Statement[1].Sid: expected a string, found a number"),
    (policy(Action=True), "Statement[1].Action: expected a string, found a truth value"),
    (policy(Action=["s3:*", {}]), "Statement[1].Action[1]: expected a string, found an object"),
    (policy(Resource=[None]), "Statement[1].Resource[0]: expected a string, found null"),
    (policy(Principal={"AWS": 111122223333}), "Statement[1].Principal.AWS: expected a string, found a number"),
    (policy(Condition=[]), "Statement[1].Condition: expected an object of operators, found a list"),
    (
        policy(Condition={"Bool": "x"}),
        "Statement[1].Condition.Bool: expected an object of condition keys, found a string",
    ),
    (
        policy(Condition={"Bool": {"a": None}}),
        "Statement[1].Condition.Bool.a: expected strings, numbers or truth values, found null",
    ),
    (
        policy(Condition={"Bool": {"a": [{}]}}),
        "Statement[1].Condition.Bool.a: expected strings, numbers or truth values, found an object",
    ),
]


@pytest.mark.parametrize(("document", "message"), SYNTAX)
def test_a_syntax_error_says_where_and_what_was_expected(document, message):
    with pytest.raises(PolicySyntaxError) as error:
        parse_policy(document)
    assert str(error.value) == message
    assert message in {error.value.expected, f"{error.value.path}: {error.value.expected}"}


DEFECTS = [
    ({"Extra": 1}, "Statement[1].Extra: unknown element"),
    ({"NotAction": "s3:*"}, "Statement[1]: expected either Action or NotAction, found both"),
    ({"NotPrincipal": "*"}, "Statement[1]: expected either Principal or NotPrincipal, found both"),
    ({"Resource": []}, "Statement[1].Resource: expected at least one value"),
    ({"Principal": {"Role": "x"}}, "Statement[1].Principal.Role: expected AWS, Service, Federated or CanonicalUser"),
    ({"Principal": {}}, "Statement[1].Principal: expected at least one principal"),
    ({"Principal": "x"}, "Statement[1].Principal: expected `*` or an object of principal types, found `x`"),
    ({"Principal": ["*"]}, "Statement[1].Principal: expected `*` or an object of principal types, found a list"),
    ({"Condition": {"StringIs": {"a": "b"}}}, "Statement[1].Condition.StringIs: unknown condition operator"),
    ({"Condition": {"IpAddress": {"aws:SourceIp": "10.0.0.0/33"}}}, "`10.0.0.0/33` cannot be read"),
    ({"Condition": {"NumericLessThan": {"a": ["1", "two"]}}}, "`two` cannot be read"),
    ({"Condition": {"DateLessThan": {"aws:CurrentTime": "soon"}}}, "`soon` cannot be read"),
    ({"Condition": {"StringEquals": {"a": []}}}, "Statement[1].Condition.StringEquals.a: expected at least one value"),
]


@pytest.mark.parametrize(("changed", "message"), DEFECTS)
def test_what_is_not_understood_is_kept_as_a_defect_with_its_place(changed, message):
    read = parse_policy(policy(**changed))
    (defect,) = read.defects
    assert message in defect
    assert defect.startswith("Statement[1]")
    assert not read.statements[0].defects


def test_a_missing_element_is_a_defect():
    for name in ("Principal", "Action", "Resource"):
        lacking = {key: value for key, value in DENY.items() if key != name}
        read = parse_policy({"Version": "2012-10-17", "Statement": lacking})
        assert read.defects == (f"Statement: expected either {name} or Not{name}, found neither",)


@pytest.mark.parametrize("unknown", [{"Version": "2049-01-01"}, {"Extra": {}}])
def test_an_unknown_part_beside_the_statements_is_a_defect(unknown):
    assert len(parse_policy({"Version": "2012-10-17", "Statement": [DENY], **unknown}).defects) == 1


FORMS = {
    "111122223333": (PrincipalKind.ACCOUNT, "111122223333"),
    "arn:aws:iam::111122223333:root": (PrincipalKind.ACCOUNT, "111122223333"),
    "arn:aws-cn:iam::111122223333:root": (PrincipalKind.ACCOUNT, "111122223333"),
    "arn:aws:iam::111122223333:role/app": (PrincipalKind.ARN, "arn:aws:iam::111122223333:role/app"),
    "arn:aws:iam::111122223333:role/*": (PrincipalKind.ARN_PATTERN, "arn:aws:iam::111122223333:role/*"),
    "*": (PrincipalKind.EVERYONE, "*"),
    "AROAEXAMPLEID": (PrincipalKind.DELETED, "AROAEXAMPLEID"),
}


@pytest.mark.parametrize("written", FORMS)
def test_an_aws_principal_is_read_by_its_form(written):
    (statement,) = parse_policy(
        {"Version": "2012-10-17", "Statement": {**DENY, "Principal": {"AWS": [written]}}}
    ).statements
    assert [(each.kind, each.value) for each in statement.principals] == [FORMS[written]]


def test_values_of_conditions_are_texts():
    condition = {"Bool": {"a": True}, "NumericLessThan": {"b": 1.5}, "StringEquals": {"C": ["x", 7]}}
    (statement,) = parse_policy(json.dumps({"Statement": {**DENY, "Condition": condition}})).statements
    assert [(each.key, each.name, each.values) for each in statement.conditions] == [
        ("a", "a", ("true",)),
        ("b", "b", ("1.5",)),
        ("C", "c", ("x", "7")),
    ]
    assert not statement.variables
