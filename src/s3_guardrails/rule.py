"""What a rule is: metadata, parameters, and a pure decision about typed facts.

A rule never sees JSON, a clock or a network. Where it touches a fact that could not be read, its verdict is
UNDETERMINED, once and here; a shell that can read the fact passes `complete` and the rule decides again.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any, ClassVar, Final, Generic, TypeVar

from s3_guardrails.decision import Decision, Severity, undetermined
from s3_guardrails.encryption.bucket import Bucket
from s3_guardrails.encryption.fact import GivenUp
from s3_guardrails.encryption.key import Key
from s3_guardrails.errors import MalformedRule, UnreadableFact, WantedFact
from s3_guardrails.parameters import Parameters as BaseParameters

F = TypeVar("F", Bucket, Key)

MAX_DESCRIPTION: Final = 256
"""Characters that AWS Config accepts as a rule's description."""


class Trigger(StrEnum):
    """When AWS Config invokes the rule: on a configuration change, every 24 hours, or both.

    A rule that rests on other resources too needs the schedule: their changes call no rule about this one.
    """

    CHANGE = "CHANGE"
    PERIODIC = "PERIODIC"
    BOTH = "BOTH"

    @property
    def on_change(self) -> bool:
        """Is the rule asked when its resource changes?"""
        return self is not Trigger.PERIODIC

    @property
    def scheduled(self) -> bool:
        """Is it asked about every resource once a day?"""
        return self is not Trigger.CHANGE


@dataclass(frozen=True, slots=True)
class NoRemediation:
    """Why no document mends what a rule finds."""

    because: str


@dataclass(frozen=True, slots=True)
class Control:
    """An outside requirement that a rule gives evidence for, with where and when the mapping was read."""

    framework: str
    id: str
    source: str
    read_on: str


class Rule(Generic[F]):
    """One AWS Config custom rule. The first paragraph of the docstring is its description, the rest says why."""

    resource_type: ClassVar[str]
    trigger: ClassVar[Trigger] = Trigger.CHANGE
    severity: ClassVar[Severity]
    controls: ClassVar[tuple[Control, ...]]
    remediation: ClassVar[str | NoRemediation]
    further_remediations: ClassVar[tuple[str, ...]] = ()
    Parameters: ClassVar[type[BaseParameters]] = BaseParameters

    def __init__(self, parameters: BaseParameters | None = None) -> None:
        """Take parameters read by `Parameters.from_config`, or the defaults."""
        self.parameters: Any = self.Parameters() if parameters is None else parameters

    def __init_subclass__(cls, *, abstract: bool = False, **kwargs: Any) -> None:
        """Refuse a malformed rule at import, with a sentence."""
        super().__init_subclass__(**kwargs)
        if not abstract:
            _check(cls)

    @classmethod
    def description(cls) -> str:
        """Return the first paragraph of the docstring: what is true of a COMPLIANT resource."""
        return _paragraphs(cls)[0]

    @classmethod
    def why(cls) -> str:
        """Return the rest of the docstring."""
        return "\n\n".join(_paragraphs(cls)[1:])

    def decide(self, facts: F) -> Decision:
        """Decide about one resource; may raise UnreadableFact by touching a fact through `known`."""
        raise NotImplementedError

    def judge(self, facts: F, complete: Callable[[F, str], F] | None = None) -> Decision:
        """Decide about one resource; never raises for an unreadable fact.

        `complete(facts, name)` returns the facts with the named fact read from a live source; each name is asked for
        at most once.
        """
        asked: set[str] = set()
        while True:
            try:
                return self.decide(facts)
            except UnreadableFact as error:
                if complete is not None and error.fact not in asked:
                    asked.add(error.fact)
                    facts = complete(facts, error.fact)
                elif isinstance(error, WantedFact):
                    given_up: Any = {error.fact: GivenUp(error.fact, error.reason)}
                    facts = replace(facts, **given_up)
                else:
                    return _unreadable(error)


class BucketRule(Rule[Bucket], abstract=True):
    """A rule about general purpose buckets."""

    resource_type = "AWS::S3::Bucket"


class KeyRule(Rule[Key], abstract=True):
    """A rule about KMS keys."""

    resource_type = "AWS::KMS::Key"


def _unreadable(error: UnreadableFact) -> Decision:
    name = error.fact.partition(":")[0]
    return undetermined(f"{name.upper()}_UNREADABLE", f"{name.replace('_', ' ')} could not be read: {error.reason}")


def _paragraphs(cls: type) -> list[str]:
    doc = cls.__dict__.get("__doc__") or ""
    return [" ".join(paragraph.split()) for paragraph in re.split(r"\n\s*\n", doc.strip())]


def _check(cls: type[Rule[Any]]) -> None:
    name = cls.__name__
    if not re.fullmatch(r"(S3|KMS)_[A-Z0-9_]{1,120}", name):
        raise MalformedRule(f"rule `{name}`: expected a name in capitals that begins with S3_ or KMS_")
    if not 1 <= len(cls.description()) <= MAX_DESCRIPTION:
        raise MalformedRule(f"rule `{name}`: expected a description of 1 to {MAX_DESCRIPTION} characters")
    for attribute in ("severity", "controls", "remediation"):
        if not hasattr(cls, attribute):
            raise MalformedRule(f"rule `{name}`: expected the class attribute `{attribute}`")
