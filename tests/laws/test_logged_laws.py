"""The law of looking for callers in logs: nobody who was let through and would be denied goes unseen.

Policies and plans are those of the small world. A request that the plan denies anew is hunted for with all its keys,
then written to a log, which keeps few of them: what it does not keep must not matter.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from datetime import date
from functools import partial
from typing import Any

from differential.hunt import CUSTOMER, HTTP, KEY_ID, MODE, let_through, tls, writes
from differential.pools import KEY, OWN
from differential.world import World
from effort import FUZZ, seeded
from laws.test_remediation_laws import Try, tried_with
from log_lines import HTTP as PLAIN
from log_lines import access, event
from s3_guardrails.logs.access_text import read_access_line
from s3_guardrails.logs.book import LogBook
from s3_guardrails.logs.seen import Source
from s3_guardrails.logs.trail import read_event
from s3_guardrails.policy.authorize import clauses
from s3_guardrails.policy.document import Policy, Statement, parse_policy
from s3_guardrails.policy.request import ANONYMOUS, Request
from s3_guardrails.remediate.change import Proposed
from s3_guardrails.remediate.hazard_evidence import NO_EVIDENCE
from s3_guardrails.remediate.logged import http_evidence, upload_evidence

TODAY = date(2026, 6, 1)
DAY = date(2026, 5, 31)
HEADERS = {MODE: MODE[3:], KEY_ID: KEY_ID[3:], CUSTOMER: CUSTOMER[3:]}
RESOURCES = [{"type": "AWS::S3::Bucket", "ARN": "arn:aws:s3:::bk"}]


def newly_denied(topic: str, situations: Callable[[Try], list[dict[str, Any]]]) -> Iterator[tuple[Try, Request]]:
    """Hunt for requests that were let through and that one of the new statements of a plan denies."""
    for seed in range(FUZZ or 60):
        tried = tried_with(topic, seed)
        if not isinstance(tried.proposal, Proposed):
            continue
        before, after = parse_policy(tried.text), parse_policy(tried.proposal.after["policy"])
        world = World(after, "s3", seeded(f"logged {topic} {seed}"))
        score = partial(harmed, before, after.statements[len(before.statements) :])
        found = world.climb(world.callers(), ["s3:PutObject"], situations(tried), [score])
        if found is not None:
            yield tried, found


def harmed(before: Policy, ours: Sequence[Statement], request: Request) -> int:
    """Score 0: not denied before, and denied by one of ours."""
    (escaping,) = let_through(before)
    return escaping(request) + min(sum(truth is not True for _, truth in clauses(each, request)) for each in ours)


def requester(request: Request) -> str:
    """Whom an access log names: a role by a session of it, without its path."""
    if request.values.get("aws:principalisawsservice") == "true":
        return f"svc:{request.principal}"
    arn = request.values.get("aws:principalarn")
    role = re.fullmatch(r"arn:aws:iam::(\d{12}):role/(?:.*/)?([^/]+)", arn) if isinstance(arn, str) else None
    named = f"arn:aws:sts::{role[1]}:assumed-role/{role[2]}/session" if role else request.principal
    return "-" if named == ANONYMOUS else named


def identity(request: Request) -> dict[str, Any]:
    """Whom CloudTrail names: a role by its ARN."""
    arn = request.values.get("aws:principalarn")
    if request.values.get("aws:principalisawsservice") == "true":
        return {"type": "AWSService", "invokedBy": request.principal}
    if request.principal == ANONYMOUS:
        return {"type": "AWSAccount", "accountId": "ANONYMOUS_PRINCIPAL"}
    if isinstance(arn, str) and ":role/" in arn:
        return {"type": "AssumedRole", "arn": request.principal, "sessionContext": {"sessionIssuer": {"arn": arn}}}
    return {"type": "IAMUser", "arn": request.principal}


def transports(_: Try) -> list[dict[str, Any]]:
    return [HTTP, *map(tls, ("1.0", "1.1"))]


def test_nobody_who_would_be_denied_for_the_transport_goes_unseen():
    hunted = [*newly_denied("tls", transports)]
    assert len(hunted) > 5
    for tried, request in hunted:
        version = request.values.get("s3:tlsversion")
        transport = {"tls": f"TLSv{version}"} if version else PLAIN
        book = LogBook(TODAY)
        book.add(
            Source.ACCESS_LOG, read_access_line(access(DAY, bucket="bk", requester=requester(request), **transport))
        )
        found = http_evidence(NO_EVIDENCE, book, tried.bucket, tried.proposal)
        assert found.http_callers or "the role's path" in found.log_gaps[-1], (tried.text, tried.parameters, request)


def headers(tried: Try) -> list[dict[str, Any]]:
    """Headers as they can be sent: a key id without a mode is the key that was resolved."""
    default, absent = tried.bucket.default_encryption, dict.fromkeys(HEADERS)
    about = {"default": default.algorithm, "default_key": default.key, "keys": [KEY]}
    sent = [each for each, _, _ in writes(OWN, about, [tried.text]) if MODE in each or KEY_ID not in each]
    return [{**absent, **each, **tls("1.2")} for each in sent]


def test_nobody_who_would_be_denied_for_the_headers_goes_unseen():
    hunted = [*newly_denied("sse", headers)]
    assert len(hunted) > 5
    for tried, request in hunted:
        told = {name: request.values[key] for key, name in HEADERS.items() if key in request.values}
        where = {"requestParameters": {"bucketName": "bk", **told}, "resources": RESOURCES}
        book = LogBook(TODAY)
        book.add(Source.TRAIL, read_event(event(DAY, userIdentity=identity(request), **where)))
        found = upload_evidence(NO_EVIDENCE, book, tried.bucket, tried.proposal).wrong_uploaders
        assert len(found) == 1, (tried.text, tried.parameters, request)
