"""Whose results are old, missing or not known: facts of AWS Config and a given time → notices."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

import pytest

from s3_guardrails.encryption.fact import ABSENT, Unreadable
from s3_guardrails.fleet.deployed import DeployedRule, Evaluation, Item, Results, RuleStatus
from s3_guardrails.fleet.freshness import Freshness, iso
from s3_guardrails.rule import Trigger

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
KEY, BUCKET = "AWS::KMS::Key", "AWS::S3::Bucket"


def ago(**given):
    return NOW - timedelta(**given)


def status(invoked=ABSENT, evaluated=ABSENT, failed=ABSENT, error=""):
    return RuleStatus(invoked, evaluated, failed, error)


def result(name="one", recorded=ABSENT, about=ABSENT, compliance="COMPLIANT", kind=KEY):
    return Evaluation((kind, name), compliance, "ROTATES: it does", recorded, about)


def periodic(found, *evaluations):
    return DeployedRule("PERIODIC", "PERIODIC-conformance-pack-x", Trigger.PERIODIC, KEY, found, evaluations)


def item(captured):
    return Item(captured, {})


def changed(*evaluations, found=ABSENT):
    return DeployedRule("CHANGE", "CHANGE", Trigger.CHANGE, BUCKET, found, evaluations)


def said(*rules, items=None, wanted=()):
    results = Results("111122223333", "eu-west-1", rules, {} if items is None else items, "data-class")
    return [(each.kind.value, each.code) for each in Freshness(results, NOW).notices(wanted)]


SILENT, UNKNOWN, LATE = ("stale", "RULE_SILENT"), ("unknown", "FRESHNESS_UNKNOWN"), ("stale", "RESULTS_LATE")
GONE = "NOT_APPLICABLE"

PERIODIC = {
    "evaluated an hour ago": (status(evaluated=ago(hours=1)), [], []),
    "evaluated 26 hours ago": (status(evaluated=ago(hours=26)), [], []),
    "a second more": (status(evaluated=ago(hours=26, seconds=1)), [], [SILENT]),
    "told in another zone": (
        status(evaluated=ago(hours=1).astimezone(timezone(timedelta(hours=14)))),
        [],
        [],
    ),
    "status told, and never a success": (status(), [], [SILENT]),
    "invoked an hour ago with nothing to judge": (status(invoked=ago(hours=1)), [], []),
    "invoked an hour ago, what it judged is gone": (
        status(invoked=ago(hours=1), evaluated=ago(hours=30)),
        [result(recorded=ago(hours=30), compliance=GONE)],
        [],
    ),
    "invoked and nothing recorded since": (
        status(invoked=ago(hours=1), evaluated=ago(hours=30)),
        [result(recorded=ago(hours=30))],
        [SILENT],
    ),
    "no status, as documented for custom functions, and a result of today": (
        ABSENT,
        [result(recorded=ago(hours=2))],
        [],
    ),
    "no status, and results of last week": (ABSENT, [result(recorded=ago(days=7))], [SILENT]),
    "no status and no result": (ABSENT, [], [UNKNOWN]),
    "no status, and a result without a time": (ABSENT, [result()], [UNKNOWN]),
    "status closed to us, and a result of today": (Unreadable("status", "no"), [result(recorded=ago(hours=2))], []),
    "status closed to us": (Unreadable("status", "no"), [], [UNKNOWN]),
    "clocks differ by a little": (status(evaluated=NOW + timedelta(minutes=4)), [], []),
    "clocks differ by five minutes": (status(evaluated=NOW + timedelta(minutes=5)), [], []),
    "clocks differ": (status(evaluated=NOW + timedelta(hours=4)), [], [UNKNOWN]),
    "failed since": (
        status(evaluated=ago(hours=20), failed=ago(hours=1), error="E: no"),
        [],
        [("stale", "RULE_FAILING")],
    ),
    "failed before": (status(evaluated=ago(hours=1), failed=ago(hours=20)), [], []),
    "failed at the time of its success": (status(evaluated=ago(hours=1), failed=ago(hours=1)), [], []),
    "failed, and never a success": (status(failed=ago(hours=1)), [], [("stale", "RULE_FAILING"), SILENT]),
}


@pytest.mark.parametrize(("found", "results", "expected"), PERIODIC.values(), ids=PERIODIC)
def test_a_periodic_rule(found, results, expected):
    assert said(periodic(found, *results), items={(KEY, "one"): item(ago(days=9))}) == expected


NOTHING = {
    "no status and no result": (ABSENT, [], {}, []),
    "what it judged is gone": (ABSENT, [result(recorded=ago(days=9), compliance=GONE)], {}, []),
    "only resources of another type": (ABSENT, [], {(BUCKET, "one"): ago(days=9)}, []),
    "results, and no item": (ABSENT, [result(recorded=ago(days=9))], {}, [SILENT]),
    "it is not known": (ABSENT, [], Unreadable("items", "no"), [UNKNOWN]),
    "a status that says that it is silent": (status(invoked=ago(hours=27)), [], {}, [SILENT]),
}


@pytest.mark.parametrize(("found", "results", "items", "expected"), NOTHING.values(), ids=NOTHING)
def test_a_periodic_rule_without_anything_to_judge_says_nothing_however_often_it_runs(found, results, items, expected):
    if isinstance(items, dict):
        items = {resource: item(captured) for resource, captured in items.items()}
    assert said(periodic(found, *results), items=items) == expected


OLD, NEW = ago(days=3), ago(minutes=59)
CHANGE = {
    "judged as captured": ({"one": OLD}, [("one", OLD)], []),
    "judged, and the milliseconds lost": ({"one": OLD}, [("one", OLD - timedelta(milliseconds=900))], []),
    "judged a second before": ({"one": OLD}, [("one", OLD - timedelta(seconds=1))], []),
    "judged longer before": ({"one": OLD}, [("one", OLD - timedelta(milliseconds=1001))], [LATE]),
    "captured since, an hour ago": ({"one": ago(hours=1)}, [("one", OLD)], []),
    "captured since, and there was time": ({"one": ago(hours=2)}, [("one", OLD)], [LATE]),
    "captured since, a moment ago": ({"one": NEW}, [("one", OLD)], []),
    "never judged": ({"one": OLD}, [], [LATE]),
    "never judged, captured a moment ago": ({"one": NEW}, [], []),
    "nothing recorded, nothing judged": ({}, [], []),
    "gone, with an old result": ({}, [("one", OLD)], []),
    "an item without a time": ({"one": ABSENT}, [("one", OLD)], [UNKNOWN]),
    "a result without a time": ({"one": OLD}, [("one", ABSENT)], [UNKNOWN]),
    "resources could not be read": (Unreadable("items", "no"), [("one", OLD)], [UNKNOWN]),
}


@pytest.mark.parametrize(("items", "results", "expected"), CHANGE.values(), ids=CHANGE)
def test_a_change_rule(items, results, expected):
    if isinstance(items, dict):
        items = {(BUCKET, name): item(captured) for name, captured in items.items()}
    evaluations = [result(name, about=about, kind=BUCKET) for name, about in results]
    assert said(changed(*evaluations), items=items) == expected


def test_an_item_of_another_type_is_no_business_of_the_rule():
    assert said(changed(), items={(KEY, "one"): item(OLD)}) == []


def test_a_failure_without_an_error_says_so():
    results = Results("1", "r", (periodic(status(evaluated=ago(hours=2), failed=ago(hours=1))),), {}, "data-class")
    [notice] = Freshness(results, NOW).notices(())
    assert notice.sentence.endswith("failed at 2026-11-21T11:00:00Z: no error is told")


def test_a_place_without_any_rule_is_told_in_a_few_words():
    [notice] = Freshness(Results("1", "r", (), {}, "data-class"), NOW).notices(["A", "B"])
    assert notice.sentence == "none of the 2 rules is deployed"
    [notice] = Freshness(Results("1", "r", (changed(),), {}, "data-class"), NOW).notices(["A", "CHANGE"])
    assert notice.sentence == "1 of 2 rules are not deployed: A"


@pytest.mark.parametrize(("number", "end"), [(3, "b0, b1, b2"), (5, "b0, b1, b2 and 2 more")])
def test_many_late_resources_are_counted_and_some_named(number, end):
    items = {(BUCKET, f"b{each}"): item(OLD) for each in range(number)}
    results = Results("111122223333", "eu-west-1", (changed(),), items, "data-class")
    [notice] = Freshness(results, NOW).notices(())
    about = f"{number} of {number} recorded resources have no result about their newest item: {end}"
    assert notice.sentence.endswith(about)


def test_rules_that_are_not_deployed_are_named_and_a_repeated_one_too():
    assert said(wanted=["A", "B"]) == [("uncovered", "RULES_MISSING")]
    rule = periodic(status(evaluated=ago(hours=1)))
    assert said(rule, replace(rule, name="PERIODIC"), wanted=["PERIODIC"]) == [("advises", "RULE_REPEATED")]


def test_results_that_could_not_be_read_are_said_where_they_were_read():
    assert said(replace(changed(), evaluations=Unreadable("evaluations", "no"))) == []


def test_times_are_told_in_utc():
    assert iso(datetime(2026, 11, 21, 23, 0, 0, 999, timezone(timedelta(hours=9)))) == "2026-11-21T14:00:00Z"
