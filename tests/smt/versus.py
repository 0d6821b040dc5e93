"""The prover and its SMT twin on one drawn policy."""

import json
from dataclasses import dataclass, replace

from s3_guardrails.cli.policy_space import bucket_space, key_space
from s3_guardrails.encryption.key_access import KeyQuestions
from s3_guardrails.encryption.question import ask
from s3_guardrails.policy.compare import Change, compare
from s3_guardrails.policy.document import Policy, parse_policy
from s3_guardrails.policy.prove import Answer, Inconclusive, Proved, Refuted
from smt.comparison import COMPARISONS
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
    if draw.topic == "kms-service":
        return _of_services(policy, draw)
    if draw.old is None:
        answer = ask(draw.topic, policy, bucket=draw.bucket, own=draw.own, params=draw.params, since=draw.since)
        return answer.verdict, "; ".join(answer.reasons)[:300]
    old = parse_policy(json.dumps(draw.old))
    if draw.bucket is None:
        space = key_space(old, policy, draw.own, "aws", draw.since)
    else:
        space = bucket_space(old, policy, draw.bucket, draw.own, "aws", draw.since)
    changes = compare(old, policy, space).changes
    asked = _CHANGES.get(draw.topic, tuple(Change))
    answers = [_told(changes[each]) for each in asked]
    return next(each for word in ("refuted", "inconclusive", "proved") for each in answers if each[0] == word)


_CHANGES = {"compare": (Change.NEWLY_DENIED,), "compare-allowed": (Change.NEWLY_ALLOWED,)}


def _told(answer: Answer) -> tuple[str, str]:
    match answer:
        case Proved():
            return "proved", ""
        case Inconclusive(reason):
            return "inconclusive", reason
        case Refuted():
            return "refuted", str(answer.counterexample.as_json())[:300]


def _of_services(policy: Policy, draw: Draw) -> tuple[str, str]:
    params = draw.params
    questions = KeyQuestions(
        own=draw.own,
        key_arn=params.get("key"),
        inside=frozenset(params.get("inside", ())),
        organizations=frozenset(params.get("org", ())),
        accepted_services=frozenset(params.get("services_ok", ())),
        since=draw.since,
    )
    return _told(questions.outside(policy, others=False))


def of_twin(draw: Draw) -> str:
    try:
        if draw.old is not None:
            compared = COMPARISONS[draw.topic]
            return compared(draw.old, draw.policy, own=draw.own, since=draw.since, bucket=draw.bucket)
        return decide(
            draw.topic, draw.policy, own=draw.own, params=draw.params, since=draw.since, bucket=draw.bucket or ""
        )
    except Unsupported as error:
        return f"no encoding: {error}"
    except Undecided:
        return "timeout"


def smallest(meeting: Meeting) -> Meeting:
    """Return the meeting over the smallest policies on which the two still say what they said."""

    def still(draw: Draw) -> bool:
        other = meet(draw)
        return (other.prover, other.twin) == (meeting.prover, meeting.twin)

    draw = meeting.draw
    draw = replace(draw, policy=minimised(draw.policy, lambda each: still(replace(meeting.draw, policy=each))))
    if draw.old is not None:
        draw = replace(draw, old=minimised(draw.old, lambda each: still(replace(draw, old=each))))
    return meet(draw)


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
