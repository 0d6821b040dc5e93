"""What logs say against a change of a bucket policy: decided on the statements that are planned, request by request."""

import json
from datetime import date, timedelta

import pytest
from hazards import concerns
from test_remediate_tls import RULE as TLS_RULE
from test_remediate_uploads import KEY, OTHER_KEY, SSE_KMS
from test_remediate_uploads import RULE as UPLOAD_RULE

from log_lines import ACCOUNT, HTTP, SESSION, USER, access, event
from s3_guardrails.encryption.bucket import Bucket
from s3_guardrails.logs.access_text import read_access_line
from s3_guardrails.logs.book import LogBook
from s3_guardrails.logs.seen import Source
from s3_guardrails.logs.trail import read_event
from s3_guardrails.policy.document import parse_policy
from s3_guardrails.remediate.change import Proposed
from s3_guardrails.remediate.hazard_callers import http_callers, wrong_uploaders
from s3_guardrails.remediate.hazard_evidence import NO_EVIDENCE, SeenCaller, collected
from s3_guardrails.remediate.logged import http_evidence, upload_evidence
from s3_guardrails.remediate.tls import plan as tls_plan
from s3_guardrails.remediate.uploads import plan as upload_plan

TODAY = date(2026, 6, 1)
DAY = TODAY - timedelta(days=1)
ALL = [TODAY - timedelta(days=each) for each in range(1, 31)]
SSE = "x-amz-server-side-encryption"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/App"
APP = f"arn:aws:sts::{ACCOUNT}:assumed-role/App"
ANYBODY = {"requester": "-", "signature": "-", "authentication": "-"}


def book(lines=(), events=()):
    found = LogBook(TODAY)
    for line in lines:
        found.add(Source.ACCESS_LOG, read_access_line(line))
    for each in events:
        found.add(Source.TRAIL, read_event(each))
    return found


def given(text, **facts):
    policy = {} if text is None else {"policy": parse_policy(text)}
    return Bucket(**{"name": "ledger", "account": ACCOUNT, "region": "eu-west-1", **policy, **facts})


def http(logs, text=None, **parameters):
    bucket = given(text)
    proposal = tls_plan(TLS_RULE(TLS_RULE.Parameters.from_config(parameters)), bucket, {"policy": text})
    assert isinstance(proposal, Proposed), proposal
    return http_evidence(NO_EVIDENCE, logs, bucket, proposal)


def uploaded(logs, text=None, data_class="restricted", **parameters):
    facts = {
        "tags": {"data-class": data_class},
        "default_encryption": SSE_KMS,
        "blocked_encryption_types": frozenset({"SSE-C"}),
        "default_key_manager": "CUSTOMER",
    }
    bucket = given(text, **facts)
    rule = UPLOAD_RULE(UPLOAD_RULE.Parameters.from_config({"ApprovedKeys": KEY, **parameters}))
    proposal = upload_plan(rule, bucket, {"policy": text}, accept_unknown_sse_c=False)
    assert isinstance(proposal, Proposed), proposal
    return upload_evidence(NO_EVIDENCE, logs, bucket, proposal)


def deny(condition, **more):
    whole = {
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:*",
        "Resource": ["arn:aws:s3:::ledger", "arn:aws:s3:::ledger/*"],
    }
    return json.dumps({"Version": "2012-10-17", "Statement": [{**whole, "Condition": condition, **more}]})


NEARBY = {"IpAddress": {"aws:SourceIp": "192.0.2.0/24"}}
NO_HTTP = deny({"Bool": {"aws:SecureTransport": "false"}})
OLDER = {"tls": "TLSv1.1"}

SEEN = {
    "over plain HTTP": (HTTP, None, {}, [USER]),
    "over TLS": ({}, None, {}, []),
    "over old TLS, and any will do": (OLDER, None, {}, []),
    "over old TLS": (OLDER, None, {"MinimumTlsVersion": "1.2"}, [USER]),
    "over TLS that is new enough": ({}, None, {"MinimumTlsVersion": "1.2"}, []),
    "over plain HTTP, which is denied already": (HTTP, NO_HTTP, {"MinimumTlsVersion": "1.2"}, []),
    "over old TLS, where plain HTTP is denied": (OLDER, NO_HTTP, {"MinimumTlsVersion": "1.2"}, [USER]),
    "anonymous": ({**HTTP, **ANYBODY}, None, {}, ["anonymous"]),
    "a session": ({**HTTP, "requester": SESSION}, None, {}, [APP]),
    "a session of an accepted role, whatever its path": (
        {**HTTP, "requester": SESSION},
        None,
        {"AcceptPrincipals": ROLE.replace("App", "*")},
        [],
    ),
    "a session where another role is accepted": (
        {**HTTP, "requester": SESSION},
        None,
        {"AcceptPrincipals": f"{ROLE}2,{ROLE.replace('App', 'team/App2')}"},
        [APP],
    ),
    "a user, where a role is accepted": (HTTP, None, {"AcceptPrincipals": ROLE}, [USER]),
    "an account, where a role of it is accepted": (
        {**HTTP, "requester": "79a59df900b9"},
        None,
        {"AcceptPrincipals": ROLE},
        ["79a59df900b9"],
    ),
    "nobody, where a role is accepted": ({**HTTP, **ANYBODY}, None, {"AcceptPrincipals": ROLE}, ["anonymous"]),
    "an accepted service": ({**HTTP, "requester": "svc:config.amazonaws.com"}, None, {"AcceptServices": "true"}, []),
    "a service": ({**HTTP, "requester": "svc:config.amazonaws.com"}, None, {}, ["config.amazonaws.com"]),
    "perhaps through a service, which is accepted": (HTTP, None, {"AcceptViaServices": "true"}, [USER]),
    "a Deny before that may not have applied": (
        HTTP,
        deny(NEARBY),
        {},
        [USER],
    ),
    "refused": ({**HTTP, "outcome": "403 AccessDenied 9 - 7 -"}, None, {}, []),
    "a request of S3 itself": (
        {**HTTP, "operation": "S3.EXPIRE.OBJECT", "outcome": "- - - 1 - -", "host": "-"},
        None,
        {"MinimumTlsVersion": "1.2"},
        [],
    ),
}


@pytest.mark.parametrize("name", SEEN)
def test_who_would_be_denied_is_asked_of_the_planned_statements(name):
    fields, text, parameters, expected = SEEN[name]
    found = http(book([access(DAY, **fields)]), text, **parameters)
    assert found.http_callers == [SeenCaller(each, DAY, 1) for each in expected]


@pytest.mark.parametrize("accepted", ["App", "team/App", "team/*", "te*", "*/App", "a*/A?p"])
def test_whether_a_session_is_accepted_by_its_role_may_depend_on_the_path_that_logs_do_not_tell(accepted):
    parameters = {"AcceptPrincipals": ROLE.replace("App", accepted), "MinimumTlsVersion": "1.2"}
    logs = book([*(access(each) for each in ALL), access(DAY, **HTTP, requester=SESSION)])
    found = http(logs, **parameters)
    assert (found.http_callers, codes_of(found, http_callers)) == ([], ["LOGS_INCOMPLETE"])
    assert found.log_gaps[0].startswith(f"whether the new statements spare {APP} depends on the role's path")
    told = event(DAY, userIdentity={"type": "AssumedRole", "sessionContext": {"sessionIssuer": {"arn": ROLE}}})
    told["tlsDetails"] = {"tlsVersion": "TLSv1.1"}
    spared = http(book(events=[told]), **parameters).http_callers is None
    assert spared == (accepted == "App")


def test_data_events_tell_old_tls_and_no_plain_http():
    silent, old = event(DAY, tlsDetails=None), event(DAY, tlsDetails={"tlsVersion": "TLSv1.1"})
    assert http(book(events=[silent]), MinimumTlsVersion="1.2").http_callers is None
    assert http(book(events=[silent, old]), MinimumTlsVersion="1.2").http_callers == [SeenCaller(USER, DAY, 1)]


def test_what_a_log_does_not_tell_spares_nobody():
    """A new statement that asks for a key in such a way that its absence would spare."""
    direct = {"Bool": {"aws:SecureTransport": "false", "aws:ViaAWSService": "false"}}
    proposal = Proposed(after={"policy": deny(direct)}, calls=())
    found = http_evidence(NO_EVIDENCE, book([access(DAY, **HTTP)]), given(None), proposal)
    assert found.http_callers == [SeenCaller(USER, DAY, 1)]


def test_requests_of_one_caller_are_counted_together():
    lines = [access(ALL[9], **HTTP), access(ALL[4], **HTTP), access(ALL[6], **OLDER)]
    assert http(book(lines), MinimumTlsVersion="1.2").http_callers == [SeenCaller(USER, ALL[4], 3)]


AES, KMS = {SSE: "AES256"}, {SSE: "aws:kms"}
DEMANDED = {"UploadPolicy": "restricted=header-required"}
NO_AES = deny({"StringEquals": {f"s3:{SSE}": "AES256"}}, Action="s3:PutObject", Resource="arn:aws:s3:::ledger/*")
UPLOADED = {
    "no header": ({}, None, {}, False),
    "no header where one is demanded": ({}, None, DEMANDED, True),
    "the approved key": ({**KMS, f"{SSE}-aws-kms-key-id": KEY}, None, {}, False),
    "another key": ({**KMS, f"{SSE}-aws-kms-key-id": OTHER_KEY}, None, {}, True),
    "the approved key by its id alone": ({**KMS, f"{SSE}-aws-kms-key-id": KEY.rpartition("/")[2]}, None, {}, True),
    "no key id": (KMS, None, {}, True),
    "another mode": (AES, None, {}, True),
    "another mode, denied already": (AES, NO_AES, {}, False),
    "another mode, denied already under one prefix": (AES, NO_AES.replace("ledger/*", "ledger/logs/*"), {}, True),
    "another mode, denied already perhaps": (
        AES,
        deny({"StringEquals": {f"s3:{SSE}": "AES256"}, **NEARBY}),
        {},
        True,
    ),
    "another mode, denied already away from an office where it may have come from": (
        AES,
        deny({"StringEquals": {f"s3:{SSE}": "AES256"}, "NotIpAddress": {"aws:SourceIp": "192.0.2.0/24"}}),
        {},
        True,
    ),
    "another mode, denied already but under one prefix": (
        AES,
        NO_AES.replace('"Resource"', '"NotResource"').replace("ledger/*", "ledger/logs/*"),
        {},
        True,
    ),
    "another mode, denied already to all but a session": (
        AES,
        NO_AES.replace('"Principal": "*"', f'"NotPrincipal": {{"AWS": "{SESSION}"}}'),
        {},
        True,
    ),
    "another mode, denied already to others": (
        AES,
        deny({"ArnNotEquals": {"aws:PrincipalArn": USER}}),
        {},
        True,
    ),
}


@pytest.mark.parametrize("name", UPLOADED)
def test_an_upload_that_was_let_through_and_would_be_denied_is_told(name):
    headers, text, parameters, wrong = UPLOADED[name]
    found = uploaded(book(events=[event(DAY, headers=headers)]), text, **parameters)
    assert found.wrong_uploaders == ([SeenCaller(USER, DAY, 1)] if wrong else [])


def test_an_old_deny_that_may_spare_a_role_by_its_path_is_not_believed():
    text = deny({"ArnNotEquals": {"aws:PrincipalArn": f"arn:aws:iam::{ACCOUNT}:role/team/App"}})
    seen = event(DAY, headers=AES, userIdentity={"type": "AssumedRole", "arn": SESSION})
    assert uploaded(book(events=[seen]), text).wrong_uploaders == [SeenCaller(APP, DAY, 1)]


def test_access_logs_say_nothing_of_headers():
    found = uploaded(book([access(each) for each in ALL]))
    assert found.wrong_uploaders is None
    assert concerns(collected(wrong_uploaders(found, TODAY))) == ["NO_LOGS"]


def codes_of(evidence, check):
    found = collected(check(evidence, TODAY))
    return [each.code for each in (*found.refusals, *found.concerns)]


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ([], ["NO_LOGS"]),
        ([access(each) for each in ALL], []),
        ([access(each) for each in ALL[1:]], ["LOGS_INCOMPLETE"]),
        ([access(each, bucket="other") for each in ALL], ["LOGS_INCOMPLETE"]),
        ([*(access(each) for each in ALL), access(DAY, cipher="-")], ["LOGS_INCOMPLETE"]),
        ([*(access(each) for each in ALL), "rubbish"], ["LOGS_INCOMPLETE"]),
        ([*(access(each) for each in ALL), access(DAY, cipher="-", bucket="other")], []),
        ([access(DAY, **HTTP), "rubbish"], ["HTTP_CALLERS"]),
        ([access(TODAY - timedelta(days=30), **HTTP)], ["HTTP_CALLERS"]),
        ([access(TODAY - timedelta(days=31), **HTTP)], ["LOGS_INCOMPLETE"]),
    ],
)
def test_only_complete_logs_show_that_nobody_uses_plain_http(lines, expected):
    assert codes_of(http(book(lines)), http_callers) == expected


@pytest.mark.parametrize(
    ("events", "expected"),
    [
        ([], ["NO_LOGS"]),
        ([event(each) for each in ALL], []),
        ([event(each, "GetObject") for each in ALL], ["LOGS_INCOMPLETE"]),
        ([event(each) for each in ALL[:-1]], ["LOGS_INCOMPLETE"]),
        ([event(each, headers={SSE: {}} if each == DAY else {}) for each in ALL], ["LOGS_INCOMPLETE"]),
        ([event(DAY, headers=AES)], ["WRONG_UPLOADERS"]),
        ([event(each, eventCategory="Management", managementEvent=True) for each in ALL], ["LOGS_INCOMPLETE"]),
    ],
)
def test_only_complete_data_events_show_that_nobody_uploads_otherwise(events, expected):
    assert codes_of(uploaded(book(events=events)), wrong_uploaders) == expected


def test_the_sentence_says_what_the_logs_lack():
    found = http(book([*(access(each) for each in ALL[2:]), "rubbish"]))
    [concern] = collected(http_callers(found, TODAY)).concerns
    assert concern.sentence == (
        "whether anybody still uses plain HTTP is not certain: server access logs show no request on 2 of 30 days "
        "(2026-05-30 to 2026-05-31); 1 of their lines could not be read, and tell no bucket"
    )
