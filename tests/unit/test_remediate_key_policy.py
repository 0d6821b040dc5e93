"""RestrictKeyPolicy: what it proposes, what it refuses."""

import json

from s3_guardrails.discovery import find_rules
from s3_guardrails.encryption.key import Key, KeyMetadata
from s3_guardrails.remediate.change import NothingToDo, Refused
from s3_guardrails.remediate.key_policy import plan
from s3_guardrails.remediate.key_policy_roles import DeclaredRoles

RULE = next(each.rule for each in find_rules() if each.name == "KMS_KEY_POLICY_LEAST_PRIVILEGE")
OWN = "111122223333"
KEY = Key(key_id="k-1", account=OWN, region="eu-west-1", metadata=KeyMetadata(manager="CUSTOMER", state="Enabled"))
ROOT = {"Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{OWN}:root"}, "Action": "kms:*", "Resource": "*"}


def proposal(text, **parameters):
    rule = RULE(RULE.Parameters.from_config(parameters))
    return plan(rule, KEY, {"key_policy": text}, DeclaredRoles())


def test_a_compliant_policy_is_left_alone():
    assert isinstance(proposal(json.dumps({"Version": "2012-10-17", "Statement": [ROOT]})), NothingToDo)


def test_a_text_that_is_no_policy_is_refused():
    found = proposal("{")
    assert isinstance(found, Refused)
    assert found.refusals[0].code == "MALFORMED_POLICY"
