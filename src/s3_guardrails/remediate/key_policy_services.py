"""Which condition binds an AWS service to the accounts it may use a key for.

Only services whose own documentation shows the condition in a key policy are here: a service that does not send the key
would lose access. EventBridge is left out on purpose: for encrypted topics and queues its requests carry none of the
source keys (SNS Developer Guide, "Managing Amazon SNS encryption keys and costs").
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from s3_guardrails.encryption.key import Key

SOURCE_ACCOUNT: Final = "aws:SourceAccount"
LOGS_CONTEXT: Final = "kms:EncryptionContext:aws:logs:arn"


@dataclass(frozen=True, slots=True)
class Binding:
    """One line of a Condition block, and the documentation that shows it."""

    operator: str
    key: str
    values: tuple[str, ...]
    source: str


_BY_ACCOUNT: Final = {
    "budgets.amazonaws.com": "Cost Management User Guide, Creating an Amazon SNS topic for budget notifications",
    "cloudtrail.amazonaws.com": "CloudTrail User Guide, Configure AWS KMS key policies for CloudTrail",
    "cloudwatch.amazonaws.com": "SNS Developer Guide, Managing Amazon SNS encryption keys and costs",
    "config.amazonaws.com": "AWS Config Developer Guide, Permissions for the KMS Key",
    "delivery.logs.amazonaws.com": "CloudWatch Logs User Guide, Logs sent to Amazon S3",
    "guardduty.amazonaws.com": "GuardDuty User Guide, Exporting generated findings to Amazon S3",
    "inspector2.amazonaws.com": "Inspector User Guide, Exporting Amazon Inspector findings reports",
    "macie.amazonaws.com": "Macie User Guide, Storing and retaining sensitive data discovery results",
    "s3.amazonaws.com": "S3 User Guide, Configuring Amazon S3 Inventory",
    "ses.amazonaws.com": "SES Developer Guide, Giving permissions to Amazon SES for email receiving",
    "storage-lens.s3.amazonaws.com": "S3 User Guide, Using an AWS KMS key to encrypt S3 Storage Lens exports",
}
"""Services whose requests to KMS carry aws:SourceAccount."""

_LOGS: Final = re.compile(r"logs(\.[a-z0-9-]+)?\.amazonaws\.com(\.cn)?")
_REGIONAL: Final = re.compile(r"(\.[a-z]{2}(-[a-z]+)+-[0-9])?\.amazonaws\.com(\.cn)?$")
"""How Regions that an account must enable, and those of China, spell a service's name."""
_CLOUDFRONT: Final = "cloudfront.amazonaws.com"


def binding(service: str, key: Key, accounts: Sequence[str]) -> Binding | None:
    """Return what binds a service to resources of these accounts, None where no documentation tells."""
    name = _REGIONAL.sub(".amazonaws.com", service)
    if name in _BY_ACCOUNT:
        return Binding("StringEquals", SOURCE_ACCOUNT, tuple(accounts), _BY_ACCOUNT[name])
    if name == _CLOUDFRONT:
        arns = tuple(f"arn:{key.partition}:cloudfront::{each}:distribution/*" for each in accounts)
        source = "CloudFront Developer Guide, Restrict access to an Amazon S3 origin"
        return Binding("ArnLike", "aws:SourceArn", arns, source)
    if _LOGS.fullmatch(service):
        arns = tuple(f"arn:{key.partition}:logs:{key.region}:{each}:*" for each in accounts)
        return Binding("ArnLike", LOGS_CONTEXT, arns, "CloudWatch Logs User Guide, Encrypt log data using AWS KMS")
    return None
