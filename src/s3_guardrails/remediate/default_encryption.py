"""`SetBucketDefaultEncryption`: the least change of a bucket's default after which its data class accepts it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from s3_guardrails.decision import Decision, Verdict
from s3_guardrails.encryption.approval import ApprovedKeys
from s3_guardrails.encryption.bucket import Bucket, DefaultEncryption
from s3_guardrails.encryption.fact import ABSENT, Unreadable, known
from s3_guardrails.encryption.key import KeyMetadata
from s3_guardrails.encryption.mode import DSSE_KMS_HEADER, SSE_KMS_HEADER, SSE_S3_HEADER, EncryptionMode
from s3_guardrails.remediate.change import Proposal, Proposed, Refusal, Refused, State
from s3_guardrails.remediate.hazard_evidence import listed
from s3_guardrails.remediate.judged import Judge, before_change, would_not_help
from s3_guardrails.remediate.state import put_encryption

DescribeKey = Callable[[str], KeyMetadata | Unreadable]
"""Key ARN → DescribeKey's answer; S3 itself validates no key (S3 API reference, PutBucketEncryption)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyChoice:
    """Where a customer managed key may come from: `named` by the operator, `present` (the setting's, as ARN).

    `accepted`: the modes that the bucket's data class accepts.
    """

    approved: ApprovedKeys
    accepted: frozenset[EncryptionMode]
    describe: DescribeKey
    named: str = ""
    present: str | None = None


def plan_default_encryption(judge: Judge[Bucket], bucket: Bucket, state: State, choice: KeyChoice) -> Proposal:
    """Plan the default encryption; aws/s3 and aliases are never set, blocked encryption types are carried over."""
    settled = before_change(judge(bucket))
    if settled is not None:
        return settled
    keys = _keys(bucket, choice)
    tried: list[Decision] = []
    for candidate in _candidates(known(bucket.default_encryption), keys, choice.accepted):
        decision = judge(_with(bucket, candidate, choice.describe))
        if decision.verdict is Verdict.COMPLIANT:
            return _checked(bucket, state, candidate, choice)
        tried.append(decision)
    if not keys and any(each.uses_kms for each in choice.accepted):
        return Refused(refusals=(_choose(bucket, choice),))
    return would_not_help(
        tried[0] if tried else judge(bucket),
        "look at the parameters AcceptedModes and ApprovedKeys for the bucket's data class",
    )


_LOOK: Final = "look at the parameters AcceptedModes and ApprovedKeys for the bucket's data class"


def _candidates(
    default: DefaultEncryption, keys: tuple[str, ...], accepted: frozenset[EncryptionMode]
) -> Iterator[DefaultEncryption]:
    """Yield settings from the least change on: the same algorithm first; SSE-S3 only where no KMS mode is accepted."""
    algorithms = dict.fromkeys((default.algorithm, SSE_KMS_HEADER, DSSE_KMS_HEADER))
    for algorithm in (each for each in algorithms if each != SSE_S3_HEADER):
        for key in keys:
            present = replace(default, algorithm=algorithm, key=key)
            yield present
            if algorithm == SSE_KMS_HEADER and not default.bucket_key:
                yield replace(present, bucket_key=True)
    if not any(each.uses_kms for each in accepted):
        yield DefaultEncryption(SSE_S3_HEADER)


def _keys(bucket: Bucket, choice: KeyChoice) -> tuple[str, ...]:
    """Return the keys to try: the one named, else the present one, else the only approved one of the Region."""
    if choice.named:
        return (choice.named,)
    approved = choice.approved
    if choice.present and not _managed_by_aws(choice.describe(choice.present)):
        account = choice.present.split(":")[4]
        if approved.names(bucket, choice.present) or approved.trusts(bucket, account):
            return (choice.present,)
    only = _listed(bucket, approved)
    return only if len(only) == 1 else ()


def _listed(bucket: Bucket, approved: ApprovedKeys) -> tuple[str, ...]:
    resolved = (arn for each in approved.references for arn in sorted(bucket.keys_of(each)))
    return tuple(dict.fromkeys(each for each in (*approved.arns, *resolved) if each.split(":")[3] == bucket.region))


def _choose(bucket: Bucket, choice: KeyChoice) -> Refusal:
    """Name the approved keys as the parameter does: an alias says more than an ARN."""
    named = (*choice.approved.references, *choice.approved.arns)
    several = f"{len(_listed(bucket, choice.approved))} approved keys could be meant: {listed(named, 5)}"
    what = f"the data class asks for a customer managed key, and {several if named else 'no key is approved by name'}"
    return Refusal("CHOOSE_KEY", what, "name the key with KmsKeyArn")


def _managed_by_aws(found: KeyMetadata | Unreadable) -> bool:
    return isinstance(found, KeyMetadata) and found.manager == "AWS"


def _with(bucket: Bucket, default: DefaultEncryption, describe: DescribeKey) -> Bucket:
    if default.key is None:
        return replace(bucket, default_encryption=default, default_key_manager=ABSENT)
    found = describe(default.key)
    manager = Unreadable("default_key_manager", found.reason) if isinstance(found, Unreadable) else found.manager
    return replace(bucket, default_encryption=default, default_key_manager=manager)


def _checked(bucket: Bucket, state: State, default: DefaultEncryption, choice: KeyChoice) -> Proposal:
    unusable = _unusable(bucket, default.key, choice.describe) if default.key else None
    if unusable:
        return Refused(refusals=(unusable,))
    after = _configuration(state["encryption"], default)
    return Proposed(after={"encryption": after}, calls=(put_encryption(bucket, after),))


def _unusable(bucket: Bucket, arn: str, describe: DescribeKey) -> Refusal | None:
    """S3 takes any text for a key, and writes fail later: look at the key before it is set."""
    found, next_step = describe(arn), "choose another key with KmsKeyArn, or mend this one"
    if isinstance(found, Unreadable):
        return Refusal("KEY_UNREADABLE", f"the key {arn} could not be read: {found.reason}", next_step)
    region = arn.split(":")[3]
    for wrong, what in (
        (region != bucket.region, f"is in {region}, the bucket in {bucket.region}"),
        (found.state != "Enabled", f"has the state {found.state}"),
        (found.spec != "SYMMETRIC_DEFAULT", f"is {found.spec}, not symmetric"),
        (found.usage != "ENCRYPT_DECRYPT", f"is for {found.usage}"),
        (found.manager == "AWS", "is managed by AWS: no other account can ever use it"),
    ):
        if wrong:
            return Refusal("KEY_NOT_USABLE", f"the key {arn} {what}", next_step)
    return None


_DEFAULT: Final = "ApplyServerSideEncryptionByDefault"


def _configuration(before: Mapping[str, Any] | None, default: DefaultEncryption) -> dict[str, Any]:
    """Change the rule that names the default; everything else in the configuration stays as it is."""
    setting = {"SSEAlgorithm": default.algorithm, **({"KMSMasterKeyID": default.key} if default.key else {})}
    rules = [dict(each) for each in (before or {}).get("Rules", [])] or [{}]
    place = next((index for index, each in enumerate(rules) if _DEFAULT in each), 0)
    rules[place] = {**rules[place], _DEFAULT: setting, "BucketKeyEnabled": default.bucket_key}
    return {**(before or {}), "Rules": rules}
