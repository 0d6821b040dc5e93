"""Whose a finding is, since when it is there, and when it is due."""

from datetime import date, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from s3_guardrails.cli.tracking import Tracking
from s3_guardrails.decision import Severity
from s3_guardrails.encryption.fact import Unreadable
from s3_guardrails.errors import InputError
from s3_guardrails.settings.guardrails import Guardrails, Tenants
from s3_guardrails.settings.tracking import Ledger, Sighting, whose

TENANTS = Tenants(owners={"crm": "crm@x", "ops": "ops@x"}, accounts={"111122223333": "ops"})
SETTINGS = Guardrails(classes={}, tenants=TENANTS)
DAY = date(2026, 11, 1)


def seen(*, broken=True, **fields):
    whole = {"account": "111122223333", "region": "eu-west-1", "rule": "S3_BUCKET_TLS_ONLY", "resource_id": "data"}
    return Sighting(**{**whole, "severity": Severity.MEDIUM, "broken": broken, "tags": {}, **fields})


OWNERS = {
    "the account's tenant": ({}, ("ops", "ops@x")),
    "the tag's tenant": ({"tenant": "crm"}, ("crm", "crm@x")),
    "a tag that is blank": ({"tenant": "  "}, ("ops", "ops@x")),
    "a tenant that nobody knows": ({"tenant": "hr"}, ("hr", None)),
    "an owner of its own": ({"tenant": "crm", "owner": "me@x"}, ("crm", "me@x")),
    "tags that could not be read": (Unreadable("tags", "AccessDenied"), (None, None)),
}


@pytest.mark.parametrize("title", OWNERS)
def test_tags_say_whose_it_is_and_else_the_account_does(title):
    tags, expected = OWNERS[title]
    assert whose(tags, "111122223333", TENANTS) == expected


def test_in_an_account_of_nobody_nobody_owns_it():
    assert whose({}, "999988887777", TENANTS) == (None, None)


def tracked(days, **fields):
    ledger = Ledger()
    ledger.observe([seen()], DAY)
    return ledger.tracked(seen(**fields), SETTINGS, DAY + timedelta(days))


@pytest.mark.parametrize(("days", "overdue"), [(0, False), (90, False), (91, True)])
def test_it_is_overdue_after_the_last_day(days, overdue):
    found = tracked(days)
    assert (found.first_seen, found.due, found.overdue) == (DAY, DAY + timedelta(90), overdue)


def test_the_severity_says_how_long():
    assert tracked(0, severity=Severity.CRITICAL).due == DAY + timedelta(7)


def test_what_is_exempt_is_not_overdue():
    assert not tracked(500, exempt=True).overdue


HISTORIES = {
    "still broken": ([True, True], DAY),
    "mended": ([True, False], None),
    "mended, and broken again": ([True, False, True], DAY + timedelta(2)),
    "not decided in between": ([True, None, True], DAY),
    "never decided": ([None, None], None),
    "not decided last": ([True, None], DAY),
}


@pytest.mark.parametrize("title", HISTORIES)
def test_the_first_day_is_that_of_the_finding_that_is_there_now(title):
    answers, first = HISTORIES[title]
    ledger = Ledger()
    for number, broken in enumerate(answers):
        ledger.observe([seen(broken=broken)], DAY + timedelta(number))
        ledger = Ledger.loads(ledger.dumps())
    assert ledger.first_seen.get(seen().name) == first


def test_what_one_run_does_not_look_at_stays():
    ledger = Ledger()
    ledger.observe([seen(), seen(resource_id="other")], DAY)
    ledger.observe([seen(broken=False)], DAY)
    assert list(ledger.first_seen) == [seen(resource_id="other").name]


@pytest.mark.parametrize(
    "text",
    ["", "[]", "{}", '{"format": 2, "first_seen": {}}', '{"format": 1, "first_seen": []}',
     '{"format": 1, "first_seen": {"a": "2026-02-30"}}', '{"format": 1, "first_seen": {"a": 20261101}}',
     '{"format": 1, "first_seen": {"a": "2026-11-01", "a": "2026-11-02"}}', '{"format": 1, "first_seen": {}, "x": 1}'],
)  # fmt: skip
def test_what_is_no_ledger_is_refused(text):
    with pytest.raises(InputError):
        Ledger.loads(text)


@given(st.dictionaries(st.text(max_size=20), st.dates()))
def test_a_ledger_is_read_as_it_was_written(days):
    assert Ledger.loads(Ledger(days).dumps()).first_seen == days


def test_a_ledger_that_the_machine_does_not_read_is_an_error_with_its_path():
    with pytest.raises(InputError, match="`/proc/self/mem`: Input/output error"):
        Tracking(Path("/proc/self/mem"), SETTINGS).known()


def test_a_first_day_that_is_yet_to_come_becomes_today():
    name = seen().name
    ledger = Ledger.loads(f'{{"format": 1, "first_seen": {{"{name}": "9999-12-31"}}}}')
    ledger.observe([seen(broken=None)], DAY)
    found = ledger.tracked(seen(broken=None), SETTINGS, DAY)
    assert (found.first_seen, found.due) == (DAY, DAY + timedelta(90))
