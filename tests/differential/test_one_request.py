"""A question about a single request is no question: the prover must say what the plain evaluator says."""

import json
from random import Random
from typing import Any

import pytest

from differential.hunt import HTTP, tls
from differential.people import Caller
from differential.topics import policy
from differential.world import World
from effort import numbers, seeded
from s3_guardrails.policy.actions import actions
from s3_guardrails.policy.authorize import Outcome, authorize, denied
from s3_guardrails.policy.document import Policy, Principal, PrincipalKind, parse_policy
from s3_guardrails.policy.domain import ABSENT, Domain, constants
from s3_guardrails.policy.prove import Inconclusive, Proved, Question, Refuted, prove
from s3_guardrails.policy.request import Request
from s3_guardrails.policy.space import ActionAlternative, Alternative, Group, Space
from s3_guardrails.policy.tie import same_key


@pytest.mark.parametrize("topic", ["tls", "sse", "kms-outside"])
def test_the_prover_says_of_one_request_what_the_evaluator_says(topic: str):
    said = {Proved: 0, Refuted: 0, Inconclusive: 0}
    for number in numbers(400):
        random = seeded(f"one {topic} {number}")
        document = policy(random, topic)
        read = parse_policy(document)
        caller, request = some_request(read, "kms" if topic.startswith("kms") else "s3", random)
        allowed = topic.startswith("kms")
        answer = prove(read, Question((space_of(read, caller, request),), allowed=allowed))
        said[type(answer)] += 1
        truth = authorize(read, request).outcome is Outcome.ALLOW if allowed else denied(read, request) is False
        shown = (number, json.dumps(document), request.as_json(), answer)
        assert not (isinstance(answer, Proved) and truth), shown
        assert not (isinstance(answer, Refuted) and not truth), shown
        assert not isinstance(answer, Inconclusive) or open_to_doubt(read, request, answer), shown
    assert said[Proved] > 20
    assert said[Refuted] > 20


def open_to_doubt(read: Policy, request: Request, answer: Inconclusive) -> bool:
    """The evaluator is in doubt as well, or the prover did not try every value of a policy variable."""
    in_doubt = {authorize(read, request).outcome is Outcome.UNDETERMINED, denied(read, request) is None}
    return True in in_doubt or "policy variable" in answer.reason


def some_request(read: Policy, service: str, random: Random) -> tuple[Caller, Request]:
    """Any request of the small world."""
    world = World(read, service, random)
    names = [each.full_name for each in actions(service)]
    usual = ["s3:GetObject", "s3:PutObject"] * 9 if service == "s3" else ["kms:Decrypt", "kms:PutKeyPolicy"] * 9
    choice: dict[str, Any] = {
        "@caller": random.choice(world.callers()),
        "@action": random.choice([*usual, *names]),
        "@network": random.choice(world.networks()),
        "@situation": random.choice([HTTP, tls("1.2"), tls("1.3")]),
        "@resource": random.randrange(6),
    }
    choice |= {key: random.choice(world.free(key)) for key in sorted(world.used)}
    return choice["@caller"], world.request(choice, {})


def space_of(read: Policy, caller: Caller, request: Request) -> Space:
    """The space of this request alone."""
    service, values = request.action.partition(":")[0], request.values
    keys = World(read, service, seeded("")).used | values.keys()
    domains = {same_key(key): exactly(values[key]) if key in values else ABSENT for key in keys}
    if "aws:epochtime" in values:
        domains["aws:currenttime"] = exactly(values["aws:epochtime"])  # one time under two names
    arn = values.get("aws:principalarn")
    if isinstance(arn, str) and caller.kind not in {"service", "anonymous"}:
        domains["@caller"] = constants(arn)
        for key in ("aws:principalarn", "aws:principalaccount", "kms:calleraccount"):
            domains.pop(key, None)
    kind = PrincipalKind.SERVICE if caller.kind == "service" else PrincipalKind.ARN
    chain = {Principal(kind, caller.principal), Principal(PrincipalKind.FEDERATED, caller.principal)}
    person = Alternative("the caller", domains, caller.kind, frozenset(chain), caller.principal)
    asked = {"@action": constants(request.action), "@resource": constants(request.resource)}
    what = ActionAlternative(request.action, asked, keys=frozenset())
    return Space(service, (Group("caller", (person,)), Group("action", (what,))))


def exactly(value: str | tuple[str, ...]) -> Domain:
    return constants(value) if isinstance(value, str) else Domain(values=(value,), many=True)
