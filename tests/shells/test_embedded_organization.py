"""Accounts and Regions of an embedded organization are apart, and a role is entered by whom it trusts alone."""

import pytest
from botocore.exceptions import ClientError
from remediation import bucket

from s3_guardrails.embedded.organization import Organization

RULE = {"ConfigRuleName": "GUARD", "Source": {"Owner": "CUSTOM_LAMBDA", "SourceIdentifier": "arn"}}


@pytest.fixture
def organization(aws):
    return Organization(aws)


def trust(principal, **condition):
    statement = {"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole"}
    return {"Version": "2012-10-17", "Statement": [statement | ({"Condition": condition} if condition else {})]}


READ = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Action": "s3:ListAllMyBuckets", "Resource": "*"}],
}


def rules(client):
    return [each["ConfigRuleName"] for each in client.describe_config_rules()["ConfigRules"]]


def test_accounts_and_regions_have_rules_keys_and_buckets_of_their_own(aws, organization):
    ledger, audit = (organization.account(name) for name in ("ledger", "audit"))
    ledger.client("config", "eu-west-1").put_config_rule(ConfigRule=RULE)
    ledger.client("kms", "eu-west-1").create_key()
    ledger.client("s3").create_bucket(Bucket="ledger")
    places = [(each, region) for each in (ledger, audit) for region in ("us-east-1", "eu-west-1")]
    assert [rules(each.client("config", region)) for each, region in places] == [[], ["GUARD"], [], []]
    assert [len(each.client("kms", region).list_keys()["Keys"]) for each, region in places] == [0, 1, 0, 0]
    assert [[b["Name"] for b in each.client("s3").list_buckets()["Buckets"]] for each in (ledger, audit)] == [
        ["ledger"],
        [],
    ]
    assert rules(aws.client("config", "eu-west-1")) == []


def test_a_bucket_of_another_account_is_out_of_reach(aws, organization):
    ledger = organization.account("ledger")
    bucket(aws, "management")
    with pytest.raises(ClientError, match="AccessDenied"):
        ledger.client("s3").get_bucket_encryption(Bucket="management")


def entered(aws, role, **more):
    answer = aws.client("sts").assume_role(RoleArn=role, RoleSessionName="fleet", **more)
    return aws.client("sts", access_key=answer["Credentials"]["AccessKeyId"]).get_caller_identity()


def test_a_role_is_entered_with_the_external_id_that_it_asks_for(aws, organization):
    ledger = organization.account("ledger")
    wanted = trust({"AWS": f"arn:aws:iam::{aws.account}:root"}, StringEquals={"sts:ExternalId": "guardrails"})
    role = ledger.role("reader", wanted, READ)
    found = entered(aws, role, ExternalId="guardrails")
    assert (found["Account"], found["Arn"].split("/")[1:]) == (ledger.id, ["reader", "fleet"])
    for wrong in ({}, {"ExternalId": "else"}):
        with pytest.raises(ClientError, match="not authorized to perform: sts:AssumeRole"):
            entered(aws, role, **wrong)


def test_a_role_is_not_entered_by_an_account_that_it_does_not_trust_nor_one_that_does_not_exist(aws, organization):
    ledger, audit = (organization.account(name) for name in ("ledger", "audit"))
    role = ledger.role("reader", trust({"AWS": audit.id}), READ)
    for arn in (role, ledger.arn("role/absent"), "arn:aws:iam::999999999999:role/reader"):
        with pytest.raises(ClientError, match="AccessDenied"):
            entered(aws, arn)
    assert audit.client("sts").assume_role(RoleArn=role, RoleSessionName="audit")["Credentials"]
