"""What TLS-only breaks: a website endpoint, and callers that still use plain HTTP."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Final

from s3_guardrails.encryption.fact import Unreadable
from s3_guardrails.encryption.surroundings import Surroundings
from s3_guardrails.remediate.change import Concern, Refusal
from s3_guardrails.remediate.hazard_evidence import SHOWN, Evidence, Finding, listed, unreadable

WINDOW: Final = timedelta(days=30)
"""How recent a call over plain HTTP must be to stop the change."""


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


def callers(evidence: Evidence, today: date) -> Iterator[Finding]:
    """Callers over plain HTTP lose access; without logs nobody knows whether there are any."""
    if evidence.http_callers is None:
        what = "no logs were looked at: whether anybody still uses plain HTTP is not known"
        yield Concern("NO_LOGS", what)
        return
    recent = [each for each in evidence.http_callers if today - each.last_seen <= WINDOW]
    recent.sort(key=lambda each: (-each.requests, each.who))
    if recent:
        named = listed((f"{each.who} ({each.requests}, last {each.last_seen})" for each in recent), SHOWN)
        yield Refusal(
            "HTTP_CALLERS",
            f"plain HTTP was used in the last {WINDOW.days} days by {named}",
            "move these callers to HTTPS, then plan again",
        )
