"""May the caller give Lambda this object as code? Its Region, the bucket's policy, the policy of the object's key.

Lambda reads with the caller's permissions ("AWS Lambda API Reference", FunctionCode), so a caller of another account
needs an Allow of the bucket's policy, and of the key's.
"""

from __future__ import annotations

from typing import Any

from moto.kms.models import kms_backends
from moto.s3.models import s3_backends

from s3_guardrails.embedded.call import Call, Refused
from s3_guardrails.embedded.object_access import refuse_denied, refuse_key_denied
from s3_guardrails.embedded.s3_service import S3Service
from s3_guardrails.policy.document import parse_policy


def refuse_unreadable(call: Call, s3: S3Service, bucket: str, key: str) -> str:
    """Return the account of the bucket; raise Refused as Lambda words it."""
    _, owner = s3_backends.bucket_accounts.get(bucket, (None, None))
    if owner is None:
        raise _refused("NoSuchBucket", "The specified bucket does not exist")
    found: Any = s3_backends[owner]["aws"].buckets[bucket]
    if found.region_name != call.region:
        message = f"The bucket is in this region: {found.region_name}. Please use this region to retry the request"
        raise _refused("PermanentRedirect", message)
    content = found.keys.get(key)
    if content is None:
        raise _refused("NoSuchKey", "The specified key does not exist.")
    text = s3.policies.get(bucket)
    try:
        asked = bucket, "s3:GetObject", f"arn:aws:s3:::{bucket}/{key}"
        refuse_denied(call, asked, parse_policy(text) if text else None, owner, {})
        if (named := content.kms_key_id) and not str(named).endswith("alias/aws/s3"):
            stored = kms_backends[owner][call.region].keys[str(named).rpartition("/")[2]]
            refuse_key_denied(call, stored.arn, parse_policy(stored.policy), owner)
    except Refused:
        raise _refused("AccessDenied", "Access Denied") from None
    return str(owner)


def _refused(code: str, message: str) -> Refused:
    text = f"Error occurred while GetObject. S3 Error Code: {code}. S3 Error Message: {message}"
    return Refused("InvalidParameterValueException", text)
