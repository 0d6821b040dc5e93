"""`classify` against the embedded AWS: what it proposes and foresees, prints and writes, and that it only reads."""

import json
import os
import shlex

import pytest
import yaml
from botocore.client import BaseClient
from botocore.exceptions import ClientError
from botocore.session import get_session
from botocore.validate import ParamValidator
from remediate_command import writes
from remediation import bucket, default, key

from s3_guardrails.cli import main
from s3_guardrails.embedded.environment import only
from s3_guardrails.settings.strict_yaml import read_yaml

ACCOUNT, PARTNER = "123456789012", "444455556666"
OAI = "arn:aws:iam::cloudfront:user/CloudFront Origin Access Identity E1"


def allowing(name, principal, action):
    statement = {"Effect": "Allow", "Principal": principal, "Action": action, "Resource": f"arn:aws:s3:::{name}/*"}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def tagged(aws, name, **tags):
    found = [{"Key": each.replace("_", "-"), "Value": value} for each, value in tags.items()]
    aws.client("s3").put_bucket_tagging(Bucket=name, Tagging={"TagSet": found})


@pytest.fixture
def classify(aws, capsys, tmp_path, monkeypatch, calls):
    """Run the command in a folder of its own; return exit status, stdout and stderr."""
    monkeypatch.chdir(tmp_path)

    def run(*arguments):
        calls.clear()
        with only(aws.environment()):
            code = main(["classify", *map(str, arguments)])
        shown = capsys.readouterr()
        return code, shown.out, shown.err

    return run


@pytest.fixture
def classified(classify, calls):
    """Run it with --json; return exit status and the buckets by name; nothing was written to the account."""

    def run(*arguments):
        code, out, err = classify("--json", "--overwrite", *arguments)
        assert writes(calls) == [], err
        return code, {each["bucket"]: each for each in json.loads(out)["buckets"]}

    return run


@pytest.fixture
def organization(aws):
    """Buckets of many kinds, none of which has a telling name."""
    s3 = aws.client("s3")
    for name in ("app", "target", "site", "plain"):
        bucket(aws, name, data_class=None)
    bucket(
        aws,
        "balancer",
        data_class=None,
        policy=allowing("balancer", {"AWS": "arn:aws:iam::127311923021:root"}, "s3:PutObject"),
    )
    bucket(aws, "origin", data_class=None, policy=allowing("origin", {"AWS": OAI}, "s3:GetObject"))
    bucket(
        aws,
        "shared",
        data_class=None,
        policy=allowing("shared", {"AWS": f"arn:aws:iam::{PARTNER}:root"}, "s3:GetObject"),
    )
    bucket(
        aws,
        "flow",
        data_class=None,
        policy=allowing("flow", {"Service": "delivery.logs.amazonaws.com"}, "s3:PutObject"),
    )
    s3.put_bucket_policy(
        Bucket="target", Policy=allowing("target", {"Service": "logging.s3.amazonaws.com"}, "s3:PutObject")
    )
    s3.put_bucket_logging(
        Bucket="app", BucketLoggingStatus={"LoggingEnabled": {"TargetBucket": "target", "TargetPrefix": ""}}
    )
    s3.put_bucket_website(Bucket="site", WebsiteConfiguration={"IndexDocument": {"Suffix": "index.html"}})
    tagged(aws, "app", data_class="internal")
    return aws


def files(tmp_path, **documents):
    """Write JSON files; return them as options."""
    options = []
    for name, document in documents.items():
        path = tmp_path / f"{name}.json"
        path.write_text(json.dumps(document), encoding="utf-8")
        options += [f"--{name.replace('_', '-')}", path]
    return options


def sensitive(*names):
    return {
        "findings": [
            {"id": name, "type": "SensitiveData:S3Object/Personal", "resourcesAffected": {"s3Bucket": {"name": name}}}
            for name in names
        ]
    }


def test_kinds_of_buckets_get_their_classes(organization, classified):
    code, found = classified()
    assert code == 1
    proposed = {name: (each["outcome"], (each["proposed"] or {}).get("class")) for name, each in found.items()}
    assert proposed == {
        "app": ("keep", "internal"),
        "balancer": ("propose", "log-delivery"),
        "flow": ("propose", "log-delivery"),
        "origin": ("propose", "internal"),
        "plain": ("no evidence", None),
        "shared": ("no evidence", None),
        "site": ("propose", "public"),
        "target": ("propose", "log-delivery"),
    }
    assert [each["code"] for each in found["target"]["reasons"]] == ["ACCESS_LOG_TARGET"]
    assert all(each["proposed"] is None or each["proposed"]["mode"] == "SSE-S3" for each in found.values())


def test_the_file_says_what_json_says_and_every_reader_reads_it_the_same(organization, classify, tmp_path):
    _, out, _ = classify("--json")
    text = (tmp_path / "classification.yaml").read_bytes()
    assert read_yaml(text).tree == yaml.safe_load(text) == json.loads(out)
    assert text.isascii()


def test_two_runs_give_the_same_plan_and_leave_the_account_as_it_was(organization, classify, calls, tmp_path):
    classify()
    first = (tmp_path / "classification.yaml").read_bytes()
    code, _, _ = classify("--overwrite", "--concurrency", 1)
    assert (code, writes(calls)) == (1, [])
    assert (tmp_path / "classification.yaml").read_bytes() == first


def test_the_command_to_apply_sets_one_tag_and_is_what_the_api_takes(organization, classified):
    _, found = classified()
    [command] = found["site"]["apply"]
    words = shlex.split(command)
    assert words[:3] == ["aws", "s3control", "tag-resource"]
    options = dict(zip(words[3::2], words[4::2], strict=True))
    assert options.pop("--region") == organization.region
    given = {
        "AccountId": options["--account-id"],
        "ResourceArn": options["--resource-arn"],
        "Tags": json.loads(options["--tags"]),
    }
    operation = get_session().get_service_model("s3control").operation_model("TagResource")
    assert not ParamValidator().validate(given, operation.input_shape).has_errors()
    assert given["Tags"] == [{"Key": "data-class", "Value": "public"}]
    assert found["app"]["apply"] == found["plain"]["apply"] == []


def test_what_would_break_is_what_the_planner_refuses(organization, classified, tmp_path):
    arn = key(organization)
    tagged(organization, "shared", classification="confidential", ManagedBy="terraform")
    parameters = tmp_path / "parameters.json"
    parameters.write_text(json.dumps({"S3_BUCKET_DEFAULT_ENCRYPTION": {"ApprovedKeys": arn}}), encoding="utf-8")
    _, found = classified("--bucket", "shared", "--parameters", parameters)
    each = found["shared"]
    assert each["proposed"] == {"class": "confidential", "mode": "SSE-KMS-CMK"}
    assert {one["code"] for one in each["would-break"]} == {"MANAGED_BY_IAC", "CROSS_ACCOUNT_LOSES_ACCESS"}
    assert [one["code"] for one in each["to-approve"]] == ["IMPACT_UNKNOWN"]
    assert each["managed-by"] == "the tag `ManagedBy` says that a tool manages the bucket: set the class there"


def test_without_an_approved_key_that_is_what_speaks_against_it(organization, classified, tmp_path):
    _, found = classified(*files(tmp_path, macie=sensitive("plain", "elsewhere")), "--bucket", "plain")
    assert found["plain"]["proposed"] == {"class": "confidential", "mode": "SSE-KMS-CMK"}
    assert [each["code"] for each in found["plain"]["would-break"]] == ["CHOOSE_KEY"]
    cost = found["plain"]["monthly-kms-cost"]
    assert cost["requests-per-month"] is None
    assert cost["without-bucket-key"] == "3.00 USD per million requests"


def test_who_owns_the_bucket_speaks_against_it_even_without_a_key(organization, classified):
    tagged(organization, "plain", data_class="restricted", ManagedBy="terraform")
    _, found = classified("--bucket", "plain")
    assert [each["code"] for each in found["plain"]["would-break"]] == ["CHOOSE_KEY", "MANAGED_BY_IAC"]


def test_requests_that_are_given_are_what_is_paid_for(organization, classified, tmp_path):
    given = files(tmp_path, macie=sensitive("plain"), requests={"plain": 20_000_000})
    cost = classified(*given, "--bucket", "plain")[1]["plain"]["monthly-kms-cost"]
    assert (cost["requests-per-month"], cost["without-bucket-key"]) == (20_000_000, "60.00 USD")
    assert (cost["with-bucket-key-at-best"], cost["customer-managed-key"]) == ("0.60 USD", "1.00 USD")


def test_findings_can_contradict_a_class(organization, classified, tmp_path):
    code, found = classified(*files(tmp_path, macie=sensitive("app")), "--bucket", "app")
    assert (code, found["app"]["outcome"], found["app"]["evidence-points-to"]) == (1, "conflict", "confidential")
    assert found["app"]["proposed"] is None
    assert found["app"]["apply"] == []


def test_a_class_whose_mode_the_bucket_lacks_stays_and_the_mode_is_proposed(organization, classified):
    tagged(organization, "plain", data_class="restricted")
    code, found = classified("--bucket", "plain")
    assert (code, found["plain"]["outcome"]) == (1, "keep")
    assert found["plain"]["proposed"] == {"class": "restricted", "mode": "SSE-KMS-CMK"}
    bucket(organization, "sealed", encryption=default("aws:kms", key(organization)))
    tagged(organization, "sealed", data_class="restricted")
    assert classified("--bucket", "sealed")[0] == 0


def test_classes_are_those_of_the_guardrails_file(organization, classified, tmp_path):
    path = tmp_path / "guardrails.yaml"
    path.write_text(
        "version: 1\nclasses:\n"
        "  web: {accepts: [SSE-S3], proposed-for: [public]}\n"
        "  secret: {accepts: [SSE-KMS-CMK]}\n",
        encoding="utf-8",
    )
    _, found = classified("--parameters", path)
    assert found["site"]["proposed"]["class"] == "web"
    assert found["balancer"]["outcome"] == "class missing"
    assert found["balancer"]["to-decide"].startswith("no class for log-delivery data that accepts SSE-S3")


def test_what_is_closed_is_told_and_nothing_is_proposed(organization, classified, closed):
    closed("GetBucketWebsite")
    code, found = classified("--bucket", "site", "--bucket", "target")
    assert (code, {each["outcome"] for each in found.values()}) == (3, {"not known"})
    assert "website" in found["site"]["to-decide"]


@pytest.fixture
def failing(monkeypatch):
    """Have operations fail: from the call after `after` on, and of one bucket only where it is named."""
    make = BaseClient._make_api_call

    def fail(code, *operations, after=0, name=None):
        made = []

        def calling(client, operation, parameters):
            if operation in operations and name in {None, parameters.get("Bucket")}:
                made.append(operation)
                if len(made) > after:
                    raise ClientError({"Error": {"Code": code, "Message": "no"}}, operation)
            return make(client, operation, parameters)

        monkeypatch.setattr(BaseClient, "_make_api_call", calling)

    return fail


@pytest.fixture
def closed(failing):
    return lambda *operations, after=0: failing("AccessDenied", *operations, after=after)


@pytest.fixture
def throttled(failing):
    return lambda operation, name: failing("Throttling", operation, name=name)


def test_a_service_that_does_not_answer_costs_one_bucket_only(organization, classified, throttled):
    throttled("GetBucketTagging", "site")
    code, found = classified("--bucket", "site", "--bucket", "target")
    assert (code, found["site"]["outcome"], found["target"]["outcome"]) == (1, "not known", "propose")
    assert "Throttling" in found["site"]["to-decide"]


def test_a_plan_that_cannot_be_made_is_what_speaks_against_it(organization, classified, closed):
    tagged(organization, "plain", data_class="restricted")
    closed("GetBucketEncryption", after=1)
    _, found = classified("--bucket", "plain")
    assert [each["code"] for each in found["plain"]["would-break"]] == ["NOT_PLANNED"]


def test_trails_and_delivery_channels_are_asked_for_once(organization, classified, calls):
    classified()
    assert [operation for _, operation in calls].count("DescribeTrails") == 1
    assert [operation for _, operation in calls].count("DescribeDeliveryChannels") == 1


def test_a_listing_that_fails_leaves_no_plan(organization, classify, closed, tmp_path):
    closed("ListBuckets")
    code, out, err = classify()
    assert (code, out) == (2, "")
    assert "ListBuckets: AccessDenied" in err
    assert not list(tmp_path.iterdir())


def test_the_table_shows_no_control_character_of_a_tag(organization, classify):
    tagged(organization, "plain", classification="red\u202e" * 10)
    code, out, err = classify("--bucket", "plain")
    assert code == 1
    assert "\u202e" not in out + err
    assert "plain" in out
    assert "TAG_UNKNOWN" in out


def test_a_plan_that_somebody_reviewed_is_not_overwritten(organization, classify, calls, tmp_path):
    (tmp_path / "classification.yaml").write_text("mine", encoding="utf-8")
    code, out, err = classify()
    assert (code, out, calls) == (2, "", [])
    assert "is there already: pass --overwrite, or another --out" in err
    assert (tmp_path / "classification.yaml").read_text(encoding="utf-8") == "mine"
    assert classify("--out", "other.yaml")[0] == 1


@pytest.mark.parametrize(
    ("option", "text", "sentence"),
    [
        ("--macie", "{", "not JSON"),
        ("--macie", '{"findings": [{"type": 7}]}', "findings[0].type: expected a string"),
        ("--macie", '{"findings": [], "findings": []}', "the key `findings` is repeated"),
        ("--access-analyzer", '{"findings": {}}', "findings: expected a list"),
        ("--access-analyzer", "[" * 100_000, "nested too deeply"),
        ("--requests", '{"plain": "many"}', "plain: expected a whole number"),
        ("--requests", '{"plain": 1e999}', "expected a number that fits"),
        ("--prices", '{"groups": []}', "bucket_keys: expected it, found nothing"),
    ],
)
def test_a_file_that_is_none_is_an_error_before_anything_is_read(classify, calls, tmp_path, option, text, sentence):
    path = tmp_path / "given.json"
    path.write_text(text, encoding="utf-8")
    code, out, err = classify(option, path)
    assert (code, out, calls) == (2, "", [])
    assert f"{option} `{path}`: " in err
    assert sentence in err
    assert [each.name for each in tmp_path.iterdir()] == ["given.json"]


def test_a_file_of_bytes_and_a_folder_that_cannot_be_written_are_errors(organization, classify, tmp_path):
    path = tmp_path / "given.json"
    path.write_bytes(os.urandom(64) + b"\xff")
    assert "expected UTF-8" in classify("--macie", path)[2]
    (tmp_path / "taken").write_text("", encoding="utf-8")
    code, out, err = classify("--bucket", "plain", "--out", tmp_path / "taken" / "plan.yaml")
    assert (code, out) == (2, "")
    assert "taken" in err
