"""Undo: put back what a plan's apply found, if nothing was changed since."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from s3_guardrails.encryption.bucket import Bucket
from s3_guardrails.encryption.fact import Unreadable
from s3_guardrails.encryption.key import Key
from s3_guardrails.errors import ChangeFailed, InputError
from s3_guardrails.remediate.change import Concern, NothingToDo, Proposal, Proposed, Refusal, Refused, State
from s3_guardrails.remediate.engine import Allow, Engine
from s3_guardrails.remediate.plan import Plan, is_whole, refused_sentence
from s3_guardrails.remediate.state import Resource, Setting, read_state, restore, same
from s3_guardrails.remediate.write import compare_and_set

NAME: Final = "UndoRemediation"


@dataclass(frozen=True, slots=True, kw_only=True)
class Undone:
    """A change that was applied: the resource, the setting, and the states before and after it."""

    plan_id: str
    rule: str
    resource: Resource
    setting: Setting
    before: State
    after: State


def plan_undo(engine: Engine, plan_id: str) -> Plan:
    """Plan to put the pre-image back; always for a person to approve. Raises InputError for an unknown plan."""
    change = _change(engine, plan_id)
    found = read_state(change.setting, engine.clients, change.resource)
    plan = Plan(
        remediation=NAME,
        rule=change.rule,
        resource=change.resource,
        setting=change.setting,
        basis=plan_id,
        before=found,
        decision=None,
        proposal=engine.own.spared(change.resource, _with_key(engine, change, _proposal(change, found))),
    )
    engine.store.put(plan.id, "plan", plan.as_json())
    return plan


def apply_undo(engine: Engine, plan_id: str, undo_id: str, allow: Allow) -> Plan:
    """Plan again, and write if it is still the plan `undo_id` and allowed; raise ChangeFailed otherwise."""
    plan = plan_undo(engine, plan_id)
    match plan.proposal:
        case NothingToDo():
            return plan
        case Refused():
            raise ChangeFailed("REFUSED", refused_sentence(plan.refusals))
        case Proposed() as proposed:
            if plan.id != undo_id:
                raise ChangeFailed("STATE_CHANGED", f"the plan {undo_id} no longer fits the resource; plan again")
            allow(plan)
            target = engine.target(plan.setting, plan.resource)
            compare_and_set(target, plan.before, proposed.after, proposed.calls)
            engine.store.put(plan_id, "undone", {"plan_id": plan_id, "undone_by": plan.id})
            return plan


def verify_undo(engine: Engine, plan_id: str) -> str:
    """Read the setting back; raise ChangeFailed unless it is the pre-image."""
    change = _change(engine, plan_id)
    if not same(change.setting, read_state(change.setting, engine.clients, change.resource), change.before):
        raise ChangeFailed("NOT_RESTORED", f"the {change.setting} is not what it was before {plan_id}")
    return f"the {change.setting} of {change.resource.arn} is what it was before {plan_id}"


def _proposal(change: Undone, found: State) -> Proposal:
    if same(change.setting, found, change.before):
        return NothingToDo(because=f"the {change.setting} is what it was before {change.plan_id}")
    if not same(change.setting, found, change.after):
        what = f"the {change.setting} was changed after {change.plan_id}, and undoing it would undo that too"
        return Refused(refusals=(Refusal("CHANGED_SINCE", what, "take the pre-image from the evidence by hand"),))
    return Proposed(
        after=change.before,
        calls=restore(change.setting, change.resource, change.before, found),
        concerns=(Concern("UNDO", f"this takes back {change.plan_id}: the rule {change.rule} is then broken again"),),
    )


def _with_key(engine: Engine, change: Undone, proposal: Proposal) -> Proposal:
    """Look at the key that the default would name again: it may have gone since, and then every write would fail."""
    arn = _default_key(change)
    if arn is None or not isinstance(proposal, Proposed):
        return proposal
    found = engine.reader.complete_key(engine.reader.key(arn), "metadata").metadata
    if isinstance(found, Unreadable):
        unknown = Concern("KEY_UNREADABLE", f"whether the key {arn} still works is not known: {found.reason}")
        return replace(proposal, concerns=(*proposal.concerns, unknown))
    if found.state == "Enabled":
        return proposal
    what = f"the key {arn}, which was the default, has the state {found.state}: every write would fail"
    return Refused(refusals=(Refusal("KEY_NOT_USABLE", what, "enable the key, then plan again"),))


def _default_key(change: Undone) -> str | None:
    """Return the key that the earlier default named by its ARN."""
    rules = (change.before.get(Setting.ENCRYPTION.value) or {}).get("Rules", [])
    named = (each.get("ApplyServerSideEncryptionByDefault", {}).get("KMSMasterKeyID", "") for each in rules)
    return next((each for each in named if ":key/" in each), None)


def _change(engine: Engine, plan_id: str) -> Undone:
    """Read what an apply kept; what was read back after the write counts, else what was to be written."""
    kept = engine.store.get(plan_id, "before")
    if kept is None:
        raise InputError(f"plan `{plan_id}`: nothing was applied under this id in account {engine.reader.account}")
    if not is_whole(kept, plan_id):
        raise InputError(
            f"plan `{plan_id}`: its pre-image is damaged: expected the plan as it was kept before the change"
        )
    (setting,) = map(Setting, kept["before"])
    return Undone(
        plan_id=plan_id,
        rule=kept["rule"],
        resource=_resource(engine, kept),
        setting=setting,
        before=kept["before"],
        after=_after(engine, plan_id, setting, kept["after"]),
    )


def _after(engine: Engine, plan_id: str, setting: Setting, planned: State) -> State:
    after = engine.store.get(plan_id, "after")
    if after is None:
        return planned
    state = after.get("state")
    if not isinstance(state, dict) or not _amounts_to(setting, state, planned):
        raise InputError(f"plan `{plan_id}`: what it wrote is damaged: expected the {setting} as it was read back")
    return state


def _amounts_to(setting: Setting, state: State, planned: State) -> bool:
    """A write is read back until it means what was planned: anything else was never kept by an apply."""
    try:
        return set(state) == {setting.value} and same(setting, state, planned)
    except (TypeError, ValueError):
        return False


def _resource(engine: Engine, kept: Mapping[str, Any]) -> Bucket | Key:
    if kept["account"] != engine.reader.account:
        raise InputError(f"plan `{kept['plan_id']}`: is of account {kept['account']}, not {engine.reader.account}")
    arn = kept["resource"]
    return engine.reader.key(arn) if ":kms:" in arn else engine.reader.bucket(arn.split(":::")[1], kept["region"])
