"""The acceptance run on the embedded AWS, as far as that goes: what passes, where it stops, what it leaves behind."""

import json
import re
from dataclasses import replace
from types import SimpleNamespace

import pytest
from acceptance_run import PREFIX, SMALL, ConfigWorks, Hours, begun, run_on, there
from preflight_account import set_up

from s3_guardrails.acceptance.change import CHANGES
from s3_guardrails.acceptance.clean_up import clean_up
from s3_guardrails.acceptance.command import main
from s3_guardrails.acceptance.journal import Journal, Kind
from s3_guardrails.acceptance.outcome import Outcome, Result
from s3_guardrails.acceptance.report import as_json, as_markdown
from s3_guardrails.acceptance.run import TAG, Run
from s3_guardrails.acceptance.seed import BUCKETS, KEYS
from s3_guardrails.acceptance.step import run_steps, selected
from s3_guardrails.acceptance.steps import STEPS
from s3_guardrails.discovery import find_rules
from s3_guardrails.embedded.call import Refused
from s3_guardrails.embedded.environment import only
from s3_guardrails.embedded.item import BUCKET
from s3_guardrails.embedded.organization import Organization
from s3_guardrails.embedded.server import EmbeddedAws
from s3_guardrails.remediate.remediation import REMEDIATIONS

NOT_PASSED = {
    # step → outcome, and what the embedded AWS lacks
    "denied-read": ("FAILED", "expected AccessDenied, found allowed"),  # it asks no key's policy within an account
    "denied-read-event": ("STOPPED", "the KMS event of the denied read: not within"),  # it writes no event history
    "denials-counted": ("STOPPED", "MatchedEvents of the rule: not within 20 minutes"),  # EventBridge is not at work
    "key-deletion-told": ("STOPPED", "the message: not within 15 minutes"),  # neither
    "organization-trail": ("SKIPPED", "no trail of an organization"),
    "roles-suffice": ("STOPPED", "no function has logged anything"),  # functions' logs go nowhere
}


@pytest.fixture(scope="module")
def rehearsal(tmp_path_factory):
    """The whole run, then the clean-up."""
    with EmbeddedAws() as aws, pytest.MonkeyPatch.context() as patch:
        patch.setattr("botocore.endpoint.time", SimpleNamespace(sleep=lambda _: None))
        patch.setattr("botocore.retries.bucket.TokenBucket.acquire", lambda *_, **__: True)
        set_up(aws)
        aws.s3.enforcing = True
        aws.regions.statuses["me-south-1"] = "DISABLED"
        aws.quotas.values["config", "L-0BE82991"] = 1000
        works, journal = ConfigWorks(aws), begun(aws, tmp_path_factory.mktemp("run"))
        run = run_on(aws, journal, Hours(works))
        results = {each.id: each for each in run_steps(run, STEPS)}
        made = [each.kind for each in journal.pending()]
        said = []
        left = clean_up(run, said.append)
        yield SimpleNamespace(
            results=results, made=made, left=left, said=said, there=there(aws), pending=journal.pending(), works=works
        )


def test_every_rule_has_an_answer_about_every_resource_of_its_type_and_every_remediation_is_clicked_and_undone():
    of_buckets = {each.name for each in find_rules() if each.rule.resource_type == BUCKET}
    of_keys = {each.name for each in find_rules()} - of_buckets
    assert (len(BUCKETS), len(KEYS)) == (8, 4)
    assert {frozenset(each.answers.by_rule()) for each in BUCKETS} == {frozenset(of_buckets)}
    assert {frozenset(each.by_rule()) for each in KEYS} == {frozenset(of_keys)}
    assert {each.document for each in CHANGES.values()} == set(REMEDIATIONS)
    assert {f"{verb}-{name}" for name in CHANGES for verb in ("click", "undo")} <= {each.id for each in STEPS}


@pytest.mark.parametrize("step", [each.id for each in STEPS])
def test_every_step_comes_to_what_the_embedded_aws_can_show(rehearsal, step):
    outcome, reason = NOT_PASSED.get(step, ("PASSED", ""))
    found = rehearsal.results[step]
    assert (found.outcome, reason in found.answer) == (outcome, True), found.answer
    assert found.answer
    assert "\n" not in found.answer


def test_what_is_not_shown_here_is_named_and_nothing_else(rehearsal):
    assert set(NOT_PASSED) == {name for name, each in rehearsal.results.items() if each.outcome is not Outcome.PASSED}
    assert rehearsal.works.watch.failures == []


def test_the_clean_up_leaves_nothing(rehearsal):
    assert (rehearsal.left, rehearsal.there, rehearsal.pending) == ([], [], [])
    assert {Kind.BUCKET, Kind.KEY, Kind.QUEUE, Kind.ROLE, Kind.STACK, Kind.AGGREGATOR} == set(rehearsal.made)
    assert sum(each.startswith("key ") and each.endswith("7 days") for each in rehearsal.said) == 5
    assert any("-evidencebucket-" in each and each.endswith("deleted") for each in rehearsal.said)


class Crash(BaseException):
    """The process is no more."""


@pytest.fixture
def small(aws, tmp_path, monkeypatch):
    """A run whose template makes what outlives its stack alone, and whose zip is empty."""
    monkeypatch.setattr("s3_guardrails.acceptance.steps_deploy.bundle", lambda: {"module.py": b""})
    set_up(aws)
    run = run_on(aws, begun(aws, tmp_path), sources=SMALL)
    run.noted |= {"trail": "", "recorder": []}
    run.clock = Hours(aws.places.at(aws.account, run.region).stacks.wait)
    return run


def resumed(aws, run):
    """Another process cleans up."""
    run.journal.close()
    run.journal = Journal.read(run.journal.path)
    return clean_up(run, lambda _: None), there(aws)


PACK = "Resources: {Rule: {Type: AWS::Config::ConfigRule, Properties: {Source: {Owner: AWS}, ConfigRuleName: rule}}}"
"""A pack that AWS Config takes, and cannot deploy."""
MAKERS = [each.id for each in STEPS if each.makes and each.makes not in {"objects", "evidence", "an object"}]


@pytest.mark.parametrize("noted", [False, True], ids=["before it is made", "before it is noted"])
@pytest.mark.parametrize("step", MAKERS)
def test_a_crash_in_any_step_that_makes_something_leaves_nothing_behind(aws, small, monkeypatch, step, noted):
    needed = [each for each in selected(STEPS, [step]) if each.id in {"seed", "upload", "deploy"} and each.id != step]
    for each in needed:
        each.run(small)
    monkeypatch.setattr("s3_guardrails.acceptance.steps_stacks.render_pack", lambda _: PACK)
    make = Run.make

    def crashing(run, kind, name, create):
        def crash():
            if noted:
                create()
            raise Crash

        return make(run, kind, name, crash)

    monkeypatch.setattr(Run, "make", crashing)
    before = there(aws)
    with pytest.raises(Crash):
        next(each for each in STEPS if each.id == step).run(small)
    assert (there(aws) != before) is noted
    assert resumed(aws, small) == ([], [])


def test_a_stack_that_fails_is_told_with_its_reason_and_goes_with_all_that_it_made(aws, small):
    small.sources = SMALL.replace(b"Action: kms:*", b"Action: s3:*")  # a key that nobody could administer
    results = {each.id: each for each in run_steps(small, selected(STEPS, ["names"]))}
    assert results["deploy"].outcome is Outcome.FAILED
    assert "ROLLBACK_COMPLETE" in results["deploy"].answer
    assert "EvidenceKey" in results["deploy"].answer
    assert (results["names"].outcome, results["names"].answer) == ("SKIPPED", "needs deploy, which was FAILED")
    assert resumed(aws, small) == ([], [])


EXPIRED = Refused("ExpiredToken", "The provided token has expired.", 400)


def test_after_credentials_have_expired_the_journal_is_what_the_clean_up_goes_on_from(aws, small):
    aws.faults.fail("s3:CreateBucket", EXPIRED, f"{PREFIX}-plain", times=None)
    results = {each.id: each for each in run_steps(small, STEPS)}
    assert results["preflight"].outcome is Outcome.PASSED
    assert results["seed"].outcome is Outcome.STOPPED
    assert {each.outcome for name, each in results.items() if name not in {"preflight", "seed"}} == {Outcome.SKIPPED}
    assert "--clean-up" in results["recorder-untouched"].answer
    aws.faults.fail("s3:GetBucketTagging", EXPIRED, times=1)
    [told] = clean_up(small, lambda _: None)
    assert "ExpiredToken" in told
    assert len(there(aws)) > 8
    assert resumed(aws, small) == ([], [])


def test_what_does_not_carry_the_tag_is_left_alone_and_told(aws, small):
    next(each for each in STEPS if each.id == "seed").run(small)
    name = f"{PREFIX}-ledger"
    aws.client("s3").delete_bucket_tagging(Bucket=name)
    left, found = resumed(aws, small)
    assert found == [name]
    assert left == [f"bucket {name}: is there and does not carry the tag {TAG}={PREFIX}: left alone"]


def test_a_service_that_throttles_is_asked_again(aws, small):
    aws.faults.throttle("kms:CreateKey", times=8)
    assert next(run_steps(small, selected(STEPS, ["preflight"]))).outcome is Outcome.PASSED
    assert next(each for each in STEPS if each.id == "seed").run(small).startswith("8 buckets and 4 keys")


def test_a_step_that_is_interrupted_ends_the_run_and_the_clean_up_takes_place(aws, small):
    def interrupted(_):
        raise KeyboardInterrupt

    steps = [replace(each, run=interrupted) if each.id == "uploads-before" else each for each in STEPS]
    results = {each.id: each for each in run_steps(small, steps)}
    assert (results["uploads-before"].outcome, results["uploads-before"].answer) == ("STOPPED", "interrupted")
    assert results["recorder-untouched"].answer == "interrupted"
    assert resumed(aws, small) == ([], [])


def test_where_aws_config_has_no_remediations_clicks_are_skipped(small):
    small.region = "mx-central-1"
    [found] = run_steps(small, [replace(each, needs=()) for each in STEPS if each.id == "refusals"])
    assert (found.outcome, found.answer) == ("SKIPPED", "AWS Config has no remediations in mx-central-1")


def test_rules_that_are_there_already_stop_the_run_before_anything_is_made(aws, small):
    aws.config.rules["S3_BUCKET_TLS_ONLY"] = {"ConfigRuleName": "S3_BUCKET_TLS_ONLY"}
    results = list(run_steps(small, STEPS))
    assert (results[0].outcome, "deployed already" in results[0].answer) == ("FAILED", True)
    assert small.journal.pending() == []


def test_without_a_recorder_nothing_is_made(aws, tmp_path):
    run = run_on(aws, begun(aws, tmp_path))
    results = list(run_steps(run, STEPS))
    assert (results[0].outcome, "RECORDER_ABSENT" in results[0].answer) == ("FAILED", True)
    assert {each.outcome for each in results[1:]} == {Outcome.SKIPPED}
    assert aws.client("config").describe_configuration_recorders()["ConfigurationRecorders"] == []
    assert there(aws) == []


def test_a_message_that_comes_is_found_and_the_key_is_kept(aws, small):
    for name in ("preflight", "seed", "upload", "deploy", "subscribe"):
        next(each for each in STEPS if each.id == name).run(small)
    topic = small.outputs()["AlertTopicArn"]
    key = small.noted["key spent"]
    told = {"TopicArn": topic, "Message": f"Key deletion scheduled\nKey: {key}"}
    small.clock = Hours(lambda: aws.client("sns").publish(**told))
    answer = next(each for each in STEPS if each.id == "key-deletion-told").run(small)
    assert answer.endswith("cancelled, the key is Disabled")


@pytest.mark.parametrize(("code", "outcome"), [("AccessDenied", "PASSED"), ("ThrottlingException", "FAILED")])
def test_a_denied_use_of_the_key_is_found_in_the_event_history(aws, small, code, outcome):
    key, role = (
        "arn:aws:kms:us-east-1:123456789012:key/1",
        {"arn": f"arn:aws:sts::123456789012:assumed-role/{PREFIX}-reader/x"},
    )
    small.noted |= {"key main": key}
    event = {"eventName": "Decrypt", "errorCode": code, "userIdentity": role, "resources": [{"ARN": key}]}
    others = [{**event, "userIdentity": {}}, {**event, "resources": []}]
    aws.trails.history += [event, *others]
    [found] = run_steps(small, [replace(each, needs=()) for each in STEPS if each.id == "denied-read-event"])
    assert (found.outcome, code in found.answer) == (outcome, True)


def test_a_defect_of_a_step_stops_that_step_alone(small):
    def broken(_):
        return 1 / 0

    steps = [replace(each, run=broken) if each.id == "uploads-before" else each for each in STEPS[:4]]
    results = {each.id: each for each in run_steps(small, steps)}
    assert (results["uploads-before"].outcome, results["upload"].outcome) == ("STOPPED", "PASSED")
    assert "a defect of this step" in results["uploads-before"].answer


def test_where_every_region_is_on_or_quotas_are_not_listed_it_is_said(aws, small):
    steps = {each.id: replace(each, needs=()) for each in STEPS if each.id in {"region-off", "quota-code"}}
    found = {each.id: each for each in run_steps(small, list(steps.values()))}
    assert found["region-off"].outcome is Outcome.SKIPPED
    assert found["quota-code"].outcome is Outcome.FAILED
    assert "listed are: none" in found["quota-code"].answer


def test_a_member_account_reads_the_trail_of_its_organization_or_says_what_is_refused(aws, small, monkeypatch):
    [trail] = aws.client("cloudtrail").describe_trails()["trailList"]
    client = small.client("cloudtrail")
    monkeypatch.setattr(client, "describe_trails", lambda: {"trailList": [{**trail, "IsOrganizationTrail": True}]})
    [step] = [replace(each, needs=()) for each in STEPS if each.id == "organization-trail"]
    assert next(run_steps(small, [step])).outcome is Outcome.PASSED
    aws.faults.deny("cloudtrail:GetEventSelectors")
    [found] = run_steps(small, [step])
    assert (found.outcome, "GetEventSelectors: AccessDenied" in found.answer) == ("FAILED", True)


def test_the_count_of_a_rule_without_a_target_is_read(aws, small, monkeypatch):
    small.noted |= {"trail": ""}
    rule = {"LogicalResourceId": "UseOfKeysDeniedRule", "PhysicalResourceId": "denied"}
    monkeypatch.setattr(Run, "resources", lambda _: [rule])
    dimensions = [{"Name": "RuleName", "Value": "denied"}]
    datum = {"MetricName": "MatchedEvents", "Dimensions": dimensions, "Value": 2.0}
    aws.client("cloudwatch").put_metric_data(Namespace="AWS/Events", MetricData=[datum])
    assert "is 2" in next(each for each in STEPS if each.id == "denials-counted").run(small)


@pytest.fixture
def run(aws, capsys, tmp_path, monkeypatch):
    """Run the command; return exit status, stdout and stderr."""
    monkeypatch.chdir(tmp_path)

    def run(*arguments):
        with only(aws.environment()):
            code = main(["--region", "us-east-1", *arguments])
        shown = capsys.readouterr()
        return code, shown.out, shown.err

    return run


HERE = ("--account", "123456789012")
CONFIRMED = (*HERE, "--yes-this-is-a-scratch-account")


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ((), "--account: expected the id"),
        (("--account", "111122223333", "--yes-this-is-a-scratch-account"), "the credentials belong to another account"),
        (HERE, "--yes-this-is-a-scratch-account: expected"),
        ((*CONFIRMED, "--only", "nothing"), "--only: expected steps"),
        ((*CONFIRMED, "--clean-up"), "journal.jsonl"),
    ],
)
def test_it_refuses_to_run_and_says_why(aws, run, tmp_path, arguments, told):
    code, out, err = run(*arguments)
    assert (code, out) == (2, "")
    assert told in err
    assert (there(aws), list(tmp_path.rglob("*"))) == ([], [])


def test_it_refuses_the_management_account_of_an_organization(aws, run):
    Organization(aws)
    code, _, err = run(*CONFIRMED)
    assert code == 2
    assert "is the management account" in err


def test_it_refuses_an_account_that_is_too_large_to_be_scratch(aws, run):
    for number in range(51):
        aws.client("s3").create_bucket(Bucket=f"bucket-{number}")
    code, _, err = run(*CONFIRMED)
    assert code == 2
    assert "found 51 buckets" in err


def test_the_steps_are_listed_without_a_call(run, monkeypatch):
    monkeypatch.setattr("s3_guardrails.acceptance.command.open_account", None)
    code, out, err = run("--list")
    assert code == 0
    assert [line.split()[0] for line in out.splitlines()] == [each.id for each in STEPS]
    assert re.search(rf"^{len(STEPS)} steps, about (5|6|7)\d minutes$", err, re.MULTILINE)


def test_a_run_of_one_step_reports_cleans_up_and_hides_the_account(aws, run, tmp_path):
    set_up(aws)
    code, out, err = run(*CONFIRMED, "--only", "foreign-policy")
    report = (tmp_path / "acceptance" / "report.json").read_text()
    assert (code, json.loads(out)) == (0, {"FAILED": 0, "STOPPED": 0, "SKIPPED": 0, "PASSED": 3})
    assert [each["id"] for each in json.loads(report)["steps"]] == ["preflight", "seed", "foreign-policy"]
    assert "this costs about $" in err
    assert "123456789012" not in report + (tmp_path / "acceptance" / "report.md").read_text()
    assert (there(aws), (tmp_path / "acceptance" / "journal.jsonl").exists()) == ([], False)


def test_what_is_kept_is_taken_away_later_by_the_journal_alone(aws, run, tmp_path):
    set_up(aws)
    code, _, _ = run(*CONFIRMED, "--only", "foreign-policy", "--keep")
    assert (code, len(there(aws))) == (0, 14)
    code, _, err = run(*CONFIRMED, "--only", "foreign-policy")
    assert (code, "a journal is there" in err) == (2, True)
    code, _, err = run(*CONFIRMED, "--clean-up")
    assert (code, there(aws)) == (0, [])
    assert "nothing is left but keys" in err


@pytest.mark.parametrize(
    ("line", "number"),
    [
        ("{}", 1),
        ('{"account": "123456789012", "region": "us-east-1", "prefix": "prod"}', 1),
        ('{"account": "123456789012", "region": "us-east-1", "prefix": "s3ga-00000000"}\n{"kind": "house"}', 2),
    ],
)
def test_a_file_that_is_no_journal_is_an_error_with_its_line(run, tmp_path, line, number):
    (tmp_path / "other").write_text(line + "\n")
    code, _, err = run(*CONFIRMED, "--clean-up", "--journal", "other")
    assert code == 2
    assert f"line {number}: expected a line of the journal" in err


def test_the_report_shows_failures_first_and_no_markup_of_others():
    result = {"began": "2026-11-21T12:00:00+00:00", "seconds": 1}
    found = [
        Result(id="one", shows="it is", outcome=Outcome.PASSED, answer="well", **result),
        Result(id="two", shows="it is", outcome=Outcome.FAILED, answer="a|b <i> \x1b[0m 123456789012", **result),
    ]
    where = {"account": "123456789012", "region": "us-east-1", "partition": "aws", "began": "now"}
    text = as_markdown(as_json(found, where, ["bucket x"]))
    assert text.index("`two`") < text.index("`one`")
    assert "a\\|b &lt;i> \\\\x1b[0m 111122223333" in text
    assert "- bucket x" in text
