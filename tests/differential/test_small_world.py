"""Proofs against a hunt through a small world: what is proved no hunt refutes, what is refuted is confirmed.

`GUARDRAILS_FUZZ` is the number of policies for each question; without it the run takes some seconds.
"""

import json

import pytest

from differential.changes import changed, compared, hunt_change, pair
from differential.hunt import hunt
from differential.meeting import answer, disagreement, with_twin
from differential.pools import OWN
from differential.shrink import shrink
from differential.topics import parameters, policy
from differential.world import SINCE
from effort import numbers, seeded
from s3_guardrails.encryption.key_access import KeyQuestions, without_accounts
from s3_guardrails.policy.authorize import Outcome, authorize
from s3_guardrails.policy.document import parse_policy
from s3_guardrails.policy.prove import Refuted
from s3_guardrails.policy.request import Request

POLICIES = {"tls": 100, "sse": 40, "kms-outside": 100, "kms-both": 60, "kms-wildcard": 50, "kms-writeonly": 100} | {
    "kms-service": 50,
    "kms-lockout": 50,
}
CHUNKS = range(5)


@pytest.mark.parametrize("topic", POLICIES)
@pytest.mark.parametrize("chunk", CHUNKS)
def test_what_is_proved_no_hunt_refutes_and_what_is_refuted_is_confirmed(topic: str, chunk: int):
    seeds = numbers(POLICIES[topic])[chunk :: len(CHUNKS)]
    answered = {"proved": 0, "refuted": 0, "inconclusive": 0}
    for number in seeds:
        random = seeded(f"{topic} {number}")
        document, params = policy(random, topic), parameters(random, topic)
        found = disagreement(topic, document, params)
        if found:
            small = shrink(document, lambda each: disagreement(topic, each, params) is not None)  # noqa: B023
            pytest.fail(f"{topic} {number}: {disagreement(topic, small, params)}\n{json.dumps(small)}\n{params}")
        answered[answer(topic, document, params).verdict] += 1
    assert answered["proved"] > len(seeds) // 20, "the policies are too weak to tell anything about proofs"
    assert answered["refuted"] > len(seeds) // 20, "the policies are too strong to tell anything about refutations"
    assert answered["inconclusive"] < len(seeds) // 4, answered


@pytest.mark.parametrize("topic", [*POLICIES, "compare"])
def test_the_smt_twin_says_what_the_prover_says(topic: str):
    meetings = [each for number in numbers(25) for each in with_twin(topic, number)]
    assert not [(each.draw, each.prover, each.twin, each.why) for each in meetings if each.disagree]


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


@pytest.mark.parametrize("topic", ["kms-both", "kms-wildcard"])
def test_requests_that_refute_together_are_of_one_caller_and_each_is_allowed(topic: str):
    questions = KeyQuestions(own=OWN, since=float(SINCE))
    refuted = 0
    for number in numbers(120):
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


@pytest.mark.parametrize("chunk", range(4))
def test_what_changes_between_two_policies_no_hunt_contradicts(chunk: int):
    for number in numbers(16)[chunk::4]:
        old, new, service = pair(f"pair {number}")
        assert changed(old, new, service, f"hunt {number}") is None, (number, json.dumps(old), json.dumps(new))


def test_the_hunt_finds_most_of_what_changes():
    found = []
    for number in range(30):
        old, new, service = pair(f"pair {number}")
        before, after = parse_policy(old), parse_policy(new)
        changes = compared(before, after, service).changes
        refuted = [each for each in changes if isinstance(changes[each], Refuted)]
        found += [hunt_change(each, before, after, service, seeded(number)) is not None for each in refuted]
    assert len(found) > 10
    assert sum(found) * 3 > len(found) * 2, f"{found.count(False)} of {len(found)} missed"
