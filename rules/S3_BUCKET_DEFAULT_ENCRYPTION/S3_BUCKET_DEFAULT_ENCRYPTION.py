"""S3_BUCKET_DEFAULT_ENCRYPTION: what a write that names no encryption is stored with."""

from dataclasses import dataclass

from s3_guardrails.classified import ClassifiedBucketRule, ClassifiedParameters
from s3_guardrails.config import lambda_handler_for
from s3_guardrails.decision import Decision, Severity, compliant, decided, non_compliant
from s3_guardrails.encryption.bucket import Bucket
from s3_guardrails.encryption.default_key import form_flaw, key_flaw, manager_matters, true_mode
from s3_guardrails.encryption.fact import known
from s3_guardrails.encryption.mode import EncryptionMode
from s3_guardrails.encryption.special_use import sse_s3_use
from s3_guardrails.parameters import parameter, words
from s3_guardrails.rule import Control

SECURITY_HUB = "AWS Security Hub User Guide, control S3.17"


@dataclass(frozen=True, slots=True, kw_only=True)
class DefaultEncryptionParameters(ClassifiedParameters):
    """Which modes, keys and Bucket Keys each data class asks for."""

    bucket_key_required: tuple[str, ...] = parameter(
        "", "Data classes whose buckets must use a Bucket Key with SSE-KMS, separated by commas.", words
    )

    def check(self) -> None:
        """Raise ParameterError for a class that accepts nothing."""
        for each in self.bucket_key_required:
            self.known_class("BucketKeyRequired", each)


class S3_BUCKET_DEFAULT_ENCRYPTION(ClassifiedBucketRule):
    """The bucket's default encryption is a mode that its data class accepts, with an approved key.

    A write that names no encryption takes the bucket's default. Since January 2023 every bucket has one, so whether
    there is one says nothing; which mode, whose key, and whether a Bucket Key keeps KMS affordable is the question.
    Each data class accepts a set of modes, not a minimum: some writers work with SSE-S3 only. Where the settings show
    such a use, SSE-S3 is right whatever the class says.
    """

    severity = Severity.MEDIUM
    controls = (
        Control("AWS Security Hub", "S3.17", SECURITY_HUB, "2026-11"),
        Control("NIST SP 800-53 Rev. 5", "SC-28(1)", SECURITY_HUB, "2026-11"),
        Control("PCI DSS v4.0.1", "3.5.1", SECURITY_HUB, "2026-11"),
    )
    remediation = "SetBucketDefaultEncryption"
    Parameters = DefaultEncryptionParameters
    parameters: DefaultEncryptionParameters

    def decide_class(self, bucket: Bucket, data_class: str | None) -> Decision:
        """Compare mode, key and Bucket Key with what the class accepts."""
        default, approved = known(bucket.default_encryption), self.parameters.approved_keys.of(data_class)
        accepted = self.parameters.accepted_modes.of(data_class)
        mode = default.mode
        malformed = form_flaw(default) if data_class is not None and default.mode.uses_kms else None
        if malformed and mode in accepted:
            return decided((malformed,), (), malformed)
        if data_class is not None and manager_matters(default, accepted):
            mode = true_mode(bucket, default, approved)
        if mode not in accepted:
            if mode is EncryptionMode.SSE_S3 and (use := sse_s3_use(bucket)):
                return use
            return non_compliant(
                "DEFAULT_NOT_ACCEPTED",
                f"the default encryption is {mode.meaning}; {data_class} data accepts {', '.join(sorted(accepted))}",
            )
        holds = compliant("DEFAULT_ACCEPTED", f"the default encryption is {mode.meaning}")
        flaw = None
        if mode in {EncryptionMode.SSE_KMS_CMK, EncryptionMode.DSSE_KMS_CMK}:
            flaw = key_flaw(bucket, default, approved)
        if data_class is None:
            return holds.advised(flaw) if flaw else holds
        if flaw:
            return decided((flaw,), (), flaw)
        single = default.algorithm == "aws:kms"
        if single and data_class in self.parameters.bucket_key_required and not default.bucket_key:
            return non_compliant("BUCKET_KEY_OFF", f"{data_class} data requires a Bucket Key with SSE-KMS")
        return holds


lambda_handler = lambda_handler_for(S3_BUCKET_DEFAULT_ENCRYPTION)
