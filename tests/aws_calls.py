"""Which AWS operations code calls, as it runs or as its sources say, and which IAM actions these need."""

import ast
from contextlib import contextmanager

import botocore.session
from botocore import xform_name
from botocore.client import BaseClient

ACTIONS = {
    "s3:GetBucketEncryption": "s3:GetEncryptionConfiguration",
    "s3:GetBucketReplication": "s3:GetReplicationConfiguration",
    "s3:GetObjectLockConfiguration": "s3:GetBucketObjectLockConfiguration",
    "s3:GetPublicAccessBlock": "s3:GetBucketPublicAccessBlock",
    "s3:ListBuckets": "s3:ListAllMyBuckets",
    "s3:PutBucketEncryption": "s3:PutEncryptionConfiguration",
    "s3control:GetPublicAccessBlock": "s3:GetAccountPublicAccessBlock",
    # of Outposts; sources that call S3's methods of the same names seem to call these
    "s3control:GetBucketPolicy": "s3:GetBucketPolicy",
    "s3control:GetBucketReplication": "s3:GetReplicationConfiguration",
    "s3control:GetBucketTagging": "s3:GetBucketTagging",
}
"""Operations whose action has another name (Service Authorization Reference)."""


class Calls:
    """Every call of every client of this process, while it listens."""

    def __init__(self, monkeypatch):
        self.seen: set[str] = set()
        self._on = False
        make = BaseClient._make_api_call

        def listening(client, operation, parameters):
            if self._on:
                self.seen.add(f"{client.meta.service_model.service_name}:{operation}")
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
        return {ACTIONS.get(each, each) for each in self.seen}


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
