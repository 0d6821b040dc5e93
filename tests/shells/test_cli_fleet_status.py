"""`fleet status` against an embedded organization: AWS Config's results, how old they are, and what is not known."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from importlib import import_module

import pytest
from botocore.exceptions import ClientError
from fleet import EXTERNAL_ID, Fleet, Seat, make_bucket, make_key, use_key

from s3_guardrails.cli import main
from s3_guardrails.discovery import find_rules
from s3_guardrails.embedded.call import Refused
from s3_guardrails.embedded.environment import only
from s3_guardrails.embedded.results_service import ResultsService

RULES = [entry.name for entry in find_rules()]
PERIODIC = [entry.name for entry in find_rules() if entry.rule.trigger.scheduled]
TLS, ROTATION = "S3_BUCKET_TLS_ONLY", "KMS_KEY_ROTATION"
HERE = "us-east-1"
NOW = datetime.now(UTC).replace(microsecond=0)


class Clock(datetime):
    """Tells the time that the test sets."""

    at = NOW

    @classmethod
    def now(cls, tz=None):
        return cls.at.astimezone(tz)


@pytest.fixture
def clock(monkeypatch):
    monkeypatch.setattr(import_module("s3_guardrails.cli.fleet"), "datetime", Clock)
    monkeypatch.setattr(Clock, "at", NOW)
    return lambda **later: monkeypatch.setattr(Clock, "at", NOW + timedelta(**later))


@pytest.fixture
def fleet(aws):
    return Fleet(aws)


@pytest.fixture
def run(aws, fleet, clock, capsys):
    """Run the command for ledger and audit; return exit status, stdout and stderr."""

    def run(*arguments):
        accounts = ("--account", fleet.ledger.id, "--account", fleet.audit.id)
        with only({**aws.environment(), "S3_GUARDRAILS_EXTERNAL_ID": EXTERNAL_ID}):
            code = main(["fleet", "status", *accounts, *arguments])
        shown = capsys.readouterr()
        return code, shown.out, shown.err

    return run


@pytest.fixture
def report(run):
    def report(*arguments):
        code, out, _ = run("--json", *arguments)
        return code, json.loads(out)

    return report


@pytest.fixture
def seats(aws, fleet):
    """Both accounts with all rules deployed and every resource judged a moment ago."""
    make_bucket(fleet.ledger, "ledger", data_class="internal")
    make_bucket(fleet.audit, "audit")
    for account, bucket in ((fleet.ledger, "ledger"), (fleet.audit, "audit")):
        use_key(account, bucket, make_key(account, rotates=account is fleet.ledger))
    seats = [Seat(aws, account) for account in (fleet.ledger, fleet.audit)]
    for seat in seats:
        seat.deploy()
        seat.evaluate(NOW)
    return seats


def notices(found):
    return sorted((each["account"], each["kind"], each["code"]) for each in found["notices"])


def test_results_are_counted_as_a_scan_counts_what_it_reads(aws, fleet, seats, report, capsys):
    code, found = report()
    assert (code, notices(found)) == (1, [])
    accounts = ("--account", fleet.ledger.id, "--account", fleet.audit.id)
    with only({**aws.environment(), "S3_GUARDRAILS_EXTERNAL_ID": EXTERNAL_ID}):
        main(["fleet", "scan", "--json", *accounts])
    live = json.loads(capsys.readouterr().out)
    for name in ("total", "by_unit", "by_rule", "by_data_class", "accounts"):
        assert found[name] == live[name]
    kept = [{**each, "reason": "", "codes": each["codes"][:1]} for each in found["findings"]]
    assert kept == [{**each, "reason": "", "codes": each["codes"][:1]} for each in live["findings"]]
    assert (found["freshness"], found["as_of"]) == ("judged", NOW.strftime("%Y-%m-%dT%H:%M:%SZ"))


def test_what_could_not_be_decided_is_not_taken_for_a_violation_as_aws_config_takes_it(aws, fleet, seats, report):
    aws.faults.deny("s3:GetBucketPolicy", "ledger")
    seats[0].evaluate(NOW + timedelta(seconds=5))
    found = report()[1]
    [row] = [each for each in found["findings"] if (each["rule"], each["resource_id"]) == (TLS, "ledger")]
    assert (row["verdict"], row["codes"]) == ("UNDETERMINED", ["POLICY_UNREADABLE"])


def test_periodic_rules_that_fall_silent_are_told_after_26_hours_and_change_rules_are_not(fleet, seats, report, clock):
    clock(hours=26)
    assert notices(report()[1]) == []
    clock(hours=26, seconds=1)
    code, found = report()
    assert code == 1
    expected = [(each.id, "stale", "RULE_SILENT") for each in (fleet.ledger, fleet.audit) for _ in PERIODIC]
    assert notices(found) == sorted(expected)


def test_a_status_where_aws_config_tells_one_counts_too(aws, fleet, seats, report, clock):
    clock(hours=30)
    name = PERIODIC[0] + seats[0].suffix
    for seat in seats:
        for rule in PERIODIC:
            told = {"LastSuccessfulEvaluationTime": (NOW + timedelta(hours=29)).timestamp()}
            aws.results.statuses[seat.account.id, HERE, rule + seat.suffix] = told
    assert notices(report()[1]) == []
    failed = {
        "LastFailedEvaluationTime": (NOW + timedelta(hours=29, minutes=1)).timestamp(),
        "LastErrorCode": "E\x1b[31m",
    }
    aws.results.statuses[fleet.ledger.id, HERE, name] |= failed
    _, found = report()
    assert notices(found) == [(fleet.ledger.id, "stale", "RULE_FAILING")]
    assert "E\x1b[31m" in found["notices"][0]["sentence"]


def test_an_item_that_no_result_is_about_is_late_after_an_hour(fleet, seats, report, clock):
    histories = seats[0].place.config.histories
    newer = {**histories["AWS::S3::Bucket", "ledger"][0], "configurationItemCaptureTime": NOW.timestamp() + 60}
    seats[0].place.config.record(newer)
    clock(minutes=61)
    assert notices(report()[1]) == []
    clock(minutes=62)
    late = {each["code"] for each in report()[1]["notices"]}
    assert late == {"RESULTS_LATE"}
    assert {each["account"] for each in report()[1]["notices"]} == {fleet.ledger.id}


def test_rules_that_are_not_deployed_are_told_and_rules_of_others_are_none_of_ours(fleet, seats, report):
    source = {"Owner": "CUSTOM_LAMBDA", "SourceIdentifier": "arn"}
    config = seats[1].config
    config.put_config_rule(ConfigRule={"ConfigRuleName": f"{TLS}_TOO", "Source": source})
    del seats[1].place.config.rules[TLS + seats[1].suffix]
    code, found = report()
    assert (code, notices(found)) == (2, [(fleet.audit.id, "uncovered", "RULES_MISSING")])
    assert f"1 of {len(RULES)} rules are not deployed: {TLS}" in found["notices"][0]["sentence"]


def test_a_recorder_that_is_off_is_stale_and_one_that_is_not_there_too(aws, fleet, seats, report):
    seats[0].config.stop_configuration_recorder(ConfigurationRecorderName="default")
    assert notices(report()[1]) == [(fleet.ledger.id, "stale", "RECORDER_STOPPED")]
    code, found = report("--account", aws.account)
    assert (aws.account, "stale", "RECORDER_ABSENT") in notices(found)
    assert code == 2
    assert {each["account"]: each["looked_at"] for each in found["accounts"]}[aws.account] == "no"


def test_what_cannot_be_read_is_named_and_costs_itself_only(aws, fleet, seats, report):
    aws.faults.deny("config:SelectResourceConfig")
    code, found = report()
    assert (code, {kind for _, kind, _ in notices(found)}) == (1, {"unknown"})
    assert {each["data_class"] for each in found["by_data_class"]} == {"(not known)", "(unclassified)"}
    aws.faults.clear()
    aws.faults.deny("config:GetComplianceDetailsByConfigRule", TLS + seats[0].suffix)
    code, found = report()
    assert (code, {code for _, _, code in notices(found)}) == (2, {"REFUSED"})
    assert TLS not in {each["rule"] for each in found["findings"]}
    aws.faults.clear()
    aws.faults.deny("sts:AssumeRole", fleet.audit.arn("role/s3-guardrails-reader"))
    assert notices(report()[1]) == [(fleet.audit.id, "uncovered", "ROLE_REFUSED")]
    aws.faults.clear()
    aws.faults.throttle("config:DescribeConfigRules", times=None)
    assert {code for _, _, code in notices(report()[1])} == {"THROTTLED"}


def test_a_region_that_an_account_does_not_have_is_named(aws, fleet, seats, report):
    aws.regions.statuses["eu-south-1"] = "DISABLED"
    code, found = report("--region", HERE, "--region", "eu-south-1")
    assert (code, {code for _, _, code in notices(found)}) == (2, {"REGION_NOT_ENABLED"})
    assert {each["looked_at"] for each in found["accounts"]} == {"in part"}


@pytest.fixture
def aggregator(aws):
    source = {"RoleArn": "arn:aws:iam::123456789012:role/x", "AllAwsRegions": True}
    aws.client("config").put_configuration_aggregator(
        ConfigurationAggregatorName="all", OrganizationAggregationSource=source
    )
    return ("--aggregator", "all")


def test_an_aggregator_tells_the_same_but_what_is_not_applicable_and_how_old_it_is(seats, report, run, aggregator):
    _, of_accounts = report()
    code, found = report(*aggregator)
    assert (code, notices(found)) == (1, [])
    assert found["freshness"].startswith("an aggregator does not tell when rules ran last")
    assert found["total"]["compliance"] == of_accounts["total"]["compliance"]
    assert found["total"]["verdicts"]["NOT_APPLICABLE"] is None
    assert found["findings"] == of_accounts["findings"]
    classes = {each["data_class"]: each["compliance"] for each in of_accounts["by_data_class"]}
    assert {each["data_class"]: each["compliance"] for each in found["by_data_class"]} == classes
    assert "freshness not known: an aggregator does not tell" in run(*aggregator)[2]


def test_listings_are_read_page_by_page(aws, seats, report, aggregator):
    whole = report()[1], report(*aggregator)[1]
    aws.results.page = 1
    assert [report()[1]["total"], report(*aggregator)[1]["total"]] == [each["total"] for each in whole]


def test_an_aggregator_is_never_fine_because_freshness_is_not_known(fleet, seats, report, aggregator):
    for seat in seats:
        for results in seat.place.config.results.values():
            for each in results.values():
                each["ComplianceType"] = "COMPLIANT"
                each["Annotation"] = "FINE: x"
    assert report()[0] == 0
    assert report(*aggregator)[0] == 3


def test_an_account_that_is_not_aggregated_is_named_and_so_are_rules_without_results(fleet, seats, report, aggregator):
    seats[0].place.config.results.clear()
    del seats[1].place.config.results[TLS + seats[1].suffix]
    code, found = report(*aggregator)
    assert code == 2
    assert notices(found) == sorted(
        [(fleet.ledger.id, "uncovered", "NOT_AGGREGATED"), (fleet.audit.id, "unknown", "RESULTS_MISSING")]
    )


def test_sources_that_were_not_collected_from_are_told(aws, fleet, seats, report, aggregator):
    aws.results.sources = [
        {"SourceId": fleet.ledger.id, "SourceType": "ACCOUNT", "AwsRegion": HERE, "LastUpdateStatus": "OUTDATED"},
        {"SourceId": "o-x", "SourceType": "ORGANIZATION", "LastUpdateStatus": "FAILED", "LastErrorCode": "E"},
        {"SourceId": fleet.audit.id, "SourceType": "ACCOUNT", "AwsRegion": HERE, "LastUpdateStatus": "SUCCEEDED"},
        {"SourceId": fleet.audit.id, "SourceType": "ACCOUNT", "AwsRegion": "eu-west-1", "LastUpdateStatus": "FAILED"},
        {"SourceId": "9" * 12, "SourceType": "ACCOUNT", "AwsRegion": HERE, "LastUpdateStatus": "FAILED"},
    ]
    code, found = report(*aggregator)
    assert code == 2
    assert notices(found) == [("", "uncovered", "SOURCE_FAILED"), (fleet.ledger.id, "stale", "SOURCE_OUTDATED")]


def test_an_aggregator_that_is_not_there_cannot_be_read(seats, run):
    code, out, said = run("--aggregator", "none")
    assert (code, out) == (2, "")
    assert "NoSuchConfigurationAggregatorException" in said


def results_of(seat, rule, bucket):
    return seat.place.config.results[rule + seat.suffix]["AWS::S3::Bucket", bucket]


def test_results_of_another_form_than_documented_are_not_believed(aws, fleet, seats, report, aggregator):
    del results_of(seats[0], TLS, "ledger")["EvaluationResultIdentifier"]
    for arguments in ((), aggregator):
        code, found = report(*arguments)
        assert (code, notices(found)) == (2, [(fleet.ledger.id, "uncovered", "NOT_UNDERSTOOD")])


def test_an_aggregator_that_answers_for_another_account_is_not_believed(
    aws, fleet, seats, report, aggregator, monkeypatch
):
    whole = ResultsService.on_get_aggregate_compliance_details_by_config_rule

    def confused(self, call):
        return whole(self, replace(call, parameters={**call.parameters, "AccountId": fleet.audit.id}))

    monkeypatch.setattr(ResultsService, "on_get_aggregate_compliance_details_by_config_rule", confused)
    code, found = report(*aggregator)
    assert (code, {each[::2] for each in notices(found)}) == (2, {(fleet.ledger.id, "NOT_UNDERSTOOD")})
    assert {each["account"] for each in found["findings"]} == {fleet.audit.id}


def test_a_class_tag_goes_with_an_aggregator(seats, run, report, aggregator):
    assert run("--class-tag", "x")[2] == "Error: --class-tag: expected --aggregator with it\n"
    classes = {each["data_class"] for each in report(*aggregator, "--class-tag", "team")[1]["by_data_class"]}
    assert classes == {"(keys without one)", "(unclassified)"}


def test_the_embedded_aws_refuses_queries_that_it_does_not_understand(aws):
    with pytest.raises(ClientError, match="InvalidExpressionException"):
        aws.client("config").select_resource_config(Expression="SELECT * WHERE x = 1")


def test_any_other_error_is_a_reason_and_no_traceback(aws, fleet, seats, run):
    aws.faults.fail(
        "config:DescribeConfigRuleEvaluationStatus", Refused("InternalFailure", "no\nsecret", 500), times=None
    )
    code, out, said = run()
    assert code == 1
    assert "secret" not in out + said
    assert "Traceback" not in out + said


def test_findings_of_aws_config_have_owners_and_due_dates(fleet, seats, report, clock, tmp_path):
    """Owners come from the guardrails file by account, since the items name no tenant; first days from the ledger."""
    settings, ledger = tmp_path / "guardrails.yaml", tmp_path / "ledger.json"
    settings.write_text(
        f"""version: 1
classes: {{internal: {{accepts: [SSE-S3]}}}}
tenants: {{owners: {{audit: audit@example.com}}, accounts: {{"{fleet.audit.id}": audit}}}}
""",
        encoding="utf-8",
    )
    given = ("--ledger", str(ledger), "--guardrails", str(settings))
    report(*given)
    clock(days=200)
    _, found = report(*given)
    told = {(each["account"], each["rule"]): each["tracking"] for each in found["findings"]}
    of_audit = told[fleet.audit.id, TLS]
    assert of_audit["owner"] == "audit@example.com"
    assert of_audit["first_seen"] == NOW.date().isoformat()
    assert of_audit["overdue"]
    assert told[fleet.ledger.id, TLS]["owner"] is None
    assert found["overdue"] == len(told)


def test_who_owns_what_is_asked_with_a_ledger_only(run, tmp_path):
    path = tmp_path / "guardrails.yaml"
    path.write_text("version: 1", encoding="utf-8")
    code, out, told = run("--guardrails", str(path))
    assert (code, out) == (2, "")
    assert "expected --ledger with it" in told
