"""Who would be denied what a bucket policy lets through today: a website's visitors, and callers that logs show."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date

from s3_guardrails.encryption.fact import Unreadable
from s3_guardrails.encryption.surroundings import Surroundings
from s3_guardrails.logs.book import WINDOW
from s3_guardrails.remediate.change import Concern, Refusal
from s3_guardrails.remediate.hazard_evidence import Evidence, Finding, SeenCaller, listed, unreadable


def website(surroundings: Surroundings) -> Iterator[Finding]:
    """A website endpoint speaks plain HTTP only (S3 User Guide, "Website endpoints")."""
    on = surroundings.website
    if isinstance(on, Unreadable):
        yield unreadable(on, "a website endpoint would be taken down: it speaks HTTP only")
    elif on:
        yield Refusal(
            "WEBSITE_ENDPOINT",
            "the bucket serves a static website, whose endpoint speaks HTTP only: denying HTTP takes the site down",
            "serve the site through CloudFront with origin access control, turn the endpoint off, then plan again",
        )


def http_callers(evidence: Evidence, today: date) -> Iterator[Finding]:
    """Callers over plain HTTP lose access; without complete logs nobody knows whether there are any."""
    if evidence.http_callers is None:
        yield Concern("NO_LOGS", "no access logs were looked at: whether anybody still uses plain HTTP is not known")
    elif named := _recent(evidence.http_callers, today):
        yield Refusal(
            "HTTP_CALLERS",
            f"plain HTTP, or TLS older than is to be demanded, was used in the last {WINDOW.days} days by {named}",
            "move these callers to HTTPS, then plan again",
        )
    else:
        yield from _incomplete(evidence, "whether anybody still uses plain HTTP")


def wrong_uploaders(evidence: Evidence, today: date) -> Iterator[Finding]:
    """Whoever names a mode or key that is to be denied stops working: tools that send AES256 on their own, say."""
    if evidence.wrong_uploaders is None:
        what = "no data events were looked at: whether anybody uploads with what would be denied is not known"
        yield Concern("NO_LOGS", what)
    elif named := _recent(evidence.wrong_uploaders, today):
        yield Refusal(
            "WRONG_UPLOADERS",
            f"what would be denied was uploaded in the last {WINDOW.days} days by {named}",
            "let these writers take the bucket's default, or name its mode and key, then plan again",
        )
    else:
        yield from _incomplete(evidence, "whether anybody uploads with what would be denied")


def customer_keys(blocked: frozenset[str] | Unreadable, evidence: Evidence, today: date) -> Iterator[Finding]:
    """Whoever uploads with SSE-C stops working once it is blocked; what logs show is never overruled by an option."""
    if named := _recent(evidence.customer_keys or (), today):
        yield Refusal(
            "SSE_C_USED",
            f"SSE-C was used in the last {WINDOW.days} days by {named}",
            "let these writers take the bucket's default, then plan again",
        )
    elif evidence.accept_unknown_sse_c or (evidence.customer_keys is not None and not evidence.log_gaps):
        return
    elif isinstance(blocked, Unreadable):
        yield unreadable(blocked, "they say whether SSE-C uploads still work today")
    else:
        gaps = f": {'; '.join(evidence.log_gaps)}" if evidence.log_gaps else ""
        yield Refusal(
            "SSE_C_USE_UNKNOWN",
            f"SSE-C uploads work today and would be refused, and whether anybody makes them is not known{gaps}",
            "look for SSE-C in the logs and the inventory, then plan again with AcceptUnknownSseC",
        )


def _incomplete(evidence: Evidence, what: str) -> Iterator[Concern]:
    """That nobody was seen says something only where everybody would have been."""
    if evidence.log_gaps:
        yield Concern("LOGS_INCOMPLETE", f"{what} is not certain: {'; '.join(evidence.log_gaps)}")


def _recent(seen: Iterable[SeenCaller], today: date) -> str:
    """Name those of the window, the busiest first; empty where there is nobody."""
    recent = sorted(
        (each for each in seen if today - each.last_seen <= WINDOW), key=lambda each: (-each.requests, each.who)
    )
    return listed(f"{each.who} ({each.requests}, last {each.last_seen})" for each in recent)
