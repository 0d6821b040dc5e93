"""The guardrails file: data classes, approved keys, tenants, who is trusted and authorized, days to mend."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from s3_guardrails.decision import Severity
from s3_guardrails.settings.schema import InvalidFile, check_schema, place
from s3_guardrails.settings.strict_yaml import Path_, Written, read_file

FILE_NAME: Final = "guardrails.yaml"

DAYS_TO_MEND: Final = {Severity.CRITICAL: 7, Severity.HIGH: 30, Severity.MEDIUM: 90, Severity.LOW: 180}
MAXIMUM_DAYS: Final = {Severity.CRITICAL: 90, Severity.HIGH: 90, Severity.MEDIUM: 180, Severity.LOW: 365}
"""Days that an exemption may last."""

DUTIES: Final = ("administrators", "users", "readers", "write-only", "write-only-multipart")


@dataclass(frozen=True, slots=True, kw_only=True)
class ClassSettings:
    """What one data class asks for; None and an empty tuple leave it to the defaults. `coverage` is a percentage.

    `proposed_for`: the kinds of data for which `classify` may propose it.
    """

    accepts: tuple[str, ...]
    approved_keys: tuple[str, ...] = ()
    bucket_key_required: bool = False
    uploads: str = "outcome"
    minimum_tls: str | None = None
    coverage: float | None = None
    rotation_days: int | None = None
    proposed_for: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class DeclaredKey:
    """Who should hold which duty on a key (ARN of key or alias), as ARNs; `services` are service principals."""

    key: str
    administrators: tuple[str, ...] = ()
    users: tuple[str, ...] = ()
    readers: tuple[str, ...] = ()
    write_only: tuple[str, ...] = ()
    write_only_multipart: tuple[str, ...] = ()
    services: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Tenants:
    """Whose resources are whose: by the tag `tag`, else by account; and who owns what a tenant has.

    `owner_tag`: a tag of the resource that names its owner itself.
    """

    tag: str = "tenant"
    owner_tag: str = "owner"
    owners: Mapping[str, str] = field(default_factory=dict)
    accounts: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Guardrails:
    """A guardrails file. `rules`: further parameters by rule, as AWS Config names them."""

    classes: Mapping[str, ClassSettings]
    data_class_tag: str = "data-class"
    approved_keys: tuple[str, ...] = ()
    minimum_tls: str | None = None
    rotation_days: int = 365
    key_scope: str = "all"
    key_scope_tag: str = ""
    accepted_services: tuple[str, ...] = ()
    declared_keys: tuple[DeclaredKey, ...] = ()
    trusted_accounts: tuple[str, ...] = ()
    trusted_organizations: tuple[str, ...] = ()
    tenants: Tenants = field(default_factory=Tenants)
    days_to_mend: Mapping[Severity, int] = field(default_factory=lambda: DAYS_TO_MEND)
    authorized_roles: tuple[str, ...] = ()
    maximum_days: Mapping[Severity, int] = field(default_factory=lambda: MAXIMUM_DAYS)
    exempted_verdict: str = "NON_COMPLIANT"
    rules: Mapping[str, Mapping[str, str]] = field(default_factory=dict)


def read_guardrails(path: Path) -> Guardrails:
    """Read a guardrails file; raise InputError (InvalidFile where it is YAML) with line and what was expected."""
    return guardrails_of(read_file(path), str(path))


def guardrails_of(written: Written, name: str = FILE_NAME) -> Guardrails:
    """Return what a file says; raise InvalidFile."""
    check_schema(written, "guardrails", name)
    tree = written.tree
    if errors := [(written.line(path), f"{place(path)}: {sentence}") for path, sentence in _contradictions(tree)]:
        raise InvalidFile(name, sorted(errors))
    return _guardrails(tree)


def _guardrails(tree: Mapping[str, Any]) -> Guardrails:
    defaults, keys, trusted = tree.get("defaults", {}), tree.get("keys", {}), tree.get("trusted", {})
    exemptions, tenants = tree.get("exemptions", {}), tree.get("tenants", {})
    return Guardrails(
        classes={name: _class(each) for name, each in tree["classes"].items()},
        data_class_tag=tree.get("data-class-tag", "data-class"),
        approved_keys=tuple(defaults.get("approved-keys", ())),
        minimum_tls=defaults.get("minimum-tls"),
        rotation_days=defaults.get("rotation-days", 365),
        key_scope=keys.get("scope", "all"),
        key_scope_tag=keys.get("scope-tag", ""),
        accepted_services=tuple(keys.get("accepted-services", ())),
        declared_keys=tuple(_declared(each) for each in keys.get("declared", ())),
        trusted_accounts=tuple(trusted.get("accounts", ())),
        trusted_organizations=tuple(trusted.get("organizations", ())),
        tenants=Tenants(**{name.replace("-", "_"): value for name, value in tenants.items()}),
        days_to_mend=DAYS_TO_MEND | _by_severity(tree.get("days-to-mend", {})),
        authorized_roles=tuple(tree.get("authorized-roles", ())),
        maximum_days=MAXIMUM_DAYS | _by_severity(exemptions.get("maximum-days", {})),
        exempted_verdict=exemptions.get("verdict", "NON_COMPLIANT"),
        rules=tree.get("rules", {}),
    )


def _class(tree: Mapping[str, Any]) -> ClassSettings:
    return ClassSettings(
        accepts=tuple(tree["accepts"]),
        approved_keys=tuple(tree.get("approved-keys", ())),
        bucket_key_required=tree.get("bucket-key") == "required",
        uploads=tree.get("uploads", "outcome"),
        minimum_tls=tree.get("minimum-tls"),
        coverage=tree.get("coverage"),
        rotation_days=tree.get("rotation-days"),
        proposed_for=tuple(tree.get("proposed-for", ())),
    )


def _declared(tree: Mapping[str, Any]) -> DeclaredKey:
    lists = {name.replace("-", "_"): tuple(value) for name, value in tree.items() if name != "key"}
    return DeclaredKey(key=tree["key"], **lists)


def _by_severity(tree: Mapping[str, int]) -> dict[Severity, int]:
    return {Severity(name): days for name, days in tree.items()}


def _contradictions(tree: Mapping[str, Any]) -> list[tuple[Path_, str]]:
    """Return what the schema cannot tell: a place and a sentence each."""
    found: list[tuple[Path_, str]] = []
    keys, tenants = tree.get("keys", {}), tree.get("tenants", {})
    if keys.get("scope") == "tagged" and "scope-tag" not in keys:
        found.append((("keys", "scope"), "expected `scope-tag` beside the scope `tagged`"))
    if keys.get("scope") != "tagged" and "scope-tag" in keys:
        found.append((("keys", "scope-tag"), "expected it beside the scope `tagged` only: no other looks at it"))
    for account, tenant in tenants.get("accounts", {}).items():
        if tenant not in tenants["owners"]:
            found.append((("tenants", "accounts", account), f"tenant `{tenant}` has no owner in `owners`"))
    seen: dict[str, int] = {}
    for index, each in enumerate(keys.get("declared", ())):
        if each["key"] in seen:
            found.append(
                (("keys", "declared", index), f"the key is declared twice, first as entry {seen[each['key']]}")
            )
        seen.setdefault(each["key"], index)
        found += _two_duties(index, each)
    return found


def _two_duties(index: int, tree: Mapping[str, Any]) -> list[tuple[Path_, str]]:
    first: dict[str, str] = {}
    found: list[tuple[Path_, str]] = []
    for duty in DUTIES:
        for principal in tree.get(duty, ()):
            if principal in first:
                where = ("keys", "declared", index, duty)
                found.append((where, f"`{principal}` is one of `{first[principal]}` already; expected one duty each"))
            first.setdefault(principal, duty)
    return found
