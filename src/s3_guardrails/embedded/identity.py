"""Who signs a call, as STS GetCallerIdentity says it, and access keys that sign as a role."""

from __future__ import annotations

from moto.organizations.models import organizations_backends
from moto.sts.models import sts_backends

from s3_guardrails.embedded.call import Call

HOUR = 3600


def caller_arn(call: Call) -> str:
    """Return the ARN of the caller's user or session."""
    return str(sts_backends[call.account]["aws"].get_caller_identity(call.access_key, call.region)[1])


def principal_arn(call: Call) -> str:
    """Return the ARN by which policies mean the caller: moto's of a user says sts where it is IAM's."""
    found = caller_arn(call)
    return found.replace(":sts:", ":iam:") if ":user/" in found else found


def organization_of(account: str) -> dict[str, str]:
    """Return the condition key of the account's organization; none where it is in none."""
    management, partition = organizations_backends.master_accounts.get(account, (account, "aws"))
    if management not in organizations_backends:
        return {}
    organization = organizations_backends[management][partition].org
    return {"aws:PrincipalOrgID": organization.id} if organization else {}


def assume(account: str, region: str, role: str, session: str) -> str:
    """Return an access key that signs as a session of the role (its ARN); the role need not exist."""
    backend = sts_backends[account]["aws"]
    assumed = backend.assume_role(region, session, role, policy="", duration=HOUR, external_id="")
    return str(assumed.access_key_id)
