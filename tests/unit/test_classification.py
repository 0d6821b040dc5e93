"""Proposing a class: the table of evidence and what follows, and laws that hold of every proposal."""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import dataclass, replace
from itertools import combinations

import pytest
from botocore.session import get_session
from hazards import BUCKET, CALM, KEY, OTHER, OWN, PARTNER, ROOT, allow, policy
from hypothesis import example, given
from hypothesis import strategies as st
from test_special_buckets import KINDS

from s3_guardrails.classification.access_analyzer import FINDING_TYPES, STATUSES, access_analyzer
from s3_guardrails.classification.choice import Outcome
from s3_guardrails.classification.cost import read_prices
from s3_guardrails.classification.data_class import DataClass, Purpose, data_classes
from s3_guardrails.classification.evidence import Basis
from s3_guardrails.classification.macie import TYPES, macie
from s3_guardrails.classification.propose import FITTING, STATED, UNDECIDED, Case, propose
from s3_guardrails.classification.requests import STATUS_CODES, requests_per_month
from s3_guardrails.classified import DEFAULT_CLASSES
from s3_guardrails.cli.classify_plan import as_yaml
from s3_guardrails.cli.classify_plan import document as plan
from s3_guardrails.cli.classify_run import Row as ClassifiedRow
from s3_guardrails.encryption.access_log import AccessLogging
from s3_guardrails.encryption.bucket import Bucket, DefaultEncryption
from s3_guardrails.encryption.data_class import AcceptedModes
from s3_guardrails.encryption.fact import ABSENT, Unreadable
from s3_guardrails.encryption.mode import EncryptionMode
from s3_guardrails.encryption.surroundings import (
    DeliveryChannel,
    PublicAccessBlock,
    Replication,
    ReplicationRule,
    Surroundings,
    Trail,
)
from s3_guardrails.errors import InputError
from s3_guardrails.remediate.foresee import Foreseen
from s3_guardrails.settings.strict_yaml import read_yaml

TAG = "data-class"
ALL = "public, internal, confidential, restricted, log-delivery"
BUILT_IN = data_classes(AcceptedModes.parse(DEFAULT_CLASSES), {})
KMS_ONLY = data_classes(AcceptedModes.parse("top=SSE-KMS-CMK;deep=DSSE-KMS-CMK"), {})
ODD = data_classes(AcceptedModes.parse("a=SSE-S3,SSE-KMS;b=SSE-S3"), {})
BOTH_FOR_LOGS = {"tight": frozenset({Purpose.LOGS}), "wide": frozenset({Purpose.LOGS})}
TWO_FOR_LOGS = data_classes(AcceptedModes.parse("tight=SSE-S3;wide=SSE-S3,SSE-KMS"), BOTH_FOR_LOGS)
GENERAL = data_classes(AcceptedModes.parse("g=SSE-S3,SSE-KMS"), {"g": frozenset({Purpose.GENERAL})})
CMK = EncryptionMode.SSE_KMS_CMK.value
READ, PUT = "s3:GetObject", "s3:PutObject"
OAI = "arn:aws:iam::cloudfront:user/CloudFront Origin Access Identity E1"
WITH_KEY = DefaultEncryption("aws:kms", KEY)


def service(name, action=PUT):
    return policy(allow({"Service": name}, action))


def replicated(**more):
    rule = ReplicationRule(id="r", destination="arn:aws:s3:::copy", **more)
    return replace(CALM, replication=Replication(f"arn:aws:iam::{OWN}:role/replicate", (rule,)))


def finding(kind, **more):
    bucket = {"resourcesAffected": {"s3Bucket": {"name": BUCKET.name}}}
    return tuple(each.evidence for each in macie({"findings": [{"id": "f1", "type": kind, **bucket, **more}]}))


def scored(score):
    found = macie({"buckets": [{"bucketName": BUCKET.name, "sensitivityScore": score}]})
    return tuple(each.evidence for each in found)


def analyzed(**more):
    entry = {
        "id": "a1",
        "resourceType": "AWS::S3::Bucket",
        "resource": BUCKET.arn,
        "status": "ACTIVE",
        "resourceOwnerAccount": OWN,
        **more,
    }
    return tuple(each.evidence for each in access_analyzer({"findings": [entry]}))


PERSONAL = finding("SensitiveData:S3Object/Personal")
OPEN = {"policy": policy(allow("*", READ))}
SHUT = replace(CALM, policy_is_public=True, public_access_block=PublicAccessBlock(restrict_buckets=True))
PUBLIC = replace(CALM, policy_is_public=True)


@dataclass(frozen=True)
class Row:
    """What is known, and the proposal: outcome, class, mode, and the codes of its reasons."""

    id: str
    outcome: Outcome
    data_class: str | None
    mode: str | None
    codes: tuple[str, ...]
    tags: dict | None = None
    facts: dict | None = None
    around: Surroundings = CALM
    findings: tuple = ()
    classes: tuple[DataClass, ...] = BUILT_IN
    points_to: str | None = None
    default: DefaultEncryption = BUCKET.default_encryption


PROPOSE, KEEP, CONFLICT, MISSING = Outcome.PROPOSE, Outcome.KEEP, Outcome.CONFLICT, Outcome.CLASS_MISSING
NONE, SEVERAL, NOT_KNOWN = Outcome.NO_EVIDENCE, Outcome.SEVERAL, Outcome.NOT_KNOWN
LETS_LOGS = policy(ROOT, allow({"Service": "logging.s3.amazonaws.com"}, "kms:GenerateDataKey*", "*"))
LOGGED = replace(CALM, logs_from=frozenset({"app"}))
CONFIGURED = replace(CALM, delivery_channels=(DeliveryChannel("default"),))
KEYED = replace(CALM, trails=(Trail("t", KEY, digests=True),))

TABLE = (
    # special buckets
    Row("access log target", PROPOSE, "log-delivery", "SSE-S3", ("ACCESS_LOG_TARGET",), around=LOGGED),
    Row(
        "access log target by its policy",
        PROPOSE,
        "log-delivery",
        "SSE-S3",
        ("ACCESS_LOG_TARGET",),
        facts={"policy": service("logging.s3.amazonaws.com")},
    ),
    Row(
        "load balancer logs, old Region",
        PROPOSE,
        "log-delivery",
        "SSE-S3",
        ("LOAD_BALANCER_LOGS",),
        facts={"policy": policy(allow({"AWS": "arn:aws:iam::156460612806:root"}, PUT))},
    ),
    Row(
        "load balancer logs, new Region",
        PROPOSE,
        "log-delivery",
        "SSE-S3",
        ("LOAD_BALANCER_LOGS",),
        facts={"policy": service("logdelivery.elasticloadbalancing.amazonaws.com")},
        default=WITH_KEY,
    ),
    Row("Config without a key", PROPOSE, "log-delivery", "SSE-S3", ("CONFIG_DELIVERY",), around=CONFIGURED),
    Row(
        "Config with a key",
        PROPOSE,
        "internal",
        "SSE-S3",
        ("CONFIG_DELIVERY",),
        around=replace(CALM, delivery_channels=(DeliveryChannel("default", KEY),)),
    ),
    Row(
        "trail without a key",
        PROPOSE,
        "log-delivery",
        "SSE-S3",
        ("CLOUDTRAIL_DELIVERY",),
        around=replace(CALM, trails=(Trail("t"),)),
    ),
    Row("trail with a key and digests", PROPOSE, "internal", "SSE-S3", ("CLOUDTRAIL_DELIVERY",), around=KEYED),
    Row(
        "flow logs",
        PROPOSE,
        "log-delivery",
        "SSE-S3",
        ("VENDED_LOGS",),
        facts={"policy": service("delivery.logs.amazonaws.com")},
    ),
    Row("website", PROPOSE, "public", "SSE-S3", ("WEBSITE",), around=replace(CALM, website=True)),
    Row("everybody reads", PROPOSE, "public", "SSE-S3", ("PUBLIC_READ",), facts=OPEN, around=PUBLIC),
    Row(
        "origin access identity",
        PROPOSE,
        "internal",
        "SSE-S3",
        ("ORIGIN_ACCESS_IDENTITY",),
        facts={"policy": policy(allow({"AWS": OAI}, READ))},
    ),
    Row(
        "CloudFront with access control",
        NONE,
        None,
        None,
        ("SERVICE_READER",),
        facts={"policy": service("cloudfront.amazonaws.com", READ)},
    ),
    Row("replication that leaves KMS out", PROPOSE, "internal", "SSE-S3", ("REPLICATION_SOURCE",), around=replicated()),
    Row(
        "replication that takes KMS along",
        NONE,
        None,
        None,
        ("REPLICATION_SOURCE",),
        around=replicated(kms_objects=True, replica_key=KEY),
    ),
    Row(
        "replication destination",
        NONE,
        None,
        None,
        ("CROSS_ACCOUNT", "REPLICATION_DESTINATION"),
        facts={"policy": policy(allow({"AWS": f"arn:aws:iam::{PARTNER}:role/r"}, "s3:ReplicateObject"))},
    ),
    Row(
        "reader of another account",
        NONE,
        None,
        None,
        ("CROSS_ACCOUNT",),
        facts={"policy": policy(allow({"AWS": PARTNER}, READ))},
    ),
    Row(
        "any service that writes", NONE, None, None, ("SERVICE_WRITER",), facts={"policy": service("ses.amazonaws.com")}
    ),
    Row("nothing is seen", NONE, None, None, ()),
    Row("everybody, but S3 blocks it", NONE, None, None, (), facts=OPEN, around=SHUT),
    # tags
    Row(
        "another tag names a class",
        PROPOSE,
        "confidential",
        CMK,
        ("TAG_NAMES_CLASS",),
        tags={"DataClassification": "Confidential"},
    ),
    Row(
        "the class's tag, otherwise written",
        PROPOSE,
        "log-delivery",
        "SSE-S3",
        ("TAG_NAMES_CLASS",),
        tags={TAG: "Log Delivery"},
    ),
    Row(
        "two tags disagree",
        CONFLICT,
        None,
        None,
        ("TAG_NAMES_CLASS",) * 2,
        tags={"Sensitivity": "public", "classification": "internal"},
    ),
    Row("a tag that names no class", NONE, None, None, ("TAG_UNKNOWN",), tags={"Classification": "\x1b[31m"}),
    Row(
        "tags about other things",
        NONE,
        None,
        None,
        (),
        tags={"network": "public", "StorageClass": "internal", "env": "restricted"},
    ),
    Row("a huge tag", NONE, None, None, ("TAG_UNKNOWN",), tags={"classification": "internal" * 32}),
    # the class that there is
    Row("a class stays", KEEP, "internal", "SSE-S3", (), tags={TAG: "internal"}),
    Row("a class stays, the default does not", KEEP, "restricted", CMK, (), tags={TAG: "restricted"}),
    Row(
        "a class that fits special use stays",
        KEEP,
        "internal",
        "SSE-S3",
        ("ACCESS_LOG_TARGET",),
        tags={TAG: "internal"},
        around=LOGGED,
    ),
    Row(
        "a sensitive class stays",
        KEEP,
        "restricted",
        CMK,
        ("MACIE_SENSITIVE",),
        tags={TAG: "restricted"},
        findings=PERSONAL,
        default=WITH_KEY,
    ),
    Row(
        "load balancer logs against the class",
        CONFLICT,
        None,
        None,
        ("LOAD_BALANCER_LOGS",),
        tags={TAG: "restricted"},
        facts={"policy": service("logdelivery.elasticloadbalancing.amazonaws.com")},
        points_to="log-delivery",
    ),
    Row(
        "sensitive data against the class",
        CONFLICT,
        None,
        None,
        ("MACIE_SENSITIVE",),
        tags={TAG: "internal"},
        findings=PERSONAL,
        points_to="confidential",
    ),
    Row(
        "everybody reads against the class",
        CONFLICT,
        None,
        None,
        ("PUBLIC_READ",),
        tags={TAG: "confidential"},
        facts=OPEN,
        around=PUBLIC,
        points_to="public",
    ),
    Row(
        "another tag against the class",
        CONFLICT,
        None,
        None,
        ("TAG_NAMES_CLASS",),
        tags={TAG: "internal", "sensitivity": "restricted"},
        points_to="restricted",
    ),
    Row(
        "logs that arrive with SSE-S3 against the class",
        CONFLICT,
        None,
        None,
        ("ACCESS_LOG_TARGET",),
        tags={TAG: "confidential"},
        around=LOGGED,
        points_to="log-delivery",
    ),
    Row(
        "logs that arrive with a key, as the class asks",
        KEEP,
        "confidential",
        CMK,
        ("ACCESS_LOG_TARGET",),
        tags={TAG: "confidential"},
        facts={"default_key_policy": LETS_LOGS},
        around=LOGGED,
        default=WITH_KEY,
    ),
    Row(
        "everybody reads what is internal",
        CONFLICT,
        None,
        None,
        ("PUBLIC_READ",),
        tags={TAG: "internal"},
        facts=OPEN,
        around=PUBLIC,
        points_to="public",
    ),
    Row(
        "logs that cannot arrive with the key of today",
        PROPOSE,
        "log-delivery",
        "SSE-S3",
        ("ACCESS_LOG_TARGET",),
        facts={"default_key_policy": policy(ROOT)},
        around=LOGGED,
        default=WITH_KEY,
    ),
    Row(
        "logs that arrive with the key of today",
        PROPOSE,
        "internal",
        CMK,
        ("ACCESS_LOG_TARGET",),
        facts={"default_key_policy": LETS_LOGS},
        around=LOGGED,
        default=WITH_KEY,
    ),
    Row(
        "whether the key of today lets logs in is closed",
        NOT_KNOWN,
        None,
        None,
        ("ACCESS_LOG_TARGET",),
        facts={"default_key_policy": Unreadable("default_key_policy", "AccessDenied")},
        around=LOGGED,
        default=WITH_KEY,
    ),
    Row(
        "buckets that log to each other",
        NONE,
        None,
        None,
        ("LOG_LOOP",),
        facts={"access_logging": AccessLogging("app")},
        around=LOGGED,
    ),
    Row(
        "CloudTrail by the policy alone may write both ways",
        PROPOSE,
        "internal",
        CMK,
        ("CLOUDTRAIL_DELIVERY",),
        facts={"policy": service("cloudtrail.amazonaws.com")},
        default=WITH_KEY,
    ),
    Row(
        "CloudTrail by the policy alone contradicts no class",
        KEEP,
        "confidential",
        CMK,
        ("CLOUDTRAIL_DELIVERY",),
        tags={TAG: "confidential"},
        facts={"policy": service("cloudtrail.amazonaws.com")},
        default=WITH_KEY,
    ),
    # findings
    Row("Macie found personal data", PROPOSE, "confidential", CMK, ("MACIE_SENSITIVE",), findings=PERSONAL),
    Row("Macie's score", PROPOSE, "confidential", CMK, ("MACIE_SENSITIVE",), findings=scored(51)),
    Row("Macie analysed nothing yet", NONE, None, None, (), findings=scored(50)),
    Row(
        "a sample says nothing", NONE, None, None, (), findings=finding("SensitiveData:S3Object/Personal", sample=True)
    ),
    Row(
        "an archived finding says nothing",
        NONE,
        None,
        None,
        (),
        findings=finding("SensitiveData:S3Object/Multiple", archived=True),
    ),
    Row(
        "Macie says public",
        PROPOSE,
        "public",
        "SSE-S3",
        ("MACIE_PUBLIC",),
        findings=finding("Policy:IAMUser/S3BucketPublic"),
    ),
    Row(
        "the analyzer says public",
        PROPOSE,
        "public",
        "SSE-S3",
        ("ANALYZER_PUBLIC",),
        findings=analyzed(isPublic=True, action=["s3:GetObject"]),
    ),
    Row(
        "the analyzer says somebody",
        NONE,
        None,
        None,
        ("ANALYZER_EXTERNAL",),
        findings=analyzed(isPublic=False, principal={"AWS": OTHER}),
    ),
    Row(
        "the second analyzer says somebody",
        NONE,
        None,
        None,
        ("ANALYZER_EXTERNAL",),
        findings=analyzed(findingType="ExternalAccess"),
        default=DefaultEncryption("aws:kms"),
    ),
    Row("a resolved finding says nothing", NONE, None, None, (), findings=analyzed(isPublic=True, status="RESOLVED")),
    # what contradicts itself
    Row(
        "sensitive and public",
        CONFLICT,
        None,
        None,
        ("PUBLIC_READ", "MACIE_SENSITIVE"),
        facts=OPEN,
        around=PUBLIC,
        findings=PERSONAL,
    ),
    Row(
        "sensitive logs",
        CONFLICT,
        None,
        None,
        ("ACCESS_LOG_TARGET", "MACIE_SENSITIVE"),
        around=LOGGED,
        findings=PERSONAL,
    ),
    Row(
        "sensitive behind an identity",
        CONFLICT,
        None,
        None,
        ("ORIGIN_ACCESS_IDENTITY", "MACIE_SENSITIVE"),
        facts={"policy": policy(allow({"AWS": OAI}, READ))},
        findings=PERSONAL,
    ),
    Row(
        "a tag against a writer",
        CONFLICT,
        None,
        None,
        ("TAG_NAMES_CLASS", "CONFIG_DELIVERY"),
        tags={"classification": "restricted"},
        around=CONFIGURED,
    ),
    # classes of other files
    Row("no class for logs", MISSING, None, None, ("CONFIG_DELIVERY",), around=CONFIGURED, classes=KMS_ONLY),
    Row("the strictest for logs", PROPOSE, "b", "SSE-S3", ("CONFIG_DELIVERY",), around=CONFIGURED, classes=ODD),
    Row(
        "a website, and no class says it is for that",
        MISSING,
        None,
        None,
        ("WEBSITE",),
        around=replace(CALM, website=True),
        classes=ODD,
    ),
    Row(
        "a sensitive class by its modes", SEVERAL, None, None, ("MACIE_SENSITIVE",), findings=PERSONAL, classes=KMS_ONLY
    ),
    Row(
        "declared purposes win",
        PROPOSE,
        "deep",
        "DSSE-KMS-CMK",
        ("MACIE_SENSITIVE",),
        findings=PERSONAL,
        classes=data_classes(
            AcceptedModes.parse("top=SSE-KMS-CMK;deep=DSSE-KMS-CMK"),
            {"deep": frozenset({Purpose.SENSITIVE}), "top": frozenset({Purpose.GENERAL})},
        ),
    ),
    Row(
        "a class of which nobody says what it is for stays",
        KEEP,
        "a",
        "SSE-S3",
        ("MACIE_SENSITIVE",),
        tags={TAG: "a"},
        findings=PERSONAL,
        classes=ODD,
    ),
    Row(
        "the strictest of two for logs",
        PROPOSE,
        "tight",
        "SSE-S3",
        ("CONFIG_DELIVERY",),
        around=CONFIGURED,
        classes=TWO_FOR_LOGS,
    ),
    Row(
        "logs, and the AWS managed key of today is closed to them",
        PROPOSE,
        "wide",
        "SSE-S3",
        ("ACCESS_LOG_TARGET",),
        around=LOGGED,
        classes=TWO_FOR_LOGS[1:],
        default=DefaultEncryption("aws:kms"),
    ),
    Row(
        "the only class there is",
        PROPOSE,
        "one",
        "SSE-S3",
        ("CONFIG_DELIVERY",),
        around=CONFIGURED,
        classes=data_classes(AcceptedModes.parse("one=SSE-S3,SSE-KMS"), {}),
    ),
    Row(
        "another account, and the AWS managed key of today is closed to it",
        KEEP,
        "internal",
        CMK,
        ("CROSS_ACCOUNT",),
        tags={TAG: "internal"},
        facts={"policy": policy(allow({"AWS": PARTNER}, READ))},
        default=DefaultEncryption("aws:kms"),
    ),
    Row(
        "a role of the account that may do everything",
        NONE,
        None,
        None,
        (),
        facts={"policy": policy(allow({"AWS": f"arn:aws:iam::{OWN}:role/app"}, "s3:*"))},
    ),
    Row(
        "a website, and general data only",
        MISSING,
        None,
        None,
        ("WEBSITE",),
        around=replace(CALM, website=True),
        classes=GENERAL,
    ),
    Row(
        "Config, seen twice",
        PROPOSE,
        "log-delivery",
        "SSE-S3",
        ("CONFIG_DELIVERY",),
        facts={"policy": service("config.amazonaws.com")},
        around=CONFIGURED,
    ),
    Row(
        "Config with a key does not mind the default",
        KEEP,
        "internal",
        "SSE-KMS-AWS",
        ("CONFIG_DELIVERY",),
        tags={TAG: "internal"},
        around=replace(CALM, delivery_channels=(DeliveryChannel("default", KEY),)),
        default=DefaultEncryption("aws:kms"),
    ),
    Row(
        "everybody writes",
        PROPOSE,
        "internal",
        "SSE-S3",
        ("PUBLIC_WRITE",),
        facts={"policy": policy(allow("*", PUT))},
        around=PUBLIC,
    ),
    Row(
        "a tag with a prefix",
        PROPOSE,
        "internal",
        "SSE-S3",
        ("TAG_NAMES_CLASS",),
        tags={"acme:classification": "internal"},
    ),
    Row(
        "the analyzer says that everybody writes",
        PROPOSE,
        "internal",
        "SSE-S3",
        ("ANALYZER_PUBLIC",),
        findings=analyzed(isPublic=True, action=["s3:PutObject"]),
    ),
    Row(
        "the analyzer says that everybody lists",
        NONE,
        None,
        None,
        ("ANALYZER_PUBLIC",),
        findings=analyzed(isPublic=True, action=["s3:ListBucket"]),
    ),
    Row("the analyzer could not tell", NONE, None, None, ("ANALYZER_ERROR",), findings=analyzed(error="ACCESS_DENIED")),
    # what could not be read
    Row("tags are closed", NOT_KNOWN, None, None, (), facts={"tags": Unreadable("tags", "AccessDenied")}),
    Row(
        "the policy is closed",
        NOT_KNOWN,
        None,
        None,
        ("ACCESS_LOG_TARGET",),
        facts={"policy": Unreadable("policy", "AccessDenied")},
        around=LOGGED,
    ),
    Row(
        "trails are closed",
        NOT_KNOWN,
        None,
        None,
        (),
        tags={TAG: "internal"},
        around=replace(CALM, trails=Unreadable("trails", "AccessDenied")),
    ),
    Row(
        "an algorithm of the future",
        NOT_KNOWN,
        None,
        None,
        (),
        tags={TAG: "internal"},
        default=DefaultEncryption("aws:x"),
    ),
    Row(
        "whether S3 blocks everybody is closed",
        NOT_KNOWN,
        None,
        None,
        (),
        facts=OPEN,
        around=replace(PUBLIC, account_public_access_block=Unreadable("account_public_access_block", "AccessDenied")),
    ),
)


def case(row: Row) -> Case:
    bucket = replace(BUCKET, tags=row.tags or {}, default_encryption=row.default, default_key_manager="CUSTOMER")
    return Case(
        bucket=replace(bucket, **(row.facts or {})),
        surroundings=row.around,
        tag=TAG,
        classes=row.classes,
        findings=row.findings,
    )


@pytest.mark.parametrize("row", TABLE, ids=lambda row: row.id)
def test_the_table_of_evidence_and_proposals(row):
    found = propose(case(row))
    assert (found.outcome, found.data_class, found.mode) == (row.outcome, row.data_class, row.mode)
    assert [each.code for each in found.evidence] == [*row.codes]
    assert found.points_to == row.points_to
    assert (found.data_class is None) == (found.confidence == UNDECIDED) == bool(found.note)
    assert bool(found.unknown) == (found.outcome is NOT_KNOWN)


@pytest.mark.parametrize("fact", ["website", "replication", "logs_from", "delivery_channels", "trails"])
def test_no_fact_that_might_hide_evidence_is_taken_for_absent(fact):
    closed = {fact: Unreadable(fact, "AccessDenied")}
    bucket = replace(BUCKET, tags={TAG: "internal"})
    found = propose(Case(bucket=bucket, surroundings=replace(CALM, **closed), tag=TAG, classes=BUILT_IN))
    assert (found.outcome, found.data_class, found.unknown) == (NOT_KNOWN, None, (closed[fact],))


def test_an_unknown_policy_hides_what_it_would_say_and_the_sentence_names_it():
    found = propose(case(next(each for each in TABLE if each.id == "the policy is closed")))
    assert found.note == "policy could not be read (AccessDenied)"


@pytest.mark.parametrize(
    ("row", "words"),
    [
        ("a class stays", STATED),
        ("another tag names a class", Basis.TAG),
        ("access log target", Basis.SETTING),
        ("access log target by its policy", Basis.POLICY),
        ("Macie found personal data", Basis.FINDING),
        ("origin access identity", FITTING),
    ],
)
def test_confidence_says_in_words_what_it_rests_on(row, words):
    assert propose(case(next(each for each in TABLE if each.id == row))).confidence == words


@pytest.mark.parametrize(
    ("row", "sentence"),
    [
        ("no class for logs", "no class for log-delivery data that accepts SSE-S3"),
        ("two tags disagree", "tags name different classes (internal, public): a person decides"),
        ("sensitive and public", "what was seen shows public and sensitive data at once: a person decides"),
        ("nothing is seen", f"nothing that was seen speaks for one class; possible are {ALL}"),
    ],
)
def test_what_a_person_decides_is_told(row, sentence):
    assert propose(case(next(each for each in TABLE if each.id == row))).note == sentence


CASE = case(TABLE[0])
WORDS = st.sampled_from(
    [
        "findings",
        "buckets",
        "id",
        "type",
        "resourcesAffected",
        "s3Bucket",
        "name",
        "bucketName",
        "sensitivityScore",
        "status",
        "resource",
        "resourceType",
        "MetricDataResults",
        "Label",
        "Values",
        "Timestamps",
        "groups",
        "read",
    ]
)


def mixed():
    """Pairs of rows put together: what two special uses of one bucket come to."""
    rows = [each for each in TABLE if each.classes is BUILT_IN and each.outcome is not NOT_KNOWN]
    for one, other in combinations(rows, 2):
        if one.around is CALM or other.around is CALM:
            around = other.around if one.around is CALM else one.around
            facts, tags = {**(one.facts or {}), **(other.facts or {})}, {**(one.tags or {}), **(other.tags or {})}
            yield replace(one, facts=facts, tags=tags, around=around, findings=one.findings + other.findings)


def test_no_proposal_is_a_class_that_a_writer_or_reader_cannot_satisfy():
    proposed = [each for each in map(propose, map(case, mixed())) if each.data_class]
    assert len(proposed) > 300
    accepts = {each.name: each.accepts for each in BUILT_IN}
    for each in proposed:
        assert each.mode in accepts[each.data_class]
        for evidence in each.evidence:
            stated = each.outcome is KEEP or any(one.named for one in each.evidence)
            sure = () if stated else evidence.might
            assert all(need & accepts[each.data_class] for need in (*evidence.needs, *sure))
            assert each.mode in evidence.default


def test_a_proposal_is_never_a_new_use_of_the_aws_managed_key_and_always_of_the_file():
    for row in mixed():
        found = propose(case(row))
        assert found.data_class in {None, *(each.name for each in row.classes)}
        assert found.mode is None or found.mode == found.present_mode or not found.mode.endswith("-AWS")


def test_the_name_of_a_bucket_says_nothing():
    names = ["aws-cloudtrail-logs-1", "elb-access-logs", "www.example.com", "terraform-state", "public"]
    for row in TABLE:
        if not row.facts:
            plain = propose(case(row))
            for name in names:
                bucket = replace(case(row).bucket, name=name)
                other = propose(replace(case(row), bucket=bucket))
                assert (other.outcome, other.data_class, other.mode) == (plain.outcome, plain.data_class, plain.mode)


def test_the_same_facts_give_the_same_proposal():
    assert [propose(case(each)) for each in TABLE] == [propose(case(each)) for each in TABLE]


KINDS_WITHOUT_CLASS = {
    "target of server access logs": (PROPOSE, "log-delivery", "SSE-S3"),
    "target of load balancers' logs": (PROPOSE, "log-delivery", "SSE-S3"),
    "delivery of AWS Config": (PROPOSE, "internal", "SSE-S3"),
    "delivery of CloudTrail": (PROPOSE, "internal", CMK),
    "log archive of Control Tower": (PROPOSE, "internal", "SSE-S3"),
    "state of Terraform, whose writers send AES256": (NONE, None, None),
    "results of Athena, whose writers send no header": (NONE, None, None),
    "landing zone of Firehose and vended logs": (PROPOSE, "log-delivery", "SSE-S3"),
    "origin of CloudFront with an origin access identity": (PROPOSE, "internal", "SSE-S3"),
    "static website": (PROPOSE, "public", "SSE-S3"),
    "source or destination of replication": (NONE, None, None),
    "drop box of another account": (NONE, None, None),
}
"""The kinds of special buckets as the rules know them, without their class's tag."""


@pytest.mark.parametrize("kind", KINDS)
def test_a_special_bucket_without_a_class_gets_one_that_does_not_break_it(kind):
    facts, _ = KINDS[kind]
    around = replace(PUBLIC, website=facts.website, logs_from=facts.logs_from, account_public_access_block=ABSENT)
    found = propose(Case(bucket=replace(facts, tags={}), surroundings=around, tag=TAG, classes=BUILT_IN))
    assert (found.outcome, found.data_class, found.mode) == KINDS_WITHOUT_CLASS[kind]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(WORDS | st.text(), inner, max_size=4),
    max_leaves=12,
)


@given(JSON)
def test_no_json_is_read_as_what_it_is_not(document):
    for read in (macie, access_analyzer, requests_per_month, read_prices):
        with suppress(InputError):
            read(document)


@given(
    st.dictionaries(
        st.text() | st.sampled_from([TAG, "Classification"]), st.text() | st.sampled_from([*ALL.split(", ")])
    )
)
@example({TAG: "0E0"})
@example({TAG: "no"})
@example({"DATACLASS": "\x1b"})
def test_whatever_tags_say_the_class_is_one_of_the_file_or_none(tags):
    found = propose(replace(CASE, bucket=replace(CASE.bucket, tags=tags)))
    assert found.data_class in {None, *(each.name for each in BUILT_IN)}
    document = plan("1", "2026-01-01", TAG, [ClassifiedRow(found, Foreseen(), None)])
    assert read_yaml(as_yaml(document).encode()).tree == document


HOSTILE = [
    None,
    [],
    "x",
    7,
    {},
    {"findings": None},
    {"findings": {}},
    {"findings": [None]},
    {"findings": [[]]},
    {"findings": [{}]},
    {"findingIds": ["a"]},
    {"items": []},
    {"findings": [], "nextToken": "more"},
    {"findings": [{"id": "a", "type": "SensitiveData:S3Object/New", "resourcesAffected": {"s3Bucket": {"name": "b"}}}]},
    {"findings": [{"id": "a", "type": "SensitiveData:S3Object/Personal", "resourcesAffected": None}]},
    {
        "findings": [
            {"id": "a", "type": "SensitiveData:S3Object/Personal", "resourcesAffected": {"s3Bucket": {"name": 7}}}
        ]
    },
    {"findings": [{"id": "a" * 3000, "type": "SensitiveData:S3Object/Personal"}]},
    {"buckets": [{"bucketName": "b", "sensitivityScore": "100"}]},
    {"buckets": [{"bucketName": "b", "sensitivityScore": 101}]},
    {"buckets": [{"bucketName": "b", "sensitivityScore": True}]},
    {"buckets": 7},
]


@pytest.mark.parametrize("document", HOSTILE, ids=lambda each: json.dumps(each)[:60])
@pytest.mark.parametrize("read", [macie, access_analyzer])
def test_what_is_no_answer_of_the_service_is_an_error(read, document):
    with pytest.raises(InputError) as error:
        read(document)
    assert 10 < len(str(error.value)) < 600


@pytest.mark.parametrize(
    ("read", "document", "sentence"),
    [
        (
            macie,
            {"findingIds": ["a"]},
            "findings: expected a list as `aws macie2 get-findings` prints it, found an object with `findingIds`",
        ),
        (macie, {"findings": [{"type": "?"}]}, "findings[0].type: expected one of SensitiveData"),
        (
            macie,
            {"buckets": [{"bucketName": "b", "sensitivityScore": 101}]},
            "buckets[0].sensitivityScore: expected a number from -1 to 100, found 101",
        ),
        (
            access_analyzer,
            {"findings": [{"resourceType": "AWS::S3::Bucket", "status": "OPEN"}]},
            "findings[0].status: expected one of ACTIVE, ARCHIVED, RESOLVED, found `OPEN`",
        ),
        (
            access_analyzer,
            {"findings": [{"id": "a", "resourceType": "AWS::S3::Bucket", "status": "ACTIVE", "resource": "b"}]},
            "findings[0].resource: expected the ARN of a bucket, found `b`",
        ),
        (
            access_analyzer,
            {"findings": [], "nextToken": "x"},
            "nextToken: the listing is cut short: expected all of it",
        ),
    ],
)
def test_errors_have_their_place(read, document, sentence):
    with pytest.raises(InputError) as error:
        read(document)
    assert str(error.value).startswith(sentence)


def test_findings_about_other_resources_are_passed_over():
    assert analyzed(resourceType="AWS::KMS::Key", resource="arn:aws:kms:eu-west-1:111122223333:key/x") == ()
    assert analyzed(findingType="InternalAccess") == ()


def test_a_bucket_of_another_partition_is_recognised_too():
    bucket = Bucket(
        name="b",
        account=OWN,
        region="cn-north-1",
        partition="aws-cn",
        tags={},
        policy=service("logging.s3.amazonaws.com.cn"),
        default_encryption=BUCKET.default_encryption,
    )
    found = propose(Case(bucket=bucket, surroundings=CALM, tag=TAG, classes=BUILT_IN))
    assert (found.data_class, [each.code for each in found.evidence]) == ("log-delivery", ["ACCESS_LOG_TARGET"])


def shape(service, name):
    return get_session().get_service_model(service).shape_for(name)


def test_words_and_members_are_those_of_the_service_models():
    assert set(TYPES) == set(shape("macie2", "FindingType").enum)
    assert set(FINDING_TYPES) == set(shape("accessanalyzer", "FindingType").enum)
    assert set(STATUSES) == set(shape("accessanalyzer", "FindingStatus").enum)
    assert {"id", "type", "archived", "sample", "resourcesAffected"} <= set(shape("macie2", "Finding").members)
    assert shape("macie2", "ResourcesAffected").members["s3Bucket"].members["name"].type_name == "string"
    assert {"bucketName", "sensitivityScore"} <= set(shape("macie2", "BucketMetadata").members)
    for name in ("FindingSummary", "FindingSummaryV2"):
        found = shape("accessanalyzer", name)
        assert {"id", "resourceType", "status"} <= set(found.required_members)
        assert {"resource", "error"} <= set(found.members)
    assert {"isPublic", "action", "principal"} <= set(shape("accessanalyzer", "FindingSummary").members)
    assert "findingType" in shape("accessanalyzer", "FindingSummaryV2").members
    assert {"Label", "Timestamps", "Values", "StatusCode"} <= set(shape("cloudwatch", "MetricDataResult").members)
    assert set(STATUS_CODES) == set(shape("cloudwatch", "StatusCode").enum)
