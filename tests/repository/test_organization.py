"""deploy/organization.yaml: a canary, then the fleet, both with what the stack set's template takes."""

import hashlib
import json
import re

import pytest
from deployed import ROOT
from resolved import Resolved

from s3_guardrails.catalogue.organization import render_organization
from s3_guardrails.cli import main
from s3_guardrails.deploy.stackset import render_stackset
from s3_guardrails.errors import MalformedRule
from s3_guardrails.template.loading import load

TREE = load((ROOT / "deploy/organization.yaml").read_bytes()).tree
ARTIFACTS = load((ROOT / "deploy/artifact-bucket.yaml").read_bytes()).tree
STACKSET = load(render_stackset((ROOT / "template.yaml").read_bytes(), "s3-encryption-guardrails/0.zip").encode()).tree
CANARY, FLEET = (TREE["Resources"][name] for name in ("Canary", "Fleet"))
KEYS = {name: f"s3-encryption-guardrails/{name * 64}.yaml" for name in "ab"}
GIVEN = {
    "ArtifactBucketPrefix": "acme-artifacts",
    "TemplateKey": KEYS["a"],
    "CanaryOrganizationalUnits": ["ou-abcd-11111111"],
    "FleetOrganizationalUnits": ["ou-abcd-22222222"],
    "Regions": ["eu-west-1", "mx-central-1"],
}

each_wave = pytest.mark.parametrize("wave", [CANARY, FLEET], ids=["canary", "fleet"])


def resolved(wave, **more):
    settings = {name: each.get("Default", "") for name, each in TREE["Parameters"].items()}
    return Resolved(TREE, {**settings, **GIVEN, **more}).resolve(wave["Properties"])


@each_wave
def test_a_wave_is_given_every_parameter_of_the_stack_set_s_template_and_no_other(wave):
    given = {each["ParameterKey"]: each["ParameterValue"] for each in wave["Properties"]["Parameters"]}
    assert given == {name: {"Ref": name} for name in STACKSET["Parameters"]}


def test_a_parameter_is_declared_as_the_stack_set_s_template_declares_it():
    own = {"TemplateKey", "FleetTemplateKey", "CallAs", *(name for name in TREE["Parameters"] if "Fleet" in name)}
    own |= {"CanaryOrganizationalUnits", "Regions"}
    assert set(TREE["Parameters"]) - set(STACKSET["Parameters"]) == own
    for name, each in STACKSET["Parameters"].items():
        assert {**each, "Description": ""} == {**TREE["Parameters"][name], "Description": ""}, name


@each_wave
def test_a_wave_is_a_stack_set_of_the_organization_that_follows_its_accounts(wave):
    properties = resolved(wave)
    assert properties["PermissionModel"] == "SERVICE_MANAGED"
    assert properties["Capabilities"] == ["CAPABILITY_IAM"]
    assert properties["AutoDeployment"] == {"Enabled": True, "RetainStacksOnAccountRemoval": False}
    assert properties["ManagedExecution"] == {"Active": True}
    assert properties["CallAs"] == "DELEGATED_ADMIN"
    [group] = properties["StackInstancesGroup"]
    assert group["Regions"] == GIVEN["Regions"]


def test_the_fleet_waits_for_a_canary_that_takes_no_failure():
    assert FLEET["DependsOn"] == "Canary"
    canary, fleet = (resolved(wave)["OperationPreferences"] for wave in (CANARY, FLEET))
    assert canary["FailureToleranceCount"] == 0
    assert (canary["RegionConcurrencyType"], canary["RegionOrder"]) == ("SEQUENTIAL", GIVEN["Regions"])
    assert fleet["RegionConcurrencyType"] == "PARALLEL"
    assert {each["ConcurrencyMode"] for each in (canary, fleet)} == {"SOFT_FAILURE_TOLERANCE"}
    assert (fleet["FailureTolerancePercentage"], fleet["MaxConcurrentPercentage"]) == (10, 25)


def test_the_two_waves_are_two_stack_sets_of_different_units():
    names = [resolved(wave)["StackSetName"] for wave in (CANARY, FLEET)]
    assert len(set(names)) == 2
    targets = [resolved(wave)["StackInstancesGroup"][0]["DeploymentTargets"] for wave in (CANARY, FLEET)]
    assert targets == [{"OrganizationalUnitIds": ["ou-abcd-11111111"]}, {"OrganizationalUnitIds": ["ou-abcd-22222222"]}]


@pytest.mark.parametrize(("kept", "canary", "fleet"), [("", "a", "a"), (KEYS["b"], "a", "b")])
def test_the_template_is_read_from_the_artifact_bucket_and_the_fleet_may_stay_behind(kept, canary, fleet):
    bucket = Resolved(ARTIFACTS, GIVEN).resolve(ARTIFACTS["Resources"]["ArtifactBucket"]["Properties"]["BucketName"])
    urls = [resolved(wave, FleetTemplateKey=kept)["TemplateURL"] for wave in (CANARY, FLEET)]
    assert urls == [f"https://{bucket}.s3.eu-west-1.amazonaws.com/{KEYS[each]}" for each in (canary, fleet)]


def test_a_build_says_the_key_of_its_template(tmp_path, capsys):
    assert main(["build", "--root", str(ROOT), "--out", str(tmp_path)]) == 0
    key = json.loads(capsys.readouterr().out)["template_key"]
    assert re.fullmatch(TREE["Parameters"]["TemplateKey"]["AllowedPattern"], key)
    assert hashlib.sha256((tmp_path / "stackset.yaml").read_bytes()).hexdigest() in key


@pytest.mark.parametrize(
    ("file", "line"), [("deploy/organization.yaml", "# END fleet"), ("template.yaml", "Parameters:")]
)
def test_what_cannot_be_rendered_is_refused(file, line):
    texts = {name: (ROOT / name).read_text(encoding="utf-8") for name in ("deploy/organization.yaml", "template.yaml")}
    texts[file] = texts[file].replace(line, "#")
    with pytest.raises(MalformedRule, match=f"^{file}: expected the"):
        render_organization(*texts.values())


def test_who_approves_is_asked_before_any_account_is_touched():
    template = load((ROOT / "template.yaml").read_bytes()).tree
    assert TREE["Rules"]["WhoApproves"] == template["Rules"]["WhoApproves"]


COMMANDS = (ROOT / "docs/operations.md").read_text(encoding="utf-8").partition("## Deploying to an organization")[2]
DEPLOYED = {"deploy/organization.yaml": TREE, "deploy/artifact-bucket.yaml": ARTIFACTS}


@pytest.mark.parametrize("path", DEPLOYED)
def test_the_documented_command_gives_every_parameter_that_has_no_default_and_none_that_there_is_not(path):
    command = re.search(
        rf"--template-file {path} --parameter-overrides (.*?)(?:```|; done)", COMMANDS.replace("\\\n   ", ""), re.DOTALL
    )
    given = set(re.findall(r"(?:^|\s)(\w+)=", command[1]))
    parameters = DEPLOYED[path]["Parameters"]
    assert given <= set(parameters)
    assert {name for name, each in parameters.items() if "Default" not in each} <= given


def test_the_template_can_be_deployed_from_a_file():
    assert len((ROOT / "deploy/organization.yaml").read_bytes()) < 51_200
