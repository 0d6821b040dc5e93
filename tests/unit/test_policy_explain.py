"""A counterexample in words: the caller, the request, and what let it past each statement."""

import pytest

from s3_guardrails.policy.document import parse_policy
from s3_guardrails.policy.explain import passages, sentence, short
from s3_guardrails.policy.request import Request

ROLE = "arn:aws:iam::111122223333:role/team/app"
OBJECT = "arn:aws:s3:::b/x"
SSE = "s3:x-amz-server-side-encryption"


def request_of(principal=ROLE, account="111122223333", action="s3:GetObject", resource=OBJECT, **context):
    return Request(
        principal, account, action, resource, {key.replace("_", ":", 1): value for key, value in context.items()}
    )


SENTENCES = {
    "a role over plain HTTP": (
        request_of(aws_SecureTransport="false", aws_PrincipalArn=ROLE),
        "role app of 111122223333 may s3:GetObject over plain HTTP",
        f"{ROLE} may call s3:GetObject on {OBJECT} over plain HTTP",
    ),
    "a user over an old version of TLS": (
        request_of(
            "arn:aws:iam::999999999999:user/ann", "999999999999", aws_SecureTransport="true", s3_TlsVersion="1.1"
        ),
        "user ann of 999999999999 may s3:GetObject over TLS 1.1",
        f"arn:aws:iam::999999999999:user/ann may call s3:GetObject on {OBJECT} over TLS 1.1",
    ),
    "nobody known": (
        request_of("anonymous", None, aws_SecureTransport="false"),
        "anonymous may s3:GetObject over plain HTTP",
        f"an anonymous caller may call s3:GetObject on {OBJECT} over plain HTTP",
    ),
    "a service with its source": (
        request_of("logs.amazonaws.com", None, aws_PrincipalIsAWSService="true", aws_SourceAccount="999999999999"),
        "logs.amazonaws.com may s3:GetObject with aws:SourceAccount=999999999999",
        f"the AWS service logs.amazonaws.com may call s3:GetObject on {OBJECT} with aws:SourceAccount=999999999999",
    ),
    "a session": (
        request_of("arn:aws:sts::111122223333:assumed-role/app/s1", aws_PrincipalArn=ROLE),
        "s1 of 111122223333 may s3:GetObject",
        f"the session arn:aws:sts::111122223333:assumed-role/app/s1 may call s3:GetObject on {OBJECT}",
    ),
    "an upload with headers": (
        Request(ROLE, "111122223333", "s3:PutObject", OBJECT, {SSE: "aws:kms", "aws:TagKeys": ("a", "b")}),
        'role app of 111122223333 may s3:PutObject with aws:TagKeys=["a", "b"], x-amz-server-side-encryption=aws:kms',
        f'{ROLE} may call s3:PutObject on {OBJECT} with aws:TagKeys=["a", "b"], x-amz-server-side-encryption=aws:kms',
    ),
    "an upload without a header": (
        request_of(action="s3:PutObject"),
        "role app of 111122223333 may s3:PutObject",
        f"{ROLE} may call s3:PutObject on {OBJECT}, without an encryption header",
    ),
}


@pytest.mark.parametrize("title", SENTENCES)
def test_a_request_reads_as_a_person_would_say_it(title):
    request, shortly, whole = SENTENCES[title]
    assert short(request) == shortly
    assert sentence(request) == whole


DENY = {"Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": "*"}
FAILED = {
    "another principal": (
        {"Principal": {"AWS": "111122224444"}},
        f'Principal {{"AWS": "111122224444"}} does not cover {ROLE}',
    ),
    "another action": ({"Action": ["s3:Put*"]}, 'Action ["s3:Put*"] does not cover s3:GetObject'),
    "another resource": ({"Resource": "arn:aws:s3:::c"}, f"Resource arn:aws:s3:::c does not cover {OBJECT}"),
    "an exception": ({"Action": None, "NotAction": "s3:Get*"}, "NotAction s3:Get* excepts s3:GetObject"),
    "a missing key": (
        {"Condition": {"Bool": {"aws:MultiFactorAuthPresent": False}}},
        "Bool aws:MultiFactorAuthPresent false is false: the request has no aws:MultiFactorAuthPresent",
    ),
    "another value": (
        {"Condition": {"StringNotEquals": {"AWS:sourcevpc": ["vpc-1", "vpc-2"]}}},
        'StringNotEquals AWS:sourcevpc ["vpc-1", "vpc-2"] is false: the request has AWS:sourcevpc = vpc-1',
    ),
    "an unknown part": (
        {"Condition": {"StringSoundsLike": {"aws:SourceVpc": "x"}}},
        "a part of the statement is not understood",
    ),
}


@pytest.mark.parametrize("title", FAILED)
def test_the_first_element_that_fails_is_named(title):
    changed, because = FAILED[title]
    statement = {name: value for name, value in {**DENY, **changed}.items() if value is not None}
    (row,) = passages(
        parse_policy({"Version": "2012-10-17", "Statement": statement}), request_of(aws_SourceVpc="vpc-1")
    )
    assert row["because"] == because
    assert row["statement"] == "Statement[0]"
    assert row["effect"] == "Deny"
    assert not row["applies"]


def test_an_allow_is_told_only_where_it_applies():
    allow = {**DENY, "Effect": "Allow", "Sid": "Yes"}
    policy = parse_policy(
        {"Version": "2012-10-17", "Statement": [allow, {**allow, "Sid": "No", "Action": "s3:Put*"}, DENY]}
    )
    rows = [(row["statement"], row["applies"], row["because"]) for row in passages(policy, request_of())]
    assert rows == [("Yes", True, "every element matches"), ("Statement[2]", True, "every element matches")]
