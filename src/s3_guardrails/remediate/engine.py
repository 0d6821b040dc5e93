"""Plan, apply, verify: the three steps of every remediation, the same for the Lambda and for the command line."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields, replace
from datetime import UTC, datetime
from typing import Any

from s3_guardrails.decision import Decision, Verdict
from s3_guardrails.discovery import Entry
from s3_guardrails.encryption.bucket import Bucket
from s3_guardrails.encryption.fact import ABSENT, ON_DEMAND, Unreadable
from s3_guardrails.encryption.key import Key
from s3_guardrails.errors import ChangeFailed, InputError, PolicySyntaxError
from s3_guardrails.exemption.register import Register
from s3_guardrails.live.clients import SessionClients
from s3_guardrails.live.reader import LiveReader
from s3_guardrails.logs.book import LogBook
from s3_guardrails.parameters import Parameters
from s3_guardrails.policy.document import parse_policy
from s3_guardrails.remediate.around import Around
from s3_guardrails.remediate.change import NothingToDo, Proposed, Refused, State, digest
from s3_guardrails.remediate.hazard_owner import OWNED_BY_A_TOOL
from s3_guardrails.remediate.judged import FINE, said
from s3_guardrails.remediate.own_evidence import OwnEvidence
from s3_guardrails.remediate.plan import Plan, Status, refused_sentence
from s3_guardrails.remediate.remediation import Case, Remediation, remediation_named
from s3_guardrails.remediate.state import Resource, Setting, read_state
from s3_guardrails.remediate.store import Store
from s3_guardrails.remediate.write import ATTEMPTS, PAUSE, Sleep, Target, compare_and_set
from s3_guardrails.rule import NoRemediation, Rule

Allow = Callable[[Plan], None]
"""Raises ChangeFailed where a person must approve the plan and has not."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What to remediate: which resource, with which document, for which rule.

    `basis`: a digest of the rule's parameters and of the options, as text; an apply with others is another plan.
    """

    remediation: str
    rule: Rule[Any]
    resource: Resource
    options: Parameters
    basis: str


def order(
    entry: Entry,
    resource: Resource,
    parameters: Mapping[str, str],
    options: Mapping[str, str],
    document: str | None = None,
) -> Order:
    """Make an order from text; raise ParameterError naming what is wrong, InputError where nothing mends the rule.

    `document`: one of the rule's, if not its first.
    """
    name = document_of(entry, document)
    remediation = remediation_named(name)
    return Order(
        remediation=name,
        rule=remediation.narrowed(entry.rule(entry.rule.Parameters.from_config(parameters))),
        resource=resource,
        options=remediation.Options.from_config(options),
        basis=digest({"parameters": dict(parameters), "options": {k: v for k, v in options.items() if v}}),
    )


def document_of(entry: Entry, named: str | None = None) -> str:
    """Return the document named, or the rule's first; raise InputError saying why there is none."""
    if named is not None and named not in entry.documents:
        expected = ", ".join(entry.documents) or "none"
        raise InputError(f"rule `{entry.name}`: expected one of the documents {expected}, found `{named[:80]}`")
    if named is not None:
        return named
    if isinstance(entry.rule.remediation, NoRemediation):
        raise InputError(f"rule `{entry.name}` has no remediation, because {entry.rule.remediation.because}")
    return entry.rule.remediation


@dataclass(frozen=True, slots=True, kw_only=True)
class Engine:
    """Remediates resources of one account and Region.

    `store` keeps plans and pre-images, and `own` says what keeps them; `caller` is the ARN of who writes; `now` decides
    about exemptions' dates. `exemptions`: what must stay as it is. `logs`: who called the account's buckets, where
    somebody looked.
    """

    reader: LiveReader
    clients: SessionClients
    store: Store
    sleep: Sleep
    own: OwnEvidence = OwnEvidence()
    caller: str | None = None
    exemptions: Register | Unreadable = Register()
    logs: LogBook | None = None
    now: Callable[[], datetime] = lambda: datetime.now(UTC)

    def plan(self, order: Order) -> Plan:
        """Read, judge and propose; writes nothing to the resource. Raises LiveReadFailed where reading fails."""
        plan = self._planned(order, self._around())
        self.store.put(plan.id, "plan", plan.as_json())
        return plan

    def propose(self, order: Order) -> Plan:
        """Plan for the owner's own tool: that a tool manages the resource refuses nothing. It is not kept."""
        return self._planned(order, replace(self._around(), aside=OWNED_BY_A_TOOL))

    def _planned(self, order: Order, around: Around) -> Plan:
        remediation = remediation_named(order.remediation)
        state = read_state(remediation.setting, self.clients, order.resource)
        case = self._case(remediation, order, state)
        proposal = self.own.spared(order.resource, remediation.propose(case))
        return Plan(
            remediation=order.remediation,
            rule=type(order.rule).__name__,
            resource=order.resource,
            setting=remediation.setting,
            basis=order.basis,
            before=state,
            decision=case.judge(case.facts),
            proposal=around.judged(order.remediation, case, proposal),
        )

    def apply(self, order: Order, plan_id: str, allow: Allow) -> Plan:
        """Plan again, and write if it is still the plan named and allowed; raise ChangeFailed otherwise."""
        plan = self.plan(order)
        match plan.proposal:
            case NothingToDo():
                return plan
            case Refused():
                raise ChangeFailed("REFUSED", refused_sentence(plan.refusals))
            case Proposed():
                if plan.id != plan_id:
                    what = f"the plan {plan_id} no longer fits the resource, which now gives {plan.id}; plan again"
                    raise ChangeFailed("STATE_CHANGED", what)
                allow(plan)
                self._write(plan, plan.proposal)
                return plan

    def verify(self, order: Order, *, changed: bool) -> Decision:
        """Judge the resource as it is now; raise ChangeFailed unless COMPLIANT (or, where nothing was to do, fine)."""
        fine = {Verdict.COMPLIANT} if changed else FINE
        for attempt in range(ATTEMPTS):
            fresh = replace(self, reader=self._fresh())
            remediation = remediation_named(order.remediation)
            state = read_state(remediation.setting, self.clients, order.resource)
            case = fresh._case(remediation, order, state)  # noqa: SLF001  # itself, with nothing remembered
            decision = case.judge(case.facts)
            if decision.verdict in fine:
                return decision
            if attempt + 1 < ATTEMPTS and changed:
                self.sleep(PAUSE * 2**attempt)
        raise ChangeFailed("NOT_COMPLIANT", f"the rule says {decision.verdict}: {said(decision)}")

    def _write(self, plan: Plan, proposed: Proposed) -> None:
        """Keep the pre-image, write, keep what is read back."""
        self.store.put(plan.id, "before", plan.as_json())
        written = compare_and_set(self.target(plan.setting, plan.resource), plan.before, proposed.after, proposed.calls)
        self.store.put(plan.id, "after", {"plan_id": plan.id, "state": dict(written)})

    def target(self, setting: Setting, resource: Resource) -> Target:
        """Return what is written to, with clients that send each write once."""
        return Target(self.clients, self.clients.unretried(), setting, resource, self.sleep)

    def _around(self) -> Around:
        return Around(
            reader=self.reader,
            clients=self.clients,
            today=self.now().date(),
            exemptions=self.exemptions,
            logs=self.logs,
        )

    def _fresh(self) -> LiveReader:
        return LiveReader(self.clients, self.reader.account, self.reader.region, self.reader.partition)

    def _case(self, remediation: Remediation, order: Order, state: State) -> Case[Any]:
        facts = _seen(order.resource, remediation.setting, state)
        return Case(
            rule=order.rule,
            facts=self._completed(facts, order.rule),
            state=state,
            reader=self.reader,
            options=order.options,
            caller=self.caller,
        )

    def _completed(self, facts: Resource, rule: Rule[Any]) -> Resource:
        """Read every fact of the resource: a plan looks at more than the rule needs today."""
        unread = (each.name for each in fields(facts) if isinstance(getattr(facts, each.name), Unreadable))
        names = [each for each in unread if each not in ON_DEMAND]
        if isinstance(facts, Bucket):
            approved = getattr(rule.parameters, "approved_keys", ())
            references = dict.fromkeys(reference for each in approved for reference in each.references)
            for name in (*names, *(f"resolved_keys:{each}" for each in references)):
                facts = self.reader.complete_bucket(facts, name)
            return facts
        for name in names:
            facts = self.reader.complete_key(facts, name)
        return facts


def _seen(resource: Resource, setting: Setting, state: State) -> Resource:
    """Judge the very state that the change starts from: a second read could be of another policy."""
    if setting is Setting.POLICY and isinstance(resource, Bucket):
        return replace(resource, policy=ABSENT if state["policy"] is None else _parsed(state["policy"]))
    if setting is Setting.KEY_POLICY and isinstance(resource, Key):
        return replace(resource, policy=_parsed(state["key_policy"]))
    return resource


def _parsed(text: str) -> Any:
    try:
        return parse_policy(text)
    except PolicySyntaxError as error:
        return Unreadable("policy", str(error))


def step_answer(plan: Plan) -> Mapping[str, Any]:
    """Return what a document's step gets of a plan: bounded, and strings only."""
    return {
        "status": plan.status.value,
        "planId": plan.id if plan.status is Status.PLANNED else "",
        "stateSha256": digest(plan.before),
        "needsApproval": "true" if plan.concerns else "false",
        "message": plan.message,
    }
