"""Exemptions end to end on the embedded AWS: compiled, signed, published, read by rules, scans and remediations."""

import json
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from config_events import event, stored
from remediation import Bench, bucket, config_rule

from s3_guardrails.cli import main
from s3_guardrails.config import clients as config_clients
from s3_guardrails.config import refresh
from s3_guardrails.config.handler import evaluate
from s3_guardrails.deploy.publish import publish, sign
from s3_guardrails.discovery import find_rules
from s3_guardrails.embedded.environment import only
from s3_guardrails.encryption.fact import Unreadable
from s3_guardrails.errors import ChangeFailed, EvaluationFailed, LiveReadFailed
from s3_guardrails.exemption.record import Exemption, Scope
from s3_guardrails.exemption.register import Register, Signed, read_register, read_signed
from s3_guardrails.live.exemptions import LOCATION, SIGNING_KEY, Place, fetch_register, forget_register
from s3_guardrails.remediate.plan import Status

NAME = "cf-templates-1abc"
RULE = "S3_BUCKET_TLS_ONLY"
TLS = next(entry.rule for entry in find_rules() if entry.name == RULE)
HOME = "s3://register/exemptions.json"
FILE = """\
id: EX-021
rule: {rule}
scope: {{account: "{account}", region: {region}, bucket: {bucket}{more}}}
owner: crm@example.com
approver: ciso@example.com
reason: an appliance speaks plain HTTP until it is replaced
created: {created}
expires: {expires}
blast-radius: one archive that is only read
rollback: delete this file
"""


@pytest.fixture(autouse=True)
def nothing_kept():
    yield
    forget_register()
    config_clients.forget_clients()


@pytest.fixture
def home(aws):
    """A bucket for the register that keeps versions."""
    s3 = aws.client("s3")
    s3.create_bucket(Bucket="register")
    s3.put_bucket_versioning(Bucket="register", VersioningConfiguration={"Status": "Enabled"})
    return s3


@pytest.fixture
def signing_key(aws):
    made = aws.client("kms").create_key(KeySpec="ECC_NIST_P256", KeyUsage="SIGN_VERIFY")
    return made["KeyMetadata"]["Arn"]


@pytest.fixture
def command(aws, capsys, tmp_path, monkeypatch):
    """Run a command in a folder of its own; return exit status, stdout and stderr."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "exemptions").mkdir()

    def run(*arguments):
        with only(aws.environment()):
            code = main(list(arguments))
        shown = capsys.readouterr()
        return code, shown.out, shown.err

    return run


def write(aws, tmp_path, *, name=NAME, rule=RULE, more="", days=60):
    """Write an exemption that began ten days ago and ends in so many."""
    today = datetime.now(UTC).date()
    text = FILE.format(
        rule=rule, account=aws.account, region=aws.region, bucket=name, more=more,
        created=today - timedelta(10), expires=today + timedelta(days),
    )  # fmt: skip
    (tmp_path / "exemptions" / "EX-021.yaml").write_text(text, encoding="utf-8")
    return today + timedelta(days)


def fetched(aws, key=None):
    with only(aws.environment()):
        return fetch_register(config_clients.clients_for(None, aws.region), aws.region, Place.parse(HOME, key))


def judged(aws, key=None):
    """Let the rule judge the bucket, which has no policy; return what AWS Config then has of it."""
    made = event(
        aws, "change_bucket", accountId=aws.account, item={"awsAccountId": aws.account, "awsRegion": aws.region}
    )
    with only({**aws.environment(), LOCATION: HOME, **({SIGNING_KEY: key} if key else {})}):
        evaluate(TLS, made)
    return stored(aws)[NAME]


def test_a_compiled_and_signed_register_is_read_by_the_rule(aws, home, signing_key, command, tmp_path):
    until = write(aws, tmp_path)
    code, out, told = command("exemptions", "compile", "--publish", HOME, "--sign-with", signing_key)
    assert (code, told) == (0, "")
    found = json.loads(out)
    assert found["version"] == home.list_object_versions(Bucket="register")["Versions"][0]["VersionId"]
    assert fetched(aws, signing_key).sha256 == found["sha256"]
    compliance, annotation = judged(aws, signing_key)
    assert compliance == "NON_COMPLIANT"
    assert annotation.startswith(f"EX-021 until {until}, crm@example.com; NO_POLICY: ")


def tampered(home, change):
    whole = json.loads(home.get_object(Bucket="register", Key="exemptions.json")["Body"].read())
    home.put_object(Bucket="register", Key="exemptions.json", Body=json.dumps(change(whole)).encode())


BAD = {
    "another bucket than was signed": lambda whole: {
        **whole,
        "register": whole["register"].replace(NAME, "other-name"),
    },
    "no signature": lambda whole: {**whole, "signature": None},
    "a signature that is none": lambda whole: {**whole, "signature": "!"},
    "a signature of something else": lambda whole: {**whole, "signature": "MEUCIQ=="},
    "no register": lambda whole: {**whole, "register": None},
    "a list": lambda whole: [whole],
}


@pytest.mark.parametrize("title", BAD)
def test_a_register_that_was_changed_excuses_nothing(aws, home, signing_key, command, tmp_path, title):
    write(aws, tmp_path)
    command("exemptions", "compile", "--publish", HOME, "--sign-with", signing_key)
    tampered(home, BAD[title])
    assert isinstance(fetched(aws, signing_key), Unreadable)
    compliance, annotation = judged(aws, signing_key)
    assert compliance == "NON_COMPLIANT"
    assert annotation.startswith("NO_POLICY: ")
    assert "advisory EXEMPTIONS_UNREADABLE" in annotation


def test_the_key_that_the_function_was_told_of_decides_and_not_the_one_that_the_register_names(
    aws, home, signing_key, command, tmp_path
):
    other = aws.client("kms").create_key(KeySpec="ECC_NIST_P256", KeyUsage="SIGN_VERIFY")["KeyMetadata"]["Arn"]
    write(aws, tmp_path)
    command("exemptions", "compile", "--publish", HOME, "--sign-with", other)
    assert isinstance(fetched(aws, signing_key), Unreadable)
    assert isinstance(fetched(aws, other), Register)


def test_a_function_that_cannot_reach_its_register_still_gives_its_verdict(aws):
    compliance, annotation = judged(aws)
    assert compliance == "NON_COMPLIANT"
    assert "advisory EXEMPTIONS_UNREADABLE" in annotation
    assert "NoSuchBucket" in annotation


def test_one_run_over_many_keys_asks_once_for_a_register_that_cannot_be_read(aws, calls):
    """Each attempt takes its retries, and they would add up to more than the function's time."""
    rotation = next(entry.rule for entry in find_rules() if entry.name == "KMS_KEY_ROTATION")
    keys = [aws.client("kms").create_key()["KeyMetadata"]["KeyId"] for _ in range(5)]
    made = event(aws, "scheduled", accountId=aws.account, message={"awsAccountId": aws.account})
    calls.clear()
    with only({**aws.environment(), LOCATION: HOME}):
        evaluate(rotation, made)
    assert all("advisory EXEMPTIONS_UNREADABLE" in stored(aws)[each][1] for each in keys)
    assert [each for each in calls if each[1] == "GetObject"] == [("s3", "GetObject")]


def test_a_register_is_read_once_and_one_that_failed_is_read_again(aws, home, command, tmp_path):
    judged(aws)
    write(aws, tmp_path)
    command("exemptions", "compile", "--publish", HOME)
    assert judged(aws)[1].startswith("EX-021")
    home.delete_object(Bucket="register", Key="exemptions.json")
    assert judged(aws)[1].startswith("EX-021")
    forget_register()
    assert not judged(aws)[1].startswith("EX-021")


def test_an_expired_exemption_is_shown_as_expired(aws, home, command, tmp_path):
    until = write(aws, tmp_path, days=-1)
    code, _, told = command("exemptions", "compile", "--publish", HOME)
    assert (code, "is not signed" in told) == (0, True)
    assert judged(aws)[1].startswith(f"EX-021 expired {until}, crm@example.com; NO_POLICY: ")


def test_the_same_files_give_the_same_register(aws, command, tmp_path):
    write(aws, tmp_path)
    for out in ("one.json", "two.json"):
        assert command("exemptions", "compile", "--out", out)[0] == 0
    assert (tmp_path / "one.json").read_bytes() == (tmp_path / "two.json").read_bytes()


def test_nothing_is_written_where_a_file_has_an_error(aws, home, command, tmp_path):
    write(aws, tmp_path, name='"*"')
    code, out, told = command("exemptions", "compile", "--out", "out.json", "--publish", HOME)
    assert (code, out) == (2, "")
    assert "EX-021.yaml:3: scope.bucket: expected the name of one bucket" in told
    assert not (tmp_path / "out.json").exists()
    assert not home.list_objects_v2(Bucket="register").get("Contents")


def test_a_register_that_no_reader_would_take_is_not_written(aws, command, tmp_path, monkeypatch):
    write(aws, tmp_path)
    command("exemptions", "compile", "--out", "out.json")
    text = read_signed((tmp_path / "out.json").read_bytes()).text
    (tmp_path / "out.json").unlink()
    monkeypatch.setattr("s3_guardrails.exemption.register.MAX_BYTES", len(text) + 1)
    code, out, told = command("exemptions", "compile", "--out", "out.json")
    assert (code, out, (tmp_path / "out.json").exists()) == (2, "", False)
    assert f"`exemptions`: exemptions: expected at most {len(text) + 1} bytes" in told


def test_a_register_without_exemptions_is_told_of_since_it_withdraws_all(aws, command):
    code, _, told = command("exemptions", "compile", "--out", "out.json")
    assert code == 0
    assert "warning: there is no exemption in `exemptions`: whoever reads the register loses all" in told


def test_a_guardrails_file_that_was_asked_for_must_be_there(aws, command, tmp_path):
    write(aws, tmp_path)
    assert command("exemptions", "check")[0] == 0
    code, _, told = command("exemptions", "check", "--guardrails", "guardrails.yaml")
    assert (code, "`guardrails.yaml`: No such file" in told) == (2, True)


def test_no_register_is_compiled_as_of_another_day(command):
    """A renewal is a day that has come: whoever may choose the day may renew without end."""
    code, _, told = command("exemptions", "compile", "--out", "out.json", "--on", "2099-01-01")
    assert (code, "No such option" in told) == (2, True)


def test_brackets_of_a_file_are_shown_as_they_are(aws, command, tmp_path):
    write(aws, tmp_path, more=", prefix: '[red]x[/b]/'")
    code, out, told = command("exemptions", "list")
    assert (code, told) == (0, "")
    assert f"{NAME}/[red]x[/b]/ in {aws.account}" in out


def test_a_register_of_half_characters_is_refused_with_its_place(aws, command, tmp_path):
    (tmp_path / "register.json").write_text(Signed('{"format": "\ud800"}').dumps(), encoding="utf-8")
    code, _, told = command("scan", "--exemptions", "register.json")
    assert (code, "`register.json`: register: not JSON" in told) == (2, True)


class Halved:
    """Answers of S3 and KMS that lack what the model says they have."""

    def s3(self, _):
        return self

    kms = s3

    def get_bucket_versioning(self, **_):
        return {"Status": "Enabled"}

    def put_object(self, **_):
        return {}

    sign = put_object


def test_an_answer_without_what_was_asked_for_is_an_error_and_no_traceback():
    with pytest.raises(LiveReadFailed, match=r"exemptions\.json: KeyError: 'VersionId'"):
        publish(Halved(), "eu-west-1", Place.parse(HOME), "{}")
    with pytest.raises(LiveReadFailed, match="KeyError: 'Signature'"):
        sign(Halved(), Signed("{}"), "arn:aws:kms:eu-west-1:111122223333:key/k")


def test_a_bucket_without_versions_takes_no_register(aws, command, tmp_path):
    aws.client("s3").create_bucket(Bucket="register")
    write(aws, tmp_path)
    code, _, told = command("exemptions", "compile", "--publish", HOME)
    assert (code, "keeps no versions" in told) == (2, True)


def test_a_key_that_cannot_sign_is_told(aws, home, command, tmp_path):
    write(aws, tmp_path)
    arn = aws.client("kms").create_key()["KeyMetadata"]["Arn"]
    code, out, told = command("exemptions", "compile", "--publish", HOME, "--sign-with", arn)
    assert (code, out) == (2, "")
    assert f"signing with `{arn}`" in told
    assert not home.list_objects_v2(Bucket="register").get("Contents")


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["compile"], "expected --out or --publish"),
        (["compile", "--publish", "register/exemptions.json"], "expected s3://bucket/key"),
        (["compile", "--out", "x", "--sign-with", "alias/x"], "expected the ARN of a KMS key"),
        (["check", "--guardrails", "missing.yaml"], "missing.yaml"),
        (["check", "nowhere"], "nowhere"),
    ],
)
def test_what_cannot_be_meant_is_a_usage_error(command, arguments, expected):
    code, out, told = command("exemptions", *arguments)
    assert (code, out) == (2, "")
    assert expected in told


def test_the_list_and_the_check_say_what_has_ended(aws, command, tmp_path):
    until = write(aws, tmp_path, days=20)
    assert command("exemptions", "check")[0] == 0
    code, out, _ = command("exemptions", "list", "--json")
    row = json.loads(out)["exemptions"][0]
    assert (code, row["state"], row["days_left"], row["severity"]) == (0, "ending", 20, "MEDIUM")
    code, out, _ = command("exemptions", "list", "--on", until.isoformat())
    assert (code, "expired" in out) == (1, True)
    assert command("exemptions", "check", "--on", until.isoformat())[0] == 1


def test_a_scan_counts_what_is_exempt_apart_and_its_status_is_about_the_rest(aws, command, tmp_path):
    bucket(aws, NAME)
    until = write(aws, tmp_path)
    command("exemptions", "compile", "--out", "register.json")
    given = ("scan", "--json", "--rule", RULE, "--bucket", NAME)
    assert command(*given)[0] == 1
    code, out, told = command(*given, "--exemptions", "register.json")
    found = json.loads(out)
    assert (code, found["verdicts"]["NON_COMPLIANT"], found["exempt"]) == (0, 1, 1)
    assert found["findings"][0]["exemption"]["until"] == until.isoformat()
    assert "1 finding exempt" in told
    _, table, _ = command(*given[:1], *given[2:], "--exemptions", "register.json")
    assert f"EX-021 until {until}, crm@example.com; NO_POLICY" in table
    _, explained, _ = command("explain", NAME, "--exemptions", "register.json")
    assert f"exemption EX-021 until {until}" in explained


def test_a_register_that_was_asked_for_and_cannot_be_read_is_an_error(aws, command, tmp_path):
    (tmp_path / "broken.json").write_text("{}")
    for place in ("none.json", "broken.json", HOME):
        code, out, _ = command("scan", "--exemptions", place)
        assert (code, out) == (2, "")


@pytest.fixture
def bench(aws, tmp_path):
    bucket(aws, NAME)
    return Bench(aws, tmp_path / "plans", [])


def planned(bench, register):
    bench.engine = replace(bench.engine, exemptions=register)
    return bench.engine.plan(bench.order("RequireTls", NAME))


def compiled(aws, command, tmp_path, **scope):
    write(aws, tmp_path, **scope)
    command("exemptions", "compile", "--out", "register.json")
    return read_register(read_signed((tmp_path / "register.json").read_bytes()).text)


def test_what_is_exempt_is_not_remediated(aws, bench, command, tmp_path):
    register = compiled(aws, command, tmp_path)
    plan = planned(bench, register)
    assert [each.code for each in plan.refusals] == ["EXEMPT"]
    with pytest.raises(ChangeFailed, match="EXEMPT"):
        bench.engine.apply(bench.order("RequireTls", NAME), plan.id, lambda _: None)


def test_a_register_that_cannot_be_read_stops_every_change(bench):
    plan = planned(bench, Unreadable("exemptions", "AccessDenied"))
    assert [each.code for each in plan.refusals] == ["EXEMPTIONS_UNREADABLE"]


def test_an_exemption_that_ended_stops_nothing(aws, bench, command, tmp_path):
    assert planned(bench, compiled(aws, command, tmp_path, days=0)).status is Status.PLANNED


def test_an_exempt_prefix_needs_a_person(aws, bench, command, tmp_path):
    plan = planned(bench, compiled(aws, command, tmp_path, more=", prefix: 2019/"))
    assert "EXEMPT_IN_PART" in [each.code for each in plan.concerns]


def test_the_command_refuses_what_is_exempt(aws, command, tmp_path):
    bucket(aws, NAME)
    compiled(aws, command, tmp_path)
    code, out, _ = command("remediate", NAME, "--rule", RULE, "--json", "--exemptions", "register.json")
    assert (code, "EXEMPT" in out) == (1, True)


def refreshed(aws, register, monkeypatch):
    """Run the daily function with a register; return the names that AWS Config was asked to judge again."""
    aws.config.started.clear()
    monkeypatch.setattr(refresh, "own_register", lambda *_: register)
    with only({**aws.environment(), "AWS_REGION": aws.region}):
        refresh.lambda_handler({}, None)
    return sorted(aws.config.started)


PACKED = f"{RULE}-conformance-pack-a1b2c3"
TODAY = datetime.now(UTC).date()
TURNS = {
    "it began today": ((0, 60), True),
    "it began yesterday": ((-1, 60), True),
    "it begins tomorrow": ((1, 60), False),
    "it holds for long": ((-10, 60), False),
    "it ends in thirty days": ((-10, 30), True),
    "it ends tomorrow": ((-10, 1), False),
    "it ended today": ((-60, 0), True),
    "it ended a week ago": ((-60, -7), False),
    "it ended when the calendar began": (((date.min - TODAY).days, (date.min - TODAY).days + 5), False),
}


@pytest.mark.parametrize("title", TURNS)
def test_rules_are_judged_again_on_the_days_on_which_an_exemption_turns(aws, monkeypatch, title):
    for name in (PACKED, f"{RULE}_MORE-conformance-pack-a1b2c3", "S3_BUCKET_DEFAULT_ENCRYPTION", "of-somebody-else"):
        config_rule(aws, name)
    (created, expires), expected = TURNS[title]
    one = Exemption(
        id="EX-1", rule=RULE, owner="a@b", created=TODAY + timedelta(created), expires=TODAY + timedelta(expires),
        scope=Scope(account=aws.account, region=aws.region, bucket=NAME),
    )  # fmt: skip
    assert refreshed(aws, Register(exemptions=(one,)), monkeypatch) == ([PACKED] if expected else [])


def test_after_a_register_was_put_every_rule_that_listens_to_changes_is_judged_again(aws, monkeypatch):
    for name in (PACKED, "S3_BUCKET_DEFAULT_ENCRYPTION", "KMS_KEY_ROTATION", "of-somebody-else"):
        config_rule(aws, name)
    started = refreshed(aws, Register(published=TODAY), monkeypatch)
    assert started == sorted(["S3_BUCKET_DEFAULT_ENCRYPTION", PACKED])
    assert refreshed(aws, Register(published=TODAY - timedelta(2)), monkeypatch) == []


def test_a_register_that_cannot_be_read_fails_the_daily_run(aws, monkeypatch):
    with pytest.raises(EvaluationFailed, match="AccessDenied"):
        refreshed(aws, Unreadable("exemptions", "AccessDenied"), monkeypatch)
