"""Rules that ask what a bucket's data class accepts. The class is the value of a tag; the tag's key is a parameter."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final, TypeVar

from s3_guardrails.decision import Decision, Reason, undetermined
from s3_guardrails.encryption.approval import ApprovedKeys
from s3_guardrails.encryption.bucket import Bucket
from s3_guardrails.encryption.data_class import AcceptedModes
from s3_guardrails.encryption.fact import known
from s3_guardrails.encryption.key import Key
from s3_guardrails.encryption.per_class import PerClass, per_class
from s3_guardrails.errors import ParameterError
from s3_guardrails.parameters import Parameters, parameter, text
from s3_guardrails.rule import BucketRule

T = TypeVar("T")

DEFAULT_CLASSES: Final = (
    "public=SSE-S3,SSE-KMS,DSSE-KMS;internal=SSE-S3,SSE-KMS,DSSE-KMS;confidential=SSE-KMS,DSSE-KMS;"
    "restricted=SSE-KMS-CMK,DSSE-KMS-CMK;log-delivery=SSE-S3"
)

UNCLASSIFIED: Final = "UNCLASSIFIED"


def data_class_tag() -> str:
    """Declare the parameter that all rules about data classes share."""
    return parameter("data-class", "Key of the tag whose value is the data class of a bucket or key.", text)


def class_of(resource: Bucket | Key, tag: str) -> str | None:
    """Return the value of the tag, None where there is none or it is blank; raise UnreadableFact."""
    return known(resource.tags).get(tag, "").strip() or None


def value_for(values: PerClass[T], resource: Bucket | Key, tag: str) -> T:
    """Return the value for the resource's class; its tags matter only where classes differ. Raise UnreadableFact."""
    return values.of(class_of(resource, tag)) if values.by_class else values.default


@dataclass(frozen=True, slots=True, kw_only=True)
class ClassifiedParameters(Parameters):
    """What every rule about data classes needs."""

    data_class_tag: str = data_class_tag()
    accepted_modes: AcceptedModes = parameter(
        DEFAULT_CLASSES,
        "Modes each data class accepts, as `class=mode,mode;class=mode`. Modes: SSE-S3, SSE-KMS, SSE-KMS-AWS, "
        "SSE-KMS-CMK, DSSE-KMS, DSSE-KMS-AWS, DSSE-KMS-CMK (-AWS: AWS managed key, -CMK: customer managed key).",
        AcceptedModes.parse,
    )
    approved_keys: PerClass[ApprovedKeys] = parameter(
        "",
        "Approved customer managed keys: ARNs, account ids whose keys are trusted, `alias/name` or `tag:Key=Value` "
        "resolved in the bucket's account and Region; then `;class=…` for classes that differ. Empty: keys of the "
        "bucket's own account.",
        per_class("ApprovedKeys", ApprovedKeys.parse),
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
        """Return the bucket's data class; raise UnreadableFact."""
        return class_of(bucket, self.parameters.data_class_tag)

    def decide_class(self, bucket: Bucket, data_class: str | None) -> Decision:
        """Decide for one data class."""
        raise NotImplementedError
