"""What stands for what is not known: accounts, Regions and names that are made up at deployment."""

import json

import pytest

from s3_guardrails.cli.judged import Asking, judge
from s3_guardrails.template.found import ACCOUNT, MAX_WORLDS, REGION, Options, Other, accounts, bounded, label, regions
from s3_guardrails.template.reading import read_file
from s3_guardrails.template.settle import settle
from s3_guardrails.template.value import Generated, Text, Unknown, unknowns

NAMES = ("111122223333", "444455556666", "777788889999", "123456789012", "555566667777")


@pytest.mark.parametrize("count", range(7))
def test_the_account_that_stands_for_any_is_one_that_nobody_names(count):
    found = accounts([[f"arn:aws:iam::{each}:root" for each in [*NAMES, "100000000001"][:count]]])
    assert found.stand_in not in found.named
    assert len(found.stand_in) == 12
    assert found.named == (*NAMES, "100000000001")[:count]


@pytest.mark.parametrize(
    ("text", "named", "open_"),
    [
        ("arn:aws:iam::222222222222:root", ("222222222222",), False),
        (222222222222, ("222222222222",), False),
        ("bucket-222222222222-logs", ("222222222222",), False),
        ("1234567890123", (), False),
        ("*", (), False),
        ("arn:aws:s3:::bucket/*", (), False),
        ("1111*", ("111100000000",), True),
        ("*3333", ("000000003333",), True),
        ("1111????3333", ("111100003333",), True),
        ("11*22*33", ("112200000033",), True),
        ("1?", (), True),
        (True, (), False),
    ],
)
def test_accounts_are_found_in_texts_and_patterns_over_them_too(text, named, open_):
    found = accounts([{"any": [text]}])
    assert (found.named, found.open) == (named, open_)
    assert not found.stand_in.startswith("1111") or text != "1111*"


def test_regions_are_found_in_texts_and_what_stands_for_any_is_none_of_them():
    found = regions(
        ["arn:aws:kms:eu-west-1:1:key/x", "s3.us-gov-west-1.amazonaws.com", Text(("us-east-1.", Unknown("x")))]
    )
    assert found.named == ("eu-west-1", "us-gov-west-1", "us-east-1")
    assert found.stand_in == "us-standin-0"
    assert regions(["my-bucket"]).values() == ("us-east-1",)
    assert regions(["eu-*"]).values() == ("us-east-1", Other())


def test_too_many_deployments_leave_the_widest_open_but_never_the_account():
    wide = tuple(map(str, range(MAX_WORLDS)))
    assert bounded({ACCOUNT: wide, REGION: ("a", "b"), "P": wide[:3]}) == {ACCOUNT: wide}
    assert bounded({ACCOUNT: ("1",), "P": wide, "Q": ("x", "y")}) == {ACCOUNT: ("1",), "Q": ("x", "y")}


def test_a_deployment_is_named_by_what_tells_it_from_others():
    choices = {ACCOUNT: ("1", "2"), REGION: ("a",), "P": ("", Other(("",))), "Q": ("x", Other())}
    assert label({ACCOUNT: "1", REGION: "a", "P": "", "Q": Other()}, choices) == "account 1, P (empty), Q unknown"
    assert label({"P": Other(("",))}, {"P": choices["P"]}) == "P other than (empty)"


ROLE = Generated("the name of role `R`", "R-generated")
ARN = Text(("arn:aws:iam::111122223333:role/", ROLE))


@pytest.mark.parametrize(
    ("other", "settled"),
    [
        ("arn:aws:iam::111122223333:role/literal", True),
        ("arn:aws:iam::111122223333:role/*", True),
        ("arn:aws:iam::111122223333:*", True),
        ("*", True),
        ("arn:aws:iam::444455556666:role/app-*", True),
        ("arn:aws:s3:::bucket/R*", True),
        ("arn:aws:iam::111122223333:role/app-*", False),
        ("arn:aws:iam::111122223333:role/*-app", False),
        ("arn:aws:iam::*:role/*app*", False),
        ("arn:aws:iam::111122223333:role/???", False),
        ("*R*", False),
        ("arn:aws:iam::111122223333:role/R-generated", False),
    ],
)
def test_a_made_up_name_has_a_stand_in_only_where_no_pattern_can_tell_it_apart(other, settled):
    document = {"Statement": [{"Principal": {"AWS": [ARN]}, "Condition": {"ArnLike": {"aws:PrincipalArn": other}}}]}
    found = settle(document, None, "aws")
    [principal] = found.document["Statement"][0]["Principal"]["AWS"]
    if settled:
        assert principal == "arn:aws:iam::111122223333:role/R-generated"
        assert found.assumed == ("`R-generated` stands for the name of role `R`",)
    else:
        assert principal == Text(("arn:aws:iam::111122223333:role/", Unknown("the name of role `R`")))
        assert found.assumed == ()


@pytest.mark.parametrize("text", [Text((ROLE,)), Text(("*", ROLE)), Text((Unknown("x"), ROLE))])
def test_a_made_up_name_without_a_known_text_in_front_stays_open(text):
    found = settle({"Statement": [{"Condition": {"StringEquals": {"aws:username": text}}}]}, None, "aws")
    assert Unknown("the name of role `R`") in unknowns(found.document)


PARAMETER = Unknown("parameter `Name`")


@pytest.mark.parametrize(
    ("resource", "known"),
    [
        (Text(("arn:aws:s3:::", PARAMETER, "-data/*")), "arn:aws:s3:::parameter-name-stand-in-data/*"),
        (Text(("arn:aws:s3:::", PARAMETER, "*")), "arn:aws:s3:::parameter-name-stand-in*"),
        ("*", "*"),
        ("arn:aws:s3:::*/*", "arn:aws:s3:::*/*"),
        ("arn:aws:s3:*", "arn:aws:s3:*"),
        ("arn:aws-cn:s3:::x", "arn:aws-cn:s3:::x"),
        ("arn:aws:s3:::x-data/*", None),
        ("arn:aws:s3:::*-data/*", None),
        ("arn:aws:s3:::", None),
        ("arn:*:s3:::x", None),
    ],
)
def test_a_resource_is_known_where_it_means_the_bucket_by_its_own_name_or_every_bucket(resource, known):
    document = {"Statement": {"Effect": "Deny", "Resource": [resource]}}
    found = settle(document, Text((PARAMETER, "-data")), "aws")
    assert found.bucket == "parameter-name-stand-in-data"
    [settled] = found.document["Statement"][0]["Resource"]
    assert settled == (known or Unknown(f"whether `{resource}` means this bucket", resource))


def test_the_name_that_the_user_gives_settles_the_open_part_everywhere():
    document = {"Statement": [{"Resource": Text(("arn:aws:s3:::", PARAMETER)), "Condition": PARAMETER}]}
    found = settle(document, Text(("a-", PARAMETER, "-z")), "aws", "a-middle-z")
    assert (found.bucket, found.assumed) == ("a-middle-z", ())
    assert found.document["Statement"] == [{"Resource": "arn:aws:s3:::middle", "Condition": "middle"}]
    for wrong in ("b-middle-z", "a-z"):
        assert settle(document, Text(("a-", PARAMETER, "-z")), "aws", wrong).bucket == "a-parameter-name-stand-in-z"
    assert settle(document, "known", "aws", "given").bucket == "known"


def policy_template(**parameters):
    statement = {"Effect": "Deny", "Principal": {"AWS": {"Ref": "P"}}, "Action": "s3:*", "Resource": "*"}
    statement["Condition"] = {"Bool": {"aws:SecureTransport": {"Fn::If": ["C", "false", "true"]}}}
    document = {"Version": "2012-10-17", "Statement": statement}
    return {
        "Parameters": parameters,
        "Conditions": {"C": {"Fn::Equals": [{"Ref": "P"}, "*"]}},
        "Resources": {
            "R": {"Type": "AWS::S3::BucketPolicy", "Properties": {"Bucket": "b", "PolicyDocument": document}}
        },
    }


@pytest.mark.parametrize(
    ("parameter", "choices", "verdict"),
    [
        ({"Type": "String"}, ("*", Other(("*",))), "inconclusive"),
        ({"Type": "String", "AllowedValues": ["*"]}, ("*",), "proved"),
        ({"Type": "String", "AllowedValues": ["444455556666", 5]}, ("444455556666", "5"), "refuted"),
        ({"Type": "String", "AllowedValues": ["*", "444455556666"]}, ("*", "444455556666"), "inconclusive"),
        ({"Type": "String", "Default": "*"}, None, "proved"),
    ],
)
def test_a_parameter_that_conditions_compare_takes_every_value_that_makes_a_difference(parameter, choices, verdict):
    [found] = read_file(json.dumps(policy_template(P=parameter)).encode(), Options()).policies
    assert found.choices.get("P") == choices
    asking = Asking(topic="tls", params={}, since=0.0, partition="aws")
    assert judge(found, asking).answered.verdict == verdict


def test_a_counterexample_that_every_deployment_lets_through_is_preferred():
    def allows(who):
        return {"Effect": "Allow", "Principal": {"AWS": who}, "Action": "kms:Decrypt", "Resource": "*"}

    branches = {"Fn::If": ["C", allows("444455556666"), allows("*")]}
    template = policy_template(P={"Type": "String", "AllowedValues": ["*", "x"]})
    document = {"Version": "2012-10-17", "Statement": [allows("arn:aws:iam::999988887777:role/x"), branches]}
    template["Resources"] = {"R": {"Type": "AWS::KMS::Key", "Properties": {"KeyPolicy": document}}}
    [found] = read_file(json.dumps(template).encode(), Options(account="111122223333")).policies
    judged = judge(found, Asking(topic="kms-outside", params={}, since=0.0, partition="aws"))
    assert (judged.answered.verdict, judged.deployment) == ("refuted", "")
