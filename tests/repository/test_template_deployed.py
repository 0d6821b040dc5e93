"""template.yaml as it would be deployed: one form for all functions, the evidence bucket under our own rules."""

import json
import re
import tomllib
from functools import cache
from importlib.metadata import requires

import pytest
import yaml
from boto3 import Session
from deployed import ACCOUNT, JUDGED, OWNERS_CHOICE, PLACES, ROOT, Deployed, cfn_lint
from resolved import Resolved
from samtranslator.parser.parser import Parser
from samtranslator.translator.translator import Translator

from s3_guardrails.catalogue.documents import STEP_SECONDS, render_documents
from s3_guardrails.catalogue.pack import logical_id, pack_inputs
from s3_guardrails.catalogue.permissions import REMEDIATORS
from s3_guardrails.catalogue.template import render_template
from s3_guardrails.catalogue.template_functions import chained
from s3_guardrails.catalogue.template_role import AUTOMATION_PATH
from s3_guardrails.decision import Verdict
from s3_guardrails.deploy.bundle import RUNTIME
from s3_guardrails.discovery import find_rules
from s3_guardrails.errors import MalformedRule
from s3_guardrails.parameters import FOREIGN
from s3_guardrails.remediate.undo import NAME as UNDO
from s3_guardrails.template.loading import load

TEXT = (ROOT / "template.yaml").read_text(encoding="utf-8")
TREE = load(TEXT.encode()).tree
RESOURCES = TREE["Resources"]
PACK = (ROOT / "conformance-pack.yaml").read_text(encoding="utf-8")
ENTRIES = find_rules()
APPROVER = {"RemediationApproverArn": f"arn:aws:iam::{ACCOUNT}:role/approver"}
NAMED = {"Fn::Sub": "arn:${AWS::Partition}:iam::${AWS::AccountId}:role/${RemediationApproverRole}"}
APPROVERS = {"Fn::If": ["ApproverIsNamed", NAMED, {"Ref": "RemediationApproverArn"}]}

each_place = pytest.mark.parametrize("partition", PLACES)


def of_type(kind):
    return {name: each["Properties"] for name, each in RESOURCES.items() if each["Type"] == kind}


FUNCTIONS = of_type("AWS::Serverless::Function")
PACK_RESOURCE = RESOURCES["Pack"]


@cache
def deployed(partition):
    return Deployed(TEXT, partition, APPROVER | OWNERS_CHOICE)


def test_the_template_is_cloudformation():
    assert cfn_lint("template.yaml") == (0, "")


def test_the_translated_template_is_cloudformation_without_macros(tmp_path):
    tree = json.loads(json.dumps(TREE))
    tree["Globals"]["Function"]["CodeUri"] = "s3://bucket/key"
    translated = Translator({}, Parser(), boto_session=Session(region_name="eu-west-1")).translate(tree, {})
    assert "Transform" not in translated
    path = tmp_path / "translated.json"
    path.write_text(json.dumps(translated), encoding="utf-8")
    assert cfn_lint(path) == (0, "")
    assert len(json.dumps(translated)) < 1_000_000
    functions = [each for each in translated["Resources"].values() if each["Type"] == "AWS::Lambda::Function"]
    assert len(functions) == len(FUNCTIONS)
    for each in functions:
        assert (each["Properties"]["Runtime"], each["Properties"]["Architectures"]) == ("python3.13", ["arm64"])
        assert "ReservedConcurrentExecutions" not in each["Properties"], "a new account has none to spare"
        assert each["Properties"]["LoggingConfig"]["LogGroup"]["Ref"] in of_type("AWS::Logs::LogGroup")
    roles = [each for each in translated["Resources"].values() if each["Type"] == "AWS::IAM::Role"]
    assert len(roles) == len(of_type("AWS::IAM::Role")), "SAM makes no role of its own"
    assert all("RoleName" not in each["Properties"] for each in roles), "a named role fails in the second Region"


def test_every_rule_every_remediation_and_two_more_have_their_functions_and_nothing_else_has():
    assert set(FUNCTIONS) == {f"{logical_id(entry.name)}Function" for entry in ENTRIES} | {
        f"{name}Function" for name in (*REMEDIATORS, "Notifier", "ExemptionRefresh")
    }
    assert set(REMEDIATORS) == set(render_documents())


def test_sam_builds_every_function_by_the_makefile_in_the_checkout():
    assert TREE["Globals"]["Function"]["CodeUri"] == "."
    assert {json.dumps(each["Metadata"]) for each in RESOURCES.values() if each["Type"].endswith("Function")} == {
        '{"BuildMethod": "makefile"}'
    }
    assert all(name.endswith("Function") for name in FUNCTIONS)
    assert "\nbuild-%Function: " in (ROOT / "Makefile").read_text(encoding="utf-8")
    settings = tomllib.loads((ROOT / "samconfig.toml").read_text(encoding="utf-8"))
    assert settings["default"]["build"]["parameters"] == {"build_in_source": True}


def needs(package):
    wanted = (re.match(r"[\w-]+", each)[0] for each in requires(package) or () if "extra ==" not in each)
    return {package}.union(*(needs(each) for each in wanted))


def test_the_bundle_has_what_the_functions_import_and_nothing_else():
    assert set(RUNTIME) == needs("boto3") | needs("rdklib")


def test_config_may_call_the_functions_of_the_rules_for_this_account_only():
    found = of_type("AWS::Lambda::Permission")
    permissions = {name: each for name, each in found.items() if "SourceArn" not in each}
    expected = [(f"{logical_id(entry.name)}Function", "config.amazonaws.com") for entry in ENTRIES]
    assert sorted((each["FunctionName"]["Ref"], each["Principal"]) for each in permissions.values()) == expected
    assert all(each["SourceAccount"] == {"Ref": "AWS::AccountId"} for each in permissions.values())
    assert sorted(PACK_RESOURCE["DependsOn"]) == sorted(permissions)


@pytest.mark.parametrize("name", REMEDIATORS)
def test_a_remediation_ends_before_systems_manager_stops_waiting(name):
    function = FUNCTIONS[f"{name}Function"]
    assert function["Timeout"] < 240 < STEP_SECONDS
    variables = function["Environment"]["Variables"]
    assert variables["GUARDRAILS_REMEDIATION"] == name
    assert variables["GUARDRAILS_EVIDENCE_BUCKET"] == {"Ref": "EvidenceBucket"}
    assert variables["GUARDRAILS_EVIDENCE_KEY"] == {"Fn::GetAtt": ["EvidenceKey", "Arn"]}
    assert variables["GUARDRAILS_APPROVERS"] == APPROVERS
    assert variables["GUARDRAILS_DOCUMENT"] == RESOURCES[f"{name}Document"]["Properties"]["Name"]


@pytest.mark.parametrize("entry", [each for each in ENTRIES if each.remediation], ids=lambda entry: entry.name)
def test_a_remediation_reads_the_parameters_that_its_rule_gets_from_the_pack(entry):
    place = deployed("aws")
    properties = place.template.properties(f"{entry.remediation}Function")
    given = json.loads(place.resolver.resolve(properties["Environment"]["Variables"]["GUARDRAILS_PARAMETERS"]))
    assert given == {each.name: each.default.replace("…", "...") for each in entry.rule.Parameters.documented()}
    assert entry.rule.Parameters.from_config(given) == entry.rule.Parameters()
    written = properties["Environment"]["Variables"]["GUARDRAILS_PARAMETERS"]["Fn::Sub"]
    inputs = dict(re.findall(r'"(\w+)":"\$\{(\w+)\}"', written))
    rule = yaml.safe_load(PACK)["Resources"][logical_id(entry.name)]["Properties"]["InputParameters"]
    assert inputs == {name: ref(value) for name, value in rule.items() if name not in FOREIGN}
    assert set(inputs.values()) <= {each["ParameterName"] for each in handed_over()}


def ref(value):
    return value["Ref"] if "Ref" in value else value["Fn::If"][1]["Ref"]


def handed_over():
    return PACK_RESOURCE["Properties"]["ConformancePackInputParameters"]


def test_no_parameter_can_end_the_text_that_it_is_put_into():
    inputs = {each["ParameterName"] for each in handed_over()}
    free = inputs & set(TREE["Parameters"]) - set(APPROVER)
    assert len(free) > 10
    patterns = {TREE["Parameters"][name].get("AllowedPattern") for name in free if name != "EnableRemediation"}
    assert len(patterns) == 1
    pattern = re.compile(patterns.pop())
    for harmless in ("", "a=SSE-S3,SSE-KMS;b=DSSE-KMS", "arn:aws:iam::111122223333:role/*", "tag:Use=[x]"):
        assert pattern.fullmatch(harmless)
    for harmful in ('","AcceptServices":"true', "a\\", "a\nb", "ä"):
        assert not pattern.fullmatch(harmful)


def test_the_parameters_that_are_not_of_rules_are_documented():
    operations = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
    own = set(TREE["Parameters"]) - set(pack_inputs(ENTRIES))
    assert own
    assert {name for name in own if not re.search(rf"^\| [^|]*`{name}`", operations, re.MULTILINE)} == set()


@pytest.mark.parametrize("name", REMEDIATORS)
def test_a_document_is_the_file_with_defaults_so_that_the_resource_is_all_an_operator_says(name):
    properties = RESOURCES[f"{name}Document"]["Properties"]
    content = json.loads(json.dumps(properties["Content"]))
    given = {each: content["parameters"][each].pop("default") for each in ("AutomationAssumeRole", "FunctionArn")}
    assert given == {
        "AutomationAssumeRole": {"Fn::GetAtt": [f"{name}AutomationRole", "Arn"]},
        "FunctionArn": {"Fn::GetAtt": [f"{name}Function", "Arn"]},
    }
    assert content["parameters"]["Approvers"].pop("default") == [APPROVERS]
    assert content == yaml.safe_load((ROOT / "remediation" / f"{name}.yaml").read_text(encoding="utf-8"))
    required = {each for each, found in properties["Content"]["parameters"].items() if "default" not in found}
    assert required == {"PlanId" if name == UNDO else "ResourceId"}
    assert (properties["DocumentType"], properties["UpdateMethod"]) == ("Automation", "NewVersion")


@pytest.mark.parametrize("name", REMEDIATORS)
def test_an_automation_calls_its_own_function_and_nothing_else(name):
    role = RESOURCES[f"{name}AutomationRole"]["Properties"]
    assert role["Path"] == AUTOMATION_PATH, "operators may pass what is below it"
    [trust] = role["AssumeRolePolicyDocument"]["Statement"]
    assert trust["Principal"] == {"Service": "ssm.amazonaws.com"}
    assert trust["Condition"]["StringEquals"] == {"aws:SourceAccount": {"Ref": "AWS::AccountId"}}
    assert "automation-execution" in trust["Condition"]["ArnLike"]["aws:SourceArn"]["Fn::Sub"]
    [policy] = role["Policies"]
    [statement] = policy["PolicyDocument"]["Statement"]
    assert statement["Action"] == ["lambda:InvokeFunction"]
    assert statement["Resource"] == {"Fn::GetAtt": [f"{name}Function", "Arn"]}


def test_a_reason_stands_beside_every_action():
    lines = [line for line in TEXT.splitlines() if re.match(r" +- [a-z0-9]+:[A-Z]\w+", line)]
    assert len(lines) > 100
    assert [line for line in lines if not re.search(r"\w  # \w", line)] == []


def test_a_reason_stands_beside_every_pattern_of_a_policy():
    lines = [line for line in TEXT.splitlines() if re.match(r" {10,}(- |[A-Za-z:]+: )(!Sub )?['\w:${}./-]*\*", line)]
    assert len(lines) > 50
    assert [line for line in lines if not re.search(r"\*\S*'?  # \w", line)] == []


def test_no_remediation_may_write_to_the_evidence():
    kept = {"s3": {"Fn::GetAtt": ["EvidenceBucket", "Arn"]}, "kms": {"Fn::GetAtt": ["EvidenceKey", "Arn"]}}
    for name in REMEDIATORS:
        [policy] = RESOURCES[f"{name}FunctionRole"]["Properties"]["Policies"]
        found = policy["PolicyDocument"]["Statement"]
        writes = {action for each in found if each["Sid"].startswith("Write") for action in each["Action"]}
        denied = {action for each in found if each["Effect"] == "Deny" for action in each["Action"]}
        assert writes - {"logs:CreateLogStream", "logs:PutLogEvents"} == denied != set()
        for each in (each for each in found if each["Effect"] == "Deny"):
            assert [each["Resource"]] == [kept[service] for service in {a.partition(":")[0] for a in each["Action"]}]


def evidence(entry, partition):
    place = deployed(partition)
    of_bucket = entry.rule.resource_type == "AWS::S3::Bucket"
    return place.bucket("EvidenceBucket") if of_bucket else place.key("EvidenceKey")


@each_place
@pytest.mark.parametrize("entry", JUDGED, ids=lambda entry: entry.name)
def test_the_evidence_bucket_and_its_key_pass_our_own_rules(entry, partition):
    decision = entry.rule().judge(evidence(entry, partition))
    assert decision.verdict is Verdict.COMPLIANT or decision.codes == ("NOT_SHARED",), decision.reasons


STRICT = {
    "S3_BUCKET_TLS_ONLY": {"FutureActions": "true"},
    "S3_BUCKET_UPLOADS_ENCRYPTED": {"UploadPolicy": "restricted=explicit-deny"},
    "S3_BUCKET_DEFAULT_ENCRYPTION": {"BucketKeyRequired": "restricted"},
    "KMS_KEY_ROTATION": {"MaximumDays": "365"},
}


@pytest.mark.parametrize("entry", [each for each in ENTRIES if each.name in STRICT], ids=lambda entry: entry.name)
def test_the_evidence_bucket_passes_stricter_parameters_too(entry):
    decision = entry.rule(entry.rule.Parameters.from_config(STRICT[entry.name])).judge(evidence(entry, "aws"))
    assert decision.verdict is Verdict.COMPLIANT, decision.reasons


def test_the_evidence_outlives_the_stack_every_version_is_kept_and_nothing_is_public():
    for name in ("EvidenceBucket", "EvidenceBucketPolicy", "EvidenceKey"):
        policies = RESOURCES[name]["DeletionPolicy"], RESOURCES[name]["UpdateReplacePolicy"]
        assert policies == ("RetainExceptOnCreate", "Retain")
    properties = RESOURCES["EvidenceBucket"]["Properties"]
    assert properties["VersioningConfiguration"] == {"Status": "Enabled"}
    [rule] = properties["BucketEncryption"]["ServerSideEncryptionConfiguration"]
    assert rule["BlockedEncryptionTypes"] == {"EncryptionType": ["SSE-C"]}, "and the policy denies it once more"
    assert set(properties["PublicAccessBlockConfiguration"].values()) == {True}
    assert properties["OwnershipControls"] == {"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]}


def test_what_is_rendered_is_put_back_and_what_is_written_by_hand_stays():
    touched = TEXT.replace("Timeout: 230", "Timeout: 231").replace("MemorySize: 512", "MemorySize: 513")
    assert render_template(touched, ENTRIES) == TEXT.replace("MemorySize: 512", "MemorySize: 513")


@pytest.mark.parametrize("mark", ["BEGIN rules", "END remediations"])
def test_a_template_without_its_marks_is_refused(mark):
    with pytest.raises(MalformedRule, match="expected the lines `# BEGIN"):
        render_template(TEXT.replace(f"# {mark}\n", "#\n"), ENTRIES)


def test_documents_are_made_five_at_a_time_where_there_are_more_than_ten():
    assert chained("abcdefghij") == {}
    assert chained("abcdefghijkl") == dict(zip("fghijkl", "abcdefg", strict=True))


PATTERNS = {name: each.get("AllowedPattern") for name, each in TREE["Parameters"].items()}
ACCEPTED = [
    (
        "RemediationApproverRole",
        ["", "approver", "people/of/Security", "aws-reserved/sso.amazonaws.com/A_b=c+d,e@f.g-h"],
    ),
    (
        "RemediationApproverArn",
        [
            "",
            "arn:aws:iam::111122223333:role/people/Security",
            "arn:aws-cn:iam::111122223333:user/ann@example.com",
            "arn:aws-us-gov:sts::111122223333:assumed-role/Security/ann",
        ],
    ),
    ("LogKeyArn", ["", "arn:aws:kms:eu-west-1:111122223333:key/mrk-0123"]),
]
HOSTILE = [
    "*",
    "?",
    "a*",
    "a b",
    "a\tb",
    "a\nb",
    "a:b",
    "a'b",
    'a"b',
    "a\\b",
    "${a}",
    "{{ a }}",
    "/a",
    "a/",
    "a//b",
    "é",
    "#a",
]
REFUSED = [
    ("RemediationApproverRole", [*HOSTILE, "arn:aws:iam::111122223333:role/a", "a" * 65]),
    (
        "RemediationApproverArn",
        [
            *(f"arn:aws:iam::111122223333:role/{each}" for each in ("", "*", "a b", "a\nb", "a:b", "${a}", "{{ a }}")),
            "approver",
            "arn:aws:iam::111122223333:root",
            "arn:aws:iam::111122223333:group/a",
            "arn:aws:iam::*:role/a",
            "arn:aws:iam::111122223333:role/a arn:aws:iam::111122223333:role/b",
        ],
    ),
    ("LogKeyArn", ["alias/logs", "arn:aws:kms:eu-west-1:111122223333:alias/a", "arn:aws:kms:*:111122223333:key/a"]),
]


@pytest.mark.parametrize(("name", "values"), ACCEPTED)
def test_a_parameter_takes_what_it_is_for(name, values):
    assert [each for each in values if not re.fullmatch(PATTERNS[name], each)] == []


@pytest.mark.parametrize(("name", "values"), REFUSED)
def test_a_parameter_takes_nothing_that_would_name_more_or_end_its_place(name, values):
    assert [each for each in values if re.fullmatch(PATTERNS[name], each)] == []
    assert TREE["Parameters"]["RemediationApproverRole"]["MaxLength"] == 200, "static values of Config: 256 characters"


WHO = [("", "", False), ("approver", "", True), ("", "arn:aws:iam::111122223333:role/a", True), ("a", "arn:...", False)]


@pytest.mark.parametrize(("role", "arn", "good"), WHO)
def test_one_way_of_naming_the_approver_is_used_and_not_both(role, arn, good):
    [assertion] = TREE["Rules"]["WhoApproves"]["Assertions"]
    given = {"RemediationApproverRole": role, "RemediationApproverArn": arn}
    assert Resolved(TREE, given).truth(assertion["Assert"]) is good


@pytest.mark.parametrize("account", ["111122223333", "444455556666"])
def test_a_named_approver_is_a_role_of_the_account_that_the_stack_is_in(account):
    settings = {"RemediationApproverRole": "people/Security", "AWS::AccountId": account, "AWS::Partition": "aws-cn"}
    assert Resolved(TREE, settings).resolve(APPROVERS) == f"arn:aws-cn:iam::{account}:role/people/Security"
    with_arn = {"RemediationApproverArn": "arn:aws:iam::111122223333:role/a"}
    assert Resolved(TREE, with_arn).resolve(APPROVERS) == with_arn["RemediationApproverArn"]


def test_the_key_of_the_logs_is_nobody_s_unless_one_is_given():
    groups = of_type("AWS::Logs::LogGroup").values()
    assert len(groups) == len(FUNCTIONS)
    for given, expected in (({}, set()), ({"LogKeyArn": "arn:key"}, {"arn:key"})):
        resolved = [Resolved(TREE, given).resolve(each) for each in groups]
        assert {each["KmsKeyId"] for each in resolved if "KmsKeyId" in each} == expected
