"""Lines of logs in the making: an S3 server access log in both forms, and CloudTrail data events."""

import json

OWNER = "79a59df900b949e55d96a1e698fbacedfd6e09d98eacf8f8d5218e7cd47ef2be"
HOST_ID = "s9lzHYrFp76ZVxRcpX9+5cjAnEH2ROuNkd2BHfIa6UkFVdtjf5mKR3/eTPFvsiP/XV/VLi31234="
ACCOUNT = "111122223333"
USER = f"arn:aws:iam::{ACCOUNT}:user/fax"
SESSION = f"arn:aws:sts::{ACCOUNT}:assumed-role/App/i-0123456789abcdef0"
CIPHER = "ECDHE-RSA-AES128-GCM-SHA256"
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def access(day, **given):
    """A line of the classic form; a field's text is written as it is, quotes included where it has them."""
    field = {
        "bucket": "ledger",
        "requester": USER,
        "operation": "REST.GET.OBJECT",
        "key": "a/b.csv",
        "uri": '"GET /ledger/a/b.csv HTTP/1.1"',
        "outcome": "200 - 113 113 7 6",
        "referer": '"-"',
        "agent": '"aws-cli/2.30"',
        "version": "-",
        "signature": "SigV4",
        "cipher": CIPHER,
        "authentication": "AuthHeader",
        "host": "ledger.s3.eu-west-1.amazonaws.com",
        "tls": "TLSv1.2",
        "end": "- - eu-west-1",
        **given,
    }
    when = f"[{day.day:02}/{MONTHS[day.month - 1]}/{day.year}:23:59:59 +0000]"
    head = f"{OWNER} {field['bucket']} {when} 192.0.2.3 {field['requester']} 3E57427F3EXAMPLE {field['operation']}"
    middle = f"{field['key']} {field['uri']} {field['outcome']} {field['referer']} {field['agent']}"
    transport = f"{field['signature']} {field['cipher']} {field['authentication']} {field['host']} {field['tls']}"
    return f"{head} {middle} {field['version']} {HOST_ID} {transport} {field['end']}"


HTTP = {"cipher": "-", "tls": "-"}
"""What a line has of plain HTTP."""


def access_json(day, **given):
    """The same in the JSON form."""
    return {
        "schema_version_id": "V_1_0",
        "bucket_arn": "arn:aws:s3:::ledger",
        "bucket_name": "ledger",
        "request_time": f"{day}T23:59:59.123Z",
        "requester": USER,
        "operation": "REST.GET.OBJECT",
        "request_uri": "GET /ledger/a/b.csv HTTP/1.1",
        "http_status": 200,
        "error_code": None,
        "user_agent": None,
        "cipher_suite": CIPHER,
        "host_header": "ledger.s3.eu-west-1.amazonaws.com",
        "tls_version": "TLSv1.3",
        **given,
    }


def event(day, name="PutObject", headers=None, **given):
    """A CloudTrail data event."""
    return {
        "eventVersion": "1.11",
        "eventTime": f"{day}T00:00:00Z",
        "eventSource": "s3.amazonaws.com",
        "eventName": name,
        "eventCategory": "Data",
        "managementEvent": False,
        "readOnly": name.startswith(("Get", "Head", "List")),
        "userIdentity": {"type": "IAMUser", "arn": USER, "accountId": ACCOUNT},
        "requestParameters": {"bucketName": "ledger", "key": "a/b.csv", **(headers or {})},
        "additionalEventData": {"SignatureVersion": "SigV4"},
        "resources": [
            {"type": "AWS::S3::Object", "ARN": "arn:aws:s3:::ledger/a/b.csv"},
            {"type": "AWS::S3::Bucket", "ARN": "arn:aws:s3:::ledger", "accountId": ACCOUNT},
        ],
        "tlsDetails": {"tlsVersion": "TLSv1.3", "cipherSuite": "TLS_AES_128_GCM_SHA256"},
        **given,
    }


def records(*events):
    return json.dumps({"Records": list(events)})
