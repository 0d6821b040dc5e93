"""The remediation documents break no rule, and every rule catches the mistake that it is there for."""

from copy import deepcopy
from pathlib import Path

import pytest
import yaml
from ssm_documents import RULES, Document, lint

from s3_guardrails.embedded.automation.document import parse_document

ROOT = Path(__file__).parents[2]
DOCUMENTS = sorted(ROOT.glob("remediation/*.yaml"))
LAMBDA = {"action": "aws:invokeLambdaFunction", "timeoutSeconds": 300}
ROLE = "^arn:aws[a-z-]*:iam::[0-9]{12}:role/.+$"
GOOD = {
    "schemaVersion": "0.3",
    "assumeRole": "{{ AutomationAssumeRole }}",
    "parameters": {
        "AutomationAssumeRole": {"type": "String", "allowedPattern": ROLE},
        "Bucket": {"type": "String", "allowedPattern": "^[a-z0-9.-]{3,63}$"},
    },
    "mainSteps": [
        {
            "name": "Plan",
            **LAMBDA,
            "inputs": {"FunctionName": "plan", "InputPayload": {"bucket": "{{ Bucket }}"}},
            "outputs": [{"Name": "Rule", "Selector": "$.Payload.rule", "Type": "StringMap"}],
        },
        {
            "name": "Choose",
            "action": "aws:branch",
            "isEnd": True,
            "inputs": {"Choices": [{"NextStep": "Apply", "Variable": "{{ Bucket }}", "StringEquals": "data"}]},
        },
        {
            "name": "Apply",
            "action": "aws:executeAwsApi",
            "timeoutSeconds": 25,
            "inputs": {
                "Service": "s3",
                "Api": "PutBucketEncryption",
                "Bucket": "{{ Bucket }}",
                "ServerSideEncryptionConfiguration": {"Rules": ["{{ Plan.Rule }}"]},
            },
        },
        {
            "name": "Verify",
            **LAMBDA,
            "inputs": {"FunctionName": "plan", "InputPayload": {"step": "verify", "bucket": "{{ Bucket }}"}},
            "isEnd": True,
        },
    ],
    "outputs": ["Plan.Rule"],
}
PLAN, CHOOSE, APPLY, VERIFY = range(4)


def set_at(*path, to):
    def change(content):
        for each in path[:-1]:
            content = content[each]
        content[path[-1]] = to

    return change


def remove_at(*path):
    def change(content):
        for each in path[:-1]:
            content = content[each]
        del content[path[-1]]

    return change


def step(index, *path, to):
    return set_at("mainSteps", index, *path, to=to)


MISTAKES = [
    ("schema_version", set_at("schemaVersion", to=0.3)),
    ("known_actions", step(VERIFY, "action", to="aws:verify")),
    ("step_names", step(VERIFY, "name", to="Verify it")),
    ("step_names", step(VERIFY, "name", to="Plan")),
    ("jump_targets", step(CHOOSE, "inputs", "Default", to="Away")),
    ("jump_targets", step(PLAN, "onFailure", to="step:Away")),
    ("jump_targets", step(PLAN, "nextStep", to="Away")),
    ("reachable_steps", step(APPLY, "isEnd", to=True)),
    ("resolved_references", step(PLAN, "inputs", "FunctionName", to="{{ Function }}")),
    ("resolved_references", step(PLAN, "inputs", "FunctionName", to="{{ global:ORGANIZATION }}")),
    ("resolved_references", step(PLAN, "inputs", "InputPayload", to={"a": ["{{ Verify.Payload }}"]})),
    ("resolved_references", step(VERIFY, "inputs", "InputPayload", "bucket", to="{{ Plan.Rules }}")),
    ("no_reference_in_a_script", step(PLAN, "inputs", "Script", to="def f(e, c): return '{{ Bucket }}'")),
    ("valid_api_calls", step(APPLY, "inputs", "Api", to="PutEncryption")),
    ("valid_api_calls", step(APPLY, "inputs", "Service", to="s4")),
    ("valid_api_calls", step(APPLY, "inputs", "BucketName", to="data")),
    ("valid_api_calls", step(APPLY, "inputs", "ServerSideEncryptionConfiguration", to={"Rule": []})),
    ("valid_api_calls", remove_at("mainSteps", APPLY, "inputs", "Bucket")),
    ("bounded_time", remove_at("mainSteps", PLAN, "timeoutSeconds")),
    ("bounded_time", step(PLAN, "timeoutSeconds", to=301)),
    ("bounded_time", step(APPLY, "timeoutSeconds", to=26)),
    ("anchored_patterns", set_at("parameters", "Bucket", "allowedPattern", to="[a-z]+$")),
    ("anchored_patterns", set_at("parameters", "Bucket", "allowedPattern", to="^[a-z]+")),
    ("anchored_patterns", set_at("parameters", "Bucket", "allowedPattern", to="^a|b$")),
    ("checked_texts", remove_at("parameters", "Bucket", "allowedPattern")),
    ("assumed_role", set_at("parameters", "AutomationAssumeRole", "default", to="")),
    ("assumed_role", remove_at("parameters", "AutomationAssumeRole")),
    ("assumed_role", remove_at("assumeRole")),
    ("size", set_at("description", to="x" * 50_000)),
    ("verified_changes", step(APPLY, "nextStep", to="Plan")),
    ("verified_changes", step(VERIFY, "inputs", "InputPayload", "step", to="report")),
    ("verified_changes", step(PLAN, "inputs", "InputPayload", "step", to="apply")),
    ("declared_outputs", remove_at("outputs")),
    ("declared_outputs", set_at("outputs", to=["Plan.Rules"])),
    ("fit_for_config", set_at("parameters", to={f"P{n}": {"type": "Boolean"} for n in range(26)})),
    ("fit_for_config", set_at("parameters", "P" * 51, to={"type": "Boolean"})),
]


def document_of(content, name="SetEncryption"):
    return Document(name, yaml.safe_dump(content))


def test_a_good_document_breaks_no_rule():
    assert lint(document_of(GOOD)) == {}
    parse_document(yaml.safe_dump(GOOD))


@pytest.mark.parametrize(("rule", "change"), MISTAKES)
def test_a_mistake_is_caught_by_its_rule(rule, change):
    content = deepcopy(GOOD)
    change(content)
    assert rule in lint(document_of(content))


@pytest.mark.parametrize("name", ["AWSConfigRemediation-Ours", "amzn-ours", "Ours!", "Us"])
def test_a_name_that_systems_manager_refuses_is_caught(name):
    assert set(lint(document_of(GOOD, name))) == {"own_name"}


def test_every_rule_has_a_mistake_that_it_catches():
    assert {rule for rule, _ in MISTAKES} | {"own_name"} == {rule.__name__ for rule in RULES}


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.stem)
def test_a_remediation_document_breaks_no_rule_and_can_be_played(path):
    document = Document.read(path)
    assert lint(document) == {}
    assert list(parse_document(document.text).steps) == list(document.steps)


def test_there_are_remediation_documents():
    assert DOCUMENTS
