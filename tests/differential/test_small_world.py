"""Proofs against a hunt through a small world: what is proved no hunt refutes, what is refuted is confirmed.

`GUARDRAILS_FUZZ` is the number of policies for each question; without it the run takes some seconds.
"""

import json
from typing import Any

import pytest

from differential.hunt import hunt
from differential.plausible import faults
from differential.pools import OWN
from differential.shrink import shrink
from differential.topics import parameters, policy
from differential.world import SINCE
from effort import FUZZ, seeded
from s3_guardrails.encryption.key_access import KeyQuestions, without_accounts
from s3_guardrails.encryption.question import Answered, ask
from s3_guardrails.policy.authorize import Outcome, authorize, denied
from s3_guardrails.policy.document import parse_policy
from s3_guardrails.policy.prove import Refuted
from s3_guardrails.policy.request import Request

POLICIES = {"tls": 100, "sse": 40, "kms-outside": 100, "kms-both": 60, "kms-wildcard": 50, "kms-writeonly": 100}
CHUNKS = range(5)
Document = dict[str, Any]


def answer(topic: str, document: Document, params: Document) -> Answered:
    read = parse_policy(json.dumps(document))
    return ask(topic, read, bucket="bk", own=OWN, params=params, since=float(SINCE))


@pytest.mark.parametrize("topic", POLICIES)
@pytest.mark.parametrize("chunk", CHUNKS)
def test_what_is_proved_no_hunt_refutes_and_what_is_refuted_is_confirmed(topic: str, chunk: int):
    size = -(-(FUZZ or POLICIES[topic]) // len(CHUNKS))
    answered = {"proved": 0, "refuted": 0, "inconclusive": 0}
    for number in range(chunk * size, (chunk + 1) * size):
        random = seeded(f"{topic} {number}")
        document, params = policy(random, topic), parameters(random, topic)
        found = disagreement(topic, document, params)
        if found:
            small = shrink(document, lambda each: disagreement(topic, each, params) is not None)  # noqa: B023
            pytest.fail(f"{topic} {number}: {disagreement(topic, small, params)}\n{json.dumps(small)}\n{params}")
        answered[answer(topic, document, params).verdict] += 1
    assert answered["proved"] > size // 20, "the policies are too weak to tell anything about proofs"
    assert answered["refuted"] > size // 20, "the policies are too strong to tell anything about refutations"
    assert answered["inconclusive"] < size // 4, answered


@pytest.mark.parametrize("topic", POLICIES)
def test_the_hunt_finds_most_of_what_is_refuted(topic: str):
    found = []
    for number in range(50):
        random = seeded(f"{topic} {number}")
        document, params = policy(random, topic), parameters(random, topic)
        if answer(topic, document, params).verdict == "refuted" and len(found) < 10:
            found.append(bool(hunt(topic, parse_policy(document), OWN, params, random)))
    assert sum(found) * 3 > len(found) * 2, (
        f"{found.count(False)} of {len(found)} missed: silence of the hunt says little"
    )


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


@pytest.mark.parametrize("topic", ["kms-both", "kms-wildcard"])
def test_requests_that_refute_together_are_of_one_caller_and_each_is_allowed(topic: str):
    questions = KeyQuestions(own=OWN, since=float(SINCE))
    refuted = 0
    for number in range(FUZZ or 120):
        document = policy(seeded(f"{topic} {number}"), topic)
        read = parse_policy(document)
        found = questions.both(read) if topic == "kms-both" else questions.wildcard(read)
        if isinstance(found, Refuted):
            refuted += 1
            reduced = without_accounts(read, only=None if topic == "kms-both" else OWN)
            assert len({_identity(each) for each in found.requests}) == 1, json.dumps(document)
            assert all(authorize(reduced, each).outcome is Outcome.ALLOW for each in found.requests), json.dumps(
                document
            )
    assert refuted > 5


def _identity(request: Request) -> tuple[object, ...]:
    lasting = ("aws:principalarn", "aws:principalorgid", "aws:principaltype", "aws:userid", "aws:principaltag/team")
    return request.principal, request.account, *(request.values.get(key) for key in lasting)
