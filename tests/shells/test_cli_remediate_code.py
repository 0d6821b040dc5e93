"""The change as Terraform and CloudFormation: both parse, say what the plan says, and no text breaks out of them."""

import json
import re
from types import SimpleNamespace

import hcl2
import pytest
from cfnlint.api import lint_all
from remediation import bucket, default, key
from test_cli_remediate import DEFAULT, FOREIGN, KEY_POLICY, ROTATION, TLS, UPLOADS, key_policy, parameters, writes

from s3_guardrails.cli import main
from s3_guardrails.cli.remediate_cloudformation import cloudformation
from s3_guardrails.cli.remediate_hcl import literal, quoted
from s3_guardrails.cli.remediate_terraform import terraform
from s3_guardrails.encryption.bucket import Bucket
from s3_guardrails.errors import InputError
from s3_guardrails.remediate.change import Concern, Proposed
from s3_guardrails.remediate.state import Setting
from s3_guardrails.template.yaml_text import read_yaml

OWNED = {"ManagedBy": "terraform"}
BLOCKED = {"BlockedEncryptionTypes": {"EncryptionType": ["SSE-C"]}}
NASTY = '${aws:username} %{if} $${x} "q" \\ \u202e # } é {{x}}\n\t*/'


def plain(value):
    """Undo HCL's escapes, which are those of JSON but for the template markers."""
    if isinstance(value, str) and value.startswith('"'):
        return json.loads(value).replace("$${", "${").replace("%%{", "%{")
    if isinstance(value, dict):
        return {plain(name): plain(each) for name, each in value.items() if not name.startswith("__")}
    return [plain(each) for each in value] if isinstance(value, list) else value


def blocks(text, kind):
    """Every resource or data source: type → arguments; nested blocks are lists."""
    found = plain(hcl2.loads(text)).get(kind, [])
    return {type_: body for each in found for type_, named in each.items() for body in named.values()}


def statements(text):
    """What `aws_iam_policy_document` would say, in the canonical form of `canonical`."""
    [document] = blocks(text, "data").values()
    return document["version"], [_statement(each) for each in document["statement"]]


def _statement(block):
    names = {"sid": "Sid", "effect": "Effect", "actions": "Action", "resources": "Resource"}
    found = {names[name]: block[name] for name in names if name in block}
    for each in block.get("principals", []):
        found.setdefault("Principal", {})[each["type"]] = each["identifiers"]
    for each in block.get("condition", []):
        found.setdefault("Condition", {}).setdefault(each["test"], {})[each["variable"]] = each["values"]
    return found


def canonical(statement):
    """Write every single value as a list, and `*` as a principal of its own type."""

    def several(value):
        return value if isinstance(value, list) else [value]

    found = dict(statement)
    for name in ("Action", "Resource"):
        if name in found:
            found[name] = several(found[name])
    principal = found["Principal"]
    found["Principal"] = {
        kind: several(each) for kind, each in (principal if isinstance(principal, dict) else {"*": principal}).items()
    }
    if "Condition" in found:
        found["Condition"] = {
            test: {variable: several(each) for variable, each in keys.items()}
            for test, keys in found["Condition"].items()
        }
    return found


def after(dry, setting):
    return json.loads(dry["after"][setting])


def planned(setting, before, states_after, concerns=()):
    """A plan as the languages see one."""
    arn = "arn:aws:s3:::1-ledger.x"
    plan = SimpleNamespace(
        remediation="RequireTls",
        rule=TLS,
        resource=Bucket(name="1-ledger.x", account="123456789012", region="us-east-1"),
        setting=setting,
        before={setting.value: before},
        concerns=concerns,
    )
    assert plan.resource.arn == arn
    plan.proposal = Proposed(after={setting.value: states_after}, calls=(), concerns=concerns)
    return plan


def written(language, plan):
    return "\n".join(language(plan, plan.proposal)) + "\n"


def linted(text):
    """Errors and warnings; what is merely information is about a template, and this is a part of one."""
    return [str(each) for each in lint_all(text) if each.rule.id[0] != "I"]


def test_a_bucket_policy_is_printed_whole_for_the_tool_that_manages_the_bucket(aws, remediate, remediated, calls):
    bucket(aws, "ledger", policy=FOREIGN)
    _, dry = remediated("ledger", "--rule", TLS)
    bucket(aws, "ledger", policy=FOREIGN, tags=OWNED)
    assert remediated("ledger", "--rule", TLS)[1]["outcome"] == "REFUSED"
    code, out, said = remediate("ledger", "--rule", TLS, "--terraform")
    assert (code, writes(calls)) == (1, [])
    assert said.startswith("PLANNED: ")
    wanted = after(dry, "policy")
    assert statements(out) == (wanted["Version"], [canonical(each) for each in wanted["Statement"]])
    assert out.count("  # added\n") == 1
    assert blocks(out, "resource") == {
        "aws_s3_bucket_policy": {"bucket": "ledger", "policy": "${data.aws_iam_policy_document.ledger.json}"}
    }
    _, out, _ = remediate("ledger", "--rule", TLS, "--cloudformation")
    assert linted(out) == []
    assert read_yaml(out)[0]["Resources"] == {
        "LedgerPolicy": {
            "Type": "AWS::S3::BucketPolicy",
            "Properties": {"Bucket": "ledger", "PolicyDocument": wanted},
        }
    }
    assert re.search(r"\n *# added\n *- Sid: S3GuardrailsRequireTls\n", out)


def test_the_template_printed_passes_the_question_that_was_broken(aws, remediate, tmp_path, capsys):
    bucket(aws, "ledger", policy=FOREIGN)
    _, out, _ = remediate("ledger", "--rule", TLS, "--cloudformation")
    (tmp_path / "ledger.yaml").write_text(out, encoding="utf-8")
    assert main(["explain-policy", str(tmp_path / "ledger.yaml"), "--question", "tls", "--bucket", "ledger"]) == 0
    assert "proved" in capsys.readouterr().out


def test_a_default_encryption_is_printed_with_what_it_blocks(aws, remediate, tmp_path):
    arn = key(aws)
    bucket(aws, "ledger", encryption=default("AES256", **BLOCKED), tags=OWNED)
    given = ("ledger", "--rule", DEFAULT, *parameters(tmp_path, **{DEFAULT: {"ApprovedKeys": arn}}))
    code, out, _ = remediate(*given, "--terraform")
    assert code == 1
    assert blocks(out, "resource") == {
        "aws_s3_bucket_server_side_encryption_configuration": {
            "bucket": "ledger",
            "rule": [
                {
                    "bucket_key_enabled": False,
                    "blocked_encryption_types": ["SSE-C"],
                    "apply_server_side_encryption_by_default": [{"sse_algorithm": "aws:kms", "kms_master_key_id": arn}],
                }
            ],
        }
    }
    _, out, _ = remediate(*given, "--cloudformation")
    assert linted(out) == []
    rule = {
        "BucketKeyEnabled": False,
        "ServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": arn},
        **BLOCKED,
    }
    assert read_yaml(out)[0]["Resources"]["Ledger"]["Properties"] == {
        "BucketName": "ledger",
        "BucketEncryption": {"ServerSideEncryptionConfiguration": [rule]},
    }


def test_a_rotation_is_printed(aws, remediate):
    arn = key(aws)
    _, out, _ = remediate(arn, "--rule", ROTATION, "--terraform")
    assert blocks(out, "resource") == {"aws_kms_key": {"enable_key_rotation": True, "rotation_period_in_days": 365}}
    _, out, _ = remediate(arn, "--rule", ROTATION, "--cloudformation")
    assert linted(out) == []
    [made] = read_yaml(out)[0]["Resources"].values()
    assert made == {
        "Type": "AWS::KMS::Key",
        "Properties": {"EnableKeyRotation": True, "RotationPeriodInDays": 365},
    }


def test_a_key_policy_is_printed(aws, remediate, remediated, tmp_path):
    name, rule, given, _ = key_policy(aws, tmp_path)
    _, dry = remediated(name, "--rule", rule, *given)
    wanted = after(dry, "key_policy")
    _, out, _ = remediate(name, "--rule", KEY_POLICY, *given, "--terraform")
    assert statements(out) == (wanted["Version"], [canonical(each) for each in wanted["Statement"]])
    assert blocks(out, "resource")["aws_kms_key_policy"]["key_id"] == dry["resource"]
    assert "# changed" in out
    assert "# Look at this first: " in out
    _, out, _ = remediate(name, "--rule", KEY_POLICY, *given, "--cloudformation")
    assert linted(out) == []
    [made] = read_yaml(out)[0]["Resources"].values()
    assert made["Properties"] == {"KeyPolicy": wanted}


def test_nothing_to_change_prints_nothing_and_another_refusal_still_refuses(aws, remediate):
    arn = key(aws)
    aws.client("kms").enable_key_rotation(KeyId=arn, RotationPeriodInDays=365)
    assert remediate(arn, "--rule", ROTATION, "--terraform")[:2] == (0, "")
    bucket(aws, "ledger", tags={**OWNED, "s3-guardrails:exempt-until": "2999-01-01"})
    code, out, said = remediate("ledger", "--rule", TLS, "--terraform")
    assert (code, out) == (1, "")
    assert said.startswith("REFUSED: EXEMPT: ")
    assert remediate("ledger", "--rule", UPLOADS, "--terraform", "--json")[0] == 2


STATEMENT = {"Effect": "Deny", "Principal": {"AWS": NASTY}, "NotAction": "s3:*", "NotResource": [NASTY]}


@pytest.mark.parametrize(
    "policy",
    [
        {"Version": "2012-10-17", "Statement": [{**STATEMENT, "Sid": NASTY}]},
        {"Id": NASTY, "Statement": [{**STATEMENT, "Condition": {"StringLike": {NASTY: [NASTY, "yes", "0123", "y"]}}}]},
        {"Version": "2012-10-17", "Statement": {**STATEMENT, "Resource": "&{aws:username}"}},
        {"Version": "2012-10-17", "Statement": [{**STATEMENT, "Sid": "a"}, {**STATEMENT, "Sid": "a", "Action": "b"}]},
        {
            "Version": "2012-10-17",
            "Statement": [{**STATEMENT, "Condition": {"Bool": {"x": True}, "NumericEquals": {"y": 1.2}}}],
        },
    ],
    ids=["names", "values", "the provider's own variables", "a Sid twice", "numbers"],
)
def test_no_text_breaks_out_of_either_language(policy):
    concern = Concern("NASTY", NASTY)
    plan = planned(Setting.POLICY, json.dumps(policy), json.dumps(policy), (concern,))
    text = written(cloudformation, plan)
    read = read_yaml(text)[0]["Resources"]["1LedgerXPolicy"]["Properties"]["PolicyDocument"]
    several = policy["Statement"] if isinstance(policy["Statement"], list) else [policy["Statement"]]
    assert read == {**policy, "Statement": several}
    hcl = written(terraform, plan)
    assert set(blocks(hcl, "resource")) == {"aws_s3_bucket_policy"}
    for each in (text, hcl):
        assert not [line for line in each.splitlines() if not line.isprintable()]
    assert ("jsonencode" in hcl) == ("&{" in json.dumps(policy) or "Action" in several[-1])


def test_a_policy_without_a_version_stays_of_the_oldest():
    policy = json.dumps({"Statement": [{"Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": "*"}]})
    assert statements(written(terraform, planned(Setting.POLICY, None, policy)))[0] == "2008-10-17"


def test_a_statement_that_goes_is_told():
    old = [
        {"Sid": each, "Effect": "Allow", "Principal": "*", "Action": "s3:*", "Resource": "*"} for each in ("A", "B\n")
    ]
    texts = [json.dumps({"Version": "2012-10-17", "Statement": each}) for each in (old, old[:1])]
    for language in (terraform, cloudformation):
        assert "# remove the statement B\\n\n" in written(language, planned(Setting.POLICY, *texts))


# each was read back by Terraform 1.11
HCL = {
    "${a}": "$${a}",
    "$${a}": "$$${a}",
    "%{a}": "%%{a}",
    "%$%{a}": "%$%%{a}",
    "$ { a$": "$ { a$",
    'a"b\\c': 'a\\"b\\\\c',
    "\n\r\t\x00\u202e": "\\n\\r\\t\\u0000\\u202E",
    "\U000e0001": "\\U000E0001",
    "é\U0001f600": "é\U0001f600",
}


@pytest.mark.parametrize(("text", "wanted"), HCL.items())
def test_texts_are_escaped_for_terraform(text, wanted):
    assert quoted(text) == f'"{wanted}"'


def test_data_becomes_an_expression():
    data = {"${a}": [1, 1.5, True, None, {"b": []}]}
    assert literal(data) == '{ "$${a}" = [1, 1.5, true, null, { "b" = [] }] }'


@pytest.mark.parametrize("text", ["\ud800", "e\u0301"])
def test_what_terraform_would_change_is_refused(text):
    with pytest.raises(InputError, match="Terraform cannot hold the text"):
        quoted(text)


@pytest.mark.parametrize(
    ("statement", "told"),
    [
        ({"Sid": "a {{resolve:ssm:x}}"}, "CloudFormation would resolve the text `{{resolve:ssm:x}}`"),
        ({"Condition": {"StringEquals": {"Ref": "x"}}}, "CloudFormation would take the name `Ref` for a function"),
        ({"Condition": {"Fn::Sub": {"x": "y"}}}, "CloudFormation would take the name `Fn::Sub` for a function"),
    ],
)
def test_what_cloudformation_would_take_for_more_than_text_is_refused(statement, told):
    policy = json.dumps({"Statement": [statement]})
    with pytest.raises(InputError, match=re.escape(told)):
        written(cloudformation, planned(Setting.POLICY, None, policy))
