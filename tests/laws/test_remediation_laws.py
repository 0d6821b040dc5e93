"""The laws of remediating bucket policies: it helps, once, and nobody else feels it.

The policies are those of the small world, which nearly hold; requests are hunted for with the plain evaluator.
"""

import json
from collections.abc import Iterator
from functools import cache, partial
from pathlib import Path
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from differential.hunt import CUSTOMER, HTTP, KEY_ID, MODE, let_through, tls, writes
from differential.pools import KEY, OWN, ROLE
from differential.topics import policy
from differential.world import Caller, World
from effort import FUZZ, seeded
from laws.strategies import documents
from s3_guardrails.discovery import find_rules
from s3_guardrails.encryption.bucket import Bucket, DefaultEncryption
from s3_guardrails.encryption.mode import ANY_BUT_SSE_C, NAMES, EncryptionMode
from s3_guardrails.policy.actions import actions
from s3_guardrails.policy.authorize import clauses
from s3_guardrails.policy.document import parse_policy
from s3_guardrails.policy.request import Request
from s3_guardrails.remediate import tls as require_tls
from s3_guardrails.remediate import uploads as deny_uploads
from s3_guardrails.remediate.change import NothingToDo, Proposal, Proposed, Refused
from s3_guardrails.remediate.merge import with_statements

RULES = {each.remediation: each.rule for each in find_rules()}
SEEDS = st.integers(0, FUZZ or 60)
HUNTED = st.integers(0, FUZZ or 20)
"""A hunt takes long."""
TOPICS = ["tls", "sse"]
CASES = Path(__file__).parent.parent / "cases"
KEYS_OF_THE_ACCOUNT = f"arn:aws:kms:us-east-1:{OWN}:key/*"
Parameters = dict[str, str]


def bucket(random: Random, modes: frozenset[EncryptionMode] = frozenset()) -> Bucket:
    """A bucket with a default, if possible one of these modes."""
    defaults = [DefaultEncryption("AES256"), *(DefaultEncryption(each, key) for each in KMS for key in (KEY, None))]
    fitting = [each for each in defaults if each.mode in modes]
    return Bucket(
        name="bk",
        account=OWN,
        region="us-east-1",
        as_of=1_795_000_000.0,
        tags=random.choice([{}, {"data-class": "x"}, {"data-class": "x"}]),
        default_encryption=random.choice(fitting or defaults),
        blocked_encryption_types=random.choice([frozenset(), frozenset({"SSE-C"})]),
        default_key_manager="CUSTOMER",
    )


KMS = ("aws:kms", "aws:kms:dsse")


@cache
def tried_with(topic: str, seed: int) -> "Try":
    """Planned once for all laws."""
    return Try(topic, seed)


class Try:
    """One policy of a topic, a bucket and parameters, and what is planned for them."""

    def __init__(self, topic: str, seed: int) -> None:
        self.topic, self.random = topic, seeded(f"remediation {topic} {seed}")
        self.text = json.dumps(policy(self.random, topic), indent=self.random.choice([None, 2]))
        self.parameters = getattr(self, f"_{topic}")()
        name = {"tls": "RequireTls", "sse": "DenyWrongUploads"}[topic]
        self.rule = RULES[name](RULES[name].Parameters.from_config(self.parameters))
        modes = [NAMES[each] for each in self.parameters.get("AcceptedModes", "").removeprefix("x=").split(",") if each]
        self.modes = frozenset().union(*modes)
        self.bucket = bucket(self.random, self.modes)
        self.proposal = self.planned(self.text)

    def planned(self, text: str) -> Proposal:
        if self.topic == "tls":
            return require_tls.plan(self.rule, self.bucket, {"policy": text})
        return deny_uploads.plan(self.rule, self.bucket, {"policy": text}, accept_unknown_sse_c=True)

    def _tls(self) -> Parameters:
        given: Parameters = {
            "MinimumTlsVersion": self.random.choice(["", "", "1.2"]),
            "AcceptServices": self.random.choice(["false", "true"]),
            "AcceptViaServices": self.random.choice(["false", "true"]),
            "AcceptPrincipals": self.random.choice(["", ROLE, f"arn:aws:iam::{OWN}:role/*,arn:aws:iam::*:user/ann"]),
        }
        return {name: value for name, value in given.items() if self.random.random() < 0.4}

    def _sse(self) -> Parameters:
        modes = self.random.sample(list(NAMES), self.random.choice([1, 1, 2, 3]))
        return {
            "AcceptedModes": f"x={','.join(modes)}",
            "ApprovedKeys": self.random.choice(["", KEY]),
            "AcceptServices": self.random.choice(["false", "true"]),
            "UploadPolicy": f"x={self.random.choice(['outcome', 'explicit-deny', 'header-required'])}",
        }


@pytest.mark.parametrize("topic", TOPICS)
@given(SEEDS)
def test_what_is_proposed_makes_the_rule_hold_and_leaves_nothing_to_do(topic, seed):
    """The verdict on the policy that would be written is COMPLIANT, and planning for it again plans nothing."""
    tried = tried_with(topic, seed)
    if isinstance(tried.proposal, Proposed):
        text = tried.proposal.after["policy"]
        assert isinstance(tried.planned(text), NothingToDo), (tried.text, tried.parameters, text)


@pytest.mark.parametrize("topic", TOPICS)
@given(SEEDS)
def test_only_what_others_understand_otherwise_stands_in_the_way(topic, seed):
    """Statements of ours deny nothing but what the rule wants denied, whatever else the policy says."""
    tried = tried_with(topic, seed)
    if isinstance(tried.proposal, Refused):
        codes = {each.code for each in tried.proposal.refusals}
        assert codes <= {"UNDETERMINED", "WOULD_NOT_HELP"}, (tried.text, tried.parameters, tried.proposal)


@pytest.mark.parametrize("topic", TOPICS)
@given(SEEDS)
def test_statements_of_others_stay_as_they_are_in_their_order(topic, seed):
    """The text that was there is still there, save for the closing brackets that moved."""
    tried = tried_with(topic, seed)
    if isinstance(tried.proposal, Proposed):
        text = tried.proposal.after["policy"]
        head = tried.text.rstrip("]} \n")
        assert text.startswith(head)
        before, after = (json.loads(each)["Statement"] for each in (tried.text, text))
        assert after[: len(before)] == before
        assert all(each["Sid"].startswith("S3Guardrails") for each in after[len(before) :])


@pytest.mark.parametrize("topic", TOPICS)
@given(HUNTED)
def test_nobody_else_is_newly_denied(topic, seed):
    """No hunt finds a request that was not denied, that the rule does not want denied, and that is denied now."""
    tried = tried_with(topic, seed)
    if not isinstance(tried.proposal, Proposed):
        return
    before, after = parse_policy(tried.text), parse_policy(tried.proposal.after["policy"])
    ours = after.statements[len(before.statements) :]

    def harmed(request: Request) -> int:
        (escaping,) = let_through(before)
        return escaping(request) + min(sum(truth is not True for _, truth in clauses(each, request)) for each in ours)

    world = World(after, "s3", tried.random)
    for callers, names, situations in unwanted(tried, world):
        found = world.climb(callers, names, situations, [harmed], 1)
        assert found is None, (tried.text, tried.parameters, found)


Hunting = tuple[list[Caller], list[str], list[dict[str, Any]]]


def unwanted(tried: Try, world: World) -> Iterator[Hunting]:
    """Yield callers, actions and situations in which nobody wants anything denied, by what the parameters say."""
    names = [each.full_name for each in actions("s3")]
    everybody, given = world.callers(), tried.parameters
    services = [each for each in everybody if each.kind == "service"] if given.get("AcceptServices") == "true" else []
    anyhow = [HTTP, *map(tls, ("1.0", "1.1", "1.2", "1.3"))]
    if tried.topic == "tls":
        yield everybody, names, anyhow[3:] if given.get("MinimumTlsVersion") else anyhow[1:]
        listed = given.get("AcceptPrincipals", "").split(",")
        yield [*services, *(each for each in everybody if named(each, listed))], names, anyhow
        if given.get("AcceptViaServices") == "true":
            persons = [each for each in everybody if each.kind not in {"service", "anonymous"}]
            yield persons, names, [{**each, "aws:viaawsservice": "true"} for each in anyhow]
        return
    yield everybody, [each for each in names if each != "s3:PutObject"], anyhow
    free = {MODE: "AES256", KEY_ID: None, CUSTOMER: None}
    yield services, ["s3:PutObject"], [{**free, **each} for each in anyhow]
    yield everybody, ["s3:PutObject"], [*accepted_writes(tried, world)]


def named(caller: Caller, patterns: list[str]) -> bool:
    arn = caller.context.get("aws:principalarn")
    return isinstance(arn, str) and any(
        arn == each
        or (each.endswith("*") and arn.startswith(each[:-1]))
        or (":*:" in each and arn.endswith(":user/ann"))
        for each in patterns
    )


def accepted_writes(tried: Try, world: World) -> Iterator[dict[str, Any]]:
    """Yield headers whose outcome the class accepts; the key id is the header as it was sent."""
    default = tried.bucket.default_encryption
    assert isinstance(default, DefaultEncryption)
    modes = tried.modes if tried.bucket.tags else ANY_BUT_SSE_C
    approved = tried.parameters["ApprovedKeys"] or KEYS_OF_THE_ACCOUNT
    demanded = tried.bucket.tags and tried.parameters["UploadPolicy"].endswith("header-required")
    about = {"default": default.algorithm, "default_key": default.key, "keys": [KEY]}
    for headers, (algorithm, key), http in writes(OWN, about, world.texts):
        if (MODE in headers and str(headers.get(KEY_ID)).endswith("aws-managed-s3-key")) or algorithm == "SSE-C":
            continue  # the key as it would be resolved
        if MODE not in headers and (demanded or default.mode not in modes):
            continue
        fits = not tried.bucket.tags or key is None or key == approved or f"{key.rpartition('/')[0]}/*" == approved
        if DefaultEncryption(algorithm, key).mode in modes and fits:
            for each in [tls("1.2"), tls("1.0"), *([HTTP] if http else [])]:
                yield {MODE: None, KEY_ID: None, CUSTOMER: None, **headers, **each}


LABELLED = [
    (each["id"], json.dumps(each["policy"]), each["bucket"])
    for name in ("tls", "uploads")
    for each in map(json.loads, (CASES / f"{name}.jsonl").read_text(encoding="utf-8").splitlines())
]


PLANS = {
    "RequireTls": (require_tls.plan, {}),
    "DenyWrongUploads": (partial(deny_uploads.plan, accept_unknown_sse_c=False), {"ApprovedKeys": KEY}),
}


@pytest.mark.parametrize("document", PLANS)
@pytest.mark.parametrize("case", LABELLED, ids=lambda case: case[0])
def test_every_labelled_policy_is_mended_or_refused_as_undecided(case, document):
    """Neither what TLS needs nor what uploads need ever comes into the way of what a policy says besides."""
    _, text, name = case
    plan, parameters = PLANS[document]
    rule = RULES[document](RULES[document].Parameters.from_config(parameters))
    facts = Bucket(
        name=name,
        account=OWN,
        region="us-east-1",
        tags={"data-class": "restricted"},
        default_encryption=DefaultEncryption("aws:kms", KEY),
        blocked_encryption_types=frozenset({"SSE-C"}),
        default_key_manager="CUSTOMER",
    )
    proposal = plan(rule, facts, {"policy": text})
    match proposal:
        case Proposed():
            assert isinstance(plan(rule, facts, proposal.after), NothingToDo)
            assert proposal.concerns == ()
        case Refused():
            assert {each.code for each in proposal.refusals} == {"UNDETERMINED"}


BLANKS = st.text(alphabet=" \t\r\n", max_size=3)
DENY = {"Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": "*"}
OURS = [{"Sid": f"S3Guardrails{each}", **DENY, "Condition": {"Bool": {"x:y": "true"}}} for each in "AB"]


@st.composite
def written(draw: st.DrawFn, value: Any) -> str:
    """JSON text with blanks anywhere and characters escaped at will."""
    blank = draw(BLANKS)
    match value:
        case dict():
            pairs = [f"{draw(written(name))}:{draw(written(each))}" for name, each in value.items()]
            return f"{blank}{{{','.join(pairs) or draw(BLANKS)}}}{draw(BLANKS)}"
        case list():
            return f"{blank}[{','.join(draw(written(each)) for each in value) or draw(BLANKS)}]{draw(BLANKS)}"
        case str() if all(ord(each) < 1 << 16 for each in value) and draw(st.integers(0, 9)) == 0:
            escaped = "".join("\\u" + format(ord(each), "04x") for each in value)
            return f'{blank}"{escaped}"{draw(BLANKS)}'
    return f"{blank}{json.dumps(value, ensure_ascii=draw(st.booleans()))}{draw(BLANKS)}"


@st.composite
def texts(draw: st.DrawFn) -> tuple[str, list[str]]:
    """A policy's text and the text of each of its statements, some with a Sid of ours and one perhaps ours."""
    document = draw(documents(most=3))
    statements = [
        {**each, **draw(st.sampled_from([{}, {"Sid": "a"}, {"Sid": "S3GuardrailsA"}, {"Sid": "S3GuardrailsA2"}]))}
        for each in document["Statement"]
    ]
    parts = [draw(written(each)) for each in statements]
    alone = len(parts) == 1 and draw(st.booleans())
    version = draw(st.sampled_from(['"Version":"2008-10-17",', '"Id" : "\\"Statement\\":[",', ""]))
    before, after = draw(BLANKS), draw(BLANKS)
    value = parts[0] if alone else f"{before}[{','.join(parts) or draw(BLANKS)}]{after}"
    return f"{before}{{{version}{draw(written('Statement'))}:{value}}}{after}", [each.strip() for each in parts]


@given(texts())
def test_other_statements_keep_their_text_and_their_order(made):
    """Parsed, the policy is what it was with ours at the end; as text, each statement is there as it was written."""
    text, parts = made
    merged = with_statements(text, OURS)
    before, after = json.loads(text), json.loads(merged)
    theirs = before["Statement"] if isinstance(before["Statement"], list) else [before["Statement"]]
    assert after == {**before, "Statement": [*theirs, *after["Statement"][len(theirs) :]]}
    assert [
        {**each, "Sid": ours["Sid"]} for each, ours in zip(after["Statement"][len(theirs) :], OURS, strict=True)
    ] == OURS
    assert list(after) == list(before)
    place = 0
    for each in parts:
        place = merged.index(each, place) + len(each)
    assert with_statements(merged, OURS) == merged


@given(texts())
def test_a_judgement_never_depends_on_blanks_or_escapes(made):
    """The same policy, written otherwise, gets the same statements."""
    text, _ = made
    compact = json.dumps(json.loads(text))
    assert json.loads(with_statements(text, OURS)) == json.loads(with_statements(compact, OURS))


def test_many_policies_of_the_small_world_are_mended():
    """The laws above say something: many policies of the small world need mending and can be mended."""
    tried = [tried_with(topic, seed).proposal for topic in TOPICS for seed in range(40)]
    assert sum(isinstance(each, Proposed) for each in tried) >= 25
