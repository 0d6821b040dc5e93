"""`preflight` against the embedded AWS: what it finds, what a refusal costs, that it changes nothing, how it exits."""

import json
import re
import subprocess
import sys

import pytest
from preflight_account import TRAIL, log, record, select, select_fields, set_up, went

from s3_guardrails.cli import main
from s3_guardrails.deploy.preflight_quota import read_additions
from s3_guardrails.discovery import find_rules
from s3_guardrails.embedded.call import Refused
from s3_guardrails.embedded.environment import only
from s3_guardrails.embedded.pack_service import Pack
from s3_guardrails.preflight.finding import ACTIONS

READS = re.compile(r"(Get|List|Describe)\w+")


@pytest.fixture
def run(aws, capsys):
    """Run the command against the embedded AWS; return exit status, stdout and stderr."""

    def run(*arguments):
        with only(aws.environment()):
            code = main(["preflight", *arguments])
        shown = capsys.readouterr()
        return code, shown.out, shown.err

    return run


@pytest.fixture
def said(run):
    """Return the exit status, and what is not fine as Region, outcome and code."""

    def said(*arguments):
        code, out, _ = run("--json", *arguments)
        found = json.loads(out)["findings"]
        return code, [(each["region"], each["outcome"], each["code"]) for each in found if each["outcome"] != "fine"]

    return said


HERE = "us-east-1"


def test_an_account_that_is_ready_exits_with_zero(aws, said):
    set_up(aws, HERE, "eu-west-1")
    assert said("--region", HERE, "--region", "eu-west-1") == (0, [])


def test_regions_are_looked_at_together_in_a_process_that_has_not_loaded_the_rules_yet(aws):
    command = [sys.executable, "-m", "s3_guardrails", "preflight", "--json"]
    regions = [word for region in (HERE, "eu-west-1", "eu-west-2", "eu-west-3") for word in ("--region", region)]
    with only(aws.environment()):
        done = subprocess.run([*command, *regions], check=False, capture_output=True, text=True)
    assert (done.returncode, "Error" in done.stderr) == (1, False)
    assert len(json.loads(done.stdout)["regions"]) == 4


def test_a_bare_account_is_told_what_stands_in_the_way(said):
    code, found = said()
    assert code == 1
    blocking = [code for _, outcome, code in found if outcome == "blocks"]
    assert blocking == ["RECORDER_ABSENT", "CHANNEL_ABSENT", "TRAIL_ABSENT"]
    assert {(region, code) for region, outcome, code in found if outcome != "blocks"} == {
        (HERE, "DATA_EVENTS_MISSING"),
        ("", "SERVICE_ROLE_ABSENT"),
    }


def test_nothing_is_written(aws, run, calls):
    set_up(aws)
    calls.clear()
    run()
    run("--region", "eu-west-1")
    named = [operation for _, operation in calls if operation]
    assert named
    assert not [each for each in named if not READS.fullmatch(each)]


def only_types(*types):
    return {"allSupported": False, "resourceTypes": list(types)}


def all_but(*types):
    strategy = {"useOnly": "EXCLUSION_BY_RESOURCE_TYPES"}
    return {"exclusionByResourceTypes": {"resourceTypes": list(types)}, "recordingStrategy": strategy}


def overriding(default, frequency, *types):
    override = {"resourceTypes": list(types), "recordingFrequency": frequency}
    return {"recordingFrequency": default, "recordingModeOverrides": [override]}


S3, KMS = "AWS::S3::Bucket", "AWS::KMS::Key"


@pytest.mark.parametrize(
    ("group", "mode", "expected"),
    [
        (only_types(S3, KMS), None, []),
        (only_types(S3), None, ["TYPE_NOT_RECORDED"]),
        (all_but("AWS::EC2::Instance"), None, []),
        (all_but(KMS, S3), None, ["TYPE_NOT_RECORDED", "TYPE_NOT_RECORDED"]),
        ({"allSupported": True, "includeGlobalResourceTypes": True}, None, []),
        (None, {"recordingFrequency": "DAILY"}, ["RECORDED_DAILY", "RECORDED_DAILY"]),
        (None, overriding("CONTINUOUS", "DAILY", KMS), ["RECORDED_DAILY"]),
        (None, overriding("DAILY", "CONTINUOUS", S3, KMS), []),
    ],
)
def test_the_recorder_is_read_as_it_was_put(aws, said, group, mode, expected):
    set_up(aws, group=group, mode=mode)
    assert [code for _, _, code in said()[1]] == expected


def test_a_recorder_and_a_delivery_that_fail_are_told_with_the_error(aws, run, said):
    set_up(aws)
    went(aws, HERE, recording="FAILURE", history="FAILURE", lastErrorMessage="no\x1b[31m")
    assert said() == (1, [(HERE, "blocks", "RECORDER_FAILING"), (HERE, "advises", "DELIVERY_FAILED")])
    _, out, _ = run()
    assert out.count("AccessDenied: no\\x1b[31m") == 2


def test_a_stopped_recorder_blocks(aws, said):
    set_up(aws)
    aws.client("config").stop_configuration_recorder(ConfigurationRecorderName="default")
    assert said() == (1, [(HERE, "blocks", "RECORDER_STOPPED")])


def test_a_recorder_that_was_never_started_blocks_besides_its_missing_channel(aws, said):
    record(aws, HERE)
    found = [code for _, outcome, code in said()[1] if outcome == "blocks"]
    assert found == ["RECORDER_STOPPED", "CHANNEL_ABSENT", "TRAIL_ABSENT"]


OF_AN_ACCOUNT = {fact: action for fact, action in ACTIONS.items() if not action.startswith(("organizations:", "sts:"))}


def test_law_each_call_that_is_refused_or_not_answered_is_told_as_unreadable_with_its_reason(aws, run):
    set_up(aws)
    for fact, action in OF_AN_ACCOUNT.items():
        for fault, reason in ((aws.faults.deny, "AccessDenied"), (endless(aws.faults.throttle), "ThrottlingException")):
            fault(action)
            code, out, _ = run()
            [row] = [line for line in out.splitlines() if not line.startswith(("outcome", "fine"))]
            assert code == 3, action
            assert row.split()[:2] == ["unreadable", f"{fact.upper()}_UNREADABLE"]
            assert reason in row
            assert f"let the caller do {action}" in row
            aws.faults.clear()


def endless(throttle):
    return lambda action: throttle(action, times=None)


def test_law_each_call_is_made_again_when_it_is_throttled(aws, said):
    set_up(aws)
    for action in OF_AN_ACCOUNT.values():
        aws.faults.throttle(action, times=2)
    assert said() == (0, [])


def test_a_region_without_remediations_is_told_so(aws, said):
    set_up(aws, "mx-central-1")
    assert said("--region", "mx-central-1") == (0, [("mx-central-1", "advises", "REMEDIATION_ABSENT")])


def test_what_blocks_wins_over_what_could_not_be_read(aws, said):
    set_up(aws)
    aws.client("config").stop_configuration_recorder(ConfigurationRecorderName="default")
    aws.faults.deny("iam:ListRoles")
    assert said()[0] == 1


@pytest.mark.parametrize("first", [True, False])
def test_a_region_that_the_account_does_not_have_blocks_and_the_others_are_judged(aws, said, first):
    set_up(aws)
    aws.regions.statuses["eu-south-1"] = "DISABLED"
    regions = ["--region", "eu-south-1", "--region", HERE]
    assert said(*(regions if first else regions[2:] + regions[:2])) == (
        1,
        [("eu-south-1", "blocks", "REGION_DISABLED")],
    )


def test_a_region_of_unknown_status_that_refuses_everything_is_unreadable(aws, said):
    set_up(aws)
    aws.regions.statuses["eu-south-1"] = "DISABLED"
    aws.faults.deny("account:GetRegionOptStatus")
    code, found = said("--region", "eu-south-1")
    assert code == 3
    assert {outcome for _, outcome, _ in found} == {"unreadable"}


@pytest.mark.parametrize(
    ("regions", "sentence"),
    [
        (
            ["nonsense"],
            "Error: region `nonsense`: expected the name of a Region that has AWS Config, such as eu-west-1",
        ),
        (["us-east-1", "US-EAST-1"], "Error: region `US-EAST-1`: expected the name of a Region"),
        (["eu-west-99"], "Error: region `eu-west-99`: expected the name of a Region"),
        ([""], "Error: region ``: expected the name of a Region"),
        (["a\x1b[31m"], "Error: region `a\\x1b[31m`: expected the name of a Region"),
        (["us-east-1", "cn-north-1"], "Error: region `cn-north-1`: expected one of partition aws, as the account"),
    ],
)
def test_a_region_that_is_none_exits_with_two_and_a_sentence(run, regions, sentence):
    code, out, said = run(*(word for region in regions for word in ("--region", region)))
    assert (code, out) == (2, "")
    assert said.startswith(sentence)
    assert said.count("\n") == 1


def test_credentials_that_nobody_accepts_exit_with_two(aws, run):
    aws.regions.statuses |= {HERE: "DISABLED", "eu-west-1": "DISABLED"}
    for regions in ([], ["--region", "eu-west-1"]):
        code, out, said = run(*regions)
        assert (code, out) == (2, "")
        assert said.startswith("Error: GetCallerIdentity: UnrecognizedClientException: ")


@pytest.mark.parametrize(
    ("operation", "code", "status"),
    [("config:DescribeConfigurationRecorders", "InternalFailure", 500), ("iam:ListRoles", "ExpiredToken", 403)],
)
def test_any_other_error_is_a_reason_and_no_traceback(aws, run, operation, code, status):
    set_up(aws)
    aws.faults.fail(operation, Refused(code, "no\nsecret", status), times=None)
    exited, out, said = run()
    assert exited == 3
    assert f"{code}: no" in out
    assert "secret" not in out + said
    assert "Traceback" not in out + said


@pytest.mark.parametrize(
    ("change", "expected", "reason"),
    [
        (
            {"recordingMode": {"recordingFrequency": "HOURLY"}},
            (3, [(HERE, "unreadable", "RECORDER_UNREADABLE")]),
            "recordingFrequency: expected one of CONTINUOUS, DAILY, found `HOURLY`",
        ),
        (
            {"recordingGroup": {"recordingStrategy": {"useOnly": "SOME_OTHER_WAY"}}},
            (3, [(HERE, "unreadable", "RECORDER_UNREADABLE")]),
            "recordingStrategy.useOnly: expected one of ALL_SUPPORTED_RESOURCE_TYPES, ",
        ),
        ({"name": None}, (3, [(HERE, "unreadable", "RECORDER_UNREADABLE")]), "the answer lacks name"),
        ({"servicePrincipal": "other.amazonaws.com"}, (1, [(HERE, "blocks", "RECORDER_ABSENT")]), "has no recorder"),
    ],
)
def test_a_recorder_that_is_not_understood_or_not_ours_is_never_fine(aws, run, said, change, expected, reason):
    set_up(aws)
    aws.recorder.recorders[aws.account, HERE] = change
    assert said() == expected
    assert reason in run()[1]


def test_a_status_that_is_not_understood_is_never_fine(aws, run, said):
    set_up(aws)
    went(aws, HERE, recording="SHRUGGED", history="SHRUGGED")
    names = ["RECORDER_STATUS_UNREADABLE", "DELIVERY_STATUS_UNREADABLE"]
    assert said() == (3, [(HERE, "unreadable", name) for name in names])
    assert run()[1].count("lastStatus: expected one of SUCCESS, FAILURE, PENDING, NOTAPPLICABLE, found `SHRUGGED`") == 2


def test_quotas_are_read_page_by_page_and_compared_with_what_the_template_adds(aws, said):
    set_up(aws)
    for number in range(26):
        rule = {"ConfigRuleName": f"OTHER_{number}", "Source": {"Owner": "AWS", "SourceIdentifier": "X"}}
        aws.client("config").put_config_rule(ConfigRule=rule)
    packs = aws.places.at(aws.account, HERE).packs.packs
    packs |= {f"other-{number}": Pack() for number in range(50)}
    rules = len(find_rules())
    functions = read_additions().functions
    aws.quotas.values["config", "L-0BE82991"] = 25.0 + rules
    aws.quotas.unreserved[HERE] = functions - 1
    assert said() == (
        1,
        [
            (HERE, "blocks", "CONFIG_RULES_EXCEEDED"),
            (HERE, "blocks", "CONFORMANCE_PACKS_EXCEEDED"),
            (HERE, "advises", "CONCURRENCY_LOW"),
        ],
    )
    aws.quotas.values["config", "L-0BE82991"] = 26.0 + rules
    packs.popitem()
    aws.quotas.unreserved[HERE] = functions
    assert said() == (0, [])


def test_roles_are_counted_for_every_region_where_nothing_is_deployed_yet(aws, run, said):
    set_up(aws, HERE, "eu-west-1")
    regions = ("--region", HERE, "--region", "eu-west-1")
    roles = read_additions().roles
    assert f"3 IAM roles are there already, {2 * roles} come with the template; the quota is 1000" in run(*regions)[1]
    source = {"Owner": "AWS", "SourceIdentifier": "X"}
    name = f"{find_rules()[0].name}-conformance-pack-x1y2z3"
    for region, left in ((HERE, roles), ("eu-west-1", 0)):
        aws.client("config", region).put_config_rule(ConfigRule={"ConfigRuleName": name, "Source": source})
        assert f"3 IAM roles are there already, {left} come with the template" in run(*regions)[1]
    aws.regions.statuses["eu-west-1"] = "DISABLED"
    assert "3 IAM roles are there already, 0 come with the template" in run(*regions)[1]
    aws.regions.statuses.clear()
    assert said(*regions) == (0, [])


KMS = "kms.amazonaws.com"
LOGGED = {"eventCategory": {"Equals": ["Management"]}}
OBJECTS = {"eventCategory": {"Equals": ["Data"]}, "resources.type": {"Equals": ["AWS::S3::Object"]}}
NOT_KMS = {**LOGGED, "eventSource": {"NotEquals": [KMS]}}


@pytest.mark.parametrize(
    ("selected", "expected"),
    [
        ([LOGGED, OBJECTS], []),
        ([NOT_KMS, OBJECTS], ["KMS_EVENTS_EXCLUDED"]),
        ([{**LOGGED, "readOnly": {"Equals": ["false"]}}, OBJECTS], ["MANAGEMENT_EVENTS_MISSING"]),
        ([LOGGED, {**OBJECTS, "resources.ARN": {"StartsWith": ["arn:aws:s3:::one/"]}}], ["DATA_EVENTS_MISSING"]),
        ([LOGGED, {**OBJECTS, "resources.ARN": {"NotStartsWith": ["arn:aws:s3:::one/"]}}], ["DATA_EVENTS_MISSING"]),
        ({"ReadWriteType": "ReadOnly", "data": "arn:aws:s3"}, ["MANAGEMENT_EVENTS_MISSING", "DATA_EVENTS_MISSING"]),
        ({"ExcludeManagementEventSources": [KMS], "data": "arn:aws:s3:::"}, ["KMS_EVENTS_EXCLUDED"]),
        ({"IncludeManagementEvents": False, "data": "arn:aws:s3"}, ["MANAGEMENT_EVENTS_MISSING"]),
        ({"data": "arn:aws:s3:::one/"}, ["DATA_EVENTS_MISSING"]),
        ({"ReadWriteType": "Some"}, ["EVENT_SELECTORS_UNREADABLE"]),
    ],
)
def test_event_selectors_of_both_kinds_are_understood(aws, said, selected, expected):
    set_up(aws)
    if isinstance(selected, dict):
        select(aws, **selected)
    else:
        select_fields(aws, *selected)
    assert [code for _, _, code in said()[1]] == expected


def test_a_new_trail_logs_management_events_and_no_objects(aws, said):
    set_up(aws)
    aws.client("cloudtrail").delete_trail(Name="main")
    log(aws)
    assert said() == (0, [(HERE, "advises", "DATA_EVENTS_MISSING")])


def test_a_trail_that_is_off_or_elsewhere_or_fails_is_told(aws, said, run):
    set_up(aws, HERE, "eu-west-1")
    aws.trails.errors[TRAIL] = "NoSuchBucket"
    assert said() == (0, [(HERE, "advises", "TRAIL_DELIVERY_FAILED")])
    aws.client("cloudtrail").stop_logging(Name="main")
    assert said("--region", "eu-west-1")[1][0] == ("eu-west-1", "blocks", "TRAIL_STOPPED")
    aws.client("cloudtrail").delete_trail(Name="main")
    log(aws, "arn:aws:s3", region="eu-west-1", everywhere=False)
    assert said("--region", "eu-west-1") == (0, [])
    assert said()[1][0] == (HERE, "blocks", "TRAIL_ABSENT")


def test_the_summary_counts_and_the_table_is_plain_where_nobody_watches(aws, run):
    set_up(aws)
    code, out, said = run()
    assert code == 0
    heading, *rows = out.splitlines()
    assert heading.split() == ["outcome", "code", "account", "region", "finding"]
    assert all(row.startswith("fine ") for row in rows)
    assert said == f"account {aws.account}, {HERE}: 0 blocks, 0 unreadable, 0 advises, {len(rows)} fine\n"
    assert "\x1b" not in out
