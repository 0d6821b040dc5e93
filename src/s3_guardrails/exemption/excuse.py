"""What an exemption does to a decision: it is shown with it, and never makes it better than it is."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date

from s3_guardrails.decision import Decision, Excuse, Reason, Verdict
from s3_guardrails.encryption.bucket import Bucket
from s3_guardrails.encryption.fact import Unreadable
from s3_guardrails.encryption.key import Key
from s3_guardrails.exemption.record import Exemption, State
from s3_guardrails.exemption.register import Register

UNREADABLE = "EXEMPTIONS_UNREADABLE"
IN_PART = "EXEMPT_IN_PART"


def excused(
    decision: Decision, rule: str, resource: Bucket | Key, register: Register | Unreadable, today: date
) -> Decision:
    """Return the decision with the exemption that holds today, or that has expired; others stay as they are.

    A register that cannot be read excuses nothing, and a NON_COMPLIANT says so. An exemption of a prefix excuses no
    verdict about the bucket.
    """
    if decision.verdict is not Verdict.NON_COMPLIANT:
        return decision
    if isinstance(register, Unreadable):
        return decision.advised(Reason(UNREADABLE, f"the exemptions could not be read: {register.reason}"))
    found = tuple(register.of(rule, resource))
    decision = decision.advised(*_in_part(found, today))
    whole = [each for each in found if each.scope.prefix is None]
    holding = next((each for each in whole if each.state(today).holds), None)
    if holding:
        return replace(decision, verdict=register.verdict, excuse=_excuse(holding, register, today))
    expired = next((each for each in whole if each.state(today) is State.EXPIRED), None)
    return replace(decision, excuse=_excuse(expired, register, today)) if expired else decision


def _excuse(each: Exemption, register: Register, today: date) -> Excuse:
    return Excuse(
        id=each.id,
        owner=each.owner,
        until=each.expires.isoformat(),
        state=each.state(today).value,
        days_left=each.days_left(today),
        register_sha256=register.sha256,
    )


def _in_part(found: tuple[Exemption, ...], today: date) -> Iterator[Reason]:
    for each in found:
        if each.scope.prefix is not None and each.state(today).holds:
            yield Reason(IN_PART, f"{each.id} is about {each.scope.prefix} only, until {each.expires}")
