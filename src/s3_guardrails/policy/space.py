"""The requests a question ranges over: independent groups, each a list of alternatives.

Within an alternative every dimension is independent; what depends on each other (who calls and what that caller
carries, which action and its keys) shares a group, so that no impossible request is ever considered. Every alternative
of a group defines the same dimensions: one that is forgotten would silently count as never satisfying anything, and
"proved" would be unsound.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from types import MappingProxyType
from typing import NamedTuple

from s3_guardrails.policy.demand import ACTION, CALLER, RESOURCE, Caller
from s3_guardrails.policy.document import Policy, Principal, Statement
from s3_guardrails.policy.domain import ABSENT, Domain, free, texts
from s3_guardrails.policy.glob import variables, without_default
from s3_guardrails.policy.keys import condition_key, family
from s3_guardrails.policy.literal import covered
from s3_guardrails.policy.tie import IN_ARN, TIES, same_key


@dataclass(frozen=True, eq=False)
class Alternative:
    """One way a group can be: a label for people, a domain for every dimension, and for callers who they are."""

    label: str
    domains: Mapping[str, Domain]
    kind: str = ""
    chain: frozenset[Principal] = frozenset()
    principal: str | None = None

    @cached_property
    def caller(self) -> Caller:
        """What literals need to know."""
        tied = {each for each in self.domains if each.startswith("@") or each in TIES}
        told = {IN_ARN[self.kind]} if CALLER in self.domains and self.kind in IN_ARN else set()
        return Caller(self.kind, self.chain, frozenset(tied | told))


class Group(NamedTuple):
    """Alternatives over the same dimensions; `resources`: what actions on each kind of resource are called on."""

    name: str
    alternatives: tuple[Alternative, ...]
    resources: Mapping[str, Domain] = MappingProxyType({})


class Space(NamedTuple):
    """The groups, callers first. `service` is `s3` or `kms`; `since` the earliest time of a request (epoch seconds)."""

    service: str
    groups: tuple[Group, ...]
    since: float = 0.0
    fixed: Mapping[str, Domain] = MappingProxyType({})

    def covering(self, policy: Policy) -> Space:
        """Return the space with a dimension for every key that the policy looks at, and all alternatives complete."""
        used = keys_used(policy.statements)
        lists = {key: texts("*", absent=True, many=True) for key in _listed(policy.statements)}
        groups = (self.groups[0], _merged(self.groups[1], policy, used), *self.groups[2:])
        return self._replace(groups=groups, fixed={**lists, **self.fixed}).with_keys(used)

    def with_keys(self, used: frozenset[str]) -> Space:
        """Return the space with a dimension for each of these keys, where it belongs."""
        alternatives = [each for group in self.groups for each in group.alternatives]
        have = {name for each in alternatives for name in (*each.domains, *each.caller.tied)}
        missing = [key for key in sorted(used) if self._foreign(key) or not {key, TIES.get(key)} & have]
        homes = {key: self._home(key) for key in missing}
        groups = [
            self._complete(group, [key for key in missing if homes[key] == index])
            for index, group in enumerate(self.groups)
        ]
        groups += [Group(key, (Alternative(key, {key: self.free(key)}),)) for key in missing if homes[key] is None]
        return self._replace(groups=tuple(groups))

    def _foreign(self, key: str) -> bool:
        """Is this a key of the other service, which no request of this one carries?"""
        service = key.partition(":")[0]
        return service in {"s3", "kms"} and service != self.service

    def free(self, key: str) -> Domain:
        """Return what is known of a key that no alternative speaks of."""
        if self._foreign(key):
            return ABSENT
        return self.fixed.get(key) or free(key, self.since)

    def _complete(self, group: Group, keys: list[str]) -> Group:
        """Add keys to every alternative, and what only some of them define."""
        dimensions = {dimension for each in group.alternatives for dimension in each.domains} | set(keys)
        plain = {each for each in dimensions if not each.startswith("@")}
        plain |= {key for key, whole in TIES.items() if whole in dimensions}
        return group._replace(alternatives=tuple(self._with(each, keys, plain) for each in group.alternatives))

    def _with(self, each: Alternative, keys: list[str], plain: set[str]) -> Alternative:
        tied = each.caller.tied | set(keys)
        lacking = {key for key in plain - each.domains.keys() if TIES.get(key, key) not in tied}
        if not keys and not lacking:
            return each
        return replace(
            each, domains={**each.domains, **{key: self._of_alternative(each, key) for key in (*keys, *lacking)}}
        )

    def _home(self, key: str) -> int | None:
        """Return the group that a key belongs to: the caller's, the action's, or one of its own (None)."""
        return 0 if _of_caller(key) else 1 if key.startswith(f"{self.service}:") else None

    def _of_alternative(self, each: Alternative, key: str) -> Domain:
        """A key that an action does not carry, or a caller cannot have, is absent from the request."""
        without = {"anonymous"} if key in SIGNATURE_KEYS else {"anonymous", "service"}
        if _of_caller(key) and each.kind in without:
            return ABSENT
        service_key = key.startswith(f"{self.service}:")
        if service_key and isinstance(each, ActionAlternative) and family(key) not in each.keys:
            return ABSENT
        return self.free(key)


@dataclass(frozen=True, eq=False)
class ActionAlternative(Alternative):
    """An action on a kind of resource; `keys` are the service's condition keys that it carries."""

    keys: frozenset[str] = frozenset()

    @cached_property
    def action(self) -> str:
        """The action's full name in lower case."""
        return str((self.domains[ACTION].values or ("",))[0]).lower()


def _merged(group: Group, policy: Policy, used: frozenset[str]) -> Group:
    """Keep one of the actions that no statement tells apart: they differ in nothing but their name."""
    alternatives = [each for each in group.alternatives if isinstance(each, ActionAlternative)]
    names = {each.action for each in alternatives}
    written = dict.fromkeys(each.actions for each in policy.statements)
    meant = [some for actions in written if 0 < len(some := covered(actions, names)) < len(names)]
    families = frozenset(map(family, used))
    distinct: dict[object, ActionAlternative] = {}
    for each in alternatives:
        told_apart = tuple([each.action in some for some in meant])
        others = tuple([id(domain) for key, domain in each.domains.items() if key != ACTION])
        distinct.setdefault((each.kind, told_apart, each.keys & families, others), each)
    return Group(group.name, tuple(_on(each, group.resources) for each in distinct.values()))


def _on(each: ActionAlternative, resources: Mapping[str, Domain]) -> ActionAlternative:
    """Say what the action is called on, where that is not told yet."""
    if each.kind not in resources:
        return each
    return replace(each, domains={**each.domains, RESOURCE: resources[each.kind]})


CALLER_KEYS = frozenset(
    {
        "aws:multifactorauthpresent",
        "aws:multifactorauthage",
        "aws:tokenissuetime",
        "aws:federatedprovider",
        "aws:calledvia",
        "aws:calledviafirst",
        "aws:calledvialast",
        "aws:sourceidentity",
        "aws:principaltype",
        "aws:userid",
        "kms:viaservice",
    }
)
"""Keys that depend on who calls, besides `aws:PrincipalTag/…`: AWS services and anonymous callers have none."""

SESSION_KEYS = CALLER_KEYS - {"aws:principaltype", "aws:userid", "aws:federatedprovider"} | {
    "aws:viaawsservice",
    "aws:sourceaccount",
    "aws:sourcearn",
    "aws:sourceowner",
    "@sourceorg",
    "aws:sourceorgid",
    "aws:sourceorgpaths",
}
"""Of these, keys that may differ between two requests of one caller."""


SIGNATURE_KEYS = frozenset({"s3:authtype", "s3:signatureversion", "s3:signatureage"})
"""Keys of signed requests."""


_OF_CALLER = CALLER_KEYS | SIGNATURE_KEYS | TIES.keys()


def _of_caller(key: str) -> bool:
    return key in _OF_CALLER or key.startswith("aws:principaltag/")


def keys_used(statements: Iterable[Statement]) -> frozenset[str]:
    """Return the condition keys, in lower case, that statements test or use as policy variables."""
    used: set[str] = set()
    for each in statements:
        used |= {condition.name for condition in each.conditions}
        used |= variables_used(each)
    return frozenset(used | {same_key(each) for each in used})


def variables_needed(statement: Statement) -> frozenset[str]:
    """Return the keys of the policy variables that need a value, or AWS "might" take the statement to be invalid."""
    if not statement.variables:
        return frozenset()
    texts = (*statement.resources, *(value for each in statement.conditions for value in each.values))
    return frozenset().union(*map(without_default, texts))


def variables_used(statement: Statement) -> frozenset[str]:
    """Return the keys of the policy variables in a statement's resources and conditions."""
    if not statement.variables:
        return frozenset()
    texts = [*statement.resources, *(value for each in statement.conditions for value in each.values)]
    return frozenset(key for text in texts for key in variables(text))


def _listed(statements: Iterable[Statement]) -> frozenset[str]:
    """Return the keys nobody knows that a set operator tests: their values are lists."""
    return frozenset(
        condition.name
        for each in statements
        for condition in each.conditions
        if condition.operator.quantifier and condition_key(condition.name) is None
    )
