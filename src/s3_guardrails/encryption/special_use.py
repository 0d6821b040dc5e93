"""Uses of a bucket that need SSE-S3, whatever its data class asks for: with KMS they would stop, mostly in silence.

What shows a use is what the bucket and others are set up to do, never a name. Sources: Elastic Load Balancing, "Enable
access logs" (SSE-S3 only); S3 User Guide, "Enabling Amazon S3 server access logging"; CloudFront Developer Guide,
"Restrict access to an Amazon S3 origin" (an origin access identity cannot read objects under SSE-KMS).
"""

from __future__ import annotations

from s3_guardrails.decision import Decision, Reason, compliant
from s3_guardrails.encryption.bucket import Bucket
from s3_guardrails.encryption.fact import Unreadable, wanted
from s3_guardrails.encryption.grantee import Form, grantees
from s3_guardrails.encryption.service_writer import service_writers
from s3_guardrails.encryption.surroundings import Surroundings
from s3_guardrails.policy.document import Policy


def sse_s3_use(bucket: Bucket) -> Decision | None:
    """Return why SSE-S3 is right for the bucket, None where nothing shows it; what cannot be read shows nothing.

    A policy is looked at first; whose access logs come here takes a read of the account's buckets.
    """
    policy: object = wanted(bucket.policy)
    found = _by_policy(bucket, policy) if isinstance(policy, Policy) else None
    return found or _log_target(bucket)


def _by_policy(bucket: Bucket, policy: Policy) -> Decision | None:
    for writer in service_writers(bucket, policy, Surroundings()):
        if writer.sse_s3_only:
            what = f"{writer.name} writes here, with SSE-S3 only: it is right for this bucket"
            return compliant("LOAD_BALANCER_LOGS", what)
    for each in grantees(bucket, policy):
        if each.form is Form.ORIGIN_ACCESS_IDENTITY:
            what = f"{each.value} reads here, and can read nothing under KMS: SSE-S3 is right for this bucket"
            step = "CloudFront's origin access control could read objects under a customer managed key"
            return compliant("ORIGIN_ACCESS_IDENTITY", what).advised(Reason("ORIGIN_ACCESS_CONTROL", step))
    return None


def _log_target(bucket: Bucket) -> Decision | None:
    sources: frozenset[str] | Unreadable = wanted(bucket.logs_from)
    if isinstance(sources, Unreadable) or not sources:
        return None
    names = sorted(sources)
    listed = f"{', '.join(names[:3])}{' …' if len(names) > 3 else ''}"
    what = f"server access logs of {listed} come here: SSE-S3 is right for this bucket"
    step = "a customer managed key works too, if its policy lets logging.s3.amazonaws.com use it"
    return compliant("LOG_TARGET", what).advised(Reason("CUSTOMER_KEY_POSSIBLE", step))
