"""Plan, apply, verify and undo on the embedded AWS: what is written, what is refused, what is kept."""

import json
from dataclasses import replace

import pytest
from remediation import Bench, bucket, default, key, recorded

from s3_guardrails.errors import ChangeFailed, InputError, LiveReadFailed, ParameterError
from s3_guardrails.live.reader import LiveReader
from s3_guardrails.remediate.engine import order
from s3_guardrails.remediate.handler import rule_of
from s3_guardrails.remediate.plan import Status
from s3_guardrails.remediate.undo import apply_undo, plan_undo, verify_undo

SET = "SetBucketDefaultEncryption"
ROTATE = "EnableKeyRotation"
BLOCKED = {"BlockedEncryptionTypes": {"EncryptionType": ["SSE-C"]}}


@pytest.fixture
def bench(aws, tmp_path, monkeypatch):
    return Bench(aws, tmp_path, recorded(monkeypatch))


def encryption(aws, name):
    found = aws.client("s3").get_bucket_encryption(Bucket=name)
    return found["ServerSideEncryptionConfiguration"]["Rules"][0]


def undo(bench, plan_id):
    plan = plan_undo(bench.fresh().engine, plan_id)
    apply_undo(bench.fresh().engine, plan_id, plan.id, lambda _: None)
    verify_undo(bench.fresh().engine, plan_id)
    return plan


def test_the_default_becomes_the_approved_key_and_undo_puts_the_old_one_back(aws, bench):
    arn = key(aws)
    bucket(aws, "ledger", encryption=default("AES256", **BLOCKED))
    before = encryption(aws, "ledger")
    plan = bench.run(SET, "ledger", {"ApprovedKeys": arn})
    assert encryption(aws, "ledger") == default("aws:kms", arn, BucketKeyEnabled=False, **BLOCKED)
    undo(bench, plan.id)
    assert encryption(aws, "ledger") == before


def test_a_second_run_writes_nothing(aws, bench):
    bucket(aws, "ledger")
    parameters = {"ApprovedKeys": key(aws)}
    bench.run(SET, "ledger", parameters)
    bench.calls.clear()
    assert bench.run(SET, "ledger", parameters).status is Status.NOTHING_TO_DO
    assert bench.writes == []


def test_a_bucket_key_is_switched_on_where_the_class_requires_it(aws, bench):
    arn = key(aws)
    bucket(aws, "ledger", encryption=default("aws:kms", arn))
    bench.run(SET, "ledger", {"BucketKeyRequired": "confidential"})
    assert encryption(aws, "ledger") == default("aws:kms", arn, BucketKeyEnabled=True)


def test_an_alias_becomes_the_arn_of_its_key(aws, bench):
    arn = key(aws)
    aws.client("kms").create_alias(AliasName="alias/ledger", TargetKeyId=arn)
    bucket(aws, "ledger", encryption=default("aws:kms", "alias/ledger", BucketKeyEnabled=True))
    bench.run(SET, "ledger")
    assert encryption(aws, "ledger") == default("aws:kms", arn, BucketKeyEnabled=True)


def test_dual_layer_encryption_is_kept(aws, bench):
    old, new = key(aws), key(aws)
    bucket(aws, "ledger", data_class="restricted", encryption=default("aws:kms:dsse", old))
    bench.run(SET, "ledger", {"ApprovedKeys": new})
    assert encryption(aws, "ledger")["ApplyServerSideEncryptionByDefault"] == {
        "SSEAlgorithm": "aws:kms:dsse",
        "KMSMasterKeyID": new,
    }


def test_a_log_target_goes_back_to_the_mode_that_its_writer_knows(aws, bench):
    bucket(aws, "access-logs", data_class="log-delivery", encryption=default("aws:kms"))
    bench.run(SET, "access-logs")
    assert encryption(aws, "access-logs")["ApplyServerSideEncryptionByDefault"] == {"SSEAlgorithm": "AES256"}


@pytest.mark.parametrize(
    ("parameters", "options", "code"),
    [
        ({}, {}, "CHOOSE_KEY"),
        ({"ApprovedKeys": "{0},{1}"}, {}, "CHOOSE_KEY"),
        ({"ApprovedKeys": "{0}"}, {"KmsKeyArn": "{1}"}, "WOULD_NOT_HELP"),
        ({"ApprovedKeys": "{disabled}"}, {}, "KEY_NOT_USABLE"),
        ({"ApprovedKeys": "{asymmetric}"}, {}, "KEY_NOT_USABLE"),
        ({"ApprovedKeys": "{missing}"}, {}, "KEY_UNREADABLE"),
        ({"AcceptedModes": "other=SSE-S3"}, {}, "UNDETERMINED"),
    ],
)
def test_a_key_that_cannot_be_chosen_or_used_is_refused(aws, bench, parameters, options, code):
    keys = [key(aws), key(aws)]
    named = {"disabled": key(aws), "asymmetric": key(aws, KeySpec="RSA_2048", KeyUsage="ENCRYPT_DECRYPT")}
    aws.client("kms").disable_key(KeyId=named["disabled"])
    named["missing"] = keys[0].replace(keys[0][-6:], "000000")
    given = [{name: text.format(*keys, **named) for name, text in each.items()} for each in (parameters, options)]
    asked = bench.order(SET, bucket(aws, "ledger"), *given)
    plan = bench.engine.plan(asked)
    assert [each.code for each in plan.refusals] == [code]
    assert all(each.next_step for each in plan.refusals)
    with pytest.raises(ChangeFailed, match=f"REFUSED: {code}"):
        bench.engine.apply(asked, plan.id, lambda _: None)
    assert bench.writes == []


def test_a_key_rotates_as_often_as_the_rule_asks(aws, bench):
    arn = key(aws)
    bench.run(ROTATE, arn, {"MaximumDays": "180"})
    found = aws.client("kms").get_key_rotation_status(KeyId=arn)
    assert (found["KeyRotationEnabled"], found["RotationPeriodInDays"]) == (True, 180)


def test_undo_stops_a_rotation_that_was_off(aws, bench):
    arn = key(aws)
    plan = bench.run(ROTATE, arn.rpartition("/")[2])
    undo(bench, plan.id)
    assert aws.client("kms").get_key_rotation_status(KeyId=arn)["KeyRotationEnabled"] is False


def test_a_key_that_cannot_rotate_is_left_alone(aws, bench):
    arn = key(aws, KeySpec="HMAC_256", KeyUsage="GENERATE_VERIFY_MAC")
    assert bench.run(ROTATE, arn).status is Status.NOTHING_TO_DO
    assert bench.writes == []


def test_a_change_between_plan_and_apply_is_not_overwritten(aws, bench):
    asked = bench.order(SET, bucket(aws, "ledger", data_class="restricted"), {"ApprovedKeys": key(aws)})
    plan = bench.engine.plan(asked)
    changed = default("aws:kms")
    aws.client("s3").put_bucket_encryption(Bucket="ledger", ServerSideEncryptionConfiguration={"Rules": [changed]})
    with pytest.raises(ChangeFailed, match="STATE_CHANGED"):
        bench.fresh().engine.apply(asked, plan.id, lambda _: None)
    assert encryption(aws, "ledger")["ApplyServerSideEncryptionByDefault"] == {"SSEAlgorithm": "aws:kms"}


def test_an_apply_with_other_parameters_is_another_plan(aws, bench):
    arn = key(aws)
    plan = bench.engine.plan(bench.order(ROTATE, arn, {"MaximumDays": "180"}))
    with pytest.raises(ChangeFailed, match="STATE_CHANGED"):
        bench.engine.apply(bench.order(ROTATE, arn, {"MaximumDays": "90"}), plan.id, lambda _: None)


def test_what_is_not_allowed_is_not_written(aws, bench):
    asked = bench.order(ROTATE, key(aws))

    def never(plan):
        raise ChangeFailed("NOT_APPROVED", plan.id)

    with pytest.raises(ChangeFailed, match="NOT_APPROVED"):
        bench.engine.apply(asked, bench.engine.plan(asked).id, never)
    assert bench.writes == []


def test_undo_refuses_to_take_back_what_came_later(aws, bench):
    arn = key(aws)
    plan = bench.run(ROTATE, arn)
    aws.client("kms").enable_key_rotation(KeyId=arn, RotationPeriodInDays=100)
    found = plan_undo(bench.engine, plan.id)
    assert [each.code for each in found.refusals] == ["CHANGED_SINCE"]


def test_undo_takes_back_nothing_of_another_account(aws, bench):
    plan = bench.run(ROTATE, key(aws))
    elsewhere = LiveReader(bench.engine.clients, "999999999999", aws.region)
    with pytest.raises(InputError, match=f"is of account {aws.account}, not 999999999999"):
        plan_undo(replace(bench.engine, reader=elsewhere), plan.id)


def test_undo_needs_a_person_and_does_nothing_twice(aws, bench):
    plan = bench.run(ROTATE, key(aws))
    assert [each.code for each in plan_undo(bench.engine, plan.id).concerns] == ["UNDO"]
    undo(bench, plan.id)
    assert plan_undo(bench.engine, plan.id).status is Status.NOTHING_TO_DO


@pytest.mark.parametrize(("fault", "codes"), [("disabled", ["KEY_NOT_USABLE"]), ("closed", ["UNDO", "KEY_UNREADABLE"])])
def test_undo_puts_no_default_back_whose_key_has_gone(aws, bench, fault, codes):
    old = key(aws)
    bucket(aws, "ledger", encryption=default("aws:kms", old))
    plan = bench.run(SET, "ledger", {"ApprovedKeys": key(aws)})
    if fault == "disabled":
        aws.client("kms").disable_key(KeyId=old)
    else:
        aws.faults.deny("kms:DescribeKey")
    found = plan_undo(bench.fresh().engine, plan.id)
    assert [each.code for each in (*found.refusals, *found.concerns)] == codes


@pytest.mark.parametrize("plan_id", ["", "../../etc", "EnableKeyRotation-" + "0" * 24, "EnableKeyRotation-xyz"])
def test_undo_of_an_unknown_plan_says_so(bench, plan_id):
    with pytest.raises(InputError, match="plan"):
        plan_undo(bench.engine, plan_id)


def test_what_cannot_be_read_is_not_planned(aws, bench):
    aws.faults.deny("s3:GetBucketEncryption")
    with pytest.raises(ChangeFailed, match=r"STATE_UNREADABLE: GetBucketEncryption: AccessDenied.+Next step: let"):
        bench.engine.plan(bench.order(SET, bucket(aws, "ledger")))


def test_a_wrong_option_is_named(bench):
    with pytest.raises(ParameterError, match="Colour"):
        bench.order(SET, "ledger", {}, {"Colour": "blue"})


def test_a_bucket_whose_tags_are_closed_is_undetermined(aws, bench):
    aws.faults.deny("s3:GetBucketTagging")
    plan = bench.engine.plan(bench.order(SET, bucket(aws, "ledger")))
    assert [each.code for each in plan.refusals] == ["UNDETERMINED"]


def test_nothing_that_an_approver_reads_is_a_variable_of_the_document(aws, bench):
    deny = {"Effect": "Deny", "Principal": "*", "Action": "s3:PutBucketAcl", "Resource": "arn:aws:s3:::ledger"}
    text = json.dumps({"Version": "2012-10-17", "Statement": [deny], "Id": "{{{ automation:EXECUTION_ID }}}"})
    message = bench.engine.plan(bench.order("RequireTls", bucket(aws, "ledger", policy=text))).message
    assert "automation:EXECUTION_ID" in message
    assert "{{" not in message


def test_no_concern_is_cut_off_by_what_another_one_quotes(aws, bench):
    root = {"Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{aws.account}:root"}, "Action": "kms:*"}
    friend = {"Sid": "x" * 5_000, "Effect": "Allow", "Principal": {"AWS": "999999999999"}, "Action": "kms:Decrypt"}
    text = json.dumps({"Version": "2012-10-17", "Statement": [{**each, "Resource": "*"} for each in (root, friend)]})
    plan = bench.engine.plan(bench.order("RestrictKeyPolicy", key(aws, Policy=text)))
    assert len(plan.message) == 4_096
    assert len(plan.concerns) > 1
    assert all(each.code in plan.message for each in plan.concerns)


def test_a_plan_tells_the_calls_and_the_difference(aws, bench):
    arn = key(aws)
    plan = bench.engine.plan(bench.order(SET, bucket(aws, "ledger"), {"ApprovedKeys": arn}))
    told = json.loads(json.dumps(plan.as_json()))
    assert told["calls"] == [
        {
            "service": "s3",
            "operation": "PutBucketEncryption",
            "parameters": {
                "Bucket": "ledger",
                "ExpectedBucketOwner": aws.account,
                "ServerSideEncryptionConfiguration": told["after"]["encryption"],
            },
        }
    ]
    assert any(line.startswith("+") and arn in line for line in told["diff"])
    assert told["decision"]["verdict"] == "NON_COMPLIANT"
    assert len(plan.message) <= 4096


@pytest.mark.parametrize("text", ["", "[]", "[" * 100_000])
def test_what_is_kept_and_is_no_object_is_told_by_its_place(aws, bench, text):
    plan = bench.run(ROTATE, key(aws))
    path = bench.folder / "remediation" / plan.id / "before.json"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(LiveReadFailed, match=r"before\.json`: expected a JSON object"):
        plan_undo(bench.fresh().engine, plan.id)


BLOCK = "BlockSseC"
ACCEPTED = {"AcceptUnknownSseC": "true"}


def test_sse_c_is_blocked_beside_everything_that_was_there_and_undo_opens_it_again(aws, bench):
    arn = key(aws)
    nothing = {"BlockedEncryptionTypes": {"EncryptionType": ["NONE"]}}
    bucket(aws, "ledger", encryption=default("aws:kms", arn, BucketKeyEnabled=True, **nothing))
    before = encryption(aws, "ledger")
    plan = bench.run(BLOCK, "ledger", options=ACCEPTED)
    assert encryption(aws, "ledger") == default("aws:kms", arn, BucketKeyEnabled=True, **BLOCKED)
    assert [each.code for each in plan.concerns] == ["SSE_C_USE_UNKNOWN"]
    assert plan.rule == "S3_BUCKET_UPLOADS_ENCRYPTED"
    assert bench.fresh().engine.plan(bench.order(BLOCK, "ledger", options=ACCEPTED)).status is Status.NOTHING_TO_DO
    undo(bench, plan.id)
    assert encryption(aws, "ledger") == before


def test_sse_c_is_not_blocked_while_nobody_knows_who_uses_it(aws, bench):
    bucket(aws, "ledger")
    plan = bench.engine.plan(bench.order(BLOCK, "ledger"))
    assert [each.code for each in plan.refusals] == ["SSE_C_USE_UNKNOWN"]
    assert bench.writes == []


def test_what_is_blocked_is_mended_though_the_rest_of_the_rule_is_still_broken(aws, bench):
    bucket(aws, "ledger", encryption=default("aws:kms", key(aws)))
    plan = bench.run(BLOCK, "ledger", options=ACCEPTED)
    assert plan.status is Status.PLANNED
    entry_order = bench.fresh().order("DenyWrongUploads", "ledger", options=ACCEPTED)
    reasons = bench.fresh().engine.plan(entry_order).decision.reasons
    assert {each.code for each in reasons} == {"MODE_NOT_DENIED", "KEY_NOT_DENIED"}


def test_only_a_document_of_the_rule_can_be_named(aws, bench):
    resource = bench.engine.reader.bucket("ledger", aws.region)
    with pytest.raises(InputError, match="expected one of the documents RequireTls, found `BlockSseC`"):
        order(rule_of("RequireTls"), resource, {}, {}, BLOCK)


def test_sse_c_that_was_not_blocked_in_so_many_words_is_opened_again_in_words(aws, bench):
    bucket(aws, "ledger")
    plan = bench.run(BLOCK, "ledger", options=ACCEPTED)
    undo(bench, plan.id)
    assert encryption(aws, "ledger")["BlockedEncryptionTypes"] == {"EncryptionType": ["NONE"]}
