"""What became of many resources: JSON or lines, a sentence, the exit status."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import click

from s3_guardrails.cli.exit_code import ExitCode, worst
from s3_guardrails.cli.remediate_place import Place
from s3_guardrails.cli.remediate_show import result_lines, show
from s3_guardrails.cli.text import pretty_json, say
from s3_guardrails.remediate.batch import Outcome, Result

EXIT_CODES: Final = {
    Outcome.NOTHING_TO_DO: ExitCode.COMPLIANT,
    Outcome.VERIFIED: ExitCode.COMPLIANT,
    Outcome.PLANNED: ExitCode.FINDINGS,
    Outcome.REFUSED: ExitCode.FINDINGS,
    Outcome.NOT_APPROVED: ExitCode.FINDINGS,
    Outcome.CHANGED_BACK: ExitCode.FINDINGS,
    Outcome.LATER: ExitCode.FINDINGS,
    Outcome.UNDETERMINED: ExitCode.UNDETERMINED,
    Outcome.FAILED: ExitCode.COULD_NOT_RUN,
}


@dataclass(slots=True)
class Report:
    """One run. `left`: broken rules that it did not look at; `failures`: listings; `stopped`: why before its end."""

    place: Place
    journal: Path
    results: list[Result] = field(default_factory=list)
    left: int = 0
    failures: list[str] = field(default_factory=list)
    stopped: str = ""

    def tell(self, *, as_json: bool) -> ExitCode:
        """Print everything; return the exit status."""
        if as_json:
            click.echo(pretty_json(self._data()))
        else:
            show(result_lines(self.results))
        for each in self._sentences():
            say(each)
        outcomes = {EXIT_CODES[each.outcome] for each in self.results}
        outcomes |= {ExitCode.COULD_NOT_RUN} if self.failures or self.stopped else set()
        return worst(outcomes | ({ExitCode.FINDINGS} if self.left else set()))

    @property
    def _counts(self) -> dict[str, int]:
        counts = Counter(each.outcome for each in self.results)
        return {each.value: counts[each] for each in Outcome if counts[each]}

    def _data(self) -> dict[str, Any]:
        return {
            "account": self.place.account.id,
            "regions": list(self.place.account.regions),
            "applied": self.place.writes,
            "journal": str(self.journal),
            "outcomes": self._counts,
            "left": self.left,
            "stopped": self.stopped or None,
            "failures": list(self.failures),
            "results": [each.as_json() | {"pre_image": self._kept(each)} for each in self.results],
        }

    def _kept(self, result: Result) -> str | None:
        return self.place.kept(result.plan.id) if result.plan and result.plan.diff else None

    def _sentences(self) -> list[str]:
        account = self.place.account
        counts = (
            ", ".join(f"{count} {outcome}" for outcome, count in self._counts.items()) or "no rule is NON_COMPLIANT"
        )
        told = [f"not judged: {each}" for each in self.failures]
        told.append(f"account {account.id}, keys of {', '.join(account.regions)}: {counts}")
        if self.left:
            told.append(f"{self.left} more were left for another run by --limit")
        if self.stopped:
            told.append(f"stopped: {self.stopped}; the same command goes on from here")
        if not self.place.writes:
            told += _next_steps(self.results)
        return told


def _next_steps(results: Sequence[Result]) -> Iterator[str]:
    """Yield what a person does after a dry run."""
    planned = [each.plan for each in results if each.outcome is Outcome.PLANNED]
    if any(each and each.concerns for each in planned):
        yield "to approve plans with concerns: look at what --json prints, then pass it with --reviewed FILE"
    if planned:
        yield "nothing was written; pass --apply to make the changes"
