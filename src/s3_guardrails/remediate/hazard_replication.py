"""Replication that a new default would stop: S3 leaves objects out, or its role may not use the key."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from s3_guardrails.encryption.bucket import Bucket
from s3_guardrails.encryption.fact import Absent, Unreadable
from s3_guardrails.encryption.surroundings import Replication, ReplicationRule, Surroundings
from s3_guardrails.remediate.change import Refusal
from s3_guardrails.remediate.hazard_access import use_after
from s3_guardrails.remediate.hazard_evidence import Evidence, Finding, unreadable
from s3_guardrails.remediate.hazard_setting import KEY_ARN, NewDefault
from s3_guardrails.remediate.hazard_use import Answer

CODE: Final = "REPLICATION_WOULD_FAIL"


def replication(
    bucket: Bucket, surroundings: Surroundings, change: NewDefault, evidence: Evidence
) -> Iterator[Finding]:
    """Judge every enabled rule under the new default (S3 User Guide, "Replicating encrypted objects")."""
    found = surroundings.replication
    if isinstance(found, Unreadable):
        yield unreadable(found, "objects under the new key might no longer be replicated")
    elif not isinstance(found, Absent) and change.uses_kms:
        for rule in found.rules:
            yield from _rule(rule)
        if found.rules and change.another_key:
            yield from _role(found, bucket, change, evidence)


def _rule(rule: ReplicationRule) -> Iterator[Finding]:
    where = f"the replication rule `{rule.id}` to {rule.destination}"
    if not rule.kms_objects:
        yield Refusal(
            CODE,
            f"{where} leaves objects under KMS keys out (no SseKmsEncryptedObjects): new ones would stay behind",
            "turn SourceSelectionCriteria.SseKmsEncryptedObjects on and name a ReplicaKmsKeyID, then plan again",
        )
    elif not KEY_ARN.fullmatch(rule.replica_key or ""):
        named = f"`{rule.replica_key}` for it, which is no key ARN" if rule.replica_key else "none"
        yield Refusal(
            CODE,
            f"{where} needs a key for its replicas and names {named}",
            "name a ReplicaKmsKeyID by its ARN, in the destination's Region, then plan again",
        )


def _role(found: Replication, bucket: Bucket, change: NewDefault, evidence: Evidence) -> Iterator[Finding]:
    use = use_after(bucket, change, evidence)
    if use and use.of(found.role, ["kms:Decrypt"]) is Answer.NO:
        yield Refusal(
            CODE,
            f"the replication role {found.role} may not decrypt with the new key: new objects would not be replicated",
            "let the role kms:Decrypt with the key, then plan again",
        )
