"""RestrictKeyPolicy as a table: the statements beside the account's own before and after, or why nothing is changed."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from s3_guardrails.discovery import find_rules
from s3_guardrails.encryption.key import Key, KeyMetadata
from s3_guardrails.remediate import key_policy
from s3_guardrails.remediate.change import NothingToDo, Proposed, Refused
from s3_guardrails.remediate.key_policy_roles import DeclaredRoles

RULE = next(each.rule for each in find_rules() if each.name == "KMS_KEY_POLICY_LEAST_PRIVILEGE")
OWN, PARTNER, STRANGER = "111122223333", "222233334444", "999999999999"
ORG = "o-a1b2c3d4e5"
KEY = Key(key_id="k-1", account=OWN, region="eu-west-1", metadata=KeyMetadata(manager="CUSTOMER", state="Enabled"))
ACCOUNT = f"arn:aws:iam::{OWN}"
ROOT = {"Effect": "Allow", "Principal": {"AWS": f"{ACCOUNT}:root"}, "Action": "kms:*", "Resource": "*"}
ADMIN, APP, INGEST, OTHER = (f"{ACCOUNT}:role/{name}" for name in ("admin", "app", "ingest", "other"))
SESSION = f"arn:aws:sts::{OWN}:assumed-role/admin/me"
USE = ["kms:Encrypt", "kms:Decrypt", "kms:ReEncrypt*", "kms:GenerateDataKey*", "kms:DescribeKey"]
WRITE = ["kms:Encrypt", "kms:ReEncryptTo", "kms:GenerateDataKey*", "kms:DescribeKey"]
ADMINISTER = ["kms:Create*", "kms:Describe*", "kms:Put*", "kms:Enable*", "kms:Disable*", "kms:ScheduleKeyDeletion"]
CONSOLE = [
    "kms:Create*", "kms:Describe*", "kms:Enable*", "kms:List*", "kms:Put*", "kms:Update*", "kms:Revoke*",
    "kms:Disable*", "kms:Get*", "kms:Delete*", "kms:TagResource", "kms:UntagResource", "kms:ScheduleKeyDeletion",
    "kms:CancelKeyDeletion", "kms:RotateKeyOnDemand", "kms:ImportKeyMaterial", "kms:ReplicateKey", "kms:RetireGrant",
    "kms:SynchronizeMultiRegionKey",
]  # fmt: skip
ALL_BUT_ADMINISTRATION = [
    "kms:Describe*", "kms:List*", "kms:Get*", "kms:TagResource", "kms:UntagResource", "kms:Encrypt", "kms:Decrypt",
    "kms:ReEncrypt*", "kms:GenerateDataKey*", "kms:CreateGrant", "kms:DeriveSharedSecret", "kms:GenerateMac",
    "kms:RetireGrant", "kms:Sign", "kms:SynchronizeMultiRegionKey", "kms:Verify", "kms:VerifyMac",
]  # fmt: skip
CRYPTOGRAPHY = {
    "kms:Encrypt", "kms:Decrypt", "kms:ReEncrypt*", "kms:GenerateDataKey*", "kms:DeriveSharedSecret",
    "kms:GenerateMac", "kms:Sign", "kms:Verify", "kms:VerifyMac",
}  # fmt: skip
GRANTS = ["kms:CreateGrant", "kms:ListGrants", "kms:RevokeGrant"]
FOR_RESOURCES = {"Bool": {"kms:GrantIsForAWSResource": "true"}}
THROUGH_S3 = {"StringEquals": {"kms:ViaService": "s3.eu-west-1.amazonaws.com"}}
INSIDE = {"StringEquals": {"kms:CallerAccount": OWN}}
MEMBERS = {"StringEquals": {"aws:PrincipalOrgID": ORG}}
OWN_SOURCE = {"StringEquals": {"aws:SourceAccount": OWN}}
ANY_TRAIL = {"ArnLike": {"aws:SourceArn": "arn:aws:cloudtrail:*:*:trail/*"}}
NAMED = {"ArnEquals": {"aws:PrincipalArn": [ADMIN, APP]}}
DECLARED = {"administrators": "admin", "users": "app"}


def allow(principal: Any, action: Any, condition: Any = None, **more: Any) -> dict[str, Any]:
    told = {"AWS": principal} if isinstance(principal, str | list) and principal != "*" else principal
    whole = {**more, "Effect": "Allow", "Principal": told, "Action": action, "Resource": "*"}
    return whole if condition is None else {**whole, "Condition": condition}


def service(name: str, action: Any = "kms:GenerateDataKey*", condition: Any = None) -> dict[str, Any]:
    return allow({"Service": name}, action, condition)


def proposal(*statements: Any, rule=None, roles=None, key=KEY, text=None, **more):
    text = text or json.dumps({"Version": "2012-10-17", "Statement": [ROOT, *statements]})
    judge = RULE(RULE.Parameters.from_config(rule or {}))
    return key_policy.plan(judge, key, {"key_policy": text}, DeclaredRoles.from_text(**(roles or {})), **more)


def codes(found):
    assert isinstance(found, Refused), found
    return {each.code for each in found.refusals}


def after(found):
    assert isinstance(found, Proposed), found
    return json.loads(found.after["key_policy"])["Statement"]


def both(one: dict[str, Any], other: dict[str, Any]) -> dict[str, Any]:
    return {"StringEquals": {**one["StringEquals"], **other["StringEquals"]}}


# title: (statements, rule parameters, declared roles, statements after or codes of the refusal)
TABLE: dict[str, tuple[list[Any], dict[str, str], dict[str, str], Any]] = {
    "everybody: the account keeps what it had": (
        [allow("*", USE)], {}, {}, [allow("*", USE, INSIDE)]),
    "everybody in a list beside a role: the role's part stays": (
        [allow([OTHER, "*"], USE)], {}, {},
        [allow(OTHER, USE), allow({"AWS": "*"}, USE, INSIDE)]),
    "everybody through one service": (
        [allow({"AWS": "*"}, USE, THROUGH_S3)], {}, {}, [allow({"AWS": "*"}, USE, both(THROUGH_S3, INSIDE))]),
    "everybody with a trusted account": (
        [allow("*", USE)], {"TrustedAccounts": PARTNER}, {},
        [allow("*", USE, {"StringEquals": {"kms:CallerAccount": [OWN, PARTNER]}})]),
    "everybody with a trusted organization: its members, and the account": (
        [allow("*", USE, Sid="Share")], {"TrustedOrganizations": ORG}, {},
        [allow("*", USE, INSIDE, Sid="Share"), allow("*", USE, MEMBERS, Sid="SharePart2")]),
    "an account condition with a stranger in it loses the stranger": (
        [allow("*", USE, {"StringEquals": {"kms:CallerAccount": [STRANGER, OWN]}})], {}, {},
        [allow("*", USE, INSIDE)]),
    "an account condition that strangers alone meet": (
        [allow("*", USE, {"StringEquals": {"kms:callerAccount": STRANGER}})], {}, {}, []),
    "an account condition that is no text to compare": (
        [allow("*", USE, {"StringEquals": {"kms:CallerAccount": "${aws:PrincipalAccount}"}})], {}, {},
        [allow("*", USE, {"StringEquals": {"kms:CallerAccount": "${aws:PrincipalAccount}"},
                          "StringLike": {"kms:CallerAccount": OWN}})]),
    "a condition that an absent key passes": (
        [allow("*", USE, {"StringEqualsIfExists": {"kms:CallerAccount": OWN}})], {}, {},
        [allow("*", USE, {"StringEqualsIfExists": {"kms:CallerAccount": OWN}, **INSIDE})]),
    "a role of a stranger": (
        [allow(f"arn:aws:iam::{STRANGER}:role/x", USE)], {}, {}, []),
    "a role of a stranger among others": (
        [allow([APP, f"arn:aws:iam::{STRANGER}:role/x", OTHER], USE)], {}, {}, [allow([APP, OTHER], USE)]),
    "a stranger's account beside the account's root": (
        [allow([f"{ACCOUNT}:root", STRANGER], "kms:*")], {}, {}, [allow(f"{ACCOUNT}:root", "kms:*")]),
    "a stranger who may be of the trusted organization": (
        [allow([APP, STRANGER], USE)], {"TrustedOrganizations": ORG}, {},
        [allow(APP, USE), allow(STRANGER, USE, MEMBERS)]),
    "a stranger who makes grants for AWS resources": (
        [allow(STRANGER, GRANTS, FOR_RESOURCES)], {}, {}, []),
    "everybody but somebody": (
        [{"Effect": "Allow", "NotPrincipal": {"AWS": OTHER}, "Action": USE, "Resource": "*"}], {}, {},
        {"NOT_PRINCIPAL"}),
    "a service": (
        [service("cloudtrail.amazonaws.com")], {}, {},
        [service("cloudtrail.amazonaws.com", condition=OWN_SOURCE)]),
    "a service for trusted accounts and organizations": (
        [service("config.amazonaws.com")], {"TrustedAccounts": PARTNER, "TrustedOrganizations": ORG}, {},
        [service("config.amazonaws.com", condition={"StringEquals": {"aws:SourceAccount": [OWN, PARTNER]}}),
         service("config.amazonaws.com", condition={"StringEquals": {"aws:SourceOrgID": ORG}})]),
    "services that are bound in different ways, and a role": (
        [allow({"Service": ["cloudfront.amazonaws.com", "logs.eu-west-1.amazonaws.com", "guardduty.amazonaws.com"],
                "AWS": APP}, USE)], {}, {},
        [allow(APP, USE),
         service("cloudfront.amazonaws.com", USE,
                 {"ArnLike": {"aws:SourceArn": f"arn:aws:cloudfront::{OWN}:distribution/*"}}),
         service("logs.eu-west-1.amazonaws.com", USE,
                 {"ArnLike": {"kms:EncryptionContext:aws:logs:arn": f"arn:aws:logs:eu-west-1:{OWN}:*"}}),
         service("guardduty.amazonaws.com", USE, OWN_SOURCE)]),
    "a service bound to the source of any account": (
        [service("cloudtrail.amazonaws.com", condition=ANY_TRAIL)], {}, {},
        [service("cloudtrail.amazonaws.com", condition={**ANY_TRAIL, **OWN_SOURCE})]),
    "a service under the name it has in a Region, and in China": (
        [service("guardduty.me-south-1.amazonaws.com"), service("config.amazonaws.com.cn")], {}, {},
        [service("guardduty.me-south-1.amazonaws.com", condition=OWN_SOURCE),
         service("config.amazonaws.com.cn", condition=OWN_SOURCE)]),
    "services that nothing is documented of": (
        [service("logging.s3.amazonaws.com"), service("sns.amazonaws.com")], {}, {}, {"SERVICE_BINDING_UNKNOWN"}),
    "a service whose requests carry no source": (
        [service("events.amazonaws.com")], {}, {}, {"SERVICE_BINDING_UNKNOWN"}),
    "a service that is accepted, and one that is not": (
        [allow({"Service": ["events.amazonaws.com", "s3.amazonaws.com"]}, USE)],
        {"AcceptedServices": "events.amazonaws.com"}, {},
        [service("events.amazonaws.com", USE), service("s3.amazonaws.com", USE, OWN_SOURCE)]),
    "a role that holds every action, not declared": (
        [allow(ADMIN, "kms:*")], {}, {}, {"ROLE_UNDECLARED"}),
    "an administrator that holds every action": (
        [allow(ADMIN, "kms:*")], {}, DECLARED, [allow(ADMIN, CONSOLE)]),
    "a user that holds every action": (
        [allow(APP, "kms:*", Sid="App use")], {}, DECLARED,
        [allow(APP, ALL_BUT_ADMINISTRATION, Sid="App use"),
         allow(APP, "kms:RevokeGrant", FOR_RESOURCES, Sid="App use part 2")]),
    "a user that administers by everything but another service's actions": (
        [{"Effect": "Allow", "Principal": {"AWS": APP}, "NotAction": ["s3:*", "kms:RevokeGrant"], "Resource": "*"}], {},
        DECLARED,
        [{"Effect": "Allow", "Principal": {"AWS": APP}, "Resource": "*", "Action": [
            "kms:CreateGrant", "kms:Decrypt", "kms:DeriveSharedSecret", "kms:DescribeKey", "kms:Encrypt",
            "kms:GenerateDataKey", "kms:GenerateDataKeyPair", "kms:GenerateDataKeyPairWithoutPlaintext",
            "kms:GenerateDataKeyWithoutPlaintext", "kms:GenerateMac", "kms:GetKeyPolicy", "kms:GetKeyRotationStatus",
            "kms:GetParametersForImport", "kms:GetPublicKey", "kms:ListGrants", "kms:ListKeyPolicies",
            "kms:ListKeyRotations", "kms:ListResourceTags", "kms:ReEncryptFrom", "kms:ReEncryptTo", "kms:RetireGrant",
            "kms:Sign", "kms:SynchronizeMultiRegionKey", "kms:TagResource", "kms:UntagResource", "kms:Verify",
            "kms:VerifyMac"]}]),
    "an administrator among users": (
        [allow(ADMIN, ADMINISTER), allow([ADMIN, APP], USE)], {}, DECLARED,
        [allow(ADMIN, ADMINISTER), allow(APP, USE), allow(ADMIN, "kms:DescribeKey")]),
    "a user among administrators": (
        [allow([ADMIN, APP], ADMINISTER), allow(APP, USE)], {}, DECLARED,
        [allow(ADMIN, ADMINISTER), allow(APP, ["kms:CreateGrant", "kms:Describe*"]), allow(APP, USE)]),
    "a user that revokes grants that are not for AWS resources": (
        [allow(APP, USE), allow(APP, GRANTS)], {}, DECLARED,
        [allow(APP, USE), allow(APP, ["kms:CreateGrant", "kms:ListGrants"]),
         allow(APP, "kms:RevokeGrant", FOR_RESOURCES)]),
    "an administrator that uses through everybody's statement": (
        [allow(ADMIN, ADMINISTER), allow("*", USE, INSIDE)], {}, DECLARED,
        [allow(ADMIN, ADMINISTER),
         allow("*", USE, {**INSIDE, "ArnNotEquals": {"aws:PrincipalArn": ADMIN}}),
         allow(ADMIN, "kms:DescribeKey", INSIDE)]),
    "an administrator whom a condition names": (
        [allow(ADMIN, ADMINISTER), allow("*", "kms:Decrypt", {**NAMED, **INSIDE})], {}, DECLARED,
        [allow(ADMIN, ADMINISTER),
         allow("*", "kms:Decrypt", {**NAMED, **INSIDE, "ArnNotEquals": {"aws:PrincipalArn": ADMIN}})]),
    "a session of an administrator": (
        [allow(SESSION, ADMINISTER), allow("*", USE, INSIDE)], {}, DECLARED,
        [allow(SESSION, ADMINISTER), allow("*", USE, {**INSIDE, "ArnNotEquals": {"aws:PrincipalArn": ADMIN}}),
         allow(ADMIN, "kms:DescribeKey", INSIDE)]),
    "a session declared alone, while others of its role would lose use": (
        [allow(SESSION, ADMINISTER), allow("*", USE, {"ArnLike": {"aws:PrincipalArn": f"{ACCOUNT}:role/admi?"}})], {},
        {"administrators": SESSION}, {"BLAST_RADIUS"}),
    "roles that a pattern names": (
        [allow(f"{ACCOUNT}:root", "kms:*", {"ArnLike": {"aws:PrincipalArn": f"{ACCOUNT}:role/sso/*"}})], {}, DECLARED,
        {"ROLE_UNDECLARED"}),
    "a principal declared for both duties": (
        [allow(APP, "kms:*")], {}, {"administrators": "app", "users": APP}, {"ROLE_AMBIGUOUS"}),
    "a trusted account that holds every action": (
        [allow(PARTNER, "kms:*")], {"TrustedAccounts": PARTNER}, {"users": f"arn:aws:iam::{PARTNER}:root"},
        [allow(PARTNER, ALL_BUT_ADMINISTRATION), allow(PARTNER, "kms:RevokeGrant", FOR_RESOURCES)]),
    "a service that holds every action": (
        [service("s3.amazonaws.com", "kms:*")], {}, {"users": "s3.amazonaws.com"},
        [service("s3.amazonaws.com", ALL_BUT_ADMINISTRATION, OWN_SOURCE),
         service("s3.amazonaws.com", "kms:RevokeGrant", {**OWN_SOURCE, **FOR_RESOURCES})]),
    "everybody holds every action: administration is left to identity policies": (
        [allow("*", "kms:*")], {}, {},
        [allow("*", ALL_BUT_ADMINISTRATION, INSIDE), allow("*", "kms:RevokeGrant", {**INSIDE, **FOR_RESOURCES})]),
    "everybody holds every action: declared administrators keep theirs": (
        [allow({"AWS": ["*", OTHER]}, "kms:*")], {}, {"administrators": "admin", "users": "other"},
        [allow(OTHER, ALL_BUT_ADMINISTRATION), allow(OTHER, "kms:RevokeGrant", FOR_RESOURCES),
         allow({"AWS": "*"}, ALL_BUT_ADMINISTRATION, {**INSIDE, "ArnNotEquals": {"aws:PrincipalArn": ADMIN}}),
         allow(ADMIN, [each for each in ALL_BUT_ADMINISTRATION if each not in CRYPTOGRAPHY], INSIDE),
         allow({"AWS": "*"}, "kms:RevokeGrant", {**INSIDE, **FOR_RESOURCES}),
         allow(ADMIN, CONSOLE, INSIDE)]),
    "a writer": (
        [allow([APP, INGEST], USE)], {"WriteOnly": INGEST}, {},
        [allow(APP, USE), allow(INGEST, WRITE)]),
    "a writer of multipart uploads": (
        [allow(INGEST, ["kms:GenerateDataKey", "kms:Decrypt"])], {"WriteOnlyMultipart": INGEST}, {},
        [allow(INGEST, "kms:GenerateDataKey"), allow(INGEST, "kms:Decrypt", THROUGH_S3)]),
    "a writer that decrypts through everybody's statement": (
        [allow("*", USE, INSIDE)], {"WriteOnly": INGEST}, {},
        [allow("*", USE, {**INSIDE, "ArnNotEquals": {"aws:PrincipalArn": INGEST}}),
         allow(INGEST, WRITE, INSIDE)]),
    "several findings in several statements": (
        [allow(ADMIN, "kms:*"), allow([APP, INGEST, STRANGER], USE), service("s3.amazonaws.com"), allow(OTHER, USE)],
        {"WriteOnly": INGEST}, DECLARED,
        [allow(ADMIN, CONSOLE), allow(APP, USE),
         allow(INGEST, WRITE),
         service("s3.amazonaws.com", condition=OWN_SOURCE), allow(OTHER, USE)]),
    "every reason is told, not the first alone": (
        [allow(ADMIN, "kms:*"), allow(OTHER, "kms:*"), service("events.amazonaws.com")], {}, {},
        {"ROLE_UNDECLARED", "SERVICE_BINDING_UNKNOWN"}),
    "a principal that is gone": (
        [allow(["AROAEXAMPLEEXAMPLE12", APP], USE), service("s3.amazonaws.com")], {}, {}, {"DELETED_PRINCIPAL"}),
    "a condition that nobody knows": (
        [allow("*", USE, {"StringSame": {"aws:PrincipalArn": APP}})], {}, {}, {"UNDETERMINED"}),
    "a finding beside a condition that nobody knows": (
        [allow(APP, "kms:*", {"StringSame": {"aws:PrincipalArn": APP}}), service("s3.amazonaws.com")], {}, {},
        {"POLICY_UNDECIDED"}),
}  # fmt: skip


@pytest.mark.parametrize("title", TABLE)
def test_what_becomes_of_a_policy(title):
    statements, rule, roles, expected = TABLE[title]
    found = proposal(*statements, rule=rule, roles=roles)
    if isinstance(expected, set):
        assert codes(found) == expected
    else:
        assert after(found) == [ROOT, *expected]


@pytest.mark.parametrize("title", [title for title, row in TABLE.items() if isinstance(row[3], list)])
def test_a_proposal_is_one_call_and_always_needs_approval(title):
    statements, rule, roles, _ = TABLE[title]
    found = proposal(*statements, rule=rule, roles=roles)
    assert [(each.service, each.operation) for each in found.calls] == [("kms", "PutKeyPolicy")]
    written = {"KeyId": KEY.arn, "PolicyName": "default", "Policy": found.after["key_policy"]}
    assert found.calls[0].parameters == written
    assert found.concerns[0].code == "KEY_POLICY_CHANGE"
    assert found.notes
    assert isinstance(proposal(rule=rule, roles=roles, text=found.after["key_policy"]), NothingToDo)


def test_a_statement_for_everybody_becomes_the_account_statement_where_there_is_none():
    """Without it nobody could change the policy any more."""
    statement = allow("*", "kms:*", Sid="All")
    found = proposal(text=json.dumps({"Version": "2012-10-17", "Statement": statement}))
    assert after(found) == [
        allow(f"{ACCOUNT}:root", "kms:*", Sid="All"),
        allow("*", ALL_BUT_ADMINISTRATION, INSIDE, Sid="AllPart2"),
        allow("*", "kms:RevokeGrant", {**INSIDE, **FOR_RESOURCES}, Sid="AllPart3"),
    ]
    assert {each.code for each in found.concerns} >= {"ADMINISTRATION_NARROWED", "SERVICES_LOSE_ACCESS"}


def test_statements_that_are_not_at_fault_stay_byte_for_byte():
    root, odd, end = (
        json.dumps(ROOT),
        '{"Effect" :"Allow","Principal":{"AWS":"%s"},"Action":"kms:De\\u0063rypt"',
        "\n]}\n",
    )
    odd = odd % OTHER + ',\t"Resource":"*"}'
    start = f'{{ "Id":"x", "Version" : "2012-10-17",\n"Statement":[  {root}'
    found = proposal(text=f"{start},{json.dumps(service('s3.amazonaws.com'))}\n ,  {odd}{end}")
    mended = json.dumps(service("s3.amazonaws.com", condition=OWN_SOURCE))
    assert found.after["key_policy"] == f"{start},{mended}\n ,  {odd}{end}"


def test_a_statement_is_written_in_the_layout_of_the_one_it_replaces():
    statements = [ROOT, allow("*", USE), allow(OTHER, USE)]
    text = json.dumps({"Version": "2012-10-17", "Statement": statements}, indent=4)
    found = proposal(text=text, rule={"TrustedOrganizations": ORG})
    expected = [ROOT, allow("*", USE, INSIDE), allow("*", USE, MEMBERS), allow(OTHER, USE)]
    assert found.after["key_policy"] == json.dumps({"Version": "2012-10-17", "Statement": expected}, indent=4)


@pytest.mark.parametrize("place", range(3))
def test_a_statement_that_goes_takes_its_comma_with_it(place):
    kept = [ROOT, allow(OTHER, USE)]
    statements = [*kept[:place], allow(STRANGER, USE), *kept[place:]]
    for indent in (None, 2):
        text = json.dumps({"Statement": statements, "Version": "2012-10-17"}, indent=indent)
        expected = json.dumps({"Statement": kept, "Version": "2012-10-17"}, indent=indent)
        assert proposal(text=text).after["key_policy"] == expected


def test_a_single_statement_that_is_no_list_stays_none():
    text = json.dumps({"Version": "2012-10-17", "Statement": allow([f"{ACCOUNT}:root", STRANGER], "kms:*")})
    expected = json.dumps({"Version": "2012-10-17", "Statement": allow(f"{ACCOUNT}:root", "kms:*")})
    assert proposal(text=text).after["key_policy"] == expected


def test_in_china_arns_and_services_are_of_that_partition():
    key = Key(key_id="k-1", account=OWN, region="cn-north-1", partition="aws-cn", metadata=KEY.metadata)
    root, ingest = f"arn:aws-cn:iam::{OWN}:root", f"arn:aws-cn:iam::{OWN}:role/ingest"
    logs, front = "logs.cn-north-1.amazonaws.com.cn", "cloudfront.amazonaws.com.cn"
    statements = [allow(root, "kms:*"), service(logs), service(front), allow(ingest, "kms:Decrypt"),
                  allow(f"arn:aws-cn:iam::{OWN}:role/admin", "kms:*")]  # fmt: skip
    text = json.dumps({"Version": "2012-10-17", "Statement": statements})
    found = proposal(text=text, key=key, rule={"WriteOnlyMultipart": ingest}, roles=DECLARED)
    conditions = [each.get("Condition") for each in after(found)]
    assert conditions == [
        None,
        {"ArnLike": {"kms:EncryptionContext:aws:logs:arn": f"arn:aws-cn:logs:cn-north-1:{OWN}:*"}},
        {"ArnLike": {"aws:SourceArn": f"arn:aws-cn:cloudfront::{OWN}:distribution/*"}},
        {"StringEquals": {"kms:ViaService": ["s3.cn-north-1.amazonaws.com", "s3.cn-north-1.amazonaws.com.cn"]}},
        None,
    ]


def test_who_was_seen_using_the_key_and_loses_is_named_with_a_request():
    stranger = f"arn:aws:iam::{STRANGER}:role/x"
    statements = [allow([stranger, APP], USE), service("s3.amazonaws.com"), allow(ADMIN, "kms:*")]
    seen = frozenset({stranger, APP, "s3.amazonaws.com", ADMIN, OTHER})
    found = proposal(*statements, roles=DECLARED, seen=seen)
    said = [each.sentence for each in found.concerns if each.code == "SEEN_IN_USE"]
    assert [each.partition(" ")[0] for each in said] == [ADMIN, stranger, "s3.amazonaws.com"]
    assert f"{stranger} may call kms:Decrypt on {KEY.arn}" in said[1]
    assert "USE_NOT_KNOWN" not in {each.code for each in found.concerns}


def test_that_nobody_looked_at_the_use_is_said():
    found = proposal(service("s3.amazonaws.com"))
    assert [each.code for each in found.concerns] == ["KEY_POLICY_CHANGE", "SERVICE_BOUND", "USE_NOT_KNOWN"]


def test_a_lost_grant_is_told():
    found = proposal(allow(STRANGER, GRANTS, FOR_RESOURCES))
    (said,) = (each.sentence for each in found.concerns if each.code == "OUTSIDER_REMOVED")
    assert said == (
        f"{STRANGER}, outside the trusted accounts, loses CreateGrant, ListGrants, RevokeGrant of `Statement[1]`; "
        "grants that it made stay until they are retired or revoked"
    )


def test_each_change_is_explained_with_its_finding():
    found = proposal(allow(ADMIN, "kms:*", Sid="Everything"), service("s3.amazonaws.com"), roles=DECLARED)
    bound, narrowed = found.notes
    assert bound.startswith("Statement[2]: narrowed, since SERVICE_WITHOUT_SOURCE: the AWS service s3.amazonaws.com")
    assert narrowed.startswith(f"Everything: {ADMIN} loses kms:Decrypt, ")
    assert narrowed.endswith("since ADMINISTERS_AND_USES: it is declared to administer")


def test_whoever_makes_the_change_can_change_it_back():
    """The caller loses administration in the policy itself, and the account statement lets nobody in."""
    only_described = {**ROOT, "Action": "kms:Describe*"}
    statements = [only_described, allow(APP, "kms:*"), allow(ADMIN, ADMINISTER)]
    text = json.dumps({"Version": "2012-10-17", "Statement": statements})
    assert isinstance(proposal(text=text, roles=DECLARED), Proposed)
    assert isinstance(proposal(text=text, roles=DECLARED, caller=ADMIN), Proposed)
    assert isinstance(proposal(text=text, roles=DECLARED, caller=OTHER), Proposed)
    assert codes(proposal(text=text, roles=DECLARED, caller=APP)) == {"CALLER_LOCKED_OUT"}
    session = f"arn:aws:sts::{OWN}:assumed-role/app/me"
    assert codes(proposal(text=text, roles=DECLARED, caller=session)) == {"CALLER_LOCKED_OUT"}


def test_the_account_is_never_locked_out():
    text = json.dumps({"Version": "2012-10-17", "Statement": [allow(APP, "kms:*")]})
    assert codes(proposal(text=text, roles=DECLARED)) == {"LOCKED_OUT"}


def test_a_policy_over_the_limit_is_refused_with_both_sizes():
    filling = [allow(f"{ACCOUNT}:role/{number:0>900}", USE) for number in range(28)]
    found = proposal(*filling, service("s3.amazonaws.com"), rule={"TrustedOrganizations": ORG})
    assert isinstance(found, Proposed)
    fits = len(found.after["key_policy"])
    found = proposal(*filling, allow("*", USE, Sid="x" * (32_768 - fits - 100)), rule={"TrustedOrganizations": ORG})
    assert codes(found) == {"POLICY_TOO_LARGE"}
    assert "32768 are the limit" in found.refusals[0].sentence


def test_a_key_out_of_scope_is_left_alone():
    managed = Key(key_id="k", account=OWN, region="eu-west-1", metadata=KeyMetadata(manager="AWS", state="Enabled"))
    assert isinstance(proposal(allow("*", USE), key=managed), NothingToDo)


def test_the_console_s_own_policy_is_left_alone():
    statements = [allow(ADMIN, CONSOLE), allow(APP, USE), allow(APP, GRANTS, FOR_RESOURCES)]
    assert isinstance(proposal(*statements), NothingToDo)


def test_a_text_that_is_no_policy_is_refused():
    assert codes(proposal(text="{")) == {"POLICY_UNREADABLE"}


def test_the_documentation_knows_every_code():
    home = Path(key_policy.__file__).parent
    sources = "".join(path.read_text(encoding="utf-8") for path in home.glob("key_policy*.py"))
    given = set(re.findall(r'(?:Concern|refused?|worry|Refusal)\((?:task, )?\s*"([A-Z_]+)"', sources))
    documented = (Path(__file__).parents[2] / "docs" / "remediation.md").read_text(encoding="utf-8")
    chapter = documented.partition("## Statements of a key policy")[2].partition("\n## ")[0]
    assert len(given) > 15
    assert {each for each in given if f"`{each}`" not in chapter} == set()
