"""Who reads or writes today and could not once the default names another KMS key."""

from __future__ import annotations

from collections.abc import Iterator

from s3_guardrails.encryption.bucket import Bucket
from s3_guardrails.encryption.fact import Unreadable
from s3_guardrails.encryption.grantee import Form, Grantee, grantees
from s3_guardrails.policy.document import Policy
from s3_guardrails.remediate.change import Concern, Refusal
from s3_guardrails.remediate.hazard_evidence import Evidence, Finding, Simulation, listed
from s3_guardrails.remediate.hazard_policy import policy_before
from s3_guardrails.remediate.hazard_setting import NewDefault
from s3_guardrails.remediate.hazard_use import Answer, KeyUse


def access(bucket: Bucket, change: NewDefault, evidence: Evidence) -> Iterator[Finding]:
    """Judge callers that the bucket policy names, of other accounts and of the bucket's own."""
    policy = policy_before(bucket)
    if isinstance(policy, Policy) and change.another_key:
        named, use = grantees(bucket, policy), use_after(bucket, change, evidence)
        yield from _foreign([each for each in named if each.account != bucket.account], change, use)
        yield from _own([each for each in named if each.account == bucket.account], change, use)
    yield from _impact(change, evidence.simulation)


def use_after(bucket: Bucket, change: NewDefault, evidence: Evidence) -> KeyUse | None:
    """Return how the new default's key is used by objects of the bucket, None where its policy is not known."""
    target = evidence.target
    if target is None or isinstance(target.policy, Unreadable) or target.arn != change.after.key:
        return None
    context = bucket.arn if change.after.bucket_key else f"{bucket.arn}/an-object"
    simulation = evidence.simulation or Simulation()
    return KeyUse(key=target, policy=target.policy, context=context, simulation=simulation)


def _foreign(named: list[Grantee], change: NewDefault, use: KeyUse | None) -> Iterator[Finding]:
    lost = [f"{each.value} ({each.statement})" for each in named if _answer(each, use) is Answer.NO]
    unknown = [f"{each.value} ({each.statement})" for each in named if _answer(each, use) is Answer.UNKNOWN]
    if lost:
        yield Refusal(
            "CROSS_ACCOUNT_LOSES_ACCESS",
            f"the bucket policy lets these in, and they could not use the key {change.after.key}: {listed(lost)}",
            "grant them the key in its policy (kms:Decrypt to read, kms:GenerateDataKey too to write), then plan again",
        )
    if unknown:
        yield Refusal(
            "CROSS_ACCOUNT_UNKNOWN",
            f"whether these could use the key {change.after.key} cannot be told: {listed(unknown)}",
            "name accounts or principals in the bucket policy, make the key's policy readable, then plan again",
        )


def _answer(grantee: Grantee, use: KeyUse | None) -> Answer:
    """Answer for one grantee; who stands for many is asked as one that nothing else is known of."""
    if grantee.form in {Form.EVERYONE, Form.ORIGIN_ACCESS_IDENTITY}:
        return Answer.NO  # anonymous callers and origin access identities have no use of KMS
    if grantee.form is Form.UNKNOWN or use is None:
        return Answer.UNKNOWN
    ask = {Form.PRINCIPAL: use.of, Form.ACCOUNT: use.of_account, Form.ORGANIZATION: use.of_organization}
    return ask[grantee.form](grantee.value, sorted(grantee.kms_actions))


def _own(named: list[Grantee], change: NewDefault, use: KeyUse | None) -> Iterator[Finding]:
    lost = [each.value for each in named if each.form is Form.PRINCIPAL and _answer(each, use) is Answer.NO]
    if lost:
        yield Refusal(
            "PRINCIPALS_LOSE_ACCESS",
            f"the bucket policy names principals of the account that may not use {change.after.key}: {listed(lost)}",
            "let them use the key in its policy or in their identity policies, then plan again",
        )


def _impact(change: NewDefault, simulation: Simulation | None) -> Iterator[Finding]:
    """Identity policies are not seen from here: unless all users of the bucket were asked, a person must look."""
    said = simulation.decisions if simulation else {}
    closed = [who for who, decisions in said.items() if isinstance(decisions, Unreadable)]
    if not change.another_key:
        what = "a Bucket Key makes the encryption context the bucket's ARN: identity policies that name objects break"
        yield Concern("IMPACT_UNKNOWN", what)
    elif closed or not (simulation and simulation.complete):
        of = listed(closed) if closed else "principals whose identity policies were not looked at"
        yield Concern(
            "IMPACT_UNKNOWN",
            "whoever reads or writes new objects of the bucket needs kms:Decrypt and kms:GenerateDataKey on"
            f" {change.after.key}, and whether that holds is not known of {of}",
        )
