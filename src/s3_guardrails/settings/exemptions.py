"""Exemptions as people write them: one reviewed YAML file each, checked one by one and against one another."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any, Final

from s3_guardrails.decision import Severity
from s3_guardrails.errors import InputError
from s3_guardrails.exemption.record import Exemption, Scope, State
from s3_guardrails.rule import BucketRule, Rule
from s3_guardrails.settings.guardrails import Guardrails
from s3_guardrails.settings.person import same_person
from s3_guardrails.settings.schema import InvalidFile, check_schema
from s3_guardrails.settings.strict_yaml import Written, read_file

MAX_FILES: Final = 10_000

Rules = Mapping[str, type[Rule[Any]]]
Problem = tuple[str, str]
"""The field that is wrong, and a sentence."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ExemptionFile:
    """One file: the exemption, and what only people need of it."""

    path: Path
    exemption: Exemption
    severity: Severity
    approver: str
    reason: str
    tenant: str | None = None
    ticket: str | None = None


@dataclass(frozen=True, slots=True)
class Checked:
    """What was found in a folder: the good files, errors (`file:line: sentence`) and warnings of the same form."""

    files: tuple[ExemptionFile, ...]
    errors: tuple[str, ...]
    warnings: tuple[str, ...]


def check_folder(folder: Path, rules: Rules, settings: Guardrails, today: date) -> Checked:
    """Read every .yaml file of a folder; raise InputError where the folder cannot be listed."""
    found: list[ExemptionFile] = []
    errors: list[str] = []
    for path in _paths(folder):
        try:
            found.append(read_exemption(path, rules, settings, today))
        except InvalidFile as error:
            errors += [f"{error.name}:{line}: {sentence}" for line, sentence in error.errors]
        except InputError as error:
            errors.append(str(error))
    errors += _together(found)
    return Checked(tuple(found), tuple(errors), tuple(_warnings(found, today)))


def read_exemption(path: Path, rules: Rules, settings: Guardrails, today: date) -> ExemptionFile:
    """Read one file; raise InputError with the line."""
    written = read_file(path)
    check_schema(written, "exemption", str(path))
    problems = list(_problems(path, written.tree, rules, settings, today))
    if problems:
        raise InvalidFile(str(path), sorted((_line(written, name), sentence) for name, sentence in problems))
    return _file(path, written.tree, rules)


def _line(written: Written, name: str) -> int:
    return written.line(tuple(name.split(".")))


def _paths(folder: Path) -> list[Path]:
    try:
        paths = sorted(path for path in folder.iterdir() if path.suffix in {".yaml", ".yml"})
    except OSError as error:
        raise InputError(f"`{folder}`: {error.strerror or error}") from None
    if len(paths) > MAX_FILES:
        raise InputError(f"`{folder}`: expected at most {MAX_FILES} files")
    return paths


def _problems(
    path: Path, tree: Mapping[str, Any], rules: Rules, settings: Guardrails, today: date
) -> Iterator[Problem]:
    if path.name != f"{tree['id']}.yaml":
        yield "id", f"id: expected the file's name to be `{tree['id']}.yaml`"
    yield from _scope_problems(tree, rules)
    if same_person(tree["owner"], tree["approver"]):
        yield "approver", "approver: expected somebody else than the owner"
    yield from _owner_problems(tree, settings)
    yield from _day_problems(tree, rules, settings, today)


def _scope_problems(tree: Mapping[str, Any], rules: Rules) -> Iterator[Problem]:
    scope, rule = tree["scope"], rules.get(tree["rule"])
    if ("bucket" in scope) == ("key" in scope):
        yield "scope", "scope: expected one of `bucket` and `key`"
    elif "prefix" in scope and "key" in scope:
        yield "scope.prefix", "scope.prefix: expected it beside a `bucket` only"
    if rule is None:
        yield "rule", f"rule: expected one of {', '.join(rules)}, found `{tree['rule']}`"
        return
    wanted = "bucket" if issubclass(rule, BucketRule) else "key"
    if wanted not in scope:
        yield "scope", f"scope: expected a `{wanted}`, which is what {tree['rule']} is about"


def _owner_problems(tree: Mapping[str, Any], settings: Guardrails) -> Iterator[Problem]:
    owners, tenant = settings.tenants.owners, tree.get("tenant")
    if tenant is not None and owners and tenant not in owners:
        yield "tenant", f"tenant: expected one of {', '.join(owners)}, found `{tenant}`"
    if owners and tree["owner"] not in owners.values():
        yield "owner", f"owner: `{tree['owner']}` is no owner of a tenant in the guardrails file"


def _day_problems(tree: Mapping[str, Any], rules: Rules, settings: Guardrails, today: date) -> Iterator[Problem]:
    days: dict[str, date] = {}
    for name in ("created", "renewed", "expires"):
        if name in tree:
            try:
                days[name] = date.fromisoformat(tree[name])
            except ValueError:
                yield name, f"{name}: `{tree[name]}` is no day of the calendar"
    if not {"created", "expires"} <= set(days) or ("renewed" in tree and "renewed" not in days):
        return
    begins = days.get("renewed", days["created"])
    if "renewed" in days and not days["created"] <= begins <= today:
        yield "renewed", f"renewed: expected a day from {days['created']} to {today}"
    if days["expires"] <= begins:
        yield "expires", f"expires: expected a day after {begins}"
    rule = rules.get(tree["rule"])
    longest = settings.maximum_days[rule.severity] if rule else max(settings.maximum_days.values())
    if (days["expires"] - begins).days > longest:
        what = f"{rule.severity} findings are exempt for {longest} days at most" if rule else f"{longest} days at most"
        yield "expires", f"expires: expected {begins + timedelta(longest)} or before; {what}"


def _file(path: Path, tree: Mapping[str, Any], rules: Rules) -> ExemptionFile:
    exemption = Exemption(
        id=tree["id"],
        rule=tree["rule"],
        scope=Scope(**tree["scope"]),
        owner=tree["owner"],
        created=date.fromisoformat(tree["created"]),
        expires=date.fromisoformat(tree["expires"]),
    )
    return ExemptionFile(
        path=path,
        exemption=exemption,
        severity=rules[tree["rule"]].severity,
        approver=tree["approver"],
        reason=tree["reason"],
        tenant=tree.get("tenant"),
        ticket=tree.get("ticket"),
    )


def _together(files: Sequence[ExemptionFile]) -> Iterator[str]:
    """Refuse two that are about the same thing at the same time: who answers would be open."""
    by_rule: dict[tuple[str, str, str], list[ExemptionFile]] = {}
    for each in files:
        mine = each.exemption
        others = by_rule.setdefault((mine.rule, mine.scope.account, mine.scope.bucket or mine.scope.key or ""), [])
        for other in others:
            theirs = other.exemption
            at_once = mine.created < theirs.expires and theirs.created < mine.expires
            if at_once and mine.scope.overlaps(theirs.scope):
                yield f"{each.path}:1: overlaps {theirs.id}: both exempt {mine.scope} from {mine.rule}"
        others.append(each)


def _warnings(files: Iterable[ExemptionFile], today: date) -> Iterator[str]:
    for each in files:
        one = each.exemption
        match one.state(today):
            case State.EXPIRED:
                yield f"{each.path}:1: {one.id} expired {one.expires}: it exempts nothing any more"
            case State.ENDING:
                yield f"{each.path}:1: {one.id} ends in {one.days_left(today)} days, on {one.expires}"
            case State.PENDING:
                yield f"{each.path}:1: {one.id} begins on {one.created}"
            case State.OPEN:
                pass
