"""What speaks against a KMS key: as the default of a bucket, or as what a change writes to."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from s3_guardrails.encryption.bucket import Bucket
from s3_guardrails.encryption.fact import Unreadable
from s3_guardrails.encryption.key import Key, KeyMetadata
from s3_guardrails.policy.condition import holds
from s3_guardrails.policy.document import Condition, Effect, Policy, Statement
from s3_guardrails.remediate.change import Concern, Refusal
from s3_guardrails.remediate.hazard_control import key_control
from s3_guardrails.remediate.hazard_evidence import Evidence, Finding, Simulation, listed, unreadable
from s3_guardrails.remediate.hazard_policy import deleted_principals, policy_after
from s3_guardrails.remediate.hazard_setting import KEY_ARN, NewDefault
from s3_guardrails.remediate.hazard_use import Answer, KeyUse

CONTEXT: Final = "kms:encryptioncontext:aws:s3:arn"
"""The object's ARN, or with a Bucket Key the bucket's (S3 User Guide, "Reducing the cost of SSE-KMS")."""

_NEXT: Final = "choose another key, or mend this one, then plan again"
_LOST: Final = (Answer.YES, Answer.NO)
_DYING: Final = ("PendingDeletion", "PendingReplicaDeletion")


def target_key(bucket: Bucket, change: NewDefault, evidence: Evidence) -> Iterator[Finding]:
    """Judge the key that the default will name: S3 takes any text for one, and writes fail later."""
    setting = KEY_ARN.fullmatch(change.after.key or "")
    if not setting:
        what = f"the setting `{change.after.key}`" if change.after.key else "no key, which means aws/s3,"
        yield Refusal(
            "KEY_NOT_USABLE",
            f"{what} is not a key by its ARN: every caller's account resolves it for itself",
            "name a customer managed key by its ARN",
        )
        return
    for wrong, what in (
        (setting[1] != bucket.partition, f"is in the partition {setting[1]}, the bucket in {bucket.partition}"),
        (setting[2] != bucket.region, f"is in {setting[2]}, the bucket in {bucket.region}"),
    ):
        if wrong:
            yield _unusable(setting[0], what)
    target = evidence.target
    if target is None or target.arn != setting[0]:
        yield unreadable(Unreadable("metadata", "not read"), "the key may not work", "key_metadata")
        yield unreadable(Unreadable("policy", "not read"), "it says who may use the key", "key_policy")
        return
    yield from _usable(target)
    yield from _context(bucket, change, target)


def key_in_use(key: Key) -> Iterator[Finding]:
    """A key that is on its way out, or managed by AWS, is left alone."""
    found = key.metadata
    if isinstance(found, Unreadable):
        yield unreadable(found, "its state decides whether it can be changed", "key_metadata")
    elif found.manager == "AWS":
        yield _unusable(key.arn, "is managed by AWS: nobody else can change it")
    elif found.state in _DYING:
        yield _unusable(key.arn, f"has the state {found.state}")


def changed_key_policy(key: Key, text: str, evidence: Evidence) -> Iterator[Finding]:
    """Judge a key policy as it would be written."""
    after = policy_after(text)
    if isinstance(after, Refusal):
        yield after
        return
    if isinstance(key.policy, Unreadable):
        yield unreadable(key.policy, "nobody can say what it lets through today", "key_policy")
        return
    yield from deleted_principals(after)
    yield from key_control(key, key.policy, after, evidence)
    yield from _impact(key, key.policy, after, evidence.simulation)


def _impact(key: Key, before: Policy, after: Policy, simulation: Simulation | None) -> Iterator[Finding]:
    """Who uses the key through identity policies is not seen in its policy; a simulation tells."""
    said = simulation.decisions if simulation else {}
    asked = {who: decisions for who, decisions in said.items() if not isinstance(decisions, Unreadable)}
    lost = []
    for who, decisions in asked.items():
        was, now = (KeyUse(key=key, policy=each, simulation=Simulation(asked)) for each in (before, after))
        lost += [f"{who} ({each})" for each in decisions if (was.of(who, [each]), now.of(who, [each])) == _LOST]
    if lost:
        yield Refusal(
            "PRINCIPALS_LOSE_ACCESS",
            f"these could not use the key any more: {listed(lost)}",
            "declare them as users of the key, then plan again",
        )
    if simulation is None or not simulation.complete or len(asked) < len(said):
        what = "whoever uses the key through identity policies or by grants is not seen in its policy"
        yield Concern("IMPACT_UNKNOWN", what)


def _usable(target: Key) -> Iterator[Finding]:
    found = target.metadata
    if isinstance(found, Unreadable):
        yield unreadable(found, "a key that is not enabled or not symmetric breaks every write", "key_metadata")
        return
    yield from (_unusable(target.arn, what) for what in _flaws(found))
    if isinstance(target.policy, Unreadable):
        yield unreadable(target.policy, "it says who may use the key", "key_policy")


def _flaws(found: KeyMetadata) -> Iterator[str]:
    if found.state != "Enabled":
        yield f"has the state {found.state}"
    if found.spec != "SYMMETRIC_DEFAULT":
        yield f"is {found.spec}, and S3 uses symmetric keys only"
    if found.usage != "ENCRYPT_DECRYPT":
        yield f"is for {found.usage}"
    if found.manager == "AWS":
        yield "is managed by AWS: no other account can ever be let in"


def _unusable(arn: str, what: str) -> Refusal:
    return Refusal("KEY_NOT_USABLE", f"the key {arn} {what}", _NEXT)


def _context(bucket: Bucket, change: NewDefault, target: Key) -> Iterator[Finding]:
    """Conditions on objects' ARNs no longer hold once a Bucket Key makes the bucket's ARN the encryption context."""
    if not change.bucket_key_on or isinstance(target.policy, Unreadable):
        return
    broken = [each.label for each in target.policy.statements if _breaks(each, bucket.arn)]
    if broken:
        yield Refusal(
            "BUCKET_KEY_CONTEXT",
            f"the key policy asks for objects' ARNs as the encryption context ({listed(broken)}), which a Bucket Key"
            f" turns into the bucket's: {bucket.arn}",
            f"name {bucket.arn} there beside the objects, or leave the Bucket Key off",
        )


def _breaks(statement: Statement, bucket_arn: str) -> bool:
    return any(
        condition.name == CONTEXT and _about(condition, bucket_arn) and _turns(statement, condition, bucket_arn)
        for condition in statement.conditions
    )


def _about(condition: Condition, bucket_arn: str) -> bool:
    """Does the condition name objects of this bucket? A value up to its first wildcard or variable tells."""
    objects = f"{bucket_arn}/"
    starts = (value.partition("*")[0].partition("?")[0].partition("${")[0] for value in condition.values)
    return any(start.startswith(objects) or objects.startswith(start) for start in starts)


def _turns(statement: Statement, condition: Condition, bucket_arn: str) -> bool:
    """Is an Allow lost, or a Deny won, when the context is the bucket's ARN?"""
    truth = holds(condition, {CONTEXT: bucket_arn}, statement.variables)
    return truth is not (statement.effect is Effect.ALLOW)
