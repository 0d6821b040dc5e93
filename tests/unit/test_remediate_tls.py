"""RequireTls: what is planned for which policy and parameters."""

import json

import pytest

from s3_guardrails.discovery import find_rules
from s3_guardrails.encryption.bucket import Bucket
from s3_guardrails.policy.document import parse_policy
from s3_guardrails.remediate.change import NothingToDo, Proposed, Refused
from s3_guardrails.remediate.merge import BUCKET_POLICY_LIMIT
from s3_guardrails.remediate.tls import plan

RULE = next(each.rule for each in find_rules() if each.name == "S3_BUCKET_TLS_ONLY")
OWN = "111122223333"
HTTP = {"Bool": {"aws:SecureTransport": "false"}}
EVERYTHING = ["arn:aws:s3:::data", "arn:aws:s3:::data/*"]
APP = f"arn:aws:iam::{OWN}:role/app"
TEAM = f"arn:aws:iam::{OWN}:role/team/*"


def deny(condition=None, **elements):
    whole = {"Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": EVERYTHING}
    return {**whole, "Condition": HTTP if condition is None else condition, **elements}


def document(*statements, version="2012-10-17"):
    return json.dumps({"Version": version, "Statement": list(statements)})


def planned(text, parameters=None, **facts):
    bucket = Bucket(**{"name": "data", "account": OWN, "region": "eu-west-1", **facts})
    rule = RULE(RULE.Parameters.from_config(parameters or {}))
    return plan(rule, bucket, {"policy": text})


def added(proposal, text):
    """The statements that are new, by Sid."""
    assert isinstance(proposal, Proposed), proposal
    before = json.loads(text)["Statement"] if text else []
    after = json.loads(proposal.after["policy"])["Statement"]
    return {each["Sid"]: each for each in after if each not in (before if isinstance(before, list) else [before])}


OTHER = {"Effect": "Allow", "Principal": {"AWS": APP}, "Action": "s3:GetObject", "Resource": EVERYTHING[1]}
TLS, VERSION = "S3GuardrailsRequireTls", "S3GuardrailsRequireTlsVersion"
OLD = {"NumericLessThan": {"s3:TlsVersion": "1.2"}}
SERVICES = {"BoolIfExists": {"aws:PrincipalIsAWSService": "false"}}
VIA = {"BoolIfExists": {"aws:ViaAWSService": "false"}}
BOTH = {"BoolIfExists": {"aws:PrincipalIsAWSService": "false", "aws:ViaAWSService": "false"}}

PROPOSED = {
    "no policy": (None, None, {TLS: HTTP}),
    "a policy that says nothing of TLS": (document(OTHER), None, {TLS: HTTP}),
    "a single statement that is no list": (json.dumps({"Statement": OTHER}), None, {TLS: HTTP}),
    "a policy of the old version": (document(OTHER, version="2008-10-17"), None, {TLS: HTTP}),
    "statements that share a Sid": (document({**OTHER, "Sid": "A"}, {**OTHER, "Sid": "A"}), None, {TLS: HTTP}),
    "a minimum version": (None, {"MinimumTlsVersion": "1.2"}, {TLS: HTTP, VERSION: OLD}),
    "a minimum version, and plain HTTP is denied": (
        document(deny(Sid="Mine")), {"MinimumTlsVersion": "1.2"}, {VERSION: OLD}),
    "a minimum version, and old TLS is denied": (
        document(deny(OLD)), {"MinimumTlsVersion": "1.2"}, {TLS: HTTP}),
    "accepted services": (None, {"AcceptServices": "true"}, {TLS: HTTP | SERVICES}),
    "accepted forwarded requests": (None, {"AcceptViaServices": "true"}, {TLS: HTTP | VIA}),
    "both of them": (None, {"AcceptServices": "true", "AcceptViaServices": "true"}, {TLS: HTTP | BOTH}),
    "an accepted principal": (
        None, {"AcceptPrincipals": APP}, {TLS: HTTP | {"ArnNotLike": {"aws:PrincipalArn": APP}}}),
    "accepted principals with a minimum version": (
        None, {"AcceptPrincipals": f"{APP},{TEAM}", "MinimumTlsVersion": "1.2"},
        {TLS: HTTP | {"ArnNotLike": {"aws:PrincipalArn": [APP, TEAM]}},
         VERSION: OLD | {"ArnNotLike": {"aws:PrincipalArn": [APP, TEAM]}}}),
    "an accepted principal of any account": (
        None, {"AcceptPrincipals": "arn:aws:iam::*:role/app"},
        {TLS: HTTP | {"StringNotLike": {"aws:PrincipalArn": "arn:aws:iam::*:role/app"}}}),
    "an accepted principal that is no whole ARN": (
        None, {"AcceptPrincipals": "*role/app"}, {TLS: HTTP | {"StringNotLike": {"aws:PrincipalArn": "*role/app"}}}),
    "somebody else's statement has our Sid": (
        document(deny(Sid=TLS, Action="s3:GetObject")), None, {f"{TLS}2": HTTP}),
    "somebody took our statement and spared a network": (
        document(deny({**HTTP, "StringNotEquals": {"aws:SourceVpc": "vpc-1"}}, Sid=TLS)), None, {f"{TLS}2": HTTP}),
    "our statement of lower demands is replaced": (
        document(deny(Sid=TLS), deny(OLD, Sid=VERSION)), {"MinimumTlsVersion": "1.3"},
        {VERSION: {"NumericLessThan": {"s3:TlsVersion": "1.3"}}}),
}  # fmt: skip


@pytest.mark.parametrize("title", PROPOSED)
def test_the_fewest_statements_are_proposed(title):
    text, parameters, expected = PROPOSED[title]
    proposal = planned(text, parameters)
    found = added(proposal, text)
    assert {sid: each["Condition"] for sid, each in found.items()} == expected
    for each in found.values():
        assert each == deny(each["Condition"], Sid=each["Sid"])
    assert isinstance(planned(proposal.after["policy"], parameters), NothingToDo)
    assert proposal.concerns == ()
    call = {"Bucket": "data", "Policy": proposal.after["policy"], "ExpectedBucketOwner": OWN}
    assert [each.as_json() for each in proposal.calls] == [
        {"service": "s3", "operation": "PutBucketPolicy", "parameters": call}
    ]


NOTHING = {
    "the same under another Sid": (document(deny(Sid="ForceHttps")), None),
    "in two statements": (document(deny(Resource=EVERYTHING[0]), deny(Resource=EVERYTHING[1])), None),
    "in other words": (document(deny({"StringNotEquals": {"AWS:securetransport": "true"}})), None),
    "more than is asked for": (document(deny()), {"AcceptServices": "true", "AcceptPrincipals": APP}),
}


@pytest.mark.parametrize("title", NOTHING)
def test_what_is_denied_already_is_left_alone(title):
    assert isinstance(planned(*NOTHING[title]), NothingToDo)


REFUSED = {
    "the text is no policy": ('{"Statement":', None, "POLICY_UNREADABLE"),
    "a key is repeated": ('{"Statement":[],"Statement":[]}', None, "POLICY_UNREADABLE"),
    "a Deny that nobody understands": (
        document(deny({"Boool": {"aws:SecureTransport": "false"}})), None, "UNDETERMINED"),
    "a session is accepted": (
        None, {"AcceptPrincipals": f"arn:aws:sts::{OWN}:assumed-role/app/x"}, "SESSION_ACCEPTED"),
    "the policy is full": (document({**OTHER, "Sid": "a" * (BUCKET_POLICY_LIMIT - 300)}), None, "POLICY_TOO_LARGE"),
}  # fmt: skip


@pytest.mark.parametrize("title", REFUSED)
def test_what_cannot_be_done_safely_is_refused(title):
    text, parameters, code = REFUSED[title]
    proposal = planned(text, parameters)
    assert isinstance(proposal, Refused)
    assert [each.code for each in proposal.refusals] == [code]


@pytest.mark.parametrize("partition", ["aws", "aws-cn", "aws-us-gov"])
def test_resources_are_of_the_buckets_partition(partition):
    proposal = planned(None, None, partition=partition)
    [statement] = added(proposal, None).values()
    assert statement["Resource"] == [f"arn:{partition}:s3:::data", f"arn:{partition}:s3:::data/*"]


def test_a_part_that_nobody_understands_stays_as_it_is():
    """Such a part can be harmless; it stays byte for byte while the rule is undecided by others."""
    text = document({**OTHER, "Condition": {"Boool": {"aws:SecureTransport": "false"}}}, deny(Action="s3:GetObject"))
    proposal = planned(text)
    assert isinstance(proposal, Proposed)
    assert proposal.after["policy"].startswith(text.removesuffix("]}"))


def test_taking_back_a_denial_of_an_earlier_run_needs_a_person():
    """The parameters accept another role than before; its requests were denied by the statement that is replaced."""
    condition = {**HTTP, "ArnNotLike": {"aws:PrincipalArn": APP}}
    parameters = {"AcceptPrincipals": TEAM}
    proposal = planned(document(deny(condition, Sid=TLS)), parameters)
    assert isinstance(proposal, Proposed)
    assert [each.code for each in proposal.concerns] == ["LOOSENED"]
    [statement] = parse_policy(proposal.after["policy"]).statements
    assert statement.sid == TLS
