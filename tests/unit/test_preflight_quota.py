"""Whether what a deployment adds has room, and what it adds: facts → codes, at the last value that fits and past it."""

from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from s3_guardrails.deploy.preflight_quota import read_additions
from s3_guardrails.discovery import find_rules
from s3_guardrails.encryption.fact import ABSENT, Unreadable
from s3_guardrails.errors import InputError
from s3_guardrails.preflight.additions import Additions, additions
from s3_guardrails.preflight.finding import Outcome
from s3_guardrails.preflight.quota import PACKS_PER_ACCOUNT, RULES_PER_REGION, Room, judge_room

ADDING = Additions(rules=frozenset({"GUARD", "WARD"}), packs=1, functions=4, reserved=0, roles=3)
ROOMY = Room(config_rules=(), config_rules_quota=ABSENT, conformance_packs=0, unreserved_concurrency=1000)
RULES = ("blocks", "CONFIG_RULES_EXCEEDED")
PACKS = ("blocks", "CONFORMANCE_PACKS_EXCEEDED")


def said(findings):
    return [(each.outcome.value, each.code) for each in findings if each.outcome is not Outcome.FINE]


def rules(count, *further):
    return (*(f"OTHER_{number}" for number in range(count)), *further)


def reserving(count):
    return {"adding": replace(ADDING, reserved=count)}


CASES = {
    "an empty Region": ({}, {}, []),
    "the last rule that fits": ({"config_rules": rules(RULES_PER_REGION - 2)}, {}, []),
    "one rule too many": ({"config_rules": rules(RULES_PER_REGION - 1)}, {}, [RULES]),
    "a lower quota": ({"config_rules": rules(9), "config_rules_quota": 10}, {}, [RULES]),
    "a higher quota": ({"config_rules": rules(RULES_PER_REGION), "config_rules_quota": RULES_PER_REGION + 2}, {}, []),
    "our own rules are replaced": (
        {"config_rules": rules(8, "GUARD-conformance-pack-x1y2", "WARD"), "config_rules_quota": 10},
        {},
        [],
    ),
    "a rule of another that begins like ours": (
        {"config_rules": rules(8, "GUARD-DOG"), "config_rules_quota": 10},
        {},
        [RULES],
    ),
    "the last pack that fits": ({"conformance_packs": PACKS_PER_ACCOUNT - 1}, {}, []),
    "one pack too many": ({"conformance_packs": PACKS_PER_ACCOUNT}, {}, [PACKS]),
    "our own pack is replaced": (
        {"conformance_packs": PACKS_PER_ACCOUNT, "config_rules": ("WARD-conformance-pack-x1y2",)},
        {},
        [],
    ),
    "a new account with few concurrent executions": (
        {"unreserved_concurrency": 3},
        {},
        [("advises", "CONCURRENCY_LOW")],
    ),
    "just enough concurrent executions": ({"unreserved_concurrency": 4}, {}, []),
    "the last execution that can be reserved": ({"unreserved_concurrency": 150}, reserving(50), []),
    "one reserved execution too many": (
        {"unreserved_concurrency": 149},
        reserving(50),
        [("blocks", "CONCURRENCY_EXCEEDED")],
    ),
}


@pytest.mark.parametrize(("facts", "given", "expected"), CASES.values(), ids=CASES)
def test_a_region_has_room_or_not(facts, given, expected):
    found = list(judge_room(replace(ROOMY, **facts), given.get("adding", ADDING)))
    assert said(found) == expected
    assert len(found) == 3


@pytest.mark.parametrize("name", Room.__dataclass_fields__)
def test_what_could_not_be_read_is_never_fine(name):
    closed = Unreadable(name, "AccessDeniedException: no")
    found = list(judge_room(replace(ROOMY, **{name: closed}), ADDING))
    assert said(found) == [("unreadable", f"{name.upper()}_UNREADABLE")]
    assert len(found) == 3


def test_a_documented_default_is_called_one():
    by_code = {each.code: each.sentence for each in judge_room(ROOMY, ADDING)}
    assert by_code["CONFIG_RULES_FIT"].endswith(f"the quota is {RULES_PER_REGION}, the documented default")
    told = {each.code: each.sentence for each in judge_room(replace(ROOMY, config_rules_quota=7), ADDING)}
    assert told["CONFIG_RULES_FIT"].endswith("the quota is 7")


def test_what_is_added_is_counted_in_the_template():
    text = Path(__file__).parents[2].joinpath("template.yaml").read_text(encoding="utf-8")
    types = Counter(line.split()[1] for line in text.splitlines() if line.startswith("    Type: AWS::"))
    found = read_additions()
    assert found.rules == {entry.name for entry in find_rules()}
    assert found.packs == types["AWS::Config::ConformancePack"] == 1
    assert found.functions == types["AWS::Serverless::Function"]
    assert found.roles == types["AWS::IAM::Role"]
    assert found.reserved == 0


TEMPLATE = """
Resources:
  Pack: {Type: AWS::Config::ConformancePack, Properties: {TemplateBody: text}}
  Role: {Type: AWS::IAM::Role}
  One: {Type: AWS::Serverless::Function, Properties: {ReservedConcurrentExecutions: 5, Role: !GetAtt Role.Arn}}
  Two: {Type: AWS::Serverless::Function, Properties: {ReservedConcurrentExecutions: 6}}
  Three: {Type: AWS::Lambda::Function, Properties: {Role: role}}
"""


def test_a_function_without_a_role_gets_one_and_reservations_add_up():
    rule = {"Type": "AWS::Config::ConfigRule", "Properties": {"ConfigRuleName": "GUARD"}}
    template = yaml.safe_load(TEMPLATE.replace("!GetAtt ", ""))
    expected = Additions(rules=frozenset({"GUARD"}), packs=1, functions=3, reserved=11, roles=2)
    assert additions(template, [{"Resources": {"Guard": rule}}]) == expected


def test_a_template_that_adds_nothing_is_refused_and_never_fits():
    with pytest.raises(InputError, match="expected functions, roles and a conformance pack with rules"):
        additions({"Resources": {}}, [])
