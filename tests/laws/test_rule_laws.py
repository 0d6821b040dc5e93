"""The laws of rules: whatever the facts, a rule gives a decision; and what could not be read is never COMPLIANT."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from laws.strategies import OWN, documents
from s3_guardrails.decision import Verdict
from s3_guardrails.discovery import find_rules
from s3_guardrails.encryption.bucket import Bucket, DefaultEncryption
from s3_guardrails.encryption.fact import ABSENT, Unreadable
from s3_guardrails.encryption.key import Key, KeyMetadata, Rotation
from s3_guardrails.policy.document import parse_policy
from s3_guardrails.rule import BucketRule, Rule

RULES = {entry.name: entry.rule for entry in find_rules()}
BUCKET_RULES = [rule for rule in RULES.values() if issubclass(rule, BucketRule)]
KEY_RULES = [rule for rule in RULES.values() if not issubclass(rule, BucketRule)]
ARN = f"arn:aws:kms:eu-west-1:{OWN}:key/1234abcd"


def fact(name: str, known: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.one_of(known, known, st.builds(Unreadable, st.just(name), st.sampled_from(["AccessDenied", "not read"])))


POLICIES = documents(most=3).map(parse_policy)
CLASSES = st.sampled_from(["public", "restricted", " ", "log-delivery", "x"])
BUCKETS = st.builds(
    Bucket,
    name=st.sampled_from(["b", "data.example"]),
    account=st.just(OWN),
    region=st.just("eu-west-1"),
    partition=st.sampled_from(["aws", "aws-cn", "aws-us-gov"]),
    as_of=st.sampled_from([0.0, 1_795_000_000.0]),
    tags=fact(
        "tags",
        st.dictionaries(st.just("data-class"), st.sampled_from(["public", "restricted", " ", "log-delivery", "x"])),
    ),
    default_encryption=fact(
        "default_encryption",
        st.builds(
            DefaultEncryption,
            st.sampled_from(["AES256", "aws:kms", "aws:kms:dsse", "aws:fsx"]),
            st.sampled_from(
                [None, ARN, "alias/aws/s3", "alias/x", "1234abcd", "", "arn:aws:kms:eu-west-1:999999999999:key/1"]
            ),
            st.booleans(),
        ),
    ),
    blocked_encryption_types=fact("blocked_encryption_types", st.frozensets(st.sampled_from(["SSE-C", "NONE", "?"]))),
    default_key_manager=fact("default_key_manager", st.sampled_from(["AWS", "CUSTOMER", ABSENT])),
    policy=fact("policy", st.one_of(POLICIES, st.just(ABSENT))),
    resolved_keys=st.dictionaries(st.just("alias/x"), fact("resolved_keys:alias/x", st.just(frozenset({ARN})))),
)
KEYS = st.builds(
    Key,
    key_id=st.just("1234abcd"),
    account=st.just(OWN),
    region=st.just("eu-west-1"),
    metadata=fact(
        "metadata",
        st.builds(
            KeyMetadata,
            manager=st.sampled_from(["AWS", "CUSTOMER", "CUSTOMER"]),
            state=st.sampled_from(["Enabled", "Enabled", "Disabled", "PendingDeletion", "PendingImport", "Odd"]),
            spec=st.sampled_from(["SYMMETRIC_DEFAULT", "SYMMETRIC_DEFAULT", "RSA_2048", "HMAC_256", "SM2"]),
            origin=st.sampled_from(["AWS_KMS", "AWS_KMS", "EXTERNAL", "AWS_CLOUDHSM", "EXTERNAL_KEY_STORE"]),
            multi_region=st.sampled_from([None, "PRIMARY", "REPLICA"]),
        ),
    ),
    rotation=fact("rotation", st.builds(Rotation, st.booleans(), st.sampled_from([None, 90, 365, 2560]))),
    policy=fact("policy", POLICIES),
    tags=fact("tags", st.dictionaries(st.sampled_from(["Team", "x"]), st.sampled_from(["a", ""]))),
    material_age_days=fact("material_age_days", st.sampled_from([0, 900, ABSENT])),
    buckets=fact("buckets", st.frozensets(st.sampled_from(["b"]))),
)
BUCKET_PARAMETERS = st.fixed_dictionaries(
    {},
    optional={
        "ApprovedKeys": st.sampled_from(["", ARN, OWN, "alias/x", "tag:Team=a", f"{ARN},999999999999"]),
        "DataClassTag": st.sampled_from(["data-class", "other"]),
        "UploadPolicy": st.sampled_from(["", "restricted=explicit-deny", "public=header-required"]),
        "AcceptServices": st.sampled_from(["true", "false"]),
        "MinimumTlsVersion": st.sampled_from(["", "1.2", "1.3"]),
        "AcceptPrincipals": st.sampled_from(["", f"arn:aws:iam::{OWN}:role/*"]),
    },
)
KEY_PARAMETERS = st.fixed_dictionaries(
    {},
    optional={
        "KeyScope": st.sampled_from(["all", "bucket-keys"]),
        "TrustedAccounts": st.sampled_from(["", "222233334444"]),
        "TrustedOrganizations": st.sampled_from(["", "o-ours123456"]),
        "AcceptedServices": st.sampled_from(["", "logs.amazonaws.com"]),
        "WriteOnly": st.sampled_from(["", f"arn:aws:iam::{OWN}:role/app"]),
        "WriteOnlyMultipart": st.sampled_from(["", f"arn:aws:iam::{OWN}:user/ann"]),
        "MaximumDays": st.sampled_from(["90", "365"]),
    },
)


def made(rule: type[Rule[Any]], given_parameters: dict[str, str]) -> Rule[Any]:
    names = {each.name for each in rule.Parameters.documented()}
    return rule(rule.Parameters.from_config({name: value for name, value in given_parameters.items() if name in names}))


def check(rule: Rule[Any], facts: Any) -> None:
    decision = rule.judge(facts)
    assert decision.reasons
    assert all(each.code.isupper() and each.sentence for each in (*decision.reasons, *decision.advisories))
    asked: list[str] = []

    def complete(given_facts: Any, name: str) -> Any:
        asked.append(name)
        return given_facts

    again = rule.judge(facts, complete)
    assert again == decision
    assert len(asked) == len(set(asked))
    assert not asked or decision.verdict is not Verdict.COMPLIANT


@given(st.sampled_from(BUCKET_RULES), BUCKET_PARAMETERS, BUCKETS)
def test_a_rule_about_buckets_decides_whatever_the_facts(rule, parameters, bucket):
    """Rules never raise: a fact that is missing makes the verdict UNDETERMINED, and is asked for once."""
    check(made(rule, parameters), bucket)


@given(st.sampled_from(KEY_RULES), KEY_PARAMETERS, KEYS)
def test_a_rule_about_keys_decides_whatever_the_facts(rule, parameters, key):
    """Rules never raise: a fact that is missing makes the verdict UNDETERMINED, and is asked for once."""
    check(made(rule, parameters), key)


@given(documents(most=2), st.sampled_from(["S3_BUCKET_TLS_ONLY", "S3_BUCKET_UPLOADS_ENCRYPTED"]))
def test_no_rule_is_satisfied_by_a_policy_that_nobody_understands(document, name):
    """Where every Deny holds an unknown operator and every Allow too, no guarantee can rest on the policy."""
    for statement in document["Statement"]:
        statement["Condition"] = {"StringSoundsLike": {"aws:UserAgent": "x"}}
    policy = parse_policy(document)
    if name == "S3_BUCKET_TLS_ONLY":
        bucket = Bucket(name="b", account=OWN, region="eu-west-1", policy=policy)
        assert RULES[name]().judge(bucket).verdict is not Verdict.COMPLIANT
    if name == "S3_BUCKET_UPLOADS_ENCRYPTED":
        facts = Bucket(
            name="b",
            account=OWN,
            region="eu-west-1",
            policy=policy,
            tags={"data-class": "restricted"},
            default_encryption=DefaultEncryption("aws:kms", ARN, bucket_key=True),
            default_key_manager="CUSTOMER",
            blocked_encryption_types=frozenset({"SSE-C"}),
        )
        assert RULES[name]().judge(facts).verdict is not Verdict.COMPLIANT
