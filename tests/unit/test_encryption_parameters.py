"""Parameters of the encryption rules: what is read, and which word is at fault."""

import pytest

from s3_guardrails.encryption.approval import ApprovedKeys
from s3_guardrails.encryption.bucket import Bucket
from s3_guardrails.encryption.data_class import AcceptedModes, parse_table
from s3_guardrails.encryption.key_access import account_ids, organization_ids, principal_arns
from s3_guardrails.encryption.mode import ANY_BUT_SSE_C, NAMES, EncryptionMode
from s3_guardrails.encryption.transport import minimum_version
from s3_guardrails.encryption.upload_policy import UploadPolicies, UploadPolicy
from s3_guardrails.errors import ParameterError, UnreadableFact

OWN = "111122223333"
KEY = f"arn:aws:kms:eu-west-1:{OWN}:key/1234abcd-12ab-34cd-56ef-1234567890ab"

FAULTS = [
    (AcceptedModes.parse, "public", "AcceptedModes: expected `class=value`, found `public`"),
    (AcceptedModes.parse, "=SSE-S3", "AcceptedModes: expected `class=value`, found `=SSE-S3`"),
    (AcceptedModes.parse, "public=", "AcceptedModes: expected `class=value`, found `public=`"),
    (AcceptedModes.parse, "a=SSE-S3;a=SSE-KMS", "AcceptedModes: data class `a` is listed twice"),
    (
        AcceptedModes.parse,
        "a=SSE-S3,sse-kms",
        f"AcceptedModes: class `a`: expected one of {', '.join(NAMES)}, found `sse-kms`",
    ),
    (AcceptedModes.parse, "a=SSE-C", "found `SSE-C`"),
    (AcceptedModes.parse, "a=SSE-S3,,SSE-KMS", "found ``"),
    (
        ApprovedKeys.parse,
        "1234abcd",
        "expected a key ARN, an account id, `alias/…` or `tag:Key=Value`, found `1234abcd`",
    ),
    (ApprovedKeys.parse, f"{KEY},alias/aws/*", "found `alias/aws/*`"),
    (
        ApprovedKeys.parse,
        "arn:aws:kms:eu-west-1:111122223333:alias/x",
        "found `arn:aws:kms:eu-west-1:111122223333:alias/x`",
    ),
    (ApprovedKeys.parse, "11112222333", "found `11112222333`"),
    (ApprovedKeys.parse, "tag:=x", "found `tag:=x`"),
    (
        UploadPolicies.parse,
        "a=strict",
        "class `a`: expected one of outcome, explicit-deny, header-required, found `strict`",
    ),
    (UploadPolicies.parse, "a", "UploadPolicy: expected `class=value`, found `a`"),
    (account_ids, "1111-2222-3333", "expected an account id of 12 digits, found `1111-2222-3333`"),
    (organization_ids, "o-OURS123456", "expected an organization id such as o-a1b2c3d4e5, found `o-OURS123456`"),
    (principal_arns, f"arn:aws:iam::{OWN}:root", "expected the ARN of a role, a user or a role session"),
    (principal_arns, "app", "expected the ARN of a role, a user or a role session"),
    (minimum_version, "1.4", "expected one of 1.0, 1.1, 1.2, 1.3 or nothing, found `1.4`"),
]


@pytest.mark.parametrize(("read", "text", "message"), FAULTS)
def test_a_fault_names_the_word_and_what_was_expected(read, text, message):
    with pytest.raises(ParameterError) as error:
        read(text)
    assert message in str(error.value)


def test_modes_are_sets_per_class_and_unclassified_accepts_all_but_customer_keys():
    accepted = AcceptedModes.parse(" public=SSE-S3 , SSE-KMS ;restricted=DSSE-KMS-CMK; ")
    assert accepted.of("public") == {EncryptionMode.SSE_S3, EncryptionMode.SSE_KMS_AWS, EncryptionMode.SSE_KMS_CMK}
    assert accepted.of("restricted") == {EncryptionMode.DSSE_KMS_CMK}
    assert accepted.of(None) == ANY_BUT_SSE_C
    assert EncryptionMode.SSE_C not in accepted.of(None)
    assert parse_table("", "X") == {}


def test_strictness_is_the_outcome_unless_a_class_says_otherwise():
    strict = UploadPolicies.parse("secret=header-required")
    assert strict.of("secret") is UploadPolicy.HEADER_REQUIRED
    assert strict.of("public") is strict.of(None) is UploadPolicy.OUTCOME


def bucket(**facts):
    return Bucket(name="b", account=OWN, region="eu-west-1", **facts)


def test_nothing_listed_approves_the_keys_of_the_own_account_in_the_own_region():
    approved = ApprovedKeys.parse("")
    assert not approved
    assert approved.trusts(bucket(), OWN)
    assert not approved.trusts(bucket(), "999999999999")
    assert approved.patterns(bucket()) == (f"arn:aws:kms:eu-west-1:{OWN}:key/*",)


def test_what_is_listed_is_all_that_is_approved():
    approved = ApprovedKeys.parse(f"{KEY}, 999999999999, alias/data, tag:Use=data")
    facts = bucket(resolved_keys={"alias/data": frozenset({"arn:a"}), "tag:Use=data": frozenset({"arn:b", "arn:c"})})
    assert approved.names(facts, KEY)
    assert approved.names(facts, "arn:c")
    assert not approved.trusts(facts, OWN)
    assert approved.trusts(facts, "999999999999")
    whole = "arn:aws:kms:eu-west-1:999999999999:key/*"
    assert approved.patterns(facts) == (KEY, "arn:a", "arn:b", "arn:c", whole)


def test_an_alias_that_was_not_resolved_is_an_unreadable_fact():
    with pytest.raises(UnreadableFact) as error:
        ApprovedKeys.parse("alias/data").patterns(bucket())
    assert error.value.fact == "resolved_keys:alias/data"


def test_lists_are_read_with_spaces_and_empty_entries():
    assert account_ids(f" {OWN}, ,222233334444,") == (OWN, "222233334444")
    assert organization_ids("o-a1b2c3d4e5") == ("o-a1b2c3d4e5",)
    session = f"arn:aws:sts::{OWN}:assumed-role/app/s1"
    assert principal_arns(f"arn:aws-cn:iam::{OWN}:role/p/app,{session}") == (
        f"arn:aws-cn:iam::{OWN}:role/p/app",
        session,
    )
    assert minimum_version("") is None
