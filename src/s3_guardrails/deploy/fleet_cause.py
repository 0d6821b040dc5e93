"""Why a read failed → the cause, by operation and error code; the message itself is never looked at."""

from __future__ import annotations

from typing import Final

from s3_guardrails.deploy.preflight import read_opt_status
from s3_guardrails.fleet.cause import Cause, uncovered
from s3_guardrails.fleet.member import Member
from s3_guardrails.fleet.notice import Notice
from s3_guardrails.live.call import BROKEN, CREDENTIALS, THROTTLED
from s3_guardrails.live.clients import Clients
from s3_guardrails.preflight.region import OPTED_IN

_NETWORK: Final = frozenset(
    {
        "ConnectTimeoutError",
        "ConnectionClosedError",
        "ConnectionError",
        "EndpointConnectionError",
        "HTTPClientError",
        "IncompleteReadError",
        "ProxyConnectionError",
        "ReadTimeoutError",
        "ResponseStreamingError",
        "SSLError",
    }
)
"""Classes of botocore.exceptions about the way to a service."""
_LACKING: Final = frozenset(
    {"CredentialRetrievalError", "NoCredentialsError", "PartialCredentialsError", "SSOTokenLoadError"}
    | {"TokenRetrievalError", "UnauthorizedSSOTokenError"}
)
_CAUSES: Final = (
    (THROTTLED, Cause.THROTTLED),
    ({"RegionDisabledException"}, Cause.REGION_NOT_ENABLED),
    (CREDENTIALS | _LACKING, Cause.CREDENTIALS_REFUSED),
    (_NETWORK, Cause.UNREACHABLE),
    (BROKEN, Cause.SERVICE_FAILED),
)


def cause_of(reason: str) -> Cause:
    """Return the cause of `Operation: Code: message` or `ExceptionClass: message`."""
    codes = reason.split(": ", 2)[:2]
    for known, cause in _CAUSES:
        if known & set(codes):
            return cause
    if any(each.startswith(("AccessDenied", "UnauthorizedOperation", "AuthorizationError")) for each in codes):
        return Cause.ROLE_REFUSED if codes[0] == "AssumeRole" else Cause.REFUSED
    return Cause.NOT_UNDERSTOOD


def gap(member: Member, clients: Clients, region: str, home: str, reason: str) -> Notice:
    """Say that a Region was not looked at; refused credentials may mean that the account does not have the Region."""
    cause = cause_of(reason)
    if cause is Cause.CREDENTIALS_REFUSED:
        status = read_opt_status(clients, region, home)
        if isinstance(status, str) and status not in OPTED_IN:
            return uncovered(member, region, Cause.REGION_NOT_ENABLED, f"the Region's status is {status}: {reason}")
    return uncovered(member, region, cause, reason)
