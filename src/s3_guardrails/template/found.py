"""A policy that was found in a file, in every way that what is not known leaves it."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from fnmatch import fnmatchcase
from itertools import chain, count, product
from typing import Any, Final

from s3_guardrails.policy.document import Policy
from s3_guardrails.template.value import Node, Unknown, leaves, texts


class Kind(StrEnum):
    """What a policy is attached to."""

    BUCKET = "bucket"
    KEY = "key"


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What the user says about where a template or policy is going; None where nothing was said."""

    account: str | None = None
    region: str | None = None
    bucket: str | None = None
    partition: str = "aws"
    parameters: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Other:
    """A parameter's value that is none of these."""

    than: tuple[str, ...] = ()


Assigned = str | Other
Assignment = Mapping[str, Assigned]

ACCOUNT: Final = "AWS::AccountId"
REGION: Final = "AWS::Region"
MAX_WORLDS: Final = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """A policy in one possible deployment.

    `callers`: the same policy, naming callers that an open principal may name; None where no principal is open.
    `encryption`: what the file says of the bucket's default encryption, as parameters of the topic of uploads: absent
    (None) where the bucket is not in the file, Unknown where it is open. `assumed`: sentences about what stands for
    what is not known.
    """

    policy: Policy
    account: str
    callers: Policy | None = None
    bucket: str | None = None
    encryption: Mapping[str, Any] | Unknown | None = None
    assumed: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A policy and where it stands: `place` is a logical id or an address, empty for a bare policy.

    `choices`: what decides between deployments and is not known → every value that can make a difference. `at` gives
    the deployment under one assignment, None where the policy is not part of it; it raises GuardrailError where the
    policy is malformed.
    """

    kind: Kind | None
    place: str
    line: int | None
    choices: Mapping[str, tuple[Assigned, ...]]
    at: Callable[[Assignment], World | None]


@dataclass(frozen=True, slots=True)
class File:
    """What was found in a file.

    `open`: sentences about parts that may hold policies which nobody can see yet; `notes`: about what is not judged.
    """

    policies: list[Found]
    open: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def assignments(choices: Mapping[str, tuple[Assigned, ...]]) -> Iterator[dict[str, Assigned]]:
    """Yield every assignment."""
    for values in product(*choices.values()):
        yield dict(zip(choices, values, strict=True))


def bounded(choices: Mapping[str, tuple[Assigned, ...]]) -> dict[str, tuple[Assigned, ...]]:
    """Drop the widest choices until few enough deployments are left; what is dropped stays unknown, not guessed.

    The account stays: a question is asked about some account.
    """
    kept = dict(choices)
    while math.prod(map(len, kept.values())) > MAX_WORLDS and (open_ := kept.keys() - {ACCOUNT}):
        del kept[max(open_, key=lambda name: (len(kept[name]), name))]
    return kept


def label(assignment: Assignment, choices: Mapping[str, tuple[Assigned, ...]]) -> str:
    """Say which deployment this is, empty where there is only one."""
    told = ((name, value) for name, value in assignment.items() if len(choices[name]) > 1)
    return ", ".join(f"{_NAMES.get(name, name)} {_said(value)}" for name, value in told)


_NAMES: Final = {ACCOUNT: "account", REGION: "Region"}


def _said(value: Assigned) -> str:
    if isinstance(value, str):
        return value or "(empty)"
    return f"other than {', '.join(map(_said, value.than))}" if value.than else "unknown"


_STAND_INS: Final = ("111122223333", "444455556666", "777788889999", "123456789012", "555566667777")
_ACCOUNT: Final = re.compile(r"(?<![0-9])[0-9]{12}(?![0-9])")
_PARTIAL: Final = re.compile(r"(?<![0-9*?])(?=[0-9*?]*[0-9])(?=[0-9*?]*[*?])[0-9*?]{2,}")


@dataclass(frozen=True, slots=True)
class Candidates:
    """What an account or a Region can be: a stand-in that nobody names or means, those that are named, and Other."""

    stand_in: str
    named: tuple[str, ...]
    open: bool = False

    def values(self, kind: Kind | None = None) -> tuple[Assigned, ...]:
        """Return all of them, the natural ones first: a key policy mostly names the account it belongs to."""
        known = (*self.named, self.stand_in) if kind is Kind.KEY else (self.stand_in, *self.named)
        return (*known, *((Other(),) if self.open else ()))

    def said(self, own: str, options: Options) -> tuple[str, ...]:
        """Say that the stand-in is one, where it is."""
        return (f"`{own}` stands for the account",) if options.account is None and own == self.stand_in else ()


def account_choices(options: Options, candidates: Candidates, kind: Kind | None) -> dict[str, tuple[Assigned, ...]]:
    """Return the accounts to ask about where nothing but the owner depends on them."""
    known = tuple(each for each in candidates.values(kind) if isinstance(each, str))
    return {} if options.account else {ACCOUNT: known}


def accounts(nodes: Iterable[Node], compared: Iterable[str] = ()) -> Candidates:
    """Return the accounts that can make a difference.

    A pattern over part of an account id can tell further accounts apart: one of those, and the account stays open
    besides.
    """
    told = list(_words(nodes))
    named = dict.fromkeys([*compared, *(found for text in told for found in _ACCOUNT.findall(text))])
    partial = dict.fromkeys(found for text in told for found in _PARTIAL.findall(text))
    meant = [found for each in partial if (found := _instance(each))]
    return Candidates(stand_in_account(named, partial), tuple(dict.fromkeys([*named, *meant])), bool(partial))


def stand_in_account(named: Iterable[str], patterns: Iterable[str] = ()) -> str:
    """Return an account id that is none of these, and that no pattern means if that can be helped."""
    known, patterns = set(named), tuple(patterns)
    spare = (f"{number:012d}" for number in range(100_000_000_001, 100_000_000_001 + len(known) + 1))
    free = [each for each in (*_STAND_INS, *spare) if each not in known]
    return next((each for each in free if not any(fnmatchcase(each, pattern) for pattern in patterns)), free[0])


def _instance(pattern: str) -> str | None:
    """Return an account id that a pattern means, None where it means none."""
    short = pattern.replace("?", "0").replace("*", "", pattern.count("*") - 1 if "*" in pattern else 0)
    filled = short.replace("*", "0" * max(0, 13 - len(short)))
    return filled if len(filled) == 12 else None


_REGION: Final = re.compile(r"(?<![a-z0-9-])[a-z]{2}(?:-[a-z]+)+-[0-9](?![0-9a-z])")
_PARTIAL_REGION: Final = re.compile(r"(?<![a-z0-9-])[a-z]{2}-[a-z0-9-]*[*?]")


def regions(nodes: Iterable[Node], compared: Iterable[str] = ()) -> Candidates:
    """Return the Regions that can make a difference, as `accounts` does."""
    told = list(_words(nodes))
    named = dict.fromkeys([*compared, *(found for text in told for found in _REGION.findall(text))])
    spare = chain(("us-east-1",), (f"us-standin-{number}" for number in count()))
    fresh = next(each for each in spare if each not in named)
    return Candidates(fresh, tuple(named), any(_PARTIAL_REGION.search(text) for text in told))


def _words(nodes: Iterable[Node]) -> Iterator[str]:
    """Yield the known texts of values; a number can be an account too."""
    for node in nodes:
        for leaf in leaves(node):
            yield from (str(each) for each in texts(leaf) if isinstance(each, str | int) and not isinstance(each, bool))
