"""`diff-policy`: what changes between two policies, over all requests, each change with a request that shows it."""

import json
from pathlib import Path

import pytest

from s3_guardrails.cli import main
from s3_guardrails.policy.authorize import Outcome, authorize, denied
from s3_guardrails.policy.document import parse_policy
from s3_guardrails.policy.request import Request

TEMPLATES = Path(__file__).parents[1] / "cases" / "templates"
BUCKET = "arn:aws:s3:::data"
OUTSIDE = "arn:aws:iam::444455556666:root"
DENY_HTTP = {
    "Sid": "DenyHttp",
    "Effect": "Deny",
    "Principal": "*",
    "Action": "s3:*",
    "Resource": [BUCKET, f"{BUCKET}/*"],
    "Condition": {"Bool": {"aws:SecureTransport": "false"}},
}
SHARE = {
    "Sid": "Share",
    "Effect": "Allow",
    "Principal": {"AWS": OUTSIDE},
    "Action": "s3:GetObject",
    "Resource": f"{BUCKET}/*",
}
ROOT = {"Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::111122223333:root"}, "Action": "kms:*", "Resource": "*"}


def policy(*statements):
    return {"Version": "2012-10-17", "Statement": list(statements)}


@pytest.fixture
def diff(tmp_path, capsys):
    def run(old, new, *options):
        paths = []
        for name, data in (("old.json", old), ("new.json", new)):
            path = data if isinstance(data, Path) else tmp_path / name
            if path is not data:
                path.write_text(data if isinstance(data, str) else json.dumps(data))
            paths.append(str(path))
        code = main(["diff-policy", *paths, *options])
        shown = capsys.readouterr()
        return code, shown.out, shown.err

    return run


@pytest.fixture
def changes(diff):
    """Change → answer of the only pair, and the exit status."""

    def run(old, new, *options):
        code, out, _ = diff(old, new, *options, "--json")
        [pair] = json.loads(out)["policies"]
        return code, {each["change"]: each["answer"] for each in pair["changes"]}, pair

    return run


NOTHING = dict.fromkeys(("newly denied", "no longer denied", "newly allowed", "no longer allowed"), "proved")


def test_a_policy_is_proved_equal_to_itself_and_to_another_way_of_writing_it(changes, diff):
    rewritten = policy(
        *({**DENY_HTTP, "Sid": each, "Resource": each} for each in DENY_HTTP["Resource"]),
        {**SHARE, "Principal": {"AWS": "444455556666"}},
    )
    for new in (policy(DENY_HTTP, SHARE), rewritten):
        code, found, pair = changes(policy(DENY_HTTP, SHARE), new)
        assert (code, found, pair["equal"]) == (0, NOTHING, True)
    _, out, said = diff(policy(DENY_HTTP), policy(DENY_HTTP))
    assert out.splitlines() == ["bucket policy", "  proved equal: no request changes its outcome"]
    assert said == "proved equal\n"


def test_a_guardrail_newly_denies_what_it_is_for_and_nothing_else(changes):
    code, found, pair = changes(policy(SHARE), policy(SHARE, DENY_HTTP))
    assert (code, found) == (1, {**NOTHING, "newly denied": "refuted", "no longer allowed": "refuted"})
    for change in pair["changes"]:
        if change["counterexample"]:
            assert change["counterexample"]["context"]["aws:SecureTransport"] == "false"
    code, found, _ = changes(policy(SHARE, DENY_HTTP), policy(SHARE))
    assert (code, found) == (1, {**NOTHING, "no longer denied": "refuted", "newly allowed": "refuted"})


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (policy(DENY_HTTP), policy(DENY_HTTP, SHARE)),
        (policy(DENY_HTTP), policy({**DENY_HTTP, "Resource": f"{BUCKET}/*"})),
        (policy(ROOT), policy(ROOT, {**ROOT, "Principal": {"AWS": OUTSIDE}, "Action": "kms:Decrypt"})),
        (policy(ROOT), policy({**ROOT, "Action": "kms:Decrypt"})),
        (
            policy({**ROOT, "Principal": "*"}),
            policy({**ROOT, "Principal": "*"}, {**DENY_HTTP, "Action": "kms:*", "Resource": "*"}),
        ),
    ],
)
def test_every_example_changes_its_outcome_as_is_said(changes, old, new):
    code, _, pair = changes(old, new, "--account", "111122223333", "--bucket", "data")
    before, after = parse_policy(old), parse_policy(new)
    told = {
        each["change"]: Request.from_json(each["counterexample"]) for each in pair["changes"] if each["counterexample"]
    }
    assert code == (1 if told else 0)
    holds = {
        "newly denied": lambda one: denied(before, one) is False and denied(after, one) is True,
        "no longer denied": lambda one: denied(before, one) is True and denied(after, one) is False,
        "newly allowed": lambda one: (
            authorize(before, one).outcome is not Outcome.ALLOW is authorize(after, one).outcome
        ),
        "no longer allowed": lambda one: (
            authorize(after, one).outcome is not Outcome.ALLOW is authorize(before, one).outcome
        ),
    }
    assert all(holds[change](each) for change, each in told.items())


def test_a_change_is_told_in_a_sentence_with_both_outcomes(diff):
    code, out, said = diff(policy(DENY_HTTP), policy(DENY_HTTP, SHARE), "--account", "111122223333")
    lines = out.splitlines()
    assert code == 1
    assert lines[1].startswith(
        "  newly allowed: arn:aws:iam::444455556666:role/x calling s3:GetObject on arn:aws:s3:::data/x"
    )
    assert lines[2:4] == ["    before: implicit deny", "    after: allow by `Share`"]
    assert said == "requests change their outcome\n"


def test_each_change_goes_into_simulate_as_it_is(diff, tmp_path, capsys):
    _, out, _ = diff(policy(), policy(SHARE), "--bucket", "data", "--kind", "bucket", "--json")
    answer = tmp_path / "answer.json"
    answer.write_text(out)
    assert main(["simulate", str(tmp_path / "new.json"), str(answer)]) == 0
    assert capsys.readouterr().out.startswith("allow, decided by `Share`")


def resource(kind, document, **properties):
    if kind == "key":
        return {"Type": "AWS::KMS::Key", "Properties": {"KeyPolicy": document}}
    return {"Type": "AWS::S3::BucketPolicy", "Properties": {"Bucket": "data", "PolicyDocument": document, **properties}}


def template(**resources):
    return {"Parameters": {"Who": {"Type": "String"}}, "Resources": resources}


def test_policies_of_templates_are_paired_by_name_and_what_only_one_has_is_told(diff):
    old = template(
        A=resource("bucket", policy(DENY_HTTP)), B=resource("bucket", policy()), K=resource("key", policy(ROOT))
    )
    new = template(
        A=resource("bucket", policy(DENY_HTTP)),
        C=resource("bucket", policy(DENY_HTTP)),
        L=resource("key", policy(ROOT)),
    )
    code, out, _ = diff(old, new, "--json", "--account", "111122223333")
    found = {each["place"]: (each["kind"], each["said"], each["equal"]) for each in json.loads(out)["policies"]}
    assert code == 1
    assert found == {
        "A": ("bucket", "same", True),
        "B": ("bucket", "removed", True),
        "C": ("bucket", "added", False),
        "L": ("key", "same", True),
    }
    code, out, _ = diff(old, new, "--kind", "key")
    assert (code, out.splitlines()[0]) == (0, "key policy L")


def test_a_key_without_a_policy_has_the_default_one(diff):
    keys = template(K=resource("key", policy(ROOT)), L=resource("key", policy(ROOT)))
    code, out, _ = diff(keys, template(K=resource("key", policy(ROOT))), "--account", "111122223333", "--json")
    assert code == 0
    assert [(each["said"], each["equal"]) for each in json.loads(out)["policies"]] == [
        ("same", True),
        ("removed", True),
    ]


def test_open_values_that_both_have_are_the_same_and_others_leave_it_open(changes):
    def with_(who):
        return template(A=resource("bucket", policy(DENY_HTTP, {**SHARE, "Principal": {"AWS": who}})))

    who = {"Ref": "Who"}
    assert changes(with_(who), with_(who))[:2] == (0, NOTHING)
    code, found, _ = changes(with_(OUTSIDE), with_(who))
    assert code == 3
    assert set(found.values()) == {"proved", "inconclusive"}
    assert found["newly denied"] == "proved"


def test_what_depends_on_the_deployment_is_inconclusive_with_both_answers(diff):
    stage = {"Parameters": {"Stage": {"Type": "String", "AllowedValues": ["prod", "test"]}}}
    conditions = {"Conditions": {"IsProd": {"Fn::Equals": [{"Ref": "Stage"}, "prod"]}}}
    new = {
        **stage,
        **conditions,
        "Resources": {"A": {**resource("bucket", policy(DENY_HTTP)), "Condition": "IsProd"}},
    }
    old = {**stage, **conditions, "Resources": {"A": resource("bucket", policy(DENY_HTTP))}}
    code, out, _ = diff(old, new)
    assert code == 3
    assert "  no longer denied: inconclusive: proved with Stage prod; refuted with Stage test" in out.splitlines()
    assert diff(old, new, "--parameter", "Stage=prod")[0] == 0
    assert diff(old, new, "--parameter", "Stage=test")[0] == 1


@pytest.mark.parametrize(
    ("old", "new", "options", "sentence"),
    [
        ("{", policy(), [], "old.json`: not JSON"),
        (policy(), policy({}), [], "new.json`: Statement[0].Effect: expected Allow or Deny"),
        (policy(), policy(), [], "a policy does not say what it is attached to: pass --kind"),
        (policy(SHARE), policy(ROOT), [], "one is a bucket policy, the other a key policy"),
        (policy(ROOT), policy(ROOT), ["--kind", "bucket"], "no policies to compare"),
        (
            policy({**SHARE, "Resource": "arn:aws:s3:::y*"}),
            policy({**SHARE, "Resource": "arn:aws:s3:::x*"}),
            [],
            "the resources name no single bucket: pass --bucket",
        ),
        ({"Resources": {}}, {"Resources": {}}, [], "no policies to compare"),
        (policy(), policy(), ["--kind", "topic"], "'topic' is not one of 'bucket', 'key'"),
    ],
)
def test_bad_input_is_told(diff, old, new, options, sentence):
    code, _, said = diff(old, new, *options)
    assert (code, sentence in said) == (2, True)


def test_a_policy_that_moves_to_another_bucket_is_compared_there(diff):
    moved = json.loads(json.dumps(policy(DENY_HTTP)).replace("data", "logs"))
    code, _, said = diff(policy(DENY_HTTP), moved)
    assert code == 1
    assert "policy: the bucket was `data`, now it is `logs`; compared on the latter" in said


def test_an_empty_policy_is_of_the_kind_of_the_other(changes):
    assert changes(policy(), policy(DENY_HTTP))[2]["kind"] == "bucket"
    assert changes(policy(ROOT), policy(), "--account", "111122223333")[1]["no longer allowed"] == "refuted"
