"""AWS services that write to a bucket, and with which encryption header.

Found by the policy's principals and by what the services say (server access logging, AWS Config, CloudTrail).
Sources: Elastic Load Balancing, "Enable access logs" (SSE-S3 only; account ids of Regions from before August 2022);
S3 User Guide, "Enabling Amazon S3 server access logging"; AWS Config Developer Guide, "Permissions for the KMS key";
CloudTrail User Guide, "Encrypting CloudTrail log files"; CloudWatch Logs User Guide, "Logs sent to Amazon S3".
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from s3_guardrails.encryption.bucket import Bucket
from s3_guardrails.encryption.mode import SSE_S3_HEADER
from s3_guardrails.encryption.surroundings import Surroundings
from s3_guardrails.policy.document import Policy, Principal, PrincipalKind, Statement
from s3_guardrails.policy.pattern import matches

ACCESS_LOGS: Final = "logging.s3.amazonaws.com"
CONFIG: Final = "config.amazonaws.com"
TRAILS: Final = "cloudtrail.amazonaws.com"
VENDED_LOGS: Final = "delivery.logs.amazonaws.com"
LOAD_BALANCERS: Final = (
    "logdelivery.elasticloadbalancing.amazonaws.com",
    "logdelivery.elb.amazonaws.com",  # on Outposts
    "elasticloadbalancing.amazonaws.com",
)

LOAD_BALANCER_ACCOUNTS: Final = frozenset(
    {
        "009996457667",
        "027434742980",
        "033677994240",
        "037604701340",
        "048591011584",
        "054676820928",
        "076674570225",
        "098369216593",
        "114774131450",
        "127311923021",
        "156460612806",
        "190560391635",
        "383597477331",
        "507241528517",
        "582318560864",
        "589379963580",
        "600734575887",
        "635631232127",
        "638102146993",
        "652711504416",
        "718504428378",
        "754344448648",
        "783225319266",
        "797873946194",
        "897822967062",
        "985666609251",
    }
)
"""Accounts from which load balancers write their logs, one per Region; newer Regions use the service principal."""

NO_HEADER: Final = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceWriter:
    """A service as it writes: its principal, or the account it writes from.

    `headers`: the encryption headers its uploads may carry ("" is none). `own_key`: its uploads name a key of their
    own, so the bucket's default does not matter to them. `sse_s3_only`: it cannot write with KMS at all.
    """

    name: str
    principal: str
    account: str | None = None
    headers: tuple[str, ...] = (NO_HEADER, SSE_S3_HEADER)
    own_key: bool = False
    sse_s3_only: bool = False


def service_writers(bucket: Bucket, policy: Policy, surroundings: Surroundings) -> tuple[ServiceWriter, ...]:
    """Return every service that the policy lets write or that says that it does; unread facts add none."""
    return tuple(dict.fromkeys((*_let_in(bucket, policy, surroundings), *_by_settings(surroundings))))


def _let_in(bucket: Bucket, policy: Policy, surroundings: Surroundings) -> Iterator[ServiceWriter]:
    for each in (one for one in policy.allows if lets(one, "s3:PutObject")):
        foreign = bool(set(_ACCOUNT.findall(json.dumps(each.source))) - {bucket.account})
        for principal in each.principals:
            if principal.kind is PrincipalKind.SERVICE:
                yield _service(principal.value, Surroundings() if foreign else surroundings)
            elif account := _load_balancers(principal):
                arn = f"arn:{bucket.partition}:iam::{account}:root"
                yield _load_balancer("a load balancer's log delivery", arn, account)
        for name in _by_condition(each):
            yield _service(name, Surroundings() if foreign else surroundings)


def _by_condition(statement: Statement) -> Iterator[str]:
    """Services that a condition lets in: `Principal` may be anybody then."""
    for each in statement.conditions:
        if each.name in {"aws:principalservicename", "aws:principalservicenameslist"} and not each.operator.negated:
            yield from each.values


_ACCOUNT: Final = re.compile(r"(?<![0-9])[0-9]{12}(?![0-9])")
"""An account id; a statement that names another one lets a service write for that account, whose settings we lack."""


def lets(statement: Statement, action: str) -> bool:
    """Does an Allow name the action, or leave open whether it does?"""
    named = any(matches(each, action, ignore_case=True) for each in statement.actions)
    return named != statement.not_action or "Action" in statement.unclear


def _by_settings(surroundings: Surroundings) -> Iterator[ServiceWriter]:
    if surroundings.logs_from and isinstance(surroundings.logs_from, frozenset):
        yield _service(ACCESS_LOGS, surroundings)
    if surroundings.delivery_channels and isinstance(surroundings.delivery_channels, tuple):
        yield _service(CONFIG, surroundings)
    if surroundings.trails and isinstance(surroundings.trails, tuple):
        yield _service(TRAILS, surroundings)


def _service(name: str, surroundings: Surroundings) -> ServiceWriter:
    plain = name.removesuffix(".cn")
    if plain in LOAD_BALANCERS:
        return _load_balancer(name, name, None)
    if plain in {ACCESS_LOGS, VENDED_LOGS}:
        return ServiceWriter(name=name, principal=name, headers=(NO_HEADER,))
    if plain == CONFIG:
        return _with_keys(name, surroundings.delivery_channels, digests=False)
    if plain == TRAILS:
        trails = surroundings.trails
        digests = not isinstance(trails, tuple) or any(each.digests for each in trails)
        return _with_keys(name, trails, digests=digests)
    return ServiceWriter(name=name, principal=name)


def _with_keys(name: str, found: object, *, digests: bool) -> ServiceWriter:
    """A writer whose settings may name a key; one that is let in but that no setting shows is of another account."""
    settings = found if isinstance(found, tuple) else ()
    if not settings or not all(each.key for each in settings):
        return ServiceWriter(name=name, principal=name)
    return ServiceWriter(name=name, principal=name, headers=(SSE_S3_HEADER,) if digests else (), own_key=True)


def _load_balancer(name: str, principal: str, account: str | None) -> ServiceWriter:
    return ServiceWriter(name=name, principal=principal, account=account, sse_s3_only=True)


def _load_balancers(principal: Principal) -> str | None:
    parts = principal.value.split(":")
    account = parts[4] if len(parts) > 4 else principal.value
    return account if account in LOAD_BALANCER_ACCOUNTS else None
