"""`fleet scan` against an embedded organization: whose resources it judges, what is named where it cannot, exits."""

import json
from datetime import UTC, date, datetime, timedelta

import pytest
from fleet import EXTERNAL_ID, Fleet, make_bucket, make_key

from s3_guardrails.cli import main
from s3_guardrails.decision import Verdict
from s3_guardrails.embedded.call import Refused
from s3_guardrails.embedded.environment import only
from s3_guardrails.exemption.record import Exemption, Scope
from s3_guardrails.exemption.register import Signed, text_of

TLS, ROTATION, DEFAULT = "S3_BUCKET_TLS_ONLY", "KMS_KEY_ROTATION", "S3_BUCKET_DEFAULT_ENCRYPTION"
HERE, THERE = "us-east-1", "eu-west-1"


@pytest.fixture
def fleet(aws):
    return Fleet(aws)


@pytest.fixture
def run(aws, capsys):
    """Run the command as the management account; return exit status, stdout and stderr."""

    def run(*arguments, external_id=EXTERNAL_ID):
        given = {"S3_GUARDRAILS_EXTERNAL_ID": external_id} if external_id else {}
        with only({**aws.environment(), **given}):
            code = main(["fleet", "scan", *arguments])
        shown = capsys.readouterr()
        return code, shown.out, shown.err

    return run


@pytest.fixture
def report(run):
    def report(*arguments, **more):
        code, out, _ = run("--json", *arguments, **more)
        return code, json.loads(out)

    return report


def counted(groups, name):
    return {each[name]: each["compliance"] for each in groups}


def of(compliant, asked):
    return {"compliant": compliant, "of": asked}


def notices(found):
    return [(each["account"], each["region"], each["code"]) for each in found["notices"]]


def test_every_account_and_region_is_judged_and_counted_by_account_ou_rule_and_class(aws, fleet, report):
    make_bucket(fleet.ledger, "ledger", data_class="internal")
    make_bucket(fleet.audit, "audit", region=THERE)
    make_bucket(aws, "management", data_class="confidential")
    for region in (HERE, THERE):
        make_key(fleet.ledger, region, rotates=region == THERE)
    rules = [word for rule in (TLS, ROTATION, DEFAULT) for word in ("--rule", rule)]
    code, found = report("--region", HERE, "--region", THERE, *rules)
    assert (code, notices(found)) == (1, [])
    assert [(each["name"], each["unit"], each["looked_at"]) for each in found["accounts"]] == [
        ("master", "Root", "wholly"),
        ("audit", "Root/Workloads", "wholly"),
        ("ledger", "Root/Workloads/Production", "wholly"),
    ]
    assert counted(found["accounts"], "account") == {
        aws.account: of(0, 2),
        fleet.audit.id: of(1, 2),
        fleet.ledger.id: of(2, 4),
    }
    assert counted(found["by_unit"], "unit") == {
        "Root": of(0, 2),
        "Root/Workloads": of(1, 2),
        "Root/Workloads/Production": of(2, 4),
    }
    assert counted(found["by_rule"], "rule") == {TLS: of(0, 3), ROTATION: of(1, 2), DEFAULT: of(2, 3)}
    assert counted(found["by_data_class"], "data_class") == {
        "(keys without one)": of(1, 2),
        "(unclassified)": of(1, 2),
        "confidential": of(0, 2),
        "internal": of(1, 2),
    }
    assert (found["total"]["compliance"], found["total"]["resources"], found["total"]["unclassified"]) == (
        of(3, 8),
        5,
        1,
    )
    assert {each["resource_id"] for each in found["findings"] if each["rule"] == TLS} == {
        "ledger",
        "audit",
        "management",
    }


def test_an_account_that_cannot_be_entered_costs_itself_only_and_is_named_with_the_next_step(aws, fleet, run, report):
    stranger = fleet.account("stranger", fleet.workloads, role=False)
    make_bucket(fleet.ledger, "ledger")
    code, found = report("--rule", TLS)
    assert (code, notices(found)) == (2, [(stranger.id, "", "ROLE_REFUSED")])
    assert {each["account"]: each["looked_at"] for each in found["accounts"]}[stranger.id] == "no"
    assert counted(found["accounts"], "account")[fleet.ledger.id] == of(0, 1)
    _, out, said = run("--rule", TLS)
    [row] = [line for line in out.splitlines() if line.startswith("uncovered")]
    assert "deploy/reader-role.yaml" in row
    [row] = [line for line in out.splitlines() if line.startswith(stranger.id)]
    assert set(row.split()[4:]) == {"-"}
    assert "3 of 4 active accounts looked at" in said


def test_a_wrong_external_id_enters_no_account_and_is_never_told(aws, fleet, run):
    for wrong in ("secret-of-somebody-else", None):
        code, out, said = run(external_id=wrong)
        assert code == 2
        assert out.count("ROLE_REFUSED") == 2
        assert "secret" not in out + said


@pytest.mark.parametrize("before", ["", "x" * 120, "x" * 150])
def test_an_external_id_that_a_service_quotes_is_hidden_also_where_the_message_is_cut(aws, fleet, run, before):
    message = f"{before}Value '{EXTERNAL_ID}' at 'externalId' failed to satisfy constraint"
    aws.faults.fail("sts:AssumeRole", Refused("ValidationError", message, 400), times=None)
    code, out, said = run()
    assert code == 2
    assert EXTERNAL_ID[:5] not in out + said
    assert "Value '(" in out


@pytest.mark.parametrize("given", ["a", "with space", "x" * 1225, "secret\x1b[31m"])
def test_an_external_id_that_cannot_be_one_is_refused_unseen(fleet, run, given):
    code, out, said = run("--external-id", given)
    assert (code, out) == (2, "")
    assert said.startswith("Error: --external-id or S3_GUARDRAILS_EXTERNAL_ID: expected 2 to 1224 letters")
    assert given[:6] not in said.removeprefix("Error: --external-id or S3_GUARDRAILS_EXTERNAL_ID: expected 2 to 1224 ")


def test_a_suspended_account_is_named_and_no_gap(aws, fleet, report):
    aws.client("organizations").close_account(AccountId=fleet.audit.id)
    code, found = report("--rule", TLS)
    assert (code, notices(found)) == (0, [(fleet.audit.id, "", "ACCOUNT_NOT_ACTIVE")])


def test_a_region_that_an_account_does_not_have_is_named_and_the_others_are_judged(aws, fleet, report):
    make_key(fleet.ledger)
    make_bucket(fleet.ledger, "ledger")
    aws.regions.statuses["eu-south-1"] = "DISABLED"
    code, found = report("--region", "eu-south-1", "--region", HERE, "--rule", ROTATION, "--rule", TLS)
    everywhere = sorted([aws.account, fleet.audit.id, fleet.ledger.id])
    assert (code, notices(found)) == (2, [(each, "eu-south-1", "REGION_NOT_ENABLED") for each in everywhere])
    assert counted(found["accounts"], "account")[fleet.ledger.id] == of(0, 2)
    assert {each["looked_at"] for each in found["accounts"]} == {"in part"}


def test_what_is_the_same_in_several_regions_is_one_row_of_the_table_and_several_notices(aws, fleet, run, report):
    aws.regions.statuses |= {"eu-south-1": "DISABLED", "eu-south-2": "DISABLED"}
    regions = [word for region in (HERE, "eu-south-1", "eu-south-2") for word in ("--region", region)]
    arguments = (*regions, "--rule", ROTATION, "--account", fleet.ledger.id)
    assert len(notices(report(*arguments)[1])) == 2
    [row] = [line for line in run(*arguments)[1].splitlines() if line.startswith("uncovered")]
    assert "eu-south-1, eu-south-2" in row


def test_what_a_service_refuses_or_throttles_is_told_with_its_cause(aws, fleet, report):
    make_bucket(fleet.ledger, "ledger")
    aws.faults.deny("kms:ListKeys")
    assert {code for _, _, code in notices(report()[1])} == {"REFUSED"}
    aws.faults.clear()
    aws.faults.throttle("s3:ListBuckets", times=None)
    code, found = report("--rule", TLS)
    assert (code, {code for _, _, code in notices(found)}) == (2, {"THROTTLED"})
    aws.faults.clear()
    expired = Refused("ExpiredTokenException", "The security token included in the request is expired", 400)
    aws.faults.fail("kms:ListKeys", expired, times=None)
    assert {code for _, _, code in notices(report()[1])} == {"CREDENTIALS_REFUSED"}
    aws.faults.clear()
    aws.faults.throttle("sts:AssumeRole", times=2)
    assert report("--rule", TLS)[0] == 1


def test_a_resource_that_is_closed_is_undetermined_and_never_compliant(aws, fleet, report):
    make_bucket(fleet.ledger, "ledger")
    aws.faults.deny("s3:GetBucketPolicy", "ledger")
    code, found = report("--rule", TLS)
    assert (code, found["total"]["compliance"]) == (3, of(0, 1))
    assert found["total"]["verdicts"]["UNDETERMINED"] == 1
    aws.faults.clear()
    aws.faults.deny("s3:GetBucketTagging", "ledger")
    assert counted(report("--rule", TLS)[1]["by_data_class"], "data_class") == {"(not known)": of(0, 1)}


@pytest.fixture
def register(tmp_path):
    """A register of one exemption, of the bucket `ledger` in an account."""

    def register(account, *, days):
        scope = Scope(account=account, region=HERE, bucket="ledger")
        ends = datetime.now(UTC).date() + timedelta(days=days)
        found = Exemption(id="EX-1", rule=TLS, scope=scope, owner="us", created=date(2020, 1, 1), expires=ends)
        path = tmp_path / "register.json"
        path.write_text(Signed(text_of([found], Verdict.NON_COMPLIANT)).dumps(), encoding="utf-8")
        return "--exemptions", str(path)

    return register


@pytest.mark.parametrize(("days", "status", "exempt"), [(90, 0, 1), (-1, 1, 0)])
def test_exempt_findings_are_counted_apart_and_are_nothing_to_act_on(fleet, report, register, days, status, exempt):
    make_bucket(fleet.ledger, "ledger")
    code, found = report("--rule", TLS, *register(fleet.ledger.id, days=days))
    assert (code, found["total"]["compliance"]) == (status, of(0, 1))
    assert (found["total"]["exempt"], found["total"]["exemptions_expired"]) == (exempt, 1 - exempt)
    [row] = found["findings"]
    assert (row["exempt"], row["exemption"].startswith("EX-1 ")) == (exempt == 1, True)


def test_an_exemption_of_one_account_is_none_of_another(fleet, report, register):
    make_bucket(fleet.ledger, "ledger")
    assert report("--rule", TLS, *register(fleet.audit.id, days=90))[0] == 1


def test_an_ou_that_cannot_be_read_is_not_known_and_the_accounts_are_all_there(aws, fleet, report):
    aws.faults.deny("organizations:ListAccountsForParent")
    code, found = report("--rule", TLS)
    assert (code, [each["unit"] for each in found["accounts"]]) == (0, [None, None, None])


def test_accounts_that_cannot_be_listed_are_no_empty_fleet(aws, fleet, run):
    aws.faults.deny("organizations:ListAccounts")
    code, out, said = run()
    assert (code, out) == (2, "")
    assert said.startswith("Error: the accounts of the organization: ListAccounts: AccessDeniedException: ")
    assert "--account" in said


def test_named_accounts_need_no_organization(aws, fleet, run, report, tmp_path, calls):
    make_bucket(fleet.ledger, "ledger")
    path = tmp_path / "accounts"
    path.write_text(f"# ours\n{fleet.ledger.id}  # the ledger\n\n{fleet.ledger.id}\n", encoding="utf-8")
    calls.clear()
    code, out, said = run("--json", "--rule", TLS, "--accounts-file", str(path), "--account", fleet.audit.id)
    assert [each["account"] for each in json.loads(out)["accounts"]] == sorted([fleet.audit.id, fleet.ledger.id])
    assert code == 1
    assert said.startswith(f"named more than once, looked at once: {fleet.ledger.id}\n")
    assert not [each for each in calls if each[0] == "organizations"]


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--account", "12"], "Error: --account `12`: expected an account id of 12 digits"),
        (["--account", "\uff11" * 12], "Error: --account `\uff11\uff11"),
        (["--account", "1\x1b[31m"], "Error: --account `1\\x1b[31m`: expected an account id"),
        (["--role-name", "arn:aws:iam::1:role/x"], "Error: --role-name `arn:aws:iam::1:role/x`: expected the name"),
        (["--region", "nowhere"], "Error: region `nowhere`: expected the name of a Region"),
        (["--rule", "NO"], "Error: unknown rule `NO`: expected one of "),
        (["--accounts-at-once", "0"], "Usage: "),
    ],
)
def test_what_cannot_run_exits_with_two_and_a_sentence(run, arguments, sentence):
    code, out, said = run(*arguments)
    assert (code, out) == (2, "")
    assert said.startswith(sentence)


def test_a_file_is_refused_with_the_line_that_is_no_account(run, tmp_path):
    path = tmp_path / "accounts"
    path.write_text("111122223333\nx\n", encoding="utf-8")
    assert run("--accounts-file", str(path))[2] == f"Error: `{path}` line 2: `x`: expected an account id of 12 digits\n"
    path.write_text("# none\n", encoding="utf-8")
    assert run("--accounts-file", str(path))[2] == f"Error: `{path}`: expected an account id on a line, found none\n"
    path.write_bytes(b"\xff\xfe\x00")
    assert run("--accounts-file", str(path))[2].startswith(f"Error: `{path}`: ")


def test_nobody_to_look_at_is_not_fine(aws, fleet, report):
    aws.client("organizations").close_account(AccountId=fleet.audit.id)
    assert report("--account", "999999999999")[0] == 2


def test_names_of_others_are_shown_escaped(aws, fleet, run):
    fleet.account("red\x1b[31m\u202e", fleet.organization.unit("\x1b[2Junit"))
    _, out, said = run("--rule", TLS)
    assert "red\\x1b[31m\\u202e" in out
    assert "Root/\\x1b[2Junit" in out
    assert "\x1b" not in out + said


def test_a_defect_in_one_account_is_named_and_not_fatal(aws, fleet, report, monkeypatch):
    from s3_guardrails.deploy.fleet_scan import Scan

    look = Scan.look

    def broken(self, member, clients):
        if member.id == fleet.audit.id:
            raise ZeroDivisionError("oh")
        return look(self, member, clients)

    monkeypatch.setattr(Scan, "look", broken)
    code, found = report("--rule", TLS)
    assert (code, notices(found)) == (2, [(fleet.audit.id, "", "NOT_UNDERSTOOD")])


def test_the_table_is_plain_where_nobody_watches(aws, fleet, run):
    make_bucket(fleet.ledger, "ledger")
    _, out, said = run("--rule", TLS)
    heading, *_ = out.splitlines()
    assert heading.split()[:3] == ["account", "name", "OU"]
    assert "0 of 1" in out
    assert said.startswith("live reads as of 20")
    assert "compliant: 0 of 1 answers, those not applicable left out" in said
    assert "unclassified, so judged without a data class: 1 bucket\n" in said


def test_findings_of_every_account_have_owners_and_due_dates(aws, fleet, run, report, tmp_path, monkeypatch):
    """Tags say whose a bucket is, else the account does; the ledger remembers over runs and accounts."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "guardrails.yaml").write_text(
        f"""version: 1
classes: {{internal: {{accepts: [SSE-S3]}}}}
tenants: {{owners: {{audit: audit@example.com, crm: crm@example.com}}, accounts: {{"{fleet.audit.id}": audit}}}}
days-to-mend: {{MEDIUM: 10}}
""",
        encoding="utf-8",
    )
    make_bucket(fleet.ledger, "of-nobody", data_class="internal")
    make_bucket(fleet.audit, "of-audit", data_class="internal")
    given = ("--region", HERE, "--rule", TLS, "--parameters", "guardrails.yaml", "--ledger", "ledger.json")
    _, found = report(*given)
    today = datetime.now(UTC).date()
    told = {each["resource_id"]: each["tracking"] for each in found["findings"]}
    assert told["of-audit"] == {
        "tenant": "audit", "owner": "audit@example.com", "first_seen": today.isoformat(),
        "due": (today + timedelta(10)).isoformat(), "overdue": False,
    }  # fmt: skip
    assert told["of-nobody"]["owner"] is None
    assert (found["overdue"], found["without_owner"]) == (0, 1)
    ledger = tmp_path / "ledger.json"
    old = ledger.read_text(encoding="utf-8").replace(today.isoformat(), (today - timedelta(11)).isoformat())
    ledger.write_text(old, encoding="utf-8")
    _, table, said = run(*given)
    assert "2 findings tracked, 2 overdue, 1 without an owner" in said
    [line] = [line for line in table.splitlines() if "audit@example.com" in line]
    assert line.split() == ["audit@example.com", "1", "1"]
