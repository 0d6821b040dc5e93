"""When two states mean the same: what AWS does to a text it stored is no change by anybody."""

import json

import pytest

from s3_guardrails.remediate.state import Setting, same


def policy(*statements, **layout):
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)}, **layout)


ONE = {"Effect": "Allow", "Principal": {"AWS": ["arn:a", "arn:b"]}, "Action": ["s3:GetObject", "s3:PutObject"]}
TURNED = {**ONE, "Principal": {"AWS": ["arn:b", "arn:a"]}, "Action": ["s3:PutObject", "s3:GetObject"]}
TWICE = {**ONE, "Principal": {"AWS": ["arn:a", "arn:a"]}}
OTHER = {**ONE, "Effect": "Deny"}


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        (policy(ONE), policy(ONE, indent=2), True),
        (policy(ONE), policy(TURNED), True),
        (policy(ONE), policy(TWICE), False),
        (policy(ONE), policy(OTHER), False),
        (policy(ONE, OTHER), policy(OTHER, ONE), False),
        (policy(ONE), policy(ONE, ONE), False),
        (policy(ONE), None, False),
        (None, None, True),
    ],
)
@pytest.mark.parametrize("setting", [Setting.POLICY, Setting.KEY_POLICY])
def test_spaces_and_the_order_of_a_list_are_no_change_and_anything_else_is(setting, before, after, expected):
    assert same(setting, {setting.value: before}, {setting.value: after}) is expected


def test_a_rotation_that_is_off_has_no_period():
    off, on = {"enabled": False, "days": 365}, {"enabled": True, "days": 365}
    assert same(Setting.ROTATION, {"rotation": off}, {"rotation": {"enabled": False, "days": 90}})
    assert not same(Setting.ROTATION, {"rotation": off}, {"rotation": on})
    assert not same(Setting.ROTATION, {"rotation": on}, {"rotation": {**on, "days": 90}})
