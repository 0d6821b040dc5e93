"""What tests of remediation share: an engine on the embedded AWS, orders, and which writes were made."""

from __future__ import annotations

import json
from pathlib import Path

from botocore.exceptions import ClientError

from s3_guardrails.embedded.environment import only
from s3_guardrails.embedded.fault import Faults
from s3_guardrails.embedded.server import EmbeddedAws
from s3_guardrails.live.clients import SessionClients
from s3_guardrails.live.reader import LiveReader
from s3_guardrails.remediate.engine import Engine, order
from s3_guardrails.remediate.handler import rule_of
from s3_guardrails.remediate.plan import Plan
from s3_guardrails.remediate.store import FolderStore
from s3_guardrails.remediate.write import WRITES

CLASS = "data-class"


class Bench:
    """An engine over an embedded account; `writes` are the settings that were written, in order."""

    def __init__(self, aws: EmbeddedAws, folder: Path, calls: list[tuple[str, str]]) -> None:
        self.aws, self.folder, self.calls = aws, folder, calls
        self.slept: list[float] = []
        with only(aws.environment()):
            clients = SessionClients(endpoint_url=aws.endpoint)
            clients.s3(aws.region)
        self.engine = Engine(
            reader=LiveReader(clients, aws.account, aws.region),
            clients=clients,
            store=FolderStore(folder),
            sleep=self.slept.append,
        )

    def fresh(self) -> Bench:
        return Bench(self.aws, self.folder, self.calls)

    def order(self, remediation, name, parameters=None, options=None):
        entry = rule_of(remediation)
        reader = self.engine.reader
        kms = entry.rule.resource_type == "AWS::KMS::Key"
        resource = reader.key(name) if kms else reader.bucket(name, self.aws.region)
        return order(entry, resource, parameters or {}, options or {}, remediation)

    def run(self, remediation, name, parameters=None, options=None) -> Plan:
        """Plan, apply with every concern approved, verify."""
        asked = self.order(remediation, name, parameters, options)
        plan = self.engine.plan(asked)
        done = self.fresh().engine.apply(asked, plan.id, lambda _: None)
        self.fresh().engine.verify(asked, changed=bool(plan.diff))
        return done

    @property
    def writes(self) -> list[str]:
        return [operation for service, operation in self.calls if (service, operation) in WRITES]


def recorded(monkeypatch) -> list[tuple[str, str]]:
    """Every call that reaches the embedded AWS, as service and operation."""
    seen: list[tuple[str, str]] = []
    strike = Faults.strike

    def listening(self, call):
        seen.append((call.service, call.operation))
        strike(self, call)

    monkeypatch.setattr(Faults, "strike", listening)
    return seen


def bucket(aws, name, *, data_class="confidential", policy=None, encryption=None, tags=None):
    """Make a bucket with a data class and settings."""
    s3 = aws.client("s3")
    s3.create_bucket(Bucket=name)
    pairs = {CLASS: data_class, **(tags or {})} if data_class else (tags or {})
    s3.put_bucket_tagging(Bucket=name, Tagging={"TagSet": [{"Key": k, "Value": v} for k, v in pairs.items()]})
    if policy is not None:
        s3.put_bucket_policy(Bucket=name, Policy=policy if isinstance(policy, str) else json.dumps(policy))
    if encryption is not None:
        s3.put_bucket_encryption(Bucket=name, ServerSideEncryptionConfiguration={"Rules": [encryption]})
    return name


def default(algorithm, key=None, **more):
    """A rule of a bucket's encryption configuration."""
    named = {"KMSMasterKeyID": key} if key else {}
    return {"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": algorithm, **named}, **more}


def key(aws, **more):
    """Make a key; return its ARN."""
    return aws.client("kms").create_key(**more)["KeyMetadata"]["Arn"]


def config_rule(aws, name):
    """Make a rule of AWS Config; return the ARN of the function that it calls."""
    function = f"arn:aws:lambda:{aws.region}:{aws.account}:function:{name}"
    source = {"Owner": "CUSTOM_LAMBDA", "SourceIdentifier": function}
    aws.client("config").put_config_rule(ConfigRule={"ConfigRuleName": name, "Source": source})
    return function


def refusal_of(call, **parameters):
    """Make a call; return the error code that AWS answers, None where it succeeds."""
    try:
        call(**parameters)
    except ClientError as error:
        return error.response["Error"]["Code"]
    return None
