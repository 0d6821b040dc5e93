"""Which callers a question ranges over, and what persons and services have in common."""

from dataclasses import dataclass, field

from smt.terms import Formula
from smt.world import Value, World

ONLY_OF_PERSONS = (
    "aws:principalarn",
    "aws:principalaccount",
    "kms:calleraccount",
    "aws:username",
    "aws:principalorgid",
    "aws:principalorgpaths",
)


@dataclass(frozen=True)
class Scope:
    """Which callers a question ranges over; `named` are the (type, text) entries of the policy's principals.

    `within`: only principals of this account.
    """

    service: str
    own: str
    named: frozenset[tuple[str, str]]
    mentions: str
    trusted: frozenset[str] = frozenset()
    organizations: frozenset[str] = frozenset()
    accepted_services: frozenset[str] = frozenset()
    without: tuple[str, ...] = ()
    only: str | None = None
    services: bool = True
    people: bool = True
    within: str | None = None
    anonymous: bool = True
    roots: bool = True
    own_root: bool = True
    via: bool = True
    partition: str = "aws"
    contexts: frozenset[str] = field(default=frozenset())


def organization(world: World, owner: str, of: str, scope: Scope, rules: list[Formula]) -> dict[str, Value]:
    """An organization's id, and the path that begins with it; absent for accounts in none."""
    terms, member = world.terms, world.terms.truth(f"{owner} {of} in an organization")
    identifier, rest = terms.text(f"{owner} {of} organization"), terms.text(f"{owner} {of} units")
    rules += [
        terms.within(identifier, terms.chain(terms.exactly("o-"), terms.no_char("/"), terms.star(terms.no_char("/")))),
        terms.no(terms.empty(rest)),
        *(terms.implies(member, terms.no(terms.is_text(identifier, each))) for each in sorted(scope.organizations)),
    ]
    path = terms.joined(identifier, "/", rest, "/")
    return {
        f"aws:{of}orgid": Value(member, (identifier,)),
        f"aws:{of}orgpaths": Value(member, (path,), many=True),
    }
