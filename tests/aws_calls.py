"""Which AWS operations code calls, as it runs or as its sources say, and which IAM actions these need."""

import ast
from contextlib import contextmanager

import botocore.session
from botocore import xform_name
from botocore.client import BaseClient

from s3_guardrails.embedded import role_access

ACTIONS = role_access.ACTIONS | {
    "service-quotas:GetServiceQuota": "servicequotas:GetServiceQuota",
    # of Outposts; sources that call S3's methods of the same names seem to call these
    "s3control:GetBucketPolicy": "s3:GetBucketPolicy",
    "s3control:GetBucketReplication": "s3:GetReplicationConfiguration",
    "s3control:GetBucketTagging": "s3:GetBucketTagging",
}
"""Operations whose action has another name (Service Authorization Reference)."""


class Calls:
    """Every call of every client of this process, while it listens: the action that it needs, and of what."""

    def __init__(self, monkeypatch, account):
        self.seen: set[tuple[str, str]] = set()
        self._on = False
        make = BaseClient._make_api_call

        def listening(client, operation, parameters):
            if self._on:
                name = f"{client.meta.service_model.service_name}:{operation}"
                place = f"{client.meta.region_name}:{account}"
                self.seen.add((ACTIONS.get(name, name), resource(name, parameters, place)))
            return make(client, operation, parameters)

        monkeypatch.setattr(BaseClient, "_make_api_call", listening)

    @contextmanager
    def listen(self, on=True):
        self._on = on
        try:
            yield
        finally:
            self._on = False

    @property
    def actions(self) -> set[str]:
        return {action for action, _ in self.seen}


def resource(name, parameters, place):
    """Return the ARN that a permission for the call is asked for, `*` where its action takes none."""
    match name.partition(":")[0], parameters:
        case "s3", {"Bucket": bucket, "Key": key}:
            return f"arn:aws:s3:::{bucket}/{key}"
        case "s3", {"Bucket": bucket}:
            return f"arn:aws:s3:::{bucket}"
        case "kms", {"KeyId": key}:
            return key if key.startswith("arn:") else f"arn:aws:kms:{place}:key/{key}"
        case "ssm", {"AutomationExecutionId": execution}:
            return f"arn:aws:ssm:{place}:automation-execution/{execution}"
        case "config", {"ConfigRuleName": rule} | {"ConfigRuleNames": [rule]}:
            return f"arn:aws:config:{place}:config-rule/{rule}"
        case "sns", {"TopicArn": topic}:
            return topic
        case "iam", {"PolicySourceArn": principal}:
            return principal
        case "account", {"RegionName": _}:
            return f"arn:aws:account::{place.rpartition(':')[2]}:account"
        case _:
            return "*"


def called(paths, services):
    """Return the action of every operation whose method name, or paginator name, stands in the sources."""
    names = {name for path in paths for name in _methods(ast.parse(path.read_text(encoding="utf-8")))}
    session = botocore.session.get_session()
    operations = {
        f"{service}:{operation}"
        for service in services
        for operation in session.get_service_model(service).operation_names
        if xform_name(operation) in names
    }
    return {ACTIONS.get(each, each) for each in operations}


def _methods(tree):
    for node in ast.walk(tree):
        match node:
            case ast.Attribute(attr=name):
                yield name
            case ast.Call(func=ast.Attribute(attr="get_paginator"), args=[ast.Constant(value=str(name))]):
                yield name
