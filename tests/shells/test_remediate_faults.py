"""Every remediation under every fault: no statement is lost, and nothing that is not compliant passes for done."""

from __future__ import annotations

import json

import pytest
from remediation import Bench, bucket, default, key, recorded

from s3_guardrails.decision import Verdict
from s3_guardrails.embedded.call import Refused
from s3_guardrails.errors import GuardrailError
from s3_guardrails.remediate.remediation import remediation_named
from s3_guardrails.remediate.state import Setting, read_state
from s3_guardrails.remediate.undo import apply_undo, plan_undo

APP = {
    "Effect": "Allow",
    "Principal": {"AWS": "arn:aws:iam::123456789012:role/app"},
    "Action": "s3:GetObject",
    "Resource": "arn:aws:s3:::ledger/*",
}
OWN = "arn:aws:iam::123456789012"
ROOT = {"Effect": "Allow", "Principal": {"AWS": f"{OWN}:root"}, "Action": "kms:*", "Resource": "*"}
MIXED = (
    {"Effect": "Allow", "Principal": {"AWS": f"{OWN}:role/admin"}, "Action": "kms:*", "Resource": "*"},
    {"Effect": "Allow", "Principal": {"AWS": f"{OWN}:role/app"}, "Action": "kms:Decrypt", "Resource": "*"},
)
KEY_EDIT = {**MIXED[1], "Sid": "AddedMeanwhile", "Action": "kms:Encrypt"}
EDIT = {**APP, "Sid": "AddedMeanwhile", "Action": "s3:ListBucket", "Resource": "arn:aws:s3:::ledger"}


def policy(*statements):
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


class Scene:
    """One broken resource, how to break into its change, and what was there before."""

    def __init__(self, aws, bench, remediation):
        self.aws, self.bench, self.remediation = aws, bench, remediation
        self.setting = remediation_named(remediation).setting
        self.parameters, self.options = {}, {}
        self.name = getattr(self, f"_{self.setting.value}")()
        self.asked = bench.order(remediation, self.name, self.parameters, self.options)
        self.before = self.state()

    def _policy(self):
        if self.remediation == "DenyWrongUploads":
            self.parameters = {"ApprovedKeys": key(self.aws)}
            self.options = {"AcceptUnknownSseC": "true"}
        named = self.parameters.get("ApprovedKeys")
        encryption = default("aws:kms", named) if named else None
        return bucket(self.aws, "ledger", policy=policy(APP), encryption=encryption)

    def _encryption(self):
        if self.remediation == "BlockSseC":
            self.options = {"AcceptUnknownSseC": "true"}
            nothing = {"BlockedEncryptionTypes": {"EncryptionType": ["NONE"]}}
            return bucket(self.aws, "ledger", encryption=default("aws:kms", key(self.aws), **nothing))
        self.parameters = {"ApprovedKeys": key(self.aws)}
        return bucket(self.aws, "ledger")

    def _rotation(self):
        return key(self.aws)

    def _key_policy(self):
        self.options = {"Administrators": "admin", "Users": "app"}
        return key(self.aws, Policy=policy(ROOT, *MIXED))

    @property
    def read(self):
        return {
            Setting.POLICY: "s3:GetBucketPolicy",
            Setting.ENCRYPTION: "s3:GetBucketEncryption",
            Setting.ROTATION: "kms:GetKeyRotationStatus",
            Setting.KEY_POLICY: "kms:GetKeyPolicy",
        }[self.setting]

    @property
    def write(self):
        return {
            Setting.POLICY: "s3:PutBucketPolicy",
            Setting.ENCRYPTION: "s3:PutBucketEncryption",
            Setting.ROTATION: "kms:EnableKeyRotation",
            Setting.KEY_POLICY: "kms:PutKeyPolicy",
        }[self.setting]

    def edit(self):
        """Somebody else changes the setting."""
        match self.setting:
            case Setting.POLICY:
                self.aws.client("s3").put_bucket_policy(Bucket="ledger", Policy=policy(APP, EDIT))
            case Setting.ENCRYPTION:
                rules = {"Rules": [default("aws:kms:dsse", key(self.aws))]}
                self.aws.client("s3").put_bucket_encryption(Bucket="ledger", ServerSideEncryptionConfiguration=rules)
            case Setting.ROTATION:
                self.aws.client("kms").enable_key_rotation(KeyId=self.name, RotationPeriodInDays=2000)
            case Setting.KEY_POLICY:
                text = policy(ROOT, *MIXED, KEY_EDIT)
                self.aws.client("kms").put_key_policy(KeyId=self.name, PolicyName="default", Policy=text)

    @property
    def foreign(self):
        """The statements that no change may touch."""
        return {Setting.POLICY: (APP,), Setting.KEY_POLICY: (ROOT, MIXED[1])}.get(self.setting, ())

    @property
    def edited(self):
        """The statement that somebody else adds."""
        return {Setting.POLICY: EDIT, Setting.KEY_POLICY: KEY_EDIT}.get(self.setting, {})

    def state(self):
        engine = self.bench.fresh().engine
        return read_state(self.setting, engine.clients, self.asked.resource)

    def verdict(self):
        engine = self.bench.fresh().engine
        case = engine._case(remediation_named(self.remediation), self.asked, self.state())
        return case.judge(case.facts).verdict

    def statements(self):
        text = self.state()[self.setting.value]
        return json.loads(text)["Statement"] if isinstance(text, str) else []


@pytest.fixture(
    params=[
        "SetBucketDefaultEncryption",
        "RequireTls",
        "DenyWrongUploads",
        "BlockSseC",
        "EnableKeyRotation",
        "RestrictKeyPolicy",
    ]
)
def scene(request, aws, tmp_path, monkeypatch):
    return Scene(aws, Bench(aws, tmp_path, recorded(monkeypatch)), request.param)


def succeeded(scene) -> bool:
    """Run plan, apply and verify; was the end a success?"""
    try:
        scene.bench.run(scene.remediation, scene.name, scene.parameters, scene.options)
    except GuardrailError:
        return False
    return True


def nth(number, act):
    """Act at the nth call only."""
    calls = iter(range(1, number + 1))

    def acting():
        if next(calls, 0) == number:
            act()

    return acting


FAULTS = {
    "no fault": (lambda scene: None, True),
    "reading is throttled once": (lambda scene: scene.aws.faults.throttle(scene.read), True),
    "reading is refused": (lambda scene: scene.aws.faults.deny(scene.read), False),
    "writing is throttled twice": (lambda scene: scene.aws.faults.throttle(scene.write, times=2), True),
    "writing is throttled without end": (lambda scene: scene.aws.faults.throttle(scene.write, times=None), False),
    "writing is refused": (lambda scene: scene.aws.faults.deny(scene.write), False),
    "writing conflicts twice": (lambda scene: scene.aws.faults.conflict(scene.write, times=2), True),
    "writing conflicts without end": (lambda scene: scene.aws.faults.conflict(scene.write, times=None), False),
    "the service breaks before the write": (
        lambda scene: scene.aws.faults.fail(scene.write, Refused("InternalError", "broken", 500)),
        True,
    ),
    "the write's answer is an error": (lambda scene: scene.aws.faults.lose_answer(scene.write), True),
    "the write's answer is lost": (lambda scene: scene.aws.faults.lose_answer(scene.write, silently=True), True),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_ends_in_success_when_compliant_and_else_in_failure_with_nothing_lost(scene, fault):
    inject, mended = FAULTS[fault]
    inject(scene)
    done = succeeded(scene)
    scene.aws.faults.clear()
    assert done is mended
    assert (scene.verdict() is Verdict.COMPLIANT) is mended
    assert mended or scene.state() == scene.before
    assert all(each in scene.statements() for each in scene.foreign)


@pytest.mark.parametrize("moment", [2, 3])
def test_an_edit_before_the_write_is_never_overwritten(scene, moment):
    scene.aws.faults.before(scene.read, nth(moment, scene.edit), times=moment)
    scene.bench.calls.clear()
    asked, engine = scene.asked, scene.bench.fresh().engine
    plan = engine.plan(asked)
    with pytest.raises(GuardrailError, match=r"STATE_CHANGED|REFUSED"):
        scene.bench.fresh().engine.apply(asked, plan.id, lambda _: None)
    scene.aws.faults.clear()
    assert scene.bench.writes == [scene.write.partition(":")[2]], "the edit is the one write"
    assert scene.edited == {} or scene.edited in scene.statements()


def test_a_crash_after_the_write_leaves_a_change_that_verifies_and_can_be_undone(scene, monkeypatch):
    plan = scene.bench.fresh().engine.plan(scene.asked)
    crashing = scene.bench.fresh().engine
    put = type(crashing.store).put

    def crash(self, plan_id, name, document):
        if name == "after":
            raise KeyboardInterrupt
        put(self, plan_id, name, document)

    with monkeypatch.context() as patch:
        patch.setattr(type(crashing.store), "put", crash)
        with pytest.raises(KeyboardInterrupt):
            crashing.apply(scene.asked, plan.id, lambda _: None)
    assert scene.bench.fresh().engine.verify(scene.asked, changed=True).verdict is Verdict.COMPLIANT
    again = scene.bench.fresh().engine.apply(scene.asked, plan.id, lambda _: None)
    assert again.status.value == "NOTHING_TO_DO"
    engine = scene.bench.fresh().engine
    apply_undo(engine, plan.id, plan_undo(engine, plan.id).id, lambda _: None)
    assert scene.state() == scene.before


def test_without_evidence_of_the_state_before_nothing_is_written(scene, monkeypatch):
    plan = scene.bench.fresh().engine.plan(scene.asked)
    (scene.bench.folder / "remediation" / plan.id / "before.json").mkdir()
    scene.bench.calls.clear()
    with pytest.raises(GuardrailError):
        scene.bench.fresh().engine.apply(scene.asked, plan.id, lambda _: None)
    assert scene.bench.writes == []
    assert scene.state() == scene.before


@pytest.mark.parametrize(
    "text",
    [
        json.dumps({"Version": "2012-10-17", "Statement": APP}),
        '{ "Statement" : [ ' + json.dumps({**APP, "Sid": "x"}) + ",\n" + json.dumps({**EDIT, "Sid": "x"}) + " ] }",
        json.dumps({"Version": "2008-10-17", "Id": "old", "Statement": [APP]}, indent=4),
        None,
    ],
    ids=["single object", "duplicate Sids", "old version, indented", "no policy"],
)
@pytest.mark.parametrize("remediation", ["RequireTls", "DenyWrongUploads"])
def test_undo_is_byte_identical_and_foreign_text_is_kept(aws, tmp_path, monkeypatch, remediation, text):
    scene = Scene(aws, Bench(aws, tmp_path, recorded(monkeypatch)), remediation)
    if text is None:
        aws.client("s3").delete_bucket_policy(Bucket="ledger")
    else:
        aws.client("s3").put_bucket_policy(Bucket="ledger", Policy=text)
    plan = scene.bench.run(remediation, "ledger", scene.parameters, scene.options)
    written = scene.state()["policy"]
    for each in json.loads(text)["Statement"] if text and "[" in text else ():
        assert json.dumps(each) in written or json.dumps(each, indent=4).splitlines()[1].strip() in written
    scene.bench.calls.clear()
    scene.bench.run(remediation, "ledger", scene.parameters, scene.options)
    assert scene.bench.writes == []
    engine = scene.bench.fresh().engine
    apply_undo(engine, plan.id, plan_undo(engine, plan.id).id, lambda _: None)
    assert scene.state()["policy"] == text


def test_a_policy_that_would_be_too_large_is_refused_with_both_sizes(aws, tmp_path, monkeypatch):
    scene = Scene(aws, Bench(aws, tmp_path, recorded(monkeypatch)), "RequireTls")
    wide = {**APP, "Resource": f"arn:aws:s3:::ledger/{'x' * 20_150}/*"}
    aws.client("s3").put_bucket_policy(Bucket="ledger", Policy=policy(wide))
    plan = scene.bench.fresh().engine.plan(scene.asked)
    assert [each.code for each in plan.refusals] == ["POLICY_TOO_LARGE"]
    assert "20480" in plan.refusals[0].sentence.replace(",", "")


def test_a_policy_that_is_no_policy_is_refused(aws, tmp_path, monkeypatch):
    scene = Scene(aws, Bench(aws, tmp_path, recorded(monkeypatch)), "RequireTls")
    monkeypatch.setattr("s3_guardrails.remediate.engine.read_state", lambda *_: {"policy": '{"Statement": ['})
    assert scene.bench.fresh().engine.plan(scene.asked).refusals
