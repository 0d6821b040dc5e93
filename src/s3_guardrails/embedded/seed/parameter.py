"""The rule parameters that the demo's company chose; what is not here has the rules' own defaults."""

from __future__ import annotations

from typing import Final

from s3_guardrails.embedded.seed.who import ORGANIZATION, PARTNER, TELEMETRY

_APPROVED: Final = (
    "alias/global-archive,alias/media,alias/orders,alias/partner-shared,alias/payroll,alias/telemetry,alias/trail"
)

PARAMETERS: Final = {
    "S3_BUCKET_DEFAULT_ENCRYPTION": {"ApprovedKeys": _APPROVED, "BucketKeyRequired": "confidential"},
    "S3_BUCKET_UPLOADS_ENCRYPTED": {"ApprovedKeys": _APPROVED, "UploadPolicy": "restricted=explicit-deny"},
    "KMS_KEY_POLICY_LEAST_PRIVILEGE": {
        "TrustedAccounts": PARTNER,
        "TrustedOrganizations": ORGANIZATION,
        "WriteOnlyMultipart": TELEMETRY,
    },
}
"""Rule name → parameter → text, as AWS Config hands them to the rule."""
