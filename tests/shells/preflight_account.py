"""An account as `preflight` wants it, an organization of such accounts, and what tests change of them."""

from dataclasses import dataclass

from s3_guardrails.embedded.server import EmbeddedAws
from s3_guardrails.preflight.organization import CONFIG, STACKSETS

SERVICES = ("config.amazonaws.com", "config-conforms.amazonaws.com", "ssm.amazonaws.com")
ROLE = "arn:aws:iam::123456789012:role/aws-service-role/config.amazonaws.com/AWSServiceRoleForConfig"


def set_up(aws, *regions, group=None, mode=None):
    """Set up AWS Config in Regions, and the service-linked roles and a trail of the account."""
    for service in SERVICES:
        aws.client("iam").create_service_linked_role(AWSServiceName=service)
    log(aws, data="arn:aws:s3")
    for region in regions or (aws.region,):
        record(aws, region, group, mode)
        config = aws.client("config", region)
        config.put_delivery_channel(DeliveryChannel={"name": "default", "s3BucketName": bucket(aws)})
        config.start_configuration_recorder(ConfigurationRecorderName="default")
        went(aws, region)


def record(aws, region, group=None, mode=None):
    recorder = {"name": "default", "roleARN": ROLE, "recordingGroup": group or {"allSupported": True}}
    config = aws.client("config", region)
    config.put_configuration_recorder(ConfigurationRecorder=recorder | ({"recordingMode": mode} if mode else {}))


def went(aws, region, recording="SUCCESS", history="SUCCESS", **error):
    """Let the last recording and the last delivery end so."""
    place = aws.account, region
    failed = {"lastErrorCode": "AccessDenied", "lastErrorMessage": "no", **error}
    aws.recorder.recordings[place] = _with_error(recording, failed)
    delivered = {"configHistoryDeliveryInfo": _with_error(history, failed)}
    aws.recorder.deliveries[place] = delivered | {"configStreamDeliveryInfo": {"lastStatus": "NOT_APPLICABLE"}}


TRAIL = "arn:aws:cloudtrail:us-east-1:123456789012:trail/main"


def log(aws, data=None, region="us-east-1", everywhere=True, **management):
    """Make a trail and start logging: management events, and data events of objects whose ARN begins with `data`."""
    cloudtrail = aws.client("cloudtrail", region)
    cloudtrail.create_trail(Name="main", S3BucketName=bucket(aws), IsMultiRegionTrail=everywhere)
    cloudtrail.start_logging(Name="main")
    if data or management:
        select(aws, data, region, **management)


def select(aws, data=None, region="us-east-1", **management):
    """Put basic event selectors."""
    objects = [{"Type": "AWS::S3::Object", "Values": [data]}] if data else []
    selector = {"ReadWriteType": "All", "IncludeManagementEvents": True, "DataResources": objects, **management}
    aws.client("cloudtrail", region).put_event_selectors(TrailName="main", EventSelectors=[selector])


def select_fields(aws, *selectors):
    """Put advanced event selectors: each a mapping of field to its operators."""
    fields = [[{"Field": name, **operators} for name, operators in each.items()] for each in selectors]
    advanced = [{"Name": str(number), "FieldSelectors": each} for number, each in enumerate(fields)]
    aws.client("cloudtrail").put_event_selectors(TrailName="main", AdvancedEventSelectors=advanced)


def _with_error(last, failed):
    return {"lastStatus": last, **(failed if last == "FAILURE" else {})}


def bucket(aws):
    s3, name = aws.client("s3"), f"delivery-{aws.account}"
    if not s3.list_buckets()["Buckets"]:
        s3.create_bucket(Bucket=name)
    return name


@dataclass
class Member:
    """An account of an organization, in place of the embedded AWS's own."""

    aws: EmbeddedAws
    account: str
    region = "us-east-1"

    def __post_init__(self):
        self.recorder = self.aws.recorder
        self._key = self.aws.assume(f"arn:aws:iam::{self.account}:role/OrganizationAccountAccessRole")

    def client(self, service, region=None):
        return self.aws.client(service, region, self._key)


def organize(aws, *names, trusted=(CONFIG, STACKSETS), security=True):
    """Make an organization with member accounts, ready, the first of them a delegated administrator; return them."""
    organizations = aws.client("organizations")
    organizations.create_organization(FeatureSet="ALL")
    made = [organizations.create_account(AccountName=name, Email=f"{name}@example.com") for name in names]
    members = [Member(aws, each["CreateAccountStatus"]["AccountId"]) for each in made]
    for each in trusted:
        organizations.enable_aws_service_access(ServicePrincipal=each)
    if security and members:
        organizations.register_delegated_administrator(AccountId=members[0].account, ServicePrincipal=CONFIG)
    for each in members:
        set_up(each)
    return members
