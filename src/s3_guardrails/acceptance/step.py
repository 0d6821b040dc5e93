"""A step, and how steps are run: in order, each with what it needs, one failure never ends the others."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from botocore.exceptions import BotoCoreError, ClientError

from s3_guardrails.acceptance.outcome import ENDS, Outcome, Result, Skipped, Stopped, Unlike
from s3_guardrails.acceptance.run import Run, code_of
from s3_guardrails.errors import GuardrailError, InputError
from s3_guardrails.live.call import CREDENTIALS, MALFORMED, sentence


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One thing to show. `run` returns the answer, or raises Unlike, Stopped or Skipped.

    `minutes`: how long it usually takes. `makes`: what, in words. `settles`: docs/verified.md names it.
    """

    id: str
    shows: str
    run: Callable[[Run], str]
    minutes: float
    needs: tuple[str, ...] = ()
    makes: str = ""
    settles: bool = False


def question(  # the fields of a step
    name: str, shows: str, run: Callable[[Run], str], minutes: float, *needs: str, makes: str = ""
) -> Step:
    """Return a step that settles a question of docs/verified.md."""
    return Step(id=name, shows=shows, run=run, minutes=minutes, needs=needs, makes=makes, settles=True)


def run_steps(run: Run, steps: Sequence[Step]) -> Iterator[Result]:
    """Yield what each step came to; after credentials that expired, or Ctrl-C, the others are skipped."""
    outcomes: dict[str, Outcome] = {}
    over = ""
    for step in steps:
        began = run.clock.now()
        outcome, answer = Outcome.SKIPPED, over or _unmet(step, outcomes)
        if not answer:
            outcome, answer, over = _tried(run, step)
        outcomes[step.id] = outcome
        seconds = int((run.clock.now() - began).total_seconds())
        at = began.isoformat(timespec="seconds")
        yield Result(id=step.id, shows=step.shows, outcome=outcome, answer=answer, began=at, seconds=seconds)


def selected(steps: Sequence[Step], wanted: Sequence[str]) -> list[Step]:
    """Return the wanted steps and all that they need, in order; all where none is named. Raise InputError."""
    known = {each.id: each for each in steps}
    found, left = set[str](), list(wanted)
    while left:
        step = known.get(left.pop())
        if step is None:
            raise InputError(f"--only: expected steps, as --list shows them, found `{', '.join(wanted)}`")
        found.add(step.id)
        left += [each for each in step.needs if each not in found]
    return [each for each in steps if not wanted or each.id in found]


def _unmet(step: Step, outcomes: dict[str, Outcome]) -> str:
    missing = [f"{each}, which was {outcomes[each]}" for each in step.needs if outcomes[each] is not Outcome.PASSED]
    return f"needs {' and '.join(missing)}" if missing else ""


_ENDED: Final = "the credentials have expired: renew them, then run with --clean-up"


def _tried(run: Run, step: Step) -> tuple[Outcome, str, str]:
    """Return outcome and answer of one step, and why all others are skipped, if they are."""
    try:
        return Outcome.PASSED, step.run(run), ""
    except (Unlike, Stopped, Skipped) as end:
        return ENDS[type(end)], str(end), ""
    except ClientError as error:
        over = _ENDED if code_of(error) in CREDENTIALS else ""
        return Outcome.STOPPED, sentence(error), over
    except (GuardrailError, BotoCoreError, *MALFORMED) as error:
        return Outcome.STOPPED, sentence(error), ""
    except Exception as error:  # noqa: BLE001  # whatever it is, the clean-up has to follow
        return Outcome.STOPPED, f"a defect of this step: {sentence(error)}", ""
    except KeyboardInterrupt:
        return Outcome.STOPPED, "interrupted", "interrupted"
