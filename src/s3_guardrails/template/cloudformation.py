"""Finds the bucket policies and key policies of a CloudFormation or SAM template."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from s3_guardrails.errors import InputError, PolicySyntaxError
from s3_guardrails.policy.strict_json import kind
from s3_guardrails.template.default_encryption import Encryption, from_rules
from s3_guardrails.template.found import (
    ACCOUNT,
    REGION,
    Assigned,
    Assignment,
    File,
    Found,
    Kind,
    Options,
    World,
    accounts,
    assignments,
    bounded,
    regions,
    stand_in_account,
)
from s3_guardrails.template.functions import textual
from s3_guardrails.template.intrinsic import NO_VALUE, Resolver
from s3_guardrails.template.open_policy import read_policy, with_open_callers
from s3_guardrails.template.reference import identity
from s3_guardrails.template.settle import settle
from s3_guardrails.template.template import Template, read_template
from s3_guardrails.template.value import Node, Text, Unknown, leaves, scalar

POLICIES: Final = {
    "AWS::S3::BucketPolicy": (Kind.BUCKET, "PolicyDocument"),
    "AWS::KMS::Key": (Kind.KEY, "KeyPolicy"),
    "AWS::KMS::ReplicaKey": (Kind.KEY, "KeyPolicy"),
}
"""Resource type → what its policy is attached to, and the property that holds the policy."""

_ELSEWHERE: Final = frozenset({"AWS::CloudFormation::Stack", "AWS::Serverless::Application"})
_HARMLESS: Final = ("AWS::Serverless-", "AWS::LanguageExtensions", "AWS::SecretsManager-", "AWS::CodeDeployBlueGreen")
"""Macros of AWS that leave policies as they are written."""


def from_template(tree: Mapping[str, Any], options: Options, line_of: Callable[[str], int | None]) -> File:
    """Find the policies; raise InputError."""
    template = read_template(tree, options)
    found = [_found(template, name, line_of(name)) for name in template.resources if _has_policy(template, name)]
    return File(found, [*_made_later(template), *_macros(tree.get("Transform", []))], list(_notes(template)))


def _document(template: Template, name: str) -> str | None:
    """Return the property that holds a resource's policy."""
    return POLICIES.get(template.type_of(name), (None, None))[1]


def _has_policy(template: Template, name: str) -> bool:
    """A bucket policy always has a document; of a key, it may be written or come from a transform."""
    wanted = {_document(template, name), "Fn::Transform"} - {None}
    bucket = template.type_of(name) == "AWS::S3::BucketPolicy"
    return bucket or (len(wanted) > 1 and bool(wanted & set(template.properties(name))))


def _made_later(template: Template) -> Iterator[str]:
    for name in template.resources:
        if name.startswith("Fn::") or template.type_of(name).endswith("::MODULE"):
            yield f"`{name}` makes resources at deployment: judge the processed template"


def _macros(transforms: Any) -> Iterator[str]:
    for each in transforms if isinstance(transforms, list) else [transforms]:
        if not (isinstance(each, str) and each.startswith(_HARMLESS)):
            shown = each if isinstance(each, str) else "Transform"
            yield f"the macro `{shown}` changes the template at deployment: judge the processed template"


def _notes(template: Template) -> Iterator[str]:
    for name in template.resources:
        if template.type_of(name) in _ELSEWHERE:
            yield f"`{name}` is a template of its own: judge that file too"
        elif _document(template, name) and not _has_policy(template, name):
            yield f"`{name}` has no {_document(template, name)}: the default is not judged"


@dataclass(frozen=True, slots=True)
class _Policy:
    """One resource with a policy; `own` is the account where nobody says which it is."""

    template: Template
    name: str
    own: str

    @property
    def kind(self) -> Kind:
        """What the policy is attached to."""
        return POLICIES[self.template.type_of(self.name)][0]

    @property
    def place(self) -> str:
        """The path of the policy in the template."""
        return f"Resources.{self.name}.Properties.{_document(self.template, self.name)}"

    def resolved(self, resolver: Resolver) -> Node:
        """Return the policy document; NO_VALUE where the resource or its policy is not part of the deployment."""
        condition = self.template.resources[self.name].get("Condition")
        if condition is not None and resolver.condition(condition) is False:
            return NO_VALUE
        properties, document = self.template.properties(self.name), str(_document(self.template, self.name))
        return resolver.resolve(properties[document]) if document in properties else Unknown(f"`{self.place}`")

    def at(self, assignment: Assignment) -> World | None:
        """Return the policy in one deployment."""
        resolver = Resolver(self.template, assignment)
        document = self.resolved(resolver)
        if document is NO_VALUE:
            return None
        bucket = self._bucket(resolver) if self.kind is Kind.BUCKET else None
        options = self.template.options
        settled = settle(document, bucket, options.partition, options.bucket)
        try:
            policy = read_policy(settled.document)
        except PolicySyntaxError as error:
            raise PolicySyntaxError(self.place, str(error)) from None
        account = assignment.get(ACCOUNT, options.account)
        own = account if isinstance(account, str) else self.own
        return World(
            policy=policy,
            account=own,
            callers=with_open_callers(policy, options.partition),
            bucket=settled.bucket,
            encryption=None if bucket is None else self._encryption(resolver, bucket, own),
            assumed=(*self._assumed(own, resolver.ref(REGION), settled.document), *settled.assumed),
        )

    def _bucket(self, resolver: Resolver) -> Node:
        """Return the name of the bucket that a bucket policy is attached to."""
        place = f"Resources.{self.name}.Properties.Bucket"
        properties = self.template.properties(self.name)
        name = resolver.resolve(properties["Bucket"]) if "Bucket" in properties else Unknown(f"`{place}`")
        if not textual(name):
            raise InputError(f"{place}: expected the name of a bucket, found {kind(name)}")
        return name if isinstance(name, Text | Unknown) else scalar(name)

    def _encryption(self, resolver: Resolver, bucket: Node, own: str) -> Encryption | None:
        template = self.template
        for name in template.resources:
            if template.type_of(name) == "AWS::S3::Bucket" and identity(resolver, name) == bucket:
                setting = resolver.resolve(template.properties(name).get("BucketEncryption"))
                rules = setting.get("ServerSideEncryptionConfiguration") if isinstance(setting, Mapping) else setting
                region = resolver.ref(REGION)
                return from_rules(rules, f"arn:{template.options.partition}:kms:{region}:{own}:key/")
        return None

    def _assumed(self, own: str, region: Node, document: Node) -> Iterator[str]:
        options = self.template.options
        if options.account is None and own == self.own:
            yield f"`{own}` stands for the account"
        if options.region is None and any(isinstance(each, str) and str(region) in each for each in leaves(document)):
            yield f"`{region}` stands for the Region"


def _found(template: Template, name: str, line: int | None) -> Found:
    """Find out what the policy depends on: parameters first, then the account and the Region that texts name."""
    resource = template.resources[name]
    told: list[Node] = [resource, dict(template.conditions), *template.maps(resource), *template.defaults(resource)]
    choices: dict[str, tuple[Assigned, ...]] = bounded(template.choices(resource))
    policy = _Policy(template, name, stand_in_account(()))
    told += [policy.resolved(Resolver(template, each)) for each in assignments(choices)]
    if template.given(ACCOUNT) is None:
        candidates = accounts(told, template.compared(ACCOUNT))
        choices[ACCOUNT] = candidates.values(policy.kind)
        policy = _Policy(template, name, candidates.stand_in)
    if template.given(REGION) is None:
        choices[REGION] = regions(told, template.compared(REGION)).values()
    return Found(kind=policy.kind, place=name, line=line, choices=bounded(choices), at=policy.at)
