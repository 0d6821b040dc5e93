"""Turn an answer about all requests into a reason: the sentence, the counterexample, and how it got past the policy."""

from __future__ import annotations

from s3_guardrails.decision import Reason
from s3_guardrails.policy.document import Effect, Policy
from s3_guardrails.policy.explain import passages, sentence, short
from s3_guardrails.policy.prove import Inconclusive, Refuted


def violation(code: str, what: str, policy: Policy, answer: Refuted) -> Reason:
    """Return the reason of a refuted guarantee.

    Evidence: `counterexample` (a request as JSON) and `request` (the same in words), `passages` (what each Deny and
    each applying Allow says of it), `statements` (labels of the Allow statements that let it through), `short`.
    """
    request = answer.counterexample
    rows = passages(policy, request)
    return Reason(
        code,
        what,
        {
            "counterexample": request.as_json(),
            "request": sentence(request),
            "passages": rows,
            "statements": [row["statement"] for row in rows if row["effect"] == Effect.ALLOW and row["applies"]],
            "short": short(request),
        },
    )


def undecided(code: str, what: str, answer: Inconclusive) -> Reason:
    """Return the reason of a guarantee that could be neither proved nor refuted."""
    return Reason(code, f"{what}: {answer.reason}")
