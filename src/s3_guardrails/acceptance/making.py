"""Makes what runs need: buckets, keys, roles and stacks, each noted in the journal and tagged with the call itself."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final

from botocore.exceptions import ClientError

from s3_guardrails.acceptance.journal import Kind
from s3_guardrails.acceptance.outcome import Unlike
from s3_guardrails.acceptance.removal import NAME
from s3_guardrails.acceptance.run import Run

CREATED: Final = "CREATE_COMPLETE"


def make_bucket(run: Run, label: str, tags: Mapping[str, str] | None = None) -> str:
    """Create a bucket; return its name."""
    name = run.name(label)
    place = {} if run.region == "us-east-1" else {"LocationConstraint": run.region}
    given = [{"Key": key, "Value": value} for key, value in (tags or {}).items()]
    settings = {**place, "Tags": [*run.tags(), *given]}

    def create() -> str:
        run.client("s3").create_bucket(Bucket=name, CreateBucketConfiguration=settings)
        return ""

    run.make(Kind.BUCKET, name, create)
    return name


def make_key(run: Run, label: str, policy: Mapping[str, Any]) -> str:
    """Create a key; return its ARN. `Name` is the tag by which it is found if nobody noted its id."""
    name = run.name(label)
    tags = [*run.tags("TagKey", "TagValue"), {"TagKey": NAME, "TagValue": name}]

    def create() -> str:
        made = run.client("kms").create_key(Description=name, Policy=json.dumps(policy), Tags=tags)
        return str(made["KeyMetadata"]["KeyId"])

    return run.arn("kms", f"key/{run.make(Kind.KEY, name, create)}")


def make_role(run: Run, label: str, *statements: Mapping[str, Any]) -> str:
    """Create a role that this account's principals may assume; return its ARN."""
    name = run.name(label)
    trusted = {"AWS": f"arn:{run.partition}:iam::{run.account}:root"}
    trust = {"Effect": "Allow", "Principal": trusted, "Action": "sts:AssumeRole"}
    iam = run.client("iam")

    def create() -> str:
        iam.create_role(RoleName=name, AssumeRolePolicyDocument=_document(trust), Tags=run.tags())
        return ""

    run.make(Kind.ROLE, name, create)
    if statements:
        iam.put_role_policy(RoleName=name, PolicyName="acceptance", PolicyDocument=_document(*statements))
    return run.role_arn(label)


def make_stack(run: Run, label: str, capability: str = "CAPABILITY_IAM", **template: Any) -> None:
    """Create a stack and wait for it; raise Unlike where it failed, with the reason."""
    name, cloudformation = run.name(label), run.client("cloudformation")

    def create() -> str:
        cloudformation.create_stack(StackName=name, Capabilities=[capability], Tags=run.tags(), **template)
        return ""

    run.make(Kind.STACK, name, create)
    stack = settled(run, label)
    if stack["StackStatus"] != CREATED:
        raise Unlike(f"the stack is {stack['StackStatus']}: {_reason(run, name, stack)}")


def settled(run: Run, label: str, minutes: float = 25) -> Mapping[str, Any]:
    """Wait until a stack has come to rest; return its description."""
    cloudformation = run.client("cloudformation")

    def ask() -> Mapping[str, Any] | None:
        [stack] = cloudformation.describe_stacks(StackName=run.name(label))["Stacks"]
        return None if stack["StackStatus"].endswith("IN_PROGRESS") else stack

    return run.until(f"the stack {run.name(label)}", ask, minutes)


def parameters(**given: str) -> list[dict[str, str]]:
    """Return parameters as CloudFormation takes them."""
    return [{"ParameterKey": name, "ParameterValue": value} for name, value in given.items()]


def _reason(run: Run, name: str, stack: Mapping[str, Any]) -> str:
    """Return the first failure that the stack's events tell, newest first, or what the stack itself says."""
    pages = run.client("cloudformation").get_paginator("describe_stack_events").paginate(StackName=name)
    try:
        events = [each for page in pages for each in page["StackEvents"]]
    except ClientError:
        events = []
    failed = [each for each in events if each["ResourceStatus"].endswith("FAILED")]
    if not failed:
        return str(stack.get("StackStatusReason", "no reason told"))
    return f"{failed[-1]['LogicalResourceId']}: {failed[-1].get('ResourceStatusReason')}"


def _document(*statements: Mapping[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})
