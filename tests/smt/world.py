"""Symbolic requests: who calls, and the value or absence of every context key, as terms.

Written from the words of AWS's documents alone: IAM User Guide, "AWS global condition context keys" (which keys exist,
who carries them) and "Principal"; the Service Authorization Reference, read as data, says which action has which keys.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from smt.terms import Formula, Term, Terms

CATALOGUE = Path(__file__).parents[2] / "src/s3_guardrails/policy/actions.json"

BOOLEANS = {
    "aws:securetransport",
    "aws:viaawsservice",
    "aws:principalisawsservice",
    "aws:multifactorauthpresent",
}
NUMBERS = {"aws:multifactorauthage"}
TIMES = {"aws:currenttime", "aws:epochtime", "aws:tokenissuetime"}
ADDRESSES = {"aws:sourceip", "aws:vpcsourceip", "aws:ec2instancesourceprivateipv4"}
LISTS = {
    "aws:principalservicenameslist",
    "aws:principalorgpaths",
    "aws:calledvia",
    "aws:vpceorgpaths",
    "aws:sourceorgpaths",
    "aws:resourceorgpaths",
    "aws:tagkeys",
}
ALWAYS = {
    "aws:securetransport",
    "aws:viaawsservice",
    "aws:currenttime",
    "aws:epochtime",
    "aws:requestedregion",
    "aws:useragent",
}
OF_PERSONS = {
    "aws:multifactorauthpresent",
    "aws:multifactorauthage",
    "aws:tokenissuetime",
    "aws:federatedprovider",
    "aws:calledvia",
    "aws:calledviafirst",
    "aws:calledvialast",
    "aws:sourceidentity",
    "kms:viaservice",
}
"""Neither AWS services nor anonymous callers have these, nor tags of a principal."""

OF_CALL = OF_PERSONS - {"aws:federatedprovider"} | {"aws:viaawsservice"}
"""Keys of a caller that may differ between two requests of the same one."""

OF_SIGNATURE = {"s3:authtype", "s3:signatureversion", "s3:signatureage"}
"""Keys of signed requests."""

OF_ACCESS_POINT = {"s3:dataaccesspointarn", "s3:dataaccesspointaccount", "s3:accesspointnetworkorigin"}
"""Any request to S3 can come through an access point."""

OF_ENDPOINT = {
    "aws:vpcsourceip",
    "aws:sourcevpc",
    "aws:sourcevpce",
    "aws:sourcevpcarn",
    "aws:vpceaccount",
    "aws:vpceorgid",
    "aws:vpceorgpaths",
}
FORMS = {
    "aws:sourcevpc": "vpc-?*",
    "aws:sourcevpce": "vpce-?*",
    "aws:sourcevpcarn": "arn:*:ec2:*:*:vpc/vpc-?*",
    "aws:vpceorgid": "o-?*",
    "aws:vpceorgpaths": "o-?*/?*/",
    "aws:principalservicenameslist": "?*.amazonaws.com",
}


@dataclass(frozen=True)
class Value:
    """A context key: whether it is present, and its entries (one unless `many`). `finite`: all it can be."""

    present: Formula
    entries: tuple[Term, ...] = ()
    kind: str = "text"
    many: bool = False
    finite: tuple[str, ...] | None = None


ABSENT = Value(False)


@cache
def catalogue() -> dict[str, Any]:
    return json.loads(CATALOGUE.read_text(encoding="utf-8"))


def stem(key: str) -> str:
    """`s3:existingobjecttag/team` → `s3:existingobjecttag/`, and likewise for encryption contexts."""
    if key.startswith("kms:encryptioncontext:"):
        return "kms:encryptioncontext:"
    return key.partition("/")[0] + "/" if "/" in key else key


def described(key: str) -> tuple[str, bool, bool]:
    """Return a key's kind, whether its value is a list, and whether anybody knows the key."""
    if key.startswith("aws:"):
        sets = (("boolean", BOOLEANS), ("number", NUMBERS), ("time", TIMES), ("address", ADDRESSES))
        return next((kind for kind, keys in sets if key in keys), "text"), key in LISTS, True
    row = catalogue()["keys"].get(stem(key))
    if row is None:
        return "text", False, False
    kinds = {"Bool": "boolean", "Numeric": "number", "Date": "time", "IPAddress": "address"}
    return kinds.get(row[1], "text"), row[1].startswith("ArrayOf"), True


@dataclass
class Caller:
    """Who calls. `arns`: what a Principal element may name; `identity`: an identity provider or canonical user."""

    kind: str
    keys: dict[str, Value]
    rules: list[Formula]
    arns: tuple[Term, ...] = ()
    account: Term | None = None
    service: Term | None = None
    identity: str | None = None
    of_call: Callable[[str], tuple[dict[str, Value], list[Formula]]] = lambda _: ({}, [])
    """Keys, and rules for them, that may differ between two requests of this caller; given the request's name."""


@dataclass
class Request:
    """One request of a caller.

    `resources`: what it can be on, and when; `covered[i]`: whether statement i speaks of the action; `carried`: which
    of the service's keys the action has; `rules`: what must hold.
    """

    name: str
    world: "World"
    caller: Caller
    service: str
    resources: Sequence[tuple[Formula, Term]]
    covered: Sequence[Formula]
    carried: Mapping[str, Formula]
    own: str | None
    fixed: dict[str, Value] = field(default_factory=dict)
    rules: list[Formula] = field(default_factory=list)
    _values: dict[str, Value] = field(default_factory=dict)

    def __post_init__(self) -> None:
        values, rules = self.caller.of_call(self.name)
        terms = self.world.terms
        self.fixed = {**values, **self.fixed}
        self.rules = [*self.rules, *rules]
        for key, value in values.items():
            if key.startswith(f"{self.service}:"):
                self.rules.append(terms.implies(value.present, self.carried.get(stem(key), False)))

    def value(self, key: str) -> Value:
        if key not in self._values:
            self._values[key] = self._value(key)
        return self._values[key]

    def _value(self, key: str) -> Value:
        terms = self.world.terms
        for known in (self.fixed, self.caller.keys):
            if key in known:
                return known[key]
        owner = key.partition(":")[0]
        if owner in {"s3", "kms"} and owner != self.service:
            return ABSENT
        if key == "aws:resourceaccount" and self.own:
            return Value(True, (terms.string(self.own),))
        if key == "s3:resourceaccount" and self.own:
            return Value(self.carried.get(key, False), (terms.string(self.own),))
        if key in OF_SIGNATURE and self.service == "s3":
            return ABSENT if self.caller.kind == "anonymous" else self.world.free(self.name, key, self.rules)
        if key in OF_PERSONS or key.startswith("aws:principaltag/"):
            return self._of_person(key)
        if key in OF_ENDPOINT or key == "aws:sourceip":
            return self._of_network(key)
        found = self.world.free(self.name, key, self.rules)
        if owner == self.service:
            self.rules.append(terms.implies(found.present, self.carried.get(stem(key), False)))
        return found

    def _of_person(self, key: str) -> Value:
        """Roles and federated users always have temporary credentials."""
        if self.caller.kind in {"service", "anonymous"}:
            return ABSENT
        found = self.world.free(self.name if key in OF_CALL else "caller", key, self.rules)
        temporary = key == "aws:tokenissuetime" and self.caller.kind in {"role", "federated"}
        return Value(True, found.entries, found.kind) if temporary else found

    def _of_network(self, key: str) -> Value:
        """Through a VPC endpoint there is no aws:SourceIp; over the internet none of the endpoint's keys."""
        terms, endpoint = self.world.terms, self.world.terms.truth(f"{self.name} endpoint")
        here = terms.no(endpoint) if key == "aws:sourceip" else endpoint
        always = key in {"aws:sourceip", "aws:vpcsourceip", "aws:sourcevpc", "aws:sourcevpce"}
        found = self.world.free(self.name, key, self.rules)
        if always:
            return Value(here, found.entries, found.kind)
        self.rules.append(terms.implies(found.present, here))
        return found


@dataclass
class World:
    """Makes values; `uses(key)` tells how many conditions test a key, so how many entries a list may need."""

    terms: Terms
    since: float
    uses: Callable[[str], int]

    def free(self, owner: str, key: str, rules: list[Formula]) -> Value:
        """Any value of the key's kind, optional unless every request carries it."""
        kind, many, known = described(key)
        present = True if key in ALWAYS else self.terms.truth(f"{owner} has {key}")
        if key in {"aws:currenttime", "aws:epochtime"}:
            return self._now(owner, rules)
        if kind == "number":
            count = self.terms.integer(f"{owner} {key}")
            rules.append(self.terms.at_least(count, "0"))
            return Value(present, (self.terms.as_real(count),), kind)
        if kind == "time":
            return Value(present, (self.terms.real(f"{owner} {key}"),), kind)
        if kind == "address":
            return Value(present, (self.address(f"{owner} {key}", rules),), kind)
        many = many or (not known and self.uses(f"set {key}") > 0)
        count = max(1, self.uses(key)) if many else 1
        entries = tuple(self.terms.text(f"{owner} {key} {index}") for index in range(count))
        finite = ("true", "false") if kind == "boolean" else None
        for each in entries:
            if finite:
                rules.append(self.terms.among(each, finite))
            elif key in FORMS:
                rules.append(self.terms.within(each, self.terms.glob(FORMS[key])))
            elif key == "aws:vpceaccount":
                rules.append(self.terms.within(each, self.terms.digits(12)))
            elif key in ALWAYS and key != "aws:useragent":
                rules.append(self.terms.no(self.terms.empty(each)))
        return Value(present, entries, kind, many, finite)

    def _now(self, owner: str, rules: list[Formula]) -> Value:
        """aws:CurrentTime and aws:EpochTime are the same moment."""
        moment = self.terms.real(f"{owner} now")
        rules.append(self.terms.at_least(moment, repr(self.since)))
        return Value(True, (moment,), "time")

    def address(self, name: str, rules: list[Formula]) -> Term:
        """An address is a number: IPv4 as it is, IPv6 from 2**32 on."""
        term = self.terms.integer(name)
        rules.append(self.terms.between(term, 0, (1 << 128) + (1 << 32) - 1))
        return term

    def constant(self, text: str) -> Value:
        return Value(True, (self.terms.string(text),))
