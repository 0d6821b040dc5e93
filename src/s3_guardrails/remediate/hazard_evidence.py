"""The words of hazards: what a check finds, what evidence it may be given, and the fact that could not be read."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Final

from s3_guardrails.encryption.fact import Unreadable
from s3_guardrails.encryption.key import Key
from s3_guardrails.remediate.change import Concern, Refusal

Finding = Refusal | Concern | str
"""What a check finds; a text is a note, which stops nothing."""

SHOWN: Final = 10
"""Names that a sentence lists before it counts the rest."""


@dataclass(frozen=True, slots=True)
class Hazards:
    """What speaks against a change: refusals stop it, concerns need a person's approval, notes only tell."""

    refusals: tuple[Refusal, ...] = ()
    concerns: tuple[Concern, ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class SeenCaller:
    """Somebody that logs show: ARN, account or `anonymous`; the last day, and how often."""

    who: str
    last_seen: date
    requests: int = 1


@dataclass(frozen=True, slots=True)
class Simulation:
    """What identity policies say: principal's ARN → KMS action → allowed on the key, or Unreadable.

    `complete`: these are all principals that use the bucket, not merely those that its policy names.
    """

    decisions: Mapping[str, Mapping[str, bool] | Unreadable] = field(default_factory=dict)
    complete: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """What else is known when a change is judged; None: nobody looked.

    `role`: the ARN that will write the change (a role, user or role session). `target`: the key that the default names
    after the change, with its `metadata` and `policy`. From logs, empty if nobody was seen: `http_callers`, over plain
    HTTP or too old TLS; `wrong_uploaders`, with headers that would be denied; `customer_keys`, with SSE-C;
    `log_gaps`, why an empty list does not show that nobody was there.
    """

    role: str | None = None
    target: Key | None = None
    http_callers: Sequence[SeenCaller] | None = None
    wrong_uploaders: Sequence[SeenCaller] | None = None
    customer_keys: Sequence[SeenCaller] | None = None
    log_gaps: tuple[str, ...] = ()
    simulation: Simulation | None = None
    accept_unknown_sse_c: bool = False


NO_EVIDENCE: Final = Evidence()


def collected(findings: Iterable[Finding]) -> Hazards:
    """Sort findings by what they are; one that is found twice counts once."""
    found = tuple(dict.fromkeys(findings))
    return Hazards(
        tuple(each for each in found if isinstance(each, Refusal)),
        tuple(each for each in found if isinstance(each, Concern)),
        tuple(each for each in found if isinstance(each, str)),
    )


def unreadable(fact: Unreadable, why: str, name: str | None = None) -> Refusal:
    """Refuse because a fact that decides something could not be read; `why` says what it decides."""
    named = name or fact.fact
    code = re.sub(r"[^A-Z0-9]+", "_", named.upper())
    words = named.replace("_", " ")
    return Refusal(
        f"UNREADABLE_{code}",
        f"{words} could not be read ({fact.reason}), and {why}",
        "let the remediation's role read it, or make the change by hand",
    )


def listed(names: Iterable[str], limit: int = SHOWN) -> str:
    """Name at most `limit` of several, and say how many more there are."""
    every = list(dict.fromkeys(names))
    more = f" and {len(every) - limit} more" if len(every) > limit else ""
    return ", ".join(every[:limit]) + more
