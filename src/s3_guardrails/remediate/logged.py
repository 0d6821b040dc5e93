"""Whom a change of a bucket policy would deny by what logs show, decided by evaluating the requests that were seen.

A log tells a request only in part. What it does not tell is taken for the worse: a new Deny statement applies whatever
the unknown keys are, and that a request was denied before is believed of statements alone that ask for nothing unknown.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import Final

from s3_guardrails.encryption.bucket import Bucket
from s3_guardrails.encryption.write import CUSTOMER, KEY, MODE
from s3_guardrails.logs.book import BySource, Kind, LogBook, Times
from s3_guardrails.logs.seen import Upload
from s3_guardrails.policy.authorize import applies
from s3_guardrails.policy.document import EMPTY, Policy, Statement, parse_policy
from s3_guardrails.policy.request import ANONYMOUS, Request
from s3_guardrails.policy.truth import Truth
from s3_guardrails.remediate.change import Proposed
from s3_guardrails.remediate.hazard import BLOCK_SSE_C, DENY_WRONG_UPLOADS, REQUIRE_TLS
from s3_guardrails.remediate.hazard_evidence import Evidence, SeenCaller, listed

_ANY_KEY: Final = "\uffff"
"""An object's key that only resources for all objects match."""
_SERVICE: Final = re.compile(r"[a-z0-9.-]+\.amazonaws\.com(\.cn)?")
_SESSION: Final = re.compile(r"(arn:[^:]+):sts::([0-9]{12}):assumed-role/([^/]+)")


def http_evidence(evidence: Evidence, book: LogBook, bucket: Bucket, proposal: Proposed) -> Evidence:
    """Add who used plain HTTP, or TLS below what the proposed policy demands; only access logs cover plain HTTP."""
    change = _Change.of(bucket, proposal)
    kinds = (each for part in (book.access, book.trail) for each in _kinds(part, bucket))
    seen, doubts = _callers(kinds, lambda kind: bool(kind.over_http or kind.tls) and change.denies(kind, "GetObject"))
    found = seen if seen or book.access.found else None
    return replace(evidence, http_callers=found, log_gaps=(*book.gaps(book.access, bucket.name), *doubts))


def upload_evidence(evidence: Evidence, book: LogBook, bucket: Bucket, proposal: Proposed) -> Evidence:
    """Add who uploaded with headers that the proposed policy denies; access logs tell no headers."""
    change = _Change.of(bucket, proposal)
    kinds = _kinds(book.trail, bucket)
    seen, doubts = _callers(kinds, lambda kind: bool(kind.upload) and change.newly_denies(kind, "PutObject"))
    found = seen if book.trail.found else None
    return replace(evidence, wrong_uploaders=found, log_gaps=(*book.gaps(book.trail, bucket.name), *doubts))


def customer_key_evidence(evidence: Evidence, book: LogBook, bucket: Bucket, _: Proposed) -> Evidence:
    """Add who uploaded with SSE-C; access logs tell no headers."""
    seen, _open = _callers(_kinds(book.trail, bucket), lambda kind: bool(kind.upload and kind.upload.customer))
    found = seen if book.trail.found else None
    return replace(evidence, customer_keys=found, log_gaps=tuple(book.gaps(book.trail, bucket.name)))


FROM_LOGS: Final[Mapping[str, Callable[[Evidence, LogBook, Bucket, Proposed], Evidence]]] = {
    REQUIRE_TLS: http_evidence,
    DENY_WRONG_UPLOADS: upload_evidence,
    BLOCK_SSE_C: customer_key_evidence,
}
"""Remediation → what logs add to the evidence."""


def _kinds(part: BySource, bucket: Bucket) -> Iterable[tuple[Kind, Times]]:
    return part.told(bucket.name).seen.items()


def _callers(
    kinds: Iterable[tuple[Kind, Times]], denied: Callable[[Kind], Truth]
) -> tuple[list[SeenCaller], Iterator[str]]:
    """Return who would be denied, and sentences about those of whom that is open."""
    found: dict[str, SeenCaller] = {}
    doubtful = set()
    for kind, times in kinds:
        truth = denied(kind)
        if truth is None:
            doubtful.add(kind.who)
        elif truth:
            known = found.get(kind.who, SeenCaller(kind.who, date.min, 0))
            last = max(known.last_seen, times.last)
            found[kind.who] = SeenCaller(kind.who, last, known.requests + times.count)
    return [*found.values()], _doubts(doubtful)


def _doubts(who: Iterable[str]) -> Iterator[str]:
    if named := listed(sorted(who)):
        yield f"whether the new statements spare {named} depends on the role's path, which the logs do not tell"


@dataclass(frozen=True, slots=True)
class _Change:
    """The Deny statements of a bucket's policy, and those that the proposed one has besides."""

    bucket: Bucket
    old: tuple[Statement, ...]
    new: tuple[Statement, ...]

    @classmethod
    def of(cls, bucket: Bucket, proposal: Proposed) -> _Change:
        before = bucket.policy if isinstance(bucket.policy, Policy) else EMPTY
        old = [each.source for each in before.denies]
        after = parse_policy(proposal.after["policy"])
        return cls(bucket, before.denies, tuple(each for each in after.denies if each.source not in old))

    def denies(self, kind: Kind, action: str) -> Truth:
        """May a new statement apply to such requests? None where that depends on the path of the caller's role."""
        found = {self._denies(self._request(kind, action, arn)) for arn in _arns(kind.who, self.new)}
        return found.pop() if len(found) == 1 else None

    def newly_denies(self, kind: Kind, action: str) -> Truth:
        """The same, and no old statement applied for certain; of requests whose action the log tells."""
        before = any(applies(each, asked) for each, asked in self._certain(kind, action))
        return False if before else self.denies(kind, action)

    def _denies(self, request: _Partly) -> bool:
        return any(applies(_of_known(each, request), request.asked) is not False for each in self.new)

    def _certain(self, kind: Kind, action: str) -> Iterator[tuple[Statement, Request]]:
        """Yield old statements that ask for nothing unknown; a session's role has a path that may be unknown."""
        request = self._request(kind, action, kind.who)
        for each in () if _SESSION.fullmatch(kind.who) else self.old:
            known = all(condition.name in request.known for condition in each.conditions)
            if known and not (each.not_resource or each.not_principal):
                yield each, request.asked

    def _request(self, kind: Kind, action: str, principal: str) -> _Partly:
        context: dict[str, str | None] = {**_caller(principal), **_transport(kind), **_headers(kind.upload)}
        told = {name: value for name, value in context.items() if value is not None}
        account = principal.split(":")[4] if principal.count(":") >= 5 else principal
        asked = Request(
            principal=principal,
            account=account if re.fullmatch(r"[0-9]{12}", account) else None,
            action=f"s3:{action}",
            resource=f"{self.bucket.arn}/{_ANY_KEY}",
            context=told,
        )
        return _Partly(asked, frozenset(map(str.lower, context)))


@dataclass(frozen=True, slots=True)
class _Partly:
    """A request, and the condition keys (in lower case) of which it is known whether and with what it came."""

    asked: Request
    known: frozenset[str]


def _of_known(statement: Statement, request: _Partly) -> Statement:
    kept = tuple(each for each in statement.conditions if each.name in request.known)
    return replace(statement, conditions=kept)


def _arns(who: str, statements: Iterable[Statement]) -> set[str]:
    """Return the ARNs that a caller may have: of a session's role, where no path is told, some that conditions mean."""
    session = _SESSION.fullmatch(who)
    if not session:
        return {who}
    base, name = f"{session[1]}:iam::{session[2]}:role", session[3]
    asked = (each for statement in statements for each in statement.conditions if each.name == "aws:principalarn")
    tails = [value.partition(":role/")[2] for each in asked for value in each.values]
    paths = {path.translate(_FILLED) for tail in tails for path in (tail, tail.rpartition("/")[0])}
    return {f"{base}/{name}", *(f"{base}/{path}/{name}" for path in paths if path)}


_FILLED: Final = str.maketrans("*?", "xx")
"""What stands for wildcards."""


def _caller(who: str) -> Mapping[str, str | None]:
    """Return what is known of a caller; None: such requests do not have the key."""
    if who == ANONYMOUS:
        return {"aws:PrincipalArn": None, "aws:PrincipalIsAWSService": None}
    if _SERVICE.fullmatch(who):
        return {"aws:PrincipalArn": None, "aws:PrincipalIsAWSService": "true"}
    return {"aws:PrincipalIsAWSService": "false", **({"aws:PrincipalArn": who} if who.startswith("arn:") else {})}


def _transport(kind: Kind) -> Mapping[str, str | None]:
    if kind.over_http is None:
        return {}
    told = {"s3:TlsVersion": kind.tls} if kind.over_http or kind.tls else {}
    return {"aws:SecureTransport": "false" if kind.over_http else "true", **told}


def _headers(upload: Upload | None) -> Mapping[str, str | None]:
    return {MODE: upload.mode, KEY: upload.key, CUSTOMER: upload.customer} if upload else {}
