"""What speaks against a change whatever it is: owners, plain HTTP, and facts that could not be read."""

from dataclasses import replace
from datetime import timedelta

import pytest
from hazards import BUCKET, CALM, NAME, NO_HTTP, TODAY, codes, concerns, default, key, sentence, tls, to_policy, uploads

from s3_guardrails.encryption.fact import Unreadable
from s3_guardrails.encryption.surroundings import Surroundings
from s3_guardrails.remediate.change import Proposed
from s3_guardrails.remediate.hazard import ALL_NEEDED, NEEDED, key_hazards, needed
from s3_guardrails.remediate.hazard_evidence import Evidence, SeenCaller

# who owns it

TAGS = [
    ({}, []),
    ({"s3-guardrails:exempt-until": "2026-06-01"}, ["EXEMPT"]),
    ({"s3-guardrails:exempt-until": "2027-01-01"}, ["EXEMPT"]),
    ({"s3-guardrails:exempt-until": "2026-05-31"}, []),
    ({"s3-guardrails:exempt-until": "soon"}, ["EXEMPTION_UNREADABLE"]),
    ({"s3-guardrails:exempt-until": ""}, ["EXEMPTION_UNREADABLE"]),
    ({"s3-guardrails:exempt-until": "2026-02-30"}, ["EXEMPTION_UNREADABLE"]),
    ({"s3-guardrails:exempt-until": "20270101"}, ["EXEMPTION_UNREADABLE"]),
    ({"s3-guardrails:exempt-until": " 2027-01-01"}, ["EXEMPTION_UNREADABLE"]),
    ({"S3-Guardrails:Exempt-Until": "2027-01-01"}, ["EXEMPT"]),
    ({"aws:cloudformation:stack-name": "shop"}, ["MANAGED_BY_IAC"]),
    ({"aws:cloudformation:logical-id": "Data"}, ["MANAGED_BY_IAC"]),
    ({"aws-cdk:auto-delete-objects": "true"}, ["MANAGED_BY_IAC"]),
    ({"aws:servicecatalog:productArn": "arn:aws:catalog:x"}, ["MANAGED_BY_IAC"]),
    ({"Terraform": "true"}, ["MANAGED_BY_IAC"]),
    ({"terraform": "False"}, []),
    ({"ManagedBy": "Terraform"}, ["MANAGED_BY_IAC"]),
    ({"managed-by": "opentofu 1.9"}, ["MANAGED_BY_IAC"]),
    ({"managed_by": "pulumi"}, ["MANAGED_BY_IAC"]),
    ({"Managed By": "AWS CDK"}, ["MANAGED_BY_IAC"]),
    ({"team:managed-by": "terraform-cloud"}, ["MANAGED_BY_IAC"]),
    ({"managed-by": "platform-team"}, []),
    ({"managed-by": "none"}, []),
    ({"provisioner": "Terragrunt"}, ["MANAGED_BY_IAC"]),
    ({"CreatedBy": "crossplane"}, ["MANAGED_BY_IAC"]),
    ({"created-by": "sam"}, []),
    ({"crossplane.io/external-name": "x"}, ["MANAGED_BY_IAC"]),
    ({"pulumi:project": "web"}, ["MANAGED_BY_IAC"]),
    ({"TerraformWorkspace": "prod"}, ["MANAGED_BY_IAC"]),
    ({"ManagedByTerraform": "yes"}, ["MANAGED_BY_IAC"]),
    ({"yor_trace": "1-2-3"}, ["MANAGED_BY_IAC"]),
    ({"Yor_Trace": "1-2-3"}, ["MANAGED_BY_IAC"]),
    ({"IaC": "yes"}, ["MANAGED_BY_IAC"]),
    ({"infrastructure-as-code": "true"}, ["MANAGED_BY_IAC"]),
    ({"is_terraform": "1"}, ["MANAGED_BY_IAC"]),
    ({"org:terraform": "true"}, ["MANAGED_BY_IAC"]),
    ({"tf-module": "s3"}, ["MANAGED_BY_IAC"]),
    ({"managed-by": "tf"}, ["MANAGED_BY_IAC"]),
    ({"Managed": "Terraform"}, ["MANAGED_BY_IAC"]),
    ({"services.k8s.aws/controller-version": "s3-1.0"}, ["MANAGED_BY_IAC"]),
    ({"iac": "no", "managed": "daily", "org:cdk": "platform"}, []),
    ({"purpose": "terraform-state", "owner": "cdk"}, []),
    ({"terraforming": "mars", "Name": "cloudformation"}, []),
    ({"aws:cloudformation:stack-name": "StackSet-AWSControlTowerLoggingResources-1a2b"}, ["CONTROL_TOWER"]),
]


@pytest.mark.parametrize(("tags", "expected"), TAGS)
def test_tags_tell_exemptions_and_owners_of_buckets_and_keys(tags, expected):
    assert codes(tls(replace(BUCKET, tags=tags))) == expected
    rotation = Proposed(after={"rotation": {"enabled": True, "days": 365}}, calls=())
    assert codes(key_hazards(replace(key(), tags=tags), rotation, TODAY)) == expected


def test_an_exemption_that_ended_is_told_and_stops_nothing():
    hazards = tls(replace(BUCKET, tags={"s3-guardrails:exempt-until": "2026-05-31"}))
    assert hazards.notes == ("the exemption ended on 2026-05-31: it no longer counts",)


def test_the_owner_is_named_with_its_tag_and_told_where_the_change_belongs():
    found = tls(replace(BUCKET, tags={"ManagedBy": "Terraform"})).refusals[0]
    assert "`ManagedBy=Terraform`" in found.sentence
    assert f"s3-guardrails remediate {NAME} --terraform" in found.next_step


# TLS only


def test_a_website_endpoint_would_be_taken_down():
    assert codes(tls(surroundings=replace(CALM, website=True))) == ["WEBSITE_ENDPOINT"]


def test_without_logs_a_person_must_look():
    assert concerns(tls(evidence=Evidence())) == ["NO_LOGS"]
    assert concerns(tls()) == codes(tls()) == []


@pytest.mark.parametrize(("days", "expected"), [(0, ["HTTP_CALLERS"]), (30, ["HTTP_CALLERS"]), (31, [])])
def test_callers_over_plain_http_in_the_last_thirty_days_stop_it(days, expected):
    seen = SeenCaller("arn:aws:iam::111122223333:user/fax", TODAY - timedelta(days=days), 3)
    assert codes(tls(evidence=Evidence(http_callers=[seen]))) == expected


def test_at_most_ten_callers_are_named_the_busiest_first():
    seen = [SeenCaller(f"caller-{number:02}", TODAY, number) for number in range(12)]
    told = sentence(tls(evidence=Evidence(http_callers=seen)), "HTTP_CALLERS")
    assert "by caller-11 (11, last 2026-06-01), caller-10" in told
    assert "caller-02" in told
    assert "caller-01" not in told
    assert told.endswith("and 2 more")


@pytest.mark.parametrize(
    ("seen", "refusals", "approvals"),
    [
        (None, [], ["NO_LOGS"]),
        ([], [], []),
        ([SeenCaller("terraform", TODAY)], ["WRONG_UPLOADERS"], []),
        ([SeenCaller("terraform", TODAY - timedelta(days=31))], [], []),
    ],
)
def test_writers_that_logs_show_with_what_would_be_denied_stop_it(seen, refusals, approvals):
    found = uploads(to_policy(NO_HTTP), evidence=Evidence(wrong_uploaders=seen))
    assert (codes(found), concerns(found)) == (refusals, approvals)


# what is not known

CHANGES = {
    "RequireTls": tls,
    "DenyWrongUploads": lambda bucket, around: uploads(to_policy(NO_HTTP), bucket, around),
    "SetBucketDefaultEncryption": lambda bucket, around: default(None, bucket, around),
}
UNREAD = Surroundings()


@pytest.mark.parametrize("remediation", CHANGES)
def test_law_nothing_is_allowed_silently_where_nothing_could_be_read(remediation):
    found = CHANGES[remediation](BUCKET, UNREAD)
    assert found.refusals
    assert all(each.code.startswith("UNREADABLE_") and "not read" in each.sentence for each in found.refusals)


NOT_BY_ITSELF = {"account_public_access_block", "public_access_block", "policy_is_public"}
"""Matter together only: whether a policy is public matters where public policies are blocked."""


@pytest.mark.parametrize(
    ("remediation", "fact"), [(name, fact) for name in CHANGES for fact in NEEDED[name] if fact not in NOT_BY_ITSELF]
)
def test_law_a_needed_fact_that_is_unreadable_refuses_and_is_named(remediation, fact):
    around = replace(CALM, **{fact: Unreadable(fact, "AccessDenied: no")})
    assert codes(CHANGES[remediation](BUCKET, CALM)) == []
    assert codes(CHANGES[remediation](BUCKET, around)) == [f"UNREADABLE_{fact.upper()}"]


OF_BUCKETS = [
    ("RequireTls", "tags"),
    ("RequireTls", "policy"),
    ("DenyWrongUploads", "tags"),
    ("DenyWrongUploads", "policy"),
    ("SetBucketDefaultEncryption", "tags"),
    ("SetBucketDefaultEncryption", "policy"),
    ("SetBucketDefaultEncryption", "default_encryption"),
]


@pytest.mark.parametrize(("remediation", "fact"), OF_BUCKETS)
def test_law_a_fact_of_the_bucket_that_is_unreadable_refuses(remediation, fact):
    bucket = replace(BUCKET, **{fact: Unreadable(fact, "AccessDenied: no")})
    changed = (
        uploads(to_policy(NO_HTTP), bucket) if remediation != "SetBucketDefaultEncryption" else default(None, bucket)
    )
    assert codes(changed) == [f"UNREADABLE_{fact.upper()}"]


def test_a_change_that_nobody_lists_needs_every_fact():
    assert needed("UndoRemediation") == ALL_NEEDED
    assert set(ALL_NEEDED) == set(Surroundings.__dataclass_fields__)
