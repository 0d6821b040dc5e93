"""Files as they come: JSON, YAML with CloudFormation's tags, and what is neither, told with line and column."""

import json
import sys
import time

import pytest

from s3_guardrails.errors import GuardrailError
from s3_guardrails.template.found import Options, assignments
from s3_guardrails.template.loading import load
from s3_guardrails.template.reading import read_file
from s3_guardrails.template.value import Unknown


def tree(text):
    return load(text if isinstance(text, bytes) else text.encode()).tree


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("a: !Ref X", {"a": {"Ref": "X"}}),
        ("a: !GetAtt X.Y.Z", {"a": {"Fn::GetAtt": ["X", "Y.Z"]}}),
        ("a: !GetAtt [X, Y]", {"a": {"Fn::GetAtt": ["X", "Y"]}}),
        ("a: !Sub ['${B}', {B: !Ref X}]", {"a": {"Fn::Sub": ["${B}", {"B": {"Ref": "X"}}]}}),
        ("a: !If [C, !Ref AWS::NoValue, b]", {"a": {"Fn::If": ["C", {"Ref": "AWS::NoValue"}, "b"]}}),
        ("a: !Not [!Condition C]", {"a": {"Fn::Not": [{"Condition": "C"}]}}),
        ("a: !Transform {Name: x}", {"a": {"Fn::Transform": {"Name": "x"}}}),
        ("Version: 2012-10-17", {"Version": "2012-10-17"}),
        ("a: 2001-12-14t21:59:43.10-05:00", {"a": "2001-12-14t21:59:43.10-05:00"}),
        ("a: [true, No, 1, 1.5, ~]", {"a": [True, False, 1, 1.5, None]}),
        ("on: x\n111122223333: y", {"on": "x", "111122223333": "y"}),
        ("a: &x [1]\nb: *x", {"a": [1], "b": [1]}),
        ("a: &x {b: 1}\nc: {<<: *x, b: 2, d: 3}", {"a": {"b": 1}, "c": {"b": 2, "d": 3}}),
        ("{a: !Ref X}", {"a": {"Ref": "X"}}),
        ("---\na: 1\n...\n", {"a": 1}),
        ('\ufeff{"a": "ü"}', {"a": "ü"}),
        ("a: ü\u3042", {"a": "ü\u3042"}),
    ],
)
def test_what_a_file_says(text, value):
    assert tree(text) == value


@pytest.mark.parametrize("number", ["011122223333", "0x10", "1:30", "1_000"])
def test_a_number_that_readers_take_differently_stays_open(number):
    value = tree(f"a:\n  b: {number}")["a"]["b"]
    assert value == Unknown(f"the number `{number}` at line 2: quote it")


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "expected a policy, a template or a plan, found nothing"),
        (" \n", "expected a policy, a template or a plan, found nothing"),
        (b"\x00\xff", "not UTF-8 at byte 2"),
        ("\x00", "not YAML: unacceptable character"),
        ("{", "not JSON: Expecting property name enclosed in double quotes at line 1 column 2"),
        ('{"a": 1, "a": 2}', "the key `a` is repeated in one object"),
        ('{"a": NaN}', "`NaN` is no JSON number"),
        ("a: 1\na: 2", "not YAML: the key `a` is repeated at line 2 column 1"),
        ("a: [1,\nb: 2", "not YAML: "),
        ("a: *x", "not YAML: found undefined alias 'x' at line 1 column 4"),
        ("a: !!python/object/apply:os.system ['true']", "not YAML: expected no tag `!!python/object/apply:os.system"),
        ("a: !!timestamp 2001-12-14", "not YAML: expected no tag `!!timestamp` at line 1 column 4"),
        ("a: !!binary aGk=", "not YAML: expected no tag `!!binary`"),
        ("? [a]\n: b", "not YAML: expected a key that is a text at line 1 column 3"),
        ("a: 1\n--- \nb: 2", "not YAML: but found another document at line 2 column 1"),
        ("a: &x [*x]", "not YAML: found unconstructable recursive node at line 1 column 4"),
        ("a: &x {b: {c: *x}}", "not YAML: found unconstructable recursive node at line 1 column 4"),
        ("[" * 100_000, "nested too deeply"),
        ("a: " + "[" * 5_000, "nested too deeply"),
        ("a: " + "[" * 150 + "]" * 150, "nested too deeply: expected at most 150 levels"),
        ('{"a": &x [1]}', "not JSON: Expecting value at line 1 column 7"),
        ("a: " + "x" * (3 << 20), "expected at most 2097152 characters of YAML"),
        (b" " * ((64 << 20) + 1), "expected at most 67108864 bytes"),
    ],
    ids=range(23),
)
def test_what_cannot_be_read_is_told_with_its_place(text, sentence):
    with pytest.raises(GuardrailError) as told:
        tree(text)
    assert sentence in str(told.value)


def test_aliases_and_merges_that_multiply_are_refused_at_once():
    laughs = "a0: &a0 [x, x]\n" + "".join(
        f"a{each}: &a{each} [{', '.join([f'*a{each - 1}'] * 9)}]\n" for each in range(1, 30)
    )
    merges = "a0: &a0 {k: v}\n" + "".join(
        f"a{each}: &a{each} {{<<: [{', '.join([f'*a{each - 1}'] * 9)}]}}\n" for each in range(1, 30)
    )
    started = time.monotonic()
    for bomb, sentence in ((laughs, "aliases written out"), (merges, "keys after merging")):
        with pytest.raises(GuardrailError, match=sentence):
            tree(bomb)
    assert time.monotonic() - started < 10


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("[]", "expected a policy, a template or a plan, found a list"),
        ("just words", "expected a policy, a template or a plan, found a string"),
        ("{}", "expected Statement (a policy), Resources (a template)"),
        ('{"Statement": 1}', "Statement: expected an object, found a number"),
        ('{"Policy": "{"}', "not JSON"),
        ('{"Resources": {}, "Parameters": []}', "Parameters: expected an object"),
        ('{"Resources": {}, "Parameters": {"P": 1}}', "Parameters.P: expected an object"),
        ('{"format_version": "1.2", "resource_changes": [1]}', "its resources cannot be read"),
        ('{"format_version": "2.0", "resource_changes": []}', "format_version: expected 0 or 1, found `2.0`"),
        ('{"format_version": 1, "resource_changes": []}', "format_version: expected 0 or 1, found a number"),
        ('{"format_version": "1", "planned_values": {"root_module": []}, "configuration": 1}', "cannot be read"),
    ],
)
def test_a_file_that_is_none_of_the_kinds_is_told(text, sentence):
    with pytest.raises(GuardrailError) as told:
        read_file(text.encode(), Options())
    assert sentence in str(told.value)


@pytest.mark.parametrize(
    "resource",
    [
        1,
        [],
        {"Type": 1},
        {"Type": "AWS::S3::BucketPolicy"},
        {"Type": "AWS::S3::BucketPolicy", "Properties": []},
        {"Type": "AWS::S3::BucketPolicy", "Properties": {"Bucket": {}, "PolicyDocument": {"Fn::Sub": {}}}},
        {"Type": "AWS::S3::BucketPolicy", "Properties": {"Bucket": ["x"], "PolicyDocument": [1]}},
        {"Type": "AWS::S3::BucketPolicy", "Properties": {"Bucket": "b", "PolicyDocument": "{"}},
        {"Type": "AWS::S3::BucketPolicy", "Properties": {"Bucket": "b", "PolicyDocument": {"Statement": [[]]}}},
        {"Type": "AWS::KMS::Key", "Condition": [], "Properties": {"KeyPolicy": None}},
        {"Type": "AWS::KMS::Key", "Properties": {"KeyPolicy": {"Version": [], "Statement": {"Ref": 1}}}},
    ],
)
def test_a_template_of_any_shape_is_read_or_refused_but_never_breaks(resource):
    data = json.dumps({"Resources": {"R": resource}, "Conditions": {"C": 1}, "Mappings": {"M": 1}}).encode()
    told = []
    try:
        for found in read_file(data, Options()).policies:
            told += [found.at(assignment) for assignment in assignments(found.choices)]
    except GuardrailError as error:
        told.append(str(error))
    assert bool(told) == (isinstance(resource, dict) and resource["Type"] != 1)


def test_references_that_lead_from_one_to_the_next_without_end_are_refused():
    names = [f"C{number}" for number in range(2000)]
    conditions = {name: {"Condition": other} for name, other in zip(names, [*names[1:], "C0"], strict=True)}
    resource = {"Type": "AWS::KMS::Key", "Properties": {"KeyPolicy": {"Statement": {"Fn::If": ["C0", [], []]}}}}
    with pytest.raises(GuardrailError, match="references lead too far"):
        read_file(json.dumps({"Resources": {"R": resource}, "Conditions": conditions}).encode(), Options())
    roles = {
        name: {"Type": "AWS::IAM::Role", "Properties": {"RoleName": {"Fn::Sub": f"${{{other}}}x"}}}
        for name, other in zip(names, [*names[1:], "C0"], strict=True)
    }
    where = {"Fn::If": ["Far", {"Ref": "C0"}, "b"]}
    policy = {"Type": "AWS::S3::BucketPolicy", "Properties": {"Bucket": where, "PolicyDocument": {"Statement": []}}}
    tree = {
        "Parameters": {"P": {"Type": "String", "AllowedValues": ["near", "far"]}},
        "Conditions": {"Far": {"Fn::Equals": [{"Ref": "P"}, "far"]}},
        "Resources": {**roles, "R": policy},
    }
    [found] = read_file(json.dumps(tree).encode(), Options()).policies
    near, far = assignments(found.choices)
    assert found.at(near).bucket == "b"
    with pytest.raises(GuardrailError, match="references lead too far"):
        found.at(far)


def test_the_line_of_a_policy_is_that_of_its_logical_id():
    yaml = (
        "Resources:\n\n  # comment\n  Policy:\n    Type: AWS::KMS::Key\n    Properties: {KeyPolicy: {Statement: []}}\n"
    )
    as_json = json.dumps(tree(yaml), indent=1)
    lines = [read_file(each.encode(), Options()).policies[0].line for each in (yaml, as_json)]
    assert lines == [4, 3]


def test_reading_templates_is_the_command_lines_business_alone():
    """A Lambda and a rule module load no YAML."""
    import subprocess

    script = (
        "import sys, importlib.util, pathlib\n"
        "import s3_guardrails.config.handler, s3_guardrails.live.reader, s3_guardrails.rule\n"
        "for path in pathlib.Path('rules').glob('*/[A-Z]*[A-Z].py'):\n"
        "    spec = importlib.util.spec_from_file_location(path.stem, path)\n"
        "    spec.loader.exec_module(importlib.util.module_from_spec(spec))\n"
        "print(sorted(name for name in sys.modules if name.split('.')[0] in {'yaml', 'click'}), len(sys.modules) > 50)"
    )
    root = __file__.rpartition("/tests/")[0]
    done = subprocess.run([sys.executable, "-c", script], cwd=root, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[] True"
