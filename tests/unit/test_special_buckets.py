"""The kinds of buckets that a naive guardrail breaks: what each rule says of them, whatever their names.

A kind is set up as it is in production; `expected` was worked out by hand from what the services document. Where a use
needs what the class does not accept, the verdict says so with a code of its own; findings that are true stay.
"""

from dataclasses import replace
from pathlib import Path

import pytest

from s3_guardrails.discovery import find_rules
from s3_guardrails.encryption.access_log import AccessLogging, LogTarget
from s3_guardrails.encryption.bucket import Bucket, DefaultEncryption
from s3_guardrails.encryption.fact import ABSENT
from s3_guardrails.encryption.inventory import Inventory
from s3_guardrails.encryption.key import KeyMetadata
from s3_guardrails.encryption.usable_key import DefaultKey
from s3_guardrails.policy.document import parse_policy

OWN, OTHER, NAME = "111122223333", "444455556666", "bucket-under-test"
KEY = f"arn:aws:kms:eu-west-1:{OWN}:key/11111111-2222-3333-4444-555555555555"
OBJECTS = f"arn:aws:s3:::{NAME}/*"
HEADER = "s3:x-amz-server-side-encryption"
SSE_S3, CUSTOMER = DefaultEncryption("AES256"), DefaultEncryption("aws:kms", KEY, bucket_key=True)
RULES = {entry.name: entry.rule for entry in find_rules() if entry.rule.resource_type == "AWS::S3::Bucket"}
DEFAULT, UPLOADS, TLS = "S3_BUCKET_DEFAULT_ENCRYPTION", "S3_BUCKET_UPLOADS_ENCRYPTED", "S3_BUCKET_TLS_ONLY"
LOGGED, USABLE, SHARED = "S3_BUCKET_ACCESS_LOGGED", "KMS_KEY_USABLE", "S3_BUCKET_CROSS_ACCOUNT_KEY"

NO_HTTP = {
    "Effect": "Deny",
    "Principal": "*",
    "Action": "s3:*",
    "Resource": [f"arn:aws:s3:::{NAME}", OBJECTS],
    "Condition": {"Bool": {"aws:SecureTransport": "false"}},
}


def service(name, when=True):
    return allow({"Service": name}, "s3:PutObject", {"StringEquals": {"aws:SourceAccount": OWN}} if when else None)


def allow(principal, action, when=None):
    found = {"Effect": "Allow", "Principal": principal, "Action": action, "Resource": OBJECTS}
    return {**found, "Condition": when} if when else found


def only(mode):
    """Deny every other header; a write without one takes the default."""
    when = {"StringNotEquals": {HEADER: mode}, "Null": {HEADER: "false"}}
    return {"Effect": "Deny", "Principal": "*", "Action": "s3:PutObject", "Resource": OBJECTS, "Condition": when}


ONLY_KEY = {**only("x"), "Condition": {"StringNotEquals": {f"{HEADER}-aws-kms-key-id": KEY}}}


def bucket(data_class, default, *statements, **facts):
    """A bucket that is in order but for what a kind changes."""
    whole = Bucket(
        name=NAME,
        account=OWN,
        region="eu-west-1",
        tags={"data-class": data_class} if data_class else {},
        default_encryption=default,
        blocked_encryption_types=frozenset({"SSE-C"}),
        default_key_manager="CUSTOMER" if default.key else ABSENT,
        policy=parse_policy({"Version": "2012-10-17", "Statement": [NO_HTTP, *statements]}),
        website=False,
        access_logging=AccessLogging("logs"),
        log_target=LogTarget(
            region="eu-west-1", onward=(), locked=False, default_encryption=SSE_S3, key_policy=ABSENT, policy=ABSENT
        ),
        logs_from=frozenset(),
        inventories=(Inventory(id="all", enabled=True, destination="lists", region="eu-west-1"),),
        default_key=DefaultKey(KEY, KeyMetadata(manager="CUSTOMER", state="Enabled")),
        default_key_policy=parse_policy(
            {
                "Version": "2012-10-17",
                "Statement": {"Effect": "Allow", "Principal": {"AWS": OWN}, "Action": "kms:*", "Resource": "*"},
            }
        ),
    )
    return replace(whole, **facts)


OAI = {"AWS": "arn:aws:iam::cloudfront:user/CloudFront Origin Access Identity E2EXAMPLE"}
PUBLIC = {**NO_HTTP, "Sid": "AllButReads", "NotAction": "s3:GetObject"}
del PUBLIC["Action"]
OF_CALLERS = {
    **NO_HTTP,
    "Action": "s3:GetObject",
    "Condition": {**NO_HTTP["Condition"], "StringNotEquals": {"aws:PrincipalType": "Anonymous"}},
}


def site():
    whole = bucket("public", SSE_S3, website=True)
    statements = [PUBLIC, OF_CALLERS, allow("*", "s3:GetObject"), only("AES256")]
    return replace(whole, policy=parse_policy({"Version": "2012-10-17", "Statement": statements}))


KINDS = {
    "target of server access logs": (
        bucket(
            "confidential",
            SSE_S3,
            service("logging.s3.amazonaws.com"),
            only("AES256"),
            logs_from=frozenset({"orders"}),
            access_logging=ABSENT,
        ),
        {DEFAULT: "COMPLIANT LOG_TARGET", UPLOADS: "COMPLIANT UPLOADS_ACCEPTED", LOGGED: "NOT_APPLICABLE LOG_TARGET"},
    ),
    "target of load balancers' logs": (
        bucket("confidential", SSE_S3, service("logdelivery.elasticloadbalancing.amazonaws.com"), only("AES256")),
        {DEFAULT: "COMPLIANT LOAD_BALANCER_LOGS", UPLOADS: "COMPLIANT UPLOADS_ACCEPTED"},
    ),
    "delivery of AWS Config": (
        bucket("internal", SSE_S3, service("config.amazonaws.com"), only("AES256")),
        {DEFAULT: "COMPLIANT DEFAULT_ACCEPTED", UPLOADS: "COMPLIANT UPLOADS_ACCEPTED"},
    ),
    "delivery of CloudTrail": (
        bucket("confidential", CUSTOMER, service("cloudtrail.amazonaws.com"), ONLY_KEY),
        {DEFAULT: "COMPLIANT DEFAULT_ACCEPTED", UPLOADS: "COMPLIANT UPLOADS_ACCEPTED", USABLE: "COMPLIANT KEY_USABLE"},
    ),
    "log archive of Control Tower": (
        bucket(None, SSE_S3, service("config.amazonaws.com")),
        {DEFAULT: "COMPLIANT DEFAULT_ACCEPTED", UPLOADS: "COMPLIANT UPLOADS_ACCEPTED"},
    ),
    "state of Terraform, whose writers send AES256": (
        bucket("confidential", CUSTOMER),
        {DEFAULT: "COMPLIANT DEFAULT_ACCEPTED", UPLOADS: "NON_COMPLIANT MODE_NOT_DENIED"},
    ),
    "results of Athena, whose writers send no header": (
        bucket(
            "confidential",
            CUSTOMER,
            ONLY_KEY | {"Condition": {"StringNotEquals": {f"{HEADER}-aws-kms-key-id": KEY}, "Null": {HEADER: "false"}}},
        ),
        {DEFAULT: "COMPLIANT DEFAULT_ACCEPTED", UPLOADS: "COMPLIANT UPLOADS_ACCEPTED"},
    ),
    "landing zone of Firehose and vended logs": (
        bucket("confidential", CUSTOMER, service("delivery.logs.amazonaws.com"), ONLY_KEY),
        {DEFAULT: "COMPLIANT DEFAULT_ACCEPTED", UPLOADS: "COMPLIANT UPLOADS_ACCEPTED"},
    ),
    "origin of CloudFront with an origin access identity": (
        bucket("confidential", SSE_S3, allow(OAI, "s3:GetObject"), only("AES256")),
        {
            DEFAULT: "COMPLIANT ORIGIN_ACCESS_IDENTITY",
            UPLOADS: "COMPLIANT UPLOADS_ACCEPTED",
            SHARED: "NOT_APPLICABLE NO_KMS_KEY",
        },
    ),
    "static website": (
        site(),
        {DEFAULT: "COMPLIANT DEFAULT_ACCEPTED", TLS: "COMPLIANT WEBSITE_READS_ONLY"},
    ),
    "source or destination of replication": (
        bucket(
            "confidential",
            CUSTOMER,
            allow({"AWS": f"arn:aws:iam::{OWN}:role/replication"}, "s3:ReplicateObject"),
            ONLY_KEY,
        ),
        {DEFAULT: "COMPLIANT DEFAULT_ACCEPTED", UPLOADS: "COMPLIANT UPLOADS_ACCEPTED"},
    ),
    "drop box of another account": (
        bucket("confidential", CUSTOMER, allow({"AWS": f"arn:aws:iam::{OTHER}:role/writer"}, "s3:PutObject"), ONLY_KEY),
        {DEFAULT: "COMPLIANT DEFAULT_ACCEPTED", SHARED: "NON_COMPLIANT WRITERS_CANNOT_ENCRYPT"},
    ),
}


def said(rule, facts):
    decision = RULES[rule]().judge(facts)
    return f"{decision.verdict.value} {decision.reasons[0].code}"


@pytest.mark.parametrize("kind", KINDS)
def test_a_special_bucket_is_judged_by_what_it_is_for(kind):
    facts, expected = KINDS[kind]
    assert {rule: said(rule, facts) for rule in expected} == expected


@pytest.mark.parametrize("kind", KINDS)
def test_a_rule_that_a_kind_does_not_speak_of_finds_nothing_false(kind):
    facts, expected = KINDS[kind]
    others = {rule: said(rule, facts) for rule in RULES.keys() - expected.keys()}
    assert {rule: text for rule, text in others.items() if text.startswith(("NON_COMPLIANT", "UNDETERMINED"))} == {}


NAMES = ("access-logs", "elb-logs-prod", "cloudfront-origin", "www.example.com", "k9-zz-01", "aws-controltower-logs")


@pytest.mark.parametrize("name", NAMES)
def test_a_name_shows_nothing(name):
    plain = replace(bucket("confidential", SSE_S3), name=name)
    assert said(DEFAULT, plain) == "NON_COMPLIANT DEFAULT_NOT_ACCEPTED"
    target = replace(plain, logs_from=frozenset({"some-bucket"}))
    assert said(DEFAULT, target) == "COMPLIANT LOG_TARGET"


@pytest.mark.parametrize("kind", [kind for kind, (facts, _) in KINDS.items() if facts.default_encryption == SSE_S3])
def test_a_use_that_needs_sse_s3_excuses_nothing_else(kind):
    facts, _ = KINDS[kind]
    open_to_customer_keys = replace(facts, blocked_encryption_types=frozenset())
    assert said(UPLOADS, open_to_customer_keys) == "NON_COMPLIANT SSE_C_NOT_BLOCKED"
    assert said(TLS, replace(facts, policy=ABSENT)) == "NON_COMPLIANT NO_POLICY"
    by_kms = replace(facts, default_encryption=DefaultEncryption("aws:kms"), tags={"data-class": "restricted"})
    assert said(DEFAULT, by_kms) == "NON_COMPLIANT DEFAULT_NOT_ACCEPTED"


def test_every_kind_has_its_row_in_the_documentation():
    text = (Path(__file__).parents[2] / "docs" / "special-buckets.md").read_text(encoding="utf-8")
    rows = [line.split("|")[1].strip() for line in text.splitlines() if line.startswith("| ")]
    assert set(KINDS) <= set(rows)
    for _, expected in KINDS.values():
        assert all(f"`{answer.split()[1]}`" in text for answer in expected.values())
