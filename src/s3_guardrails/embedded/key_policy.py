"""What KMS asks of a key policy before it stores it.

Source: AWS KMS API Reference, PutKeyPolicy: 32 KB, a valid policy, and the lockout safety check: the caller must still
be able to change the policy. The caller here is any identity of the account that its root statement lets in.
"""

from __future__ import annotations

import json
from typing import Any, Final

from s3_guardrails.embedded.call import Refused
from s3_guardrails.errors import PolicySyntaxError
from s3_guardrails.policy.authorize import Outcome, authorize
from s3_guardrails.policy.document import Policy, Principal, PrincipalKind, parse_policy
from s3_guardrails.policy.request import Request

MAX_BYTES: Final = 32 * 1024


def checked(text: str, account: str, bypass_lockout_check: bool) -> str:
    """Return the text, or refuse it as KMS does."""
    if len(text.encode()) > MAX_BYTES:
        raise Refused("LimitExceededException", f"The policy is longer than {MAX_BYTES} bytes")
    try:
        policy = parse_policy(text)
    except PolicySyntaxError as error:
        raise Refused("MalformedPolicyDocumentException", str(error)) from None
    unknown = any(each.kind is PrincipalKind.DELETED for each in _principals(policy))
    if policy.defects or not policy.statements or unknown:
        message = next(iter(policy.defects), "Policy contains a statement with one or more invalid principals.")
        raise Refused("MalformedPolicyDocumentException", message)
    if not bypass_lockout_check and not _can_change_policy(policy, account):
        message = "The new key policy will not allow you to update the key policy in the future."
        raise Refused("MalformedPolicyDocumentException", message)
    return text


def aws_managed_policy(account: str, region: str) -> str:
    """Return the policy of alias/aws/s3, as AWS writes it: everyone in the account, through S3."""
    use = ["kms:Encrypt", "kms:Decrypt", "kms:ReEncrypt*", "kms:GenerateDataKey*", "kms:DescribeKey"]
    through_s3 = {"kms:CallerAccount": account, "kms:ViaService": f"s3.{region}.amazonaws.com"}
    statements: list[dict[str, Any]] = [
        {
            "Sid": "Allow access through S3 for all principals in the account that are authorized to use S3",
            "Effect": "Allow",
            "Principal": {"AWS": "*"},
            "Action": use,
            "Resource": "*",
            "Condition": {"StringEquals": through_s3},
        },
        {
            "Sid": "Allow direct access to key metadata to the account",
            "Effect": "Allow",
            "Principal": {"AWS": f"arn:aws:iam::{account}:root"},
            "Action": ["kms:Describe*", "kms:Get*", "kms:List*"],
            "Resource": "*",
        },
    ]
    return json.dumps({"Version": "2012-10-17", "Id": "auto-s3-2", "Statement": statements})


def _principals(policy: Policy) -> list[Principal]:
    return [principal for statement in policy.statements for principal in statement.principals]


def _can_change_policy(policy: Policy, account: str) -> bool:
    root = f"arn:aws:iam::{account}:root"
    context = {"aws:PrincipalArn": root, "aws:PrincipalAccount": account}
    request = Request(root, account, "kms:PutKeyPolicy", "*", context)
    return authorize(policy, request).outcome is Outcome.ALLOW
