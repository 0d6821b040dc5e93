"""The API of stack sets, and what happens to them when accounts come and go.

Source: CloudFormation API Reference; StackSets never put a stack into the management account. Targets are units, or
accounts of units; only the management account asks.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from moto.organizations.models import organizations_backends

from s3_guardrails.embedded.call import Answer, Call, Refused
from s3_guardrails.embedded.identity import assume
from s3_guardrails.embedded.stack.query import answered, nested
from s3_guardrails.embedded.stack.service import (
    Connect,
    refuse_macros,
    refuse_uncapable,
    template_of,
    values_of,
)
from s3_guardrails.embedded.stack.stack_set import Instance, Operation, StackSet, Target, put, take_away
from s3_guardrails.embedded.stack.template import invalid

EXECUTION: Final = "stacksets-exec-0123456789abcdef0123456789abcdef"
"""The role by which StackSets work in a member account; the digits are AWS's."""


@dataclass(slots=True)
class StackSetService:
    """The stack sets of the management account. Methods ``on_…`` answer operations; `wait` lets them end."""

    connect: Connect
    sets: dict[str, StackSet] = field(default_factory=dict)

    def on_create_stack_set(self, call: Call) -> Answer:
        """Create a stack set without instances."""
        given = nested(call.parameters)
        if given.get("PermissionModel") != "SERVICE_MANAGED":
            raise invalid("only PermissionModel SERVICE_MANAGED is played here")
        if given.get("CallAs") == "DELEGATED_ADMIN":
            raise invalid("delegated administrators are not played here; call as SELF from the management account")
        if given["StackSetName"] in self.sets:
            raise Refused("NameAlreadyExistsException", f"StackSet {given['StackSetName']} already exists", 409)
        automatic = given.get("AutoDeployment") or {}
        template = template_of(given)
        refuse_macros(template)
        refuse_uncapable(template, given)
        values = values_of(given, {})
        template.parameters(values)
        made = StackSet(given["StackSetName"], template, values)
        made.automatic = automatic.get("Enabled") == "true"
        made.retain = automatic.get("RetainStacksOnAccountRemoval") == "true"
        self.sets[made.name] = made
        return answered(call.operation, {"StackSetId": made.id})

    def on_describe_stack_set(self, call: Call) -> Answer:
        """Tell of a stack set."""
        found = self._find(call)
        automatic = {"Enabled": found.automatic, "RetainStacksOnAccountRemoval": found.retain}
        parameters = [{"ParameterKey": k, "ParameterValue": v} for k, v in found.parameters.items()]
        told = {"StackSetName": found.name, "StackSetId": found.id, "Status": "ACTIVE", "Parameters": parameters}
        more = {"PermissionModel": "SERVICE_MANAGED", "AutoDeployment": automatic, "TemplateBody": found.template.text}
        return answered(call.operation, {"StackSet": {**told, **more}})

    def on_delete_stack_set(self, call: Call) -> Answer:
        """Delete a stack set that has no instances."""
        found = self._find(call)
        if found.instances:
            raise Refused("StackSetNotEmptyException", "StackSet is not empty", 409)
        del self.sets[found.name]
        return answered(call.operation)

    def on_create_stack_instances(self, call: Call) -> Answer:
        """Put stacks into the accounts of units, in Regions."""
        found, given = self._find(call), nested(call.parameters)
        targets = given.get("DeploymentTargets") or {}
        if not targets.get("OrganizationalUnitIds"):
            raise invalid("StackSets with SERVICE_MANAGED permission model can only have OrganizationalUnit as target")
        regions = given["Regions"]
        for unit in targets["OrganizationalUnitIds"]:
            known = found.units.setdefault(unit, [])
            known += [each for each in regions if each not in known]
        accounts = list(self._accounts(targets))
        return self._begun(call, found, "CREATE", [(each, region) for region in regions for each in accounts], regions)

    def on_update_stack_set(self, call: Call) -> Answer:
        """Change template or parameters, and the instances of the given targets; the others are outdated then."""
        found, given = self._find(call), nested(call.parameters)
        template = found.template if given.get("UsePreviousTemplate") == "true" else template_of(given)
        refuse_macros(template)
        refuse_uncapable(template, given)
        values = values_of(given, found.parameters)
        template.parameters(values)
        found.template, found.parameters = template, values
        for each in found.instances.values():
            each.outdated = True
        chosen = given.get("DeploymentTargets") or {}
        accounts = set(self._accounts(chosen)) if chosen else {account for account, _ in found.instances}
        regions = given.get("Regions") or list(dict.fromkeys(region for _, region in found.instances))
        targets = [each for each in found.instances if each[0] in accounts and each[1] in regions]
        return self._begun(call, found, "UPDATE", targets, regions)

    def on_delete_stack_instances(self, call: Call) -> Answer:
        """Take stacks away, or only let go of them."""
        found, given = self._find(call), nested(call.parameters)
        accounts, regions = set(self._accounts(given["DeploymentTargets"])), given["Regions"]
        targets = [each for each in found.instances if each[0] in accounts and each[1] in regions]
        retain = given["RetainStacks"] == "true"
        if not given["DeploymentTargets"].get("AccountFilterType"):
            for unit in given["DeploymentTargets"]["OrganizationalUnitIds"]:
                found.units[unit] = [each for each in found.units.get(unit, []) if each not in regions]
        tolerance = found.tolerated(given.get("OperationPreferences") or {}, len(accounts))
        operation = found.begin("DELETE", targets, take_away(retain=retain), regions, tolerance)
        return answered(call.operation, {"OperationId": operation.id})

    def on_list_stack_instances(self, call: Call) -> Answer:
        """List instances, of an account or Region where one is named."""
        found, given = self._find(call), nested(call.parameters)
        wanted = given.get("StackInstanceAccount"), given.get("StackInstanceRegion")
        shown = [
            _summary(found, target, instance)
            for target, instance in found.instances.items()
            if all(want in {None, have} for want, have in zip(wanted, target, strict=True))
        ]
        return answered(call.operation, {"Summaries": shown})

    def on_describe_stack_instance(self, call: Call) -> Answer:
        """Tell of one instance."""
        found, given = self._find(call), nested(call.parameters)
        target = given["StackInstanceAccount"], given["StackInstanceRegion"]
        if target not in found.instances:
            raise Refused("StackInstanceNotFoundException", f"no instance in {target}", 404)
        return answered(call.operation, {"StackInstance": _summary(found, target, found.instances[target])})

    def on_list_stack_set_operations(self, call: Call) -> Answer:
        """List operations, newest first."""
        operations = reversed(self._find(call).operations.values())
        return answered(call.operation, {"Summaries": [_operation(each) for each in operations]})

    def on_describe_stack_set_operation(self, call: Call) -> Answer:
        """Tell of an operation."""
        return answered(call.operation, {"StackSetOperation": _operation(self._operation(call))})

    def on_list_stack_set_operation_results(self, call: Call) -> Answer:
        """Tell what became of each target."""
        results = self._operation(call).results.items()
        shown = [
            {"Account": account, "Region": region, "Status": each.status, "StatusReason": each.reason or None}
            for (account, region), each in results
        ]
        return answered(call.operation, {"Summaries": shown})

    def moved(self, account: str) -> None:
        """Let stack sets that deploy by themselves follow an account that came, moved or went."""
        unit = _unit_of(account)
        for each in self.sets.values():
            if each.automatic:
                here = [r for parent in _upwards(unit) for r in each.units.get(parent, [])]
                wanted = [(account, region) for region in dict.fromkeys(here)]
                gone = [target for target in each.instances if target[0] == account and target not in wanted]
                new = [target for target in wanted if target not in each.instances]
                if gone:
                    work = take_away(retain=each.retain)
                    each.begin("DELETE", gone, work, [r for _, r in gone], float("inf"))
                if new:
                    each.begin("CREATE", new, put(self._clients, _unit_of), [r for _, r in new], float("inf"))

    def wait(self) -> None:
        """Wait until every operation has ended."""
        for each in self.sets.values():
            each.wait()

    def _begun(self, call: Call, found: StackSet, action: str, targets: list[Target], regions: Sequence[str]) -> Answer:
        preferences = nested(call.parameters).get("OperationPreferences") or {}
        tolerance = found.tolerated(preferences, len({account for account, _ in targets}))
        order = preferences.get("RegionOrder") or regions
        operation = found.begin(action, targets, put(self._clients, _unit_of), order, tolerance)
        return answered(call.operation, {"OperationId": operation.id})

    def _clients(self, target: Target) -> Any:
        account, region = target
        role = f"arn:aws:iam::{account}:role/{EXECUTION}"
        key = assume(account, region, role, "stacksets")
        return lambda service: self.connect(service, region, key)

    def _accounts(self, targets: Mapping[str, Any]) -> Iterator[str]:
        """Yield the accounts of units and of units below them, never the management account."""
        named, kind = set(targets.get("Accounts") or ()), targets.get("AccountFilterType", "NONE")
        for management, backend in _organizations():
            for account in backend.accounts:
                inside = set(_upwards(account.parent_id)) & set(targets.get("OrganizationalUnitIds") or ())
                listed = kind == "NONE" or (account.id in named) == (kind == "INTERSECTION")
                if inside and listed and account.id != management and account.status == "ACTIVE":
                    yield account.id

    def _find(self, call: Call) -> StackSet:
        if organizations_backends.master_accounts.get(call.account, (call.account,))[0] != call.account:
            raise invalid("You must be the management account or delegated admin account of an organization")
        name = call.parameters["StackSetName"]
        found = [each for each in self.sets.values() if name in {each.name, each.id}]
        if not found:
            raise Refused("StackSetNotFoundException", f"StackSet {name} not found", 404)
        return found[0]

    def _operation(self, call: Call) -> Operation:
        found = self._find(call).operations.get(call.parameters["OperationId"])
        if found is None:
            raise Refused("OperationNotFoundException", f"Operation {call.parameters['OperationId']} not found", 404)
        return found


def _organizations() -> list[tuple[str, Any]]:
    return [(account, each["aws"]) for account, each in organizations_backends.items() if each["aws"].org]


def _unit_of(account: str) -> str:
    """Return the unit or root in which an account is; empty where it is in no organization."""
    found = [each.parent_id for _, backend in _organizations() for each in backend.accounts if each.id == account]
    return str(found[0]) if found else ""


def _upwards(unit: str) -> Iterator[str]:
    """Yield a unit and those above it."""
    parents = {each.id: each.parent_id for _, backend in _organizations() for each in backend.ou}
    while unit:
        yield unit
        unit = parents.get(unit) or ""


def _operation(operation: Operation) -> dict[str, Any]:
    return {"OperationId": operation.id, "Action": operation.action, "Status": operation.status}


def _summary(found: StackSet, target: Target, instance: Instance) -> dict[str, Any]:
    detailed = {"SUCCEEDED": "SUCCEEDED", "PENDING": "PENDING"}.get(instance.outcome.status, instance.outcome.status)
    return {
        "StackSetId": found.id,
        "Account": target[0],
        "Region": target[1],
        "StackId": instance.stack.id,
        "Status": "OUTDATED" if instance.outdated else "CURRENT",
        "StatusReason": instance.outcome.reason or None,
        "StackInstanceStatus": {"DetailedStatus": detailed},
        "OrganizationalUnitId": instance.unit,
    }
