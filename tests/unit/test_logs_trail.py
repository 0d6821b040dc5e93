"""CloudTrail data events: who uploaded what with which headers, and what an event does not tell."""

from datetime import date

import pytest

from log_lines import ACCOUNT, USER, event
from s3_guardrails.logs.seen import SeenRequest, Source, Unread, Upload
from s3_guardrails.logs.trail import read_event

DAY = date(2026, 5, 31)
SSE = "x-amz-server-side-encryption"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/team/App"
GUEST = f"arn:aws:sts::{ACCOUNT}:federated-user/guest"
OTHER = {"type": "AWS::S3::Bucket", "ARN": "arn:aws:s3:::other"}


def request(**more):
    usual = {"who": USER, "over_http": False, "tls": "1.3", "writes": True, "upload": Upload()}
    return SeenRequest(source=Source.TRAIL, bucket="ledger", day=DAY, **{**usual, **more})


def identity(**given):
    return {"userIdentity": given}


UNREAD = Unread(source=Source.TRAIL, bucket="ledger", day=DAY)
UPLOADS = {
    "without a header": ({}, {}, Upload()),
    "with a mode": ({SSE: "AES256"}, {}, Upload(mode="AES256")),
    "with a key": (
        {SSE: "aws:kms", f"{SSE}-aws-kms-key-id": "alias/x"},
        {},
        Upload(mode="aws:kms", key="alias/x"),
    ),
    "with the client's key": ({f"{SSE}-customer-algorithm": "AES256"}, {}, Upload(customer="AES256")),
    "with a list of one": ({SSE: ["aws:kms"]}, {}, Upload(mode="aws:kms")),
    "with the name in capitals": ({SSE.title(): "AES256"}, {}, Upload(mode="AES256")),
    "by the default": ({}, {"SSEApplied": "Default_SSE_KMS"}, Upload()),
    "asked for somewhere else": ({}, {"SSEApplied": "SSE_S3"}, Upload(mode="AES256")),
    "asked for with the client's key": ({}, {"SSEApplied": "SSE_C"}, Upload(customer="AES256")),
    "the header counts more than what became of it": (
        {SSE: "AES256"},
        {"SSEApplied": "SSE_KMS"},
        Upload(mode="AES256"),
    ),
}


@pytest.mark.parametrize("name", ["PutObject", "CopyObject", "CreateMultipartUpload", "PostObject"])
@pytest.mark.parametrize("headers", UPLOADS)
def test_an_upload_tells_the_headers_that_were_sent(headers, name):
    sent, more, expected = UPLOADS[headers]
    assert read_event(event(DAY, name, sent, additionalEventData=more)) == request(upload=expected)


EVENTS = {
    "a part takes what its upload was begun with": (event(DAY, "UploadPart"), request(upload=None)),
    "a read": (event(DAY, "GetObject"), request(upload=None, writes=False)),
    "refused": (event(DAY, errorCode="AccessDenied"), request(refused=True)),
    "failed": (event(DAY, errorCode="KMS.DisabledException"), request()),
    "a role's session": (
        event(DAY, **identity(type="AssumedRole", arn="x", sessionContext={"sessionIssuer": {"arn": ROLE}})),
        request(who=ROLE),
    ),
    "a federated user is not the user who issued its credentials": (
        event(DAY, **identity(type="FederatedUser", arn=GUEST, sessionContext={"sessionIssuer": {"arn": USER}})),
        request(who=GUEST),
    ),
    "a service": (
        event(DAY, **identity(type="AWSService", invokedBy="config.amazonaws.com")),
        request(who="config.amazonaws.com"),
    ),
    "another account": (
        event(DAY, **identity(type="AWSAccount", accountId="444455556666")),
        request(who="444455556666"),
    ),
    "anonymous": (
        event(DAY, **identity(type="AWSAccount", principalId="", accountId="ANONYMOUS_PRINCIPAL")),
        request(who="anonymous"),
    ),
    "old TLS": (event(DAY, tlsDetails={"tlsVersion": "TLSv1"}), request(tls="1.0")),
    "no details of TLS prove no plain HTTP": (event(DAY, tlsDetails=None), request(over_http=None, tls=None)),
    "empty details": (event(DAY, tlsDetails={}), request(over_http=None, tls=None)),
    "through an access point": (
        event(DAY, requestParameters={"bucketName": f"arn:aws:s3:eu-west-1:{ACCOUNT}:accesspoint/a"}),
        request(),
    ),
    "from one bucket to another": (event(DAY, resources=[OTHER, *event(DAY)["resources"]]), request()),
    "no resources": (event(DAY, resources=None), request()),
    "a management event": (event(DAY, eventCategory="Management", managementEvent=True), None),
    "an event of a network": (event(DAY, eventCategory="NetworkActivity", requestParameters=None, resources=[]), None),
    "a data event from before there were categories": (event(DAY, eventCategory=None), request()),
    "another service": (event(DAY, eventSource="kms.amazonaws.com"), None),
    "no bucket": (event(DAY, requestParameters=None, resources=[]), Unread(source=Source.TRAIL, day=DAY)),
    "one of two buckets": (
        event(DAY, requestParameters={}, resources=[OTHER, *event(DAY)["resources"]]),
        Unread(source=Source.TRAIL, day=DAY),
    ),
    "no time": (event(DAY, eventTime="?"), Unread(source=Source.TRAIL, bucket="ledger")),
    "nobody": (event(DAY, userIdentity=None), UNREAD),
    "neither read nor write": (event(DAY, readOnly=None), UNREAD),
    "a header that is no text": (event(DAY, headers={SSE: {"a": 1}}), UNREAD),
    "two values": (event(DAY, headers={SSE: ["AES256", "aws:kms"]}), UNREAD),
    "a key that is not told": (event(DAY, additionalEventData={"SSEApplied": "SSE_KMS"}), UNREAD),
    "no source": ({}, Unread(source=Source.TRAIL)),
    "no event": ("x", Unread(source=Source.TRAIL)),
}


@pytest.mark.parametrize("name", EVENTS)
def test_an_event_says_what_it_tells_and_no_more(name):
    found, expected = EVENTS[name]
    assert read_event(found) == expected
