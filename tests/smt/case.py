"""A question about policies as formulas: which requests there are, and which statements apply to them."""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from smt.callers import callers
from smt.operators import written
from smt.scope import Scope
from smt.statements import (
    applies,
    conditions,
    covers,
    doubtful,
    entries,
    has_variables,
    listed,
    statements_of,
    unclear,
)
from smt.terms import Formula, Term, Terms
from smt.variables import split
from smt.world import OF_ACCESS_POINT, Caller, Request, Value, World, catalogue, stem

Policy = dict[str, Any]
MODE = "s3:x-amz-server-side-encryption"
KEY_ID, CUSTOMER = f"{MODE}-aws-kms-key-id", f"{MODE}-customer-algorithm"
BOOLEAN = ("true", "false")
OF_GRANTS = "kms:grantisforawsresource"


@dataclass(frozen=True)
class Option:
    """An action on a kind of resource, as far as the policy can tell it from others."""

    on: str
    covered: tuple[bool, ...]
    carried: frozenset[str]
    bound_grant: bool = False


@dataclass
class Case:
    """A question about policies; `statements` are all statements that anything is asked of, with their variables."""

    terms: Terms
    service: str
    own: str
    since: float
    statements: list[tuple[dict[str, Any], bool]]
    bucket: str | None = None
    key: str | None = None
    partition: str = "aws"
    world: World = field(init=False)

    def __post_init__(self) -> None:
        self.world = World(self.terms, self.since, self._uses)

    @property
    def mentions(self) -> str:
        return json.dumps([statement for statement, _ in self.statements]).lower()

    def scope(self, **limits: Any) -> Scope:
        named = {
            (kind, text)
            for statement, _ in self.statements
            for name in ("Principal", "NotPrincipal")
            for kind, text in entries(statement.get(name, {}))
        }
        return Scope(self.service, self.own, frozenset(named), self.mentions, partition=self.partition, **limits)

    def _uses(self, key: str) -> int:
        """How many conditions test a key; with `set ` before it, how many do so with a set operator."""
        name, tests = key.removeprefix("set "), 0
        for statement, _ in self.statements:
            for operator, tested, _values in conditions(statement):
                quantified = operator.lower().startswith(("forallvalues:", "foranyvalue:"))
                tests += tested.lower() == name and (quantified or name == key)
        return tests

    def stems(self) -> frozenset[str]:
        used = {MODE, KEY_ID, CUSTOMER}
        for statement, variables in self.statements:
            used |= {stem(key.lower()) for _, key, _ in conditions(statement)}
            if variables:
                texts = [text for _, _, values in conditions(statement) for text in written(values)]
                texts += [each for name in ("Resource", "NotResource") for each in listed(statement.get(name, []))]
                used |= {stem(piece[0]) for text in texts for piece in split(text) if isinstance(piece, tuple)}
        return frozenset(each for each in used if each.startswith(f"{self.service}:"))

    def options(self, names: Iterable[str] | None = None, *, bind_grants: bool = False) -> list[Option]:
        """Return what the policy can tell apart among some of the service's actions."""
        used, wanted, found = self.stems(), None if names is None else set(names), {}
        for name, row in catalogue()[self.service].items():
            if wanted is not None and name not in wanted:
                continue
            covered = tuple(covers(statement, f"{self.service}:{name}") for statement, _ in self.statements)
            bound = bind_grants and name in {"CreateGrant", "RevokeGrant"} and OF_GRANTS in used
            carried = frozenset(row["keys"]) | (OF_ACCESS_POINT if self.service == "s3" else set())
            for on in row["on"]:
                found[Option(on, covered, carried & used, bound)] = None
        return list(found)

    def request(
        self, name: str, caller: Caller, options: Sequence[Option], fixed: Mapping[str, Value] | None = None
    ) -> Request:
        """Return a request for one of the options."""
        terms, (resources, rules) = self.terms, self._resources(name, options)
        covered = [terms.truth(f"{name} covers {index}") for index in range(len(self.statements))]
        carried = {each: terms.truth(f"{name} carries {each}") for each in sorted(self.stems())}
        request = Request(
            name, self.world, caller, self.service, resources, covered, carried, self.own, fixed=dict(fixed or {})
        )
        request.rules += rules
        one_of = []
        for option in options:
            parts = [self._is_on(name, option.on)]
            parts += [_is(terms, term, truth) for term, truth in zip(covered, option.covered, strict=True)]
            parts += [_is(terms, term, each in option.carried) for each, term in carried.items()]
            if option.bound_grant:
                grant = request.value(OF_GRANTS)
                parts.append(terms.either(terms.no(grant.present), terms.is_text(grant.entries[0], "false")))
            one_of.append(terms.both(*parts))
        request.rules.append(terms.either(*one_of))
        return request

    def _resources(self, name: str, options: Sequence[Option]) -> tuple[list[tuple[Formula, Term]], list[Formula]]:
        """Return the resources that a request can be on, each with what tells it from the others; and rules."""
        terms, kinds = self.terms, sorted({each.on for each in options})
        if kinds == ["key"]:
            if self.key:
                return [(True, terms.string(self.key))], []
            (region, no_colon), key = terms.segment(f"{name} region"), terms.text(f"{name} key")
            no_slash = terms.within(key, terms.star(terms.no_char("/")))
            whole = terms.joined(f"arn:{self.partition}:kms:", region, f":{self.own}:key/", key)
            return [(True, whole)], [no_colon, no_slash, terms.no(terms.empty(key))]
        bucket, key = f"arn:{self.partition}:s3:::{self.bucket}", terms.text(f"{name} object")
        terms_of = {"bucket": terms.string(bucket), "object": terms.joined(f"{bucket}/", key)}
        found = [(self._is_on(name, each), terms_of[each]) for each in kinds]
        return found, [terms.no(terms.empty(key))]

    def _is_on(self, name: str, kind: str) -> Formula:
        if kind == "key":
            return True
        on_object = self.terms.truth(f"{name} is on an object")
        return on_object if kind == "object" else self.terms.no(on_object)

    def escapes(self, request: Request, which: Iterable[int], effect: str, *, lenient: bool) -> Formula:
        """No statement of these, of the effect, applies.

        Leniently, an unclear one need not, nor one that applies only where read widely.
        """
        parts = []
        for index in which:
            statement, variables = self.statements[index]
            if statement["Effect"] == effect and not (lenient and unclear(statement, variables)):
                parts.append(self.terms.no(applies(index, statement, request, variables, not lenient, shared=lenient)))
        return self.terms.both(*parts)

    def hit(self, request: Request, which: Iterable[int], effect: str, *, lenient: bool) -> Formula:
        """One of these statements, of the effect, applies; strictly, an unclear one cannot be relied on."""
        parts = []
        for index in which:
            statement, variables = self.statements[index]
            if statement["Effect"] == effect and (lenient or not unclear(statement, variables)):
                parts.append(applies(index, statement, request, variables, lenient, shared=lenient))
        return self.terms.either(*parts)

    def allowed(self, request: Request, which: Iterable[int] | None = None, *, lenient: bool) -> Formula:
        these = range(len(self.statements)) if which is None else which
        return self.terms.both(
            self.escapes(request, these, "Deny", lenient=lenient), self.hit(request, these, "Allow", lenient=lenient)
        )


def _is(terms: Terms, term: Formula, truth: bool) -> Formula:
    return term if truth else terms.no(term)


Hunt = Callable[[Caller, bool], tuple[list[Request], Formula]]
"""Given a caller and whether to read leniently: the requests, and what makes them a violation."""


def found(case: Case, scope: Scope, hunt: Hunt) -> str:
    """Search every kind of caller, strictly and where something is unclear leniently."""
    open_parts = any(unclear(*each) or doubtful(*each) for each in case.statements)
    for lenient in (False, True) if open_parts else (False,):
        for caller in callers(case.world, scope):
            requests, violation = hunt(caller, lenient)
            rules = [*caller.rules, *(rule for each in requests for rule in each.rules)]
            if case.terms.check(case.terms.relevant(violation, rules)) is not None:
                return "open" if lenient else "refuted"
    return "proved"


def with_variables(*policies: Policy) -> list[tuple[dict[str, Any], bool]]:
    return [(statement, has_variables(policy)) for policy in policies for statement in statements_of(policy)]
