"""What S3 asks of a bucket policy before it stores it.

Source: Amazon S3 User Guide, "Bucket policies" (20 KB) and "The meaning of 'public'"; S3 Developer Guide, "Special
information for Amazon S3 policies" (resources begin with the bucket's name). It says too that Sids are unique, but live
policies with shared Sids are reported (Cloud Custodian, pull request 3609), so they are stored here.
"""

from __future__ import annotations

from typing import Final

from s3_guardrails.embedded.call import Refused
from s3_guardrails.errors import PolicySyntaxError
from s3_guardrails.policy.document import Policy, PrincipalKind, Statement, parse_policy
from s3_guardrails.policy.public import public_statements

MAX_BYTES: Final = 20 * 1024


def checked(text: str, bucket: str, principals: frozenset[str] | None = None) -> Policy:
    """Return the parsed policy, or refuse it as S3 does; `principals` are the ARNs that exist, None means all."""
    if len(text.encode()) > MAX_BYTES:
        raise Refused("PolicyTooLarge", f"Policy exceeds the maximum allowed document size of {MAX_BYTES} bytes")
    if not text.startswith("{"):
        raise _malformed("Policies must be valid JSON and the first byte must be '{'")
    try:
        policy = parse_policy(text)
    except PolicySyntaxError as error:
        raise _malformed(str(error)) from None
    if policy.defects or not policy.statements:
        raise _malformed(next(iter(policy.defects), "Statements are missing"))
    for statement in policy.statements:
        _check(statement, f"arn:aws:s3:::{bucket}", principals)
    return policy


def is_public(policy: Policy) -> bool:
    """Does a statement grant to everyone without a condition that fixes who it is?"""
    return bool(public_statements(policy))


def _check(statement: Statement, arn: str, principals: frozenset[str] | None) -> None:
    for action in statement.actions:
        if action != "*" and not action.lower().startswith("s3:"):
            raise _malformed("Policy has invalid action")
    for resource in statement.resources:
        if not resource.startswith(arn) or resource[len(arn) :][:1] not in {"", "/", "*"}:
            raise _malformed("Policy has invalid resource")
    for principal in statement.principals:
        absent = principal.kind is PrincipalKind.ARN and principals is not None and principal.value not in principals
        if absent or principal.kind in {PrincipalKind.ARN_PATTERN, PrincipalKind.DELETED}:
            raise _malformed("Invalid principal in policy")


def _malformed(message: str) -> Refused:
    return Refused("MalformedPolicy", message)
