"""KMS_KEY_USABLE: whether S3 can use the key that a bucket's default encryption leads to."""

from s3_guardrails.config import lambda_handler_for
from s3_guardrails.decision import Decision, Reason, Severity, decided, non_compliant, not_applicable
from s3_guardrails.encryption.bucket import Bucket
from s3_guardrails.encryption.fact import Absent, known
from s3_guardrails.encryption.usable_key import key_advisories, key_flaws, region_flaw
from s3_guardrails.rule import BucketRule, Control, NoRemediation, Trigger

SECURITY_HUB = "AWS Security Hub User Guide, control KMS.3"


class KMS_KEY_USABLE(BucketRule):
    """The KMS key of the bucket's default encryption exists, works, and is one that S3 can use in the bucket's Region.

    S3 takes any text for a key. A key that is disabled, scheduled for deletion or elsewhere shows only in writes and
    reads that fail, and after a deletion the data is lost. The answer is about the bucket, so that a bucket without a
    working key is seen whoever owns the key. A change of the bucket is judged at once; a change of the key makes AWS
    Config call no rule about the bucket, so that all are asked about every day as well.
    """

    trigger = Trigger.BOTH
    severity = Severity.HIGH
    controls = (
        Control("AWS Security Hub", "KMS.3", SECURITY_HUB, "2026-11"),
        Control("NIST SP 800-53 Rev. 5", "SC-12", SECURITY_HUB, "2026-11"),
    )
    remediation = NoRemediation(
        "whoever disabled the key, scheduled its deletion or let its material expire may have meant to, and enabling "
        "it gives every use of it back; SetBucketDefaultEncryption names another key"
    )

    def decide(self, bucket: Bucket) -> Decision:
        """Look at the setting, then at the key."""
        default = known(bucket.default_encryption)
        if not default.mode.uses_kms:
            return not_applicable("NO_KMS_KEY", "the default encryption is SSE-S3, which uses no KMS key")
        if default.names_aws_managed_key:
            return not_applicable("AWS_MANAGED", "AWS manages the key, and nobody can disable or delete it")
        if flaw := region_flaw(bucket.region, default):
            return decided((flaw,), (), flaw)
        key = known(bucket.default_key)
        if isinstance(key, Absent):
            return non_compliant(
                "KEY_MISSING", f"there is no key {default.key}: every write that takes the default fails"
            )
        if key.metadata.manager == "AWS":
            return not_applicable("AWS_MANAGED", "AWS manages the key, and nobody can disable or delete it")
        decision = decided(tuple(key_flaws(key)), (), Reason("KEY_USABLE", f"S3 can use the key {key.arn}"))
        return decision.advised(*key_advisories(key, bucket.as_of))


lambda_handler = lambda_handler_for(KMS_KEY_USABLE)
