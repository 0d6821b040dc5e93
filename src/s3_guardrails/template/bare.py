"""Reads a policy that stands alone: the document, or what GetBucketPolicy and GetKeyPolicy answer."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from s3_guardrails.policy.document import Policy, parse_policy
from s3_guardrails.policy.strict_json import strict_json
from s3_guardrails.template.found import ACCOUNT, Assignment, Found, Kind, Options, World, account_choices, accounts

_KINDS: Final = {"s3": Kind.BUCKET, "kms": Kind.KEY}
EXAMPLE: Final = "example-bucket"


def is_policy(tree: Mapping[str, Any]) -> bool:
    """Is this a policy document, or an answer that carries one?"""
    return "Statement" in tree or isinstance(tree.get("Policy"), str)


def from_policy(tree: Mapping[str, Any], options: Options) -> list[Found]:
    """Return the one policy; raise PolicySyntaxError."""
    document = tree if "Statement" in tree else strict_json(tree["Policy"])
    policy = parse_policy(document)
    kind = kind_of(policy)
    candidates = accounts([document])
    choices = account_choices(options, candidates, kind)

    def at(assignment: Assignment) -> World:
        own = str(assignment.get(ACCOUNT, options.account))
        bucket, said = _bucket(policy, options) if kind is not Kind.KEY else (None, ())
        return World(policy=policy, account=own, bucket=bucket, assumed=(*candidates.said(own, options), *said))

    return [Found(kind=kind, place="", line=1, choices=choices, at=at)]


def kind_of(policy: Policy) -> Kind | None:
    """Tell by its actions what a policy is attached to; None where they are of both services or of none."""
    services = {each.partition(":")[0].lower() for statement in policy.statements for each in statement.actions}
    found = {_KINDS[each] for each in services if each in _KINDS}
    return found.pop() if len(found) == 1 and services - {"*"} <= set(_KINDS) else None


def _bucket(policy: Policy, options: Options) -> tuple[str | None, tuple[str, ...]]:
    """Return the bucket that the resources name, None where that is not one, and what is to be said of it.

    S3 accepts no policy whose resources are not its bucket.
    """
    if options.bucket is not None:
        return options.bucket, ()
    named = set(_buckets(policy, f"arn:{options.partition}:s3:::"))
    whole = {each for each in named if not set("*?$") & set(each)}
    if not named - {"*"}:
        return EXAMPLE, (f"`{EXAMPLE}` stands for the bucket",)
    if len(whole) == 1 and named <= {*whole, "*"}:
        name = whole.pop()
        return name, (f"the bucket is `{name}`, as the policy's resources say",)
    return None, ()


def _buckets(policy: Policy, prefix: str) -> Iterator[str]:
    for each in (text for statement in policy.statements for text in statement.resources):
        yield each.removeprefix(prefix).partition("/")[0] if each.startswith(prefix) else each
