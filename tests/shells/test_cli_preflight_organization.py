"""`preflight --organization` against the embedded AWS: whose accounts it sees, how it enters them, what it says."""

import json

import pytest
from preflight_account import organize, record, set_up

from s3_guardrails.cli import main
from s3_guardrails.embedded.environment import only
from s3_guardrails.preflight.finding import ACTIONS

ROLE = "OrganizationAccountAccessRole"
HERE = "us-east-1"


@pytest.fixture
def run(aws, capsys):
    """Run the command for the organization, as the embedded account or another; return exit status and findings."""

    def run(*arguments, access_key=None):
        keys = {"AWS_ACCESS_KEY_ID": access_key} if access_key else {}
        with only({**aws.environment(), **keys}):
            code = main(["preflight", "--organization", "--json", *arguments])
        found = json.loads(capsys.readouterr().out)["findings"]
        kept = [each for each in found if each["outcome"] != "fine"]
        return code, [(each["account"], each["region"], each["outcome"], each["code"]) for each in kept]

    return run


@pytest.fixture
def ready(aws):
    set_up(aws)
    return organize(aws, "security", "app")


@pytest.fixture
def management(aws):
    return (aws.account, "", "advises", "MANAGEMENT_ACCOUNT")


def test_every_active_account_is_looked_into_with_the_role(run, ready, management):
    assert run("--role", ROLE) == (0, [management])


def test_without_a_role_other_accounts_are_not_taken_for_fine(aws, run, ready, management):
    assert run() == (3, [(aws.account, "", "unreadable", "ACCOUNTS_NOT_ENTERED"), management])


def test_what_is_wrong_in_one_account_is_said_of_that_account(aws, run, ready, management):
    _, app = ready
    app.client("config").stop_configuration_recorder(ConfigurationRecorderName="default")
    record(aws, HERE, mode={"recordingFrequency": "DAILY"})
    daily = (aws.account, HERE, "advises", "RECORDED_DAILY")
    assert run("--role", ROLE) == (1, [(app.account, HERE, "blocks", "RECORDER_STOPPED"), daily, daily, management])


def test_an_account_that_cannot_be_entered_costs_itself_only(aws, run, ready, management):
    security, app = ready
    aws.faults.deny("sts:AssumeRole", f"arn:aws:iam::{security.account}:role/{ROLE}")
    app.client("config").stop_configuration_recorder(ConfigurationRecorderName="default")
    assert run("--role", ROLE) == (
        1,
        [
            (app.account, HERE, "blocks", "RECORDER_STOPPED"),
            (security.account, "", "unreadable", "ACCOUNT_UNREADABLE"),
            management,
        ],
    )


def test_a_suspended_account_is_named_and_not_entered(aws, run, ready, management, calls):
    _, app = ready
    aws.client("organizations").close_account(AccountId=app.account)
    calls.clear()
    assert run("--role", ROLE) == (0, [management, (app.account, "", "advises", "ACCOUNT_NOT_ACTIVE")])
    assert calls.count(("sts", "AssumeRole")) == 1


def test_an_organization_that_trusts_and_delegates_nothing(aws, run, management):
    set_up(aws)
    organize(aws, trusted=(), security=False)
    assert run() == (
        1,
        [
            (aws.account, "", "blocks", "STACKSETS_NOT_TRUSTED"),
            management,
            (aws.account, "", "advises", "ADMINISTRATOR_NOT_DELEGATED"),
            (aws.account, "", "advises", "CONFIG_NOT_TRUSTED"),
        ],
    )


def test_an_account_of_no_organization_is_told_so(aws, run):
    set_up(aws)
    assert run("--role", ROLE) == (1, [(aws.account, "", "blocks", "ORGANIZATION_ABSENT")])


def test_a_mere_member_sees_the_management_account_and_is_told_what_it_may_not_see(aws, run, ready, management):
    _, app = ready
    key = aws.assume(f"arn:aws:iam::{app.account}:role/{ROLE}")
    closed = ("ACCOUNTS_UNREADABLE", "DELEGATED_ADMINISTRATORS_UNREADABLE", "TRUSTED_SERVICES_UNREADABLE")
    expected = [(app.account, "", "unreadable", code) for code in closed]
    assert run("--role", ROLE, access_key=key) == (3, [*expected, management])


def test_law_each_call_that_is_refused_is_told_and_each_that_is_throttled_is_made_again(aws, run, ready):
    of_organizations = {fact: action for fact, action in ACTIONS.items() if action.startswith("organizations:")}
    assert len(of_organizations) == 4
    for fact, action in of_organizations.items():
        aws.faults.deny(action)
        code, found = run("--role", ROLE)
        assert code == 3
        assert (aws.account, "", "unreadable", f"{fact.upper()}_UNREADABLE") in found
        aws.faults.clear()
        aws.faults.throttle(action, times=2)
    aws.faults.throttle("sts:AssumeRole", times=2)
    assert run("--role", ROLE)[0] == 0


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--role", ROLE], "Error: --role: expected --organization with it\n"),
        (["--organization", "--role", ""], "Error: --role ``: expected the name of a role, with its path"),
        (
            ["--organization", "--role", "arn:aws:iam::1:role/x"],
            "Error: --role `arn:aws:iam::1:role/x`: expected the name",
        ),
        (["--organization", "--role", "a*"], "Error: --role `a*`: expected the name of a role"),
    ],
)
def test_a_role_that_cannot_be_one_exits_with_two(aws, capsys, arguments, sentence):
    with only(aws.environment()):
        assert main(["preflight", *arguments]) == 2
    shown = capsys.readouterr()
    assert shown.out == ""
    assert shown.err.startswith(sentence)
