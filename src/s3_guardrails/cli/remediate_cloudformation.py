"""A change as CloudFormation: what the owner's template must say, to be merged with what it says already.

A text is no `!Sub`, so `${` stays as it is; `{{resolve:` would be resolved wherever it stands.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

import yaml

from s3_guardrails.cli.remediate_code import Code, comment, name_of, names, policy_code, remarks, texts, words_of
from s3_guardrails.cli.remediate_hcl import indented
from s3_guardrails.errors import InputError
from s3_guardrails.remediate.change import Proposed, State
from s3_guardrails.remediate.plan import Plan
from s3_guardrails.remediate.state import Resource, Setting

_PLAIN: Final = re.compile(r"[A-Za-z][A-Za-z0-9:/._-]+")
"""Texts that stand without quotes, unless YAML takes them for something else."""


def cloudformation(plan: Plan, proposal: Proposed) -> Iterator[str]:
    """Yield the lines of a template; raise InputError for what CloudFormation would take for more than text."""
    setting = plan.setting
    lines = list(_SNIPPETS[setting](plan.resource, plan.before, proposal.after))
    _check_texts(yaml.safe_load("\n".join(lines)))
    yield from map(comment, remarks(plan, whole=setting in {Setting.POLICY, Setting.KEY_POLICY}))
    yield "Resources:"
    yield from indented(lines)


def template_of(resources: Mapping[str, Any]) -> Iterator[str]:
    """Yield the lines of a template with these resources."""
    yield from _dumped({"Resources": dict(resources)})


def _check_texts(data: Any) -> None:
    for each in texts(data):
        place = each.find("{{resolve:")
        if place >= 0:
            raise InputError(f"CloudFormation would resolve the text `{each[place : place + 80]}`")
    for each in names(data):
        if each == "Ref" or each.startswith("Fn::"):
            raise InputError(f"CloudFormation would take the name `{each[:80]}` for a function")


def _policy(bucket: Resource, before: State, after: State) -> Iterator[str]:
    code = policy_code(before["policy"], after["policy"])
    where = _dumped({"Bucket": name_of(bucket)})
    yield from _resource(bucket, "Policy", "AWS::S3::BucketPolicy", where, _document("PolicyDocument", code))


def _key_policy(key: Resource, before: State, after: State) -> Iterator[str]:
    code = policy_code(before["key_policy"], after["key_policy"])
    yield from _resource(key, "", "AWS::KMS::Key", iter(()), _document("KeyPolicy", code))


def _encryption(bucket: Resource, _: State, after: State) -> Iterator[str]:
    names = {"ApplyServerSideEncryptionByDefault": "ServerSideEncryptionByDefault"}
    rules = [{names.get(name, name): value for name, value in each.items()} for each in after["encryption"]["Rules"]]
    found = {"BucketEncryption": {"ServerSideEncryptionConfiguration": rules}}
    yield from _resource(bucket, "", "AWS::S3::Bucket", _dumped({"BucketName": name_of(bucket)}), _dumped(found))


def _rotation(key: Resource, _: State, after: State) -> Iterator[str]:
    found = {"EnableKeyRotation": after["rotation"]["enabled"], "RotationPeriodInDays": after["rotation"]["days"]}
    yield from _resource(key, "", "AWS::KMS::Key", iter(()), _dumped(found))


_SNIPPETS: Final[Mapping[Setting, Callable[[Resource, State, State], Iterator[str]]]] = {
    Setting.POLICY: _policy,
    Setting.ENCRYPTION: _encryption,
    Setting.ROTATION: _rotation,
    Setting.KEY_POLICY: _key_policy,
}


def _resource(
    resource: Resource, suffix: str, kind: str, where: Iterator[str], properties: Iterator[str]
) -> Iterator[str]:
    yield "".join(each.title() for each in words_of(name_of(resource))) + f"{suffix}:"
    yield f"  Type: {kind}"
    yield f"  Properties:  {comment('those that are not named stay as they are')}"
    yield from indented(indented(where))
    yield from indented(indented(properties))


def _document(name: str, code: Code) -> Iterator[str]:
    yield from (comment(f"remove the statement {each}") for each in code.gone)
    yield f"{name}:"
    yield from indented(_dumped(dict(code.head)) if code.head else iter(()))
    yield "  Statement:"
    for each in code.statements:
        if each.mark:
            yield f"    {comment(each.mark)}"
        yield from indented(indented(_dumped([dict(each.statement)])))


def _dumped(data: Any) -> Iterator[str]:
    text = yaml.dump(data, Dumper=_Dumper, sort_keys=False, width=math.inf, default_flow_style=False)
    yield from text.splitlines()


class _Dumper(yaml.SafeDumper):
    """The safe dumper, without aliases, and with quotes around whatever another reader could take for no text."""

    def ignore_aliases(self, data: Any) -> bool:
        """Write everything where it stands."""
        del data
        return True


def _text(dumper: _Dumper, text: str) -> yaml.ScalarNode:
    style = None if _PLAIN.fullmatch(text) else "'"
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


_Dumper.add_representer(str, _text)
