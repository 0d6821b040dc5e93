"""Steps: small stacks, and the pack by itself. Each settles a question of docs/verified.md."""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from s3_guardrails.acceptance.clean_up import remove
from s3_guardrails.acceptance.journal import Entry, Kind, Status
from s3_guardrails.acceptance.making import make_stack, parameters
from s3_guardrails.acceptance.outcome import Stopped, Unlike
from s3_guardrails.acceptance.run import Run, tried
from s3_guardrails.acceptance.step import question
from s3_guardrails.catalogue.pack import render_pack
from s3_guardrails.deploy import fleet_shape
from s3_guardrails.deploy.enter import enter
from s3_guardrails.deploy.preflight import read_opt_status, read_recorder, read_recorder_status
from s3_guardrails.deploy.preflight_call import tried as read
from s3_guardrails.discovery import find_rules
from s3_guardrails.encryption.fact import Unreadable
from s3_guardrails.policy.document import parse_policy
from s3_guardrails.template.found import Options
from s3_guardrails.template.reading import read_file


def reader_role(run: Run) -> str:
    """Deploy the role of the fleet, enter it, and make the calls whose permissions no document settles."""
    external, label = secrets.token_hex(16), "reader-role"
    given = {
        "TrustedPrincipalArn": f"arn:{run.partition}:iam::{run.account}:root",
        "ExternalId": external,
        "OrganizationId": run.organization,
        "RoleName": run.name("fleet"),
    }
    try:
        body = (Path(__file__).parents[3] / "deploy" / "reader-role.yaml").read_text(encoding="utf-8")
    except OSError:
        raise Stopped("deploy/reader-role.yaml is in a checkout, and not in an installed package") from None
    make_stack(run, label, "CAPABILITY_NAMED_IAM", TemplateBody=body, Parameters=parameters(**given))

    def ask() -> Any:
        found = enter(run.clients, run.role_arn("fleet"), run.region, run.endpoint_url, run.prefix, external)
        return None if isinstance(found, Unreadable) else found

    clients = run.until("entering the role of the fleet", ask, 3)
    config = clients.client("config", run.region)
    query = fleet_shape.query({"AWS::S3::Bucket"})
    found: Mapping[str, Any] = {
        "DescribeConfigurationRecorders": read("recorder", lambda: read_recorder(config)),
        "DescribeConfigurationRecorderStatus": read("recorder_status", lambda: read_recorder_status(config)),
        "SelectResourceConfig": read("items", lambda: config.select_resource_config(Expression=query)),
        "GetRegionOptStatus": read_opt_status(clients, run.region, run.region),
    }
    if refused := {call: each.reason for call, each in found.items() if isinstance(each, Unreadable)}:
        raise Unlike("; ".join(f"{call}: {reason}" for call, reason in refused.items()))
    scope = "aws:PrincipalOrgID was asked for" if run.organization else "no organization, so aws:PrincipalOrgID was not"
    return f"the role may make {', '.join(found)}; {scope}"


RESOLVED: Final = """\
AWSTemplateFormatVersion: '2010-09-09'
Parameters: {Age: {Type: Number, Default: 300}, Strict: {Type: String, Default: 'true'}}
Conditions: {IsStrict: !Equals [!Ref Strict, 'true']}
Resources:
  Bucket:
    Type: AWS::S3::Bucket
    Properties: {BucketName: BUCKET}
  Policy:
    Type: AWS::S3::BucketPolicy
    Properties:
      Bucket: !Ref Bucket
      PolicyDocument:
        Version: '2012-10-17'
        Statement:
          - Effect: Deny
            Principal: '*'
            Action: !If [IsStrict, 's3:*', 's3:GetObject']
            Resource: [!GetAtt Bucket.Arn, !Join ['', [!GetAtt Bucket.Arn, /, '*']]]
            Condition: {Bool: {aws:SecureTransport: false}}
          - Effect: Allow
            Principal: {Service: !Sub ['${Name}.amazonaws.com', {Name: cloudtrail}]}
            Action: s3:PutObject
            Resource: !Sub ${Bucket.Arn}/AWSLogs/${AWS::AccountId}/*
            Condition:
              NumericLessThan: {s3:signatureAge: !Ref Age}
              StringEquals: {aws:SourceAccount: !Ref AWS::AccountId}
"""


def template_resolved(run: Run) -> str:
    """Deploy a policy full of functions; it has to be what this package resolves it to."""
    name = run.name("resolved")
    text = RESOLVED.replace("BUCKET", name)
    make_stack(run, "functions", TemplateBody=text)
    deployed = parse_policy(json.loads(run.client("s3").get_bucket_policy(Bucket=name)["Policy"]))
    remove(run, Kind.STACK, run.name("functions"))
    options = Options(account=run.account, region=run.region, partition=run.partition)
    [found] = read_file(text.encode(), options).policies
    world = found.at({})
    resolved = str(world and world.policy)  # policies hold functions, which are never equal
    if resolved != str(deployed):
        raise Unlike(f"resolved as {resolved}, deployed as {deployed}")
    return "functions, conditions and numbers are resolved as CloudFormation resolves them"


FAILING: Final = """\
AWSTemplateFormatVersion: '2010-09-09'
Resources:
  Kept:
    Type: AWS::S3::Bucket
    DeletionPolicy: RetainExceptOnCreate
    Properties: {BucketName: BUCKET}
  Pack:
    Type: AWS::Config::ConformancePack
    DependsOn: Kept
    Properties:
      ConformancePackName: PACK
      TemplateBody: |
        Resources:
          Rule:
            Type: AWS::Config::ConfigRule
            Properties:
              ConfigRuleName: PACK
              Source:
                Owner: CUSTOM_LAMBDA
                SourceIdentifier: FUNCTION
                SourceDetails:
                  - {EventSource: aws.config, MessageType: ScheduledNotification}
"""


def roll_back(run: Run) -> str:
    """Deploy a pack whose function does not exist; stack and bucket have to go, and the reason has to be told."""
    bucket, pack, function = run.name("kept"), run.name("failing"), run.arn("lambda", f"function:{run.prefix}-none")
    text = FAILING.replace("BUCKET", bucket).replace("PACK", pack).replace("FUNCTION", function)
    run.journal.write(Entry(kind=Kind.BUCKET, name=bucket, status=Status.MAKING))
    try:
        make_stack(run, "failing", TemplateBody=text)
    except Unlike as failed:
        reason = str(failed)
    else:
        raise Unlike("the stack was created, with a pack whose function does not exist")
    found = tried(lambda: run.client("s3").head_bucket(Bucket=bucket))
    if found != "404" or "Pack" not in reason:
        raise Unlike(f"the bucket is there ({found}), or the reason does not name the pack: {reason}")
    return f"the bucket is gone again; the reason is told: {reason}"


def pack_alone(run: Run) -> str:
    """Put conformance-pack.yaml as it stands, with the stack's outputs as its parameters."""
    name, config, outputs = run.name("pack"), run.client("config"), run.outputs()
    given = {**outputs, "RemediationApproverArn": run.role_arn("approver")}
    text = render_pack(find_rules())
    inputs = [
        {"ParameterName": each, "ParameterValue": value} for each, value in given.items() if f"\n  {each}:" in text
    ]

    def create() -> str:
        asked = {"ConformancePackName": name, "TemplateBody": text, "ConformancePackInputParameters": inputs}
        config.put_conformance_pack(**asked, Tags=run.tags())
        return ""

    run.make(Kind.PACK, name, create)

    def ask() -> Mapping[str, Any] | None:
        told = config.describe_conformance_pack_status(ConformancePackNames=[name])["ConformancePackStatusDetails"]
        return None if not told or told[0]["ConformancePackState"].endswith("IN_PROGRESS") else told[0]

    status = run.until("the pack", ask, 15)
    if status["ConformancePackState"] != "CREATE_COMPLETE":
        raise Unlike(f"{status['ConformancePackState']}: {status.get('ConformancePackStatusReason')}")
    remove(run, Kind.PACK, name)
    return "AWS Config deployed it, rules and remediations, and took it away again"


STEPS: Final = (
    question(
        "roll-back",
        "A pack that fails says why, and the stack takes back what outlives it.",
        roll_back,
        2,
        "preflight",
        makes="a stack that fails, and a bucket with it",
    ),
    question(
        "reader-role",
        "The role of the fleet suffices, the recorder's calls on `*` among them.",
        reader_role,
        1,
        "preflight",
        makes="a stack with a role",
    ),
    question(
        "template-resolved",
        "A policy full of functions is resolved as CloudFormation does.",
        template_resolved,
        1,
        "preflight",
        makes="a stack with a bucket",
    ),
)
PACK: Final = (
    question(
        "pack-alone",
        "conformance-pack.yaml is accepted as rendered.",
        pack_alone,
        4,
        "deploy",
        makes="a conformance pack",
    ),
)
