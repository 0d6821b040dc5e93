"""What a preflight makes of CloudTrail's trails: facts → codes; and what a selector selects."""

from dataclasses import replace

import pytest

from s3_guardrails.encryption.fact import Unreadable
from s3_guardrails.preflight.finding import Outcome
from s3_guardrails.preflight.trail import Field, Operator, Trail, judge_trails

HERE = "eu-west-1"
EQUALS, STARTS, ENDS = Operator


def equals(name, *values):
    return Field(name, tuple((EQUALS, each) for each in values))


def without(name, *values, operator=EQUALS):
    return Field(name, unwanted=tuple((operator, each) for each in values))


MANAGEMENT, DATA = equals("eventCategory", "Management"), equals("eventCategory", "Data")
OBJECTS = equals("resources.type", "AWS::S3::Object")
READS, WRITES = equals("readOnly", "true"), equals("readOnly", "false")
KMS = "kms.amazonaws.com"
ALL_OBJECTS = (DATA, OBJECTS)


def begins(*values):
    return Field("resources.ARN", tuple((STARTS, each) for each in values))


def trail(*selectors, name="main", **changed):
    plain = Trail(name=name, home=HERE, multi_region=True, logging=True, selectors=selectors)
    return replace(plain, **changed)


FULL = trail((MANAGEMENT,), ALL_OBJECTS)
NO_DATA = ("advises", "DATA_EVENTS_MISSING")
ABSENT, STOPPED = ("blocks", "TRAIL_ABSENT"), ("blocks", "TRAIL_STOPPED")
NO_KMS, NO_MANAGEMENT = ("blocks", "KMS_EVENTS_EXCLUDED"), ("blocks", "MANAGEMENT_EVENTS_MISSING")
NO_STATUS, NO_SELECTORS = ("unreadable", "TRAIL_STATUS_UNREADABLE"), ("unreadable", "EVENT_SELECTORS_UNREADABLE")
CLOSED_STATUS = Unreadable("trail_status", "`main`: AccessDeniedException: no")
CLOSED_SELECTORS = Unreadable("event_selectors", "`main`: AccessDeniedException: no")

CASES = {
    "everything": ([FULL], []),
    "no trail": ([], [ABSENT, NO_DATA]),
    "a trail of another Region": ([replace(FULL, home="us-east-1", multi_region=False)], [ABSENT, NO_DATA]),
    "a trail of this Region alone": ([replace(FULL, multi_region=False)], []),
    "a trail that is made elsewhere for all Regions": ([replace(FULL, home="us-east-1")], []),
    "logging is off": ([replace(FULL, logging=False)], [STOPPED, NO_DATA]),
    "one is off, another on": ([replace(FULL, logging=False), FULL], []),
    "a delivery that fails": ([replace(FULL, delivery_error="NoSuchBucket")], [("advises", "TRAIL_DELIVERY_FAILED")]),
    "a delivery that failed before logging was off": (
        [replace(FULL, logging=False, delivery_error="NoSuchBucket"), FULL],
        [],
    ),
    "no management events": ([trail(ALL_OBJECTS)], [NO_MANAGEMENT]),
    "reads only": ([trail((MANAGEMENT, READS), ALL_OBJECTS)], [NO_MANAGEMENT]),
    "writes only": ([trail((MANAGEMENT, WRITES), ALL_OBJECTS)], [NO_MANAGEMENT]),
    "reads in one selector, writes in another": ([trail((MANAGEMENT, READS), (MANAGEMENT, WRITES), ALL_OBJECTS)], []),
    "reads in one trail, writes in another": (
        [trail((MANAGEMENT, READS), ALL_OBJECTS), trail((MANAGEMENT, WRITES))],
        [],
    ),
    "KMS excluded": ([trail((MANAGEMENT, without("eventSource", KMS)), ALL_OBJECTS)], [NO_KMS]),
    "KMS excluded by its ending": (
        [trail((MANAGEMENT, without("eventSource", "s.amazonaws.com", operator=ENDS)), ALL_OBJECTS)],
        [NO_KMS],
    ),
    "KMS excluded from reads only": (
        [trail((MANAGEMENT, READS, without("eventSource", KMS)), (MANAGEMENT, WRITES), ALL_OBJECTS)],
        [NO_KMS],
    ),
    "another source excluded": (
        [trail((MANAGEMENT, without("eventSource", "rdsdata.amazonaws.com")), ALL_OBJECTS)],
        [],
    ),
    "KMS excluded here and logged there": (
        [
            trail((MANAGEMENT, without("eventSource", KMS)), ALL_OBJECTS),
            trail((MANAGEMENT, equals("eventSource", KMS))),
        ],
        [],
    ),
    "KMS alone": ([trail((MANAGEMENT, equals("eventSource", KMS)), ALL_OBJECTS)], [NO_MANAGEMENT]),
    "some events left out by name": (
        [trail((MANAGEMENT, without("eventName", "Decrypt")), ALL_OBJECTS)],
        [NO_MANAGEMENT],
    ),
    "no data events": ([trail((MANAGEMENT,))], [NO_DATA]),
    "data events of functions": (
        [trail((MANAGEMENT,), (DATA, equals("resources.type", "AWS::Lambda::Function")))],
        [NO_DATA],
    ),
    "data events of reads": ([trail((MANAGEMENT,), (*ALL_OBJECTS, READS))], [NO_DATA]),
    "data events of one bucket": ([trail((MANAGEMENT,), (*ALL_OBJECTS, begins("arn:aws:s3:::one/")))], [NO_DATA]),
    "data events of all but one bucket": (
        [trail((MANAGEMENT,), (*ALL_OBJECTS, without("resources.ARN", "arn:aws:s3:::one/", operator=STARTS)))],
        [NO_DATA],
    ),
    "data events of all by prefix": ([trail((MANAGEMENT,), (*ALL_OBJECTS, begins("arn:aws:s3")))], []),
    "data events of all and of one": (
        [trail((MANAGEMENT,), (*ALL_OBJECTS, begins("arn:aws:s3:::one/", "arn:aws:s3:::")))],
        [],
    ),
    "data events of another partition": ([trail((MANAGEMENT,), (*ALL_OBJECTS, begins("arn:aws-cn:s3:::")))], [NO_DATA]),
    "a selector without conditions": ([trail(())], []),
    "no selectors": ([trail()], [NO_MANAGEMENT, NO_DATA]),
    "a status that was not read": ([replace(FULL, logging=CLOSED_STATUS)], [NO_STATUS]),
    "selectors that were not read": ([replace(FULL, selectors=CLOSED_SELECTORS)], [NO_SELECTORS]),
    "neither was read": (
        [replace(FULL, logging=CLOSED_STATUS, selectors=CLOSED_SELECTORS)],
        [NO_STATUS, NO_SELECTORS],
    ),
    "what was not read of one does not matter where another logs all": (
        [FULL, replace(FULL, selectors=CLOSED_SELECTORS)],
        [],
    ),
    "management events are known, objects are not": (
        [trail((MANAGEMENT,)), replace(FULL, selectors=CLOSED_SELECTORS)],
        [NO_SELECTORS],
    ),
    "what was not read of a trail that is off does not matter": (
        [replace(FULL, logging=False, selectors=CLOSED_SELECTORS)],
        [STOPPED, NO_DATA],
    ),
    "what was not read of a trail of another Region does not matter": (
        [replace(FULL, home="us-east-1", multi_region=False, selectors=CLOSED_SELECTORS)],
        [ABSENT, NO_DATA],
    ),
}


@pytest.mark.parametrize(("trails", "expected"), CASES.values(), ids=CASES)
def test_trails_are_judged_by_what_they_log_together(trails, expected):
    found = list(judge_trails(trails, HERE, "aws"))
    assert [(each.outcome.value, each.code) for each in found if each.outcome is not Outcome.FINE] == expected


def test_trails_that_could_not_be_listed_are_not_absent():
    [finding] = judge_trails(Unreadable("trails", "AccessDeniedException: no"), HERE, "aws")
    assert (finding.outcome, finding.code) == (Outcome.UNREADABLE, "TRAILS_UNREADABLE")


def test_what_is_logged_is_said():
    assert [each.code for each in judge_trails([FULL], HERE, "aws")] == [
        "MANAGEMENT_EVENTS_LOGGED",
        "DATA_EVENTS_LOGGED",
    ]


def test_a_finding_names_what_is_not_logged_and_by_whom():
    [finding, _] = judge_trails([trail((MANAGEMENT, READS))], HERE, "aws")
    assert finding.sentence == "no trail logs all writes of kms.amazonaws.com, writes of s3.amazonaws.com"
    [finding, _] = judge_trails([replace(FULL, logging=False)], HERE, "aws")
    assert finding.sentence == "logging is off: `main`"
