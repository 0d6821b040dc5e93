"""An organization of embedded accounts, whose management account is the embedded AWS's own.

    with EmbeddedAws() as aws:
        organization = Organization(aws)
        workloads = organization.unit("workloads")
        ledger = organization.account("ledger", workloads)
        ledger.client("s3", "eu-west-1").create_bucket(…)       # as an administrator of that account
        role = ledger.role("reader", trust, permissions)         # its ARN; STS judges who may become it
        aws.client("sts").assume_role(RoleArn=role, …)           # from the management account

Accounts share nothing but S3's names; AWS Config, Systems Manager, KMS and Lambda are apart by Region too
(``aws.places.at(ledger.id, "eu-west-1")``).
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from s3_guardrails.embedded.server import EmbeddedAws

ADMINISTRATOR: Final = "OrganizationAccountAccessRole"
"""The role that Organizations makes in a new account; the management account may become it."""


@dataclass(frozen=True, slots=True)
class Account:
    """A member account."""

    aws: EmbeddedAws
    id: str
    name: str

    def client(self, service: str, region: str | None = None) -> Any:
        """Return a client that signs as an administrator of the account."""
        return self.aws.client(service, region, self.aws.assume(self.arn(f"role/{ADMINISTRATOR}"), "organization"))

    def arn(self, resource: str) -> str:
        """Return the ARN of something that IAM has: ``role/reader``."""
        return f"arn:aws:iam::{self.id}:{resource}"

    def role(self, name: str, trust: Mapping[str, Any], permissions: Mapping[str, Any]) -> str:
        """Create a role with a trust policy and a policy of its own; return its ARN."""
        iam = self.client("iam")
        made = iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(trust))
        iam.put_role_policy(RoleName=name, PolicyName=name, PolicyDocument=json.dumps(permissions))
        return str(made["Role"]["Arn"])

    def record(self, *regions: str) -> None:
        """Switch AWS Config's recorder on in Regions."""
        role = self.arn("role/aws-service-role/config.amazonaws.com/AWSServiceRoleForConfig")
        for region in regions:
            config = self.client("config", region)
            config.put_configuration_recorder(ConfigurationRecorder={"name": "default", "roleARN": role})


class Organization:
    """Makes units and accounts; `root` is the id of the organization's root, `id` its own."""

    def __init__(self, aws: EmbeddedAws) -> None:
        """Make the organization, of the management account alone."""
        self._aws, self._organizations = aws, aws.client("organizations")
        made = self._organizations.create_organization(FeatureSet="ALL")
        self.id = str(made["Organization"]["Id"])
        self.root = str(self._organizations.list_roots()["Roots"][0]["Id"])

    def unit(self, name: str, parent: str | None = None) -> str:
        """Make an organizational unit, below the root unless told otherwise; return its id."""
        made = self._organizations.create_organizational_unit(ParentId=parent or self.root, Name=name)
        return str(made["OrganizationalUnit"]["Id"])

    def account(self, name: str, unit: str | None = None, recorded: Sequence[str] = ()) -> Account:
        """Make an account in a unit, with AWS Config's recorder on in Regions."""
        made = self._organizations.create_account(AccountName=name, Email=f"{name}@example.com")
        account = Account(self._aws, str(made["CreateAccountStatus"]["AccountId"]), name)
        account.record(*recorded)
        if unit:
            self.move(account, self.root, unit)
        return account

    def move(self, account: Account, source: str, target: str) -> None:
        """Move an account between units."""
        self._organizations.move_account(AccountId=account.id, SourceParentId=source, DestinationParentId=target)
