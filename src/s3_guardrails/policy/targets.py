"""What is called: actions on resources with the condition keys each carries, over which network."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from functools import cache

from s3_guardrails.policy.actions import actions
from s3_guardrails.policy.demand import ACTION
from s3_guardrails.policy.domain import ABSENT, Domain, addresses, constants, texts
from s3_guardrails.policy.space import ActionAlternative, Alternative, Group
from s3_guardrails.policy.tokens import ANY, ANYTHING, Token, exactly, pattern

FIRST = ("GetObject", "PutObject", "ListBucket", "DeleteObject", "Decrypt", "GenerateDataKey", "PutKeyPolicy")
"""Actions that a person would try first."""


ACCESS_POINT = frozenset({"s3:dataaccesspointarn", "s3:dataaccesspointaccount", "s3:accesspointnetworkorigin"})
"""Keys of requests through an access point (S3 User Guide, "Delegating access control to access points")."""

FUTURE = "s3:AnActionOfTheFuture"
"""Stands for every action that the catalogue does not know yet; no condition key of S3 is taken to come with it."""


def bucket_actions(bucket_arn: str, only: Iterable[str] | None = None, *, future: bool = False) -> Group:
    """Every S3 action on a bucket and on its objects, or only the named ones; `future`: and one nobody knows yet."""
    objects = pattern((*exactly(f"{bucket_arn}/"), Token(ANY), ANYTHING))
    resources = {"bucket": constants(bucket_arn), "object": Domain(within=(objects,))}
    unknown = tuple(map(_unknown, resources)) if future else ()
    return Group("action", (*_alternatives("s3", _names(only)), *unknown), resources)


def key_actions(
    key: Domain, only: Iterable[str] | None = None, domains: dict[str, dict[str, Domain]] | None = None
) -> Group:
    """Every KMS action on a key, or only the named ones; `domains`: action → keys that take only some values."""
    narrowed = domains or {}
    found = _alternatives("kms", _names(only))
    alternatives = (
        replace(each, domains={**each.domains, **narrowed[each.label]}) if each.label in narrowed else each
        for each in found
    )
    return Group("action", tuple(alternatives), {"key": key})


def _names(only: Iterable[str] | None) -> frozenset[str] | None:
    return None if only is None else frozenset(only)


@cache
def _alternatives(service: str, names: frozenset[str] | None) -> tuple[ActionAlternative, ...]:
    """Return actions on each kind of resource that they have, the ones that a person would try first first."""
    found = (each for each in actions(service) if names is None or each.name in names)
    ordered = sorted(found, key=lambda each: FIRST.index(each.name) if each.name in FIRST else len(FIRST))
    besides = ACCESS_POINT if service == "s3" else frozenset[str]()
    return tuple(
        ActionAlternative(each.name, {ACTION: constants(each.full_name)}, kind, keys=each.keys | besides)
        for each in ordered
        for kind in each.on
    )


@cache
def _unknown(kind: str) -> ActionAlternative:
    return ActionAlternative("a future action", {ACTION: constants(FUTURE)}, kind)


@cache
def network() -> Group:
    """From the internet, or through a VPC endpoint: there a request has no aws:SourceIp."""
    internet = {
        "aws:sourceip": addresses(),
        "aws:vpcsourceip": ABSENT,
        "aws:sourcevpc": ABSENT,
        "aws:sourcevpcarn": ABSENT,
        "aws:sourcevpce": ABSENT,
        "aws:vpceaccount": ABSENT,
        "aws:vpceorgid": ABSENT,
        "aws:vpceorgpaths": ABSENT,
    }
    endpoint = {
        "aws:sourceip": ABSENT,
        "aws:vpcsourceip": addresses(),
        "aws:sourcevpc": texts("vpc-?*"),
        "aws:sourcevpcarn": texts("arn:*:ec2:*:*:vpc/vpc-?*", absent=True),
        "aws:sourcevpce": texts("vpce-?*"),
        "aws:vpceaccount": texts("#" * 12, absent=True),
        "aws:vpceorgid": texts("o-?*", absent=True),
        "aws:vpceorgpaths": texts("o-?*/?*/", absent=True, many=True),
    }
    return Group(
        "network", (Alternative("over the internet", internet), Alternative("through a VPC endpoint", endpoint))
    )


PLAIN_HTTP = Alternative("over plain HTTP", {"aws:securetransport": constants("false"), "s3:tlsversion": ABSENT})
"""S3 access logs show no TLS version on plain HTTP; that the condition key is absent there is assumed."""


def https(*versions: str) -> Alternative:
    """Over TLS of one of these versions, such as `1.2`."""
    domains = {"aws:securetransport": constants("true"), "s3:tlsversion": constants(*versions)}
    return Alternative("over TLS", domains)


ONLY_TLS = Alternative("over TLS", {"aws:securetransport": constants("true")})
"""How KMS is called: it has no plain HTTP, and no condition key for the version."""

TLS_VERSIONS = ("1.0", "1.1", "1.2", "1.3")
