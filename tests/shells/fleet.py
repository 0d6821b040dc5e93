"""An organization that a fleet command looks at: accounts in OUs, each with the role of deploy/reader-role.yaml."""

from dataclasses import dataclass, field
from pathlib import Path

from s3_guardrails.embedded.organization import Account, Organization
from s3_guardrails.template.found import Options
from s3_guardrails.template.intrinsic import Resolver
from s3_guardrails.template.loading import load
from s3_guardrails.template.template import read_template

ROLE = "s3-guardrails-reader"
EXTERNAL_ID = "an-id-of-16-or-more"
TEMPLATE = Path(__file__).parents[2] / "deploy" / "reader-role.yaml"


def reader_role(account, trusted, organization=""):
    """Return trust policy and permissions of the role as it is deployed in an account."""
    given = {"TrustedPrincipalArn": trusted, "ExternalId": EXTERNAL_ID, "OrganizationId": organization}
    options = Options(account=account, region="us-east-1", partition="aws", parameters=given)
    template = read_template(load(TEMPLATE.read_bytes()).tree, options)
    role = Resolver(template, {}).resolve(template.properties("ReaderRole"))
    return role["AssumeRolePolicyDocument"], role["Policies"][0]["PolicyDocument"]


@dataclass
class Fleet:
    """`ledger` in Workloads/Production, `audit` in Workloads, beside the management account at the root."""

    aws: object
    organization: Organization = field(init=False)

    def __post_init__(self):
        self.organization = Organization(self.aws)
        self.workloads = self.organization.unit("Workloads")
        production = self.organization.unit("Production", self.workloads)
        self.ledger = self.account("ledger", production)
        self.audit = self.account("audit", self.workloads)

    def account(self, name, unit=None, *, role=True) -> Account:
        made = self.organization.account(name, unit)
        if role:
            made.role(ROLE, *reader_role(made.id, f"arn:aws:iam::{self.aws.account}:root"))
        return made


def make_bucket(account, name, region="us-east-1", data_class=None):
    s3 = account.client("s3", region)
    where = {} if region == "us-east-1" else {"CreateBucketConfiguration": {"LocationConstraint": region}}
    s3.create_bucket(Bucket=name, **where)
    if data_class:
        s3.put_bucket_tagging(Bucket=name, Tagging={"TagSet": [{"Key": "data-class", "Value": data_class}]})


def make_key(account, region="us-east-1", *, rotates=False):
    kms = account.client("kms", region)
    key = kms.create_key(KeyUsage="ENCRYPT_DECRYPT")["KeyMetadata"]["KeyId"]
    if rotates:
        kms.enable_key_rotation(KeyId=key)
    return key
