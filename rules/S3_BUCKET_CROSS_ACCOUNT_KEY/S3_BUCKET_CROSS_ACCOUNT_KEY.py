"""S3_BUCKET_CROSS_ACCOUNT_KEY: whether callers of other accounts that may use the bucket may use its key."""

from s3_guardrails.config import lambda_handler_for
from s3_guardrails.decision import Decision, Reason, Severity, decided, non_compliant, not_applicable
from s3_guardrails.encryption.bucket import Bucket, DefaultEncryption
from s3_guardrails.encryption.default_key import form_flaw
from s3_guardrails.encryption.fact import Absent, known
from s3_guardrails.encryption.shared_key import SharedBucket
from s3_guardrails.encryption.sharing import closed_to_all, entering, judge_key, not_named
from s3_guardrails.rule import BucketRule, Control, NoRemediation, Trigger

OWN = "own mapping: no framework names a control for keys of shared buckets"


class S3_BUCKET_CROSS_ACCOUNT_KEY(BucketRule):
    """Whoever of another account the bucket policy lets at objects can use the key of the default encryption too.

    Access to a bucket is no access to its key: the AWS managed key is open to no other account, ever, and a customer
    managed one to those that its policy names. Readers need kms:Decrypt, writers kms:GenerateDataKey, and kms:Decrypt
    too for multipart uploads. Identity policies of the other account have to allow the same; they are not seen from
    here, and are reported as not checked. A change of the bucket is judged at once; a change of the key makes AWS
    Config call no rule about the bucket, so that all are asked about every day as well.
    """

    trigger = Trigger.BOTH
    severity = Severity.MEDIUM
    controls = (
        Control("NIST SP 800-53 Rev. 5", "AC-3", OWN, "2026-11"),
        Control("NIST SP 800-53 Rev. 5", "SC-12", OWN, "2026-11"),
    )
    remediation = NoRemediation(
        "opening a key to another account is for the key's owner to decide; the reason names the caller and what it "
        "lacks, and SetBucketDefaultEncryption replaces an AWS managed key"
    )

    def decide(self, bucket: Bucket) -> Decision:
        """Find who is let in, then ask the key."""
        default = known(bucket.default_encryption)
        if not default.mode.uses_kms:
            return not_applicable("NO_KMS_KEY", "the default encryption is SSE-S3, which uses no KMS key")
        policy = known(bucket.policy)
        if isinstance(policy, Absent):
            return not_applicable("NOT_SHARED", "the bucket has no policy that could let another account in")
        key = default.key or "aws/s3"
        return self._of_shared(SharedBucket(bucket=bucket, policy=policy, default=default, key=key))

    def _of_shared(self, shared: SharedBucket) -> Decision:
        bucket, default = shared.bucket, shared.default
        let_in, unclear = entering(shared)
        if not (let_in or unclear):
            what = "the bucket policy lets nobody of another account, by name, at objects"
            return not_applicable("NOT_SHARED", what).advised(*not_named(shared))
        if let_in and self._managed_by_aws(bucket, default):
            closed = closed_to_all(shared, let_in)
            return decided((closed,), (), closed)
        if flaw := form_flaw(default):
            return decided((flaw,), (), flaw)
        key_policy = known(bucket.default_key_policy)
        if isinstance(key_policy, Absent):
            return non_compliant("KEY_MISSING", f"there is no key {default.key}, so nobody can use it")
        violations, open_questions, advisories = judge_key(shared, let_in, key_policy)
        holds = Reason("KEY_SHARED_TOO", "the key is open to the callers of other accounts that the bucket lets in")
        return decided(violations, (*unclear, *open_questions), holds).advised(*advisories)

    def _managed_by_aws(self, bucket: Bucket, default: DefaultEncryption) -> bool:
        if default.names_aws_managed_key:
            return True
        key = known(bucket.default_key)
        return not isinstance(key, Absent) and key.metadata.manager == "AWS"


lambda_handler = lambda_handler_for(S3_BUCKET_CROSS_ACCOUNT_KEY)
