"""`key-policy render`: key policies of least privilege out of the guardrails file, as JSON or as code."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import click

from s3_guardrails.cli.exit_code import ExitCode
from s3_guardrails.cli.remediate_cloudformation import template_of
from s3_guardrails.cli.remediate_code import comment, policy_code, words_of
from s3_guardrails.cli.remediate_hcl import Expression, attributes, block
from s3_guardrails.cli.remediate_terraform import policy_document
from s3_guardrails.cli.text import pretty_json, say
from s3_guardrails.discovery import find_rules
from s3_guardrails.errors import InputError
from s3_guardrails.settings.guardrails import FILE_NAME, Guardrails, read_guardrails
from s3_guardrails.settings.key_policy import Rendered, render_key_policy

FORMS: Final = ("json", "terraform", "cloudformation")


@click.group()
def key_policy() -> None:
    """Key policies of least privilege out of declared duties."""


@key_policy.command()
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False), default=FILE_NAME)
@click.option("--key", "only", metavar="ARN", help="Only this key or alias of `keys.declared`.")
@click.option("--form", type=click.Choice(FORMS), default="json", show_default=True, help="What is printed.")
def render(file: Path, only: str | None, form: str) -> ExitCode:
    """Print the key policy of each key that FILE [guardrails.yaml] declares duties for.

    Each is proven by the rule KMS_KEY_POLICY_LEAST_PRIVILEGE first, and that the account can change it again. Exits 2
    where one is not of least privilege, and then prints none.
    """
    settings = read_guardrails(file)
    rendered = [_rendered(file, settings, each) for each in settings.declared_keys if only in {None, each.key}]
    if not rendered:
        raise InputError(f"`{file}`: keys.declared: expected {f'the key `{only}`' if only else 'a key'}, found none")
    for each in rendered:
        for note in each.notes:
            say(f"{each.declared.key}: {note}")
    if form != "json":
        _check_names(rendered)
    _print(rendered, settings, form)
    return ExitCode.COMPLIANT


def _rendered(file: Path, settings: Guardrails, declared: Any) -> Rendered:
    try:
        return render_key_policy(declared, settings, [entry.rule for entry in find_rules()])
    except InputError as error:
        raise InputError(f"`{file}`: keys.declared: {error}") from None


def _check_names(rendered: list[Rendered]) -> None:
    """Raise InputError where two keys would become one resource, such as one alias in two Regions."""
    seen: dict[str, str] = {}
    for each in rendered:
        name = "".join(words_of(_name(each))).casefold()
        if name in seen:
            raise InputError(f"`{seen[name]}` and `{each.declared.key}` would have one name: pass --key")
        seen[name] = each.declared.key


def _print(rendered: list[Rendered], settings: Guardrails, form: str) -> None:
    match form:
        case "json":
            policies = {each.declared.key: each.policy for each in rendered}
            click.echo(pretty_json(next(iter(policies.values())) if len(policies) == 1 else policies))
        case "terraform":
            for each in rendered:
                click.echo("\n".join(_terraform(each, settings)))
        case _:
            resources: dict[str, Any] = {}
            for each in rendered:
                resources |= _cloudformation(each, settings)
            click.echo("\n".join(template_of(resources)))


def _name(each: Rendered) -> str:
    return each.alias or each.key.key_id


def _terraform(each: Rendered, settings: Guardrails) -> Iterator[str]:
    label = "_".join(words_of(_name(each)))
    label = label if label[:1].isalpha() else f"_{label}"
    yield comment(f"Key policy of {each.declared.key}, rendered from declared duties and proven by the rule.")
    text = pretty_json(each.policy)
    yield from policy_document(policy_code(text, text), label)
    yield ""
    document = Expression(f"data.aws_iam_policy_document.{label}.json")
    if each.alias is None:
        head = f'resource "aws_kms_key_policy" "{label}"'
        yield from block(head, attributes({"key_id": each.declared.key, "policy": document}))
        return
    rotation = {"enable_key_rotation": True, "rotation_period_in_days": settings.rotation_days}
    yield from block(f'resource "aws_kms_key" "{label}"', attributes({**rotation, "policy": document}))
    yield ""
    target = Expression(f"aws_kms_key.{label}.key_id")
    alias = {"name": f"alias/{each.alias}", "target_key_id": target}
    yield from block(f'resource "aws_kms_alias" "{label}"', attributes(alias))


def _cloudformation(each: Rendered, settings: Guardrails) -> dict[str, Any]:
    name = "".join(word.title() for word in words_of(_name(each)))
    key = {
        "Type": "AWS::KMS::Key",
        "DeletionPolicy": "Retain",
        "UpdateReplacePolicy": "Retain",
        "Properties": {
            "EnableKeyRotation": True,
            "RotationPeriodInDays": settings.rotation_days,
            "KeyPolicy": dict(each.policy),
        },
    }
    if each.alias is None:
        return {f"{name}Key": key}
    target = {"Fn::GetAtt": [f"{name}Key", "KeyId"]}
    alias = {"AliasName": f"alias/{each.alias}", "TargetKeyId": target}
    return {f"{name}Key": key, f"{name}Alias": {"Type": "AWS::KMS::Alias", "Properties": alias}}
