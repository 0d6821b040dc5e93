"""A random policy and random parameters for each topic."""

from collections.abc import Callable, Iterator
from random import Random
from typing import Any

from differential.generator import Document, Maker, Statement, with_line
from differential.pools import (
    BUCKET,
    INSIDE,
    KEY,
    KMS_ACTIONS,
    KMS_RESOURCES,
    ORG,
    OWN,
    PRINCIPALS,
    ROLE,
    S3_TEXTS,
    WRITER,
)


def policy(random: Random, topic: str) -> Document:
    """A random policy for a topic."""
    version = "2012-10-17" if random.random() < 0.93 else "2008-10-17"
    return {"Version": version, "Statement": [*_STATEMENTS[topic.partition("-")[0]](random, topic)]}


def _tls(random: Random, topic: str) -> Iterator[Statement]:
    maker = Maker(random, "s3")
    whole = _everything("Deny", "s3:*", [BUCKET, f"{BUCKET}/*"])
    yield from maker.guarded({**whole, "Condition": {"Bool": {"aws:SecureTransport": "false"}}})
    if random.random() < 0.3:
        yield maker.bend(_everything("Allow", "s3:*", "*"))


def _sse(random: Random, topic: str) -> Iterator[Statement]:
    maker = Maker(random, "s3")
    mode, key, customer = list(S3_TEXTS)[:3]
    whole = _everything("Deny", "s3:PutObject", f"{BUCKET}/*")
    conditions: list[dict[str, Any]] = [
        {"StringNotEqualsIfExists": {mode: "aws:kms"}, "Null": {mode: "false"}},
        {"StringNotEquals": {mode: "aws:kms"}},
        {"Null": {customer: "false"}},
        {"StringNotEquals": {key: KEY}, "StringLike": {mode: "aws:*"}},
        {"StringNotEqualsIfExists": {key: KEY}},
        {"Null": {mode: "true"}},
    ]
    for condition in random.sample(conditions, random.choice([1, 2, 3, 3, 4])):
        yield from maker.guarded({**whole, "Condition": condition})


def _kms(random: Random, topic: str) -> Iterator[Statement]:
    maker = Maker(random, "kms")
    if topic != "kms-lockout" or random.random() < 0.5:
        yield _everything("Allow", "kms:*", "*") | {"Principal": {"AWS": f"arn:aws:iam::{OWN}:root"}}
    for _ in range(random.choice([1, 1, 2, 2, 3])):
        statement = _everything("Allow", random.choice([*KMS_ACTIONS, "kms:*"]), random.choice(KMS_RESOURCES))
        statement["Principal"] = random.choice(["*", "*", {"AWS": "*"}, *PRINCIPALS])
        for _ in range(random.choice([0, 1, 1, 2])):
            statement = with_line(statement, random.choice(maker.halves())) or statement
        yield statement if random.random() < 0.8 else maker.bend(statement)
    if random.random() < 0.6:
        narrow: dict[str, Any] = random.choice(
            [
                {"StringNotEquals": {"aws:PrincipalAccount": [OWN, INSIDE]}},
                {"StringNotEqualsIfExists": {"aws:PrincipalOrgID": ORG}},
                {"ArnNotLike": {"aws:PrincipalArn": [ROLE, f"arn:aws:iam::{OWN}:role/admin*"]}},
                {"StringNotEquals": {"kms:CallerAccount": OWN}},
                {"StringNotEqualsIfExists": {"aws:SourceAccount": OWN}, "Bool": {"aws:PrincipalIsAWSService": "true"}},
                {"BoolIfExists": {"aws:PrincipalIsAWSService": "false"}},
            ]
        )
        action = random.choice(["kms:*", "kms:*", ["kms:Decrypt", "kms:Re*"], "kms:Put*"])
        yield from maker.guarded({**_everything("Deny", action, "*"), "Condition": narrow})


def _everything(effect: str, action: Any, resource: Any) -> Statement:
    return {"Effect": effect, "Principal": "*", "Action": action, "Resource": resource}


_STATEMENTS: dict[str, Callable[[Random, str], Iterator[Statement]]] = {"tls": _tls, "sse": _sse, "kms": _kms}


def parameters(random: Random, topic: str) -> dict[str, Any]:
    """Random parameters for a topic."""
    match topic:
        case "tls":
            return random.choice(
                [{}, {}, {"services": False}, {"via": False}, {"minimum": "1.2"}, {"principals": [ROLE]}]
            )
        case "sse":
            modes = random.sample(["AES256", "aws:kms", "aws:kms:dsse"], random.choice([1, 2, 2, 3]))
            algorithm = random.choice(modes)
            keys = random.choice([{}, {"keys": [KEY]}, {"keys": [f"arn:aws:kms:us-east-1:{OWN}:key/*"]}])
            default = {"default": algorithm} | (
                {} if algorithm == "AES256" else {"default_key": random.choice([KEY, None])}
            )
            blocked = random.choice([{}, {"blocked": ["SSE-C"]}])
            return {"modes": modes, **keys, **default, **blocked, "services": random.random() < 0.7}
        case "kms-outside":
            return random.choice(
                [{}, {"inside": [INSIDE]}, {"org": [ORG]}, {"services_ok": ["cloudtrail.amazonaws.com"]}]
            )
        case "kms-writeonly":
            return {"principals": [random.choice([WRITER, ROLE])], "multipart": random.random() < 0.3}
    return {}
