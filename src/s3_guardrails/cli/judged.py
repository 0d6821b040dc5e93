"""Asks one question of a policy that was found in a file, in every deployment that its open values leave."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from s3_guardrails.encryption.question import Answered, ask
from s3_guardrails.errors import InputError
from s3_guardrails.policy.authorize import Outcome, authorize
from s3_guardrails.policy.carriers import carriers
from s3_guardrails.policy.document import Policy, Statement
from s3_guardrails.policy.explain import passages, sentence
from s3_guardrails.policy.prove import Answer, Inconclusive, Proved
from s3_guardrails.policy.request import Request
from s3_guardrails.template.found import ACCOUNT, REGION, Found, Kind, World, assignments, label
from s3_guardrails.template.value import Unknown

UPLOADS: Final = frozenset({"sse", "uploads"})
LOCKOUT: Final = "kms-lockout"
"""The one topic that an Allow proves, not a Deny."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asking:
    """A topic, its parameters, and the earliest time of a request in epoch seconds."""

    topic: str
    params: Mapping[str, Any]
    since: float
    partition: str

    @property
    def kind(self) -> Kind:
        """What kind of policy the topic is about."""
        return Kind.KEY if self.topic.startswith("kms-") else Kind.BUCKET

    def fits(self, found: Found) -> bool:
        """Is the topic about such a policy?"""
        return found.kind in {None, self.kind}

    def answer(self, world: World, policy: Policy) -> Answered:
        """Ask about a policy in the place of a deployment; raise InputError."""
        params = dict(self.params)
        if self.kind is Kind.BUCKET and world.bucket is None:
            raise InputError("the resources name no single bucket: pass --bucket")
        if self.topic in UPLOADS:
            setting = world.encryption if "default" not in params else None
            if isinstance(setting, Unknown):
                reason = f"the bucket's default encryption depends on {setting.name}: pass --param default=…"
                return Answered("inconclusive", None, (reason,))
            params = {**(setting or {}), **params}
        return ask(
            self.topic,
            policy,
            bucket=world.bucket,
            own=world.account,
            params=params,
            since=self.since,
            partition=self.partition,
        )

    def assumed(self, world: World) -> tuple[str, ...]:
        """Return what the answer takes for granted."""
        return (*world.assumed, *(self._defaults(world) if self.topic in UPLOADS else ()))

    def _defaults(self, world: World) -> Iterator[str]:
        """Say what of the bucket neither the file nor the user says."""
        setting = world.encryption if isinstance(world.encryption, Mapping) else {}
        if "default" not in {**setting, **self.params}:
            yield "the bucket's default encryption is SSE-S3"
        if "blocked" not in self.params and not setting.get("blocked"):
            yield "the bucket blocks no encryption type"


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """The answer about one policy.

    `carried_by`: labels of a minimal set of statements that a proof needs, `not_needed` those of the others of their
    kind. `passages`: rows of `explain.passages`. `deployment`: which one the counterexample is about, empty if all.
    `example`: a request that a proof of existence rests on.
    """

    answered: Answered
    world: World
    assumed: tuple[str, ...] = ()
    passages: tuple[Mapping[str, Any], ...] = ()
    carried_by: tuple[str, ...] = ()
    not_needed: tuple[str, ...] = ()
    deployment: str = ""
    example: str = ""

    @property
    def sentence(self) -> str:
        """The answer in a sentence without its full stop."""
        request = self.answered.counterexample
        return sentence(request) if request else self.answered.reasons[0]

    @property
    def sentences(self) -> tuple[str, ...]:
        """All sentences: one per request of the counterexample, or the reasons."""
        return self.answered.reasons[: len(self.answered.reasons) - len(self.passages)]


def judge(found: Found, asking: Asking) -> Judged | None:
    """Return the answer that holds in every deployment, None where the policy is part of none; raise GuardrailError."""
    asked = list(_asked(found, asking))
    if not asked:
        return None
    verdicts = {each.verdict: (each, of) for each, _, of in reversed(asked)}
    if len(verdicts) > 1:
        world = asked[0][1]
        return Judged(answered=_depends(verdicts, found.choices), world=world, assumed=asking.assumed(world))
    first, world, which = _widest(asked, asking.kind)
    judged = Judged(answered=first, world=world, assumed=asking.assumed(world), deployment=which)
    match first.verdict:
        case "refuted" if first.counterexample:
            return replace(judged, passages=_passages(world.policy, first.counterexample))
        case "proved":
            return _carried(judged, asking)
    return judged


def _asked(found: Found, asking: Asking) -> Iterator[tuple[Answered, World, str]]:
    for assignment in assignments(found.choices):
        world = found.at(assignment)
        if world is not None:
            yield _answered(world, asking), world, label(assignment, found.choices)


def _answered(world: World, asking: Asking) -> Answered:
    """Ask without and with the callers that an open principal may name; the answer may depend on them."""
    found = asking.answer(world, world.policy)
    if world.callers is None or asking.answer(world, world.callers).verdict == found.verdict:
        return found
    names = dict.fromkeys(each for each in world.policy.defects)
    return Answered("inconclusive", None, (f"the answer depends on {'; '.join(names)}",))


def _widest(asked: Sequence[tuple[Answered, World, str]], kind: Kind) -> tuple[Answered, World, str]:
    """Return an answer whose counterexample gets through in every deployment, else the first."""
    through = {Outcome.ALLOW, Outcome.IMPLICIT_DENY} if kind is Kind.BUCKET else {Outcome.ALLOW}
    for answered, world, _ in asked:
        request = answered.counterexample
        if request and all(authorize(each.policy, request).outcome in through for _, each, _ in asked):
            return answered, world, ""
    return asked[0]


def _depends(verdicts: Mapping[str, tuple[Answered, str]], choices: Mapping[str, Sequence[object]]) -> Answered:
    """The answer where deployments differ: it depends on what is not known."""
    names = (_OPTIONS.get(name, f"--parameter {name}=…") for name, values in choices.items() if len(values) > 1)
    told = (f"{verdict} with {which}: {answer.reasons[0]}" for verdict, (answer, which) in sorted(verdicts.items()))
    return Answered("inconclusive", None, (f"the answer depends on the deployment: pass {' or '.join(names)}", *told))


_OPTIONS: Final = {ACCOUNT: "--account", REGION: "--region"}


def _passages(policy: Policy, request: Request) -> tuple[Mapping[str, Any], ...]:
    return tuple(passages(policy, request))


def _carried(judged: Judged, asking: Asking) -> Judged:
    """Name the statements that the proof rests on."""
    world = judged.world
    if asking.topic == LOCKOUT:
        kept, all_ = _allows(world, asking), world.policy.allows
        judged = replace(judged, example=judged.answered.reasons[0])
    else:
        kept, all_ = carriers(world.policy, lambda policy: _answer(asking.answer(world, policy))), world.policy.denies
    needed = {id(each) for each in kept}
    carried = tuple(each.label for each in all_ if id(each) in needed)
    return replace(judged, carried_by=carried, not_needed=tuple(each.label for each in all_ if id(each) not in needed))


def _answer(answered: Answered) -> Answer:
    return Proved() if answered.verdict == "proved" else Inconclusive("; ".join(answered.reasons))


def _allows(world: World, asking: Asking) -> tuple[Statement, ...]:
    """Return a minimal set of Allow statements; later ones are dropped first."""
    kept = world.policy.statements
    for each in reversed(world.policy.allows):
        fewer = tuple(one for one in kept if one is not each)
        if asking.answer(world, replace(world.policy, statements=fewer)).verdict == "proved":
            kept = fewer
    return kept
