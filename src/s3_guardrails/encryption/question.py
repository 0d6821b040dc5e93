"""Ask a question by its topic, with plain data as parameters: the bulk interface of tests and of `prove`.

Topics: `tls`, `sse` (alias `uploads`), `kms-outside`, `kms-both`, `kms-wildcard`, `kms-writeonly`,
`kms-lockout`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from typing import Any, Final, NamedTuple

from s3_guardrails.encryption.bucket import ALGORITHMS, DefaultEncryption
from s3_guardrails.encryption.key_access import KeyQuestions
from s3_guardrails.encryption.mode import DSSE_KMS_HEADER, SSE_KMS_HEADER, SSE_S3_HEADER, EncryptionMode
from s3_guardrails.encryption.transport import TransportQuestion
from s3_guardrails.encryption.write import Accepted, WriteQuestion
from s3_guardrails.errors import InputError
from s3_guardrails.policy.callers import Callers
from s3_guardrails.policy.document import Policy
from s3_guardrails.policy.explain import passages, sentence
from s3_guardrails.policy.prove import Inconclusive, Proved, Refuted
from s3_guardrails.policy.request import Request
from s3_guardrails.policy.targets import TLS_VERSIONS


class Answered(NamedTuple):
    """`verdict`: `proved`, `refuted` or `inconclusive`; a counterexample where refuted; reasons in words."""

    verdict: str
    counterexample: Request | None = None
    reasons: tuple[str, ...] = ()


class Case(NamedTuple):
    """A policy in its place: the bucket (None for keys), the owner's account, the time, the topic's parameters."""

    policy: Policy
    bucket: str | None
    own: str
    since: float
    params: Mapping[str, Any]
    partition: str = "aws"

    @property
    def bucket_arn(self) -> str:
        """The ARN of the bucket; raise InputError where the case names none."""
        if not self.bucket:
            raise InputError("bucket: expected a bucket name")
        return f"arn:{self.partition}:s3:::{self.bucket}"

    def flag(self, name: str, *, default: bool) -> bool:
        """Read a truth value."""
        value = self.params.get(name, default)
        if not isinstance(value, bool):
            raise InputError(f"params.{name}: expected true or false")
        return value

    def strings(self, name: str) -> tuple[str, ...]:
        """Read a list of strings, empty where it is absent."""
        value = self.params.get(name)
        if value is None:
            return ()
        if not isinstance(value, list) or not all(isinstance(each, str) for each in value):
            raise InputError(f"params.{name}: expected a list of strings")
        return tuple(value)

    def matching(self, name: str, form: str, expected: str) -> tuple[str, ...]:
        """Read a list of strings of one form."""
        for each in self.strings(name):
            if not re.fullmatch(form, each):
                raise InputError(f"params.{name}: expected {expected}, found `{each[:60]}`")
        return self.strings(name)

    def text(self, name: str, choices: tuple[str, ...] | None = None) -> str | None:
        """Read a string, None where it is absent or null."""
        value = self.params.get(name)
        if value is not None and not isinstance(value, str):
            raise InputError(f"params.{name}: expected a string")
        if value is not None and choices and value not in choices:
            raise InputError(f"params.{name}: expected one of {', '.join(choices)}, found `{value[:40]}`")
        return value


def ask(  # noqa: PLR0913 - one argument per field of a case
    topic: str,
    policy: Policy,
    *,
    bucket: str | None,
    own: str,
    params: Mapping[str, Any],
    since: float = 0.0,
    partition: str = "aws",
) -> Answered:
    """Decide one question; `since` is the earliest time of a request in epoch seconds. Raise InputError."""
    question, known = topic_of(topic)
    unknown = sorted(set(params) - known)
    if unknown:
        raise InputError(f"params.{unknown[0]}: expected one of {', '.join(sorted(known)) or 'none'}")
    return question(Case(policy=policy, bucket=bucket, own=own, since=since, params=params, partition=partition))


def topic_of(topic: str) -> tuple[Callable[[Case], Answered], frozenset[str]]:
    """Return a topic's question and the names of its parameters; raise InputError for an unknown one."""
    if topic not in TOPICS:
        raise InputError(f"topic: expected one of {', '.join(TOPICS)}, found `{topic[:40]}`")
    return TOPICS[topic]


def _tls(case: Case) -> Answered:
    callers = Callers(
        own=case.own,
        partition=case.partition,
        services=case.flag("services", default=True),
        via_services=case.flag("via", default=True),
        without=case.strings("principals"),
    )
    minimum = case.text("minimum", TLS_VERSIONS)
    question = TransportQuestion(
        bucket_arn=case.bucket_arn,
        callers=callers,
        minimum=minimum,
        future=case.flag("future", default=False),
        since=case.since,
    )
    return answered(case.policy, question.ask(case.policy))


def _sse(case: Case) -> Answered:
    keys = None if case.params.get("keys") is None else case.strings("keys")
    algorithm = case.text("default", ALGORITHMS) or SSE_S3_HEADER
    default = DefaultEncryption(algorithm, case.text("default_key"))
    named = {each.split(":")[1] for each in keys_named(case) if each.startswith("arn:")}
    case = case._replace(partition=named.pop()) if len(named) == 1 else case
    question = WriteQuestion(
        bucket_arn=case.bucket_arn,
        callers=Callers(own=case.own, partition=case.partition, services=case.flag("services", default=True)),
        accepted=Accepted(modes=_modes(case, any_key=keys is None), keys=keys),
        default=default,
        blocked=frozenset(case.strings("blocked")),
        action=case.text("action", WRITES) or "PutObject",
        since=case.since,
    )
    return answered(case.policy, question.ask(case.policy))


def keys_named(case: Case) -> tuple[str, ...]:
    """Return the keys that a case names: they are of the bucket's partition."""
    return (*case.strings("keys"), case.text("default_key") or "")


def _modes(case: Case, *, any_key: bool) -> frozenset[EncryptionMode]:
    """Header values as modes; where keys are listed, the AWS managed key is not one of them."""
    found: set[EncryptionMode] = set()
    table = {
        SSE_S3_HEADER: (EncryptionMode.SSE_S3, EncryptionMode.SSE_S3),
        SSE_KMS_HEADER: (EncryptionMode.SSE_KMS_CMK, EncryptionMode.SSE_KMS_AWS),
        DSSE_KMS_HEADER: (EncryptionMode.DSSE_KMS_CMK, EncryptionMode.DSSE_KMS_AWS),
        "SSE-C": (EncryptionMode.SSE_C, EncryptionMode.SSE_C),
    }
    for header in case.strings("modes"):
        if header not in table:
            raise InputError(f"params.modes: expected {', '.join(table)}, found `{header[:40]}`")
        found.update(table[header] if any_key else table[header][:1])
    if not found:
        raise InputError("params.modes: expected at least one mode")
    return frozenset(found)


def _key(case: Case) -> KeyQuestions:
    return KeyQuestions(
        own=case.own,
        key_arn=case.text("key"),
        inside=frozenset(case.matching("inside", r"[0-9]{12}", "an account id of 12 digits")),
        organizations=frozenset(case.matching("org", r"o-[a-z0-9]+", "an organization id such as o-a1b2c3d4e5")),
        accepted_services=frozenset(case.strings("services_ok")),
        partition=_partition(case),
        since=case.since,
    )


def _partition(case: Case) -> str:
    """Return the partition in which the policy names the own account, else the case's."""
    found = set(re.findall(rf"arn:(aws[a-z-]*):iam::{re.escape(case.own)}:", json.dumps(case.policy.source)))
    return found.pop() if len(found) == 1 else case.partition


def _outside(case: Case) -> Answered:
    return answered(case.policy, _key(case).outside(case.policy))


def _both(case: Case) -> Answered:
    return answered(case.policy, _key(case).both(case.policy))


def _wildcard(case: Case) -> Answered:
    return answered(case.policy, _key(case).wildcard(case.policy))


def _lockout(case: Case) -> Answered:
    """Turn the answer round: a request that changes the policy is the proof that nobody is locked out."""
    found = answered(case.policy, _key(case).locked_out(case.policy))
    match found.verdict:
        case "proved":
            return Answered("refuted", None, ("no principal of the account may change the key policy",))
        case "refuted":
            return Answered("proved", None, found.reasons[:1])
    return found


def _writeonly(case: Case) -> Answered:
    through_s3 = case.flag("multipart", default=False)
    form = (
        r"arn:aws[a-z-]*:(iam::[0-9]{12}:((role|user)/.+|root)|sts::[0-9]{12}:(assumed-role/[^/]+|federated-user)/.+)"
    )
    principals = case.matching("principals", form, "the ARN of a role, a user or a session")
    if not principals:
        raise InputError("params.principals: expected at least one principal ARN")
    answers = [
        answered(case.policy, _key(case).write_only(case.policy, each, through_s3=through_s3)) for each in principals
    ]
    by_verdict = {each.verdict: each for each in reversed(answers)}
    return by_verdict.get("refuted") or by_verdict.get("inconclusive") or answers[0]


def answered(policy: Policy, answer: Proved | Refuted | Inconclusive) -> Answered:
    """Put an answer into plain words: the request, and how each Deny let it through."""
    match answer:
        case Proved():
            return Answered("proved", None, ("no request of the question gets past the policy",))
        case Inconclusive(reason):
            return Answered("inconclusive", None, (reason,))
        case Refuted(requests):
            rows = passages(policy, answer.counterexample)
            how = (f"{row['effect']} {row['statement']}: {row['because']}" for row in rows)
            return Answered("refuted", answer.counterexample, (*map(sentence, requests), *how))


_KMS: Final = frozenset({"key", "inside", "org", "services_ok"})
WRITES: Final = ("PutObject", "ReplicateObject", "UpdateObjectEncryption")
_SSE: Final = frozenset({"action", "services", "modes", "keys", "default", "default_key", "blocked"})

TOPICS: Final[dict[str, tuple[Callable[[Case], Answered], frozenset[str]]]] = {
    "tls": (_tls, frozenset({"services", "via", "principals", "minimum", "future"})),
    "sse": (_sse, _SSE),
    "uploads": (_sse, _SSE),
    "kms-outside": (_outside, _KMS),
    "kms-both": (_both, _KMS),
    "kms-wildcard": (_wildcard, _KMS),
    "kms-lockout": (_lockout, _KMS),
    "kms-writeonly": (_writeonly, _KMS | {"principals", "multipart"}),
}
