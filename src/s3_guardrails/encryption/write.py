"""What a write ends in: does any upload that the policy lets through end in a mode or key that is not accepted?

Facts it rests on (S3 User Guide, "Specifying server-side encryption with AWS KMS"; S3 API reference, PutObject): a
request without the header takes the bucket default; `aws:kms` and `aws:kms:dsse` without a key id mean the AWS managed
key, not the bucket's default key; SSE-C requests carry no `x-amz-server-side-encryption`; SSE-KMS and SSE-C uploads are
refused over plain HTTP. Whether the key-id context key is the header as sent or the key as resolved is not documented:
both readings are in the question, so a proof holds under either.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from enum import StrEnum
from typing import Final, NamedTuple

from s3_guardrails.encryption.bucket import DefaultEncryption
from s3_guardrails.encryption.mode import DSSE_KMS_HEADER, SSE_KMS_HEADER, SSE_S3_HEADER, EncryptionMode
from s3_guardrails.policy.automaton import union
from s3_guardrails.policy.callers import Callers
from s3_guardrails.policy.document import Policy
from s3_guardrails.policy.domain import ABSENT, SEGMENT, Domain, constants, language, texts
from s3_guardrails.policy.prove import Answer, Question, prove
from s3_guardrails.policy.service_callers import ACCOUNT
from s3_guardrails.policy.space import Alternative, Group, Space
from s3_guardrails.policy.targets import PLAIN_HTTP, TLS_VERSIONS, bucket_actions, https, network

MODE: Final = "s3:x-amz-server-side-encryption"
KEY: Final = "s3:x-amz-server-side-encryption-aws-kms-key-id"
CUSTOMER: Final = "s3:x-amz-server-side-encryption-customer-algorithm"

MANAGED_KEY_ALIASES: Final = ("alias/aws/s3", "arn:*:kms:*:*:alias/aws/s3")
"""How a header can name the AWS managed key, besides naming no key id; as patterns."""

NO_HEADER: Final = "without an encryption header"
MANAGERS: Final = {
    SSE_KMS_HEADER: (EncryptionMode.SSE_KMS_AWS, EncryptionMode.SSE_KMS_CMK),
    DSSE_KMS_HEADER: (EncryptionMode.DSSE_KMS_AWS, EncryptionMode.DSSE_KMS_CMK),
}


class Flaw(StrEnum):
    """What is wrong with a write that is let through."""

    DEFAULT = "takes the bucket's default"
    MODE = "names a mode"
    KEY = "names a key"
    CUSTOMER = "brings its own key (SSE-C)"


class Accepted(NamedTuple):
    """What a write may end in: modes, and for customer managed keys ARN patterns (None: any customer managed key)."""

    modes: frozenset[EncryptionMode]
    keys: tuple[str, ...] | None = None

    def default(self, default: DefaultEncryption) -> bool:
        """Is the bucket's default accepted?"""
        if default.mode not in self.modes:
            return False
        customer = default.mode in {EncryptionMode.SSE_KMS_CMK, EncryptionMode.DSSE_KMS_CMK}
        return not customer or self.keys is None or (default.key is not None and self.key(default.key))

    def key(self, arn: str) -> bool:
        """Is the key, by ARN, one of the accepted ones?"""
        return self.keys is None or union(tuple(map(language, self.keys))).matches(arn)


class WriteQuestion(NamedTuple):
    """Writes by every caller of `callers`.

    `blocked`: the bucket's blocked encryption types. `action`: PutObject (also copies and multipart uploads, which need
    the same action), ReplicateObject, or UpdateObjectEncryption, which always names a mode and never SSE-C.
    `managed_key`: the ARN of the AWS managed key, where it is known.
    """

    bucket_arn: str
    callers: Callers
    accepted: Accepted
    default: DefaultEncryption
    blocked: frozenset[str] = frozenset()
    action: str = "PutObject"
    managed_key: str | None = None
    since: float = 0.0

    def ask(self, policy: Policy, flaws: Collection[Flaw] = tuple(Flaw)) -> Answer:
        """Decide whether no upload that is let through ends in something not accepted, in one of these ways."""
        return self._prove(policy, tuple(each for flaw, each in self._unaccepted() if flaw in flaws))

    def headerless_denied(self, policy: Policy) -> Answer:
        """Decide whether every upload without an encryption header is denied."""
        return self._prove(policy, tuple(self.without_header()))

    def accepted_writes(self) -> Iterator[Alternative]:
        """Every way to name a mode and key that are accepted together; the headers are as they were sent."""
        if EncryptionMode.SSE_S3 in self.accepted.modes:
            domains = {MODE: constants(SSE_S3_HEADER), KEY: ABSENT, CUSTOMER: ABSENT}
            yield from _write(f"with the header {SSE_S3_HEADER}", domains, http=True)
        for header in MANAGERS:
            yield from self._accepted_keys(header)

    def _prove(self, policy: Policy, writes: tuple[Alternative, ...]) -> Answer:
        groups = (
            self.callers.group(policy),
            bucket_actions(self.bucket_arn, (self.action,)),
            network(),
            Group("encryption", writes),
        )
        own = constants(self.callers.own)
        fixed = {"aws:resourceaccount": own, "s3:resourceaccount": own} if self.callers.own else {}
        return prove(policy, Question((Space("s3", groups, self.since, fixed),)))

    def _unaccepted(self) -> Iterator[tuple[Flaw, Alternative]]:
        """Every way to ask for an encryption that is not accepted."""
        names_mode = self.action == "UpdateObjectEncryption"
        if not names_mode and not self.accepted.default(self.default):
            yield from _each(Flaw.DEFAULT, self.by_default())
        if EncryptionMode.SSE_S3 not in self.accepted.modes:
            domains = {MODE: constants(SSE_S3_HEADER), KEY: ABSENT, CUSTOMER: ABSENT}
            yield from _each(Flaw.MODE, _write(f"with the header {SSE_S3_HEADER}", domains, http=True))
        for header, managers in MANAGERS.items():
            if not self.accepted.modes & set(managers):
                domains = {MODE: constants(header), KEY: texts("?*", absent=True), CUSTOMER: ABSENT}
                yield from _each(Flaw.MODE, _write(f"with the header {header}", domains))
            else:
                yield from _each(Flaw.KEY, self._other_keys(header))
        customer = EncryptionMode.SSE_C not in self.accepted.modes and EncryptionMode.SSE_C not in self.blocked
        if customer and not names_mode:
            yield from _each(Flaw.CUSTOMER, self.with_customer_key())

    def by_default(self) -> Iterator[Alternative]:
        """A write without a header; its key-id context key may be the key of the default."""
        label = f"{NO_HEADER} (the bucket's default applies)"
        yield from _write(label, {MODE: ABSENT, KEY: ABSENT, CUSTOMER: ABSENT}, http=True)
        if self.default.algorithm != SSE_S3_HEADER:
            resolved = constants(self.default.key) if self.default.key else texts(*self._managed)
            yield from _write(label, {MODE: ABSENT, KEY: resolved, CUSTOMER: ABSENT}, http=True)

    def naming_default(self) -> Iterator[Alternative]:
        """A write whose headers name the default's mode and key."""
        if self.default.algorithm in MANAGERS and self.default.key:
            domains = {MODE: constants(self.default.algorithm), KEY: constants(self.default.key), CUSTOMER: ABSENT}
            yield from _write(f"with {self.default.algorithm} and the default's key", domains)

    def _accepted_keys(self, header: str) -> Iterator[Alternative]:
        """A header with a key that is accepted with it."""
        aws, customer = (mode in self.accepted.modes for mode in MANAGERS[header])
        asked = {MODE: constants(header), CUSTOMER: ABSENT}
        if aws:
            managed = texts(*MANAGED_KEY_ALIASES, absent=True)
            yield from _write(f"with {header} and the AWS managed key", {**asked, KEY: managed})
        if customer and self.accepted.keys != ():
            known = (self.managed_key,) if self.managed_key else ()
            avoid = () if aws else (*MANAGED_KEY_ALIASES, *self._managed, *known)
            keys = ("?*",) if self.accepted.keys is None else self.accepted.keys
            yield from _write(f"with {header} and an accepted key", {**asked, KEY: texts(*keys, avoid=avoid)})

    def resolved_managed_key(self, region: str) -> Iterator[Alternative]:
        """An accepted header without a key id whose key-id context key is the ARN of the account's AWS managed key."""
        arn = f"arn:{self.callers.partition}:kms:{region}:{self.callers.own}:{_MANAGED_NAME}"
        for header, (aws, _) in MANAGERS.items():
            if aws in self.accepted.modes:
                domains = {MODE: constants(header), KEY: constants(arn), CUSTOMER: ABSENT}
                yield from _write(f"with {header} and no key id", domains)

    def with_customer_key(self) -> Iterator[Alternative]:
        """A write with SSE-C."""
        yield from _write("with SSE-C", {MODE: ABSENT, KEY: ABSENT, CUSTOMER: constants("AES256")})

    def without_header(self) -> Iterator[Alternative]:
        """A write without an encryption header."""
        yield from _write(NO_HEADER, {MODE: ABSENT, KEY: ABSENT, CUSTOMER: ABSENT}, http=True)

    def _other_keys(self, header: str) -> Iterator[Alternative]:
        """An accepted header with a key that is not accepted; without a key id it means the AWS managed key."""
        aws, customer = (mode in self.accepted.modes for mode in MANAGERS[header])
        asked = {MODE: constants(header), CUSTOMER: ABSENT}
        aliases = MANAGED_KEY_ALIASES
        if not aws:
            managed = texts(*self._managed, absent=True)
            yield from _write(f"with {header} and no key id (the AWS managed key)", {**asked, KEY: managed})
        if not aws and self.managed_key:
            named = constants(self.managed_key)
            yield from _write(f"with {header} and the AWS managed key's ARN", {**asked, KEY: named})
        if not customer:
            other = texts("?*", avoid=(*aliases, *self._managed))
            yield from _write(f"with {header} and a customer managed key", {**asked, KEY: other})
        elif self.accepted.keys is not None:
            avoid = (*self.accepted.keys, *((*aliases, *self._managed) if aws else ()))
            yield from _write(f"with {header} and another key", {**asked, KEY: texts("?*", avoid=avoid)})
        elif not aws:
            yield from _write(f"with {header} and the AWS managed key's alias", {**asked, KEY: texts(*aliases)})

    @property
    def _managed(self) -> tuple[str, ...]:
        """Languages of the ARN of an AWS managed key, whichever account and Region the caller is in."""
        prefix = f"arn:{self.callers.partition}:kms:"
        own = f"{prefix}{_REGION.get(self.callers.partition, 'us-east-1')}:{self.callers.own}:{_MANAGED_NAME}"
        return own, f"{prefix}{SEGMENT}:{ACCOUNT}:{_MANAGED_NAME}"


_MANAGED_NAME: Final = "key/aws-managed-s3-key"
"""Stands for the id of an AWS managed key, which nobody can know from a policy."""

_REGION: Final = {"aws-cn": "cn-north-1", "aws-us-gov": "us-gov-west-1"}


def _each(flaw: Flaw, writes: Iterator[Alternative]) -> Iterator[tuple[Flaw, Alternative]]:
    return ((flaw, each) for each in writes)


def _write(label: str, domains: Mapping[str, Domain], *, http: bool = False) -> Iterator[Alternative]:
    """One way to write, over TLS and where S3 accepts it over plain HTTP."""
    for transport in (https("1.2", "1.3", "1.0", "1.1"), PLAIN_HTTP) if http else (https(*reversed(TLS_VERSIONS)),):
        yield Alternative(label, {**domains, **transport.domains})
