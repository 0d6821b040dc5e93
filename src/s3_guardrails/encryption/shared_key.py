"""The two-key rule: whom of other accounts a bucket's policy lets at objects, and whether its key lets them too.

Each question ranges over all requests of one caller. A caller counts as let in where one request of its gets past the
bucket policy, and as shut out of the key where none gets past the key policy. Identity policies of the other account
are not seen from here. Sources: S3 User Guide, "Bucket owner granting cross-account bucket permissions" and "Using
SSE-KMS"; KMS Developer Guide, "Allowing users in other accounts to use a KMS key".
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Final

from s3_guardrails.encryption.bucket import Bucket, DefaultEncryption
from s3_guardrails.encryption.grantee import Form, Grantee, grantees
from s3_guardrails.encryption.mode import SSE_KMS_HEADER
from s3_guardrails.encryption.write import Accepted, WriteQuestion
from s3_guardrails.policy.callers import Callers, of_accounts
from s3_guardrails.policy.document import Policy
from s3_guardrails.policy.domain import Domain, constants, texts
from s3_guardrails.policy.prove import Answer, Question, prove
from s3_guardrails.policy.space import Alternative, Group, Space
from s3_guardrails.policy.targets import ONLY_TLS, TLS_VERSIONS, bucket_actions, https, key_actions, network

READ: Final = "GetObject"
WRITE: Final = "PutObject"
NEEDED: Final = {READ: "Decrypt", WRITE: "GenerateDataKey"}
"""What S3 asks KMS for, for the caller; a multipart upload needs Decrypt too."""

_KEYLESS: Final = frozenset({Form.EVERYONE, Form.ORIGIN_ACCESS_IDENTITY})
"""Callers that KMS serves never: it knows no anonymous use, and no origin access identities."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SharedBucket:
    """A bucket with a policy, and the key of its default encryption by ARN."""

    bucket: Bucket
    policy: Policy
    default: DefaultEncryption
    key: str

    def strangers(self) -> tuple[Grantee, ...]:
        """Return the callers of other accounts that the policy names, each once."""
        named = (each for each in grantees(self.bucket, self.policy) if each.account != self.bucket.account)
        return tuple({(each.form, each.value): each for each in named}.values())

    def enters(self, stranger: Grantee, action: str) -> Answer:
        """Ask: does no request of the caller get in? Refuted is the caller with a request that does."""
        callers = self._callers(stranger, self.policy)
        transport: Group = Group("transport", (https(*reversed(TLS_VERSIONS)),))
        if action == WRITE:
            transport = Group("encryption", tuple(self._writes()))
        groups = (callers, bucket_actions(self.bucket.arn, (action,)), network(), transport)
        own = constants(self.bucket.account)
        fixed = {"aws:resourceaccount": own, "s3:resourceaccount": own}
        return prove(self.policy, Question((Space("s3", groups, self.bucket.as_of, fixed),), allowed=True))

    def uses(self, stranger: Grantee, action: str, key_policy: Policy) -> Answer:
        """Ask: does no request of the caller use the key so, through S3 and for this bucket? Proved is bad news."""
        callers = self._callers(stranger, key_policy)
        groups = (callers, key_actions(constants(self.key), (action,)), network(), Group("transport", (ONLY_TLS,)))
        domain = "amazonaws.com.cn" if self.bucket.partition == "aws-cn" else "amazonaws.com"
        fixed = {
            "aws:resourceaccount": constants(self.key.split(":")[4]),
            "kms:viaservice": constants(f"s3.{self.bucket.region}.{domain}"),
            "kms:encryptioncontext:aws:s3:arn": self._context(),
        }
        return prove(key_policy, Question((Space("kms", groups, self.bucket.as_of, fixed),), allowed=True))

    def _context(self) -> Domain:
        """The bucket's ARN where a Bucket Key is on (DSSE-KMS has none), else the object's."""
        if self.default.bucket_key and self.default.algorithm == SSE_KMS_HEADER:
            return constants(self.bucket.arn)
        return texts(f"{self.bucket.arn}/an-object", f"{self.bucket.arn}/?*")

    def _writes(self) -> Iterator[Alternative]:
        """Uploads that the default's key encrypts: without a header, or with one that names it."""
        question = WriteQuestion(
            self.bucket.arn,
            Callers(own=self.bucket.account, partition=self.bucket.partition),
            Accepted(frozenset()),
            self.default,
        )
        yield from question.by_default()
        yield from question.naming_default()

    def _callers(self, stranger: Grantee, policy: Policy) -> Group:
        whole = Callers(
            own=self.bucket.account,
            partition=self.bucket.partition,
            anonymous=False,
            services=False,
            only=(stranger.value,) if stranger.form is Form.PRINCIPAL else (),
            outside=frozenset() if stranger.form is Form.PRINCIPAL else frozenset({self.bucket.account}),
        ).group(policy)
        found = (_meant(stranger, each) for each in whole.alternatives)
        return Group(whole.name, tuple(each for each in found if each))


def keyless(stranger: Grantee) -> bool:
    """Can the caller use no key at all, whatever its policy says?"""
    return stranger.form in _KEYLESS


def unnamed(stranger: Grantee) -> bool:
    """Does the policy leave open who is meant?"""
    return stranger.form is Form.UNKNOWN


def _meant(stranger: Grantee, each: Alternative) -> Alternative | None:
    match stranger.form:
        case Form.ACCOUNT:
            return of_accounts(each, frozenset({stranger.value}))
        case Form.ORGANIZATION if "@org" in each.domains:
            return replace(each, domains={**each.domains, "@org": texts(f"{stranger.value}/?*/", one=True)})
        case Form.ORGANIZATION:
            return None
    return each
