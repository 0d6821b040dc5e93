"""The pack alone, with what template.yaml puts out, and the pack inside template.yaml are one pack."""

import re

import pytest
import yaml
from deployed import ROOT, cfn_lint
from resolved import Resolved

from s3_guardrails import __version__
from s3_guardrails.catalogue.pack import MAX_BYTES
from s3_guardrails.preflight.region import WITHOUT_REMEDIATION
from s3_guardrails.template.loading import load

TREE = load((ROOT / "template.yaml").read_bytes()).tree
PACK = yaml.safe_load((ROOT / "conformance-pack.yaml").read_text(encoding="utf-8"))
ARN = "arn:aws:iam::111122223333:role/people/Security"
FREE = {name for name, each in PACK["Parameters"].items() if each.get("Default") == ""}
WORLDS = {
    "defaults": {},
    "everything given": {name: f"value of {name}" for name in FREE},
    "no remediation": {"EnableRemediation": "false"},
    "an approver by name": {"RemediationApproverArn": "", "RemediationApproverRole": "people/Security"},
}


def embedded(template):
    """The pack inside the template, as AWS Config gets it."""
    properties = template.resolve(TREE["Resources"]["Pack"]["Properties"])
    given = {each["ParameterName"]: each["ParameterValue"] for each in properties["ConformancePackInputParameters"]}
    body = yaml.safe_load(properties["TemplateBody"])
    assert set(given) == set(body["Parameters"])
    return Resolved(body, given)


def alone(template, **more):
    """The file, with the template's outputs and parameters of the same names."""
    outputs = {name: each["Value"] for name, each in TREE["Outputs"].items() if name in PACK["Parameters"]}
    same = {name: {"Ref": name} for name in PACK["Parameters"] if name in TREE["Parameters"]}
    given = {**template.resolve({**outputs, **same}), "RemediationApproverArn": ARN, **more}
    assert {name for name, each in PACK["Parameters"].items() if "Default" not in each} <= set(given)
    return Resolved(PACK, given)


@pytest.mark.parametrize("title", WORLDS)
def test_both_are_the_same_pack(title):
    template = Resolved(TREE, {"RemediationApproverArn": ARN, **WORLDS[title]})
    found = embedded(template).resources()
    assert found == alone(template).resources()
    assert any("TargetId" in each for each in found.values()) is (title != "no remediation")


@pytest.mark.parametrize("region", sorted(WITHOUT_REMEDIATION))
def test_where_aws_config_has_no_remediations_none_are_offered(region):
    template = Resolved(TREE, {"RemediationApproverArn": ARN, "AWS::Region": region})
    assert embedded(template).resources() == alone(template, EnableRemediation="false").resources()


def test_nothing_that_the_template_makes_is_a_function_or_a_parameter_in_the_embedded_pack():
    """AWS Config documents no functions of CloudFormation for the role of a remediation."""
    body = yaml.safe_load(TREE["Resources"]["Pack"]["Properties"]["TemplateBody"]["Fn::Sub"][0])
    remediations = [each for each in body["Resources"].values() if "TargetId" in each["Properties"]]
    assert remediations
    for each in remediations:
        assert "Ref" not in re.findall(r"'(\w+)':", str(each))
    assert not {name for name in body["Parameters"] if name.endswith(("Arn", "Document"))}


def test_the_embedded_pack_is_cloudformation(tmp_path):
    path = tmp_path / "pack.yaml"
    path.write_text(yaml.safe_dump(embedded(Resolved(TREE, {"RemediationApproverArn": ARN})).tree), encoding="utf-8")
    assert cfn_lint(path) == (0, "")


def test_the_embedded_pack_fits_with_names_as_long_as_they_get():
    longest = Resolved(TREE, {"RemediationApproverArn": "arn:" + "x" * 252})
    text = longest.resolve(TREE["Resources"]["Pack"]["Properties"]["TemplateBody"])
    made = re.findall(r"<[\w.]+>", text)
    assert len(made) > 15
    assert len(text) + 200 * len(made) < MAX_BYTES


def test_every_release_changes_every_rule_so_that_it_is_evaluated_again():
    assert PACK["Parameters"]["PackVersion"]["Default"] == __version__
    rules = [each["Properties"] for each in PACK["Resources"].values() if "Source" in each["Properties"]]
    assert rules
    assert all(each["InputParameters"]["PackVersion"] == {"Ref": "PackVersion"} for each in rules)
    assert "PackVersion" not in TREE["Parameters"], "a value remembered from the last deployment would stay"


def test_no_remediation_starts_by_itself_or_names_a_version_of_a_document():
    remediations = [each["Properties"] for each in PACK["Resources"].values() if "TargetId" in each["Properties"]]
    assert remediations
    assert {each["Automatic"] for each in remediations} == {False}
    assert not [each for each in remediations if "TargetVersion" in each]
