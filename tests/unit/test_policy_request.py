"""Requests as plain data: what is read, and where a fault is."""

import json

import pytest

from s3_guardrails.errors import InputError
from s3_guardrails.policy.request import Request

WHOLE = {
    "principal": "arn:aws:iam::111122223333:role/app",
    "account": "111122223333",
    "action": "s3:GetObject",
    "resource": "arn:aws:s3:::b/x",
    "context": {"aws:SourceVpc": "vpc-1", "aws:TagKeys": ["a", "b"], "aws:CalledVia": []},
}


def test_a_request_survives_json():
    request = Request.from_json(json.loads(json.dumps(WHOLE)))
    assert request.as_json() == WHOLE
    assert request.values == {"aws:sourcevpc": "vpc-1", "aws:tagkeys": ("a", "b"), "aws:calledvia": ()}


def test_context_and_account_may_be_left_out():
    request = Request.from_json({name: WHOLE[name] for name in ("principal", "action", "resource")})
    assert (request.account, dict(request.context)) == (None, {})


FAULTS = [
    ([], "request: expected an object"),
    ("x", "request: expected an object"),
    ({**WHOLE, "principal": None}, "request.principal: expected a string"),
    ({**WHOLE, "action": 1}, "request.action: expected a string"),
    ({name: value for name, value in WHOLE.items() if name != "resource"}, "request.resource: expected a string"),
    ({**WHOLE, "account": 111122223333}, "request.account: expected a string or null"),
    ({**WHOLE, "context": ["a"]}, "request.context: expected an object"),
    ({**WHOLE, "context": {"a": True}}, "request.context.a: expected a string or a list of strings"),
    ({**WHOLE, "context": {"a": ["x", 1]}}, "request.context.a: expected a string or a list of strings"),
    ({**WHOLE, "context": {"a": None}}, "request.context.a: expected a string or a list of strings"),
]


@pytest.mark.parametrize(("data", "message"), FAULTS)
def test_a_fault_is_named_by_its_field(data, message):
    with pytest.raises(InputError) as error:
        Request.from_json(data)
    assert str(error.value) == message


ROLE = "arn:aws:iam::111122223333:role/app"
NAMES = {
    ROLE: {ROLE},
    "arn:aws:sts::111122223333:assumed-role/app/s1": {"arn:aws:sts::111122223333:assumed-role/app/s1", ROLE},
    "anonymous": {"anonymous"},
}


@pytest.mark.parametrize("principal", NAMES)
def test_a_session_is_named_by_itself_and_by_its_role(principal):
    assert Request(principal, None, "s3:GetObject", "*").arns == NAMES[principal]


def test_the_role_that_the_context_names_goes_before_the_one_in_the_session():
    """A session's ARN leaves the path of its role out; aws:PrincipalArn has it."""
    session = "arn:aws:sts::111122223333:assumed-role/app/s1"
    with_path = "arn:aws:iam::111122223333:role/team/app"
    assert Request(session, None, "s3:GetObject", "*", {"aws:principalarn": with_path}).arns == {session, with_path}
