"""Consent to a change: a person at a terminal, or the option that stands for one."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass, field

import click

from s3_guardrails.cli.text import number_of
from s3_guardrails.errors import ChangeFailed
from s3_guardrails.remediate.plan import Plan
from s3_guardrails.settings.changes import ChangeRecord


@dataclass(frozen=True, slots=True, kw_only=True)
class Consent:
    """`yes`: to whatever has no concern. `approved`: plan ids that a person has seen; concerns need that.

    `record`: the change record that approves the one plan that it is about.
    """

    yes: bool
    approved: set[str]
    asks: bool
    record: ChangeRecord | None = None
    declined: set[str] = field(default_factory=set)

    def check(self) -> None:
        """Raise UsageError where nobody could ever consent."""
        if not (self.asks or self.yes or self.approved):
            raise click.UsageError("nobody to ask: pass --yes, --approve with the id of a plan, or --reviewed")

    def ask(self, plan: Plan) -> None:
        """Ask about a plan that was shown, unless it is settled or nobody is there."""
        if self.asks and self.open(plan):
            chosen = self.approved if click.confirm(_question(plan), err=True) else self.declined
            chosen.add(plan.id)

    def ask_about(self, plans: Sequence[Plan], account: str) -> None:
        """Ask once about all plans that have no concern."""
        open_ones = [each for each in plans if not each.concerns and self.open(each)]
        if self.asks and open_ones:
            what = f"Apply {number_of(open_ones, 'plan')} without concerns, in account {account}?"
            chosen = self.approved if click.confirm(what, err=True) else self.declined
            chosen.update(each.id for each in open_ones)

    def possible(self, plan: Plan) -> bool:
        """May this run apply the plan: is it settled, or is somebody there to ask?"""
        return self.asks or self._settled(plan)

    def open(self, plan: Plan) -> bool:
        """Did nobody say yes or no yet?"""
        return not self._settled(plan) and plan.id not in self.declined

    def allow(self, plan: Plan) -> None:
        """Raise ChangeFailed unless somebody consented to the plan."""
        if self._settled(plan):
            if self.record is not None:
                self.record.must_tell(plan.as_json())
            return
        if plan.id in self.declined:
            raise ChangeFailed("DECLINED", "nothing was changed")
        why = "a person must look at its concerns" if plan.concerns else "it is not one that was approved"
        raise ChangeFailed("NOT_APPROVED", f"{why}; to approve what is shown pass --approve {plan.id}")

    def _settled(self, plan: Plan) -> bool:
        return plan.id in self.approved or (self.yes and not plan.concerns)


def _question(plan: Plan) -> str:
    if not plan.concerns:
        return "Apply this plan?"
    return f"Approve this plan with its {number_of(plan.concerns, 'concern')}?"


def somebody_watches() -> bool:
    """Is there a terminal to show a plan on, and to ask on?"""
    return all(each.isatty() for each in (sys.stdin, sys.stdout, sys.stderr))
