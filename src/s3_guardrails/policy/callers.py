"""Who can call: roles, users, root users and federated users of any account, AWS services, anonymous callers.

The caller's ARN is symbolic, and so is the account in it: no list of sample accounts can be complete. Source: IAM User
Guide, "AWS JSON policy elements: Principal" and "global condition context keys" (which keys which caller carries).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from typing import Final

from s3_guardrails.policy.automaton import union
from s3_guardrails.policy.document import Policy, Principal, PrincipalKind
from s3_guardrails.policy.domain import ABSENT, NAME, Domain, constants, language, texts
from s3_guardrails.policy.keys import Type
from s3_guardrails.policy.request import ANONYMOUS
from s3_guardrails.policy.service_callers import ACCOUNT, OF_PRINCIPALS, ServiceCallers, in_account
from s3_guardrails.policy.space import Alternative, Group
from s3_guardrails.policy.tokens import Pattern

_SESSION: Final = r"arn:([^:]+):sts::([0-9]{12}):assumed-role/([^/]+)/(.+)"
_ORDINARY: Final = r"arn:[^:]+:(iam|sts)::[0-9]{12}:(user/.|role/.|root$|federated-user/.)"
STRANGER: Final = "999999999999"
"""The account of a counterexample's caller where any other account will do."""
_PROVIDED: Final = "aws:federatedprovider"
_PROVIDER: Final = r"arn:[^:]+:iam::([0-9]{12}):(?:saml|oidc)-provider/.+"
"""An identity provider of an account; roles that trust it are of the same account."""
_KINDS: Final = (
    ("user", ":user/", "User", "AIDA?*"),
    ("federated", ":federated-user/", "FederatedUser", None),
    ("root", ":root", "Account", None),
)
_NAMED: Final = (NAME, f"?*/{NAME}")
"""What follows `role/` or `user/` in an ARN: a name, or a path and a name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Callers:
    """Which callers a question ranges over.

    `own`: the resource's account, tried first. `outside`: leave out callers of these accounts and `organizations`, and
    services that act for them. `without`: ARN patterns of callers that are left out. `via_services`: requests that a
    service forwards for a caller count too.
    """

    own: str
    partition: str = "aws"
    services: bool = True
    anonymous: bool = True
    roots: bool = True
    outside: frozenset[str] = frozenset()
    organizations: frozenset[str] = frozenset()
    accepted_services: frozenset[str] = frozenset()
    without: tuple[str, ...] = ()
    via_services: bool = True
    only: tuple[str, ...] = ()
    extra: dict[str, dict[str, Domain]] = field(default_factory=dict)

    def group(self, policy: Policy) -> Group:
        """Return the alternatives, the ones a person would try first first."""
        named = dict.fromkeys(each for statement in policy.statements for each in statement.principals)
        found = tuple(self._alternatives(named))
        providers = tuple(each.value for each in named if each.kind is PrincipalKind.FEDERATED)
        return Group("caller", tuple(_of_other_providers(each, providers) for each in found) if providers else found)

    def _alternatives(self, named: Iterable[Principal]) -> Iterator[Alternative]:
        if self.only:
            yield from (self._exactly(each, named) for each in self.only)
            yield from (self._session(each.value, named) for each in named if self._of_only(each))
            return
        yield from self._ordinary()
        yield from (each for entry in named for each in self._special(entry, named))
        if self.services:
            names = [each.value for each in named if each.kind is PrincipalKind.SERVICE and each.value != "*"]
            services = ServiceCallers(
                partition=self.partition,
                own=self.own,
                outside=self.outside,
                organization=self._organization(),
                extra=self.extra,
            )
            yield from (services.named(each) for each in names if each not in self.accepted_services)
            yield services.any_other((*names, *sorted(self.accepted_services)))
        if self.anonymous:
            yield self._anonymous()

    def _ordinary(self) -> Iterator[Alternative]:
        first = (*((self.own,) if self.own and self.own not in self.outside else ()), STRANGER, ACCOUNT)
        arn = f"arn:{self.partition}"
        roles = tuple(f"{arn}:iam::{account}:role/{name}" for account in first for name in _NAMED)
        users = tuple(f"{arn}:iam::{account}:user/{name}" for account in first for name in _NAMED)
        yield self._caller("role", "a role session", roles, "AssumedRole", texts("AROA?*:?*"))
        yield self._caller("user", "an IAM user", users, "User", texts("AIDA?*"))
        if self.roots:
            root = tuple(f"{arn}:iam::{account}:root" for account in (STRANGER, ACCOUNT))
            yield self._caller("root", "an account's root user", root, "Account", None)
        federated = (f"{arn}:sts::{ACCOUNT}:federated-user/{NAME}",)
        yield self._caller("federated", "a federated user", federated, "FederatedUser", None)

    def _special(self, entry: Principal, named: Iterable[Principal]) -> Iterator[Alternative]:
        """Callers that a policy can only mean by naming them."""
        chain = frozenset({entry})
        if entry.kind is PrincipalKind.ARN and re.fullmatch(_SESSION, entry.value):
            yield from self._named_sessions((entry,), named)
        elif entry.kind is PrincipalKind.ARN and not re.match(_ORDINARY, entry.value):
            if not any(f":{account}:" in entry.value for account in self.outside) and not self._exempt(entry.value):
                yield self._other(entry)
        elif entry.kind in {PrincipalKind.FEDERATED, PrincipalKind.CANONICAL_USER}:
            provider = re.fullmatch(_PROVIDER, entry.value)
            account = provider[1] if provider else ACCOUNT
            arns = tuple(f"arn:{self.partition}:iam::{account}:role/{name}" for name in _NAMED)
            label = f"an identity of {entry.value}"
            yield self._caller("role", label, arns, "AssumedRole", texts("AROA?*:?*"), chain, entry.value)
            if entry.kind is PrincipalKind.FEDERATED:
                yield from (_of_provider(each, entry) for each in self._named_sessions(named, named))

    def _named_sessions(self, entries: Iterable[Principal], named: Iterable[Principal]) -> Iterator[Alternative]:
        """The sessions among some entries, but for those that are left out."""
        for each in entries:
            found = re.fullmatch(_SESSION, each.value) if each.kind is PrincipalKind.ARN else None
            if found and found[2] not in self.outside and not self._exempt(each.value):
                yield self._session(each.value, named)

    def _exactly(self, arn: str, named: Iterable[Principal]) -> Alternative:
        """One named role, user or role session."""
        if re.fullmatch(_SESSION, arn):
            return self._session(arn, named)
        for kind, mark, principal_type, identity in _KINDS:
            if mark in arn:
                return self._caller(kind, arn, (arn,), principal_type, texts(identity) if identity else None)
        return self._caller("role", arn, (arn,), "AssumedRole", texts("AROA?*:?*"))

    def _session(self, arn: str, named: Iterable[Principal]) -> Alternative:
        """A session names its role without the role's path; where the role is named too, the path is known."""
        partition, account, role, name = re.fullmatch(_SESSION, arn).groups()  # type: ignore[union-attr]
        prefix = f"arn:{partition}:iam::{account}:role/"
        known = (*self.only, *self.without, *(each.value for each in named))
        roles = [each for each in known if each.startswith(prefix) and each.rpartition("/")[2] == role]
        chain = frozenset({Principal(PrincipalKind.ARN, arn)})
        arns = tuple(dict.fromkeys(roles)) or (prefix + role, f"{prefix}?*/{role}")
        return self._caller("role", f"session {arn}", arns, "AssumedRole", texts(f"AROA?*:{name}"), chain, arn)

    def _caller(  # noqa: PLR0913, PLR0917 - a caller has that many traits
        self,
        kind: str,
        label: str,
        arns: tuple[str, ...],
        principal_type: str,
        identity: Domain | None,
        chain: frozenset[Principal] = frozenset(),
        principal: str | None = None,
    ) -> Alternative:
        avoid = (*self._outside_arns(), *self.without)
        domains = {
            **self._base(),
            "@caller": texts(*arns, avoid=avoid),
            "aws:principaltype": constants(principal_type),
        }
        if identity is not None:
            domains["aws:userid"] = identity
        if kind != "user":
            domains["aws:username"] = ABSENT
        if kind in {"role", "federated"}:
            domains["aws:tokenissuetime"] = Domain(type=Type.DATE)
        return Alternative(label, domains, kind, chain, principal)

    def _other(self, entry: Principal) -> Alternative:
        """A principal whose ARN is of no ordinary form, such as a CloudFront origin access identity."""
        domains = {
            **self._base(),
            "aws:principalarn": constants(entry.value),
            "aws:principalaccount": texts("?*", absent=True),
            "kms:calleraccount": texts("?*", absent=True),
            "aws:principaltype": constants("User"),
            "aws:userid": texts("?*"),
            "aws:username": ABSENT,
        }
        return Alternative(entry.value, domains, "other", frozenset({entry}), entry.value)

    def _exempt(self, arn: str) -> bool:
        return union(tuple(map(language, self.without))).matches(arn)

    def _of_only(self, entry: Principal) -> bool:
        """Is this a session of one of the roles that the question is about?"""
        found = re.fullmatch(_SESSION, entry.value)
        if entry.kind is not PrincipalKind.ARN or not found:
            return False
        start, name = f"arn:{found[1]}:iam::{found[2]}:role/", found[3]
        return any(each.startswith(start) and each.rpartition("/")[2] == name for each in self.only)

    def _anonymous(self) -> Alternative:
        domains = {
            **dict.fromkeys(OF_PRINCIPALS, ABSENT),
            **_NOT_OF_A_SERVICE,
            "aws:principalisawsservice": ABSENT,
            "aws:principalaccount": constants(ANONYMOUS),
            "aws:principaltype": constants("Anonymous"),
            "aws:userid": constants(ANONYMOUS),
            "aws:viaawsservice": constants("false"),
        }
        return Alternative("anonymous", domains, "anonymous", frozenset(), ANONYMOUS)

    def _base(self) -> dict[str, Domain]:
        via = constants("false", "true") if self.via_services else constants("false")
        return {
            **_NOT_OF_A_SERVICE,
            "aws:principalisawsservice": constants("false"),
            "aws:viaawsservice": via,
            "@org": self._organization(),
        }

    def _organization(self) -> Domain:
        avoid = tuple(f"{each}/*" for each in sorted(self.organizations))
        return texts(f"o-{NAME}/?*/", absent=True, avoid=avoid, one=True)

    def _outside_arns(self) -> tuple[Pattern, ...]:
        return tuple(in_account(account) for account in sorted(self.outside))


def _of_provider(session: Alternative, entry: Principal) -> Alternative:
    """Return an identity of a provider in a session that the policy names: both entries mean it."""
    domains = {**session.domains, _PROVIDED: constants(entry.value)}
    return replace(session, label=f"{session.label} of {entry.value}", chain=session.chain | {entry}, domains=domains)


def _of_other_providers(alternative: Alternative, providers: tuple[str, ...]) -> Alternative:
    """Return a caller who is no identity of these providers, unless it is one already."""
    one = _PROVIDED in alternative.domains or any(each.kind is PrincipalKind.FEDERATED for each in alternative.chain)
    if one or alternative.kind != "role":
        return alternative
    avoiding = texts("?*", absent=True, avoid=providers)
    return replace(alternative, domains={**alternative.domains, _PROVIDED: avoiding})


def of_accounts(alternative: Alternative, accounts: frozenset[str]) -> Alternative | None:
    """Return the alternative with callers of these accounts alone, None where it has none."""
    caller = alternative.domains.get("@caller")
    if caller is None:
        return None
    patterns = tuple(in_account(account) for account in sorted(accounts))
    return replace(alternative, domains={**alternative.domains, "@caller": replace(caller, must=patterns)})


_NOT_OF_A_SERVICE: Final = dict.fromkeys(
    (
        "aws:principalservicename",
        "aws:principalservicenameslist",
        "aws:sourceaccount",
        "aws:sourcearn",
        "aws:sourceorgid",
        "aws:sourceorgpaths",
        "aws:sourceowner",
    ),
    ABSENT,
)
