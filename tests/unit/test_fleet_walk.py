"""Looking at many accounts: each is named once whatever becomes of it, and answers do not pile up."""

from threading import Event, Lock

import pytest
from hypothesis import given
from hypothesis import strategies as st

from s3_guardrails.deploy.fleet_cause import cause_of
from s3_guardrails.deploy.fleet_walk import walk
from s3_guardrails.encryption.fact import Unreadable
from s3_guardrails.fleet.cause import Cause
from s3_guardrails.fleet.member import Member
from s3_guardrails.fleet.report import Looked

MEMBERS = [Member(f"{number:012}") for number in range(40)]


@given(
    st.lists(st.sampled_from(["fine", "closed", "suspended", "defect", "no clients"]), max_size=12),
    st.integers(1, 5),
)
def test_law_every_account_is_answered_for_once(fates, at_once):
    members = [
        Member(f"{number:012}", name=fate, state="SUSPENDED" if fate == "suspended" else "ACTIVE")
        for number, fate in enumerate(fates)
    ]

    def enter(member):
        if member.name == "defect":
            raise ZeroDivisionError
        return Unreadable("account", "AssumeRole: AccessDenied: no") if member.name == "closed" else object()

    def look(member, clients):
        if member.name == "no clients":
            raise AttributeError("client")
        return Looked(member)

    found = list(walk(members, enter, look, at_once))
    assert sorted(each.member.id for each in found) == [each.id for each in members]
    for each in found:
        assert each.entered is (each.member.name == "fine")
        assert bool(each.notices) is not each.entered


def test_no_more_answers_wait_than_are_looked_at_at_once():
    """Whoever takes them may be slow: memory is bounded by the answers under way, not by the fleet."""
    lock, started = Lock(), []

    def look(member, _):
        with lock:
            started.append(member.id)
        return Looked(member)

    answers = walk(MEMBERS, lambda _: object(), look, 3)
    for taken in range(1, 11):
        next(answers)
        assert len(started) <= taken + 3 + 3
    answers.close()


def test_who_stops_listening_waits_for_nobody_and_nobody_begins_any_more():
    release, started = Event(), []

    def look(member, _):
        started.append(member.id)
        if member is not MEMBERS[0]:
            release.wait(30)
        return Looked(member)

    answers = walk(MEMBERS, lambda _: object(), look, 2)
    assert next(answers).member is MEMBERS[0]
    answers.close()
    assert not release.is_set()
    release.set()
    assert len(started) <= 3


CAUSES = [
    ("AssumeRole: AccessDenied: User is not authorized", Cause.ROLE_REFUSED),
    ("ListKeys: AccessDeniedException: no", Cause.REFUSED),
    ("AccessDenied: no", Cause.REFUSED),
    ("AssumeRole: RegionDisabledException: STS is not activated", Cause.REGION_NOT_ENABLED),
    ("ListBuckets: SlowDown: Rate exceeded", Cause.THROTTLED),
    ("DescribeConfigRules: ThrottlingException: Rate exceeded", Cause.THROTTLED),
    ("ListKeys: ExpiredTokenException: expired", Cause.CREDENTIALS_REFUSED),
    ("NoCredentialsError: Unable to locate credentials", Cause.CREDENTIALS_REFUSED),
    ('EndpointConnectionError: Could not connect to the endpoint URL: "https://x"', Cause.UNREACHABLE),
    ("ReadTimeoutError: Read timeout on endpoint URL", Cause.UNREACHABLE),
    ("ListKeys: InternalFailure: no", Cause.SERVICE_FAILED),
    ("malformed answer: KeyError: 'Keys'", Cause.NOT_UNDERSTOOD),
    ("ListKeys: Odd: AccessDenied: SlowDown", Cause.NOT_UNDERSTOOD),
    ("the answer lacks ResourceId", Cause.NOT_UNDERSTOOD),
    ("", Cause.NOT_UNDERSTOOD),
]


@pytest.mark.parametrize(("reason", "cause"), CAUSES)
def test_the_cause_is_told_by_codes_and_never_by_the_message(reason, cause):
    assert cause_of(reason) is cause
