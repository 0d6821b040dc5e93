"""Parse a resource policy into statements. Nothing is dropped: what is not understood is kept and reported.

Source: IAM User Guide, "Grammar of the IAM JSON policy language". A document that is not a policy at all raises
PolicySyntaxError; a statement with a part that AWS would refuse or that this release does not know keeps a *defect*
and from then on may or may not apply, so that whatever depends on it stays undecided.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from s3_guardrails.errors import PolicySyntaxError
from s3_guardrails.policy.operator import COLONS, operator
from s3_guardrails.policy.readable import unreadable
from s3_guardrails.policy.statement import (
    EMPTY,
    VERSIONS,
    Condition,
    Effect,
    Policy,
    Principal,
    PrincipalKind,
    Statement,
)
from s3_guardrails.policy.strict_json import kind, shown, strict_json

__all__ = [
    "EMPTY",
    "VERSIONS",
    "Condition",
    "Effect",
    "Policy",
    "Principal",
    "PrincipalKind",
    "Statement",
    "parse_policy",
    "strict_json",
]


def parse_policy(document: str | Mapping[str, Any]) -> Policy:
    """Read a policy from its JSON text or from the object that the text holds; raise PolicySyntaxError."""
    source = strict_json(document) if isinstance(document, str) else document
    if not isinstance(source, Mapping):
        raise PolicySyntaxError("", f"expected an object with Version and Statement, found {kind(source)}")
    version = source.get("Version", "2008-10-17")
    if not isinstance(version, str):
        raise PolicySyntaxError("Version", f"expected {' or '.join(VERSIONS)}, found {kind(version)}")
    if "Statement" not in source:
        raise PolicySyntaxError("", "expected an element Statement")
    written = source["Statement"]
    several = isinstance(written, list)
    statements = tuple(
        _statement(f"Statement[{index}]" if several else "Statement", index, each, version)
        for index, each in enumerate(written if several else [written])
    )
    unknown = [f"{name}: unknown element" for name in source if name not in {"Version", "Id", "Statement"}]
    if version not in VERSIONS:
        unknown.append(f"Version: expected {' or '.join(VERSIONS)}, found {shown(version)}")
    return Policy(version, statements, source, tuple(unknown))


_ELEMENTS: Final = frozenset(
    {"Sid", "Effect", "Principal", "NotPrincipal", "Action", "NotAction", "Resource", "NotResource", "Condition"}
)


def _statement(path: str, index: int, source: Any, version: str) -> Statement:
    if not isinstance(source, Mapping):
        raise PolicySyntaxError(path, f"expected an object, found {kind(source)}")
    if source.get("Effect") not in tuple(Effect):
        raise PolicySyntaxError(f"{path}.Effect", f"expected Allow or Deny, found {shown(source.get('Effect'))}")
    sid = source.get("Sid")
    if sid is not None and not isinstance(sid, str):
        raise PolicySyntaxError(f"{path}.Sid", f"expected a string, found {kind(sid)}")
    variables = version != "2008-10-17"
    unknown = [f"{path}.{name}: unknown element" for name in source if name not in _ELEMENTS]
    reader = _Reader(path, source, variables, unknown)
    principals, conditions = reader.principals(), tuple(reader.conditions())
    actions, resources = reader.strings("Action"), reader.strings("Resource")
    texts = (*resources, *(value for each in conditions for value in each.values))
    if version not in VERSIONS and any("${" in each for each in texts):
        reader.defects.append(f"{path}: whether `${{` begins a policy variable depends on the version")
    return Statement(
        index=index,
        sid=sid or None,
        effect=Effect(source["Effect"]),
        principals=principals,
        actions=actions,
        resources=resources,
        conditions=conditions,
        not_principal="NotPrincipal" in source,
        not_action="NotAction" in source,
        not_resource="NotResource" in source,
        variables=variables,
        incomplete=frozenset(each for each in resources if _incomplete(each, variables=variables)),
        defects=tuple(reader.defects),
        unclear=frozenset(reader.unclear),
        source=source,
    )


@dataclass(slots=True)
class _Reader:
    """Reads one statement's elements and collects what it cannot make sense of."""

    path: str
    source: Mapping[str, Any]
    variables: bool
    defects: list[str] = field(default_factory=list)
    unclear: set[str] = field(default_factory=set)

    def element(self, name: str) -> tuple[str, Any] | None:
        """Return the written form of an element that also has a Not… form, and its value; None where it is unclear."""
        forms = [form for form in (name, f"Not{name}") if form in self.source]
        if len(forms) == 1:
            return forms[0], self.source[forms[0]]
        self.unclear.add(name)
        found = "both" if forms else "neither"
        self.defects.append(f"{self.path}: expected either {name} or Not{name}, found {found}")
        return None

    def strings(self, name: str) -> tuple[str, ...]:
        """Return the values of Action or Resource, in either form."""
        found = self.element(name)
        if found is None:
            return ()
        form, written = found
        values = tuple(self._each(f"{self.path}.{form}", written))
        if not values:
            self.unclear.add(name)
            self.defects.append(f"{self.path}.{form}: expected at least one value")
        return values

    def _each(self, place: str, written: Any) -> Iterator[str]:
        for index, value in enumerate(written if isinstance(written, list) else [written]):
            if not isinstance(value, str):
                where = f"{place}[{index}]" if isinstance(written, list) else place
                raise PolicySyntaxError(where, f"expected a string, found {kind(value)}")
            yield value

    def principals(self) -> tuple[Principal, ...]:
        """Return the entries of Principal or NotPrincipal; none where any of them is unclear."""
        found = self.element("Principal")
        if found is None:
            return ()
        form, written = found
        place = f"{self.path}.{form}"
        if written == "*":
            return (Principal(PrincipalKind.EVERYONE, "*"),)
        if not isinstance(written, Mapping):
            self.unclear.add("Principal")
            self.defects.append(f"{place}: expected `*` or an object of principal types, found {shown(written)}")
            return ()
        entries = tuple(
            self._principal(place, kind_of, value)
            for kind_of, values in written.items()
            for value in self._each(f"{place}.{kind_of}", values)
        )
        if not entries:
            self.unclear.add("Principal")
            self.defects.append(f"{place}: expected at least one principal")
        return () if "Principal" in self.unclear else entries

    def _principal(self, place: str, form: str, value: str) -> Principal:
        match form:
            case "AWS":
                return _aws(value)
            case "Service":
                return Principal(PrincipalKind.SERVICE, value)
            case "Federated":
                return Principal(PrincipalKind.FEDERATED, value)
            case "CanonicalUser":
                return Principal(PrincipalKind.CANONICAL_USER, value)
        self.unclear.add("Principal")
        self.defects.append(f"{place}.{form}: expected AWS, Service, Federated or CanonicalUser")
        return Principal(PrincipalKind.DELETED, value)

    def conditions(self) -> Iterator[Condition]:
        """Yield the lines of the Condition block."""
        path, written = f"{self.path}.Condition", self.source.get("Condition", {})
        if not isinstance(written, Mapping):
            raise PolicySyntaxError(path, f"expected an object of operators, found {kind(written)}")
        for name, block in written.items():
            if not isinstance(block, Mapping):
                raise PolicySyntaxError(f"{path}.{name}", f"expected an object of condition keys, found {kind(block)}")
            read = operator(name)
            if read.comparison is None:
                self.defects.append(f"{path}.{name}: unknown condition operator")
            for key, values in block.items():
                place = f"{path}.{name}.{key}"
                texts = tuple(_text(place, each) for each in (values if isinstance(values, list) else [values]))
                wrong = unreadable(read, texts, variables=self.variables, allow=self.source["Effect"] == Effect.ALLOW)
                flaws = [f"{place}: {what}" for what in wrong]
                self.defects += flaws
                yield Condition(read, key, texts, unclear=bool(flaws) or read.comparison is None)


_VARIABLE: Final = r"\$\{[^}]*\}"


def _incomplete(resource: str, *, variables: bool) -> bool:
    """Is a resource neither `*` nor an ARN of six parts?"""
    plain = re.sub(_VARIABLE, "", resource) if variables else resource
    return resource != "*" and plain.count(":") < COLONS


_TOO_LONG: Final = 10**300
_ACCOUNT: Final = r"(?:arn:[^:]+:iam::)?([0-9]{12})(?::root)?"


def _aws(value: str) -> Principal:
    if value == "*":
        return Principal(PrincipalKind.EVERYONE, "*")
    if account := re.fullmatch(_ACCOUNT, value):
        return Principal(PrincipalKind.ACCOUNT, account[1])
    if not value.startswith("arn:"):
        return Principal(PrincipalKind.DELETED, value)
    wild = "*" in value or "?" in value
    return Principal(PrincipalKind.ARN_PATTERN if wild else PrincipalKind.ARN, value)


def _text(path: str, value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int) and abs(value) >= _TOO_LONG:
        raise PolicySyntaxError(path, "expected a number of at most 300 digits")
    if isinstance(value, str | int | float):
        return str(value)
    raise PolicySyntaxError(path, f"expected strings, numbers or truth values, found {kind(value)}")
