"""What is exempt is left as it is: an exemption says that somebody relies on the deviation."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from s3_guardrails.encryption.fact import Unreadable
from s3_guardrails.exemption.register import Register
from s3_guardrails.remediate.change import Concern, Refusal
from s3_guardrails.remediate.hazard_evidence import Finding
from s3_guardrails.remediate.state import Resource


def exempt(register: Register | Unreadable, rule: str, resource: Resource, today: date) -> Iterator[Finding]:
    """Yield what the exemptions say; a register that cannot be read may hold one, so nothing is changed."""
    if isinstance(register, Unreadable):
        what = f"the exemptions could not be read: {register.reason}"
        yield Refusal("EXEMPTIONS_UNREADABLE", what, "make the register readable; what is exempt must not be changed")
        return
    for each in register.of(rule, resource):
        if not each.state(today).holds:
            continue
        told = f"{each.id} exempts {each.scope} until {each.expires}; {each.owner} answers for it"
        if each.scope.prefix is None:
            yield Refusal("EXEMPT", told, "wait until the exemption has ended, or have its owner withdraw it")
        else:
            yield Concern("EXEMPT_IN_PART", f"{told}, and the change is about the whole bucket")
