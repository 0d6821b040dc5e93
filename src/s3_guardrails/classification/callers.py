"""Whom a bucket's policy lets in: everybody, origin access identities, other accounts, services that read.

Sources: CloudFront Developer Guide, "Restricting access to an Amazon S3 origin"; S3 User Guide, "Blocking public
access to your Amazon S3 storage".
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from s3_guardrails.classification.data_class import Purpose
from s3_guardrails.classification.evidence import SHARED_MODES, SSE_S3, Basis, Evidence, listed
from s3_guardrails.encryption.bucket import Bucket
from s3_guardrails.encryption.fact import Absent, Unreadable
from s3_guardrails.encryption.grantee import Form, Grantee, grantees
from s3_guardrails.encryption.service_writer import lets
from s3_guardrails.encryption.surroundings import PublicAccessBlock, Surroundings
from s3_guardrails.policy.document import Policy, PrincipalKind
from s3_guardrails.policy.public import public_statements

_READS: Final = ("s3:GetObject", "s3:GetObjectVersion")


def readers(policy: Policy) -> Iterator[Evidence]:
    """Yield the services that the policy lets read; each uses a key with its own principal."""
    services = (each for one in policy.allows if lets(one, "s3:GetObject") for each in one.principals)
    names = sorted({each.value for each in services if each.kind is PrincipalKind.SERVICE})
    if names:
        what = f"the policy lets {listed(names)} read, which can use a customer managed key that lets it, and no other"
        yield shared("SERVICE_READER", what)


def callers(bucket: Bucket, policy: Policy, surroundings: Surroundings) -> Iterator[Evidence]:
    """Yield everybody else whom the policy lets at objects, but those of the bucket's own account."""
    everybody = grantees(bucket, policy)
    if lets_everybody(bucket) and let_in_openly(surroundings) is True:
        yield _public(any(lets(each, action) for each in public_statements(policy) for action in _READS))
    if identities := _of(everybody, Form.ORIGIN_ACCESS_IDENTITY):
        named = listed(sorted(each.value for each in identities))
        yield Evidence(
            code="ORIGIN_ACCESS_IDENTITY",
            sentence=f"CloudFront reads with an origin access identity ({named}), which cannot use KMS",
            basis=Basis.POLICY,
            needs=(SSE_S3,),
            default=SSE_S3,
        )
    apart = {Form.EVERYONE, Form.ORIGIN_ACCESS_IDENTITY}
    others = [each for each in everybody if each.form not in apart and each.account != bucket.account]
    if others:
        named = listed(sorted({each.value for each in others}))
        yield shared("CROSS_ACCOUNT", f"the policy lets {named} in, who cannot use the AWS managed key")
    replicating = (one for one in policy.allows if _replicates(one.actions))
    if replicators := sorted({each.value for one in replicating for each in one.principals}):
        yield Evidence(
            code="REPLICATION_DESTINATION",
            sentence=f"the policy lets {listed(replicators)} replicate objects here, with the key that its rule names",
            basis=Basis.POLICY,
        )


def shared(code: str, sentence: str) -> Evidence:
    """Return evidence of somebody who can be let use a customer managed key, and never the AWS managed one."""
    return Evidence(code=code, sentence=sentence, basis=Basis.POLICY, needs=(SHARED_MODES,), default=SHARED_MODES)


def _public(read: bool) -> Evidence:
    """Whether everybody should be let in is another question, and a person's."""
    return Evidence(
        code="PUBLIC_READ" if read else "PUBLIC_WRITE",
        sentence=f"the policy lets everybody {'read' if read else 'write'}, and nothing blocks that; "
        "anonymous callers cannot use KMS",
        basis=Basis.POLICY,
        purpose=Purpose.PUBLIC if read else None,
        needs=(SSE_S3,),
        default=SSE_S3,
    )


def lets_everybody(bucket: Bucket) -> bool:
    """Does the policy let everybody at objects? Only then it matters whether S3 blocks that."""
    return isinstance(bucket.policy, Policy) and bool(_of(grantees(bucket, bucket.policy), Form.EVERYONE))


def _of(found: tuple[Grantee, ...], form: Form) -> list[Grantee]:
    return [each for each in found if each.form is form]


def let_in_openly(surroundings: Surroundings) -> bool | Unreadable:
    """Does S3 let everybody in whom the policy lets in? The bucket's block or the account's may say no."""
    public = surroundings.policy_is_public
    if isinstance(public, Absent) or public is False:
        return False
    for block in (surroundings.public_access_block, surroundings.account_public_access_block):
        if isinstance(block, PublicAccessBlock) and block.restrict_buckets:
            return False
    facts = (public, surroundings.public_access_block, surroundings.account_public_access_block)
    return next((each for each in facts if isinstance(each, Unreadable)), True)


def _replicates(actions: Iterable[str]) -> bool:
    """By its name: `s3:*` lets replicate too, and says nothing about it."""
    return any(each.lower() == "s3:replicateobject" for each in actions)
