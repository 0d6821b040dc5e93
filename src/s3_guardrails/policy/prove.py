"""Answer a question about all requests: proved, refuted with a counterexample, or inconclusive with the reason.

A counterexample is replayed through `authorize`, which shares no matching code with the search, before anyone sees it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from s3_guardrails.policy.authorize import Outcome, authorize, denied
from s3_guardrails.policy.condition_literal import ConditionLiteral
from s3_guardrails.policy.demand import Literal, Reading
from s3_guardrails.policy.document import Condition, Effect, Policy, Statement
from s3_guardrails.policy.literal import literals
from s3_guardrails.policy.operator import operator
from s3_guardrails.policy.reading import readings
from s3_guardrails.policy.request import Request
from s3_guardrails.policy.search import Exhausted
from s3_guardrails.policy.space import Space, variables_needed
from s3_guardrails.policy.split import Ask, Chosen, Split
from s3_guardrails.policy.witness import request_of


@dataclass(frozen=True, slots=True)
class Proved:
    """No request of the question's space violates the property."""


@dataclass(frozen=True, slots=True)
class Refuted:
    """These requests, all of one caller, violate the property; usually it is one."""

    requests: tuple[Request, ...]
    labels: tuple[tuple[str, ...], ...]

    @property
    def counterexample(self) -> Request:
        """The first request."""
        return self.requests[0]


@dataclass(frozen=True, slots=True)
class Inconclusive:
    """Not decided, and why: a part of the policy that is not understood, or a bound of the search."""

    reason: str


Answer = Proved | Refuted | Inconclusive


class Question(NamedTuple):
    """The property "no such requests exist": one space per request that must exist, all of the same caller.

    `allowed`: the requests must be allowed by the policy, not merely not denied.
    """

    spaces: tuple[Space, ...]
    allowed: bool = False


def prove(policy: Policy, question: Question) -> Answer:
    """Decide a question about all requests."""

    def confirmed(request: Request) -> bool:
        if question.allowed:
            return authorize(policy, request).outcome is Outcome.ALLOW
        return denied(policy, request) is False

    def ask(space: Space, reading: Reading) -> Ask:
        allows = (applied(policy.allows, reading),) if question.allowed else ()
        return Ask(space, escaped(policy.denies, reading), allows, pins(reading))

    return decide(policy, question.spaces, ask, confirmed)


def decide(
    policy: Policy,
    spaces: Sequence[Space],
    ask: Callable[[Space, Reading], Ask],
    confirmed: Callable[[Request], bool],
) -> Answer:
    """Answer "no such requests exist", one per space and all of one caller.

    `policy` holds every statement that `ask` speaks of; `confirmed` is the plain evaluator's word on one request.
    """
    spaces = tuple(each.covering(policy) for each in spaces)
    found = readings(policy, spaces)
    failure: Inconclusive | None = None
    for reading in (*found.strict, *found.lenient):
        try:
            solution = Split([ask(each, reading) for each in spaces]).solve()
        except Exhausted as error:
            failure = failure or Inconclusive(f"the search was given up after {error}")
            continue
        if solution is None:
            continue
        answer = _replayed(policy, spaces, solution, confirmed)
        if isinstance(answer, Refuted):
            return answer
        if reading.lenient:
            answer = Inconclusive(f"the answer depends on {'; '.join(found.open_parts)}")
        failure = failure or answer
    return failure or Proved()


def escaped(statements: Iterable[Statement], reading: Reading) -> tuple[tuple[Literal, ...], ...]:
    """Compile statements that must not apply; leniently, one that may be invalid can be taken not to."""
    if not reading.lenient:
        return tuple(literals(each, reading) for each in statements)
    kept = (each for each in statements if not each.defects and not _unresolved(each, reading))
    return tuple((*literals(each, reading), *_resolved(each, reading)) for each in kept)


def _unresolved(statement: Statement, reading: Reading) -> bool:
    """Does the statement need a policy variable that has no value?"""
    return not variables_needed(statement).isdisjoint(reading.absent)


def _resolved(statement: Statement, reading: Reading) -> Iterator[Literal]:
    """Yield a literal for every policy variable that may turn out to have no value."""
    for key in sorted(variables_needed(statement) - reading.values.keys()):
        yield _fact("Null", key, "false")


def applied(statements: Iterable[Statement], reading: Reading) -> tuple[tuple[Literal, ...], ...]:
    """Compile statements of which one must apply; strictly, one that may be invalid cannot be relied on."""
    sure = (each for each in statements if reading.lenient or not (each.defects or _unresolved(each, reading)))
    return tuple(literals(each, reading) for each in sure)


def pins(reading: Reading) -> tuple[Literal, ...]:
    """Hold a request to the values that its policy variables were given."""
    fixed = (_fact("StringEquals", key, value) for key, value in reading.values.items())
    return (*fixed, *(_fact("Null", key, "true") for key in reading.absent))


def _fact(name: str, key: str, value: str) -> ConditionLiteral:
    """A condition of no statement."""
    nowhere = Statement(-1, None, Effect.ALLOW, (), (), (), variables=False)
    return ConditionLiteral(nowhere, Reading(), Condition(operator(name), key, (value,)))


def _replayed(
    policy: Policy, spaces: Sequence[Space], found: tuple[Chosen, ...], confirmed: Callable[[Request], bool]
) -> Refuted | Inconclusive:
    requests, labels = [], []
    first = 1
    for copy, space in enumerate(spaces):
        mine = (found[0], *found[first : first + len(space.groups) - 1])
        first += len(space.groups) - 1
        request = request_of(policy, mine, copy)
        if not confirmed(request):
            return Inconclusive(f"a candidate request was not confirmed: {authorize(policy, request).outcome}")
        requests.append(request)
        labels.append(tuple(each.alternative.label for each in mine))
    return Refuted(tuple(requests), tuple(labels))
