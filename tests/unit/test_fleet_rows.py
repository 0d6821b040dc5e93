"""Counting over accounts, reading results back, names of rules: what is not known never counts as compliant."""

import json
from dataclasses import replace
from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from s3_guardrails.config.annotation import annotate
from s3_guardrails.decision import Decision, Excuse, Reason, Verdict
from s3_guardrails.discovery import find_rules
from s3_guardrails.encryption.fact import ABSENT, Unreadable
from s3_guardrails.fleet.annotation import read_annotation
from s3_guardrails.fleet.cause import Cause, not_active, uncovered
from s3_guardrails.fleet.deployed import DeployedRule, Evaluation, Item, Results
from s3_guardrails.fleet.member import Member
from s3_guardrails.fleet.report import Looked, Report, Source
from s3_guardrails.fleet.results import rows_of
from s3_guardrails.fleet.row import Row, label
from s3_guardrails.fleet.rule_name import rule_of
from s3_guardrails.fleet.tally import By, Tally
from s3_guardrails.rule import Trigger

BUCKET, KEY = "AWS::S3::Bucket", "AWS::KMS::Key"
ONE, TWO = (Member(f"{digit}" * 12, path=("Root", name)) for digit, name in ((1, "Prod"), (2, "Dev")))
RULES = [entry.name for entry in find_rules()]


def row(member=ONE, rule="RULE", name="b", verdict="COMPLIANT", **more):
    return Row(
        account=member.id,
        region=more.get("region", "eu-west-1"),
        rule=rule,
        resource_type=BUCKET,
        resource_id=name,
        verdict=Verdict(verdict),
        codes=(),
        data_class=more.get("data_class", "internal"),
    )


def compliance(counts):
    return counts.compliant, counts.asked


def test_what_is_undetermined_is_asked_and_not_compliant_and_what_is_not_applicable_is_not_asked():
    tally = Tally()
    tally.add(ONE, [row(verdict=each.value, name=each.value) for each in Verdict])
    assert compliance(tally.total) == (1, 3)
    assert tally.total.as_json()["verdicts"] == dict.fromkeys(Verdict, 1)


def test_resources_count_once_in_each_group_however_many_rules_judge_them():
    tally = Tally()
    tally.add(ONE, [row(rule=rule, data_class=ABSENT) for rule in ("A", "B")])
    tally.add(TWO, [row(TWO, rule="A"), row(TWO, rule="A", region="us-east-1")])
    assert (tally.total.resources, tally.total.unclassified) == (3, 1)
    assert {name: each.resources for name, each in tally.groups[By.RULE].items()} == {"A": 3, "B": 1}
    assert {name: each.resources for name, each in tally.groups[By.UNIT].items()} == {"Root/Prod": 1, "Root/Dev": 2}
    assert {name: each.resources for name, each in tally.groups[By.DATA_CLASS].items()} == {
        "(unclassified)": 1,
        "internal": 2,
    }


def test_an_account_without_rows_is_listed_and_compliant_in_nothing_of_nothing():
    tally = Tally()
    tally.add(ONE, [])
    assert compliance(tally.groups[By.ACCOUNT][ONE.id]) == (0, 0)
    assert tally.as_json()["by_unit"][0]["compliance"] == {"compliant": 0, "of": 0}


def test_a_fleet_of_nothing_is_written():
    assert json.loads(json.dumps(Tally().as_json()))["total"]["resources"] == 0


def test_a_source_that_does_not_tell_what_is_not_applicable_has_null_for_it():
    tally = Tally(listed_inapplicable=False)
    tally.add(ONE, [row()])
    assert tally.as_json()["by_account"][0]["verdicts"]["NOT_APPLICABLE"] is None


@given(st.lists(st.tuples(st.sampled_from(list(Verdict)), st.sampled_from("abc"), st.sampled_from("RS"))))
def test_law_every_group_adds_up_to_the_rows(found):
    tally = Tally()
    for member in (ONE, TWO):
        tally.add(member, [row(member, rule, name, verdict, data_class=name) for verdict, name, rule in found])
    assert tally.total.verdicts.total() == 2 * len(found)
    for groups in tally.groups.values():
        assert sum(each.verdicts.total() for each in groups.values()) == 2 * len(found)


@pytest.mark.parametrize(
    ("data_class", "shown"),
    [
        ("internal", "internal"),
        (ABSENT, "(unclassified)"),
        (Unreadable("tags", "no"), "(not known)"),
        (None, "(keys without one)"),
        ("(unclassified)", "`(unclassified)`"),
    ],
)
def test_no_class_passes_for_another(data_class, shown):
    assert label(data_class) == shown


SUFFIX = "-conformance-pack-a1B2_c3-d"


@pytest.mark.parametrize(
    ("deployed", "rule"),
    [
        ("S3_BUCKET_TLS", "S3_BUCKET_TLS"),
        (f"S3_BUCKET_TLS{SUFFIX}", "S3_BUCKET_TLS"),
        (f"S3_BUCKET_TLS_ONLY{SUFFIX}", "S3_BUCKET_TLS_ONLY"),
        (f"S3_BUCKET_TLS_ONLY_TOO{SUFFIX}", None),
        ("S3_BUCKET_TLS-conformance-pack-", None),
        (f"x{SUFFIX}", None),
        (f"S3_BUCKET_TLS{SUFFIX}\n", None),
        (f"my-S3_BUCKET_TLS{SUFFIX}", None),
        ("s3_bucket_tls", None),
        ("", None),
    ],
)
def test_deployed_names_are_matched_exactly(deployed, rule):
    assert rule_of(deployed, {"S3_BUCKET_TLS", "S3_BUCKET_TLS_ONLY"}) == rule


def test_law_what_the_rules_report_is_read_back():
    """Verdict and first code always; every code where the annotation had room."""
    for entry in find_rules():
        for facts, parameters, verdict, _ in entry.scenarios().values():
            decision = entry.rule(entry.rule.Parameters.from_config(parameters or {})).judge(facts)
            told = read_annotation(*annotate(decision))
            assert (told.verdict, told.codes[0]) == (verdict, decision.codes[0])
            assert set(told.codes) <= set(decision.codes)


def test_a_long_annotation_loses_further_codes_and_never_the_verdict_or_the_first():
    reasons = tuple(Reason(f"CODE_{number}", "x" * 300) for number in range(40))
    told = read_annotation(*annotate(Decision(Verdict.UNDETERMINED, reasons, (Reason("UNCLASSIFIED", "y"),))))
    assert told.verdict is Verdict.UNDETERMINED
    assert told.codes[0] == "CODE_0"
    assert "UNCLASSIFIED" not in told.codes


@pytest.mark.parametrize("verdict", [Verdict.NON_COMPLIANT, Verdict.NOT_APPLICABLE])
@pytest.mark.parametrize("owner", ["ledger-team@example.com", "o" * 128, "CODE:CODE", "é"])
@pytest.mark.parametrize(("state", "exempt"), [("open", True), ("ending", True), ("expired", False)])
def test_law_an_exemption_is_read_back_and_the_codes_behind_it(verdict, owner, state, exempt):
    excuse = Excuse(id="EX-021", owner=owner, until="2027-02-20", state=state, days_left=1, register_sha256="")
    reasons = (Reason("TLS_NOT_REQUIRED", "it is not"), Reason("OTHER", "x" * 300))
    told = read_annotation(*annotate(Decision(verdict, reasons, (), excuse)))
    assert (told.verdict, told.codes, told.exempt(date(2027, 2, 19))) == (
        verdict,
        ("TLS_NOT_REQUIRED", "OTHER"),
        exempt,
    )
    assert told.exemption[:80] == excuse.sentence[:80]


@pytest.mark.parametrize("annotation", ["FINE: until 2027-02-20, x; Y: z", "UNDETERMINED A_B: x", "A: b", ""])
def test_what_is_no_exemption_is_not_taken_for_one(annotation):
    assert read_annotation("NON_COMPLIANT", annotation).exemption == ""


def test_exempt_rows_are_counted_apart_and_stay_out_of_what_is_compliant():
    tally = Tally()
    broken = row(verdict="NON_COMPLIANT")
    exempt = replace(broken, exemption="EX-1 until 2027-01-01, x", exempt=True)
    tally.add(ONE, [broken, exempt, exempt, replace(exempt, exempt=False)])
    assert (tally.total.exempt, tally.total.expired) == (2, 1)
    assert compliance(tally.total) == (0, 4)


def test_a_report_keeps_what_is_broken_undetermined_or_exempt_and_counts_the_rest():
    report = Report(Source.AGGREGATOR, MOMENT, ("eu-west-1",), "it is not told")
    exempt = row(verdict="NOT_APPLICABLE", name="e")
    rows = [row(verdict=each.value, name=each.value) for each in Verdict]
    report.add(
        Looked(TWO, [*rows, replace(exempt, exemption="EX-1 until 2027-01-01, x", exempt=True)], [not_active(TWO)])
    )
    report.add(Looked(ONE, notices=[uncovered(ONE, "r", Cause.REFUSED, "no"), not_active(ONE)]))
    report.add(Looked(Member("3" * 12, state="SUSPENDED"), notices=[not_active(ONE)], entered=False))
    report.close()
    assert sorted(each.resource_id for each in report.findings) == ["NON_COMPLIANT", "UNDETERMINED", "e"]
    assert (report.active, report.entered) == (2, 2)
    told = report.as_json()
    assert [(each["unit"], each["looked_at"]) for each in told["accounts"]] == [
        (None, "no"),
        ("Root/Dev", "wholly"),
        ("Root/Prod", "in part"),
    ]
    assert [each["code"] for each in told["notices"]] == ["REFUSED", *["ACCOUNT_NOT_ACTIVE"] * 3]
    assert (told["freshness"], told["as_of"]) == ("it is not told", "2026-01-01T00:00:00Z")
    assert told["total"]["verdicts"]["NOT_APPLICABLE"] is None
    assert Report(Source.CONFIG, MOMENT, ()).as_json()["freshness"] == "judged"
    assert Report(Source.CONFIG, MOMENT, ()).as_json()["total"]["verdicts"]["NOT_APPLICABLE"] == 0


def test_a_row_tells_what_is_not_known_from_what_is_not_there():
    known, absent, closed = (row(data_class=each).as_json() for each in ("a", ABSENT, Unreadable("tags", "no")))
    assert [(each["data_class"], each["class_known"]) for each in (known, absent, closed)] == [
        ("a", True),
        (None, True),
        (None, False),
    ]
    assert (known["exemption"], known["exempt"]) == (None, False)


@pytest.mark.parametrize("compliance", ["INSUFFICIENT_DATA", "UNDETERMINED", "", "compliant"])
def test_a_compliance_type_that_is_not_ours_is_undetermined(compliance):
    assert read_annotation(compliance, "FINE: x").verdict is Verdict.UNDETERMINED


MOMENT = datetime(2026, 1, 1, tzinfo=UTC)
TODAY = MOMENT.date()


def results(*rules, items):
    return Results(ONE.id, "eu-west-1", rules, items, "data-class")


def deployed(*evaluations):
    return DeployedRule("RULE", "RULE", Trigger.CHANGE, BUCKET, ABSENT, evaluations)


def evaluation(annotation="FINE: x", compliance="COMPLIANT", resource=(BUCKET, "b")):
    return Evaluation(resource, compliance, annotation, MOMENT, MOMENT)


@pytest.mark.parametrize(
    ("resource", "items", "annotation", "expected"),
    [
        ((BUCKET, "b"), {"data-class": " secret "}, "FINE: x", "secret"),
        ((BUCKET, "b"), {"data-class": " "}, "FINE: x", ABSENT),
        ((BUCKET, "b"), {}, "FINE: x", ABSENT),
        ((BUCKET, "b"), {"data-class": "secret"}, "FINE: x; advisory UNCLASSIFIED", "secret"),
        ((BUCKET, "b"), Unreadable("tags", "no"), "FINE: x; advisory UNCLASSIFIED: y", ABSENT),
        ((BUCKET, "b"), Unreadable("tags", "no"), "FINE: x", Unreadable("tags", "no")),
        ((KEY, "k"), {}, "FINE: x", None),
        ((KEY, "k"), {"data-class": "secret"}, "FINE: x", "secret"),
    ],
)
def test_the_class_is_the_tag_of_the_newest_item_and_else_what_the_annotation_says(
    resource, items, annotation, expected
):
    found = results(deployed(evaluation(annotation, resource=resource)), items={resource: Item(MOMENT, items)})
    assert [each.data_class for each in rows_of(found, TODAY)] == [expected]


def test_without_items_the_class_is_not_known():
    closed = Unreadable("items", "no")
    assert [each.data_class for each in rows_of(results(deployed(evaluation()), items=closed), TODAY)] == [closed]
    [found] = rows_of(results(deployed(evaluation()), items={}), TODAY)
    assert isinstance(found.data_class, Unreadable)


LAPSING = {
    "the day before its end": (date(2027, 2, 19), "EX-1 until 2027-02-20, x", "NON_COMPLIANT", True),
    "the day on which it no longer holds": (date(2027, 2, 20), "EX-1 until 2027-02-20, x", "NON_COMPLIANT", False),
    "long after what was written of its last days": (
        date(2028, 1, 1),
        "EX-1 ends 2027-02-20, x",
        "NON_COMPLIANT",
        False,
    ),
    "shown as not applicable, and it holds": (date(2027, 2, 19), "EX-1 ends 2027-02-20, x", "NOT_APPLICABLE", True),
    "shown as not applicable, and over": (date(2027, 2, 20), "EX-1 ends 2027-02-20, x", "NOT_APPLICABLE", False),
    "expired when it was written": (date(2027, 2, 1), "EX-1 expired 2026-02-20, x", "NON_COMPLIANT", False),
}


@pytest.mark.parametrize("title", LAPSING)
def test_an_exemption_that_ended_since_the_rule_ran_exempts_nothing(title):
    """The annotation is as old as the evaluation, and nothing may have had the rule judge again."""
    today, told, compliance, exempt = LAPSING[title]
    [found] = rows_of(results(deployed(evaluation(f"{told}; CODE: y", compliance)), items={}), today)
    assert (found.exempt, found.exemption) == (exempt, told)
    assert found.verdict is (Verdict(compliance) if exempt else Verdict.NON_COMPLIANT)


@pytest.mark.parametrize("day", ["2027-02-30", "\uff12\uff10\uff12\uff17-02-20"])
def test_a_day_that_is_none_ends_no_exemption_and_begins_none(day):
    assert read_annotation("NON_COMPLIANT", f"EX-1 until {day}, x; CODE: y").exemption == ""


def test_of_a_rule_that_is_deployed_twice_one_exemption_hides_no_finding():
    exempt = evaluation("EX-1 until 2027-02-20, x; CODE: y", "NON_COMPLIANT")
    twice = results(deployed(exempt), deployed(evaluation("CODE: y", "NON_COMPLIANT")), items={})
    for found in (twice, results(*reversed(twice.rules), items={})):
        assert [each.exempt for each in rows_of(found, TODAY)] == [False]


def test_of_a_rule_that_is_deployed_twice_the_worst_verdict_counts_once():
    twice = results(deployed(evaluation()), deployed(evaluation(compliance="NON_COMPLIANT")), items={})
    for found in (twice, results(*reversed(twice.rules), items={})):
        assert [each.verdict for each in rows_of(found, TODAY)] == [Verdict.NON_COMPLIANT]


def test_a_gap_has_a_next_step_and_the_management_account_one_of_its_own():
    for cause in Cause:
        assert uncovered(ONE, "", cause, "why").next_step
    management = Member("3" * 12, management=True)
    assert "management account" in uncovered(management, "", Cause.ROLE_REFUSED, "why").next_step
    assert "management account" not in uncovered(management, "", Cause.REFUSED, "why").next_step
    assert "management account" not in uncovered(ONE, "", Cause.ROLE_REFUSED, "why").next_step
    assert not_active(Member("4" * 12, state="SUSPENDED")).kind.value == "advises"
