"""The prover and its SMT twin on one drawn policy."""

import json
from dataclasses import dataclass, replace

from s3_guardrails.cli.policy_space import bucket_space
from s3_guardrails.encryption.question import ask
from s3_guardrails.policy.compare import Change, compare
from s3_guardrails.policy.document import parse_policy
from s3_guardrails.policy.prove import Inconclusive, Proved
from smt.buckets import newly_denied
from smt.minimise import minimised
from smt.policies import Draw
from smt.questions import decide
from smt.terms import Undecided
from smt.variables import Unsupported

AGREE = {("proved", "proved"), ("refuted", "refuted"), ("inconclusive", "open")}


@dataclass(frozen=True)
class Meeting:
    """Both answers. `prover`: proved, refuted or inconclusive; `twin`: proved, refuted, open, or why it has none."""

    draw: Draw
    prover: str
    twin: str
    why: str = ""

    @property
    def disagree(self) -> bool:
        """Does one claim what the other denies? Giving up is no claim."""
        known = self.twin in {"proved", "refuted", "open"}
        return known and self.prover != "inconclusive" and (self.prover, self.twin) not in AGREE

    @property
    def gave_up(self) -> bool:
        """Was the prover undecided where the twin was not?"""
        return self.prover == "inconclusive" and self.twin in {"proved", "refuted"}


def meet(draw: Draw) -> Meeting:
    prover, why = of_prover(draw)
    return Meeting(draw, prover, of_twin(draw), why)


def of_prover(draw: Draw) -> tuple[str, str]:
    policy = parse_policy(json.dumps(draw.policy))
    if draw.old is None:
        answer = ask(draw.topic, policy, bucket=draw.bucket, own=draw.own, params=draw.params, since=draw.since)
        return answer.verdict, "; ".join(answer.reasons)[:300]
    old = parse_policy(json.dumps(draw.old))
    space = bucket_space(old, policy, draw.bucket or "", draw.own, "aws", draw.since)
    found = compare(old, policy, space).changes[Change.NEWLY_DENIED]
    if isinstance(found, Inconclusive):
        return "inconclusive", found.reason
    return ("proved", "") if isinstance(found, Proved) else ("refuted", str(found.counterexample.as_json())[:300])


def of_twin(draw: Draw) -> str:
    try:
        if draw.old is not None:
            return newly_denied(draw.old, draw.policy, own=draw.own, since=draw.since, bucket=draw.bucket or "")
        return decide(
            draw.topic, draw.policy, own=draw.own, params=draw.params, since=draw.since, bucket=draw.bucket or ""
        )
    except Unsupported as error:
        return f"no encoding: {error}"
    except Undecided:
        return "timeout"


def smallest(meeting: Meeting) -> Meeting:
    """Return the meeting over the smallest policy on which the two still say what they said."""

    def still(policy: dict) -> bool:
        other = meet(replace(meeting.draw, policy=policy))
        return (other.prover, other.twin) == (meeting.prover, meeting.twin)

    return meet(replace(meeting.draw, policy=minimised(meeting.draw.policy, still)))


def as_case(meeting: Meeting) -> dict[str, object]:
    """One line for the found cases; the verdict is the twin's until somebody has looked."""
    draw, words = meeting.draw, {"proved": "pass", "refuted": "fail", "open": "unproved"}
    case = {
        "id": f"found-{draw.topic}-{draw.seed}",
        "topic": draw.topic,
        "bucket": draw.bucket,
        "own": draw.own,
        "policy": draw.policy,
        "params": draw.params,
        "verdict": words[meeting.twin],
        "reason": f"the prover said {meeting.prover}, the SMT twin {meeting.twin}",
    }
    return case | ({"old": draw.old} if draw.old else {})
