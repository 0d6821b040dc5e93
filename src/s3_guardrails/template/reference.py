"""What references to resources of the same template give: names and ARNs, known as far as the template says them.

Source: CloudFormation User Guide, "Return values" of each resource type. A name that the template does not give is made
up at deployment: nobody else has it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, Protocol

from s3_guardrails.template.found import ACCOUNT, REGION
from s3_guardrails.template.template import Template
from s3_guardrails.template.value import Generated, Node, Text, Unknown, joined


class Resolving(Protocol):
    """What this module needs of the resolver."""

    template: Template

    def resolve(self, node: Any) -> Node:
        """Return the value of a part of the template."""

    def ref(self, name: Any) -> Node:
        """Return what ``Ref`` gives."""


_NAMED: Final = {
    "AWS::S3::Bucket": ("BucketName", "bucket"),
    "AWS::IAM::Role": ("RoleName", "role"),
    "AWS::IAM::User": ("UserName", "user"),
    "AWS::Lambda::Function": ("FunctionName", "function"),
    "AWS::Serverless::Function": ("FunctionName", "function"),
    "AWS::KMS::Alias": ("AliasName", "alias"),
    "AWS::KMS::Key": ("", "key"),
}
"""Type → the property that names it (none: the name is always made up), and the word for it."""

_WITH_ROLES: Final = ("AWS::Serverless::Function", "AWS::Serverless::StateMachine")


def identity(resolver: Resolving, name: str) -> Node:
    """Return what ``Ref`` of a resource gives; None where that is not known."""
    kind = resolver.template.type_of(name)
    if kind not in _NAMED:
        return None
    written, word = _NAMED[kind]
    value = resolver.resolve(resolver.template.properties(name).get(written))
    if isinstance(value, str | Text | Unknown) and value != "":
        return value
    return _generated(name, word)


def _generated(name: str, word: str) -> Text:
    text = name.lower() if word == "bucket" else name
    return Text((Generated(f"the name of {word} `{name}`", f"{text}-generated"),))


def attribute(resolver: Resolving, name: str, which: str) -> Node:
    """Return what ``Fn::GetAtt`` of a resource gives; None where that is not known."""
    kind = resolver.template.type_of(name) or _made_by_sam(resolver.template, name)
    if kind == "AWS::KMS::Key" and which == "KeyId":
        return identity(resolver, name)
    return _ARNS[kind](resolver, name) if which == "Arn" and kind in _ARNS else None


def _made_by_sam(template: Template, name: str) -> str:
    """SAM gives a function without a role one that is called after it."""
    owner = name.removesuffix("Role")
    made = owner != name and template.type_of(owner) in _WITH_ROLES and "Role" not in template.properties(owner)
    return "AWS::IAM::Role" if made and name not in template.resources else ""


def _bucket(resolver: Resolving, name: str) -> Node:
    return _arn(resolver, "s3", "", "", identity(resolver, name))


def _key(resolver: Resolving, name: str) -> Node:
    return _arn(resolver, "kms", resolver.ref(REGION), resolver.ref(ACCOUNT), joined("key/", identity(resolver, name)))


def _function(resolver: Resolving, name: str) -> Node:
    resource = joined("function:", identity(resolver, name))
    return _arn(resolver, "lambda", resolver.ref(REGION), resolver.ref(ACCOUNT), resource)


def _principal(word: str) -> Callable[[Resolving, str], Node]:
    def arn(resolver: Resolving, name: str) -> Node:
        path = resolver.resolve(resolver.template.properties(name).get("Path", "/"))
        called = identity(resolver, name) or _generated(name, word)
        path = path if isinstance(path, str | Text | Unknown) else "/"
        return _arn(resolver, "iam", "", resolver.ref(ACCOUNT), joined(word, path, called))

    return arn


def _arn(resolver: Resolving, service: str, region: Node, account: Node, resource: Node) -> Node:
    partition = resolver.template.options.partition
    return joined(f"arn:{partition}:{service}:", region, ":", account, ":", resource)


_ARNS: Final = {
    "AWS::S3::Bucket": _bucket,
    "AWS::KMS::Key": _key,
    "AWS::IAM::Role": _principal("role"),
    "AWS::IAM::User": _principal("user"),
    "AWS::Lambda::Function": _function,
    "AWS::Serverless::Function": _function,
}
