"""Events as EventBridge hands them over: API calls of all sorts of callers, and alarms (CloudTrail and CloudWatch User
Guides)."""

ACCOUNT = "111122223333"
KEY = f"arn:aws:kms:eu-west-1:{ACCOUNT}:key/1234abcd-12ab-34cd-56ef-1234567890ab"
ENVELOPE = {
    "version": "0",
    "id": "c4c1c1c9-6542-e61b-6ef0-8c4d36933a92",
    "account": ACCOUNT,
    "region": "eu-west-1",
    "time": "2026-11-02T10:00:00Z",
    "resources": [],
}
USER = {
    "type": "IAMUser",
    "arn": f"arn:aws:iam::{ACCOUNT}:user/alice",
    "accountId": ACCOUNT,
    "accessKeyId": "AKIAHIDDEN",
}
ROOT = {"type": "Root", "arn": f"arn:aws:iam::{ACCOUNT}:root", "accountId": ACCOUNT}
SERVICE = {"type": "AWSService", "invokedBy": "rds.amazonaws.com"}
FORWARDED = {**USER, "invokedBy": "ec2.amazonaws.com"}


def role(arn):
    name = arn.rpartition("/")[2]
    return {
        "type": "AssumedRole",
        "arn": f"arn:aws:sts::{ACCOUNT}:assumed-role/{name}/session",
        "accountId": ACCOUNT,
        "sessionContext": {"sessionIssuer": {"type": "Role", "arn": arn, "accountId": ACCOUNT}},
    }


OTHER_ROLE = role(f"arn:aws:iam::{ACCOUNT}:role/admin")


def call(name, who=USER, error=None, **more):
    """An API call; `more` are members of CloudTrail's record."""
    service = "s3" if "Bucket" in name else "kms"
    record = {
        "eventTime": "2026-11-02T09:59:58Z",
        "eventSource": f"{service}.amazonaws.com",
        "eventName": name,
        "awsRegion": "eu-west-1",
        "sourceIPAddress": "192.0.2.7",
        "userAgent": "aws-cli/2.0",
        "userIdentity": who,
        "requestParameters": {"bucketName": "ledger"} if service == "s3" else {"keyId": KEY},
        **({"errorCode": error} if error else {}),
        **more,
    }
    return {**ENVELOPE, "source": f"aws.{service}", "detail-type": "AWS API Call via CloudTrail", "detail": record}


def alarm(arn, namespace="AWS/Lambda", metric="Errors", state="ALARM", **more):
    """An alarm that changed its state; `more` are members of the detail."""
    found = {"namespace": namespace, "name": metric, "dimensions": {"FunctionName": "tls"}}
    detail = {
        "alarmName": arn.rpartition(":")[2],
        "configuration": {
            "description": "The function ended with an error.",
            "metrics": [
                {"id": "m1", "metricStat": {"metric": found, "period": 300, "stat": "Sum"}, "returnData": True}
            ],
        },
        "previousState": {"value": "OK"},
        "state": {
            "value": state,
            "reason": "Threshold Crossed: 1 datapoint",
            "timestamp": "2026-11-02T09:59:58.000+0000",
        },
        **more,
    }
    return {
        **ENVELOPE,
        "source": "aws.cloudwatch",
        "detail-type": "CloudWatch Alarm State Change",
        "resources": [arn],
        "detail": detail,
    }
