"""The demo: every verdict against a table written by hand, through the real handlers, and its two views."""

import io
import json
import re
from pathlib import Path

import pytest

from demo_table import COLUMNS, EXPECTED
from s3_guardrails.discovery import find_rules
from s3_guardrails.embedded import demo as demo_module
from s3_guardrails.embedded.compliance import COUNTED, Played
from s3_guardrails.embedded.demo import play, run_demo
from s3_guardrails.embedded.player import Failure
from s3_guardrails.embedded.seed.account import BUCKETS
from s3_guardrails.embedded.seed.key import KEYS

ADVISORIES = {
    "UNCLASSIFIED",
    "HEADER_DEMANDED",
    "IDENTITY_POLICIES_NOT_CHECKED",
    "MATERIAL_AGE",
    "MULTI_REGION",
    "OTHER_WRITERS",
}


@pytest.fixture(scope="module")
def printed() -> tuple[Played, str]:
    """One run of the demo as a user runs it: what was played, and what it printed."""
    kept, out = [], io.StringIO()

    def keep() -> Played:
        kept.append(play())
        return kept[0]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(demo_module, "play", keep)
        assert run_demo(True, out) == 0
    return kept[0], out.getvalue()


@pytest.fixture(scope="module")
def played(printed) -> Played:
    return printed[0]


def said(row):
    reasons = [code for code in row.codes if code not in ADVISORIES]
    advisories = [code for code in row.codes if code in ADVISORIES]
    return " ".join([row.verdict.value, *reasons, *(["+", *advisories] if advisories else [])])


def test_every_invocation_through_the_lambda_runtime_client_succeeded(played):
    assert played.failures == []
    changed = {each.resource for each in played.clicks if each.plan}
    buckets = {bucket.name for bucket in BUCKETS}
    rules = [entry.rule for entry in find_rules()]
    of_bucket, of_key = (
        sum(each.trigger.on_change and each.resource_type == kind for each in rules)
        for kind in ("AWS::S3::Bucket", "AWS::KMS::Key")
    )
    items = of_bucket * len(BUCKETS) + of_key * (len(KEYS) + 1)
    again = of_bucket * len(changed & buckets) + of_key * len(changed - buckets)
    scheduled = 2 * sum(each.trigger.scheduled for each in rules)  # before the clicks and after
    assert played.invocations == items + again + scheduled


def test_the_verdicts_are_those_that_were_worked_out_by_hand(played):
    found = {(rule, row.name): said(row) for rule, rows in played.rules.items() for row in rows}
    assert found.keys() == EXPECTED.keys()
    wrong = {place: (found[place], EXPECTED[place]) for place in found if found[place] != EXPECTED[place]}
    assert wrong == {}


def test_an_exemption_is_open_ends_expires_and_the_finding_was_there_all_along(played):
    """Each day on which the daily refresh asks for it; two runs look back two days."""
    days = played.exemption
    assert [each.state for each in days] == ["pending", "open", "open", "ending", "ending", "expired", "expired"]
    assert {each.compliance for each in days} == {"NON_COMPLIANT"}
    assert all("TLS_NOT_REQUIRED: " in each.annotation for each in days)
    opened, ending, expired = (
        next(each for each in days if each.state == state) for state in ("open", "ending", "expired")
    )
    assert (expired.day - opened.day).days == 90
    assert (expired.day - ending.day).days == 30
    assert not days[0].annotation.startswith("EX-")
    assert opened.annotation.startswith(f"EX-021 until {expired.day}, ")
    assert ending.annotation.startswith(f"EX-021 ends {expired.day}, ")
    assert expired.annotation.startswith(f"EX-021 expired {expired.day}, ")


def test_the_age_of_imported_material_is_told(played):
    [row] = [row for row in played.rules["KMS_KEY_ROTATION"] if row.name == "alias/imported"]
    assert "900 days" in row.annotation


def test_undetermined_is_non_compliant_for_aws_config_and_says_so_first(played):
    undetermined = [row for rows in played.rules.values() for row in rows if row.verdict.value == "UNDETERMINED"]
    assert len(undetermined) == sum(text.startswith("UNDETERMINED") for text in EXPECTED.values())
    assert {row.compliance for row in undetermined} == {"NON_COMPLIANT"}


def test_handlers_called_in_process_say_the_same(played):
    def told(found):
        return {
            (rule, row.id): (row.compliance, re.sub(r"\d+ days", "", row.annotation))
            for rule, rows in found.rules.items()
            for row in rows
        }

    again = play(lambdas=False)
    assert again.failures == []
    assert told(again) == told(played)


def test_every_seed_has_a_reason_of_its_own_and_the_account_is_as_large_as_promised():
    reasons = [each.why for each in (*BUCKETS, *KEYS)]
    assert all(reasons)
    assert len(set(reasons)) == len(reasons)
    assert len(BUCKETS) >= 30
    assert len(KEYS) >= 10


def test_the_data_lakes_policy_is_close_to_the_limit_of_20_kb():
    [lake] = [bucket for bucket in BUCKETS if bucket.name == "acme-data-lake"]
    assert 20_000 < len(lake.policy()) <= 20_480


@pytest.fixture
def replayed(played, monkeypatch):
    monkeypatch.setattr(demo_module, "play", lambda: played)
    return played


def test_json_is_one_object_whose_counts_add_up(printed):
    found = json.loads(printed[1])
    assert (found["account"], found["region"]) == ("123456789012", "us-east-1")
    assert set(found["rules"]) == set(COLUMNS.values())
    for rule in found["rules"].values():
        *verdicts, unclassified = (rule["counts"][name] for name in COUNTED)
        assert sum(verdicts) == len(rule["resources"])
        assert unclassified == sum(each["unclassified"] for each in rule["resources"])
        for each in rule["resources"]:
            assert {"id", "type", "compliance", "annotation"} <= each.keys()
            assert 1 <= len(each["annotation"]) <= 256
    assert found["rules"]["S3_BUCKET_UPLOADS_ENCRYPTED"]["counts"]["UNCLASSIFIED"] == 3


def test_the_view_fits_100_columns_shows_everything_and_has_no_colour(replayed):
    out = io.StringIO()
    assert run_demo(False, out) == 0
    text = out.getvalue()
    assert "\x1b" not in text
    assert max(map(len, text.splitlines())) <= 100
    together = re.sub(r"\s+", "", text)
    for rule, rows in replayed.rules.items():
        assert rule in text
        assert all(row.name.split("-")[0] in text for row in rows)
    assert "UNDETERMINEDPOLICY_UNREADABLE" in together
    assert text.index("acme-sealed") < text.index("totals") < text.index("invocations")


def test_a_failed_invocation_is_listed_and_ends_in_2(played, monkeypatch):
    failure = Failure("S3_BUCKET_TLS_ONLY", "acme-orders", "error: [bold]no markup[/bold]")
    broken = Played(played.account, played.region, played.rules, played.invocations, [failure], played.seconds)
    monkeypatch.setattr(demo_module, "play", lambda: broken)
    out = io.StringIO()
    assert run_demo(False, out) == 2
    assert "error: [bold]no markup[/bold]" in out.getvalue()
    out = io.StringIO()
    assert run_demo(True, out) == 2
    assert json.loads(out.getvalue())["failures"][0]["resource"] == "acme-orders"


# one click per finding


CLICKS = json.loads((Path(__file__).parents[1] / "cases" / "demo_remediations.json").read_text())


def clicked(click):
    """`mended`, `mended, approved for CODES`, `nothing to do`, or `refused CODES`."""
    if not click.succeeded:
        return " ".join(["refused", *re.findall(r"(?:REFUSED: | \| )([A-Z_]+):", click.failure)])
    if click.plan is None:
        return "nothing to do"
    asked = [each["code"] for each in click.plan["concerns"]]
    assert click.approved is bool(asked)
    return f"mended, approved for {' '.join(asked)}" if asked else "mended"


def test_each_click_ends_as_it_was_worked_out_by_hand(played):
    expected = {(rule, name): end for rule, ends in CLICKS["rules"].items() for name, end in ends.items()}
    assert {(each.rule, each.name): clicked(each) for each in played.clicks} == expected


def test_every_finding_is_clicked_and_what_was_mended_turns_green(played):
    before = {(rule, row.id) for rule, rows in played.rules.items() for row in rows if row.verdict == "NON_COMPLIANT"}
    after = {(rule, row.id): row.verdict.value for rule, rows in played.mended.items() for row in rows}
    assert {(each.rule, each.resource) for each in played.clicks} <= before
    for each in played.clicks:
        assert after[each.rule, each.resource] == ("COMPLIANT" if each.succeeded else "NON_COMPLIANT")


def test_a_click_leaves_every_other_verdict_as_it_was_or_mends_it(played):
    before = {(rule, row.id): row.verdict.value for rule, rows in played.rules.items() for row in rows}
    after = {(rule, row.id): row.verdict.value for rule, rows in played.mended.items() for row in rows}
    changed = {(before[place], after[place]) for place in before if before[place] != after[place]}
    no_key_any_more = ("COMPLIANT", "NOT_APPLICABLE")  # of a bucket that went back to SSE-S3
    assert changed == {("NON_COMPLIANT", "COMPLIANT"), no_key_any_more}


def test_a_plan_holds_the_state_before_and_after_and_the_calls(printed):
    told = [each["plan"] for each in json.loads(printed[1])["remediations"] if each["plan"]]
    assert len(told) > 20
    for plan in told:
        [call] = plan["calls"]
        assert call["operation"] in {"PutBucketPolicy", "PutBucketEncryption", "EnableKeyRotation", "PutKeyPolicy"}
        assert plan["before"] != plan["after"]
        assert set(plan["before"]) == set(plan["after"]) == {plan["setting"]}


def test_statements_of_others_are_kept_in_order_and_text(played):
    for each in played.clicks:
        if each.plan and each.plan["setting"] == "policy" and each.plan["before"]["policy"]:
            before, after = (each.plan[side]["policy"] for side in ("before", "after"))
            inside = before[before.index("[") + 1 : before.rindex("]")] if '"Statement": [' in before else ""
            assert inside in after


def test_the_view_tells_what_was_mended_and_what_to_do_about_the_rest(replayed):
    out = io.StringIO()
    assert run_demo(False, out) == 0
    together = re.sub(r"\s+", "", out.getvalue())
    assert "remediationofS3_BUCKET_TLS_ONLY:oneclickeach" in together
    assert "WEBSITE_ENDPOINT" in together
    assert "Nextstep:" in together
    assert together.index("totalsafterremediation") > together.index("WEBSITE_ENDPOINT")
