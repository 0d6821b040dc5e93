"""What a preflight makes of each variant of the surroundings: facts → codes, with how much each matters."""

from dataclasses import replace

import pytest

from s3_guardrails.encryption.fact import ABSENT, Unreadable
from s3_guardrails.preflight.account import SERVICE_ROLES, judge_account
from s3_guardrails.preflight.additions import Additions
from s3_guardrails.preflight.facts import (
    AccountFacts,
    Delivery,
    Frequency,
    LastStatus,
    Recorder,
    RecorderStatus,
    RegionFacts,
    Selection,
)
from s3_guardrails.preflight.finding import ACTIONS, Outcome
from s3_guardrails.preflight.quota import Roles
from s3_guardrails.preflight.region import judge_opt_status, judge_region

TYPES = ("AWS::KMS::Key", "AWS::S3::Bucket")
DELIVERED = (Delivery("history", LastStatus.SUCCESS), Delivery("stream", LastStatus.NEVER))
GOOD = RegionFacts(
    region="eu-west-1",
    recorder=Recorder("default"),
    recorder_status=RecorderStatus(recording=True, last=LastStatus.SUCCESS),
    delivery_channel="default",
    delivery_status=DELIVERED,
)
FINE = {
    "RECORDER_ON",
    "TYPES_RECORDED",
    "RECORDED_CONTINUOUSLY",
    "DELIVERY_SUCCEEDED",
    "REMEDIATION_OFFERED",
}


def said(findings):
    """Return what is not fine, as outcome and code, in order."""
    return [(each.outcome.value, each.code) for each in findings if each.outcome is not Outcome.FINE]


def codes(findings):
    return {each.code for each in findings}


def only(*types):
    return Recorder("default", Selection.ONLY, frozenset(types))


def all_but(*types):
    return Recorder("default", Selection.EXCEPT, frozenset(types))


def mode(frequency, **overrides):
    named = {each: overrides[each.rpartition(":")[2]] for each in TYPES if each.rpartition(":")[2] in overrides}
    return Recorder("default", frequency=frequency, overrides=named)


def status(recording, last, error=""):
    return RecorderStatus(recording, last, error)


CONTINUOUS, DAILY = Frequency.CONTINUOUS, Frequency.DAILY
REGION_CASES = {
    "everything is as it should be": ({}, []),
    "no recorder": ({"recorder": ABSENT}, [("blocks", "RECORDER_ABSENT")]),
    "a recorder that is off": (
        {"recorder_status": status(False, LastStatus.SUCCESS)},
        [("blocks", "RECORDER_STOPPED")],
    ),
    "a recorder that is off after a failure": (
        {"recorder_status": status(False, LastStatus.FAILURE, "AccessDenied: no")},
        [("blocks", "RECORDER_STOPPED")],
    ),
    "a recorder that fails": (
        {"recorder_status": status(True, LastStatus.FAILURE, "AccessDenied: no")},
        [("blocks", "RECORDER_FAILING")],
    ),
    "a recorder that has just been started": (
        {"recorder_status": status(True, LastStatus.PENDING)},
        [("advises", "RECORDER_PENDING")],
    ),
    "a recorder that never recorded": (
        {"recorder_status": status(True, LastStatus.NEVER)},
        [("advises", "RECORDER_PENDING")],
    ),
    "both types named": ({"recorder": only(*TYPES, "AWS::IAM::Role")}, []),
    "one type not named": ({"recorder": only("AWS::S3::Bucket")}, [("blocks", "TYPE_NOT_RECORDED")]),
    "neither type named": (
        {"recorder": only("AWS::EC2::Instance")},
        [("blocks", "TYPE_NOT_RECORDED"), ("blocks", "TYPE_NOT_RECORDED")],
    ),
    "nothing named": ({"recorder": only()}, [("blocks", "TYPE_NOT_RECORDED"), ("blocks", "TYPE_NOT_RECORDED")]),
    "another type left out": ({"recorder": all_but("AWS::EC2::Instance")}, []),
    "the global types left out": ({"recorder": all_but("AWS::IAM::Role", "AWS::IAM::User")}, []),
    "one type left out": ({"recorder": all_but("AWS::KMS::Key")}, [("blocks", "TYPE_NOT_RECORDED")]),
    "daily": ({"recorder": mode(DAILY)}, [("advises", "RECORDED_DAILY"), ("advises", "RECORDED_DAILY")]),
    "daily for one type": ({"recorder": mode(CONTINUOUS, Bucket=DAILY)}, [("advises", "RECORDED_DAILY")]),
    "continuous for one type": ({"recorder": mode(DAILY, Bucket=CONTINUOUS)}, [("advises", "RECORDED_DAILY")]),
    "daily by default, continuous for both": ({"recorder": mode(DAILY, Bucket=CONTINUOUS, Key=CONTINUOUS)}, []),
    "an override that says what holds anyway": ({"recorder": mode(CONTINUOUS, Key=CONTINUOUS)}, []),
    "daily for a type that is not recorded": (
        {"recorder": replace(only("AWS::S3::Bucket"), overrides={"AWS::KMS::Key": DAILY})},
        [("blocks", "TYPE_NOT_RECORDED")],
    ),
    "no delivery channel": ({"delivery_channel": ABSENT}, [("blocks", "CHANNEL_ABSENT")]),
    "nothing delivered yet": (
        {"delivery_status": (Delivery("history", LastStatus.NEVER), Delivery("stream", LastStatus.NEVER))},
        [("advises", "DELIVERY_PENDING")],
    ),
    "a notification is no delivery of items": (
        {"delivery_status": (Delivery("stream", LastStatus.SUCCESS),)},
        [("advises", "DELIVERY_PENDING")],
    ),
    "the last delivery failed": (
        {"delivery_status": (Delivery("history", LastStatus.FAILURE, "AccessDenied: no"),)},
        [("advises", "DELIVERY_FAILED")],
    ),
    "one of two deliveries failed": (
        {"delivery_status": (*DELIVERED, Delivery("snapshot", LastStatus.FAILURE, "NoSuchBucket: gone"))},
        [("advises", "DELIVERY_FAILED")],
    ),
    "a Region without remediations": ({"region": "mx-central-1"}, [("advises", "REMEDIATION_ABSENT")]),
}


@pytest.mark.parametrize(("facts", "expected"), REGION_CASES.values(), ids=REGION_CASES)
def test_a_region_is_judged_by_its_facts(facts, expected):
    found = list(judge_region(replace(GOOD, **facts), TYPES))
    assert said(found) == expected
    assert all(each.next_step for each in found if each.outcome is not Outcome.FINE)


def test_what_is_in_order_is_said_too():
    assert codes(judge_region(GOOD, TYPES)) == FINE


@pytest.mark.parametrize("name", ["recorder", "recorder_status", "delivery_channel", "delivery_status"])
def test_a_fact_that_was_not_read_is_never_fine(name):
    closed = Unreadable(name, "AccessDeniedException: no")
    found = list(judge_region(replace(GOOD, **{name: closed}), TYPES))
    assert said(found) == [("unreadable", f"{name.upper()}_UNREADABLE")]
    assert len(codes(found)) <= len(FINE)
    [finding] = [each for each in found if each.outcome is Outcome.UNREADABLE]
    assert "AccessDeniedException: no" in finding.sentence
    assert ACTIONS[name] in finding.next_step


def test_an_error_of_aws_is_passed_on():
    failing = replace(GOOD, recorder_status=status(True, LastStatus.FAILURE, "NoSuchBucket: gone"))
    [finding] = [each for each in judge_region(failing, TYPES) if each.code == "RECORDER_FAILING"]
    assert finding.sentence.endswith("its last recording failed: NoSuchBucket: gone")


@pytest.mark.parametrize(
    ("opted", "expected"),
    [
        ("ENABLED", ("fine", "REGION_ENABLED")),
        ("ENABLED_BY_DEFAULT", ("fine", "REGION_ENABLED")),
        ("ENABLING", ("blocks", "REGION_DISABLED")),
        ("DISABLING", ("blocks", "REGION_DISABLED")),
        ("DISABLED", ("blocks", "REGION_DISABLED")),
        (Unreadable("region", "AccessDeniedException: no"), ("unreadable", "REGION_UNREADABLE")),
    ],
)
def test_a_region_must_be_enabled(opted, expected):
    finding = judge_opt_status(opted)
    assert (finding.outcome.value, finding.code) == expected


ADDING = Additions(rules=frozenset({"GUARD"}), packs=1, functions=2, reserved=0, roles=3)
READY = AccountFacts(service_roles=frozenset(SERVICE_ROLES), roles=Roles(used=7, quota=1000))


@pytest.mark.parametrize("absent", [set(), *({each} for each in SERVICE_ROLES), set(SERVICE_ROLES)])
def test_a_service_without_its_role_is_an_advice(absent):
    there = frozenset(SERVICE_ROLES) - absent | {"support.amazonaws.com"}
    found = list(judge_account(replace(READY, service_roles=there), ADDING, regions=1))
    assert said(found) == [("advises", "SERVICE_ROLE_ABSENT")] * len(absent)
    assert {each.sentence.split()[0] for each in found if each.outcome is Outcome.ADVISES} == absent


@pytest.mark.parametrize("name", ["service_roles", "roles"])
def test_a_fact_of_the_account_that_was_not_read_is_never_fine(name):
    closed = Unreadable(name, "AccessDenied: no")
    found = judge_account(replace(READY, **{name: closed}), ADDING, regions=1)
    assert said(found) == [("unreadable", f"{name.upper()}_UNREADABLE")]


@pytest.mark.parametrize(
    ("used", "regions", "expected"),
    [
        (994, 2, []),
        (995, 2, [("blocks", "ROLES_EXCEEDED")]),
        (997, 1, []),
        (998, 1, [("blocks", "ROLES_EXCEEDED")]),
        (1000, 0, []),
    ],
)
def test_roles_belong_to_no_region_so_those_of_every_region_must_fit(used, regions, expected):
    facts = replace(READY, roles=Roles(used=used, quota=1000))
    assert said(judge_account(facts, ADDING, regions)) == expected
