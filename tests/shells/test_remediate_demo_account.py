"""Every resource that the demo mends: what others wrote stays, a second run writes nothing, undo is exact.

The demo's own tests say which findings are mended and that they turn green; here each is looked at by itself.
"""

import json
from pathlib import Path

import pytest
from remediation import Bench, recorded

from s3_guardrails.discovery import find_rules
from s3_guardrails.embedded.seed.account import fill
from s3_guardrails.embedded.seed.parameter import PARAMETERS
from s3_guardrails.embedded.server import EmbeddedAws
from s3_guardrails.remediate.plan import Status
from s3_guardrails.remediate.remediation import remediation_named
from s3_guardrails.remediate.state import read_state
from s3_guardrails.remediate.undo import apply_undo, plan_undo, verify_undo

ENDS = json.loads((Path(__file__).parents[1] / "cases/demo_remediations.json").read_text(encoding="utf-8"))["rules"]
REMEDIATIONS = {entry.name: entry.remediation for entry in find_rules()}
MENDED = {
    name: [rule for rule in ENDS if ENDS[rule].get(name, "").startswith("mended")]
    for name in sorted({name for ends in ENDS.values() for name in ends})
}
"""Resource → rules that are made to hold, in the order of the clicks."""


@pytest.fixture(scope="module")
def account(tmp_path_factory):
    """The demo's account; every test leaves it as it found it."""
    with EmbeddedAws() as aws, pytest.MonkeyPatch.context() as patch:
        key_ids = {name: identifier for identifier, name in fill(aws).items()}
        yield Bench(aws, tmp_path_factory.mktemp("evidence"), recorded(patch)), key_ids


def statements(text):
    """The text of each statement, read apart by nothing but the JSON decoder; a single one need not be in a list."""
    start = text.index(":", text.index('"Statement"')) + 1
    rest = text[start:].lstrip(" \n\t[,")
    while rest.startswith("{"):
        _, end = json.JSONDecoder().raw_decode(rest)
        yield rest[:end]
        rest = rest[end:].lstrip(" \n\t,")


@pytest.mark.parametrize("name", [name for name, rules in MENDED.items() if rules])
def test_what_is_mended_keeps_what_others_wrote_is_left_alone_then_and_can_be_undone(account, name):
    bench, key_ids = account
    identifier = key_ids.get(name.removeprefix("alias/"), name)
    changes = [Change(bench, rule, identifier) for rule in MENDED[name]]
    for each in changes:
        each.make()
    bench.calls.clear()
    for each in changes:
        assert bench.fresh().run(*each.asked).status is Status.NOTHING_TO_DO
    assert bench.writes == []
    for each in reversed(changes):
        each.undo()


class Change:
    """One remediation of one resource."""

    def __init__(self, bench, rule, identifier):
        self.bench, self.remediation = bench, REMEDIATIONS[rule]
        self.asked = (self.remediation, identifier, PARAMETERS.get(rule, {}))
        self.resource = bench.order(*self.asked).resource
        self.setting = remediation_named(self.remediation).setting

    def state(self):
        return read_state(self.setting, self.bench.fresh().engine.clients, self.resource)

    def make(self):
        self.before = self.state()
        self.bench.calls.clear()
        self.plan = self.bench.run(*self.asked)
        assert len(self.bench.writes) == 1
        text = self.before[self.setting.value]
        if isinstance(text, str) and self.remediation != "RestrictKeyPolicy":
            theirs, all_of_them = list(statements(text)), list(statements(self.state()[self.setting.value]))
            assert all_of_them[: len(theirs)] == theirs
            assert len(all_of_them) > len(theirs)

    def undo(self):
        engine = self.bench.fresh().engine
        apply_undo(engine, self.plan.id, plan_undo(engine, self.plan.id).id, lambda _: None)
        verify_undo(self.bench.fresh().engine, self.plan.id)
        assert self.state() == self.before
