"""Rules that ask what a bucket's data class accepts. The class is the value of a tag; the tag's key is a parameter."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

from s3_guardrails.decision import Decision, Reason, undetermined
from s3_guardrails.encryption.approval import ApprovedKeys
from s3_guardrails.encryption.bucket import Bucket
from s3_guardrails.encryption.data_class import AcceptedModes
from s3_guardrails.encryption.fact import known
from s3_guardrails.errors import ParameterError
from s3_guardrails.parameters import Parameters, parameter, text
from s3_guardrails.rule import BucketRule

DEFAULT_CLASSES: Final = (
    "public=SSE-S3,SSE-KMS,DSSE-KMS;internal=SSE-S3,SSE-KMS,DSSE-KMS;confidential=SSE-KMS,DSSE-KMS;"
    "restricted=SSE-KMS-CMK,DSSE-KMS-CMK;log-delivery=SSE-S3"
)

UNCLASSIFIED: Final = "UNCLASSIFIED"


@dataclass(frozen=True, slots=True, kw_only=True)
class ClassifiedParameters(Parameters):
    """What every rule about data classes needs."""

    data_class_tag: str = parameter("data-class", "Key of the tag whose value is the bucket's data class.", text)
    accepted_modes: AcceptedModes = parameter(
        DEFAULT_CLASSES,
        "Modes each data class accepts, as `class=mode,mode;class=mode`. Modes: SSE-S3, SSE-KMS, SSE-KMS-AWS, "
        "SSE-KMS-CMK, DSSE-KMS, DSSE-KMS-AWS, DSSE-KMS-CMK (-AWS: AWS managed key, -CMK: customer managed key).",
        AcceptedModes.parse,
    )
    approved_keys: ApprovedKeys = parameter(
        "",
        "Approved customer managed keys: ARNs, account ids whose keys are trusted, `alias/name` or `tag:Key=Value` "
        "resolved in the bucket's account and Region. Empty: keys of the bucket's own account.",
        ApprovedKeys.parse,
    )

    def known_class(self, name: str, data_class: str) -> None:
        """Raise ParameterError where another parameter names a class that accepts nothing."""
        if data_class not in self.accepted_modes.by_class:
            known_classes = ", ".join(self.accepted_modes.by_class) or "none"
            raise ParameterError(
                f"rule parameter `{name}`: expected a class of AcceptedModes ({known_classes}), found `{data_class}`"
            )


class ClassifiedBucketRule(BucketRule, abstract=True):
    """A rule whose question depends on the bucket's data class."""

    parameters: ClassifiedParameters

    def decide(self, bucket: Bucket) -> Decision:
        """Find the data class, then decide for it; None stands for a bucket without one."""
        tag = self.parameters.data_class_tag
        data_class = self.class_of(bucket)
        if data_class is None:
            advisory = Reason(UNCLASSIFIED, f"the bucket has no tag `{tag}`, so any mode but SSE-C is accepted")
            decision = self.decide_class(bucket, None)
            return replace(decision, advisories=(advisory, *decision.advisories))
        classes = self.parameters.accepted_modes.by_class
        if data_class not in classes:
            expected = ", ".join(classes) or "none"
            return undetermined(
                "DATA_CLASS_UNKNOWN", f"the tag `{tag}` names the data class `{data_class}`, expected one of {expected}"
            )
        return self.decide_class(bucket, data_class)

    def class_of(self, bucket: Bucket) -> str | None:
        """Return the value of the tag, None where there is none or it is blank; raise UnreadableFact."""
        return known(bucket.tags).get(self.parameters.data_class_tag, "").strip() or None

    def decide_class(self, bucket: Bucket, data_class: str | None) -> Decision:
        """Decide for one data class."""
        raise NotImplementedError
