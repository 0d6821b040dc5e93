"""Reads a file of any kind, and finds the policies in it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, TypeVar

from s3_guardrails.errors import InputError
from s3_guardrails.policy.strict_json import kind
from s3_guardrails.template.bare import from_policy, is_policy
from s3_guardrails.template.cloudformation import from_template
from s3_guardrails.template.found import Assignment, File, Options, World
from s3_guardrails.template.loading import load
from s3_guardrails.template.plan import is_plan
from s3_guardrails.template.terraform import from_plan

T = TypeVar("T")


def read_file(data: bytes, options: Options) -> File:
    """Find the policies in a file's bytes; raise GuardrailError (InputError, PolicySyntaxError)."""
    loaded = load(data)
    tree = loaded.tree
    if not isinstance(tree, Mapping):
        raise InputError(f"expected a policy, a template or a plan, found {kind(tree)}")
    file = _walked(lambda: _file(tree, options, loaded.line_of))
    return replace(file, policies=[replace(each, at=_guarded(each.at)) for each in file.policies])


def _guarded(at: Callable[[Assignment], World | None]) -> Callable[[Assignment], World | None]:
    return lambda assignment: _walked(lambda: at(assignment))


def _walked(walk: Callable[[], T]) -> T:
    """References can lead from one to the next without end."""
    try:
        return walk()
    except RecursionError:
        raise InputError("references lead too far") from None


def _file(tree: Mapping[str, Any], options: Options, line_of: Any) -> File:
    if isinstance(tree.get("Resources"), Mapping):
        return from_template(tree, options, line_of)
    if options.parameters:
        raise InputError("--parameter: expected a CloudFormation template, found another kind of file")
    if is_plan(tree):
        return from_plan(tree, options)
    if is_policy(tree):
        return File(from_policy(tree, options))
    raise InputError("expected Statement (a policy), Resources (a template) or the output of `terraform show -json`")
