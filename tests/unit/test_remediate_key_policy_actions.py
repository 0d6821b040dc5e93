"""An Action element without some actions means exactly the others, and nothing that it did not mean before."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from s3_guardrails.encryption.key_access import ADMINISTRATION, CRYPTOGRAPHY, DECRYPTION
from s3_guardrails.policy.actions import actions
from s3_guardrails.policy.document import parse_policy
from s3_guardrails.policy.literal import covers
from s3_guardrails.remediate.key_policy_actions import covered, only, without

NAMES = [each.name for each in actions("kms")]
PATTERNS = [
    "*", "kms:*", "KMS:*", "kms:?*", "kms:*Key*", "kms:Re*", "kms:re*", "kms:Generate*", "kms:Put*", "kms:*Grant",
    "kms:D*", "kms:Create*", "kms:En*", "s3:*", "s3:Get*", "kms:Decrypt", "kms:PutKeyPolicy", "kms:Nothing",
]  # fmt: skip
FUTURE = ["kms:EnableSomething", "kms:GetSomething", "kms:ReEncryptSomething", "kms:Something", "kms:PutKeySomething"]


def statement(written, form="Action"):
    source = {"Effect": "Allow", "Principal": "*", form: written, "Resource": "*"}
    return parse_policy({"Statement": [source]}).statements[0]


def meant(values):
    return {name for name in NAMES if values and covers(tuple(values), f"kms:{name}")}


@pytest.mark.parametrize("unwanted", [ADMINISTRATION, CRYPTOGRAPHY, DECRYPTION], ids=["use", "administer", "write"])
@given(st.lists(st.sampled_from(PATTERNS), min_size=1, max_size=4), st.sampled_from(["Action", "NotAction"]))
def test_what_is_left_is_what_was_meant_but_the_unwanted(unwanted, written, form):
    found = statement(written, form)
    assert meant(without(found, unwanted)) == covered(found) - unwanted
    assert meant(only(found, unwanted)) == covered(found) & unwanted


@given(st.lists(st.sampled_from(PATTERNS), min_size=1, max_size=4), st.sampled_from(["Action", "NotAction"]))
def test_no_action_of_the_future_is_meant_that_was_not(written, form):
    found = statement(written, form)
    left = without(found, CRYPTOGRAPHY)
    for each in FUTURE:
        before = covers(found.actions, each) != found.not_action
        assert before or not (left and covers(left, each)), (written, form, left)


@pytest.mark.parametrize(
    ("written", "unwanted", "expected"),
    [
        (["kms:Describe*", "kms:Decrypt"], CRYPTOGRAPHY, ("kms:Describe*",)),
        (["kms:Decrypt"], CRYPTOGRAPHY, ()),
        (["kms:ReEncrypt*"], DECRYPTION, ("kms:ReEncryptTo",)),
        (["kms:En*"], CRYPTOGRAPHY, ("kms:Enable*",)),
        (["kms:*Grant"], ADMINISTRATION, ("kms:CreateGrant", "kms:RetireGrant")),
        (["kms:*Grant", "kms:CreateGrant"], ADMINISTRATION, ("kms:CreateGrant", "kms:RetireGrant")),
        (["kms:RetireGrant", "kms:R*", "kms:Retire*"], ADMINISTRATION, ("kms:ReEncrypt*", "kms:Retire*")),
    ],
)
def test_patterns_stay_few(written, unwanted, expected):
    assert without(statement(written), unwanted) == expected
