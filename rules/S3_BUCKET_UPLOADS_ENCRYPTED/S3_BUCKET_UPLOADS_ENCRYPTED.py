"""S3_BUCKET_UPLOADS_ENCRYPTED: what any write that the policy lets through ends in."""

from dataclasses import dataclass

from s3_guardrails.classified import ClassifiedBucketRule, ClassifiedParameters
from s3_guardrails.config import lambda_handler_for
from s3_guardrails.decision import Decision, Reason, Severity, Verdict, decided
from s3_guardrails.encryption.bucket import Bucket
from s3_guardrails.encryption.default_key import manager_matters, settled
from s3_guardrails.encryption.fact import Absent, known
from s3_guardrails.encryption.mode import EncryptionMode
from s3_guardrails.encryption.special_use import sse_s3_use
from s3_guardrails.encryption.upload_policy import (
    UploadPolicies,
    UploadPolicy,
    customer_keys,
    flaws,
    header_demanded,
    other_writers,
    without_header,
)
from s3_guardrails.encryption.write import Accepted, WriteQuestion
from s3_guardrails.parameters import flag, parameter
from s3_guardrails.policy.callers import Callers
from s3_guardrails.policy.document import EMPTY
from s3_guardrails.rule import Control


@dataclass(frozen=True, slots=True, kw_only=True)
class UploadParameters(ClassifiedParameters):
    """What writes may end in, and how strictly a class asks for it."""

    upload_policy: UploadPolicies = parameter(
        "",
        "Strictness per data class, as `class=strictness;…`: outcome (default), explicit-deny (SSE-C must be denied by "
        "the policy itself), header-required (uploads without an encryption header must be denied).",
        UploadPolicies.parse,
    )
    accept_services: bool = parameter("false", "Leave uploads by AWS service principals out of the question.", flag)

    def check(self) -> None:
        """Raise ParameterError for a class that accepts nothing."""
        for each in self.upload_policy.by_class:
            self.known_class("UploadPolicy", each)


class S3_BUCKET_UPLOADS_ENCRYPTED(ClassifiedBucketRule):
    """No upload that the bucket policy lets through ends in a mode or key that the bucket's data class does not accept.

    A header on the request overrides the bucket's default, so the default alone promises nothing. The answer is about
    every request that the policy does not deny, by any principal: uploads, copies and multipart uploads. Where the
    settings show a use that needs SSE-S3, that is accepted too.
    """

    severity = Severity.HIGH
    controls = (
        Control(
            "NIST SP 800-53 Rev. 5", "SC-28(1)", "own mapping: no framework names a control for uploads", "2026-11"
        ),
        Control("PCI DSS v4.0.1", "3.5.1", "own mapping: no framework names a control for uploads", "2026-11"),
    )
    remediation = "DenyWrongUploads"
    further_remediations = ("BlockSseC",)
    Parameters = UploadParameters
    parameters: UploadParameters

    def decide_class(self, bucket: Bucket, data_class: str | None) -> Decision:
        """Ask about each way in which a write can go wrong."""
        found = known(bucket.policy)
        policy = EMPTY if isinstance(found, Absent) else found
        strictness = self.parameters.upload_policy.of(data_class)
        question = self.question(bucket, data_class)
        reasons = [*flaws(policy, question)]
        reasons += customer_keys(policy, bucket, question, by_policy=strictness is not UploadPolicy.OUTCOME)
        if strictness is UploadPolicy.HEADER_REQUIRED:
            reasons += without_header(policy, question)
        holds = Reason("UPLOADS_ACCEPTED", "every upload that is let through ends in an accepted mode and key")
        decision = decided(
            [each for certain, each in reasons if certain], [each for certain, each in reasons if not certain], holds
        )
        demanded = None if strictness is UploadPolicy.HEADER_REQUIRED else header_demanded(policy, question)
        others = other_writers(policy, question) if decision.verdict is Verdict.COMPLIANT else None
        use = self._use(bucket, data_class)
        told = (*use.reasons, *use.advisories) if use else ()
        return decision.advised(*(each for each in (demanded, others) if each), *told)

    def question(self, bucket: Bucket, data_class: str | None) -> WriteQuestion:
        """Return the question that is asked of the bucket's policy; raise UnreadableFact."""
        named, accepted = known(bucket.default_encryption), self._accepted(bucket, data_class)
        default = named
        if data_class is not None and manager_matters(named, accepted.modes):
            default = settled(bucket, named, self.parameters.approved_keys.of(data_class))
        return WriteQuestion(
            bucket_arn=bucket.arn,
            callers=Callers(
                own=bucket.account, partition=bucket.partition, services=not self.parameters.accept_services
            ),
            accepted=accepted,
            default=default,
            managed_key=None if default is named else named.key,
            since=bucket.as_of,
        )

    def _use(self, bucket: Bucket, data_class: str | None) -> Decision | None:
        """Return why SSE-S3 is right for a bucket that has it, though its class does not accept it."""
        if EncryptionMode.SSE_S3 in self.parameters.accepted_modes.of(data_class):
            return None
        return sse_s3_use(bucket) if known(bucket.default_encryption).mode is EncryptionMode.SSE_S3 else None

    def _accepted(self, bucket: Bucket, data_class: str | None) -> Accepted:
        modes = self.parameters.accepted_modes.of(data_class)
        if self._use(bucket, data_class):
            modes |= {EncryptionMode.SSE_S3}
        keys = None if data_class is None else self.parameters.approved_keys.of(data_class).patterns(bucket)
        return Accepted(modes=modes, keys=keys)


lambda_handler = lambda_handler_for(S3_BUCKET_UPLOADS_ENCRYPTED)
