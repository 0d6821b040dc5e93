"""Mistakes put into our own template, pack and documents: each changes the file, and is caught by the gate it names.

The list is that of common deployment mistakes; docs/verified.md says what no gate here can catch.
"""

import re
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import iam_lint
import pack_gates
import pytest
import ssm_documents
import template_gates
from deployed import cfn_lint
from project import ORGANIZATION, PACK, TEMPLATE, Project

from s3_guardrails.embedded.automation.document import parse_document
from s3_guardrails.embedded.automation.fields import DocumentError
from s3_guardrails.template.loading import load

DOCUMENT = "remediation/RequireTls.yaml"


def document_gate(rule):
    def gate(project):
        return [f"{each.name}: {breach}" for each in project.documents for breach in rule(each)]

    return gate


def playable(document):
    try:
        parse_document(document.text)
    except DocumentError as error:
        yield str(error)


def cloudformation(project):
    with TemporaryDirectory() as folder:
        path = Path(folder) / PACK
        path.write_text(project.texts[PACK], encoding="utf-8")
        return cfn_lint(path)[1].splitlines()


GATES = {each.__name__: each for module in (template_gates, pack_gates, iam_lint) for each in module.GATES}
GATES["cloudformation"] = cloudformation
GATES |= {f"document.{each.__name__}": document_gate(each) for each in (*ssm_documents.RULES, playable)}


def without(pattern):
    return re.compile(pattern), ""


def block(name, indent="  "):
    """A pattern of one entry of a mapping, with all that is below it."""
    return rf"^{indent}{name}:\n(?:{indent} .*\n)+"


GRANT = "- s3:PutBucketPolicy  # the change itself"
RESOURCE = "Resource: !Sub arn:${AWS::Partition}:s3:::*  # any bucket of the account can be asked for"
CALL = "action: aws:invokeLambdaFunction"
MISTAKES = {
    "a permission without the account": (
        TEMPLATE,
        "permissions",
        *without(r"(?<=config\.amazonaws\.com\n)      SourceAccount: .*\n"),
    ),
    "no permission for one function": (TEMPLATE, "permissions", *without(block("KmsKeyRotationPermission"))),
    "an event of any account": (TEMPLATE, "permissions", *without(r"      SourceArn: !GetAtt GrantRule\.Arn\n")),
    "the name of an API in the place of an IAM action": (
        TEMPLATE,
        "known_actions",
        "s3:GetEncryptionConfiguration  #",
        "s3:GetBucketEncryption  #",
    ),
    "an action that a remediation needs is missing": (TEMPLATE, "grants", *without(r" +- s3:GetBucketWebsite  #.*\n")),
    "an action that nobody needs": (
        TEMPLATE,
        "grants",
        GRANT,
        f"{GRANT}\n                  - s3:DeleteBucketPolicy  # x",
    ),
    "every action of S3": (TEMPLATE, "known_actions", GRANT, "- s3:*  # all"),
    "any resource": (TEMPLATE, "no_star", RESOURCE, "Resource: '*'  # all"),
    "an ARN that the action does not take": (
        TEMPLATE,
        "fitting_arns",
        RESOURCE,
        RESOURCE.replace(":s3:::*", ":s3:::*/*"),
    ),
    "an ARN of another service": (TEMPLATE, "fitting_arns", RESOURCE, RESOURCE.replace(":s3:::*", ":sqs:::*")),
    "a condition key that the action does not have": (
        TEMPLATE,
        "condition_keys",
        "kms:ViaService: !Sub s3",
        "s3:prefix: !Sub s3",
    ),
    "a role for a service that there is not": (
        TEMPLATE,
        "trust",
        "Service: ssm.amazonaws.com",
        "Service: systemsmanager.amazonaws.com",
    ),
    "a role for every account's executions": (
        TEMPLATE,
        "trust",
        *without(r"              StringEquals:\n                aws:SourceAccount: .*\n"),
    ),
    "a partition written out": (TEMPLATE, "partitions", "!Sub arn:${AWS::Partition}:s3:::*", "arn:aws:s3:::*"),
    "a Region written out": (
        TEMPLATE,
        "places",
        "ConformancePackName:",
        "DeliveryS3Bucket: us-east-1-bucket\n      ConformancePackName:",
    ),
    "an account written out": (
        TEMPLATE,
        "places",
        "SourceAccount: !Ref AWS::AccountId",
        "SourceAccount: '111122223333'",
    ),
    "a runtime that is gone": (TEMPLATE, "runtime", "Runtime: python3.13", "Runtime: python3.8"),
    "another processor": (TEMPLATE, "runtime", "Architectures: [arm64]", "Architectures: [x86_64]"),
    "a handler that there is not": (
        TEMPLATE,
        "handlers",
        "Handler: S3_BUCKET_TLS_ONLY.lambda",
        "Handler: S3_BUCKET_TLS_ONLYY.lambda",
    ),
    "a function of another name in a handler": (
        TEMPLATE,
        "handlers",
        "notify.handler.lambda_handler",
        "notify.handler.handle",
    ),
    "an input that the pack is not given": (TEMPLATE, "handover", *without(r" +- \{ParameterName: KeyScope,.*\n")),
    "an input of the pack misspelt": (TEMPLATE, "handover", "{ParameterName: KeyScope,", "{ParameterName: KeyScopes,"),
    "an output that the pack apart needs": (TEMPLATE, "handover", *without(r"  RequireTlsRoleArn: \{Value.*\n")),
    "the pack before the permissions": (TEMPLATE, "order", "      - KmsKeyRotationPermission\n", ""),
    "the name of a role": (
        TEMPLATE,
        "names",
        "      Path: /s3-encryption",
        "      RoleName: guardrails\n      Path: /s3-encryption",
    ),
    "the name of a bucket": (
        TEMPLATE,
        "names",
        "      VersioningConfiguration:",
        "      BucketName: ours\n      VersioningConfiguration:",
    ),
    "a macro": (
        TEMPLATE,
        "macros",
        "Description: S3 encryption",
        "Metadata:\n  X:\n    Fn::Transform: {Name: 'AWS::Include'}\nDescription: S3 encryption",
    ),
    "a nested stack": (
        TEMPLATE,
        "macros",
        "\nResources:\n",
        "\nResources:\n  Nested:\n    Type: AWS::CloudFormation::Stack\n",
    ),
    "concurrency that a new account has not": (
        TEMPLATE,
        "concurrency",
        "    MemorySize: 512",
        "    MemorySize: 512\n    ReservedConcurrentExecutions: 1000",
    ),
    "a log that is kept for ever": (TEMPLATE, "logs", "      RetentionInDays: !Ref LogRetentionDays\n", ""),
    "a document that is not made": (TEMPLATE, "references", "\n  RequireTlsDocument:\n", "\n  RequiresTlsDocument:\n"),
    "a role misspelt in the pack inside": (
        TEMPLATE,
        "references",
        "${RequireTlsAutomationRole.Arn}",
        "${RequireTlsAutomatonRole.Arn}",
    ),
    "evidence that goes with the stack": (TEMPLATE, "evidence", "    DeletionPolicy: RetainExceptOnCreate\n", ""),
    "evidence of a stack that never was": (
        TEMPLATE,
        "evidence",
        "    DeletionPolicy: RetainExceptOnCreate\n",
        "    DeletionPolicy: Retain\n",
    ),
    "nobody who approves": (TEMPLATE, "approver", *without(block("WhoApproves"))),
    "a parameter that a wave leaves out": (ORGANIZATION, "waves", *without(r" +- \{ParameterKey: KeyScope, .*\n")),
    "a fleet beside the canary": (ORGANIZATION, "waves", "    DependsOn: Canary\n", ""),
    "a frequency that there is not": (
        PACK,
        "model",
        "MaximumExecutionFrequency: TwentyFour_Hours",
        "MaximumExecutionFrequency: Daily",
    ),
    "a message that there is not": (
        PACK,
        "model",
        "MessageType: ScheduledNotification",
        "MessageType: ScheduledNotifications",
    ),
    "no message of large items": (
        PACK,
        "oversized",
        *without(r".*\n.*MessageType: OversizedConfigurationItemChangeNotification\n"),
    ),
    "a type that is not recorded": (PACK, "scopes", "        - AWS::S3::Bucket\n", "        - AWS::S3::Buckets\n"),
    "a topic in the pack": (
        PACK,
        "resource_types",
        "\nResources:\n",
        "\nResources:\n  Topic:\n    Type: AWS::SNS::Topic\n",
    ),
    "a remediation of a rule that is not there": (
        PACK,
        "mends",
        re.compile(r"(?<=Properties:\n      ConfigRuleName: )KMS_KEY_ROTATION\n(?=      ResourceType)"),
        "KMS_KEY_ROTATIONS\n",
    ),
    "a remediation before its rule": (PACK, "mends", "    DependsOn: KmsKeyRotation\n", ""),
    "a remediation that starts by itself": (PACK, "mends", "      Automatic: false\n", "      Automatic: true\n"),
    "the first version of a document for ever": (
        PACK,
        "mends",
        "      Automatic: false\n",
        "      Automatic: false\n      TargetVersion: '1'\n",
    ),
    "a parameter that the document does not have": (
        PACK,
        "documents_called",
        "        ResourceId:\n",
        "        BucketName:\n",
    ),
    "a resource id misspelt": (PACK, "documents_called", "Value: RESOURCE_ID", "Value: RESOURCEID"),
    "a Ref to nothing": (PACK, "names_in_pack", "Ref: RequireTlsDocument", "Ref: RequireTlsDocumentName"),
    "a function of CloudFormation without an argument": (
        PACK,
        "cloudformation",
        "          - Ref: KeyScopeTag\n          - Ref: AWS::NoValue\n",
        "          - Ref: KeyScopeTag\n",
    ),
    "a condition that there is not": (PACK, "names_in_pack", "- KeyScopeTagGiven", "- KeyScopeTagsGiven"),
    "a target that is no document": (PACK, "model", "TargetType: SSM_DOCUMENT", "TargetType: SSM"),
    "a property misspelt": (PACK, "model", "      Automatic: false", "      Automatics: false"),
    "two rules of one name": (
        PACK,
        "rule_names",
        "ConfigRuleName: S3_BUCKET_TLS_ONLY",
        "ConfigRuleName: S3_BUCKET_DEFAULT_ENCRYPTION",
    ),
    "the role of the recorder": (PACK, "own_role", "        AssumeRoleMode: 'False'\n", ""),
    "a boolean for rdklib": (PACK, "own_role", "AssumeRoleMode: 'False'", "AssumeRoleMode: false"),
    "a number among the inputs": (
        PACK,
        "texts",
        "        KeyScope:\n          Ref: KeyScope\n",
        "        KeyScope: 7\n",
    ),
    "a byte too many": (PACK, "limits", "# Rendered", f"#{'x' * 51_200}\n# Rendered"),
    "an action that Automation has not": (DOCUMENT, "document.known_actions", CALL, f"{CALL}s"),
    "a parameter that is not declared": (
        DOCUMENT,
        "document.resolved_references",
        "'{{ ResourceId }}'",
        "'{{ Resource }}'",
    ),
    "an operation that the service has not": (
        DOCUMENT,
        "document.valid_api_calls",
        re.compile(rf"{CALL}((?:\n .*)*?\n  inputs:)(?:\n    .*)+"),
        r"action: aws:executeAwsApi\1\n    Service: s3\n    Api: PutBucketsPolicy",
    ),
    "an argument that the operation has not": (
        DOCUMENT,
        "document.valid_api_calls",
        re.compile(rf"{CALL}((?:\n .*)*?\n  inputs:)(?:\n    .*)+"),
        r"action: aws:executeAwsApi\1\n    Service: s3\n    Api: GetBucketPolicy\n    Name: a",
    ),
    "an input that the action has not": (DOCUMENT, "document.playable", "    InputPayload:", "    InputPayloads:"),
    "no role to assume": (DOCUMENT, "document.assumed_role", "assumeRole: '{{ AutomationAssumeRole }}'\n", ""),
    "another schema": (DOCUMENT, "document.schema_version", "schemaVersion: '0.3'", "schemaVersion: '2.2'"),
    "a type of parameter that there is not": (DOCUMENT, "document.playable", "type: StringList", "type: Strings"),
}


@cache
def ours():
    return Project.read()


def mistaken(path, old, new):
    """The project with the mistake in it; a mistake that is none would prove nothing."""
    text = ours().texts[path]
    pattern = old if isinstance(old, re.Pattern) else re.compile(re.escape(old))
    pattern = re.compile(pattern.pattern, re.MULTILINE)
    changed = pattern.sub(new if isinstance(old, re.Pattern) else lambda _: new, text, count=1)
    assert changed != text, "the mistake is not made: the text that it changes is not there"
    return ours().with_text(path, changed)


def meaning(path, project):
    """The file's tree, so that no mistake is one of spaces and comments only."""
    match path:
        case "template.yaml":
            return project.template
        case "conformance-pack.yaml":
            return project.pack
        case "deploy/organization.yaml":
            return load(project.texts[path].encode()).tree
    return [each.content for each in project.documents]


@pytest.mark.parametrize("gate", GATES)
def test_what_we_deploy_passes_every_gate(gate):
    assert list(GATES[gate](ours())) == []


@pytest.mark.parametrize("title", MISTAKES)
def test_a_mistake_is_caught_by_its_gate(title):
    path, gate, old, new = MISTAKES[title]
    project = mistaken(path, old, new)
    if gate != "limits":
        assert meaning(path, project) != meaning(path, ours())
    assert list(GATES[gate](project)) != []


def test_every_gate_of_templates_pack_and_policies_catches_a_mistake():
    here = {gate for _, gate, _, _ in MISTAKES.values()}
    assert {each for each in GATES if not each.startswith("document.")} - here == set()
    assert here <= set(GATES)
