"""The comparison of two policies and a hunt through a small world for requests that change."""

import json
from fnmatch import fnmatchcase
from itertools import product
from random import Random

from differential.generator import Document, Maker, Statement
from differential.hunt import Score, let_through, met
from differential.pools import OWN
from differential.topics import policy
from differential.world import SINCE, World
from effort import seeded
from s3_guardrails.cli.policy_space import bucket_space, key_space
from s3_guardrails.policy import document
from s3_guardrails.policy.actions import actions
from s3_guardrails.policy.authorize import Outcome, applies, authorize, denied
from s3_guardrails.policy.compare import Change, Comparison, compare
from s3_guardrails.policy.document import Policy, parse_policy
from s3_guardrails.policy.prove import Proved, Refuted
from s3_guardrails.policy.request import Request

TLS = {"aws:securetransport": "true", "s3:tlsversion": "1.2"}
HTTP = {"aws:securetransport": "false", "s3:tlsversion": None}
USUAL = {"kms": ["kms:Decrypt", "kms:PutKeyPolicy"], "s3": ["s3:GetObject", "s3:PutObject", "s3:ListBucket"]}


def pair(seed: str) -> tuple[Document, Document, str]:
    """Two policies of one service that differ little, and the service."""
    random = seeded(seed)
    topic = random.choice(("tls", "sse", "kms-outside"))
    service = "kms" if topic == "kms-outside" else "s3"
    old, maker = policy(random, topic), Maker(random, service)
    if service == "s3":
        allow = {"Effect": "Allow", "Principal": random.choice(("*", {"AWS": OWN})), "Action": "s3:*", "Resource": "*"}
        old["Statement"] = [*old["Statement"], maker.bend(allow)]
    new: Document = json.loads(json.dumps(old))
    for _ in range(random.choice((1, 1, 2, 3))):
        statements = new["Statement"]
        index = random.randrange(len(statements))
        statements[index : index + 1] = _edited(statements[index], maker, random)
        new["Statement"] = statements or old["Statement"]
    return old, new, service


def _edited(one: Statement, maker: Maker, random: Random) -> list[Statement]:
    """Drop a statement, bend it, or write it another way."""
    return random.choice(([], [maker.bend(one)], [maker.bend(maker.bend(one))], [*maker.split(one)], [one, one]))


def compared(old: Policy, new: Policy, service: str) -> Comparison:
    if service == "kms":
        return compare(old, new, key_space(old, new, OWN, "aws", float(SINCE)))
    return compare(old, new, bucket_space(old, new, "bk", OWN, "aws", float(SINCE)))


def changed(old: Document, new: Document, service: str, seed: str) -> str | None:
    """Say how comparison and evaluator disagree on two policies."""
    before, after, random = parse_policy(old), parse_policy(new), seeded(seed)
    for change, found in compared(before, after, service).changes.items():
        request = found.counterexample if isinstance(found, Refuted) else None
        if request is not None and not changes(change, before, after, request):
            return f"{change}: refuted with {request.as_json()}"
        if isinstance(found, Proved) and (request := hunt_change(change, before, after, service, random)) is not None:
            return f"{change}: proved, yet {request.as_json()}"
    return None


def changes(change: Change, before: Policy, after: Policy, request: Request) -> bool:
    """Does the request change so, for the evaluator?"""
    one, other = _turned(change, before, after)
    if change in {Change.NEWLY_DENIED, Change.NO_LONGER_DENIED}:
        return denied(one, request) is False and denied(other, request) is True
    was = authorize(one, request).outcome
    return authorize(other, request).outcome is Outcome.ALLOW and was in {Outcome.IMPLICIT_DENY, Outcome.EXPLICIT_DENY}


def _turned(change: Change, before: Policy, after: Policy) -> tuple[Policy, Policy]:
    return (after, before) if change in {Change.NO_LONGER_DENIED, Change.NO_LONGER_ALLOWED} else (before, after)


def hunt_change(change: Change, before: Policy, after: Policy, service: str, random: Random) -> Request | None:
    """Hunt for a request that changes so; only statements that one policy has and the other has not can do that."""
    one, other = _turned(change, before, after)
    world = World(Policy(after.version, (*before.statements, *after.statements)), service, random)
    if change in {Change.NEWLY_DENIED, Change.NO_LONGER_DENIED}:
        added = _only(other, one, "Deny")
        scores = [_sum(*let_through(one), met(each)) for each in added]
    else:
        added, removed = _only(other, one, "Allow"), _only(one, other, "Deny")
        scores = [_sum(*let_through(other), met(each), _unspoken(one)) for each in added]
        scores += [_sum(*let_through(other), met(lost), met(each)) for lost, each in product(removed, other.allows)]
        added = [*added, *removed]
    situations = [TLS, HTTP] if service == "s3" else [TLS]
    found = world.climb(world.callers(), _names(added, service, random), situations, scores, 3)
    return found if found is not None and changes(change, before, after, found) else None


def _only(policy: Policy, other: Policy, effect: str) -> list[document.Statement]:
    """Statements of a policy that the other has not, as they are written."""
    known = [other.version, *other.source["Statement"]] if policy.version == other.version else []
    pairs = zip(policy.statements, policy.source["Statement"], strict=True)
    return [each for each, written in pairs if written["Effect"] == effect and written not in known]


def _unspoken(policy: Policy) -> Score:
    return lambda request: sum(applies(each, request) is not False for each in policy.statements)


def _sum(*scores: Score) -> Score:
    return lambda request: sum(each(request) for each in scores)


def _names(statements: list[document.Statement], service: str, random: Random) -> list[str]:
    """Usual actions, any others, and some that a statement's patterns name."""
    names = [each.full_name for each in actions(service)]
    patterns = [str(each).lower() for statement in statements for each in statement.actions]
    named = [each for each in names if any(fnmatchcase(each.lower(), text) for text in patterns)]
    return [*USUAL[service], *random.sample(named, min(len(named), 6)), *random.sample(names, 4)]
