"""The space of a question speaks of everything that the policy looks at, in every alternative.

A dimension that one alternative forgets would count there as never deciding anything, and a proof would be unsound.
"""

import json
from typing import Any

import pytest

from differential.generator import Document
from differential.pools import OWN
from differential.topics import parameters, policy
from effort import numbers, seeded
from s3_guardrails.encryption import key_access, transport, write
from s3_guardrails.encryption.question import ask
from s3_guardrails.policy.demand import PRINCIPAL, Literal, Reading
from s3_guardrails.policy.document import Policy, parse_policy
from s3_guardrails.policy.literal import literals
from s3_guardrails.policy.prove import Proved, Question
from s3_guardrails.policy.space import Group, Space, keys_used
from s3_guardrails.policy.split import Ask, Split

TOPICS = ["tls", "sse", "kms-outside", "kms-both", "kms-wildcard", "kms-writeonly"]


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[tuple[Policy, Question]]:
    """What the questions hand to the prover."""
    found: list[tuple[Policy, Question]] = []

    def record(read: Policy, question: Question) -> Proved:
        found.append((read, question))
        return Proved()

    for module in (transport, write, key_access):
        monkeypatch.setattr(module, "prove", record)
    return found


@pytest.mark.parametrize("topic", TOPICS)
def test_every_alternative_defines_every_dimension_that_decides_a_literal(topic: str, asked):
    looked_at = 0
    for number in numbers(60):
        random = seeded(f"space {topic} {number}")
        document, params = policy(random, topic), parameters(random, topic)
        asked.clear()
        ask(topic, parse_policy(document), bucket="bk", own=OWN, params=params)
        for read, question in asked:
            for space in question.spaces[:3]:
                looked_at += check(read, space.covering(read), document)
    assert looked_at > 100


def check(read: Policy, space: Space, document: Document) -> int:
    found = [each for statement in read.statements for each in literals(statement, Reading())]
    split = Split([Ask(space, (), (tuple((each,) for each in found),))])
    for literal in found:
        homes = [index for index, group in enumerate(space.groups) if any(defines(group, literal))]
        assert len(homes) == 1, (literal.key, homes, json.dumps(document))
        group = space.groups[homes[0]]
        lacking = [each.label for each, has in zip(group.alternatives, defines(group, literal), strict=True) if not has]
        assert not lacking, (literal.key, lacking, json.dumps(document))
        assert split._home(0, literal) == homes[0], (literal.key, json.dumps(document))
    return len(found)


def defines(group: Group, literal: Literal) -> list[bool]:
    """For each alternative: does it have the dimension that decides the literal?"""
    dimensions = [(literal.dimension(each.caller), each.domains) for each in group.alternatives]
    decided_by_kind = group.name == "caller"
    return [name in domains or (name == PRINCIPAL and decided_by_kind) for name, domains in dimensions]


KEYS: list[Any] = [
    *(
        "aws:PrincipalArn",
        "aws:PrincipalAccount",
        "aws:username",
        "aws:userid",
        "aws:PrincipalOrgID",
        "aws:SourceOrgPaths",
    ),
    *("kms:CallerAccount", "kms:ViaService", "s3:TlsVersion", "s3:prefix", "aws:PrincipalTag/x", "aws:SourceVpc"),
    *(
        "aws:FederatedProvider",
        "aws:SourceOrgPaths",
        "unknown:key",
        "s3:x-amz-server-side-encryption",
        "kms:EncryptionContext:aws:logs:arn",
    ),
]


@pytest.mark.parametrize("key", KEYS)
@pytest.mark.parametrize("topic", TOPICS)
def test_a_key_has_a_dimension_whichever_question_is_asked(topic: str, key: str, asked):
    condition = {"StringLike": {key: "x*"}, "Null": {key: "false"}, "ForAllValues:StringEquals": {key: f"${{{key}}}"}}
    service = "s3" if topic in {"tls", "sse"} else "kms"
    principal = {"AWS": f"arn:aws:sts::{OWN}:assumed-role/a/b", "Service": "logs.amazonaws.com", "Federated": "x"}
    statements = [
        {"Effect": effect, "Principal": principal, "Action": f"{service}:*", "Resource": "*", "Condition": condition}
        for effect in ("Allow", "Deny")
    ]
    document = {"Version": "2012-10-17", "Statement": statements}
    params = parameters(seeded("fixed"), topic)
    ask(topic, parse_policy(document), bucket="bk", own=OWN, params=params)
    assert asked
    for read, question in asked:
        assert key.lower() in keys_used(read.statements)
        check(read, question.spaces[0].covering(read), document)
