"""Laws of the organization policies, against the plain evaluator of single requests."""

import copy
import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from s3_guardrails.errors import InputError
from s3_guardrails.policy.authorize import Outcome, authorize
from s3_guardrails.policy.document import parse_policy
from s3_guardrails.policy.prove import Proved, Refuted
from s3_guardrails.policy.request import Request
from s3_guardrails.settings.guardrails import Guardrails, read_guardrails
from s3_guardrails.settings.perimeter import GUARDED, KINDS, perimeter, proofs

ROOT = Path(__file__).parents[2]
ROLES = ("arn:aws:iam::*:role/s3-guardrails-*", "arn:aws:iam::111122223333:role/break/glass")
SETTINGS = Guardrails(classes={}, authorized_roles=ROLES, trusted_organizations=("o-a1b2c3d4e5",))
PLAIN = Guardrails(classes={}, authorized_roles=ROLES)
ADMIN = "arn:aws:iam::*:role/admin"
NAMES = ["role/s3-guardrails-x", "role/break/glass", "role/s3-guardrail", "user/s3-guardrails-x", "root"]
SAMPLES = {"scp": "service-control-policy.json", "rcp": "resource-control-policy.json"}
ACTIONS = [f"{service}:{name}" for service, names in GUARDED.items() for name in names]
OTHERS = ["s3:PutObject", "s3:GetBucketPolicy", "kms:Decrypt", "kms:CreateGrant"]


def outcome(policy, principal, action, **context):
    statements = [{"Principal": "*", **each} for each in policy["Statement"]]
    resource = "arn:aws:s3:::b" if action.startswith("s3") else "arn:aws:kms:eu-west-1:111122223333:key/k"
    account = principal.split(":")[4]
    told = {"aws:PrincipalArn": principal, "aws:PrincipalAccount": account, "aws:PrincipalIsAWSService": "false"}
    return authorize(
        parse_policy({**policy, "Statement": statements}),
        Request(principal=principal, account=account, action=action, resource=resource, context={**told, **context}),
    ).outcome


@settings(max_examples=150, deadline=None)
@given(
    kind=st.sampled_from(KINDS),
    account=st.sampled_from(["111122223333", "444455556666"]),
    name=st.sampled_from(
        ["role/s3-guardrails-x", "role/break/glass", "role/s3-guardrail", "user/s3-guardrails-x", "root"]
    ),
    action=st.sampled_from([*ACTIONS, *OTHERS]),
)
def test_only_authorized_roles_change_guarded_settings_and_nothing_else_is_touched(kind, account, name, action):
    principal = f"arn:aws:iam::{account}:{name}"
    authorized = name == "role/s3-guardrails-x" or (name == "role/break/glass" and account == "111122223333")
    found = outcome(perimeter(kind, SETTINGS), principal, action, **{"aws:PrincipalOrgID": "o-a1b2c3d4e5"})
    assert (found is Outcome.EXPLICIT_DENY) == (action in ACTIONS and not authorized)


def test_a_role_of_a_stranger_that_has_an_authorized_name_is_denied_at_the_resource():
    stranger = "arn:aws:iam::999988887777:role/s3-guardrails-x"
    found = outcome(
        perimeter("rcp", SETTINGS), stranger, "s3:PutBucketPolicy", **{"aws:PrincipalOrgID": "o-zzzzzzzzzz"}
    )
    assert found is Outcome.EXPLICIT_DENY


def weaker(policy, change):
    found = copy.deepcopy(policy)
    change(found["Statement"][0])
    return found


WEAKER = {
    "an action less": lambda each: each["Action"].remove("kms:PutKeyPolicy"),
    "buckets of one name only": lambda each: each.update(Resource=["arn:aws:s3:::b*", "arn:aws:kms:*:*:key/*"]),
    "another name is authorized": lambda each: each["Condition"]["ArnNotLike"]["aws:PrincipalArn"].append(ADMIN),
    "requests from one network only": lambda each: each["Condition"].update(IpAddress={"aws:SourceIp": "10.0.0.0/8"}),
    "an Allow": lambda each: each.update(Effect="Allow"),
}  # fmt: skip


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("title", WEAKER)
def test_a_weaker_policy_is_not_proven(kind, title):
    found = dict(
        proofs(kind, weaker(perimeter(kind, Guardrails(classes={}, authorized_roles=ROLES)), WEAKER[title]), ROLES)
    )
    assert any(isinstance(each, Refuted) for each in found.values())
    assert all(isinstance(each, Proved) for _, each in proofs(kind, perimeter(kind, PLAIN), ROLES))


def test_without_authorized_roles_there_is_no_policy():
    with pytest.raises(InputError, match="nobody could change"):
        perimeter("scp", Guardrails(classes={}))


def test_more_roles_than_a_policy_holds_are_refused():
    many = tuple(f"arn:aws:iam::111122223333:role/{'r' * 60}{number}" for number in range(60))
    with pytest.raises(InputError, match="characters of 5120"):
        perimeter("scp", Guardrails(classes={}, authorized_roles=many))


@pytest.mark.parametrize(
    ("kind", "name"), [("scp", "service-control-policy.json"), ("rcp", "resource-control-policy.json")]
)
def test_the_samples_are_what_the_example_renders(kind, name):
    """`s3-guardrails settings render docs/examples/guardrails.yaml --for scp > deploy/service-control-policy.json`"""
    sample = json.loads((ROOT / "deploy" / SAMPLES[kind]).read_text(encoding="utf-8"))
    assert sample == perimeter(kind, read_guardrails(ROOT / "docs" / "examples" / "guardrails.yaml"))
