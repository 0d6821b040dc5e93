"""An account as `preflight` wants it, and what tests change of it."""

SERVICES = ("config.amazonaws.com", "config-conforms.amazonaws.com", "ssm.amazonaws.com")
ROLE = "arn:aws:iam::123456789012:role/aws-service-role/config.amazonaws.com/AWSServiceRoleForConfig"


def set_up(aws, *regions, group=None, mode=None):
    """Set up AWS Config in Regions, and the service-linked roles of the account."""
    for service in SERVICES:
        aws.client("iam").create_service_linked_role(AWSServiceName=service)
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


def _with_error(last, failed):
    return {"lastStatus": last, **(failed if last == "FAILURE" else {})}


def bucket(aws):
    s3 = aws.client("s3")
    if not s3.list_buckets()["Buckets"]:
        s3.create_bucket(Bucket="config-delivery")
    return "config-delivery"
