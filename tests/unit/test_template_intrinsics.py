"""The functions of a template: what each gives, and what stays open."""

import pytest

from s3_guardrails.errors import InputError
from s3_guardrails.template.found import ACCOUNT, REGION, Options, Other
from s3_guardrails.template.intrinsic import NO_VALUE, Resolver
from s3_guardrails.template.template import read_template
from s3_guardrails.template.value import Generated, Text, Unknown, display, unknowns

TREE = {
    "Parameters": {
        "Name": {"Type": "String", "Default": "data"},
        "Open": {"Type": "String"},
        "Number": {"Type": "Number", "Default": 12},
        "List": {"Type": "CommaDelimitedList", "Default": "a, b ,c"},
        "Subnets": {"Type": "List<AWS::EC2::Subnet::Id>", "Default": "s-1,s-2"},
        "Stored": {"Type": "AWS::SSM::Parameter::Value<String>", "Default": "/name"},
    },
    "Mappings": {"Map": {"one": {"two": "found", "list": ["x", "y"]}}},
    "Conditions": {
        "True": {"Fn::Equals": [{"Ref": "Name"}, "data"]},
        "False": {"Fn::Not": [{"Condition": "True"}]},
        "Unclear": {"Fn::Equals": [{"Ref": "Open"}, "x"]},
        "Both": {"Fn::And": [{"Condition": "Unclear"}, {"Condition": "False"}]},
        "Any": {"Fn::Or": [{"Condition": "Unclear"}, {"Condition": "True"}]},
        "Circle": {"Fn::Not": [{"Condition": "Circle"}]},
        "Numbers": {"Fn::Equals": [{"Ref": "Number"}, "12"]},
    },
    "Resources": {
        "Named": {"Type": "AWS::S3::Bucket", "Properties": {"BucketName": {"Fn::Sub": "${Name}-${AWS::AccountId}"}}},
        "Unnamed": {"Type": "AWS::S3::Bucket"},
        "Renamed": {"Type": "AWS::S3::Bucket", "Properties": {"BucketName": {"Ref": "AWS::NoValue"}}},
        "Itself": {"Type": "AWS::S3::Bucket", "Properties": {"BucketName": {"Fn::Sub": "x-${Itself}"}}},
        "Role": {"Type": "AWS::IAM::Role", "Properties": {"RoleName": "reader", "Path": "/team/"}},
        "User": {"Type": "AWS::IAM::User", "Properties": {"UserName": "ann"}},
        "Key": {"Type": "AWS::KMS::Key"},
        "Function": {"Type": "AWS::Serverless::Function"},
        "WithRole": {"Type": "AWS::Serverless::Function", "Properties": {"Role": "arn"}},
        "Topic": {"Type": "AWS::SNS::Topic"},
    },
}
ASSIGNED = {ACCOUNT: "111122223333", REGION: "eu-west-1"}


def resolve(node, assignment=ASSIGNED, **options):
    return Resolver(read_template(TREE, Options(**options)), assignment).resolve(node)


@pytest.mark.parametrize(
    ("node", "value"),
    [
        ({"Ref": "Name"}, "data"),
        ({"Ref": "Number"}, "12"),
        ({"Ref": "List"}, ["a", "b", "c"]),
        ({"Ref": "Subnets"}, ["s-1", "s-2"]),
        ({"Ref": "AWS::AccountId"}, "111122223333"),
        ({"Ref": "AWS::Partition"}, "aws"),
        ({"Ref": "AWS::URLSuffix"}, "amazonaws.com"),
        ({"Ref": "Named"}, "data-111122223333"),
        ({"Fn::GetAtt": ["Named", "Arn"]}, "arn:aws:s3:::data-111122223333"),
        ({"Fn::GetAtt": "Role.Arn"}, "arn:aws:iam::111122223333:role/team/reader"),
        ({"Fn::GetAtt": ["User", "Arn"]}, "arn:aws:iam::111122223333:user/ann"),
        ({"Fn::Sub": "arn:${AWS::Partition}:s3:::${Named}/*"}, "arn:aws:s3:::data-111122223333/*"),
        ({"Fn::Sub": ["${A}/${Name}/${!aws:username}", {"A": {"Ref": "Number"}}]}, "12/data/${aws:username}"),
        ({"Fn::Sub": "${aws:username}"}, Unknown("Ref `aws:username`", '"aws:username"')),
        ("${aws:username}", "${aws:username}"),
        ({"Fn::Join": ["-", ["a", {"Ref": "Name"}, 3, True]]}, "a-data-3-true"),
        ({"Fn::Join": [",", {"Ref": "List"}]}, "a,b,c"),
        ({"Fn::Select": ["1", {"Ref": "List"}]}, "b"),
        ({"Fn::Select": [2, {"Fn::Split": ["|", "x|y|z"]}]}, "z"),
        ({"Fn::FindInMap": ["Map", "one", "two"]}, "found"),
        ({"Fn::Select": [0, {"Fn::FindInMap": ["Map", "one", "list"]}]}, "x"),
        ({"Fn::FindInMap": ["Map", "no", "two", {"DefaultValue": {"Ref": "Name"}}]}, "data"),
        ({"Fn::If": ["True", "yes", "no"]}, "yes"),
        ({"Fn::If": ["False", "yes", "no"]}, "no"),
        ({"Fn::If": ["Both", "yes", "no"]}, "no"),
        ({"Fn::If": ["Any", "yes", "no"]}, "yes"),
        ({"Fn::If": ["Numbers", "yes", "no"]}, "yes"),
        ({"Fn::If": ["Unclear", "same", "same"]}, "same"),
        ([1, {"Ref": "AWS::NoValue"}, {"Fn::If": ["True", {"Ref": "AWS::NoValue"}, 2]}, 3], [1, 3]),
        ({"a": 1, "b": {"Ref": "AWS::NoValue"}}, {"a": 1}),
        ({"Ref": "AWS::NoValue"}, NO_VALUE),
        ({"Condition": {"Bool": {"x": "y"}}}, {"Condition": {"Bool": {"x": "y"}}}),
        ({"Fn::Sub": "no names"}, "no names"),
    ],
)
def test_what_is_known_is_resolved(node, value):
    assert resolve(node) == value


@pytest.mark.parametrize(
    ("node", "shown"),
    [
        ({"Ref": "Open"}, "${parameter `Open`}"),
        ({"Ref": "Stored"}, "${parameter `Stored`}"),
        ({"Ref": "Topic"}, "${Ref `Topic`}"),
        ({"Ref": "Nowhere"}, "${Ref `Nowhere`}"),
        ({"Ref": "AWS::StackName"}, "${the stack's name}"),
        ({"Fn::GetAtt": ["Topic", "TopicName"]}, '${GetAtt `["Topic", "TopicName"]`}'),
        ({"Fn::GetAtt": ["Role", "RoleId"]}, '${GetAtt `["Role", "RoleId"]`}'),
        ({"Fn::GetAtt": ["WithRoleRole", "Arn"]}, '${GetAtt `["WithRoleRole", "Arn"]`}'),
        ({"Fn::ImportValue": "shared"}, "${ImportValue `shared`}"),
        ({"Fn::Transform": {"Name": "x"}}, '${Transform `{"Name": "x"}`}'),
        ({"Fn::If": ["Unclear", "yes", "no"]}, '${If `["Unclear", "yes", "no"]`}'),
        ({"Fn::If": ["Nowhere", "yes", "no"]}, '${If `["Nowhere", "yes", "no"]`}'),
        ({"Fn::If": ["Circle", "yes", "no"]}, '${If `["Circle", "yes", "no"]`}'),
        ({"Fn::FindInMap": ["Map", {"Ref": "Open"}, "two"]}, '${FindInMap `["Map", {"Ref": "Open"}, "two"]`}'),
        ({"Fn::Split": ["/", {"Ref": "Open"}]}, '${Split `["/", {"Ref": "Open"}]`}'),
        ({"Fn::Select": [7, {"Ref": "List"}]}, '${Select `[7, {"Ref": "List"}]`}'),
        ({"Fn::Join": ["-", {"Ref": "Open"}]}, '${Join `["-", {"Ref": "Open"}]`}'),
        ({"Fn::Join": ["-", ["a", {"Ref": "Open"}, "b"]]}, "a-${parameter `Open`}-b"),
        ({"Fn::Sub": "a/${Open}/${List}"}, "a/${parameter `Open`}/${Sub `${List}`}"),
        ({"Fn::Sub": "${Topic.TopicName}!"}, "${GetAtt `Topic.TopicName`}!"),
        ("x-{{resolve:ssm:/a}}-y", "x-${`{{resolve:ssm:/a}}`}-y"),
        ({"Fn::Sub": "{{resolve:ssm:/${Name}/x}}"}, "${`{{resolve:ssm:/data/x}}`}"),
        ({"Fn::Sub": "{{resolve:ssm:/${Open}/x}}"}, "${Sub `{{resolve:ssm:/${Open}/x}}`}"),
        ({"Ref": "Itself"}, "x-${Ref `Itself`}"),
        ({"Ref": ["Open"]}, '${Ref `["Open"]`}'),
        ({"Fn::Sub": []}, "${Sub `[]`}"),
        ({"Fn::Base64": "x"}, "${Base64 `x`}"),
    ],
)
def test_what_is_not_known_stays_open_and_is_named(node, shown):
    value = resolve(node)
    assert unknowns(value)
    assert display(value) == shown


@pytest.mark.parametrize(
    ("node", "pieces"),
    [
        ({"Ref": "Unnamed"}, [Generated("the name of bucket `Unnamed`", "unnamed-generated")]),
        ({"Ref": "Renamed"}, [Generated("the name of bucket `Renamed`", "renamed-generated")]),
        (
            {"Fn::GetAtt": ["Key", "Arn"]},
            ["arn:aws:kms:eu-west-1:111122223333:key/", Generated("the name of key `Key`", "Key-generated")],
        ),
        (
            {"Fn::GetAtt": ["FunctionRole", "Arn"]},
            [
                "arn:aws:iam::111122223333:role/",
                Generated("the name of role `FunctionRole`", "FunctionRole-generated"),
            ],
        ),
    ],
)
def test_a_name_that_is_made_up_at_deployment_is_marked_as_such(node, pieces):
    assert resolve(node) == Text(tuple(pieces))


def test_a_value_that_the_user_gives_stands_before_the_default():
    assert resolve({"Ref": "Name"}, parameters={"Name": "other"}) == "other"
    assert resolve({"Ref": "Name"}, parameters={"Name": ""}) == ""
    assert resolve({"Ref": "Stored"}, parameters={"Stored": "value"}) == "value"
    assert resolve({"Ref": "AWS::StackName"}, parameters={"AWS::StackName": "stack"}) == "stack"
    assert resolve({"Ref": "AWS::AccountId"}, {}, account="444455556666") == "444455556666"
    assert resolve({"Ref": "AWS::URLSuffix"}, partition="aws-cn") == "amazonaws.com.cn"


def test_an_assigned_value_decides_conditions_and_so_does_being_none_of_those_compared():
    unclear = {"Fn::If": ["Unclear", "yes", "no"]}
    assert resolve(unclear, {"Open": "x"}) == "yes"
    assert resolve(unclear, {"Open": Other(("x",))}) == "no"
    assert unknowns(resolve({"Ref": "Open"}, {"Open": Other(("x",))}))


def test_two_expressions_are_the_same_unknown_only_where_they_are_the_same():
    first, again, second = (resolve({"Fn::If": ["Unclear", each, "z"]}) for each in ("a", "a", "b"))
    assert first == again != second


def test_references_that_double_one_another_are_refused_and_not_followed_forever():
    names = [f"B{number}" for number in range(60)]
    resources = {
        name: {
            "Type": "AWS::S3::Bucket",
            "Properties": {"BucketName": {"Fn::Sub": f"a${{{following}}}${{{following}}}"}},
        }
        for name, following in zip(names, [*names[1:], "Name"], strict=True)
    }
    template = read_template({**TREE, "Resources": resources}, Options())
    with pytest.raises(InputError, match="longer than 1048576 characters"):
        Resolver(template, {}).resolve({"Ref": "B0"})


def test_conditions_that_double_one_another_are_evaluated_once():
    names = [f"C{number}" for number in range(200)]
    conditions = {
        name: {"Fn::And": [{"Condition": following}, {"Condition": following}]}
        for name, following in zip(names, [*names[1:], "True"], strict=True)
    }
    template = read_template({**TREE, "Conditions": {**TREE["Conditions"], **conditions}}, Options())
    assert Resolver(template, {}).condition("C0") is True
