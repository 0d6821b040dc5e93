"""Change records: one reviewed YAML file for each change, bound to the very plan that was looked at.

What can be computed is taken from the plan (`remediate --json`): resource, hashes, who is affected. People add the
purpose, approvals and, for a temporary change, its end.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from pathlib import Path
from typing import Any, Final

import yaml

from s3_guardrails.errors import ChangeFailed, InputError
from s3_guardrails.escape import printable
from s3_guardrails.remediate.change import digest
from s3_guardrails.settings.person import same_person
from s3_guardrails.settings.schema import InvalidFile, check_schema
from s3_guardrails.settings.strict_yaml import Written, read_file, read_yaml

UNDO: Final = "UndoRemediation"
"""The remediation that undoes any other; a test compares it with its own word."""
_DAYS: Final = ("created", "temporary-until")

Problem = tuple[str, str]


class Stage(StrEnum):
    """Where in its life a change is, on one day."""

    DRAFT = "draft"
    APPROVED = "approved"
    CLOSED = "closed"
    OVERDUE = "overdue"


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeRecord:
    """One change; `until` is the first day on which a temporary one should be undone. Days are UTC.

    `plan` is the section of the record; `approvals`: who → on which day.
    """

    path: Path
    id: str
    purpose: str
    requested_by: str
    plan: Mapping[str, Any]
    blast_radius: tuple[str, ...]
    approvals: Mapping[str, date]
    until: date | None = None
    outcome: str | None = None

    @property
    def plan_id(self) -> str:
        """The plan that was looked at."""
        return str(self.plan["id"])

    def must_tell(self, result: Mapping[str, Any]) -> None:
        """Raise ChangeFailed unless approvers were told what the plan (as JSON data) does, and its concerns."""
        plan = _plan_of(result)
        wrong = [f"plan.{name}: expected `{value}`" for name, value in plan.items() if self.plan[name] != value]
        told = {each.split(":")[0] for each in self.blast_radius}
        untold = [each["code"] for each in result["concerns"] if each["code"] not in told]
        wrong += [f"blast-radius: expected {code}" for code in untold]
        if wrong:
            raise ChangeFailed("NOT_APPROVED", f"{self.id} does not tell what the plan does: {wrong[0]}")

    def stage(self, today: date) -> Stage:
        """Return where it is; a temporary change that was made and not undone when it should be is overdue."""
        if self.until is not None and today >= self.until and self.outcome not in {"UNDONE", "WITHDRAWN"}:
            return Stage.OVERDUE
        if self.outcome is not None and (self.until is None or self.outcome != "VERIFIED"):
            return Stage.CLOSED
        return Stage.APPROVED if self._approved(today) else Stage.DRAFT

    def _approved(self, today: date) -> bool:
        return any(day <= today for day in self.approvals.values())

    def may_be_made(self, today: date) -> None:
        """Raise InputError unless the change is approved and neither made nor over."""
        if self.outcome is not None:
            raise InputError(f"`{self.path}`: {self.id} was closed as {self.outcome}")
        if self.stage(today) is Stage.OVERDUE:
            raise InputError(f"`{self.path}`: {self.id} was to be undone by {self.until}")
        if not self._approved(today):
            raise InputError(f"`{self.path}`: {self.id} is not approved: expected an entry of `approvals` by that day")


def read_change(path: Path) -> ChangeRecord:
    """Read one record; raise InputError with the line."""
    return change_of(read_file(path), path)


def change_of(written: Written, path: Path) -> ChangeRecord:
    """Return what a record says that is, or will be, at the path; raise InvalidFile."""
    check_schema(written, "change", str(path))
    if problems := list(_problems(path, written)):
        raise InvalidFile(str(path), sorted((_line(written, name), sentence) for name, sentence in problems))
    return _record(path, written.tree)


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What people say of a change: why, who asks, how it is taken back (None: by undoing the plan), and until when."""

    id: str
    purpose: str
    requested_by: str
    rollback: str | None = None
    until: date | None = None


def new_change(asked: Request, result: Mapping[str, Any], today: date) -> str:
    """Return the text of a record for a plan of `remediate --json`; raise InputError for what is no plan."""
    if result.get("outcome") != "PLANNED" or not isinstance(result.get("after"), Mapping):
        raise InputError("expected the JSON of one `remediate --json` whose outcome is PLANNED")
    plan = _plan_of(result)
    whole: dict[str, Any] = {
        "id": asked.id,
        "purpose": asked.purpose,
        "requested-by": asked.requested_by,
        "created": today.isoformat(),
        **({"temporary-until": asked.until.isoformat()} if asked.until else {}),
        "plan": plan,
        "blast-radius": list(_blast_radius(result)),
        "rollback": asked.rollback or f"s3-guardrails remediate --undo {plan['id']}",
        "approvals": [],
    }
    return yaml.safe_dump(whole, sort_keys=False, allow_unicode=True, width=110)


def closed_text(record: ChangeRecord, text: str, result: Mapping[str, Any], today: date) -> str:
    """Return the record's text with what became of it; raise InputError where the result is of another plan."""
    undoing = result.get("remediation") == UNDO
    plan_id = result.get("basis_sha256" if undoing else "plan_id")  # the basis of an undo is the plan that it undoes
    if plan_id != record.plan_id:
        found = str(plan_id)[:80]
        raise InputError(f"`{record.path}`: the result is of the plan `{found}`, expected `{record.plan_id}`")
    if result.get("outcome") != "VERIFIED":
        raise InputError(f"`{record.path}`: the result is {str(result.get('outcome'))[:40]}, expected VERIFIED")
    return with_outcome(record, text, "UNDONE" if undoing else "VERIFIED", today)


def with_outcome(record: ChangeRecord, text: str, outcome: str, today: date) -> str:
    """Return the text with its section `closed`, in place of one that is there already."""
    if record.outcome is not None and not (record.outcome == "VERIFIED" and outcome == "UNDONE"):
        raise InputError(f"`{record.path}`: {record.id} was closed as {record.outcome} already")
    kept = _without_outcome(text).rstrip("\n")
    closed = {"closed": {"date": today.isoformat(), "outcome": outcome, "plan-id": record.plan_id}}
    return f"{kept}\n{yaml.safe_dump(closed, sort_keys=False)}"


def _without_outcome(text: str) -> str:
    """Return the text without the lines from `closed` to the section behind it."""
    sections = {line - 1: path for path, line in read_yaml(text.encode()).lines.items() if len(path) == 1}
    begins = next((line for line, path in sections.items() if path == ("closed",)), None)
    if begins is None:
        return text
    lines = text.split("\n")
    ends = min((line for line in sections if line > begins), default=len(lines))
    return "\n".join((*lines[:begins], *lines[ends:]))


def _plan_of(result: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "id": result["plan_id"],
        "rule": result["rule"],
        "remediation": result["remediation"],
        "resource": result["resource"],
        "account": result["account"],
        "region": result["region"],
        "setting": result["setting"],
        "before-sha256": digest(result["before"]),
        "after-sha256": digest(result["after"]),
        "diff-sha256": digest(result["diff"]),
    }


def _blast_radius(result: Mapping[str, Any]) -> Iterator[str]:
    """Yield what the plan found out about who is affected: concerns, then notes."""
    yield from (printable(f"{each['code']}: {each['sentence']}") for each in result.get("concerns", ()))
    yield from (printable(str(each)) for each in result.get("notes", ()))


def _line(written: Written, name: str) -> int:
    return written.line(tuple(int(part) if part.isdigit() else part for part in name.split(".")))


def _problems(path: Path, written: Written) -> Iterator[Problem]:
    tree = written.tree
    if path.name != f"{tree['id']}.yaml":
        yield "id", f"id: expected the file's name to be `{tree['id']}.yaml`"
    for name in _DAYS:
        if name in tree and _day(tree[name]) is None:
            yield name, f"{name}: `{tree[name]}` is no day of the calendar"
    until, created = _day(tree.get("temporary-until", "")), _day(tree["created"])
    if until and created and until <= created:
        yield "temporary-until", f"temporary-until: expected a day after {created}"
    seen: list[str] = []
    for index, each in enumerate(tree.get("approvals", ())):
        place, who = f"approvals.{index}.by", each["by"]
        if same_person(who, tree["requested-by"]):
            yield place, f"approvals[{index}].by: expected somebody else than who asks for it"
        if any(same_person(who, other) for other in seen):
            yield place, f"approvals[{index}].by: `{who}` approved already"
        if _day(each["date"]) is None:
            yield f"approvals.{index}.date", f"approvals[{index}].date: `{each['date']}` is no day of the calendar"
        seen.append(who)
    if "closed" in tree and tree["closed"]["plan-id"] != tree["plan"]["id"]:
        yield "closed.plan-id", f"closed.plan-id: expected `{tree['plan']['id']}`"


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def _record(path: Path, tree: Mapping[str, Any]) -> ChangeRecord:
    approvals: Sequence[Mapping[str, str]] = tree.get("approvals", ())
    return ChangeRecord(
        path=path,
        id=tree["id"],
        purpose=tree["purpose"],
        requested_by=tree["requested-by"],
        plan=tree["plan"],
        blast_radius=tuple(tree.get("blast-radius", ())),
        approvals={each["by"]: date.fromisoformat(each["date"]) for each in approvals},
        until=_day(tree.get("temporary-until", "")),
        outcome=tree.get("closed", {}).get("outcome"),
    )
