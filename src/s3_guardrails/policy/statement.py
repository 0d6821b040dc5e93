"""A parsed policy: statements, their principals, actions, resources and conditions."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final, NamedTuple

from s3_guardrails.policy.operator import Operator

VERSIONS: Final = ("2012-10-17", "2008-10-17")


class Effect(StrEnum):
    """What a statement does when it applies."""

    ALLOW = "Allow"
    DENY = "Deny"


class PrincipalKind(StrEnum):
    """The forms that a principal can take in a policy."""

    EVERYONE = "everyone"
    ACCOUNT = "account"
    ARN = "ARN"
    ARN_PATTERN = "ARN pattern"
    SERVICE = "service"
    FEDERATED = "identity provider"
    CANONICAL_USER = "canonical user"
    DELETED = "deleted principal"


class Principal(NamedTuple):
    """One entry of a Principal element; an account is its 12 digits, whatever form it was written in."""

    kind: PrincipalKind
    value: str


class Condition(NamedTuple):
    """One line of a Condition block: ``{operator: {key: values}}``. `key` is as written.

    `unclear`: nobody knows the operator, or its values cannot be read; it may be true or false.
    """

    operator: Operator
    key: str
    values: tuple[str, ...]
    unclear: bool = False

    @property
    def name(self) -> str:
        """The key in lower case: names of condition keys are not sensitive to case."""
        return self.key.lower()


@dataclass(frozen=True, slots=True, eq=False)
class Statement:
    """One statement.

    `not_principal`, `not_action`, `not_resource` tell which form of the element was written. `defects`: what was not
    understood, each with its path; `unclear`: of Principal, Action and Resource those that may mean anything;
    `incomplete`: resources that are no whole ARN, which only identity policies are documented to complete.
    """

    index: int
    sid: str | None
    effect: Effect
    principals: tuple[Principal, ...]
    actions: tuple[str, ...]
    resources: tuple[str, ...]
    conditions: tuple[Condition, ...] = ()
    not_principal: bool = False
    not_action: bool = False
    not_resource: bool = False
    variables: bool = True
    defects: tuple[str, ...] = ()
    unclear: frozenset[str] = frozenset()
    incomplete: frozenset[str] = frozenset()
    source: Mapping[str, Any] = field(default_factory=dict, repr=False)

    @property
    def label(self) -> str:
        """The Sid, or the place in the document."""
        return self.sid or f"Statement[{self.index}]"


@dataclass(frozen=True, slots=True, eq=False)
class Policy:
    """A parsed policy; `source` is the document as it was read, `unknown` the top-level elements nobody knows."""

    version: str
    statements: tuple[Statement, ...]
    source: Mapping[str, Any] = field(default_factory=dict, repr=False)
    unknown: tuple[str, ...] = ()

    @property
    def denies(self) -> tuple[Statement, ...]:
        """The Deny statements, in order."""
        return tuple(each for each in self.statements if each.effect is Effect.DENY)

    @property
    def allows(self) -> tuple[Statement, ...]:
        """The Allow statements, in order."""
        return tuple(each for each in self.statements if each.effect is Effect.ALLOW)

    @property
    def defects(self) -> tuple[str, ...]:
        """Every part that was not understood, each with its path."""
        return (*self.unknown, *(defect for each in self.statements for defect in (*each.defects, *_open(each))))


def _open(statement: Statement) -> Iterator[str]:
    return (f"{statement.label}: `{each[:40]}` is neither `*` nor a whole ARN" for each in sorted(statement.incomplete))


EMPTY: Final = Policy("2012-10-17", ())
"""What a bucket without a policy is judged as: nothing is denied."""
