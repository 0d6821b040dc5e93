"""What a change of a key policy takes from whom: nothing besides what the rule wants taken, and it gives nothing."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from s3_guardrails.encryption.key_access import ADMINISTRATION, without_accounts
from s3_guardrails.policy.actions import actions
from s3_guardrails.policy.callers import Callers, of_accounts
from s3_guardrails.policy.compare import Change, changed
from s3_guardrails.policy.document import Policy
from s3_guardrails.policy.domain import NAME, Domain, constants, texts
from s3_guardrails.policy.explain import sentence
from s3_guardrails.policy.prove import Answer, Inconclusive, Proved, Refuted
from s3_guardrails.policy.space import Alternative, Group, Space
from s3_guardrails.remediate.key_policy_narrow import SPARED_GRANTS
from s3_guardrails.remediate.key_policy_services import binding
from s3_guardrails.remediate.key_policy_task import Loss, Task, refuted

ALL = frozenset(each.name for each in actions("kms"))
BY_HAND = "change the policy by hand, or declare the roles so that this is wanted, then plan again"


def checked(task: Task, old: Policy, new: Policy) -> None:
    """Refuse what the change would break or open."""
    _refuse(task, "NEWLY_ALLOWED", "the change would newly allow", _gained(task, old, new))
    for space in _kept(task, old, new):
        _refuse(task, "BLAST_RADIUS", "the change would take away", _lost(old, new, space))
    for space in _services(task, _together(old, new)):
        answer = _lost(old, new, space)
        if isinstance(answer, Refuted):
            task.report.worry("SERVICE_LOSES", f"a service loses: {sentence(answer.counterexample)}")
        else:
            _refuse(task, "BLAST_RADIUS", "the change would take away", answer)


def seen_losses(task: Task, old: Policy, new: Policy, seen: frozenset[str]) -> None:
    """Worry about each principal or service that was seen using the key and loses something."""
    for principal in sorted(seen):
        group = task.group(_together(old, new), principal)
        answer = _lost(old, new, task.questions.space(group, ALL))
        if isinstance(answer, Refuted):
            what = f"{principal} was seen using the key and loses: {sentence(answer.counterexample)}"
            task.report.worry("SEEN_IN_USE", what)


def keeps_the_policy(task: Task, old: Policy, new: Policy, caller: str | None) -> None:
    """Refuse where nobody of the account could change the policy any more, or not the caller who could before."""
    if not refuted(task.questions.locked_out(new)):
        when = "after the change" if refuted(task.questions.locked_out(old)) else "already"
        what = f"{when} no principal of the account is known to be able to change the key policy"
        step = "let the account's root or an administrator of the account put the key policy, then plan again"
        task.report.refuse("LOCKED_OUT", what, step)
    if caller is not None:
        space = task.questions.space(task.group(_together(old, new), caller), frozenset({"PutKeyPolicy"}))
        whole = changed(old, new, space, Change.NO_LONGER_ALLOWED)
        _refuse(task, "CALLER_LOCKED_OUT", "whoever makes the change could not change it back: lost is that", whole)
        if isinstance(whole, Proved) and refuted(_lost(old, new, space)):
            what = f"{caller}, who makes the change, may change the policy afterwards by its identity policies alone"
            task.report.worry("CALLER_LOSES_GRANT", what)


def _gained(task: Task, old: Policy, new: Policy) -> Answer:
    callers = Callers(own=task.key.account, partition=task.key.partition)
    return _changed(old, new, task.questions.space(callers.group(_together(old, new)), ALL), Change.NEWLY_ALLOWED)


def _lost(old: Policy, new: Policy, space: Space) -> Answer:
    return _changed(old, new, space, Change.NO_LONGER_ALLOWED)


def _changed(old: Policy, new: Policy, space: Space, change: Change) -> Answer:
    """Is nothing changed so, neither of what the policy grants by itself nor of what it leaves to identity policies?

    An account entry allows whatever identity policies allow, so the policies are compared with and without those.
    """
    whole = changed(old, new, space, change)
    if isinstance(whole, Refuted):
        return whole
    direct = changed(without_accounts(old), without_accounts(new), space, change)
    return whole if isinstance(direct, Proved) else direct


def _kept(task: Task, old: Policy, new: Policy) -> Iterator[Space]:
    """The requests that nobody wants taken away: of who is inside, and of those who lose something."""
    together = _together(old, new)
    losses = tuple(each for each in task.report.losses if each.principal.startswith("arn:"))
    affected = tuple(dict.fromkeys(each.principal for each in losses))
    names = ALL - ADMINISTRATION if task.report.administration_left else ALL
    patterns = tuple(_everybody_of(each) for each in affected)
    callers = replace(task.questions.principals(without=patterns), services=False)
    yield task.questions.space(_inside(task, callers.group(together)), names)
    for principal in affected:
        mine = tuple(each for each in losses if each.principal == principal)
        lost = frozenset[str]().union(*(each.actions for each in mine))
        group = _inside(task, _meant(task, together, principal))
        yield task.questions.space(group, names - lost)
        yield from (space for each in mine if (space := _spared(task, group, each)))


def _everybody_of(principal: str) -> str:
    """Return the pattern of the ARNs that lose with a principal: with an account's root all of the account."""
    return f"arn:*:*::{principal.split(':')[4]}:*" if principal.endswith(":root") else principal


def _meant(task: Task, policy: Policy, principal: str) -> Group:
    """Return a principal; for an account's root everybody of that account."""
    if not principal.endswith(":root"):
        return task.group(policy, principal)
    return _of(replace(task.questions.principals(), services=False).group(policy), frozenset({principal.split(":")[4]}))


def _spared(task: Task, group: Group, loss: Loss) -> Space | None:
    if loss.spared is None:
        return None
    _, key, values = loss.spared
    names = SPARED_GRANTS if loss.actions == ADMINISTRATION else loss.actions
    return task.questions.space(group, names, fixed={key.lower(): constants(*values)})


def _inside(task: Task, group: Group) -> Group:
    """Keep principals of the trusted accounts, and members of the trusted organizations."""
    own = _of(group, frozenset(task.accounts)).alternatives
    org = texts(*(f"{each}/r-{NAME}/" for each in task.organizations), one=True) if task.organizations else None
    members = (_with(each, {"@org": org}) for each in group.alternatives if org and "@org" in each.domains)
    return Group(group.name, (*own, *members))


def _of(group: Group, accounts: frozenset[str]) -> Group:
    return Group(group.name, tuple(found for each in group.alternatives if (found := of_accounts(each, accounts))))


def _services(task: Task, policy: Policy) -> Iterator[Space]:
    """Requests of services for the trusted accounts, as far as their documentation says how that shows."""
    names = ALL - ADMINISTRATION if task.report.administration_left else ALL
    lost = {each.principal: each.actions for each in task.report.losses}
    for each in task.questions.principals().group(policy).alternatives:
        bound = binding(each.principal or "", task.key, task.accounts) if each.kind == "service" else None
        if bound is not None:
            alike = _with(each, {bound.key.lower(): texts(*bound.values)})
            left = names - lost.get(each.principal or "", frozenset())
            yield task.questions.space(Group("caller", (alike,)), left)


def _with(alternative: Alternative, domains: dict[str, Domain]) -> Alternative:
    return replace(alternative, domains={**alternative.domains, **domains})


def _together(old: Policy, new: Policy) -> Policy:
    return Policy(new.version, (*old.statements, *new.statements))


def _refuse(task: Task, code: str, what: str, answer: Answer) -> None:
    match answer:
        case Refuted():
            task.report.refuse(code, f"{what} {sentence(answer.counterexample)}", BY_HAND)
        case Inconclusive():
            task.report.refuse(f"{code}_UNDECIDED", f"it is open what {what}: {answer.reason}", BY_HAND)
