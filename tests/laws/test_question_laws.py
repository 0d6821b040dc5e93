"""The laws of questions about all requests: what can only help a proof never turns it into a refutation.

The policies are those of the small world; what is not decided (a part nobody understands) is left out of each law.
"""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from differential.generator import Document, Maker
from differential.pools import INSIDE, ORG, OWN, ROLE, WRITER
from differential.topics import parameters, policy
from effort import seeded
from s3_guardrails.encryption.question import ask
from s3_guardrails.policy.document import parse_policy

SEEDS = st.integers(0, 1_000_000)
TOPICS = ["tls", "sse", "kms-outside", "kms-both", "kms-wildcard", "kms-writeonly"]
Parameters = dict[str, Any]


def made(topic: str, seed: int) -> tuple[Document, Parameters]:
    random = seeded(f"law {topic} {seed}")
    return policy(random, topic), parameters(random, topic)


def verdict(topic: str, document: Document, params: Parameters) -> str:
    read = parse_policy(json.dumps(document))
    return ask(topic, read, bucket="bk", own=OWN, params=params, since=1_795_000_000.0).verdict


def helps(topic: str, document: Document, less: Parameters, more: Parameters) -> None:
    """`more` can only help: proved stays at least unrefuted, and what is refuted even so was not proved before."""
    assert (verdict(topic, document, less), verdict(topic, document, more)) != ("proved", "refuted"), (
        json.dumps(document),
        less,
        more,
    )


@pytest.mark.parametrize("topic", TOPICS)
@given(SEEDS)
def test_adding_a_deny_never_breaks_a_proof(topic, seed):
    """An explicit deny overrides any allow, so with one more, fewer requests are let through."""
    document, params = made(topic, seed)
    maker = Maker(seeded(seed), "s3" if topic in {"tls", "sse"} else "kms")
    deny = maker.bend({"Effect": "Deny", "Principal": "*", "Action": maker.actions[0], "Resource": maker.resources[0]})
    longer = {**document, "Statement": [*document["Statement"], deny]}
    if verdict(topic, document, params) == "proved":
        assert verdict(topic, longer, params) != "refuted", (json.dumps(longer), params)


@pytest.mark.parametrize("topic", TOPICS)
@given(SEEDS)
def test_taking_an_allow_away_never_breaks_a_proof(topic, seed):
    """Without an allow, fewer requests are allowed; questions about denials do not look at allows at all."""
    document, params = made(topic, seed)
    denies = {**document, "Statement": [each for each in document["Statement"] if each["Effect"] == "Deny"]}
    before, after = verdict(topic, document, params), verdict(topic, denies, params)
    assert (before, after) != ("proved", "refuted"), (json.dumps(document), params)
    if topic in {"tls", "sse"} and "inconclusive" not in {before, after}:
        assert before == after


@pytest.mark.parametrize("topic", TOPICS)
@given(SEEDS)
def test_order_and_duplicates_of_statements_do_not_matter(topic, seed):
    document, params = made(topic, seed)
    statements = document["Statement"]
    several = [*statements, *statements[:2]]
    shuffled = {**document, "Statement": seeded(seed).sample(several, len(several))}
    assert {verdict(topic, document, params), verdict(topic, shuffled, params)} != {"proved", "refuted"}


@given(SEEDS, st.sampled_from(["AES256", "aws:kms", "aws:kms:dsse", "SSE-C"]))
def test_accepting_more_modes_never_breaks_a_proof(seed, mode):
    document, params = made("sse", seed)
    helps("sse", document, params, {**params, "modes": [*params["modes"], mode]})


@given(SEEDS)
def test_accepting_more_keys_never_breaks_a_proof(seed):
    document, params = made("sse", seed)
    keys = params.get("keys", ["arn:aws:kms:us-east-1:999999999999:key/1"])
    helps("sse", document, {**params, "keys": keys}, {**params, "keys": [*keys, "arn:aws:kms:*:999999999999:key/*"]})


@given(SEEDS)
def test_blocking_customer_provided_keys_never_breaks_a_proof(seed):
    document, params = made("sse", seed)
    without = {name: value for name, value in params.items() if name != "blocked"}
    helps("sse", document, without, {**without, "blocked": ["SSE-C"]})


@given(SEEDS, st.sampled_from([{"inside": [INSIDE]}, {"org": [ORG]}, {"services_ok": ["cloudtrail.amazonaws.com"]}]))
def test_trusting_more_never_breaks_a_proof(seed, trusted):
    document, _ = made("kms-outside", seed)
    helps("kms-outside", document, {}, trusted)
    helps("kms-outside", document, trusted, {"inside": [INSIDE, "444455556666"], "org": [ORG], **trusted})


@pytest.mark.parametrize("topic", ["tls", "sse"])
@given(SEEDS)
def test_leaving_services_out_never_breaks_a_proof(topic, seed):
    document, params = made(topic, seed)
    params.pop("services", None)
    helps(topic, document, params, {**params, "services": False})


@given(SEEDS, st.sampled_from([{"via": False}, {"principals": [ROLE]}, {"principals": ["arn:aws:iam::*:role/*"]}]))
def test_leaving_callers_out_never_breaks_a_proof(seed, fewer):
    document, _ = made("tls", seed)
    helps("tls", document, {}, fewer)


@given(SEEDS, st.sampled_from([("1.1", "1.0"), ("1.2", "1.1"), ("1.3", "1.2"), ("1.0", None), ("1.2", None)]))
def test_asking_for_an_older_version_of_tls_never_breaks_a_proof(seed, versions):
    document, _ = made("tls", seed)
    newer, older = ({"minimum": each} if each else {} for each in versions)
    helps("tls", document, newer, older)


@given(SEEDS)
def test_a_writer_that_may_decrypt_through_s3_is_asked_less(seed):
    document, _ = made("kms-writeonly", seed)
    helps("kms-writeonly", document, {"principals": [WRITER, ROLE]}, {"principals": [WRITER, ROLE], "multipart": True})
    helps("kms-writeonly", document, {"principals": [WRITER, ROLE]}, {"principals": [WRITER]})


@pytest.mark.parametrize("topic", TOPICS)
@given(SEEDS)
def test_no_proof_rests_on_a_statement_with_an_unknown_operator(topic, seed):
    """What nobody understands may as well not be written: a Deny not there, an Allow without the condition."""
    document, params = made(topic, seed)
    index = seed % len(document["Statement"])
    unclear, gone = (json.loads(json.dumps(document)) for _ in range(2))
    unclear["Statement"][index].setdefault("Condition", {})["StringSoundsLike"] = {"aws:UserAgent": "x"}
    if gone["Statement"][index]["Effect"] == "Deny":
        del gone["Statement"][index]
    if verdict(topic, unclear, params) == "proved":
        assert verdict(topic, gone, params) != "refuted", (json.dumps(unclear), params)
    if verdict(topic, unclear, params) == "refuted":
        assert verdict(topic, document, params) != "proved", (json.dumps(unclear), params)


def test_a_counterexample_is_the_same_whenever_it_is_asked_for():
    """AWS Config compares evaluations, auditors compare replays: chance must not speak."""
    tags = dict(
        zip(["aws:TagKeys", "AWS:TagKeys", "AWS:TAGKEYS", "aws:tagkeys"], ["a*", "b*", "*c", "d?"], strict=True)
    )
    statement = {"Effect": "Allow", "Principal": "*", "Action": "kms:*", "Resource": "*"}
    condition = {"Condition": {"ForAnyValue:StringLike": tags}}
    document = {"Version": "2012-10-17", "Statement": {**statement, **condition}}
    answers = [ask("kms-outside", parse_policy(document), bucket=None, own=OWN, params={}) for _ in range(30)]
    assert len({json.dumps(each.counterexample.as_json()) for each in answers}) == 1
