"""DenyWrongUploads: what is planned for which data class, default, policy and parameters."""

import json

import pytest

from s3_guardrails.discovery import find_rules
from s3_guardrails.encryption.bucket import Bucket, DefaultEncryption
from s3_guardrails.encryption.fact import ABSENT, Unreadable
from s3_guardrails.policy.authorize import denied
from s3_guardrails.policy.document import parse_policy
from s3_guardrails.policy.request import Request
from s3_guardrails.remediate.change import NothingToDo, Proposed, Refused
from s3_guardrails.remediate.uploads import plan

RULE = next(each.rule for each in find_rules() if each.name == "S3_BUCKET_UPLOADS_ENCRYPTED")
OWN = "111122223333"
KEY = f"arn:aws:kms:eu-west-1:{OWN}:key/11111111-2222-3333-4444-555555555555"
OTHER_KEY = f"arn:aws:kms:eu-west-1:{OWN}:key/99999999-2222-3333-4444-555555555555"
MODE = "s3:x-amz-server-side-encryption"
KEY_ID = "s3:x-amz-server-side-encryption-aws-kms-key-id"
CUSTOMER = "s3:x-amz-server-side-encryption-customer-algorithm"
ALIASES = ["alias/aws/s3", "arn:*:kms:*:*:alias/aws/s3"]
KMS = ["aws:kms", "aws:kms:dsse"]
SSE_S3, SSE_KMS, MANAGED = DefaultEncryption("AES256"), DefaultEncryption("aws:kms", KEY), DefaultEncryption("aws:kms")
ONLY = {"ApprovedKeys": KEY}
BLOCKED = frozenset({"SSE-C"})


def deny(condition, **elements):
    whole = {"Effect": "Deny", "Principal": "*", "Action": "s3:PutObject", "Resource": "arn:aws:s3:::data/*"}
    return {**whole, "Condition": condition, **elements}


def document(*statements):
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def planned(data_class, default, parameters=None, text=None, *, accept=False, **facts):
    whole = {
        "name": "data",
        "account": OWN,
        "region": "eu-west-1",
        "tags": {"data-class": data_class} if data_class else {},
        "default_encryption": default,
        "blocked_encryption_types": BLOCKED,
        "default_key_manager": "CUSTOMER",
        "policy": ABSENT,
        "logs_from": frozenset(),
    }
    rule = RULE(RULE.Parameters.from_config(parameters or {}))
    return plan(rule, Bucket(**{**whole, **facts}), {"policy": text}, accept_unknown_sse_c=accept)


def present(**blocks):
    """Conditions on the header and the key id: `mode`, `key`, `customer` must be there (`True`) or not."""
    return {
        {"mode": MODE, "key": KEY_ID, "customer": CUSTOMER}[name]: str(not there).lower()
        for name, there in blocks.items()
    }


NO_SSE_C = {"Null": present(customer=True)}
NOT_KMS = {"StringNotEquals": {MODE: KMS}, "Null": present(mode=True)}
NOT_KEY = {"StringNotLike": {KEY_ID: KEY}, "Null": present(mode=True)}


def not_among(headers, *keys):
    return {
        "StringEquals": {MODE: headers},
        "StringNotLike": {KEY_ID: [*keys, *ALIASES]},
        "Null": present(key=True),
    }


OF_THE_ACCOUNT = not_among(KMS, f"arn:aws:kms:eu-west-1:{OWN}:key/*")
SERVICES = {"BoolIfExists": {"aws:PrincipalIsAWSService": "false"}}
EXPLICIT = {**ONLY, "UploadPolicy": "restricted=explicit-deny"}
DEMANDED = {**ONLY, "UploadPolicy": "restricted=header-required"}

PROPOSED = {
    "only approved customer managed keys": (
        ("restricted", SSE_KMS, ONLY), {"WrongKeys": NOT_KEY}, []),
    "the same, and the keys are denied already": (
        ("restricted", SSE_KMS, {**ONLY, "AcceptedModes": "restricted=SSE-KMS-CMK"}, document(deny(NOT_KEY))),
        {"WrongModes": {"StringNotEquals": {MODE: "aws:kms"}, "Null": present(mode=True)}}, []),
    "SSE-C must be denied by the policy": (
        ("restricted", SSE_KMS, EXPLICIT), {"SseC": NO_SSE_C, "WrongKeys": NOT_KEY}, []),
    "SSE-C must be denied by the policy and the rest is": (
        ("restricted", SSE_KMS, EXPLICIT, document(deny(NOT_KEY))), {"SseC": NO_SSE_C}, []),
    "the header is demanded": (
        ("restricted", SSE_KMS, DEMANDED),
        {"RequireMode": {"StringNotEquals": {MODE: KMS}}, "WrongKeys": NOT_KEY}, ["HEADER_DEMANDED"]),
    "the header is demanded of any mode": (
        ("x", SSE_S3, {"AcceptedModes": "x=SSE-S3,SSE-KMS,DSSE-KMS", "UploadPolicy": "x=header-required"}),
        {"RequireHeader": {"Null": present(mode=False)}, "WrongKeys": OF_THE_ACCOUNT}, ["HEADER_DEMANDED"]),
    "the header is demanded, so the default does not matter": (
        ("restricted", SSE_S3, DEMANDED, document(deny(NOT_KEY))),
        {"RequireMode": {"StringNotEquals": {MODE: KMS}}}, ["HEADER_DEMANDED"]),
    "either key manager": (("confidential", SSE_KMS), {"WrongModes": NOT_KMS, "WrongKeys": OF_THE_ACCOUNT}, []),
    "either key manager, of customer managed keys one": (
        ("confidential", SSE_KMS, ONLY), {"WrongModes": NOT_KMS, "WrongKeys": not_among(KMS, KEY)},
        ["AWS_MANAGED_KEY_UNCLEAR"]),
    "any mode": (("public", SSE_S3), {"WrongKeys": OF_THE_ACCOUNT}, []),
    "SSE-S3 alone": (
        ("log-delivery", SSE_S3),
        {"WrongModes": {"StringNotEquals": {MODE: "AES256"}, "Null": present(mode=True)}}, []),
    "SSE-S3 alone, of others than services": (
        ("log-delivery", SSE_S3, {"AcceptServices": "true"}),
        {"WrongModes": {"StringNotEquals": {MODE: "AES256"}, "Null": present(mode=True), **SERVICES}}, []),
    "the AWS managed key alone": (
        ("x", MANAGED, {"AcceptedModes": "x=SSE-KMS-AWS"}),
        {"WrongModes": {"StringNotEquals": {MODE: "aws:kms"}, "Null": present(mode=True)},
         "WrongKeys": not_among("aws:kms")}, ["AWS_MANAGED_KEY_UNCLEAR"]),
    "SSE-S3 or approved customer managed keys": (
        ("x", SSE_S3, {**ONLY, "AcceptedModes": "x=SSE-S3,SSE-KMS-CMK"}),
        {"WrongModes": {"StringNotEquals": {MODE: ["AES256", "aws:kms"]}, "Null": present(mode=True)},
         "WrongKeys": {"StringEquals": {MODE: "aws:kms"}, "StringNotLike": {KEY_ID: KEY}}}, []),
    "another key manager for each header": (
        ("x", SSE_S3, {**ONLY, "AcceptedModes": "x=SSE-S3,SSE-KMS-AWS,DSSE-KMS-CMK"}),
        {"WrongSseKeys": not_among("aws:kms"),
         "WrongDsseKeys": {"StringEquals": {MODE: "aws:kms:dsse"}, "StringNotLike": {KEY_ID: KEY}}},
        ["AWS_MANAGED_KEY_UNCLEAR"]),
}  # fmt: skip


@pytest.mark.parametrize("title", PROPOSED)
def test_the_fewest_statements_are_proposed(title):
    given, expected, concerns = PROPOSED[title]
    data_class, default, parameters, text = (*given, None, None)[:4]
    proposal = planned(data_class, default, parameters, text)
    assert isinstance(proposal, Proposed), proposal
    old = json.loads(text)["Statement"] if text else []
    new = [each for each in json.loads(proposal.after["policy"])["Statement"] if each not in old]
    found = {each["Sid"].removeprefix("S3Guardrails").removeprefix("Deny"): each["Condition"] for each in new}
    assert found == expected
    assert all(each == deny(each["Condition"], Sid=each["Sid"]) for each in new)
    assert [each.code for each in proposal.concerns] == concerns
    assert isinstance(planned(data_class, default, parameters, proposal.after["policy"]), NothingToDo)


REFUSED = {
    "an account's keys are approved and its AWS managed key is not": (("restricted", SSE_KMS), "WOULD_NOT_HELP"),
    "the default is not accepted": (("restricted", SSE_S3, ONLY), "WOULD_NOT_HELP"),
    "a Deny that nobody understands": (
        ("restricted", SSE_KMS, ONLY, document(deny({"StringNotSame": {KEY_ID: KEY}}))),
        "UNDETERMINED",
    ),
    "the text is no policy": (("restricted", SSE_KMS, ONLY, "[]"), "POLICY_UNREADABLE"),
    "an unknown data class": (("secret", SSE_KMS, ONLY), "UNDETERMINED"),
}


@pytest.mark.parametrize("title", REFUSED)
def test_what_cannot_be_done_safely_is_refused(title):
    given, code = REFUSED[title]
    proposal = planned(*given)
    assert isinstance(proposal, Refused)
    assert [each.code for each in proposal.refusals] == [code]


@pytest.mark.parametrize(
    "blocked", [frozenset(), frozenset({"NONE"}), Unreadable("blocked_encryption_types", "AccessDenied")]
)
def test_ssec_is_denied_only_where_something_shows_that_nobody_uses_it(blocked):
    refused = planned("restricted", SSE_KMS, ONLY, blocked_encryption_types=blocked)
    assert [each.code for each in refused.refusals] == ["SSE_C_USE_UNKNOWN"]
    proposal = planned("restricted", SSE_KMS, ONLY, accept=True, blocked_encryption_types=blocked)
    assert [each.code for each in proposal.concerns] == ["SSE_C_USE_UNKNOWN"]
    conditions = [each["Condition"] for each in json.loads(proposal.after["policy"])["Statement"]]
    assert conditions == [NO_SSE_C, NOT_KEY]


def test_ssec_of_an_unclassified_bucket_is_denied_alone():
    proposal = planned(None, SSE_S3, accept=True, blocked_encryption_types=frozenset())
    [statement] = json.loads(proposal.after["policy"])["Statement"]
    assert statement == deny(NO_SSE_C, Sid="S3GuardrailsDenySseC")


def test_ssec_that_the_policy_denies_already_is_no_question():
    text = document(deny(NO_SSE_C))
    proposal = planned("restricted", SSE_KMS, ONLY, text, blocked_encryption_types=frozenset())
    assert isinstance(proposal, Proposed)
    assert proposal.concerns == ()


def test_an_unaccepted_default_is_mended_by_the_other_remediation():
    proposal = planned("restricted", SSE_S3, ONLY)
    assert "SetBucketDefaultEncryption" in proposal.refusals[0].next_step


def test_approving_another_key_replaces_our_statement_and_needs_a_person():
    first = planned("restricted", SSE_KMS, ONLY).after["policy"]
    other = DefaultEncryption("aws:kms", OTHER_KEY)
    proposal = planned("restricted", other, {"ApprovedKeys": OTHER_KEY}, first)
    assert proposal.after["policy"] == first.replace(KEY, OTHER_KEY)
    assert [each.code for each in proposal.concerns] == ["LOOSENED"]


@pytest.mark.parametrize(("data_class", "default"), [("restricted", SSE_KMS), ("public", SSE_S3)])
@pytest.mark.parametrize("strictness", ["outcome", "explicit-deny"])
def test_uploads_without_a_header_stay_possible(data_class, default, strictness):
    proposal = planned(data_class, default, {**ONLY, "UploadPolicy": f"{data_class}={strictness}"})
    request = Request(f"arn:aws:iam::{OWN}:role/app", OWN, "s3:PutObject", "arn:aws:s3:::data/x")
    assert denied(parse_policy(proposal.after["policy"]), request) is False


def test_a_deny_of_keys_says_what_it_means_for_aliases():
    assert "an alias" in planned("restricted", SSE_KMS, ONLY).notes[-1]
    assert "an alias" not in planned("log-delivery", SSE_S3).notes[-1]
