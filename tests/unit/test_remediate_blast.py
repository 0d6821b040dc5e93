"""The blast radius: a statement that denies too much is refused with a request, whoever made it."""

import json

import pytest

from s3_guardrails.discovery import find_rules
from s3_guardrails.encryption.bucket import Bucket, DefaultEncryption
from s3_guardrails.policy.document import EMPTY, parse_policy
from s3_guardrails.remediate import tls, uploads
from s3_guardrails.remediate.blast import ANY_TRANSPORT, Replacement, harm, loosened
from s3_guardrails.remediate.change import Refused

RULES = {each.name: each.rule for each in find_rules()}
OWN = "111122223333"
KEY = f"arn:aws:kms:eu-west-1:{OWN}:key/11111111-2222-3333-4444-555555555555"
MODE = "s3:x-amz-server-side-encryption"
KEY_ID = "s3:x-amz-server-side-encryption-aws-kms-key-id"
EVERYTHING = ["arn:aws:s3:::data", "arn:aws:s3:::data/*"]
APP = f"arn:aws:iam::{OWN}:role/app"
IDENTITY = "arn:aws:iam::cloudfront:user/CloudFront Origin Access Identity E1"
HTTP = {"Bool": {"aws:SecureTransport": "false"}}


def bucket(data_class, default):
    return Bucket(
        name="data",
        account=OWN,
        region="eu-west-1",
        tags={"data-class": data_class},
        default_encryption=default,
        blocked_encryption_types=frozenset({"SSE-C"}),
        default_key_manager="CUSTOMER",
    )


def deny(condition, action="s3:*", resource=EVERYTHING):
    return {
        "Sid": "TooMuch",
        "Effect": "Deny",
        "Principal": "*",
        "Action": action,
        "Resource": resource,
        "Condition": condition,
    }


def rule(name, parameters):
    return RULES[name](RULES[name].Parameters.from_config(parameters))


def refused(proposal, words):
    assert isinstance(proposal, Refused), proposal
    assert {each.code for each in proposal.refusals} == {"BLAST_RADIUS"}
    assert any(words in each.sentence for each in proposal.refusals), proposal


OVER_TLS = {
    "everything is denied": ({}, {"Null": {"aws:SecureTransport": "false"}}, "s3:"),
    "TLS of a version that the request does not tell is denied": (
        {"MinimumTlsVersion": "1.2"}, {"NumericLessThanIfExists": {"s3:TlsVersion": "1.2"}}, "s3:"),
    "a newer version than the least is asked for": (
        {"MinimumTlsVersion": "1.2"}, {"StringNotEquals": {"s3:TlsVersion": "1.3"}}, "s3:"),
    "accepted services are not spared": ({"AcceptServices": "true"}, HTTP, "the AWS service"),
    "accepted forwarded requests are not spared": ({"AcceptViaServices": "true"}, HTTP, "over plain HTTP"),
    "an accepted role is not spared": ({"AcceptPrincipals": APP}, HTTP, APP),
    "an accepted role is spared over its path only": (
        {"AcceptPrincipals": f"{APP}*"}, {**HTTP, "ArnNotLike": {"aws:PrincipalArn": f"{APP}/*"}}, APP),
    "an accepted origin access identity is not spared": ({"AcceptPrincipals": IDENTITY}, HTTP, IDENTITY),
}  # fmt: skip


@pytest.mark.parametrize("title", OVER_TLS)
def test_requests_with_sufficient_tls_and_of_accepted_callers_stay_possible(title, monkeypatch):
    parameters, condition, words = OVER_TLS[title]
    monkeypatch.setattr(tls, "tls_statements", lambda _: (deny(condition),))
    reading = {"Effect": "Allow", "Principal": {"AWS": IDENTITY}, "Action": "s3:GetObject", "Resource": EVERYTHING[1]}
    text = json.dumps({"Version": "2012-10-17", "Statement": [reading]})
    facts = bucket("restricted", DefaultEncryption("aws:kms", KEY))
    refused(tls.plan(rule("S3_BUCKET_TLS_ONLY", parameters), facts, {"policy": text}), words)


NOT_THE_KEY = {"StringNotLike": {KEY_ID: KEY}}
NAMED = {"Null": {MODE: "false"}}
WRONG_KEY = deny({**NOT_THE_KEY, **NAMED}, "s3:PutObject", EVERYTHING[1])
ONLY = {"ApprovedKeys": KEY}
OTHER_KEY = f"{KEY[:-1]}6"


def uploading(**condition):
    return deny({**condition, **NAMED}, "s3:PutObject", EVERYTHING[1])


UPLOADS = {
    "more actions than uploads": (
        "restricted", ONLY, [{**WRONG_KEY, "Action": ["s3:PutObject", "s3:ReplicateObject"]}], "s3:ReplicateObject"),
    "uploads without a header": (
        "restricted", ONLY, [{**WRONG_KEY, "Condition": NOT_THE_KEY}], "without an encryption header"),
    "one of two accepted headers": (
        "restricted", ONLY,
        [uploading(StringNotEquals={MODE: "aws:kms"}),
         {**WRONG_KEY, "Sid": "Keys", "Condition": {**NOT_THE_KEY, "StringEquals": {MODE: "aws:kms"}}}], "dsse"),
    "an approved key": ("restricted", {"ApprovedKeys": f"{KEY},{OTHER_KEY}"}, [WRONG_KEY], OTHER_KEY),
    "the AWS managed key": ("x", {**ONLY, "AcceptedModes": "x=SSE-KMS,DSSE-KMS"}, [WRONG_KEY], "=aws:kms"),
    "the AWS managed key by its alias": (
        "x", {**ONLY, "AcceptedModes": "x=SSE-KMS"},
        [uploading(StringNotEquals={MODE: "aws:kms"}),
         {**WRONG_KEY, "Sid": "Keys", "Condition": {**NOT_THE_KEY, "Null": {KEY_ID: "false", MODE: "false"}}}],
        "alias/aws/s3"),
    "accepted services": (
        "log-delivery", {"AcceptServices": "true"}, [uploading(StringNotEquals={MODE: "AES256"})], "the AWS service"),
}  # fmt: skip


@pytest.mark.parametrize("title", UPLOADS)
def test_accepted_uploads_and_every_other_action_stay_possible(title, monkeypatch):
    data_class, parameters, statements, words = UPLOADS[title]
    monkeypatch.setattr(uploads, "upload_statements", lambda *_: statements)
    default = DefaultEncryption("AES256") if data_class == "log-delivery" else DefaultEncryption("aws:kms", KEY)
    order = rule("S3_BUCKET_UPLOADS_ENCRYPTED", parameters)
    refused(uploads.plan(order, bucket(data_class, default), {"policy": None}, accept_unknown_sse_c=False), words)


def change(before, after):
    read = [parse_policy({"Version": "2012-10-17", "Statement": each}) if each else EMPTY for each in (before, after)]
    return Replacement(bucket("x", DefaultEncryption("AES256")), *read)


def everything(replacement):
    return [replacement.space(replacement.callers(), replacement.every_action(), ANY_TRANSPORT)]


UNKNOWN = deny({"Boool": {"aws:SecureTransport": "false"}})


def test_what_is_not_decided_is_refused():
    replacement = change([], [UNKNOWN])
    assert [each.code for each in harm(replacement, everything(replacement))] == ["BLAST_RADIUS_UNDECIDED"]


def test_a_part_that_nobody_understands_and_nobody_touches_does_no_harm():
    replacement = change([UNKNOWN], [UNKNOWN, deny(HTTP, resource="arn:aws:s3:::other")])
    assert [*harm(replacement, everything(replacement)), *loosened(replacement)] == []


@pytest.mark.parametrize("after", [[], [deny(HTTP, "s3:GetObject")], [deny(HTTP), deny({}) | {"Effect": "Allow"}]])
def test_letting_more_through_than_before_needs_a_person(after):
    assert [each.code for each in loosened(change([deny(HTTP)], after))] == ["LOOSENED"]


def test_whether_more_is_let_through_is_decided_or_refused():
    assert [each.code for each in loosened(change([UNKNOWN], []))] == ["BLAST_RADIUS_UNDECIDED"]
