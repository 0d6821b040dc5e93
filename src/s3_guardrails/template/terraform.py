"""Finds the bucket policies and key policies of a Terraform plan or state (``terraform show -json``)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from s3_guardrails.errors import PolicySyntaxError
from s3_guardrails.policy.strict_json import strict_json
from s3_guardrails.template.default_encryption import SSE_S3, Encryption, encryption
from s3_guardrails.template.found import (
    ACCOUNT,
    Assignment,
    File,
    Found,
    Kind,
    Options,
    World,
    account_choices,
    accounts,
)
from s3_guardrails.template.open_policy import read_policy, with_open_callers
from s3_guardrails.template.plan import INSTANCE, Resource, resources
from s3_guardrails.template.settle import settle
from s3_guardrails.template.value import Generated, Node, Text, Unknown, unknowns

POLICIES: Final = {
    "aws_s3_bucket_policy": Kind.BUCKET,
    "aws_s3_bucket": Kind.BUCKET,
    "aws_kms_key": Kind.KEY,
    "aws_kms_key_policy": Kind.KEY,
    "aws_kms_external_key": Kind.KEY,
    "aws_kms_replica_key": Kind.KEY,
    "aws_kms_replica_external_key": Kind.KEY,
}
"""Resource type → what its argument `policy` is attached to."""

_SETTING: Final = "aws_s3_bucket_server_side_encryption_configuration"
_FILLED_IN: Final = frozenset({"bucket_key_enabled", "blocked_encryption_types"})
_DEFAULTED: Final = frozenset({"aws_kms_key", "aws_kms_external_key"})


def from_plan(tree: Mapping[str, Any], options: Options) -> File:
    """Find the policies; raise InputError."""
    plan = _Plan(resources(tree), options)
    found = [plan.found(each) for each in plan.resources.values() if each.type in POLICIES and each.sets("policy")]
    unfinished = tree.get("errored") is True or tree.get("complete") is False
    return File(found, ["the plan is not complete"] if unfinished else [], list(_notes(plan)))


def _notes(plan: _Plan) -> Iterator[str]:
    for each in plan.resources.values():
        if each.type in _DEFAULTED and not each.sets("policy"):
            yield f"`{each.address}` sets no policy: the default is not judged"


@dataclass(frozen=True, slots=True)
class _Plan:
    resources: Mapping[str, Resource]
    options: Options

    def found(self, resource: Resource) -> Found:
        """Return a resource's policy; it is asked about every account that it names where nobody says whose it is."""
        policy = resource.value("policy")
        kind, candidates = POLICIES[resource.type], accounts([policy])
        choices = account_choices(self.options, candidates, kind)

        def at(assignment: Assignment) -> World:
            own = str(assignment.get(ACCOUNT, self.options.account))
            return self._world(resource, own, candidates.said(own, self.options))

        return Found(kind=kind, place=resource.address, line=None, choices=choices, at=at)

    def _world(self, resource: Resource, own: str, said: tuple[str, ...]) -> World:
        bucket = self._bucket(resource) if POLICIES[resource.type] is Kind.BUCKET else None
        document = resource.value("policy")
        try:
            document = strict_json(document) if isinstance(document, str) else document
            settled = settle(document, bucket, self.options.partition, self.options.bucket)
            policy = read_policy(settled.document)
        except PolicySyntaxError as error:
            raise PolicySyntaxError(f"{resource.address}.policy", str(error)) from None
        return World(
            policy=policy,
            account=own,
            callers=with_open_callers(policy, self.options.partition),
            bucket=settled.bucket,
            encryption=None if bucket is None else self._encryption(bucket, own),
            assumed=(*said, *settled.assumed),
        )

    def _bucket(self, resource: Resource) -> Node:
        """Return the name of the bucket that a resource is about: known, or one that stands for it."""
        target = resource if resource.type == "aws_s3_bucket" else self._referred(resource)
        for name in (resource.value("bucket"), target.value("bucket") if target else None):
            if isinstance(name, str) and name:
                return name
        address = target.address if target else resource.address
        letters = "".join(each if each.isascii() and each.isalnum() else "-" for each in address.lower())
        return Text((Generated(f"the name of `{address}`", f"{letters}-stand-in"),))

    def _referred(self, resource: Resource) -> Resource | None:
        """Return the bucket that the argument `bucket` refers to, of the same module and instance."""
        instance = "".join(INSTANCE.findall(resource.address.removeprefix(resource.module)))
        for reference in (resource.written or {}).get("bucket", ()):
            base = resource.module + reference
            found = self.resources.get(base) or self.resources.get(base + instance)
            if found and found.type == "aws_s3_bucket":
                return found
        return None

    def _encryption(self, bucket: Node, own: str) -> Encryption | None:
        """Return the default encryption of a bucket of this plan."""
        mine = [each for each in self.resources.values() if each.type in {"aws_s3_bucket", _SETTING}]
        mine = [each for each in mine if self._bucket(each) == bucket]
        arn = f"arn:{self.options.partition}:kms:us-east-1:{own}:key/"
        for each in mine:
            if each.type == _SETTING:
                return _setting(each, "rule", arn)
        for each in mine:
            inline = "server_side_encryption_configuration"
            return _setting(each, inline, arn) if each.sets(inline) else encryption(SSE_S3, None, (), arn)
        return None


def _setting(resource: Resource, argument: str, arn: str) -> Encryption:
    """Read the rules; blocks are lists of objects."""
    rules = resource.value(argument)
    open_ = resource.unknown.get(argument)
    if unknowns(rules) or _any_true(open_):
        return Unknown(f"`{resource.address}.{argument}`")
    rule = _block(rules)
    rule = _block(rule.get("rule")) or rule
    default = _block(rule.get("apply_server_side_encryption_by_default"))
    algorithm = default.get("sse_algorithm") or SSE_S3
    return encryption(algorithm, default.get("kms_master_key_id"), rule.get("blocked_encryption_types") or (), arn)


def _block(value: Any) -> Mapping[str, Any]:
    first = value[0] if isinstance(value, list) and value else value
    return first if isinstance(first, Mapping) else {}


def _any_true(value: Any) -> bool:
    """Is anything below known only after the plan was carried out? What the provider fills in does not count."""
    if isinstance(value, Mapping):
        return any(_any_true(each) for name, each in value.items() if name not in _FILLED_IN)
    return any(map(_any_true, value)) if isinstance(value, list) else value is True
