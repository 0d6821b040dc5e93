"""Fifteen bucket policies near S3's limit of 20 KB, each hard in its own way; how it is made says what is right.

The question is always TLS: does every request over plain HTTP meet a Deny?
"""

import json
import string
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from random import Random
from typing import Any

BUCKET = "bench-bucket"
ARN = f"arn:aws:s3:::{BUCKET}"
OWN = "111122223333"
LIMIT = 20_000
Statement = dict[str, Any]
Document = dict[str, Any]


@dataclass(frozen=True)
class Hostile:
    """`verdict`: proved or refuted, by construction."""

    name: str
    policy: Document
    verdict: str


def deny(**changes: Any) -> Statement:
    """Deny plain HTTP; a Not… element replaces its plain form."""
    statement: Statement = {
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:*",
        "Resource": [ARN, f"{ARN}/*"],
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
    }
    conditions = {**statement["Condition"], **changes.pop("Condition", {})}
    for name in changes:
        statement.pop(name.removeprefix("Not"), None)
    return {**statement, **changes, "Condition": conditions}


def document(statements: list[Statement]) -> Document:
    """A policy."""
    return {"Version": "2012-10-17", "Statement": statements}


def size(policy: Document) -> int:
    """Bytes of the policy as JSON."""
    return len(json.dumps(policy))


def filled(make: Callable[[int], Statement], at_most: int = 10_000) -> Document:
    """As many statements as fit."""
    statements: list[Statement] = []
    while len(statements) < at_most and size(document([*statements, make(len(statements))])) <= LIMIT:
        statements.append(make(len(statements)))
    return document(statements)


def listed(make: Callable[[list[str]], Statement], value: Callable[[], str]) -> Document:
    """One statement with as many values as fit."""
    values: list[str] = []
    while size(document([make([*values, value()])])) <= LIMIT - 60:
        values.append(value())
    return document([make(values)])


def hostile(seed: int = 7) -> Iterator[Hostile]:
    """Yield the fifteen."""
    random = Random(seed)

    def word(length: int, letters: str = string.ascii_lowercase) -> str:
        return "".join(random.choice(letters) for _ in range(length))

    def words(count: int, length: int, letters: str) -> list[str]:
        return list(dict.fromkeys(word(length, letters) for _ in range(count)))

    def tags(statement: int, operator: str, value: Callable[[str], str], keys: int) -> Statement:
        del statement
        block = {f"aws:PrincipalTag/t{key}": value(f"t{key}") for key in random.sample(range(keys), 3)}
        return deny(Condition={operator: block})

    infix = words(900, 6, string.ascii_lowercase)
    yield Hostile("prefixes", listed(lambda v: deny(Resource=[ARN, *v]), lambda: f"{ARN}/{word(8)}/*"), "refuted")
    yield Hostile("infixes", listed(lambda v: deny(Resource=[ARN, *v]), lambda: f"{ARN}/*{word(6)}*"), "refuted")
    everything = [ARN, f"{ARN}/*"]
    yield Hostile(
        "infixes and everything",
        listed(lambda v: deny(Resource=[*everything, *v]), lambda: f"{ARN}/*{word(6)}*"),
        "proved",
    )
    prefix = words(400, 5, string.ascii_lowercase)
    yield Hostile("NotResource prefixes", filled(lambda i: deny(NotResource=f"{ARN}/{prefix[i]}/*")), "proved")
    yield Hostile("NotResource infixes", filled(lambda i: deny(NotResource=f"{ARN}/*{infix[i]}*")), "refuted")
    few = words(60, 3, "ab")

    def either(index: int) -> Statement:
        own = few[index // 2 % len(few)]
        return deny(NotResource=f"{ARN}/*{own}*") if index % 2 else deny(Resource=[ARN, f"{ARN}/*{own}*"])

    yield Hostile("infixes both ways", filled(either), "proved")
    blow_up = [deny(Resource=[ARN, f"{ARN}/*a" + "?" * 20]), deny(NotResource=f"{ARN}/*b" + "?" * 18)]
    yield Hostile("? after *, many states", document(blow_up), "refuted")
    yield Hostile(
        "tags not like infixes",
        filled(lambda i: tags(i, "StringNotLike", lambda _: f"*{word(2, 'abc')}*", 6)),
        "refuted",
    )
    yield Hostile(
        "tags that equal", filled(lambda i: tags(i, "StringEquals", lambda _: word(1, "abcd"), 12)), "refuted"
    )
    planted = {f"t{key}": word(1, "abcd") for key in range(12)}

    def cover(index: int) -> Statement:
        """Every Deny is escaped by at least one of the planted tags: a set cover with a known solution."""
        statement = tags(index, "StringNotEquals", lambda _: word(1, "abcd"), 12)
        block = statement["Condition"]["StringNotEquals"]
        key = random.choice(sorted(block))
        block[key] = planted[key.rpartition("/")[2]]
        return statement

    yield Hostile("tags that do not equal", filled(cover), "refuted")

    def role() -> str:
        return f"arn:aws:iam::{random.randrange(10**11, 10**12)}:role/{word(6)}"

    yield Hostile("a Deny per role", filled(lambda _: deny(Principal={"AWS": role()})), "refuted")
    exceptions = lambda v: deny(Condition={"ArnNotLike": {"aws:PrincipalArn": v}})  # noqa: E731 - as short as its use
    yield Hostile("ArnNotLike exceptions", listed(exceptions, lambda: f"arn:aws:iam::*:role/*{word(5)}*"), "refuted")

    def account(_: int) -> Statement:
        return deny(
            Condition={"ArnLike": {"aws:PrincipalArn": [f"arn:aws:iam::{word(3, '0123')}*:role/{word(2, 'ab')}*"]}}
        )

    yield Hostile("account patterns", filled(account), "refuted")
    yield Hostile("a Deny per action", filled(lambda i: deny(Action=f"s3:{_ACTIONS[i]}"), len(_ACTIONS)), "refuted")

    def typical(index: int) -> Statement:
        if index == 0:
            return deny()
        return {
            "Effect": "Allow",
            "Principal": {"AWS": f"arn:aws:iam::{OWN}:role/{word(8)}"},
            "Action": ["s3:GetObject", "s3:PutObject"],
            "Resource": f"{ARN}/{word(8)}/*",
            "Condition": {"StringEquals": {"aws:SourceVpce": f"vpce-{word(6)}"}},
        }

    yield Hostile("typical", filled(typical), "proved")


_ACTIONS = [
    f"{verb}{noun}"
    for noun in ("Object", "ObjectAcl", "ObjectTagging", "ObjectRetention", "BucketAcl", "BucketCORS", "BucketPolicy")
    for verb in ("Get", "Put", "Delete")
] + [
    f"{verb}{noun}"
    for noun in (
        "BucketLogging",
        "BucketTagging",
        "BucketVersioning",
        "BucketWebsite",
        "InventoryConfiguration",
        "LifecycleConfiguration",
        "MetricsConfiguration",
        "ReplicationConfiguration",
    )
    for verb in ("Get", "Put")
]
