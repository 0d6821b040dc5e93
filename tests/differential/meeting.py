"""The prover, the hunt through a small world and the SMT twin on one drawn policy."""

import json

from differential.changes import pair
from differential.generator import Document
from differential.hunt import hunt
from differential.plausible import faults
from differential.pools import OWN
from differential.topics import parameters, policy
from differential.world import SINCE
from effort import seeded
from s3_guardrails.encryption.key_access import KeyQuestions
from s3_guardrails.encryption.question import Answered, answered, ask
from s3_guardrails.policy.authorize import Outcome, authorize, denied
from s3_guardrails.policy.document import parse_policy
from smt.policies import Draw
from smt.versus import Meeting, meet

TOPICS = ("tls", "sse", "kms-outside", "kms-both", "kms-wildcard", "kms-writeonly", "kms-service", "kms-lockout")


def answer(topic: str, document: Document, params: Document) -> Answered:
    """The answer; of a lock-out, whether a request that changes the policy is found."""
    read = parse_policy(json.dumps(document))
    if topic in {"kms-service", "kms-lockout"}:
        questions = KeyQuestions(own=OWN, since=float(SINCE))
        found = questions.outside(read, others=False) if topic == "kms-service" else questions.locked_out(read)
        return answered(read, found)
    return ask(topic, read, bucket="bk", own=OWN, params=params, since=float(SINCE))


def disagreement(topic: str, document: Document, params: Document) -> str | None:
    """Say how prover and evaluator disagree on one policy."""
    found, read = answer(topic, document, params), parse_policy(document)
    if found.verdict == "proved":
        requests = hunt(topic, read, OWN, params, seeded(json.dumps(document)))
        return f"proved, yet {[each.as_json() for each in requests]}" if requests else None
    if found.counterexample is None:
        return None
    wrong = faults(topic, found.counterexample, OWN, params)
    if wrong:
        return f"refuted with an impossible request: {wrong} {found.counterexample.as_json()}"
    if topic.startswith("kms-"):
        through = authorize(read, found.counterexample).outcome is Outcome.ALLOW
    else:
        through = denied(read, found.counterexample) is False
    return None if through else f"refuted, yet not let through: {found.counterexample.as_json()}"


def draw(topic: str, number: int) -> tuple[Document, Document]:
    random = seeded(f"{topic} {number}")
    return policy(random, topic), parameters(random, topic)


def with_twin(topic: str, seed: int) -> list[Meeting]:
    """Prover and SMT twin on the policy of a seed, or on the change between two."""
    if topic != "compare":
        document, params = draw(topic, seed)
        bucket = None if topic.startswith("kms") else "bk"
        return [meet(Draw(topic, document, params, own=OWN, bucket=bucket, since=float(SINCE), seed=seed))]
    old, new, service = pair(f"pair {seed}")
    bucket = None if service == "kms" else "bk"
    ways = ("compare", "compare-allowed")
    return [meet(Draw(each, new, {}, old, own=OWN, bucket=bucket, since=float(SINCE), seed=seed)) for each in ways]
