"""Who may administer a key and who may use it, as its owner declares them: nothing in a policy says it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from s3_guardrails.errors import ParameterError
from s3_guardrails.parameters import words

_ARN: Final = re.compile(
    r"arn:aws[a-z-]*:(iam::[0-9]{12}:(root|(role|user)/[^*?]+)|sts::[0-9]{12}:assumed-role/[^/*?]+/[^/*?]+)"
)
_NAME: Final = re.compile(r"[A-Za-z0-9+=.@_-]{1,64}")
_SERVICE: Final = re.compile(r"[a-z0-9-]+(\.[a-z0-9-]+)*\.amazonaws\.com(\.cn)?")
_SESSION: Final = re.compile(r"arn:([^:]+):sts::([0-9]{12}):assumed-role/([^/]+)/.+")
_ROLE: Final = re.compile(r"arn:[^:]+:iam::([0-9]{12}):role/(?:.*/)?([^/]+)")


class Duty(StrEnum):
    """What a principal has to do with a key; nobody has both."""

    ADMINISTER = "administer"
    USE = "use"


@dataclass(frozen=True, slots=True, kw_only=True)
class DeclaredRoles:
    """The declared duties: ARNs of roles, users, role sessions or account roots, names of roles, service principals.

    A bare name means the key account's role of that name, whatever its path.
    """

    administrators: frozenset[str] = frozenset()
    users: frozenset[str] = frozenset()

    @classmethod
    def from_text(cls, administrators: str = "", users: str = "") -> DeclaredRoles:
        """Read the parameters `Administrators` and `Users`, separated by commas; raise ParameterError."""
        found = cls(administrators=_read("Administrators", administrators), users=_read("Users", users))
        both = found.administrators & found.users
        if both:
            raise ParameterError(
                f"`{min(both)}` stands in both `Administrators` and `Users`: expected one duty for each"
            )
        return found

    def duties(self, principal: str, account: str) -> frozenset[Duty]:
        """Return the duties declared for a principal (an ARN or a service) of a key of this account."""
        names = _names(principal, account)
        sets = {Duty.ADMINISTER: self.administrators, Duty.USE: self.users}
        return frozenset(duty for duty, declared in sets.items() if declared & names)

    def arns(self, duty: Duty, partition: str, account: str) -> tuple[str, ...]:
        """Return the declared principals of a duty as ARNs, a bare name as a role without a path; sorted."""
        declared = self.administrators if duty is Duty.ADMINISTER else self.users
        start = f"arn:{partition}:iam::{account}:role/"
        return tuple(sorted(each if _ARN.fullmatch(each) else start + each for each in declared if not _service(each)))


def _read(parameter: str, text: str) -> frozenset[str]:
    found = words(text)
    for each in found:
        if not (_ARN.fullmatch(each) or _NAME.fullmatch(each)):
            expected = "the ARN of a role, user, role session or account root, the name of a role, or a service"
            raise ParameterError(f"parameter `{parameter}`: expected {expected}, without wildcards, found `{each}`")
    return frozenset(found)


def seen_in_use(text: str) -> frozenset[str] | None:
    """Read the parameter `SeenInUse`: ARNs and services, none for `nobody`, None where it is empty.

    Raise ParameterError; a role's bare name is not enough, since a trail shows ARNs.
    """
    if not text.strip():
        return None
    found = frozenset[str]() if text.strip() == "nobody" else frozenset(words(text))
    for each in found:
        if not (_ARN.fullmatch(each) or _service(each)):
            raise ParameterError(f"parameter `SeenInUse`: expected ARNs, services or `nobody`, found `{each}`")
    return found


def _service(text: str) -> bool:
    return _SERVICE.fullmatch(text) is not None


def _names(principal: str, account: str) -> frozenset[str]:
    """Every way to declare a principal: its ARN, for a session its role's, for the account's own roles the name."""
    names = {principal}
    if session := _SESSION.fullmatch(principal):
        names.add(f"arn:{session[1]}:iam::{session[2]}:role/{session[3]}")
        names |= {session[3]} if session[2] == account else set()
    if (role := _ROLE.fullmatch(principal)) and role[1] == account:
        names.add(role[2])
    return frozenset(names)
