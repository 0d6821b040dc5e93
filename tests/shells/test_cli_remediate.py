"""`remediate` against the embedded AWS: a dry run writes nothing, what is applied is what was shown, undo restores."""

import json
import re
from pathlib import Path

import pytest
from remediate_command import journal, on_terminal, ran, writes
from remediation import bucket, default, key

from s3_guardrails.embedded.server import EmbeddedAws

ACCOUNT = "123456789012"
DEFAULT, UPLOADS, TLS = "S3_BUCKET_DEFAULT_ENCRYPTION", "S3_BUCKET_UPLOADS_ENCRYPTED", "S3_BUCKET_TLS_ONLY"
ROTATION, KEY_POLICY = "KMS_KEY_ROTATION", "KMS_KEY_POLICY_LEAST_PRIVILEGE"
FOREIGN = """{
  "Version" : "2012-10-17", "Statement": { "Sid":"Ours", "Effect":"Allow", "Action":"s3:GetObject",
     "Principal":{"AWS":"arn:aws:iam::123456789012:role/reader"}, "Resource":"arn:aws:s3:::ledger/*"} }"""
ROOT = {"Sid": "Root", "Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}, "Action": "kms:*"}
WRITER = {"Sid": "Writer", "Effect": "Allow", "Principal": {"Service": "config.amazonaws.com"}, "Action": "kms:Decrypt"}


def parameters(tmp_path, **by_rule):
    path = tmp_path / "parameters.json"
    path.write_text(json.dumps(by_rule), encoding="utf-8")
    return "--parameters", path


def bucket_default(aws, tmp_path):
    bucket(aws, "ledger", encryption=default("AES256", BlockedEncryptionTypes={"EncryptionType": ["SSE-C"]}))
    given = parameters(tmp_path, **{DEFAULT: {"ApprovedKeys": key(aws)}})
    return (
        "ledger",
        DEFAULT,
        given,
        lambda: aws.client("s3").get_bucket_encryption(Bucket="ledger")["ServerSideEncryptionConfiguration"],
    )


def bucket_uploads(aws, tmp_path):
    bucket(aws, "ledger", encryption=default("aws:kms", key(aws)), policy=FOREIGN)
    return (
        "ledger",
        UPLOADS,
        ("--option", "AcceptUnknownSseC=true"),
        lambda: aws.client("s3").get_bucket_policy(Bucket="ledger")["Policy"],
    )


def bucket_tls(aws, tmp_path):
    bucket(aws, "ledger", policy=FOREIGN)
    return "arn:aws:s3:::ledger", TLS, (), lambda: aws.client("s3").get_bucket_policy(Bucket="ledger")["Policy"]


def key_rotation(aws, tmp_path):
    arn = key(aws)
    return arn, ROTATION, (), lambda: aws.client("kms").get_key_rotation_status(KeyId=arn)["KeyRotationEnabled"]


def key_policy(aws, tmp_path):
    policy = {"Version": "2012-10-17", "Statement": [{**each, "Resource": "*"} for each in (ROOT, WRITER)]}
    arn = key(aws, Policy=json.dumps(policy, indent=1))
    aws.client("kms").create_alias(AliasName="alias/ledger", TargetKeyId=arn)
    given = ("--option", "Administrators=admin")
    return (
        "alias/ledger",
        KEY_POLICY,
        given,
        lambda: aws.client("kms").get_key_policy(KeyId=arn, PolicyName="default")["Policy"],
    )


EVERY = pytest.mark.parametrize("made", [bucket_default, bucket_uploads, bucket_tls, key_rotation, key_policy])


@EVERY
def test_a_dry_run_writes_nothing_apply_what_was_shown_and_undo_every_byte_back(aws, made, remediated, calls, tmp_path):
    name, rule, given, setting = made(aws, tmp_path)
    files = set(tmp_path.iterdir())
    before = setting()

    code, dry = remediated(name, "--rule", rule, *given)
    assert (code, dry["outcome"], dry["verdict_after"]) == (1, "PLANNED", None)
    assert writes(calls) == []
    assert set(tmp_path.iterdir()) == files

    code, done = remediated(name, "--rule", rule, *given, "--apply", "--approve", dry["plan_id"])
    assert (code, done["outcome"], done["verdict_after"]) == (0, "VERIFIED", "COMPLIANT")
    assert writes(calls) == [each["operation"] for each in dry["calls"]]
    assert {each: done[each] for each in ("plan_id", "after", "diff")} == {
        each: dry[each] for each in ("plan_id", "after", "diff")
    }
    assert setting() != before
    assert json.loads((tmp_path / done["pre_image"]).read_bytes())["before"] == dry["before"]

    assert remediated(name, "--rule", rule, *given, "--apply", "--yes")[1]["outcome"] == "NOTHING_TO_DO"
    assert writes(calls) == []

    code, back = remediated("--undo", dry["plan_id"])
    assert (code, back["outcome"]) == (1, "PLANNED")
    assert writes(calls) == []
    code, undone = remediated("--undo", dry["plan_id"], "--apply", "--approve", back["plan_id"])
    assert (code, undone["outcome"]) == (0, "VERIFIED")
    assert setting() == before


def test_concerns_need_the_id_of_the_plan_that_was_reviewed(aws, remediated, calls, tmp_path):
    name, rule, given, setting = key_policy(aws, tmp_path)
    before = setting()
    code, refused = remediated(name, "--rule", rule, *given, "--apply", "--yes")
    assert (code, refused["outcome"]) == (1, "NOT_APPROVED")
    assert f"--approve {refused['plan_id']}" in refused["sentence"]
    _, other = remediated(name, "--rule", rule, *given, "--apply", "--yes", "--approve", f"RequireTls-{'0' * 24}")
    assert other["outcome"] == "NOT_APPROVED"
    assert (writes(calls), setting()) == ([], before)


def test_without_a_rule_the_broken_one_is_meant(aws, remediate, remediated, tmp_path):
    kept = parameters(tmp_path, **{ROTATION: {"MaximumDays": "180"}})
    arn = key(aws)
    code, found = remediated(arn, *kept)
    assert (code, found["rule"], found["after"]) == (1, ROTATION, {"rotation": {"enabled": True, "days": 180}})
    assert remediated(arn, *kept, "--apply", "--yes")[1]["outcome"] == "VERIFIED"
    code, found = remediated(arn, *kept)
    assert (code, found["outcome"], found["sentence"]) == (0, "NOTHING_TO_DO", "no rule is NON_COMPLIANT")
    bucket(aws, "ledger")
    code, out, said = remediate("ledger")
    assert (code, out) == (2, "")
    assert said == f"Error: 3 rules are NON_COMPLIANT, pass --rule with one of {DEFAULT}, {TLS}, {UPLOADS}\n"


def test_a_person_reads_verdict_change_calls_and_where_the_pre_image_is_kept(aws, remediate):
    bucket(aws, "ledger", policy=FOREIGN)
    code, out, said = remediate("ledger", "--rule", TLS)
    [plan] = re.findall(r"^plan (RequireTls-[0-9a-f]{24})$", out, re.MULTILINE)
    assert code == 1
    assert f"rule {TLS}: NON_COMPLIANT\n  TLS_NOT_REQUIRED: " in out
    assert '\n  +      "Sid": "S3GuardrailsRequireTls",\n' in out
    assert (
        f"calls\n  s3:PutBucketPolicy Bucket=ledger Policy=(as shown above) ExpectedBucketOwner={aws.account}\n" in out
    )
    assert f"pre-image, kept before the change: s3-guardrails-journal/remediation/{plan}/before.json\n" in out
    assert said.startswith("PLANNED: a person must approve: NO_LOGS: ")
    assert said.endswith("nothing was written; pass --apply to make the change\n")
    assert "\x1b" not in out


def test_a_refusal_says_what_to_do_instead(aws, remediate, remediated, calls):
    bucket(aws, "ledger", tags={"ManagedBy": "terraform"})
    code, out, _ = remediate("ledger", "--rule", TLS, "--apply", "--yes")
    assert code == 1
    assert "refused\n  MANAGED_BY_IAC: " in out
    assert "next steps\n  put the change there: `s3-guardrails remediate ledger --terraform`" in out
    assert remediated("ledger", "--rule", TLS)[1]["refusals"][0]["code"] == "MANAGED_BY_IAC"
    assert writes(calls) == []


def test_an_undetermined_verdict_changes_nothing(aws, remediated, calls, tmp_path):
    kept = parameters(tmp_path, **{DEFAULT: {"AcceptedModes": "other=SSE-S3"}})
    code, found = remediated(bucket(aws, "ledger"), "--rule", DEFAULT, *kept, "--apply", "--yes")
    assert (code, found["outcome"], writes(calls)) == (3, "UNDETERMINED", [])


def test_text_of_others_cannot_reach_the_terminal(aws, remediate):
    policy = json.loads(FOREIGN)
    policy["Statement"]["Condition"] = {"StringEquals": {"aws:PrincipalTag/x": "\u202e\u001b[31m"}}
    bucket(aws, "ledger", policy=policy)
    _, out, said = remediate("ledger", "--rule", TLS)
    assert r"\u202e\u001b[31m" in out
    assert not {"\u202e", "\x1b"} & {*out, *said}


def test_what_was_changed_after_the_plan_was_shown_is_not_overwritten(aws, remediated, calls):
    bucket(aws, "ledger", policy=FOREIGN)
    _, dry = remediated("ledger", "--rule", TLS)
    policy = FOREIGN.replace("reader", "writer")
    aws.client("s3").put_bucket_policy(Bucket="ledger", Policy=policy)
    code, found = remediated("ledger", "--rule", TLS, "--apply", "--approve", dry["plan_id"])
    assert (code, found["outcome"], writes(calls)) == (1, "NOT_APPROVED", [])


def test_a_write_that_is_refused_is_told_and_journaled(aws, remediated, tmp_path):
    aws.faults.deny("kms:EnableKeyRotation")
    code, found = remediated(key(aws), "--rule", ROTATION, "--apply", "--yes")
    assert (code, found["outcome"], found["sentence"][:13]) == (2, "FAILED", "WRITE_REFUSED")
    assert [each["status"] for each in journal(tmp_path)] == ["APPLYING", "FAILED"]


def test_the_evidence_bucket_keeps_pre_images_where_one_is_named(aws, remediated, tmp_path):
    s3 = aws.client("s3")
    s3.create_bucket(Bucket="evidence")
    arn = key(aws)
    given = (arn, "--rule", ROTATION, "--evidence-bucket", "evidence")
    assert remediated(*given)[1]["outcome"] == "PLANNED"
    assert s3.list_objects_v2(Bucket="evidence")["KeyCount"] == 0
    _, found = remediated(*given, "--apply", "--yes")
    assert found["pre_image"] == f"s3://evidence/remediation/{found['plan_id']}/before.json"
    kept = s3.get_object(Bucket="evidence", Key=found["pre_image"].removeprefix("s3://evidence/"))
    assert json.loads(kept["Body"].read())["before"] == {"rotation": {"enabled": False, "days": None}}
    assert not (tmp_path / "s3-guardrails-journal" / "remediation").exists()
    assert remediated("--undo", found["plan_id"], "--evidence-bucket", "evidence")[1]["outcome"] == "PLANNED"


def test_what_keeps_the_pre_images_is_left_alone(aws, remediated):
    arn = key(aws)
    bucket(aws, "evidence", encryption=default("aws:kms", arn))
    for name, rule in (("evidence", TLS), (arn, ROTATION)):
        _, found = remediated(name, "--rule", rule, "--evidence-bucket", "evidence")
        assert [each["code"] for each in found["refusals"]] == ["EVIDENCE_BUCKET"]


@pytest.mark.parametrize(
    ("name", "edit", "sentence"),
    [
        ("before", (r"(?s).+", "{}"), "its pre-image is damaged"),
        ("before", ('"days": null', '"days": 90'), "its pre-image is damaged"),
        ("before", ('"resource": "arn', '"resource": "arm'), "its pre-image is damaged"),
        ("after", (r"(?s).+", "{}"), "what it wrote is damaged"),
        ("after", ('"days": 365', '"days": 180'), "what it wrote is damaged"),
        ("after", (r'(?s)"rotation": .+', '"rotation": "x"}}'), "what it wrote is damaged"),
    ],
)
def test_a_damaged_pre_image_is_not_put_back(aws, remediated, remediate, name, edit, sentence):
    plan = remediated(key(aws), "--rule", ROTATION, "--apply", "--yes")[1]["plan_id"]
    path = Path("s3-guardrails-journal", "remediation", plan, f"{name}.json")
    path.write_text(re.sub(*edit, path.read_text(encoding="utf-8")), encoding="utf-8")
    code, out, said = remediate("--undo", plan, "--apply", "--approve", plan)
    assert (code, out) == (2, "")
    assert said.startswith(f"Error: plan `{plan}`: {sentence}: expected ")


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ([], "Usage: "),
        (["ledger", "--undo", "x"], "Usage: "),
        (["--undo", "x", "--rule", TLS], "Usage: "),
        (["ledger", "--rule", TLS, "--rule", UPLOADS], "Usage: "),
        (["ledger", "--region", "a", "--region", "b"], "Usage: "),
        (["ledger", "--apply"], "Usage: "),
        (["ledger", "--rule", DEFAULT, "--option", "KmsKeyArn"], "Usage: "),
        (["ledger", "--rule", DEFAULT, "--option", "KmsKeyArn=a", "--option", "KmsKeyArn=b"], "Usage: "),
        (["ledger", "--rule", DEFAULT, "--option", "Colour=x"], "Error: --option: unknown option `Colour`: expected"),
        (["ledger", "--rule", UPLOADS, "--option", "AcceptUnknownSseC=x"], "Error: --option: option `Accept"),
        (["ledger", "--rule", "NO_RULE"], "Error: unknown rule `NO_RULE`: expected one of "),
        (["ledger", "--rule", ROTATION], f"Error: arn:aws:s3:::ledger: rule `{ROTATION}` is about AWS::KMS::Key"),
        (["absent"], "Error: bucket `absent`: not found"),
        (["arn:aws-cn:s3:::ledger"], "Error: `arn:aws-cn:s3:::ledger`: expected the ARN of a bucket"),
        (["arn:aws:s3:::ledger/object"], "Error: `arn:aws:s3:::ledger/object`: expected the ARN of a bucket or key"),
        (["arn:aws:kms:us-east-1:999999999999:key/a"], "Error: key `arn:aws:kms:us-east-1:999999999999:key/a`: expec"),
        (["\x1b[31m"], r"Error: bucket `\x1b[31m`: not found among the 1 of account"),
        ([""], "Error: bucket ``: not found"),
        (["ledger", "--profile", "absent"], "Error: The config profile (absent) could not be found"),
        (["ledger", "--endpoint-url", "http://127.0.0.1:9"], "Error: EndpointConnectionError: Could not connect"),
        (["--undo", ""], "Error: plan id ``: expected"),
        (["--all", "ledger"], "Usage: "),
        (["--all", "--undo", "x"], "Usage: "),
        (["--all", "--terraform"], "Usage: "),
        (["--all", "--option", "Administrators=admin"], "Usage: "),
        (["--all", "--apply"], "Usage: "),
        (["--all", "--limit", "0"], "Usage: "),
        (["--all", "--stop-after", "0"], "Usage: "),
        (["--all", "--rule", "NO_RULE"], "Error: unknown rule `NO_RULE`: expected one of "),
        (["ledger", "--limit", "1"], "Usage: "),
        (["ledger", "--apply", "--reviewed", "absent.json"], "Usage: "),
        (["alias/absent"], "Error: alias `alias/absent`: not found"),
        (["ledger", "--rule", TLS, "--evidence-bucket", "absent"], "Error: evidence bucket `absent`: not found in"),
        (["--undo", "../../etc"], "Error: plan id `../../etc`: expected a name, a hyphen and 24"),
        (["--undo", f"RequireTls-{'0' * 24}"], f"Error: plan `RequireTls-{'0' * 24}`: nothing was applied"),
    ],
)  # fmt: skip
def test_what_cannot_run_exits_with_two_and_a_sentence(named, capsys, arguments, sentence):
    code, out, said = ran(named, capsys, arguments)
    assert (code, out) == (2, "")
    assert said.startswith(sentence)


@pytest.fixture(scope="module")
def named():
    """One account for all that cannot run: nothing changes it."""
    with EmbeddedAws() as aws:
        bucket(aws, "ledger")
        yield aws


def test_on_a_terminal_a_person_is_asked_and_the_change_has_colours(aws, tmp_path):
    arn = key(aws)

    def rotates():
        return aws.client("kms").get_key_rotation_status(KeyId=arn)["KeyRotationEnabled"]

    code, shown = on_terminal(aws, tmp_path, [arn, "--apply", "--rule", ROTATION], "n\n")
    assert (code, rotates()) == (1, False)
    assert "Apply this plan? [y/N]" in shown
    assert "NOT_APPROVED: DECLINED: nothing was changed" in shown
    assert re.search(r'\x1b\[32m  \+  "enabled": true', shown)
    code, shown = on_terminal(aws, tmp_path, [arn, "--apply", "--rule", ROTATION], "y\n", NO_COLOR="1")
    assert (code, rotates()) == (0, True)
    assert "\x1b[3" not in shown
    _, shown = on_terminal(aws, tmp_path, [arn, "--rule", ROTATION], "", TERM="dumb")
    assert "\x1b" not in shown
