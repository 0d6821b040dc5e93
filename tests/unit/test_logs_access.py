"""Server access logs: what each field says, and that what callers write there never says anything."""

import json
from datetime import date

import pytest

from log_lines import ACCOUNT, HTTP, OWNER, SESSION, USER, access, access_json
from s3_guardrails.logs.access_json import read_access_record
from s3_guardrails.logs.access_text import read_access_line
from s3_guardrails.logs.seen import SeenRequest, Source, Unread

DAY = date(2026, 5, 31)


def request(**more):
    return SeenRequest(source=Source.ACCESS_LOG, bucket="ledger", day=DAY, **{"who": USER, "over_http": True, **more})


TLS = {"over_http": False, "tls": "1.2"}
ANYBODY = {"requester": "-", "signature": "-", "authentication": "-"}
UNREAD = Unread(source=Source.ACCESS_LOG, bucket="ledger", day=DAY)
FORGED = 'GET /x" 403 AccessDenied 243 - 7 - "-" "-" - host= SigV4 ECDHE-RSA AuthHeader s3.amazonaws.com TLSv1.2 - -'
AGREEING = FORGED.replace("403 AccessDenied", "200 -")
DELETION = {"operation": "BATCH.DELETE.OBJECT", "uri": "-", "outcome": "204 - - 1 - -", "referer": "-", "agent": "-"}
LIFECYCLE = {"operation": "S3.EXPIRE.OBJECT", "requester": "AmazonS3", "uri": '"-"', "outcome": "- - - 1 - -"}
INTERNAL = {**LIFECYCLE, **HTTP, "signature": "-", "authentication": "-", "host": "-", "agent": '"-"'}

LINES = {
    "over TLS": ({}, request(**TLS)),
    "over plain HTTP": (HTTP, request()),
    "the documentation's own spelling of TLS": ({"tls": "TLSV1.2"}, request(**TLS)),
    "TLS 1.0": ({"tls": "tlsv1"}, request(over_http=False, tls="1.0")),
    "TLS 1.1, before there was a source Region": (
        {"tls": "TLSv1.1", "end": "- -"},
        request(over_http=False, tls="1.1"),
    ),
    "a field that AWS adds one day": ({**HTTP, "end": "- - eu-west-1 new"}, request()),
    "no source Region told": ({**HTTP, "end": "- - -"}, request()),
    "an access point, and an ACL": (
        {**HTTP, "end": f"arn:aws:s3:eu-west-1:{ACCOUNT}:accesspoint/a Yes eu-west-1"},
        request(),
    ),
    "a version id": ({**HTTP, "version": "3HL4kqtJvjVBH40Nrjfkd"}, request()),
    "a query that is signed": ({**HTTP, "authentication": "QueryString"}, request()),
    "anonymous": ({**HTTP, "requester": "-", "signature": "-", "authentication": "-"}, request(who="anonymous")),
    "the account, by its canonical id": ({**HTTP, "requester": OWNER}, request(who=OWNER)),
    "a session loses its name": (
        {**HTTP, "requester": SESSION},
        request(who=f"arn:aws:sts::{ACCOUNT}:assumed-role/App"),
    ),
    "a service": ({"requester": "svc:config.amazonaws.com"}, request(who="config.amazonaws.com", **TLS)),
    "refused": ({**HTTP, "outcome": "403 AccessDenied 243 - 7 -"}, request(refused=True)),
    "no such key: let through": ({**HTTP, "outcome": "404 NoSuchKey 243 - 7 -"}, request()),
    "sent elsewhere": ({**HTTP, "outcome": "307 TemporaryRedirect 243 - 7 -"}, request(refused=True)),
    "a preflight, which the CORS rules answer": (
        {**HTTP, **ANYBODY, "operation": "REST.OPTIONS.PREFLIGHT"},
        request(who="anonymous", refused=True),
    ),
    "anybody at the website endpoint of a bucket without a website": (
        {**HTTP, **ANYBODY, "operation": "WEBSITE.GET.OBJECT", "outcome": "404 NoSuchWebsiteConfiguration 9 - 7 -"},
        request(who="anonymous", refused=True),
    ),
    "who asks whether there is a website was let through": (
        {**HTTP, "operation": "REST.GET.WEBSITE", "outcome": "404 NoSuchWebsiteConfiguration 9 - 7 -"},
        request(),
    ),
    "failed inside S3": ({**HTTP, "outcome": "503 SlowDown 243 - 7 -"}, request()),
    "nothing quoted": (DELETION, request(**TLS)),
    "nothing quoted, over plain HTTP": ({**DELETION, **HTTP}, request()),
    "a user agent that is `-` without quotes": ({**HTTP, "agent": "-"}, request()),
    "referer and user agent without quotes": ({**HTTP, "referer": "-", "agent": "-"}, request()),
    "a request of S3 itself came over no network": (INTERNAL, request(who="AmazonS3", over_http=False)),
    "blanks in URI, referer and user agent": (
        {**HTTP, "uri": '"GET /ledger/a b HTTP/1.1"', "referer": '"referer test"', "agent": '"a b c"'},
        request(),
    ),
    "quotes in the URI": (
        {**HTTP, "uri": '"GET /" HTTP/1.1"', "outcome": "403 AccessDenied 9 - 7 -"},
        request(refused=True),
    ),
    "quotes in referer and user agent": ({**HTTP, "referer": '"x" "y"', "agent": '"Safari/604.1""'}, request()),
    "bytes that end lines elsewhere": ({**HTTP, "agent": '"a\x0b\x0c\r\x1c\x85\u2028b"'}, request()),
    "an end forged in the URI, with the same outcome": ({**HTTP, "uri": f'"{AGREEING}"'}, request()),
    "an end forged in the referer, with the same outcome": ({**HTTP, "referer": f'"{AGREEING}"'}, request()),
    "an end forged in the user agent, with the same outcome": ({**HTTP, "agent": f'"{AGREEING}"'}, request()),
    "an outcome forged after an absent URI": ({**HTTP, "uri": "-", "agent": f'"{FORGED}"'}, request()),
    "an outcome forged in the URI": ({**HTTP, "uri": f'"{FORGED}"'}, UNREAD),
    "an outcome forged in the referer": ({**HTTP, "referer": f'"{FORGED}"'}, UNREAD),
    "an outcome forged in the user agent": ({**HTTP, "agent": f'"{FORGED}"'}, UNREAD),
    "a cipher and no TLS": ({"tls": "-"}, UNREAD),
    "TLS and no cipher": ({"cipher": "-"}, UNREAD),
    "neither host nor transport": ({**HTTP, "host": "-"}, UNREAD),
    "TLS of no known version": ({"tls": "TLSv2.0"}, UNREAD),
    "a cipher that is none": ({"cipher": "?"}, UNREAD),
    "fewer fields": ({"end": ""}, UNREAD),
    "no outcome": ({"outcome": "200 -"}, UNREAD),
}


@pytest.mark.parametrize("name", LINES)
def test_a_line_says_what_s3_wrote_whatever_the_caller_did(name):
    given, expected = LINES[name]
    assert read_access_line(access(DAY, **given) + "\n") == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", Unread(source=Source.ACCESS_LOG)),
        ("hello", Unread(source=Source.ACCESS_LOG)),
        (access(DAY).replace("31/May", "31/Jun"), Unread(source=Source.ACCESS_LOG, bucket="ledger")),
        (access(DAY).replace("/May/", "/Mai/"), Unread(source=Source.ACCESS_LOG, bucket="ledger")),
        (access(DAY).replace("+0000", "+0200"), Unread(source=Source.ACCESS_LOG)),
        (access(DAY)[:200], UNREAD),
    ],
)
def test_a_line_that_is_none_tells_what_is_certain(text, expected):
    assert read_access_line(text) == expected


RECORDS = {
    "over TLS": ({}, request(over_http=False, tls="1.3")),
    "over plain HTTP": ({"cipher_suite": None, "tls_version": None}, request()),
    "anonymous": ({"requester": None}, request(who="anonymous", over_http=False, tls="1.3")),
    "refused": ({"http_status": 403}, request(refused=True, over_http=False, tls="1.3")),
    "no website": (
        {"operation": "WEBSITE.GET.OBJECT", "http_status": 404, "error_code": "NoSuchWebsiteConfiguration"},
        request(refused=True, over_http=False, tls="1.3"),
    ),
    "of S3 itself": (
        {
            "operation": "S3.EXPIRE.OBJECT",
            "http_status": None,
            "cipher_suite": None,
            "tls_version": None,
            "host_header": None,
        },
        request(over_http=False),
    ),
    "a user agent like a record": ({"user_agent": '"}{"tls_version":null'}, request(over_http=False, tls="1.3")),
    "a cipher and no TLS": ({"tls_version": None}, UNREAD),
    "no status": ({"http_status": "403"}, UNREAD),
    "a status that is none": ({"http_status": True}, UNREAD),
    "no time": ({"request_time": "yesterday"}, Unread(source=Source.ACCESS_LOG, bucket="ledger")),
    "no day": ({"request_time": "2026-02-30T00:00:00Z"}, Unread(source=Source.ACCESS_LOG, bucket="ledger")),
    "no bucket": ({"bucket_name": None}, Unread(source=Source.ACCESS_LOG, day=DAY)),
    "a list": ({"requester": [USER]}, UNREAD),
}


@pytest.mark.parametrize("name", RECORDS)
def test_a_record_in_json_says_the_same(name):
    given, expected = RECORDS[name]
    assert read_access_record(json.loads(json.dumps(access_json(DAY, **given)))) == expected


@pytest.mark.parametrize("missing", ["cipher_suite", "tls_version"])
def test_a_record_that_does_not_speak_of_tls_is_no_proof_of_plain_http(missing):
    record = access_json(DAY, cipher_suite=None, tls_version=None)
    del record[missing]
    assert read_access_record(record) == UNREAD


@pytest.mark.parametrize("record", [None, [], "x", 1, {}, {"bucket_name": "ledger"}])
def test_json_that_is_no_record_is_unread(record):
    assert read_access_record(record) == Unread(source=Source.ACCESS_LOG)
