"""KMS_KEY_ROTATION: whether customer managed keys that can rotate do."""

from dataclasses import dataclass

from s3_guardrails.classified import data_class_tag, value_for
from s3_guardrails.config import lambda_handler_for
from s3_guardrails.decision import Decision, Severity, compliant, non_compliant
from s3_guardrails.encryption.fact import known
from s3_guardrails.encryption.key import Key
from s3_guardrails.encryption.per_class import PerClass, per_class
from s3_guardrails.encryption.rotation import days, not_rotatable
from s3_guardrails.errors import UnreadableFact
from s3_guardrails.parameters import parameter
from s3_guardrails.rule import Control, Trigger
from s3_guardrails.scoped import ScopedKeyRule, ScopedParameters

SECURITY_HUB = "AWS Security Hub User Guide, control KMS.4"


@dataclass(frozen=True, slots=True, kw_only=True)
class RotationParameters(ScopedParameters):
    """How often keys rotate."""

    data_class_tag: str = data_class_tag()
    maximum_days: PerClass[int] = parameter(
        "365",
        "Longest rotation period in days, 90 to 2560, then `;class=…` for data classes that differ.",
        per_class("MaximumDays", days, "365"),
    )


class KMS_KEY_ROTATION(ScopedKeyRule):
    """Every customer managed key that can rotate does, at least every so many days.

    Rotation limits what one generation of key material protects. Keys that cannot rotate on a schedule (asymmetric,
    HMAC, imported, custom key store, replica, disabled, pending deletion) are not applicable, with the reason.
    """

    trigger = Trigger.PERIODIC
    severity = Severity.MEDIUM
    controls = (
        Control("AWS Security Hub", "KMS.4", SECURITY_HUB, "2026-11"),
        Control("CIS AWS Foundations v7.0.0", "4.6", "compliance file of Prowler 5.46, August 2026", "2026-11"),
        Control("NIST SP 800-53 Rev. 5", "SC-12", SECURITY_HUB, "2026-11"),
        Control("PCI DSS v4.0.1", "3.7.4", SECURITY_HUB, "2026-11"),
    )
    remediation = "EnableKeyRotation"
    Parameters = RotationParameters
    parameters: RotationParameters

    def decide_key(self, key: Key) -> Decision:
        """Compare the rotation status with the longest period."""
        if excused := not_rotatable(key):
            return excused
        longest = value_for(self.parameters.maximum_days, key, self.parameters.data_class_tag)
        rotation = known(key.rotation)
        if not rotation.enabled:
            return non_compliant("ROTATION_OFF", "automatic rotation is off")
        if rotation.period_days is None:
            raise UnreadableFact("rotation", "the answer has no rotation period")
        if rotation.period_days > longest:
            return non_compliant(
                "ROTATION_TOO_SLOW",
                f"the key rotates every {rotation.period_days} days, {longest} at most are accepted",
            )
        return compliant("ROTATES", f"the key rotates every {rotation.period_days} days")


lambda_handler = lambda_handler_for(KMS_KEY_ROTATION)
